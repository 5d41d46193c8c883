//! Which connections programs have had in their hands, and which of them they have ended by a call: where none has, the kernel ends
//! them with the program.

use std::collections::HashMap;
use std::collections::HashSet;

use super::CallCell;
use super::Ends;
use super::change::Socket;
use super::sending::Sends;
use super::sending::Toward;
use crate::log::Endpoints;
use crate::log::Host;

/// So many connections are remembered; of more, nothing is claimed.
const MEMORY: usize = 16_384;

/// The connections that calls were about.
#[derive(Debug, Default)]
pub(super) struct Handled {
    /// Whether a call has ended each, or its direction.
    ended: HashMap<Socket, bool>,
    /// When the program of each has closed its descriptor, in nanoseconds.
    closed: HashMap<Socket, u64>,
    /// Those that went on behind a close(), as their kernel has said.
    outlived: HashSet<Socket>,
    /// Hosts on which another process may have the socket of a closed descriptor.
    shared: Ends<bool>,
    /// Hosts whose calls the log tells.
    tells: Ends<bool>,
    /// A call of a host has ended something, and nobody has seen what.
    unsure: Ends<bool>,
}

impl Handled {
    /// A call of a host has begun.
    pub(super) fn begins(&mut self, host: Host, call: &CallCell, toward: Toward) {
        self.tells[host] = true;
        let ends = matches!(Sends::of(call), Some(Sends::End | Sends::Rest));
        match (call.socket, toward) {
            (Some(socket), _) => self.note(host, socket, ends),
            (
                None,
                Toward::Peer {
                    peer,
                    local: Some(local),
                },
            ) => {
                let remote = Some(peer);
                self.note(host, Endpoints { local, remote }, ends);
            }
            (None, Toward::Unknown | Toward::Peer { .. }) => self.unsure[host] |= ends,
            (None, Toward::Nobody | Toward::Listens { .. }) => {}
        }
    }

    /// A call of a host has returned, which was about this connection or has made it.
    pub(super) fn returns(&mut self, host: Host, socket: Option<Endpoints>) {
        if let Some(socket) = socket {
            self.note(host, socket, false);
        }
    }

    /// The last descriptor of a connection is closed, and no call waits on it any more.
    pub(super) fn closes(&mut self, socket: Socket, t_ns: u64) {
        if self.closed.len() < MEMORY {
            self.closed.insert(socket, t_ns);
        }
    }

    /// Another process of a host may have the sockets of closed descriptors.
    pub(super) fn shares(&mut self, host: Host) {
        self.shared[host] = true;
    }

    /// A connection goes on behind a close() that has returned, by what its kernel says.
    pub(super) fn goes_on(&mut self, socket: Socket) {
        if self.outlived.len() < MEMORY {
            self.outlived.insert(socket);
        }
    }

    /// Whether a connection that a call has ended may have had another descriptor then, as a later call on it or its kernel has shown: not
    /// because something has left late, which may be the machine's doing.
    pub(super) fn has_outlived_a_close(&self, socket: Socket) -> bool {
        self.is_ended(socket) && (self.shared[socket.host] || self.outlived.contains(&socket))
    }

    /// Whether no program has had a connection at this time any more, because its last descriptor was closed.
    pub(super) fn is_closed(&self, socket: Socket, t_ns: u64) -> bool {
        let closed = self.closed.get(&socket).is_some_and(|at| *at < t_ns);
        closed && !self.shared[socket.host]
    }

    fn note(&mut self, host: Host, ends: Endpoints, is_over: bool) {
        let socket = Socket { host, ends };
        if self.ended.len() >= MEMORY && !self.ended.contains_key(&socket) {
            self.unsure[host] = true;
            return;
        }
        *self.ended.entry(socket).or_default() |= is_over;
    }

    /// A connection begins between these ends, which may have had one before.
    pub(super) fn forget(&mut self, socket: Socket) {
        self.ended.remove(&socket);
        self.closed.remove(&socket);
        self.outlived.remove(&socket);
    }

    /// Whether a program has had a connection, and no call has ended it; `false` where that is not known.
    pub(super) fn is_left_open(&self, socket: Socket) -> bool {
        let sure = self.tells[socket.host] && !self.unsure[socket.host];
        sure && self.ended.get(&socket) == Some(&false)
    }

    /// Whether a call has ended a connection, or its direction.
    pub(super) fn is_ended(&self, socket: Socket) -> bool {
        self.ended.get(&socket) == Some(&true)
    }

    /// Whether no program has ever had a connection: accept() has not returned it.
    pub(super) fn was_never_taken(&self, socket: Socket) -> bool {
        let sure = self.tells[socket.host] && !self.unsure[socket.host];
        sure && !self.ended.contains_key(&socket)
    }
}
