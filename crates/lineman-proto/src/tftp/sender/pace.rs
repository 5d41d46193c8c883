//! How fast the blocks of a window leave, for a receiver whose buffers hold less than a window.

use std::time::Duration;

/// Bursts and pauses within a window.
///
/// Some receivers agree to a window that their receive ring cannot hold (U-Boot: four packets), and
/// lose the rest of each. A sender may not answer with smaller windows: RFC 7440 §4 has a receiver
/// acknowledge after `windowsize` blocks or a time-out, so it would wait for the missing ones, five
/// seconds at a time. What it may choose is when the blocks of a window leave (§5 suggests pauses
/// between them). So after some flights in a row that lost something at the same place the window
/// goes out in bursts of what the receiver has shown that it can take, with pauses in which it
/// empties its ring. A window then takes some pauses more than a round trip, and no time-out.
///
/// Losses here and there change nothing: the network loses too. What overflows is mostly lost in
/// silence, for nothing behind it arrives either; behind a packet that the network has lost others
/// arrive, and are answered at once. So what was answered is weaker evidence. After some clean
/// windows more is tried; where that fails at the place where it must if the receiver is the reason,
/// what worked before is returned to, and the next attempt waits twice as long. Where bursts that
/// should fit lose something too, now here and now there, it was the network: bursts end, and the
/// next suspicion needs more. Where windows differ in size, only one that is larger than what the
/// receiver seems to hold says something by arriving.
#[derive(Debug)]
pub(super) struct Pace {
    now: Level,
    /// What worked before the attempt that is under way.
    before: Option<Level>,
    /// How much speaks for the receiver: flights in a row that have lost all behind about the same
    /// block, each with its weight.
    alike: u32,
    /// How much of that is needed to be sure.
    proof: u32,
    /// How much speaks against, since there are bursts.
    doubt: u32,
    /// The block.
    taken: u64,
    /// Of a window of so many.
    lost_of: u64,
    /// Windows without, in a row.
    clean: u32,
    /// So many of them before more is tried.
    patience: u32,
}

/// How a loss was heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// The receiver said so by itself, as something behind the gap had arrived.
    Answer = 1,
    /// It had to be asked.
    Silence = 3,
}

/// What a receiver has shown that it can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tftp) struct Level {
    /// Blocks that leave together.
    burst: u64,
    /// How long to wait behind them.
    pause: Duration,
}

impl Level {
    /// Whether a receiver that can take this and no more loses all behind so many blocks when more
    /// is tried.
    fn explains(&self, taken: u64) -> bool {
        (self.burst.saturating_sub(LIKENESS)..=self.burst.saturating_mul(2)).contains(&taken)
    }
}

impl Pace {
    pub(super) fn new() -> Self {
        Self::needing(PROOF)
    }

    /// An earlier transfer has shown what the receiver can take.
    pub(super) fn knowing(level: Level) -> Self {
        Self {
            now: level,
            ..Self::new()
        }
    }

    /// What the receiver has shown that it can take, if that is less than any window.
    pub(super) fn level(&self) -> Option<Level> {
        let level = self.before.unwrap_or(self.now);
        (level.burst < u64::MAX).then_some(level)
    }

    fn needing(proof: u32) -> Self {
        Self {
            now: Level {
                burst: u64::MAX,
                pause: SHORTEST_PAUSE,
            },
            before: None,
            alike: 0,
            proof,
            doubt: 0,
            taken: 0,
            lost_of: 0,
            clean: 0,
            patience: CLEAN_WINDOWS,
        }
    }

    /// Blocks that leave together.
    pub(super) fn burst(&self) -> u64 {
        self.now.burst
    }

    /// How long to wait behind them.
    pub(super) fn pause(&self) -> Duration {
        self.now.pause
    }

    /// A flight lost something: of a window of so many blocks the first `taken` have arrived.
    pub(super) fn lost(&mut self, window: u64, taken: u64, evidence: Evidence) {
        let weight = evidence as u32;
        if taken.abs_diff(self.taken) <= LIKENESS {
            self.alike += weight;
            self.clean = 0;
        } else {
            self.alike = weight;
            let is_paced = self.now.burst < window;
            let is_cheap = window <= CHEAP;
            self.doubt += if is_paced && is_cheap { DOUBT } else { 0 };
        }
        (self.taken, self.lost_of) = (taken, window);
        if self.doubt >= REFUTED {
            *self = Self::needing((self.proof * 2).min(MOST_PROOF));
        } else if let Some(before) = self.before.take_if(|before| before.explains(taken)) {
            self.now = before;
            self.patience = (self.patience * 2).min(MOST_PATIENCE);
        } else if self.alike >= self.proof {
            self.tighten(window, taken);
        }
    }

