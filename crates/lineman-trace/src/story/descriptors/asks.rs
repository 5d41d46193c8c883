//! Which connection a socket has that has asked for one, where no call tells its own address.

use std::net::SocketAddr;

use super::Descriptors;
use super::owner;
use crate::log::Call;
use crate::log::Endpoints;
use crate::log::Host;
use crate::log::State;
use crate::log::TcpState;
use crate::story::descriptor::Asks;
use crate::story::descriptor::Descriptor;
use crate::story::descriptor::Transport;
use crate::story::sending::is_dissolving;

impl Descriptors {
    /// A connection of a host opens: the one socket that has asked its peer, and of which no address is known yet, has it.
    /// A connect() that does not wait returns before its TCP is asked for a state.
    pub(super) fn find_local(&mut self, state: &State) {
        let opens = matches!(state.to, TcpState::SynSent | TcpState::Established);
        let local = Some(state.socket.local);
        let Some(peer) = state.socket.remote.filter(|_| opens) else {
            return;
        };
        let taken = self.is_asked_for(state.host, peer, state.socket.local);
        let mine = self.open.iter_mut();
        let mine = mine.filter(|(((host, _), _), it)| *host == state.host && it.peer == Some(peer));
        let mut mine: Vec<_> = mine.map(|(_, socket)| socket).collect();
        if taken || mine.iter().any(|it| it.local == local) {
            return;
        }
        mine.retain(|it| it.local.is_none());
        if let [socket] = &mut mine[..] {
            socket.local = local;
        }
    }

    /// Whether a connect() that has not returned has this connection, or may have it.
    fn is_asked_for(&self, host: Host, peer: SocketAddr, local: SocketAddr) -> bool {
        let mut open = self.open.iter();
        open.any(|(((whose, _), _), it)| {
            let its = |asks: Asks| asks.peer == peer && asks.local.is_none_or(|own| own == local);
            *whose == host && it.asks.is_some_and(its)
        })
    }

    /// A call asks for a connection.
    pub(super) fn asks(&mut self, call: &Call) {
        let connects = matches!(call.name.as_str(), "connect" | "connect_ex");
        if !connects || is_dissolving(&call.name, &call.args) {
            return;
        }
        // One that its TCP knows still is not asked for again.
        let is_known = |ends| self.states.contains_key(&(call.host, ends));
        let has_one = self
            .of(call)
            .and_then(Descriptor::ends)
            .is_some_and(is_known);
        let socket = call.fd.and_then(|fd| self.open.get_mut(&(owner(call), fd)));
        let Some((socket, peer)) = socket.zip(call.address()).filter(|_| !has_one) else {
            return;
        };
        if socket.transport == Some(Transport::Tcp) {
            socket.asks = Some(Asks {
                call: call.id,
                peer,
                local: None,
            });
        }
    }

    /// The first SYN of a connection has left: by the connect() that began first of those that wait for theirs, because each sends
    /// its own at once. Threads of a program may begin together: then nobody knows whose it is.
    pub(in crate::story) fn asked(&mut self, host: Host, ends: Endpoints) {
        let Some(peer) = ends.remote else { return };
        let waits = |it: &Descriptor| it.asks_somehow(peer) && it.may_have(ends.local.port());
        let mine = self.open.iter_mut();
        let mut mine: Vec<_> = mine
            .filter(|(((whose, _), _), it)| *whose == host && waits(it))
            .collect();
        let in_order = mine.iter().all(|(((_, program), _), _)| program.is_none());
        if !in_order && mine.len() > 1 {
            return;
        }
        mine.sort_by_key(|(_, it)| it.asks.map(|it| it.call));
        let first = mine.first_mut().and_then(|(_, it)| it.asks.as_mut());
        if let Some(asks) = first {
            asks.local = Some(ends.local);
        }
    }

    /// The address of this end of a new connection: the one connection to its peer that the host's TCP
    /// opens, or has open, and no other socket has, nor one that is closed had.
    pub(super) fn local(&self, host: Host, peer: Option<SocketAddr>) -> Option<SocketAddr> {
        peer?;
        let taken = |local: SocketAddr| {
            let mut others = self.open.iter();
            let has = others.any(|(((whose, _), _), it)| {
                *whose == host && it.peer == peer && it.local == Some(local)
            });
            has || peer.is_some_and(|peer| self.is_asked_for(host, peer, local))
        };
        use TcpState::{CloseWait, Established, SynReceived, SynSent};
        let mut all = self.states.iter().filter(|(key, state)| {
            let (whose, socket) = key;
            let young = matches!(state, SynSent | SynReceived | Established | CloseWait);
            let is_its = *whose == host && socket.remote == peer && young;
            is_its && !self.let_go.contains(key) && !taken(socket.local)
        });
        match (all.next(), all.next()) {
            (Some(((_, socket), _)), None) => Some(socket.local),
            _ => None,
        }
    }
}
