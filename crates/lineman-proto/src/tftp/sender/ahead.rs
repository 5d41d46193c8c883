//! Blocks ahead of their ACKs for a client that knows no `windowsize`.

use std::time::Duration;
use std::time::Instant;

use super::Flight;
use super::Sender;
use super::loss::Cause;
use crate::tftp::Pipelining;

/// How many blocks are sent ahead, and what the client has made of it so far.
///
/// RFC 1350 §2 has one block in flight. A client that takes what arrives in order and acknowledges
/// each block cannot tell whether the next was sent before or after its ACK, and some (iPXE) even
/// keep blocks that overtake a lost one. So the sender begins with one block and sends one more
/// ahead after each series of clean ACKs. At the first sign that early blocks are thrown away it
/// returns to one for the rest of the transfer: then each loss would cost all blocks ahead.
#[derive(Debug)]
pub(super) struct Ahead {
    depth: u64,
    clean: u32,
    /// The block that was sent again while others were ahead of it: what its ACK covers tells
    /// whether the client keeps early blocks.
    asked: Option<u64>,
    /// When the blocks in flight were sent, by their number modulo the length; `None` for one that
    /// was sent twice, which gives no round trip (Karn's rule).
    sent_at: [Option<Instant>; MOST_AHEAD],
}

impl Ahead {
    pub(super) fn new() -> Self {
        Self {
            depth: 1,
            clean: 0,
            asked: None,
            sent_at: [None; MOST_AHEAD],
        }
    }

    /// Blocks leave; `high` is the block behind the last one ever sent.
    fn note_sent(&mut self, now: Instant, blocks: std::ops::Range<u64>, high: u64) {
        for block in blocks {
            self.sent_at[slot(block)] = (block >= high).then_some(now);
        }
    }

    /// `base` is sent again, because an ACK or silence asks for it.
    fn ask(&mut self, base: u64) {
        self.asked = Some(base);
        self.sent_at[slot(base)] = None;
        self.clean = 0;
        self.depth = self.depth.div_ceil(2);
    }

    /// How long `block` took to be acknowledged.
    fn round_trip(&self, now: Instant, block: u64) -> Option<Duration> {
        self.sent_at[slot(block)].map(|sent| now.saturating_duration_since(sent))
    }

    /// An ACK of `base..=block`, with more in flight behind `block` or not.
    fn acknowledge(&mut self, base: u64, block: u64, more: bool) -> Verdict {
        let was_asked = self.asked.take().is_some();
        if was_asked && block == base && more {
            return Verdict::ThrownAway;
        }
        self.clean += 1;
        if self.clean < CLEAN_ACKS {
            return Verdict::Clean;
        }
        self.clean = 0;
        self.depth = (self.depth + 1).min(MOST_AHEAD as u64);
        Verdict::Deeper
    }
}

/// What an ACK says about blocks ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Clean,
    /// One more may be ahead.
    Deeper,
    /// The client has thrown away the blocks behind this one.
    ThrownAway,
}

impl Sender {
    /// Sends new blocks, as many as may be ahead.
    pub(super) fn send_ahead(&mut self, now: Instant) {
        let Flight::Ahead(ahead) = &mut self.flight else {
            return;
        };
        let end = self
            .last
            .map_or(u64::MAX, |last| last + 1)
            .min(self.base + ahead.depth);
        if end > self.next {
            ahead.note_sent(now, self.next..end, self.high);
            let first = std::mem::replace(&mut self.next, end);
            self.push_run(first, end);
        }
        self.sent(now);
    }

    /// An ACK up to `block`, of a flight that began at `old_base`; blocks ahead of it may be on their way.
    pub(super) fn ahead_acknowledged(&mut self, now: Instant, old_base: u64, block: u64) {
        let more = self.next > block + 1;
        let Flight::Ahead(ahead) = &mut self.flight else {
            return;
        };
        let round_trip = ahead.round_trip(now, block);
        let verdict = ahead.acknowledge(old_base, block, more);
        if let Some(round_trip) = round_trip {
            self.loss.sample(round_trip);
        }
        match verdict {
            Verdict::Clean => self.send_ahead(now),
            Verdict::Deeper => {
                self.pipelining = Pipelining::Held;
                self.send_ahead(now);
            }
            Verdict::ThrownAway => {
                self.stop_ahead();
                self.next = self.base;
                self.send_flight(now);
            }
        }
    }

    /// An ACK of the block before the flight: the flight's first block is lost and a later one has
    /// arrived, or it is a mere duplicate. One block answers it, once; with no block ahead nothing
    /// does (RFC 1123 §4.2.3.1).
    pub(super) fn ahead_repeated(&mut self, now: Instant) {
        let (base, next) = (self.base, self.next);
        let Flight::Ahead(ahead) = &mut self.flight else {
            return;
        };
        let early = base + 1;
        let could_answer = ahead
            .round_trip(now, early)
            .is_some_and(|since| self.loss.can_answer(since));
        if next > early && could_answer && ahead.asked.is_none() {
            ahead.ask(base);
            self.stats.gaps += 1;
            self.loss.reported();
            self.loss.repeats(now, Cause::Report, base..early);
            self.push_run(base, early);
            self.sent(now);
        }
    }

    /// The time-out has expired: the first block goes once more. Where that is not answered either, one
    /// at a time is enough from now on.
    pub(super) fn ahead_timed_out(&mut self, now: Instant) {
        if self.loss.timeouts() > 1 && self.next - self.base > 1 {
            self.stop_ahead();
            self.next = self.base;
        }
        self.loss
            .repeats(now, Cause::Silence, self.base..self.base + 1);
        if let Flight::Ahead(ahead) = &mut self.flight {
            ahead.ask(self.base);
            self.push_run(self.base, self.base + 1);
            self.sent(now);
        } else {
            self.send_flight(now);
        }
    }

    /// Back to RFC 1350, for good.
    pub(super) fn stop_ahead(&mut self) {
        self.flight = Flight::Lockstep;
        self.pipelining = Pipelining::GaveUp;
    }
}

fn slot(block: u64) -> usize {
    (block % MOST_AHEAD as u64) as usize
}

/// Enough for the round trips of one site; a client that wants more can ask for a window.
const MOST_AHEAD: usize = 8;
/// ACKs without a sign of trouble before one more block is sent ahead.
const CLEAN_ACKS: u32 = 8;
