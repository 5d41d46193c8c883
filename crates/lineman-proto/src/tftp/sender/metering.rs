//! Flights that leave only with a permit: what a sender tells of them, and what it does while it waits.

use std::time::Duration;
use std::time::Instant;

use super::Flight;
use super::Sender;

/// What a sender that is metered says of its flights; see
/// [`CongestionWindow`](crate::tftp::CongestionWindow), which answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlightChange {
    /// Of what was in flight so many bytes have arrived, or count as lost, and `left` are in flight still.
    Ended {
        /// Acknowledged.
        delivered: u64,
        /// Sent in vain.
        lost: u64,
        /// Neither so far.
        left: u64,
    },
    /// A flight of so many bytes is to leave: [`Sender::handle_permit`] lets it.
    Asks {
        /// How many.
        bytes: u64,
    },
    /// The flight has left by itself, block by block, while it waited.
    Withdraws,
}

/// What a metered sender knows of its permits, in blocks.
#[derive(Debug, Default)]
pub(super) struct Metering {
    /// Where between half of the longest hold and all of it this sender's lies.
    spread: u8,
    in_flight: u64,
    delivered: u64,
    lost: u64,
    waiting: Option<Waiting>,
    withdraws: bool,
    /// How long it has waited for permits since the last progress.
    waited: Duration,
}

/// A flight that has no permit.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// For how many blocks the driver was asked, once it was.
    asked: Option<u64>,
    since: Instant,
    /// When one block leaves all the same.
    next_block_at: Instant,
}

impl Sender {
    /// Windows leave only as [`Self::handle_permit`] says. While one waits, single blocks of it leave, so
    /// that the client does not repeat itself or give up. Senders with other numbers in `spread` send them
    /// at other moments.
    #[must_use]
    pub fn metered(mut self, spread: u8) -> Self {
        let metering = Metering {
            spread,
            ..Metering::default()
        };
        self.metering = Some(Box::new(metering));
        self
    }

    /// What has become of its flights.
    pub fn poll_flight(&mut self) -> Option<FlightChange> {
        let blksize = u64::from(self.agreed.blksize);
        let wanted = self.flight_end().saturating_sub(self.next);
        let is_closed = self.is_closed();
        let metering = self.metering.as_deref_mut()?;
        if metering.delivered + metering.lost > 0 {
            return Some(FlightChange::Ended {
                delivered: std::mem::take(&mut metering.delivered) * blksize,
                lost: std::mem::take(&mut metering.lost) * blksize,
                left: metering.in_flight * blksize,
            });
        }
        if std::mem::take(&mut metering.withdraws) {
            return Some(FlightChange::Withdraws);
        }
        let waiting = metering.waiting.as_mut()?;
        let is_new = waiting.asked.is_none() && !is_closed;
        waiting.asked.get_or_insert(wanted);
        is_new.then_some(FlightChange::Asks {
            bytes: wanted * blksize,
        })
    }

    /// The flight that was asked for may leave. It counts as in flight from now on, whatever is left of it.
    /// `false`: no flight waits any more.
    pub fn handle_permit(&mut self, now: Instant) -> bool {
        let is_closed = self.is_closed();
        let Some(metering) = self.metering.as_deref_mut() else {
            return false;
        };
        let Some(waiting) = metering.waiting.take().filter(|_| !is_closed) else {
            return false;
        };
        metering.in_flight = waiting.asked.unwrap_or(0);
        metering.waited += now.saturating_duration_since(waiting.since);
        match &mut self.flight {
            Flight::Window(window) => {
                window.begin(now);
                self.send_burst(now);
            }
            _ => self.send_block(now),
        }
        true
    }

    pub(super) fn is_metered(&self) -> bool {
        self.metering.is_some()
    }

    /// A flight is ready, and waits for its permit.
    pub(super) fn wait_for_permit(&mut self, now: Instant) {
        let next_block_at = now + self.hold();
        let Some(metering) = self.metering.as_deref_mut() else {
            return;
        };
        metering.lose();
        let asked = metering.waiting.and_then(|waiting| waiting.asked);
        metering.waiting = Some(Waiting {
            asked,
            since: now,
            next_block_at,
        });
        self.arm();
    }

    /// So many blocks were acknowledged, and whether nothing else is in flight.
    pub(super) fn note_delivered(&mut self, blocks: u64, is_all: bool) {
        if let Some(metering) = self.metering.as_deref_mut() {
            let delivered = match is_all {
                true => metering.in_flight,
                false => blocks.min(metering.in_flight),
            };
            metering.in_flight -= delivered;
            metering.delivered += delivered;
        }
    }

    /// What is in flight counts as lost: nothing shows yet that it is not.
    pub(super) fn note_lost(&mut self) {
        if let Some(metering) = self.metering.as_deref_mut() {
            metering.lose();
        }
    }

    /// Patience does not run while nothing is sent for want of a permit.
    pub(super) fn time_without_permit(&self) -> Duration {
        self.metering
            .as_deref()
            .map_or(Duration::ZERO, |metering| metering.waited)
    }

    /// The peer has made progress.
    pub(super) fn note_progress(&mut self) {
        if let Some(metering) = self.metering.as_deref_mut() {
            metering.waited = Duration::ZERO;
        }
    }

    /// When the next block leaves without a permit, if the sender waits for one.
    pub(super) fn next_block_at(&self) -> Option<Instant> {
        let waiting = self.metering.as_deref()?.waiting?;
        Some(waiting.next_block_at)
    }

    /// One block of the flight that waits.
    pub(super) fn send_single(&mut self, now: Instant) {
        let (first, end, hold) = (self.next, self.flight_end(), self.hold());
        if first < end {
            self.fresh = self.high.max(first);
            self.next = first + 1;
            self.push_run(first, first + 1);
        }
        if let Some(metering) = self.metering.as_deref_mut()
            && let Some(waiting) = &mut metering.waiting
        {
            metering.waited += now.saturating_duration_since(waiting.since);
            waiting.since = now;
            waiting.next_block_at = now + hold;
            if self.next >= end {
                metering.waiting = None;
                metering.withdraws = true;
            }
        }
        self.sent(now);
    }

    /// How long a client is left without a block: not until it repeats its ACK.
    pub(super) fn hold(&self) -> Duration {
        let spread = self
            .metering
            .as_deref()
            .map_or(0, |metering| metering.spread);
        let longest = self.agreed.timeout.unwrap_or(HOLD).min(HOLD) * 4 / 5;
        longest * (256 + u32::from(spread)) / 512
    }

    fn flight_end(&self) -> u64 {
        match &self.flight {
            Flight::Window(window) => window.end(),
            _ => self.end_of_window(1),
        }
    }
}

impl Metering {
    fn lose(&mut self) {
        self.lost += std::mem::take(&mut self.in_flight);
    }
}

/// RFC 8085 §3.1 has a client wait for a second at least where it does not know the round trip. One that has
/// agreed to a time-out has said how long it waits.
const HOLD: Duration = Duration::from_secs(1);
