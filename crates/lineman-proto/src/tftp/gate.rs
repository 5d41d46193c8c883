//! Who may speak in a transfer: the peer's address and port, its TID (RFC 1350 §4).

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::ErrorCode;
use super::Packet;
use super::Payload;
use super::Transmit;

/// Lets the peer's packets through and answers strangers with ERROR 5, without disturbing the
/// transfer.
#[derive(Debug)]
pub(super) struct Gate {
    peer: SocketAddr,
    /// While the server has not answered, its port is open: the answer comes from its new TID.
    open: bool,
    answers: VecDeque<Transmit>,
    strays: u64,
}

impl Gate {
    /// A gate for a peer whose TID is known.
    pub(super) fn locked(peer: SocketAddr) -> Self {
        Self {
            peer,
            open: false,
            answers: VecDeque::new(),
            strays: 0,
        }
    }

    /// A gate for a server that was asked at `asked` and answers from any port of its address.
    pub(super) fn opening(asked: SocketAddr) -> Self {
        Self {
            open: true,
            ..Self::locked(asked)
        }
    }

    /// Where to send.
    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// How many packets came from strangers.
    pub(super) fn strays(&self) -> u64 {
        self.strays
    }

    /// Whether a packet from `from` belongs to the transfer. A stranger gets an ERROR 5, unless it
    /// sent an ERROR itself or too many have come already: an endless stream of strays must not
    /// make us send an endless stream of answers.
    pub(super) fn admit(&mut self, from: SocketAddr, bytes: &[u8]) -> bool {
        if from == self.peer || (self.open && from.ip() == self.peer.ip()) {
            return true;
        }
        self.strays += 1;
        let answerable =
            matches!(Packet::parse(bytes), Ok(packet) if !matches!(packet, Packet::Error { .. }));
        if answerable && self.strays <= MAX_ANSWERS {
            let error = Packet::Error {
                code: ErrorCode::UNKNOWN_TID,
                message: b"Unknown transfer ID",
            };
            self.answers.push_back(Transmit {
                to: from,
                payload: Payload::Packet(error.encode()),
            });
        }
        false
    }

    /// Fixes the peer's TID to that of the first answer that made sense.
    pub(super) fn lock(&mut self, from: SocketAddr) {
        if std::mem::take(&mut self.open) {
            self.peer = from;
        }
    }

    /// The next answer to a stranger.
    pub(super) fn poll_transmit(&mut self) -> Option<Transmit> {
        self.answers.pop_front()
    }
}

/// Answers to strangers in the life of one transfer.
const MAX_ANSWERS: u64 = 10;
