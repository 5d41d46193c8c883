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
    /// Blocks that are paid for and have not all left yet.
    paid: Range<u64>,
    /// Until when these are held back.
    held_until: Option<Instant>,
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
    /// It acknowledges what has not left: a forger sends in the client's name.
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
            paid: 0..0,
            held_until: None,
            sent: None,
        }
    }

    /// A packet came in the peer's name.
    pub(super) fn handle_packet(&mut self, now: Instant, packet: &[u8]) -> Sign {
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

    /// Whether `run` may leave now. It is paid for first and held back then: who pays for it, by a packet
    /// in the peer's name while the account is empty, must not know by that when it leaves. `length` is
    /// the file's, if it is known: behind its end nothing is paid for.
    pub(super) fn permit(&mut self, now: Instant, run: &DataRun, length: Option<u64>) -> Permit {
        let (first, end) = (run.first, run.first + u64::from(run.count));
        if first < self.paid.start || end > self.paid.end {
            if !self.take_bytes(self.price(run, length)) {
                return Permit::Short(now + NEXT_ATTEMPT);
            }
            self.paid = first..end;
            let is_new = self.sent.is_none_or(|sent| first > sent.block);
            self.held_until = is_new.then(|| now + self.proof.delay(self.chance.hash_one(first)));
        }
        match self.held_until {
            Some(until) if now < until => Permit::Later(until),
            _ => Permit::Now,
        }
    }

    fn price(&self, run: &DataRun, length: Option<u64>) -> u64 {
        let left = length.map_or(u64::MAX, |length| length.saturating_sub(run.offset()));
        // The file's end is a block that is not full, perhaps an empty one.
        let blocks = u64::from(run.count).min(left / u64::from(run.blksize) + 1);
        on_the_wire(self.peer.ip(), DATA_HEADER) * blocks + left.min(run.len() as u64)
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

#[cfg(test)]
mod tests {
    use lineman_proto::tftp::Rollover;
    use lineman_proto::tftp::guard::Rules;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// With the account of all kept empty by others, a block left within 25 ms of the packet that paid
    /// for it, however long its delay: eleven such proved whatever address, for 200 bytes each.
    #[test]
    fn who_pays_for_a_block_does_not_know_when_it_leaves() {
        let guard = Arc::new(SharedGuard::new(Rules::default()));
        let peer = SocketAddr::from(([192, 0, 2, 1], 1024));
        let mut unproven = Unproven::new(Arc::clone(&guard), peer, 20, false);
        let mut now = Instant::now();
        let padded = |block: u64| {
            let mut ack = vec![0; 200];
            ack[..4].copy_from_slice(&[0, 4, (block >> 8) as u8, block as u8]);
            ack
        };
        let mut late = 0;
        for block in 1..=200 {
            let run = DataRun::new(block, 1, 512, Rollover::ToZero);
            now += 250 * MS;
            while guard.take_blocks(peer, 32) {}
            unproven.credit = 0;
            let mut permit = unproven.permit(now, &run, None);
            while let Permit::Later(until) = permit {
                now = until;
                permit = unproven.permit(now, &run, None);
            }
            assert!(matches!(permit, Permit::Short(_)));
            assert_eq!(unproven.handle_packet(now, &padded(block - 1)), Sign::None);
            let (paid, mut asked) = (now, now + 25 * MS);
            while let Permit::Later(until) | Permit::Short(until) =
                unproven.permit(asked, &run, None)
            {
                asked = until;
            }
            unproven.note_sent(asked, &run, 1);
            late += u32::from(asked - paid > 60 * MS);
            let acked = asked.max(paid + 26 * MS);
            assert_eq!(
                unproven.handle_packet(acked.max(asked + 101 * MS), &padded(block)),
                Sign::None
            );
            now = acked + 101 * MS;
        }
        assert!(late > 100, "{late} of 200");
    }

    #[test]
    fn what_is_paid_for_and_held_back_is_paid_for_once() {
        let guard = Arc::new(SharedGuard::new(Rules::default()));
        let peer = SocketAddr::from(([192, 0, 2, 1], 1024));
        let mut unproven = Unproven::new(guard, peer, 2000, false);
        let run = DataRun::new(1, 4, 512, Rollover::ToZero);
        let before = unproven.credit;
        let mut now = Instant::now();
        while let Permit::Later(until) = unproven.permit(now, &run, None) {
            assert!(until > now);
            now = until;
        }
        assert_eq!(before - unproven.credit, 4 * on_the_wire(peer.ip(), 516));
        let (mut rest, mut left) = (run, unproven.credit);
        let first = rest.take(2);
        unproven.note_sent(now, &first, 2);
        assert_eq!(unproven.permit(now, &rest, None), Permit::Now);
        assert_eq!(unproven.credit, left);
        left -= on_the_wire(peer.ip(), 516);
        let again = DataRun::new(1, 1, 512, Rollover::ToZero);
        assert_eq!(
            unproven.permit(now, &again, None),
            Permit::Now,
            "a repeat is not held"
        );
        assert_eq!(unproven.credit, left);
    }

    /// A file of three bytes was paid for as a whole block: of a thousand machines that read such files
    /// together each waited for ten seconds.
    #[test]
    fn small_files_cost_what_they_are() {
        let guard = Arc::new(SharedGuard::new(Rules::default()));
        let peer = SocketAddr::from(([192, 0, 2, 1], 1024));
        let unproven = Unproven::new(guard, peer, 20, false);
        let price = |first, count, length| {
            let run = DataRun::new(first, count, 1000, Rollover::ToZero);
            unproven.price(&run, length)
        };
        assert_eq!(price(1, 1, None), 32 + 1000);
        assert_eq!(price(1, 1, Some(3)), 32 + 3);
        assert_eq!(price(1, 16, Some(3)), 32 + 3);
        assert_eq!(price(1, 16, Some(0)), 32);
        assert_eq!(price(1, 2, Some(5000)), 2 * 1032);
        assert_eq!(price(3, 16, Some(5000)), 4 * 32 + 3000);
        assert_eq!(price(6, 1, Some(5000)), 32, "the empty block at the end");
    }
}
