//! Which connection is which, where a log has more than one.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;

use super::change::Socket;
use crate::log::Host;
use crate::log::TcpState;
use crate::log::unmapped;

/// What tells a connection from the others of a log: the port of the client, which is another for each, as a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionName {
    client: u16,
    /// The server's, where connections of the log have the client's in common.
    server: Option<u16>,
}

impl fmt::Display for ConnectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ":{}", self.client)?;
        self.server.map_or(Ok(()), |server| write!(f, "-{server}"))
    }
}

/// The connections that a log has told of.
#[derive(Debug, Default)]
pub(super) struct Connections {
    first: Option<Key>,
    /// Whether that has ended, or was refused: then the next is the first again.
    is_over: bool,
    /// The sockets at its ends that a TCP has told of, and which it has still.
    alive: Vec<Socket>,
    /// When the second began, in nanoseconds.
    since_ns: Option<u64>,
    /// The connection that has a port of the client, or had it first.
    by_port: HashMap<u16, Key>,
    /// Whether two have had the same.
    shares_ports: bool,
    last: Option<Key>,
    /// Whether it was said that there are several.
    introduced: bool,
}

/// Both ends, the lower one first: each host has its own view of them.
type Key = [SocketAddr; 2];

impl Connections {
    /// A RST is sent from this socket.
    pub(super) fn reset(&mut self, socket: Socket) {
        self.is_over |= self.since_ns.is_none() && key(socket) == self.first;
    }

    /// A SYN is sent from this socket: between the same ends, which may have had a connection before.
    pub(super) fn opens(&mut self, socket: Socket) {
        self.is_over &= key(socket) != self.first;
    }

    /// A TCP has told of the state of a socket. A connection is over when its sockets are gone: one that nobody has answered has one only.
    pub(super) fn state(&mut self, socket: Socket, to: TcpState) {
        if self.since_ns.is_some() || key(socket).is_none() || key(socket) != self.first {
            return;
        }
        let was_alive = self.alive.contains(&socket);
        self.alive.retain(|it| *it != socket);
        if to != TcpState::Closed {
            self.alive.push(socket);
            self.is_over = false;
        } else if was_alive && self.alive.is_empty() {
            self.is_over = true;
        }
    }

    /// Whether it is still to be said that there are several: once.
    pub(super) fn introduce(&mut self) -> bool {
        !std::mem::replace(&mut self.introduced, true)
    }

    /// A socket is told of that is an end of one.
    pub(super) fn note(&mut self, socket: Socket, t_ns: u64) {
        let Some(key) = key(socket).filter(|key| self.last != Some(*key)) else {
            return;
        };
        self.last = Some(key);
        if self.is_over && self.since_ns.is_none() && self.first != Some(key) {
            *self = Self {
                last: Some(key),
                introduced: self.introduced,
                ..Self::default()
            };
        }
        if *self.first.get_or_insert(key) != key {
            self.since_ns.get_or_insert(t_ns);
        }
        let known = self.by_port.entry(ports(socket).0).or_insert(key);
        self.shares_ports |= *known != key;
    }

    /// What tells the connection of a socket from the others at a time; nothing while there is only one.
    pub(super) fn of(&self, socket: Socket, t_ns: u64) -> Option<ConnectionName> {
        let since_ns = self.since_ns?;
        let is_first = key(socket)? == self.first?;
        let (client, server) = ports(socket);
        (!is_first || t_ns >= since_ns).then_some(ConnectionName {
            client,
            server: self.shares_ports.then_some(server),
        })
    }
}

fn key(socket: Socket) -> Option<Key> {
    let mut ends = [socket.ends.local, socket.ends.remote?].map(unmapped);
    ends.sort_unstable();
    Some(ends)
}

/// The ports of the client and of the server. Of a host that talks with itself, the client has the higher port, as a rule.
fn ports(socket: Socket) -> (u16, u16) {
    let local = socket.ends.local;
    let remote = socket.ends.remote.unwrap_or(local);
    let (own, other) = (local.port(), remote.port());
    match socket.host {
        _ if local.ip() == remote.ip() => (own.max(other), own.min(other)),
        Host::Client => (own, other),
        Host::Server => (other, own),
    }
}