    /// A flight was lost from its first block on, or nobody knows how much of it.
    pub(super) fn silence(&mut self, window: u64) {
        let taken = match self.before {
            _ if self.alike > 0 => self.taken, // what overflows once in silence does so again
            Some(before) => before.burst.min(window), // the attempt was too much
            None => self.now.burst.min(window) / 2,
        };
        // One that should have fitted was the network's.
        if taken < window {
            self.lost(window, taken, Evidence::Silence);
        }
    }

    /// Flights are lost again and again, whole or nobody knows how much of them.
    pub(super) fn halve(&mut self, window: u64) {
        self.now.burst = (self.now.burst.min(window) / 2).max(1);
        self.before = None;
        self.clean = 0;
    }

    /// All of a window has arrived.
    pub(super) fn whole(&mut self, window: u64) {
        // The client may ask for another size with each ACK (`msftwindow`).
        let fits_as_suspected = window < self.lost_of && window <= self.taken + LIKENESS;
        if !fits_as_suspected {
            self.alike = 0;
        }
        self.doubt = self.doubt.saturating_sub(1);
        if self.now.burst < window {
            self.clean += 1;
            if self.clean >= self.patience {
                self.clean = 0;
                self.before = Some(self.now);
                self.widen(window.max(self.lost_of));
            }
        }
    }

