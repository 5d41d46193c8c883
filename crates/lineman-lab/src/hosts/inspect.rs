//! All sockets of a host at one moment: those of its descriptors, and what the kernel says of them.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use lineman_trace::log::Endpoints;
use lineman_trace::log::Host;
use lineman_trace::log::Queues;
use lineman_trace::log::TcpState;
use lineman_trace::log::unmapped;
use rustix::net::SocketAddrAny;
use rustix::net::SocketType;
use rustix::net::sockopt;
use serde::Deserialize;
use serde::Serialize;

use crate::kernel::Figures;
use crate::kernel::Sampler;
use crate::kernel::Seen;

use super::SocketTable;
use super::Transport;
use super::socket_table::Socket;

/// A socket as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketView {
    /// Its descriptor; `None` where no program has one any more, or not yet, or a program that is not
    /// lineman's.
    pub fd: Option<i32>,
    /// What carries its bytes.
    pub transport: Transport,
    /// Its own address and its peer's, as far as it has them.
    pub socket: Endpoints,
    /// Its state; `None` for UDP, and for TCP before it listens or connects. CLOSED is one whose
    /// connection is no more.
    #[serde(with = "lineman_trace::log::state_name::optional")]
    pub state: Option<TcpState>,
    /// What waits in its queues, where it has a state.
    pub queues: Option<Queues>,
    /// What TCP knows of the connection, where there is one.
    pub figures: Option<Figures>,
}

impl SocketTable {
    /// All sockets of this host.
    pub(crate) fn inspect(&self, host: Host, sampler: &mut Sampler) -> Vec<SocketView> {
        let mut seen = sampler.all(host).unwrap_or_default();
        let mut views: Vec<SocketView> = self
            .open_sockets()
            .iter()
            .filter_map(|(fd, socket)| view(*fd, socket))
            .collect();
        for view in &mut views {
            let known = seen.iter().position(|seen| is_of(view, seen));
            if let Some(known) = known.filter(|_| view.transport == Transport::Stream) {
                view.socket = seen[known].socket;
                view.state = Some(seen[known].state);
                view.queues = Some(seen.remove(known).queues);
            }
        }
        views.extend(seen.iter().map(without_descriptor));
        for view in &mut views {
            let lives = |state: &TcpState| *state != TcpState::Closed;
            if view.socket.remote.is_some() && view.state.as_ref().is_some_and(lives) {
                view.figures = sampler.figures(host, &view.socket).ok().flatten();
            }
        }
        views
    }
}

/// Whether the kernel tells of this socket: before the handshake is complete, getpeername() names no peer.
fn is_of(view: &SocketView, seen: &Seen) -> bool {
    let opens = seen.state == TcpState::SynSent && view.state.is_some();
    let unnamed = opens && view.socket.remote.is_none();
    seen.socket == view.socket || unnamed && seen.socket.local == view.socket.local
}

fn view(fd: i32, socket: &Socket) -> Option<SocketView> {
    let transport = match sockopt::socket_type(socket.fd()).ok()? {
        SocketType::STREAM => Transport::Stream,
        _ => Transport::Datagram,
    };
    let local = address(rustix::net::getsockname(socket.fd()).ok()?)?;
    let remote = rustix::net::getpeername(socket.fd()).ok().flatten();
    let remote = remote.and_then(address);
    let was_used = transport == Transport::Stream && socket.was_used.load(Ordering::Relaxed);
    Some(SocketView {
        fd: Some(fd),
        transport,
        socket: Endpoints { local, remote },
        state: was_used.then_some(TcpState::Closed),
        queues: None,
        figures: None,
    })
}

/// As the kernel's answers have it: an IPv4 address is one, also where an IPv6 socket uses it.
fn address(address: SocketAddrAny) -> Option<SocketAddr> {
    SocketAddr::try_from(address).ok().map(unmapped)
}

fn without_descriptor(seen: &Seen) -> SocketView {
    SocketView {
        fd: None,
        transport: Transport::Stream,
        socket: seen.socket,
        state: Some(seen.state),
        queues: Some(seen.queues),
        figures: None,
    }
}
