//! How much all transfers together may have in flight.
//!
//! A client's `windowsize` says what the *client* can take; nobody says what the way to a thousand clients
//! can. TCP finds that out for each connection (RFC 5681). A TFTP transfer cannot do so alone: a
//! receiver acknowledges whole windows (RFC 7440 §4), so that a smaller one costs a time-out of the client each time.
//! So the transfers of a server share one congestion window, as RFC 3124 has it for the connections of a
//! host. Where it is full, a flight waits: those under way go on, and new ones begin when others have
//! ended. The window grows as long as more arrives for it, and shrinks to what has arrived where much is lost.

use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

/// The congestion window of many transfers, and who waits for room in it. `K` names a transfer.
#[derive(Debug)]
pub struct CongestionWindow<K> {
    /// Bytes that may be in flight.
    size: u64,
    /// Bytes in flight.
    in_flight: u64,
    /// How many transfers have something in flight.
    flights: usize,
    /// So many of them never wait.
    free: usize,
    waiting: VecDeque<(K, u64)>,
    round: Option<Round>,
    growth: Growth,
}

/// What has become of as much as the window was large when it began.
#[derive(Clone, Copy, Debug)]
struct Round {
    began: Instant,
    /// Bytes until its end.
    left: u64,
    delivered: u64,
    lost: u64,
}

/// How the window grows.
#[derive(Clone, Copy, Debug)]
enum Growth {
    /// Twofold each round, until something is lost (RFC 5681 §3.1: slow start).
    SlowStart,
    /// Whether a larger window carries more: behind the narrowest link it only waits longer, and then is lost.
    /// `before` it was so large, and so many bytes a second arrived.
    Tries { before: u64, rate: u64, rounds: u8 },
    /// It carries no more; the next attempt is made then.
    Rests { until: Instant },
}

impl<K: PartialEq> CongestionWindow<K> {
    /// An empty one of the initial size.
    pub fn new() -> Self {
        Self {
            size: INITIAL,
            in_flight: 0,
            flights: 0,
            free: FEW,
            waiting: VecDeque::new(),
            round: None,
            growth: Growth::SlowStart,
        }
    }

    /// A transfer, with nothing in flight, asks for a flight of so many bytes. `turn` is what it has sent
    /// since it waited last: once something was lost, those under way go before those that wait, up to 4 MiB at a turn.
    /// `false`: it waits, and [`Self::next`] will name it.
    pub fn ask(&mut self, now: Instant, transfer: K, bytes: u64, turn: u64) -> bool {
        // Before that the window is about to grow to what all need, and the first blocks are to come soon.
        let is_full = !matches!(self.growth, Growth::SlowStart);
        let is_under_way = is_full && (1..TURN).contains(&turn);
        if (is_under_way || self.waiting.is_empty()) && self.has_room(bytes) {
            self.take(now, bytes);
            return true;
        }
        if is_under_way {
            self.waiting.push_front((transfer, bytes));
        } else {
            self.waiting.push_back((transfer, bytes));
        }
        false
    }

    /// Of a flight so many bytes have arrived, or are lost, and `left` are still in flight.
    pub fn note(&mut self, now: Instant, delivered: u64, lost: u64, left: u64) {
        let ended = delivered + lost;
        self.in_flight = self.in_flight.saturating_sub(ended);
        self.flights = self.flights.saturating_sub(usize::from(left == 0));
        let Some(round) = &mut self.round else {
            return;
        };
        round.delivered += delivered;
        round.lost += lost;
        round.left = round.left.saturating_sub(ended);
        if round.left == 0 {
            let round = *round;
            self.round = None;
            self.end_round(now, &round);
        }
    }

    /// A transfer with so many bytes in flight has ended.
    pub fn forget(&mut self, transfer: &K, in_flight: u64) {
        if in_flight > 0 {
            self.in_flight = self.in_flight.saturating_sub(in_flight);
            self.flights = self.flights.saturating_sub(1);
        }
        self.withdraw(transfer);
    }