    fn tighten(&mut self, window: u64, taken: u64) {
        let sent = self.now.burst.min(window);
        if taken < sent {
            // The first burst did not fit: this is what did.
            self.now.burst = taken.clamp(1, (sent / 2).max(1));
        } else {
            // It did, and a later one did not: there was no time to make room.
            self.now.pause = (self.now.pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn widen(&mut self, window: u64) {
        if self.now.pause > SHORTEST_PAUSE {
            self.now.pause = (self.now.pause / 2).max(SHORTEST_PAUSE);
        } else {
            self.now.burst += self.now.burst.div_ceil(2);
            if self.now.burst >= window {
                self.now.burst = u64::MAX;
            }
        }
    }
}

/// Timers are no finer.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// Less than any time-out: a pause must not look like silence.
const LONGEST_PAUSE: Duration = Duration::from_millis(8);
/// The network's losses seldom come so often in a row at one place; a receiver's always do.
const PROOF: u32 = 9;
/// While a burst arrives, a receiver may make room for a packet, or not.
const LIKENESS: u64 = 1;
/// With one window of two damaged at random it takes about eight to end the bursts; with one of five
/// what speaks against them is forgotten sooner than it gathers.
const DOUBT: u32 = 3;
const REFUTED: u32 = 10;
/// Bursts within larger windows are not doubted: where a seventh is lost, a whole window costs twenty
/// packets a block, for most of it is sent in vain.
const CHEAP: u64 = 32;
const MOST_PROOF: u32 = 4 * PROOF;
const CLEAN_WINDOWS: u32 = 8;
const MOST_PATIENCE: u32 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    /// One request that nobody answered, forged or only asking for the length, had it forgotten.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "any moment to begin at")]
    fn what_a_receiver_can_take_is_known_behind_a_transfer_that_was_never_answered() {
        let level = Level {
            burst: 4,
            pause: SHORTEST_PAUSE,
        };
        let learned = crate::tftp::client_history::Learned {
            level: Some(level),
            ..Default::default()
        };
        let agreed = crate::tftp::Agreed {
            windowsize: 16,
            ..Default::default()
        };
        let timing = crate::tftp::Timing {
            patience: Duration::from_secs(20),
            dally: Duration::ZERO,
            unconfirmed_resends: Some(1),
        };
        let sender = crate::tftp::sender::Sender::new(
            std::time::Instant::now(),
            agreed,
            crate::tftp::Rollover::ToZero,
            timing,
            Some(1 << 20),
            Some(vec![0, 6]),
        );
        assert_eq!(sender.knowing(&learned).learned().level, Some(level));
    }

    #[test]
    fn losses_here_and_there_are_the_networks_and_three_at_one_place_the_receivers() {
        let mut pace = Pace::new();
        pace.lost(16, 4, Evidence::Silence);
        pace.lost(16, 4, Evidence::Silence);
        pace.whole(16);
        pace.lost(16, 4, Evidence::Silence);
        pace.lost(16, 4, Evidence::Silence);
        pace.lost(16, 9, Evidence::Silence);
        pace.lost(16, 4, Evidence::Silence);
        pace.lost(16, 4, Evidence::Silence);
        assert_eq!(pace.burst(), u64::MAX);
        pace.lost(16, 4, Evidence::Silence);
        assert_eq!((pace.burst(), pace.pause()), (4, SHORTEST_PAUSE));
    }

    #[test]
    fn a_burst_that_arrived_needs_a_longer_pause_and_another_a_smaller_burst() {
        let mut pace = Pace::new();
        for _ in 0..4 {
            pace.lost(16, 6, Evidence::Silence);
        }
        assert_eq!((pace.burst(), pace.pause()), (6, SHORTEST_PAUSE * 2));
        for _ in 0..3 {
            pace.lost(16, 0, Evidence::Silence);
        }
        assert_eq!(pace.burst(), 1);
        for _ in 0..9 {
            pace.lost(16, 1, Evidence::Silence);
        }
        assert_eq!(pace.pause(), LONGEST_PAUSE);
    }

    #[test]
    fn more_is_tried_after_clean_windows_and_ever_later_where_it_failed() {
        let mut pace = Pace::new();
        for _ in 0..3 {
            pace.lost(16, 4, Evidence::Silence);
        }
        let mut attempts = Vec::new();
        for window in 1..200 {
            pace.whole(16);
            if pace.burst() > 4 {
                attempts.push(window);
                pace.lost(16, 4, Evidence::Silence);
                assert_eq!(pace.burst(), 4);
            }
        }
        assert_eq!(attempts, [8, 24, 56, 120]);
    }

    #[test]
    fn bursts_that_lose_here_and_there_are_given_up_and_need_more_proof_the_next_time() {
        let mut pace = Pace::new();
        for _ in 0..3 {
            pace.lost(16, 8, Evidence::Silence);
        }
        assert_eq!(pace.burst(), 8);
        for taken in [1, 13, 4] {
            pace.whole(16);
            pace.lost(16, taken, Evidence::Answer);
        }
        assert_eq!(pace.burst(), 8, "once more and they are");
        pace.lost(16, 10, Evidence::Answer);
        assert_eq!(pace.burst(), u64::MAX);
        for _ in 0..5 {
            pace.lost(16, 8, Evidence::Silence);
        }
        assert_eq!(pace.burst(), u64::MAX);
        pace.lost(16, 8, Evidence::Silence);
        assert_eq!(pace.burst(), 8);
    }

    #[test]
    fn an_attempt_that_loses_elsewhere_goes_on() {
        let mut pace = Pace::new();
        for _ in 0..3 {
            pace.lost(16, 4, Evidence::Silence);
        }
        for _ in 0..8 {
            pace.whole(16);
        }
        assert_eq!(pace.burst(), 6);
        pace.lost(16, 13, Evidence::Answer);
        assert_eq!(pace.burst(), 6);
        pace.lost(16, 4, Evidence::Silence);
        assert_eq!(pace.burst(), 4);
    }

    #[test]
    fn an_attempt_that_ends_in_silence_has_failed_whatever_the_ring_holds() {
        let mut pace = Pace::new();
        for _ in 0..3 {
            pace.lost(16, 8, Evidence::Silence);
        }
        for _ in 0..8 {
            pace.whole(16);
        }
        assert_eq!(pace.burst(), 12);
        pace.silence(16);
        assert_eq!(pace.burst(), 8);
    }

    /// Who asked for 64, 64, 1 and so on, and could hold one, got windows of 64 to the end of the file.
    #[test]
    fn small_windows_that_arrive_do_not_hide_that_large_ones_never_do() {
        let mut pace = Pace::new();
        for _ in 0..9 {
            pace.lost(64, 1, Evidence::Answer);
            pace.whole(1);
        }
        assert_eq!(pace.burst(), 1);
        for _ in 0..8 * 4 {
            pace.whole(1);
        }
        assert_eq!(pace.burst(), 1, "nor are they an attempt");
        for _ in 0..8 {
            pace.whole(2);
        }
        assert_eq!(pace.burst(), 2, "not all, as all of two");
        let mut pace = Pace::new();
        for _ in 0..9 {
            pace.lost(64, 1, Evidence::Answer);
            pace.whole(3);
        }
        assert_eq!(pace.burst(), u64::MAX, "more than it seemed to hold");
    }

    #[test]
    fn a_small_window_that_is_lost_whole_says_nothing_of_the_ring() {
        let mut pace = Pace::new();
        pace.lost(64, 5, Evidence::Answer);
        for _ in 0..9 {
            pace.silence(5);
        }
        assert_eq!(pace.burst(), u64::MAX);
    }

    #[test]
    fn a_receiver_that_can_take_all_gets_all_again() {
        let mut pace = Pace::new();
        for _ in 0..3 {
            pace.lost(16, 4, Evidence::Silence);
        }
        for _ in 0..8 * 4 {
            pace.whole(16);
        }
        assert_eq!(pace.burst(), u64::MAX);
    }
}
