//! Blocks ahead of their ACKs for a client that knows no `windowsize`.

use std::time::Duration;
use std::time::Instant;

use crate::tftp::Pipelining;

/// How many blocks are sent ahead, and what the client has made of it so far.
///
/// RFC 1350 §2 has one block in flight. A client that takes what arrives in order and acknowledges
/// each block cannot tell whether the next was sent before or after its ACK, and some (iPXE) even
/// keep blocks that overtake a lost one. So the sender begins with one block and sends one more
/// ahead after each series of clean ACKs. At the first sign that early blocks are thrown away it
/// returns to one for the rest of the transfer: then each loss would cost all blocks ahead.
#[derive(Debug)]
pub(super) struct Pipeline {
    depth: u64,
    clean: u32,
    outcome: Pipelining,
    /// The block that was sent again while others were ahead of it: what its ACK covers tells
    /// whether the client keeps early blocks.
    asked: Option<u64>,
    /// When the blocks in flight were sent, by their number modulo the length; `None` for one that
    /// was sent twice, which gives no round trip (Karn's rule).
    sent_at: [Option<Instant>; MOST_AHEAD],
}

impl Pipeline {
    pub(super) fn new() -> Self {
        Self {
            depth: 1,
            clean: 0,
            outcome: Pipelining::Off,
            asked: None,
            sent_at: [None; MOST_AHEAD],
        }
    }

    /// How many blocks may be in flight.
    pub(super) fn depth(&self) -> u64 {
        self.depth
    }

    /// Whether a block has been sent again and its ACK is still to come.
    pub(super) fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    pub(super) fn outcome(&self) -> Pipelining {
        self.outcome
    }

    /// Blocks leave; `high` is the block behind the last one ever sent.
    pub(super) fn note_sent(&mut self, now: Instant, blocks: std::ops::Range<u64>, high: u64) {
        for block in blocks {
            self.sent_at[slot(block)] = (block >= high).then_some(now);
        }
    }

    /// `base` is sent again, because an ACK or silence asks for it.
    pub(super) fn ask(&mut self, base: u64) {
        self.asked = Some(base);
        self.sent_at[slot(base)] = None;
        self.clean = 0;
        self.depth = self.depth.div_ceil(2);
    }

    /// How long `block` took to be acknowledged.
    pub(super) fn round_trip(&self, now: Instant, block: u64) -> Option<Duration> {
        self.sent_at[slot(block)].map(|sent| now.saturating_duration_since(sent))
    }

    /// An ACK of `base..=block`, with more in flight behind `block` or not. Whether the blocks
    /// behind it must be sent again because the client has thrown them away.
    pub(super) fn acknowledge(&mut self, base: u64, block: u64, more: bool) -> bool {
        let was_asked = self.asked.take().is_some();
        if was_asked && block == base && more {
            self.retire();
            return true;
        }
        self.clean += 1;
        if self.clean >= CLEAN_ACKS && self.outcome != Pipelining::GaveUp {
            self.clean = 0;
            self.outcome = Pipelining::Held;
            self.depth = (self.depth + 1).min(MOST_AHEAD as u64);
        }
        false
    }

    /// Back to RFC 1350, for good.
    pub(super) fn retire(&mut self) {
        self.outcome = Pipelining::GaveUp;
        self.depth = 1;
        self.asked = None;
    }
}

fn slot(block: u64) -> usize {
    (block % MOST_AHEAD as u64) as usize
}

/// Enough for the round trips of one site; a client that wants more can ask for a window.
const MOST_AHEAD: usize = 8;
/// ACKs without a sign of trouble before one more block is sent ahead.
const CLEAN_ACKS: u32 = 8;
