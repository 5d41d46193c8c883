//! Windows and silence.
#![allow(clippy::disallowed_methods, reason = "any moment to begin at")]

use super::*;
use crate::tftp::Agreed;
use crate::tftp::Packet;
use crate::tftp::Payload;
use crate::tftp::Rollover;
use crate::tftp::Timing;

const MS: Duration = Duration::from_millis(1);

/// A sender with windows of four whose round trip is known to be a millisecond, and whose second
/// window is on its way.
struct World {
    sender: Sender,
    now: Instant,
}

impl World {
    fn new() -> Self {
        let mut world = Self::with_windows_of(4);
        assert_eq!(world.sent(), [(1, 4)]);
        assert_eq!(world.ack(4), [(5, 8)]);
        world
    }

    /// The first window is on its way.
    fn with_windows_of(windowsize: u16) -> Self {
        let timing = Timing {
            patience: Duration::from_secs(20),
            dally: Duration::ZERO,
            unconfirmed_resends: None,
        };
        let agreed = Agreed {
            windowsize,
            ..Agreed::default()
        };
        let (now, length) = (Instant::now(), Some(1 << 20));
        let sender = Sender::new(now, agreed, Rollover::ToZero, timing, length, None);
        Self { sender, now }
    }

    /// Everything that is to be sent, as first and last blocks.
    fn sent(&mut self) -> Vec<(u64, u64)> {
        let runs = std::iter::from_fn(|| self.sender.poll_transmit());
        runs.map(|payload| match payload {
            Payload::Data(run) => (run.first, run.first + u64::from(run.count) - 1),
            other => panic!("{other:?}"),
        })
        .collect()
    }

    /// An ACK a millisecond later, and what it leads to.
    fn ack(&mut self, block: u16) -> Vec<(u64, u64)> {
        self.now += MS;
        self.sender.handle_packet(self.now, &Packet::Ack { block });
        self.sent()
    }

    /// What the time-out leads to, and how long it was.
    fn silence(&mut self) -> (u128, Vec<(u64, u64)>) {
        let due = self.sender.poll_timeout().expect("a deadline");
        let waited = due.saturating_duration_since(self.now).as_millis();
        self.now = due;
        self.sender.handle_timeout(self.now);
        (waited, self.sent())
    }
}

#[test]
fn a_client_that_is_slow_once_is_sent_one_block_twice_after_200_ms_and_no_window() {
    let mut world = World::new();
    assert_eq!(world.silence(), (200, vec![(8, 8)]));
    assert_eq!(world.ack(8), [(9, 12)]);
    // The repeat is acknowledged as well: it was needless.
    assert_eq!(world.ack(8), []);
    assert_eq!(world.silence().0, 399);
}

#[test]
fn in_silence_one_block_asks_then_the_flight_goes_and_only_then_one_block_more() {
    let mut world = World::new();
    let flights: Vec<_> = (0..6).map(|_| world.silence()).collect();
    let expected = [
        (200, vec![(8, 8)]),
        (200, vec![(8, 8)]),
        (400, vec![(5, 8)]),
        (800, vec![(9, 9)]),
        (1600, vec![(9, 9)]),
    ];
    assert_eq!(flights[..5], expected);
    assert_eq!(
        flights[5].1,
        [(5, 6)],
        "half of it, and the rest after a pause"
    );
}

#[test]
fn a_gap_is_answered_once_however_often_it_is_reported() {
    let mut world = World::new();
    assert_eq!(world.ack(5), [(6, 9)]);
    assert_eq!(world.ack(5), [], "EDK2 says it once for each block");
    assert_eq!(world.ack(5), []);
    assert_eq!(world.ack(9), [(10, 13)]);
}

/// U-Boot had the blocks, and their second coming makes it say so: what is on its way stays there, and
/// the window goes on from there.
#[test]
fn an_ack_of_all_that_was_sent_twice_is_no_gap() {
    let mut world = World::new();
    assert_eq!(world.ack(6), [(7, 10)]);
    assert_eq!(world.ack(8), [(11, 12)]);
    assert_eq!(world.ack(12), [(13, 16)]);
    assert_eq!(world.sender.stats().resent, 2);
}

/// It repeats its ACK every five seconds and nothing else: whatever was sent before, it is answered.
#[test]
fn a_clients_own_timer_is_answered_at_once_with_the_flight() {
    let mut world = World::new();
    for _ in 0..5 {
        world.silence();
    }
    for _ in 0..2 {
        world.now += 600 * MS;
        assert_eq!(world.ack(4)[0].0, 5);
    }
}

#[test]
fn an_ack_from_a_flight_that_has_been_replaced_is_progress() {
    let mut world = World::new();
    assert_eq!(world.ack(5), [(6, 9)]);
    world.silence();
    world.silence();
    assert_eq!(world.silence().1, [(6, 9)]);
    assert_eq!(world.ack(9), [(10, 13)]);
    assert_eq!(world.ack(6), [], "superseded");
}

/// Its first round trip was a second long, as the first ACK was lost and it repeated it by its timer: all its
/// reports seemed to come too soon to be some. To the end of the file the whole window left at each beat of its timer.
#[test]
fn before_a_clients_own_timer_a_flight_has_shown_how_much_the_client_can_take() {
    let mut world = World::with_windows_of(16);
    assert_eq!(world.sent(), [(1, 16)]);
    world.now += 999 * MS;
    assert_eq!(world.ack(16), [(17, 32)]);
    let mut acknowledged = 16;
    for _ in 0..3 {
        world.now += 600 * MS;
        assert_eq!(world.ack(acknowledged).len(), 1);
        world.ack(acknowledged + 1);
        acknowledged += 1;
    }
    world.now += 600 * MS;
    let next = u64::from(acknowledged) + 1;
    assert_eq!(world.ack(acknowledged), [(next, next)], "a burst that fits");
}
