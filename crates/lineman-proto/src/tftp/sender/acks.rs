//! What ACKs mean, whatever is on its way.

use std::time::Instant;

use super::Flight;
use super::Sender;
use crate::tftp::Event;

impl Sender {
    pub(super) fn handle_ack(&mut self, now: Instant, wire: u16) {
        self.heard_at = now;
        let middle = self.base + (self.next - self.base) / 2;
        let Some(block) = self.rollover.index(wire, middle) else {
            return;
        };
        if let Flight::Opening(_) = self.flight {
            if block == 0 {
                self.opening_acknowledged(now);
            }
            return;
        }
        if block >= self.high {
            return; // acknowledges what was never sent
        }
        if block >= self.base {
            self.advance(now, block);
        } else if block + 1 == self.base {
            self.handle_repeated_ack(now, block);
        } else if let Flight::Ahead(_) = self.flight {
            // An ACK that others have overtaken, or that answers a block which came twice.
            self.stop_ahead();
        }
        // A peer that acknowledges a block that has been sent is there, and is not left to silence.
        self.confirmed = true;
        if !self.is_closed() {
            self.arm();
        }
    }

    /// An ACK of something that was sent: everything up to `block` has arrived.
    fn advance(&mut self, now: Instant, block: u64) {
        self.heard_progress(now, block);
        let since = now.saturating_duration_since(self.sent_at);
        match &self.flight {
            Flight::Ahead(_) => {} // it knows when each block left
            _ if block < self.fresh => {}
            Flight::Window(_) => self.loss.sample_blocks(since, block + 1 - self.base),
            _ => self.loss.sample(since),
        }
        self.note_delivered(block + 1 - self.base, block + 1 >= self.next);
        let old_base = std::mem::replace(&mut self.base, block + 1);
        self.next = self.next.max(self.base);
        self.events.push_back(Event::Acknowledged(block));
        if self.last.is_some_and(|last| block >= last) {
            self.deadline = None;
            self.events.push_back(Event::Finished { confirmed: true });
            return;
        }
        match &self.flight {
            Flight::Opening(_) => {}
            Flight::Lockstep => self.lockstep_acknowledged(now),
            Flight::Window(_) => self.window_acknowledged(now, old_base, block),
            Flight::Ahead(_) => self.ahead_acknowledged(now, old_base, block),
        }
    }

    /// An ACK of the block before the flight. Lockstep cannot tell a report from a duplicate and must
    /// not resend (RFC 1123 §4.2.3.1); it may show all the same that a repeat was needless.
    fn handle_repeated_ack(&mut self, now: Instant, block: u64) {
        let needless = self.loss.repeated(block);
        match &self.flight {
            Flight::Opening(_) | Flight::Lockstep => {}
            Flight::Window(_) => self.window_repeated(now, needless),
            Flight::Ahead(_) => self.ahead_repeated(now),
        }
    }

    /// Progress: patience is full again.
    pub(super) fn heard_progress(&mut self, now: Instant, block: u64) {
        self.confirmed = true;
        self.progress_at = now;
        self.note_progress();
        let blocks = (block + 1).saturating_sub(self.base);
        self.loss.progress(now, block, blocks);
    }
}
