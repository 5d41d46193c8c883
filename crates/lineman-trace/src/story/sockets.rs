//! What is known of the hosts' TCP sockets.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::Arrow;
use super::Ends;
use super::Row;
use super::StateCell;
use crate::log::Endpoints;
use crate::log::Host;
use crate::log::Origin;
use crate::log::State;
use crate::log::TcpState;

/// The states of all sockets, as of the last row that came out.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    known: HashMap<(Host, Endpoints), (TcpState, Origin)>,
}

impl Sockets {
    /// Moves on by the changes that belong to `row`, and says which states the row shows.
    pub(super) fn advance(&mut self, row: &Row, changes: &[State]) -> Ends<Option<StateCell>> {
        let about = Ends {
            client: about(row, changes, Host::Client),
            server: about(row, changes, Host::Server),
        };
        let before = [Host::Client, Host::Server].map(|host| self.get(host, about[host]));
        for change in changes {
            self.set(change);
        }
        let mut cells = Ends::default();
        for (host, before) in [Host::Client, Host::Server].into_iter().zip(before) {
            cells[host] = self.cell(host, about[host], before);
        }
        cells
    }

    fn cell(
        &self,
        host: Host,
        about: Option<Endpoints>,
        before: Option<(TcpState, Origin)>,
    ) -> Option<StateCell> {
        let (after, origin) = self.get(host, about)?;
        let before = before.map_or(TcpState::Closed, |(state, _)| state);
        Some(StateCell {
            before,
            after,
            origin,
        })
    }

    /// The state of a socket; of its listener, if it has none of its own yet.
    fn get(&self, host: Host, socket: Option<Endpoints>) -> Option<(TcpState, Origin)> {
        let socket = socket?;
        let own = self.known.get(&(host, socket));
        own.or_else(|| self.listener(host, socket.local)).copied()
    }

    fn listener(&self, host: Host, local: SocketAddr) -> Option<&(TcpState, Origin)> {
        self.known
            .iter()
            .find(|((owner, socket), (state, _))| {
                *owner == host && *state == TcpState::Listen && socket.local.port() == local.port()
            })
            .map(|(_, known)| known)
    }

    fn set(&mut self, change: &State) {
        self.known
            .insert((change.host, change.socket), (change.to, change.origin));
    }
}

/// The socket that a row is about: its packet's, else the one that changed.
fn about(row: &Row, changes: &[State], host: Host) -> Option<Endpoints> {
    row.arrow
        .as_ref()
        .and_then(|arrow| of_packet(arrow, host))
        .or_else(|| {
            let own = changes.iter().rev().find(|change| change.host == host);
            own.map(|change| change.socket)
        })
}

fn of_packet(arrow: &Arrow, host: Host) -> Option<Endpoints> {
    arrow.seen.segment()?;
    let (from, to) = (arrow.seen.from?, arrow.seen.to?);
    let (local, remote) = if arrow.from == host {
        (from, to)
    } else {
        (to, from)
    };
    Some(Endpoints {
        local,
        remote: Some(remote),
    })
}