    /// A transfer waits no more. Whether it did: else it has its room.
    pub fn withdraw(&mut self, transfer: &K) -> bool {
        let waits = |(waiting, _): &(K, u64)| waiting == transfer;
        let place = self.waiting.iter().position(waits);
        place.and_then(|place| self.waiting.remove(place)).is_some()
    }

    /// The next transfer whose flight may leave: it is in flight now.
    pub fn next(&mut self, now: Instant) -> Option<K> {
        let &(_, bytes) = self.waiting.front()?;
        if !self.has_room(bytes) {
            return None;
        }
        self.take(now, bytes);
        self.waiting.pop_front().map(|(transfer, _)| transfer)
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Bytes that may be in flight.
    pub fn size(&self) -> u64 {
        self.size
    }

    fn has_room(&self, bytes: u64) -> bool {
        self.flights < self.free || self.in_flight + bytes <= self.size
    }

    fn take(&mut self, now: Instant, bytes: u64) {
        self.in_flight += bytes;
        self.flights += 1;
        let left = self.size;
        self.round.get_or_insert(Round {
            began: now,
            left,
            delivered: 0,
            lost: 0,
        });
    }

    fn end_round(&mut self, now: Instant, round: &Round) {
        if round.lost > (round.delivered + round.lost) / MOST_LOST {
            let arrived = round.delivered - round.delivered / 4;
            self.size = arrived.clamp(LEAST, self.size.max(LEAST));
            self.free = FEWEST;
            self.growth = Growth::Rests { until: now + REST };
            return;
        }
        // A window that nobody has used up shows nothing (RFC 7661).
        if self.waiting.is_empty() {
            self.free = FEW;
            return;
        }
        let nanos = now.saturating_duration_since(round.began).as_nanos().max(1);
        let arrived = (u128::from(round.delivered) * 1_000_000_000 / nanos) as u64;
        self.growth = match self.growth {
            Growth::SlowStart => {
                self.size *= 2;
                Growth::SlowStart
            }
            Growth::Tries { rate, .. } if arrived > rate + rate / 8 => self.try_more(arrived),
            Growth::Tries {
                before,
                rate,
                rounds,
            } if rounds < ROUNDS => Growth::Tries {
                before,
                rate,
                rounds: rounds + 1,
            },
            Growth::Tries { before, .. } => {
                self.size = before;
                Growth::Rests { until: now + REST }
            }
            Growth::Rests { until } if now >= until => self.try_more(arrived),
            rests @ Growth::Rests { .. } => rests,
        };
    }

    fn try_more(&mut self, rate: u64) -> Growth {
        let before = self.size;
        self.size += before / 4;
        Growth::Tries {
            before,
            rate,
            rounds: 0,
        }
    }
}

impl<K: PartialEq> Default for CongestionWindow<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// Bytes at the beginning: what a single client may have in flight, and the queue of a switch holds. With a
/// quarter of it the last of 1,000 clients with windows of 8 had its first block after 0.2 s, without any bound after 0.12.
const INITIAL: u64 = 1 << 20;
/// It does not shrink below this: some flights at a time are the least that uses a way at all.
const LEAST: u64 = 64 << 10;
/// So few flights never wait for each other: their clients' windows bound what they do.
const FEW: usize = 8;
/// The same where much is lost: two, so that one client that is gone or slow does not stop the others.
const FEWEST: usize = 2;
/// What one transfer may send before it lets others go first, in bytes: a boot loader or a small kernel.
const TURN: u64 = 4 << 20;
/// A loss of more than a quarter is no bad cable: the way is full.
const MOST_LOST: u64 = 4;
/// Rounds in which a larger window has to show that it carries more: one may have met a busy processor.
const ROUNDS: u8 = 3;
/// From one attempt to the next.
const REST: Duration = Duration::from_secs(1);

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "any moment to begin at")]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const FLIGHT: u64 = 32 << 10;

    /// As many transfers as have room, and one that waits.
    fn full(now: Instant) -> (CongestionWindow<u32>, u32) {
        let mut window = CongestionWindow::new();
        let granted = (0..).take_while(|n| window.ask(now, *n, FLIGHT, 0)).count();
        (window, granted as u32)
    }

    #[test]
    fn few_flights_never_wait() {
        let now = Instant::now();
        let mut window = CongestionWindow::new();
        for n in 0..FEW as u32 {
            assert!(window.ask(now, n, 1 << 20, 0));
        }
        assert!(!window.ask(now, 99, 1, 0));
    }

    #[test]
    fn who_is_under_way_goes_before_those_that_wait_until_its_turn_is_over() {
        let now = Instant::now();
        let (mut window, granted) = full(now);
        window.growth = Growth::Rests { until: now + REST };
        window.note(now, FLIGHT, 0, 0);
        assert!(window.ask(now, 0, FLIGHT, FLIGHT), "under way");
        window.note(now, FLIGHT, 0, 0);
        assert!(!window.ask(now, 0, FLIGHT, TURN), "its turn is over");
        assert_eq!(window.next(now), Some(granted), "who has waited longest");
    }

    #[test]
    fn until_something_is_lost_who_waits_for_a_first_block_goes_first() {
        let now = Instant::now();
        let (mut window, granted) = full(now);
        window.note(now, FLIGHT, 0, 0);
        assert!(!window.ask(now, 0, FLIGHT, FLIGHT));
        assert_eq!(window.next(now), Some(granted));
    }

    #[test]
    fn it_doubles_while_everything_arrives_and_somebody_waits() {
        let mut now = Instant::now();
        let (mut window, granted) = full(now);
        for _ in 0..granted {
            now += MS;
            window.note(now, FLIGHT, 0, 0);
        }
        assert_eq!(window.size(), 2 * INITIAL);
        let mut idle = CongestionWindow::new();
        for n in 0..100 {
            assert!(idle.ask(now, n, FLIGHT, 0));
            idle.note(now, FLIGHT, 0, 0);
        }
        assert_eq!(idle.size(), INITIAL, "nobody has used it up");
    }

    #[test]
    fn where_much_is_lost_it_shrinks_to_what_arrives_but_not_to_nothing() {
        let now = Instant::now();
        let (mut window, granted) = full(now);
        for _ in 0..granted / 2 {
            window.note(now, FLIGHT, 0, 0);
        }
        for _ in granted / 2..granted {
            window.note(now, 0, FLIGHT, 0);
        }
        assert_eq!(window.size(), INITIAL / 2 * 3 / 4);
        for _ in 0..99 {
            while window.next(now).is_some() {}
            window.ask(now, 7, FLIGHT, 0);
            for _ in 0..99 {
                window.note(now, 0, FLIGHT, 0);
            }
        }
        assert_eq!(window.size(), LEAST);
    }

    /// One lossy client among many that lose nothing changes nothing for them.
    #[test]
    fn a_loss_here_and_there_shrinks_nothing() {
        let now = Instant::now();
        let (mut window, granted) = full(now);
        window.note(now, 0, FLIGHT, 0);
        for _ in 1..granted {
            window.note(now, FLIGHT, 0, 0);
        }
        assert!(window.size() >= INITIAL);
    }

    /// Behind the narrowest link a larger window carries no more.
    #[test]
    fn after_a_loss_it_grows_only_while_more_arrives_for_it() {
        let mut now = Instant::now();
        let (mut window, granted) = full(now);
        for _ in 0..granted {
            window.note(now, FLIGHT / 2, FLIGHT / 2, 0);
        }
        let settled = window.size();
        for nth in 0..2000 {
            now += MS; // a flight arrives each millisecond, however many are on their way
            window.note(now, FLIGHT, 0, 0);
            window.ask(now, 1000 + nth, FLIGHT, 0);
            while window.next(now).is_some() {}
            assert!(window.size() <= settled + settled / 4, "{}", window.size());
        }
    }

    #[test]
    fn what_a_transfer_had_in_flight_is_given_back_when_it_ends() {
        let now = Instant::now();
        let (mut window, granted) = full(now);
        window.forget(&granted, 0);
        assert_eq!(window.waiting(), 0);
        assert!(!window.ask(now, 99, FLIGHT, 0));
        window.forget(&0, FLIGHT);
        assert_eq!(window.next(now), Some(99));
        assert!(!window.withdraw(&99), "it has its room");
    }
}
