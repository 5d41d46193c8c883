//! What ACKs mean to a flight.

use std::time::Instant;

use super::Sender;
use super::pace::Evidence;
use super::repair::CLEAN_WINDOWS;
use super::repair::Repair;
use crate::tftp::Event;

impl Sender {
    pub(super) fn handle_ack(&mut self, now: Instant, wire: u16) {
        self.heard_at = now;
        let middle = self.base + (self.next - self.base) / 2;
        let Some(block) = self.rollover.index(wire, middle) else {
            return;
        };
        if self.opening.is_some() {
            if block == 0 {
                self.opening = None;
                self.heard(now);
                self.take_sample(now, self.opening_sends == 1);
                self.send_flight(now);
            }
            return;
        }
        if block >= self.high {
            return; // acknowledges what was never sent
        }
        if self.is_pipelined() {
            return self.handle_pipelined_ack(now, block);
        }
        if block >= self.base {
            self.advance(now, block);
        } else if block + 1 == self.base {
            self.handle_repeated_ack(now);
        }
    }

    /// An ACK from inside the flight: everything up to `block` has arrived.
    pub(super) fn advance(&mut self, now: Instant, block: u64) {
        let answers_flight = self.can_answer_flight(now);
        self.heard(now);
        self.take_sample(now, block >= self.fresh);
        let (window, taken) = (self.window(), block + 1 - self.base);
        self.base = block + 1;
        self.next = self.next.max(self.base);
        self.window_end = self.window_end.max(self.next);
        self.events.push_back(Event::Acknowledged(block));
        if self.last.is_some_and(|last| block >= last) {
            self.deadline = None;
            self.events.push_back(Event::Finished { confirmed: true });
        } else if self.base == self.next {
            if taken >= window {
                self.pace.whole(window);
            }
            self.repair = match self.repair {
                Repair::Resting(windows) if windows > 1 => Repair::Resting(windows - 1),
                // What was sent twice is acknowledged twice; the second comes during the next window.
                Repair::InFlight => Repair::Resting(1),
                Repair::Ready if self.probes > 0 => Repair::Resting(1),
                Repair::Ready | Repair::Resting(_) => Repair::Ready,
            };
            self.send_flight(now);
        } else if self.repair != Repair::InFlight || answers_flight {
            // RFC 7440 §4: the receiver acknowledges the last block before a gap, and the window
            // starts anew behind it.
            self.stats.gaps += 1;
            let evidence = match self.probes {
                0 => Evidence::Answer,
                _ => Evidence::Silence,
            };
            self.pace.lost(window, taken, evidence);
            self.repair = Repair::InFlight;
            self.send_flight(now);
        }
    }

    /// An ACK of the block before the flight: either a duplicate, or the flight's first block is
    /// lost and the receiver says so. Lockstep cannot tell and must not resend (RFC 1123
    /// §4.2.3.1); with a window, what comes no sooner than an answer can come is one.
    pub(super) fn handle_repeated_ack(&mut self, now: Instant) {
        let could_be_gap = self.next - self.base > 1 && self.can_answer_flight(now);
        if could_be_gap && self.repair == Repair::Ready {
            self.stats.gaps += 1;
            self.pace.silence(self.window());
            self.resend(now);
            self.repair = Repair::Resting(CLEAN_WINDOWS);
        }
    }

    pub(super) fn can_answer_flight(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.began_at) >= self.rto.fastest() / 2
    }

    /// Progress: patience is full again.
    pub(super) fn heard(&mut self, now: Instant) {
        self.confirmed = true;
        self.progress_at = now;
        self.silences = 0;
        self.rto.progress();
    }

    pub(super) fn take_sample(&mut self, now: Instant, sent_once: bool) {
        if sent_once {
            self.rto
                .sample(now.saturating_duration_since(self.flight_at));
        }
    }
}
