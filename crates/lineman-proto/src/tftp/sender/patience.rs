//! How long a sender waits, and what silence means in the end.

use std::time::Duration;
use std::time::Instant;

use super::Flight;
use super::Sender;
use crate::tftp::Event;
use crate::tftp::Failure;
use crate::tftp::Rollover;

impl Sender {
    /// When patience ends. A client that has everything but never acknowledges the last block is
    /// a habit of the field, not a failure, and its silence is not waited for as long.
    pub(super) fn give_up_at(&self) -> Instant {
        let waited = self.time_without_permit();
        let patience = self.timing.patience_with(self.agreed, self.confirmed);
        let end = self.progress_at + waited + patience;
        if self.may_have_all() {
            // A client that has agreed to a time-out repeats its ACK that late if it has not everything.
            let repeats = self
                .agreed
                .timeout
                .map_or(Duration::ZERO, |asked| asked * 2);
            // One that has not begins to wait anew with each packet, and says so after its own time-out.
            let said = self.sent_at + OWN_TIMER;
            end.min((self.heard_at + waited + LAST_ACK_PATIENCE.max(repeats)).max(said))
        } else {
            end
        }
    }

    /// Whether silence may mean that the client has everything: all but the last window is
    /// acknowledged, and the client has not asked again since.
    pub(super) fn may_have_all(&self) -> bool {
        self.is_last_in_flight() && self.base > 1 && self.heard_at == self.progress_at
    }

    pub(super) fn give_up(&mut self) {
        if self.may_have_all() {
            self.finish_unconfirmed();
        } else if self.confirmed && !matches!(self.flight, Flight::Opening(_)) {
            self.fail(Failure::Silent { block: self.base });
        } else {
            self.fail(Failure::Unanswered);
        }
    }

    pub(super) fn finish_unconfirmed(&mut self) {
        self.deadline = None;
        self.events.push_back(Event::Finished { confirmed: false });
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        if !self.is_closed() {
            self.deadline = None;
            let refused = matches!(failure, Failure::PeerError { .. })
                && self.base == Rollover::FIRST_BEYOND
                && self.next > self.base;
            self.stopped_at_rollover = refused || failure.is_at_rollover();
            self.events.push_back(Event::Failed(failure));
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.deadline.is_none()
    }
}

/// How long to wait for the ACK of the last block.
const LAST_ACK_PATIENCE: Duration = Duration::from_secs(5);
/// The shortest time-out that a client of RFC 2349 can ask for, and half of it for the way.
const OWN_TIMER: Duration = Duration::from_millis(1500);
