//! What may leave from a shared port for a peer until its transfer has proved that it is there: three
//! times what came from it, and a part of what all such peers share. It proves itself by answering at
//! moments that nobody else can know ([`LatencyProof`]). An address that another transfer has proved
//! is believed more, and not all: requests and ACKs in its name may be forged all the same.

use std::hash::BuildHasher as _;
use std::hash::RandomState;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::DATA_HEADER;
use lineman_proto::tftp::DataRun;
use lineman_proto::tftp::guard::FREE;
use lineman_proto::tftp::guard::LatencyProof;
use lineman_proto::tftp::guard::on_the_wire;

use crate::tftp::guard::SharedGuard;

/// The account of one such peer's transfer.
#[derive(Debug)]
pub(in crate::tftp) struct Unproven {
    guard: Arc<SharedGuard>,
    peer: SocketAddr,
    /// Bytes that may still leave for those that came.
    credit: u64,
    proof: LatencyProof,
    chance: RandomState,
    /// The first block of what is held back, and until when.
    held: Option<(u64, Instant)>,
    /// Blocks that are paid for and have not all left yet.
    paid: Range<u64>,
    sent: Option<Sent>,
}

/// The last block that has left.
#[derive(Clone, Copy, Debug)]
struct Sent {
    block: u64,
    wire: u16,
    at: Instant,
    /// Whether its ACK would tell how long it takes: it left once and has not been acknowledged.
    is_telling: bool,
}

/// Whether a block may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permit {
    /// Now.
    Now,
    /// Ask again then: it is held back so that nobody can know when it leaves.
    Later(Instant),
    /// Ask again then: there is nothing left in the account.
    Short(Instant),
}

/// What a packet of the peer says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Nothing.
    None,
    /// It is where it says it is.
    Proof,
    /// It acknowledges what has not left: somebody else sends in its name.
    Forged,
}

impl Unproven {
    /// The account of a peer that has sent a request of `question` bytes. `is_known` if its address
    /// has proved itself lately.
    pub(in crate::tftp) fn new(
        guard: Arc<SharedGuard>,
        peer: SocketAddr,
        question: usize,
        is_known: bool,
    ) -> Self {
        Self {
            guard,
            peer,
            credit: FREE * on_the_wire(peer.ip(), question),
            proof: LatencyProof::new(is_known),
            chance: RandomState::new(),
            held: None,
            paid: 0..0,
            sent: None,
        }
    }

    /// A packet came in the peer's name.
    pub(super) fn hear(&mut self, now: Instant, packet: &[u8]) -> Sign {
        self.credit += FREE * on_the_wire(self.peer.ip(), packet.len());
        let &[0, 4, high, low, ..] = packet else {
            return Sign::None;
        };
        let ack = u16::from_be_bytes([high, low]);
        let ahead = ack.wrapping_sub(self.sent.map_or(0, |sent| sent.wire));
        if (1..=u16::MAX / 2).contains(&ahead) {
            return Sign::Forged;
        }
        if ahead == 0
            && let Some(sent) = &mut self.sent
            && std::mem::take(&mut sent.is_telling)
        {
            self.proof.note(now.saturating_duration_since(sent.at));
            if self.proof.is_proof() {
                return Sign::Proof;
            }
        }
        Sign::None
    }

    /// Takes the bytes of a packet that is no block. Whether there were as many.
    pub(super) fn take(&mut self, payload: usize) -> bool {
        self.take_bytes(on_the_wire(self.peer.ip(), payload))
    }

    fn take_bytes(&mut self, bytes: u64) -> bool {
        let short = bytes.saturating_sub(self.credit);
        let is_there = short == 0 || self.guard.take_blocks(self.peer, short);
        if is_there {
            self.credit = self.credit.saturating_sub(bytes);
        }
        is_there
    }

    /// Whether `run` may leave now.
    pub(super) fn permit(&mut self, now: Instant, run: &DataRun) -> Permit {
        let first = run.first;
        if self.paid.contains(&first) {
            return Permit::Now;
        }
        if self.sent.is_none_or(|sent| first > sent.block) {
            let until = match self.held {
                Some((held, until)) if held == first => until,
                _ => now + self.proof.delay(self.chance.hash_one(first)),
            };
            self.held = Some((first, until));
            if now < until {
                return Permit::Later(until);
            }
        }
        let block = DATA_HEADER + usize::from(run.blksize);
        if !self.take_bytes(on_the_wire(self.peer.ip(), block) * u64::from(run.count)) {
            return Permit::Short(now + NEXT_ATTEMPT);
        }
        self.paid = first..first + u64::from(run.count);
        Permit::Now
    }

    /// The first `count` blocks of `run` have left.
    pub(super) fn note_sent(&mut self, now: Instant, run: &DataRun, count: u32) {
        let Some(nth) = count.checked_sub(1) else {
            return;
        };
        let last = run.first + u64::from(nth);
        let is_new = self.sent.is_none_or(|sent| run.first > sent.block);
        if !is_new {
            self.proof.note_loss();
        }
        if self.sent.is_none_or(|sent| last >= sent.block) {
            let [_, _, high, low] = run.header(nth);
            self.sent = Some(Sent {
                block: last,
                wire: u16::from_be_bytes([high, low]),
                at: now,
                is_telling: is_new,
            });
        }
        self.paid.start = last + 1;
    }

    /// No time-out counts before: the session knows nothing of what is held back.
    pub(super) fn not_before(&self) -> Option<Instant> {
        self.sent.map(|sent| sent.at + PATIENCE)
    }
}

/// The account fills by 16 bytes in a millisecond; so long for a block of 512.
const NEXT_ATTEMPT: Duration = Duration::from_millis(25);
/// As before the first round trip is known (RFC 6298 §2.1).
const PATIENCE: Duration = Duration::from_secs(1);
