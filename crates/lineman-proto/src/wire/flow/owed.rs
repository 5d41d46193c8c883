//! What an end has received and not acknowledged, and since when.

use std::collections::VecDeque;

/// How many arrivals are remembered apart: more than a window has segments where an ACK is held back.
const MEMORY: usize = 64;

/// An ACK that leaves when something has arrived so long ago acknowledges it, if it ever will: a wire may see it
/// some milliseconds late on a busy machine.
const MEANWHILE_NS: u64 = 10_000_000;

/// So many full segments, and their receiver acknowledges them (RFC 9293 §3.8.6.3, RFC 5681 §4.2).
const SECOND: u32 = 2;

/// What must be acknowledged: behind the last of it, and when it came, in nanoseconds; the first first.
#[derive(Clone, Debug, Default)]
pub(super) struct Owed {
    arrivals: VecDeque<(i64, u64)>,
    /// Whether something has come since that must be answered at once: no timer has the ACK sent, then.
    at_once: bool,
    /// How many full segments have come since its last acknowledgment.
    full: u32,
}

impl Owed {
    /// All up to `to` has arrived.
    pub(super) fn arrived(&mut self, to: i64, now_ns: u64) {
        let full = self.arrivals.len() == MEMORY;
        match self.arrivals.back_mut().filter(|_| full) {
            Some(last) => last.0 = to,
            None => self.arrivals.push_back((to, now_ns)),
        }
    }

    /// When the first of it came. An ACK may leave before what has arrived meanwhile: that is owed still.
    pub(super) fn since(&self) -> Option<u64> {
        self.arrivals.front().map(|(_, at_ns)| *at_ns)
    }

    /// So many full segments have arrived in order: every second one is to be acknowledged.
    pub(super) fn fills(&mut self, segments: u32) {
        self.full = self.full.saturating_add(segments);
        if self.full >= SECOND {
            self.must_answer();
        }
    }

    /// Something has arrived that must be answered at once, with all that is owed.
    pub(super) fn must_answer(&mut self) {
        self.at_once = !self.arrivals.is_empty();
    }

    /// Whether what has come last has the ACK sent, and not a timer.
    pub(super) fn is_due_at_once(&self) -> bool {
        self.at_once
    }

    /// All before `ack` is acknowledged. What came long before, and is not, was not taken: nothing is owed for it.
    pub(super) fn acknowledged(&mut self, ack: i64, now_ns: u64) {
        let is_old = |at_ns: u64| now_ns.saturating_sub(at_ns) > MEANWHILE_NS;
        let settled = |(to, at_ns): &(i64, u64)| *to <= ack || is_old(*at_ns);
        while self.arrivals.front().is_some_and(settled) {
            self.arrivals.pop_front();
        }
        (self.at_once, self.full) = (false, 0);
    }
}
