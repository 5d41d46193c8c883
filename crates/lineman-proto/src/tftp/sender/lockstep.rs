//! One block at a time (RFC 1350 §2).

use std::time::Instant;

use super::Sender;
use super::loss::Cause;

impl Sender {
    /// Sends the block at `base`, which is all that may be in flight.
    pub(super) fn send_lockstep(&mut self, now: Instant) {
        self.next = self.end_of_window(1);
        self.fresh = self.high.max(self.base);
        self.push_run(self.base, self.next);
        self.sent(now);
    }

    /// An ACK from inside what was sent. A block behind it may be on its way already where blocks
    /// were sent ahead until now: then its ACK is waited for.
    pub(super) fn lockstep_acknowledged(&mut self, now: Instant) {
        if self.base == self.next {
            self.send_lockstep(now);
        }
    }

    /// The time-out has run out: the block goes once more, or at the wrap the one behind it.
    pub(super) fn lockstep_timed_out(&mut self, now: Instant) {
        if self.passes_the_wrap() {
            self.push_run(self.next, self.next + 1);
            self.next += 1;
            self.sent(now);
            return;
        }
        self.loss
            .repeats(now, Cause::Silence, self.base..self.base + 1);
        self.send_lockstep(now);
    }

    /// GRUB does not acknowledge block 65535 once more when it comes once more, so that a lost ACK
    /// there would be the end. The block behind it is acknowledged by whoever has both, so every second
    /// repeat is that one.
    fn passes_the_wrap(&self) -> bool {
        let is_at_wrap = self.rollover.wire(self.base) == u16::MAX;
        let is_alone = self.next == self.base + 1 && self.next < self.end_of_window(2);
        is_at_wrap && is_alone && self.loss.timeouts().is_multiple_of(2)
    }
}
