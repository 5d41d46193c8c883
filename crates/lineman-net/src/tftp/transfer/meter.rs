//! Room for a transfer's windows in the congestion window that the server's transfers share.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Instant;

use lineman_proto::tftp::CongestionWindow;
use lineman_proto::tftp::FlightChange;

use super::Command;
use super::TransferHandle;

/// The congestion window of a server's transfers.
#[derive(Debug, Default)]
pub(in crate::tftp) struct SharedWindow(Mutex<CongestionWindow<Waiting>>);

/// A transfer that waits for room.
#[derive(Debug)]
struct Waiting(TransferHandle);

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.0.number() == other.0.number()
    }
}

/// One transfer's part of it. Dropped, it is given back.
#[derive(Debug)]
pub(in crate::tftp) struct Meter {
    window: Arc<SharedWindow>,
    handle: TransferHandle,
    /// Bytes that have room.
    in_flight: u64,
    /// Bytes that have been asked for.
    asked: Option<u64>,
    /// What has had room since it waited last.
    turn: u64,
}

impl SharedWindow {
    fn lock(&self) -> MutexGuard<'_, CongestionWindow<Waiting>> {
        // It counts; after a panic elsewhere it counts on.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, and tells those that have room now.
    fn change(&self, now: Instant, change: impl FnOnce(&mut CongestionWindow<Waiting>)) {
        let mut window = self.lock();
        change(&mut window);
        while let Some(Waiting(transfer)) = window.next(now) {
            transfer.say(Command::Permit);
        }
    }
}

impl Meter {
    pub(in crate::tftp) fn new(window: Arc<SharedWindow>, handle: TransferHandle) -> Self {
        Self {
            window,
            handle,
            in_flight: 0,
            asked: None,
            turn: 0,
        }
    }

    /// Notes what the session says of its flights. Whether the flight that it asks for may leave now;
    /// else [`Command::Permit`] comes.
    pub(super) fn note(&mut self, now: Instant, change: FlightChange) -> bool {
        match change {
            FlightChange::Asks { bytes } => return self.ask(now, bytes),
            FlightChange::Ended {
                delivered,
                lost,
                left,
            } => {
                self.in_flight = left;
                self.window
                    .change(now, |window| window.note(now, delivered, lost, left));
            }
            FlightChange::Withdraws => {
                // Else the permit is on its way, and is given back when it comes.
                if self.window.lock().withdraw(&self.key()) {
                    self.asked = None;
                }
            }
        }
        false
    }

    fn ask(&mut self, now: Instant, bytes: u64) -> bool {
        if self.asked.is_some() {
            return false; // a permit is on its way
        }
        let has_room = self.window.lock().ask(now, self.key(), bytes, self.turn);
        if has_room {
            self.in_flight = bytes;
            self.turn += bytes;
        } else {
            self.asked = Some(bytes);
            self.turn = 0;
        }
        has_room
    }

    /// The permit has come.
    pub(super) fn permitted(&mut self) {
        self.in_flight = self.asked.take().unwrap_or(0);
        self.turn = self.in_flight;
    }

    /// Nothing uses it.
    pub(super) fn give_back(&mut self, now: Instant) {
        let (key, in_flight) = (self.key(), std::mem::take(&mut self.in_flight));
        self.window
            .change(now, |window| window.forget(&key, in_flight));
    }

    fn key(&self) -> Waiting {
        Waiting(self.handle.clone())
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.window.lock().withdraw(&self.key()) {
            self.asked = None;
        }
        // A permit that is on its way to this transfer counts as in flight.
        self.in_flight += self.asked.take().unwrap_or(0);
        self.give_back(Instant::now());
    }
}
