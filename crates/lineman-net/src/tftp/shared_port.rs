//! A port that many transfers in lockstep share: one system call takes their ACKs, one sends their
//! blocks, and none of them costs a descriptor.
//!
//! A crowd of clients that ask for no window costs its server two system calls for each block
//! otherwise. RFC 1350 §4 asks that a transfer be known by both TIDs, its port here and its port there:
//! no two transfers of a port have the same peer, so the peer's address tells them apart.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use super::outgoing::Outgoing;

/// A socket, the transfers that share it, and what they are about to send.
#[derive(Debug)]
pub(super) struct SharedPort {
    socket: UdpSocket,
    members: Mutex<Members>,
    /// Only the thread of the transfers sends.
    outgoing: Mutex<Outgoing>,
}

#[derive(Debug, Default)]
struct Members {
    /// The number of each peer's transfer.
    numbers: HashMap<SocketAddr, u64>,
    /// Peers whose transfers have ended lately: what they send may be on its way still.
    former: VecDeque<SocketAddr>,
}

/// Who sent a datagram to a shared port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// The peer of this transfer.
    Member(u64),
    /// The peer of one that has ended lately.
    Former,
    /// Nobody that is known (RFC 1350 §4: an unknown TID).
    Stranger,
}

/// A transfer's share of a port. Dropped, its peer is a stranger there soon.
#[derive(Debug)]
pub(super) struct Membership {
    port: Arc<SharedPort>,
    peer: SocketAddr,
}

impl SharedPort {
    pub(super) fn new(socket: UdpSocket) -> Self {
        Self {
            socket,
            members: Mutex::default(),
            outgoing: Mutex::default(),
        }
    }

    /// Lets the transfer `number` with `peer` use the port; not where that peer has or had one here,
    /// whose packets could be taken for those of the new one, and not beyond [`MOST_MEMBERS`].
    pub(super) fn join(self: &Arc<Self>, peer: SocketAddr, number: u64) -> Option<Membership> {
        let mut members = self.members();
        if members.numbers.len() >= MOST_MEMBERS || members.find(peer) != Sender::Stranger {
            return None;
        }
        members.numbers.insert(peer, number);
        Some(Membership {
            port: Arc::clone(self),
            peer,
        })
    }

    /// Whose a datagram from `peer` is.
    pub(super) fn find(&self, peer: SocketAddr) -> Sender {
        self.members().find(peer)
    }

    /// Whether no transfer uses it.
    pub(super) fn is_empty(&self) -> bool {
        self.members().numbers.is_empty()
    }

    /// The socket.
    pub(super) fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Sends what the transfers have given so far. `failed` gets each peer to which the system refuses
    /// to send. Gives whether everything has left; the rest leaves with the next call.
    pub(super) fn flush(&self, failed: impl FnMut(SocketAddr, io::Error)) -> bool {
        self.outgoing().flush(&self.socket, failed)
    }

    /// Whether something has not left yet.
    pub(super) fn has_unsent(&self) -> bool {
        !self.outgoing().is_empty()
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        // It is whole after every statement.
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Members {
    fn find(&self, peer: SocketAddr) -> Sender {
        match self.numbers.get(&peer) {
            Some(number) => Sender::Member(*number),
            None if self.former.contains(&peer) => Sender::Former,
            None => Sender::Stranger,
        }
    }
}

impl Membership {
    /// Has a packet for the peer leave with those of the other transfers.
    pub(super) fn send(&self, to: SocketAddr, packet: &[u8]) {
        self.port.outgoing().push(to, packet);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut members = self.port.members();
        members.numbers.remove(&self.peer);
        if members.former.len() >= MOST_FORMER {
            members.former.pop_front();
        }
        members.former.push_back(self.peer);
    }
}

impl AsFd for Membership {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.port.socket.as_fd()
    }
}

impl AsRawFd for Membership {
    fn as_raw_fd(&self) -> RawFd {
        self.port.socket.as_raw_fd()
    }
}

/// Their ACKs, which may all come in one moment, must fit the receive buffer that every system allows:
/// the 208 KiB of `net.core.rmem_default` hold about 270 packets as small as these.
const MOST_MEMBERS: usize = 256;
/// As many as end in a moment; each is looked through for a new one.
const MOST_FORMER: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    fn port() -> Arc<SharedPort> {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
        Arc::new(SharedPort::new(socket))
    }

    #[test]
    fn a_peer_is_known_by_its_address_until_its_transfer_ends() {
        let port = port();
        let (first, _second) = (port.join(peer(1), 10), port.join(peer(2), 20));
        assert_eq!(port.find(peer(1)), Sender::Member(10));
        assert_eq!(port.find(peer(2)), Sender::Member(20));
        assert_eq!(port.find(peer(3)), Sender::Stranger);
        drop(first);
        assert_eq!(port.find(peer(1)), Sender::Former);
        assert!(!port.is_empty());
    }

    #[test]
    fn a_peer_that_asks_again_is_served_elsewhere() {
        let port = port();
        let first = port.join(peer(1), 10);
        assert!(first.is_some() && port.join(peer(1), 11).is_none());
        drop(first);
        assert!(
            port.join(peer(1), 12).is_none(),
            "late ACKs of the first would be its own"
        );
    }

    #[test]
    fn no_more_transfers_than_their_acks_have_room_for() {
        let port = port();
        let all: Vec<_> = (1..)
            .map_while(|number| port.join(peer(number), number.into()))
            .collect();
        assert_eq!(all.len(), MOST_MEMBERS);
    }
}
