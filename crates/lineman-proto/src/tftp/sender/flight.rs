//! What is on its way, and how it gets there.

use std::time::Instant;

use super::Sender;
use super::ahead::Ahead;
use super::window::Window;
use crate::tftp::DataRun;
use crate::tftp::Payload;

/// What is on its way.
#[derive(Debug)]
pub(super) enum Flight {
    /// The OACK, until ACK 0 answers it.
    Opening(Opening),
    /// One block.
    Lockstep,
    /// A window (RFC 7440 §4), or a window of the size that the client's last ACK asked for.
    Window(Box<Window>),
    /// Blocks ahead of their ACKs, to a client that knows no `windowsize`.
    Ahead(Box<Ahead>),
}

/// The OACK on its way.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) packet: Vec<u8>,
    pub(super) sends: u32,
    /// What follows it.
    pub(super) then: Box<Flight>,
}

impl Sender {
    /// Sends what there is to send from `base` on, in the way of this flight.
    pub(super) fn send_flight(&mut self, now: Instant) {
        // A flight that still waits to be sent is replaced: nothing is sent twice in one breath.
        self.queue
            .retain(|payload| !matches!(payload, Payload::Data(_)));
        match &mut self.flight {
            Flight::Opening(opening) => {
                opening.sends += 1;
                let packet = opening.packet.clone();
                self.queue.push_back(Payload::Packet(packet));
                self.sent(now);
            }
            Flight::Lockstep => self.send_lockstep(now),
            Flight::Window(_) => self.send_window(now),
            Flight::Ahead(_) => {
                self.next = self.base;
                self.send_ahead(now);
            }
        }
    }

    /// ACK 0 answers the OACK: the blocks follow.
    pub(super) fn opening_acknowledged(&mut self, now: Instant) {
        let Flight::Opening(opening) = &mut self.flight else {
            return;
        };
        let (then, sends) = (
            std::mem::replace(&mut *opening.then, Flight::Lockstep),
            opening.sends,
        );
        self.flight = then;
        self.heard_progress(now, 0);
        if sends == 1 {
            self.loss
                .sample(now.saturating_duration_since(self.sent_at));
        } else if let Flight::Window(window) = &mut self.flight {
            window.distrust(1); // what was sent twice is acknowledged twice
        }
        self.send_flight(now);
    }

    /// The blocks that leave next if everything in flight arrives, where that is a window: the driver, which has
    /// to read them, has the time until the ACK for it.
    pub fn expected_run(&self) -> Option<DataRun> {
        let Flight::Window(window) = &self.flight else {
            return None;
        };
        let count = u64::from(self.agreed.windowsize).min(window.burst());
        let end = self
            .last
            .map_or(u64::MAX, |last| last + 1)
            .min(self.next.saturating_add(count));
        (!self.is_pausing() && count > 1 && self.next < end).then(|| self.run(self.next, end))
    }

    /// The block behind a window of so many blocks from `base`, or behind the file's last.
    pub(super) fn end_of_window(&self, window: u64) -> u64 {
        self.last
            .map_or(u64::MAX, |last| last + 1)
            .min(self.base + window)
    }

    /// Sends the blocks from `first` to before `end`.
    pub(super) fn push_run(&mut self, first: u64, end: u64) {
        self.stats.data_sent += end - first;
        self.stats.resent += self.high.min(end).saturating_sub(first);
        self.high = self.high.max(end);
        self.queue.push_back(Payload::Data(self.run(first, end)));
    }

    fn run(&self, first: u64, end: u64) -> DataRun {
        let count = (end - first) as u32; // at most a window
        DataRun::new(first, count, self.agreed.blksize, self.rollover)
    }

    /// Something has left; the time-out runs from now.
    pub(super) fn sent(&mut self, now: Instant) {
        self.sent_at = now;
        self.arm();
    }

    /// Waits for what comes first: the rest of the window, or the time-out.
    pub(super) fn arm(&mut self) {
        if let Some(due) = self.next_block_at() {
            self.deadline = Some(due);
            return;
        }
        let due = match self.pause() {
            Some(pause) => self.sent_at + pause,
            None => self.sent_at + self.wait(),
        };
        self.deadline = Some(due.min(self.give_up_at()));
    }

    /// The present time-out. Before its last ACK a receiver makes the file permanent, and that takes
    /// what it takes.
    pub(super) fn wait(&self) -> std::time::Duration {
        let wait = self.loss.wait(self.next - self.base);
        if self.is_last_in_flight() {
            wait.max(LAST_FLOOR)
        } else {
            wait
        }
    }
}

/// A disk of the field writes a small file within this.
const LAST_FLOOR: std::time::Duration = std::time::Duration::from_millis(20);
