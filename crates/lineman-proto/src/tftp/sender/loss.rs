//! When a block counts as lost: the only place that knows time-outs.
//!
//! There is one timer. It runs from what was sent last, and when it expires, something is sent
//! again: that is the probe time-out of RFC 9002 §6.2 and RFC 8985 §7, and there is no other. How
//! long it is depends on what the path to this client has shown. A client that answers late is
//! mostly waiting for a processor, and some clients die of a block that comes twice. So silence
//! counts for little until something was certainly lost, and for less again each time that a repeat
//! was needless, which the second answer shows (RFC 3522, RFC 5682).

use std::ops::Range;
use std::time::Duration;
use std::time::Instant;

use crate::tftp::Rto;

/// Round trips, time-outs, and what is proven about losses.
#[derive(Debug)]
pub(super) struct LossDetector {
    rto: Rto,
    /// How long the client takes over each block of a window, at least.
    per_block: Duration,
    path: Path,
    /// Blocks that time-outs have sent again, less those that were acknowledged since.
    spent: u64,
    /// Time-outs in a row, since the peer has made progress.
    timeouts: u32,
    repeat: Option<Repeat>,
}

/// What is known of the path to a client. It outlives a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tftp) struct Path {
    /// Something was lost on it.
    lossy: bool,
    /// The shortest time-out while it is not.
    patient: Duration,
    /// The shortest once it is.
    quick: Duration,
    /// Repeats in a row that were needed, since `quick` changed.
    useful: u8,
}

/// The last repeat, until it is certain whether it was needed.
#[derive(Clone, Copy, Debug)]
struct Repeat {
    cause: Cause,
    at: Instant,
    /// The first of its blocks.
    first: u64,
    /// The block behind its last.
    end: u64,
    /// An ACK has covered one of them.
    is_answered: bool,
    /// What was known of the path before.
    before: Path,
}

/// Why something was sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The time-out has expired.
    Silence,
    /// The receiver has reported a gap.
    Report,
}

impl LossDetector {
    pub(super) fn new() -> Self {
        Self {
            rto: Rto::new(Duration::ZERO),
            per_block: Duration::ZERO,
            path: Path::NEW,
            spent: 0,
            timeouts: 0,
            repeat: None,
        }
    }

    pub(super) fn path(&self) -> Path {
        self.path
    }

    /// An earlier transfer has shown what the path is like.
    pub(super) fn know(&mut self, path: Path) {
        self.path = path;
    }

    /// The present time-out, from what was sent last, with so many blocks in flight.
    pub(super) fn wait(&self, in_flight: u64) -> Duration {
        let floor = if self.path.lossy {
            self.path.quick
        } else {
            self.path.patient
        };
        // The second repeat need not wait longer than the first: either may have been lost alone.
        let doublings = self.timeouts.saturating_sub(1).min(MOST_DOUBLINGS);
        let blocks = in_flight.min(u16::MAX.into()) as u32;
        let handled = self.rto.fastest() + self.per_block * blocks * 3 / 2;
        let wait = self.rto.current().max(floor).max(handled.min(Rto::CEILING));
        (wait * (1 << doublings)).min(Rto::CEILING.max(wait))
    }

    /// Time-outs in a row, since the peer has made progress.
    pub(super) fn timeouts(&self) -> u32 {
        self.timeouts
    }

    /// Whether an ACK can answer what left `since` ago.
    pub(super) fn can_answer(&self, since: Duration) -> bool {
        since >= self.rto.fastest() / 2
    }

    /// The time-out has expired.
    pub(super) fn timed_out(&mut self) {
        self.timeouts = self.timeouts.saturating_add(1);
    }

    /// These blocks leave once more.
    pub(super) fn repeats(&mut self, now: Instant, cause: Cause, blocks: Range<u64>) {
        if cause == Cause::Silence {
            self.spend(blocks.end - blocks.start);
        }
        let unanswered = self.repeat.filter(|repeat| !repeat.is_answered);
        self.repeat = Some(Repeat {
            cause,
            at: now,
            first: unanswered.map_or(blocks.start, |repeat| repeat.first.min(blocks.start)),
            end: unanswered.map_or(blocks.end, |repeat| repeat.end.max(blocks.end)),
            is_answered: false,
            before: unanswered.map_or(self.path, |repeat| repeat.before),
        });
    }

    /// The receiver has reported a gap by itself: something is lost.
    pub(super) fn reported(&mut self) {
        self.path.lossy = true;
    }

    /// Whatever ACKs seem to say: where time-outs send more than arrives, they are too short.
    fn spend(&mut self, blocks: u64) {
        self.spent += blocks;
        if self.spent > MOST_SPENT {
            self.spent = 0;
            self.path.lengthen();
        }
    }

    /// An ACK up to `block` makes progress by so many blocks.
    pub(super) fn progress(&mut self, now: Instant, block: u64, blocks: u64) {
        self.timeouts = 0;
        self.spent = self.spent.saturating_sub(blocks);
        let Some(repeat) = &mut self.repeat else {
            return;
        };
        if repeat.is_answered {
            if block >= repeat.end + MOST_BETWEEN {
                self.repeat = None;
            }
            return;
        }
        if block < repeat.first {
            return;
        }
        repeat.is_answered = true;
        if now.saturating_duration_since(repeat.at) < self.rto.fastest() / 2 {
            // Too soon for an answer to the repeat: it answers the original.
            self.needless();
        } else {
            self.path.lossy = true;
            self.path.note_useful();
        }
    }

    /// An ACK of `block` comes once more. Why the last repeat left, if this shows that it was needless:
    /// what was sent twice and has arrived twice is acknowledged twice.
    pub(super) fn repeated(&mut self, block: u64) -> Option<Cause> {
        let repeat = self
            .repeat
            .filter(|repeat| repeat.is_answered && (repeat.first..repeat.end).contains(&block))?;
        self.needless();
        Some(repeat.cause)
    }

    /// The last repeat was needless: what it seemed to show is forgotten, and the time-out gets longer.
    pub(super) fn needless(&mut self) {
        let Some(repeat) = self.repeat.take() else {
            return;
        };
        self.path = repeat.before;
        if repeat.cause == Cause::Silence {
            self.path.lengthen();
        }
    }

    /// A measured round trip; Karn's rule is the caller's.
    pub(super) fn sample(&mut self, round_trip: Duration) {
        self.rto.sample(round_trip);
    }

    /// The same for so many blocks of a window: the report of a gap comes sooner than the ACK of a whole
    /// window would.
    pub(super) fn sample_blocks(&mut self, round_trip: Duration, blocks: u64) {
        self.sample(round_trip);
        let blocks = blocks.clamp(1, u16::MAX.into()) as u32;
        let each = round_trip.saturating_sub(self.rto.fastest()) / blocks;
        self.per_block = (self.per_block * 3 + each) / 4;
    }
}

impl Default for Path {
    fn default() -> Self {
        Self::NEW
    }
}

impl Path {
    /// Nothing is known.
    pub(in crate::tftp) const NEW: Self = Self {
        lossy: false,
        patient: PATIENT,
        quick: QUICK,
        useful: 0,
    };

    /// A repeat was needless: the next waits longer.
    pub(in crate::tftp) fn lengthen(&mut self) {
        self.useful = 0;
        if self.lossy && self.quick < self.patient {
            self.quick = (self.quick * 2).min(self.patient);
        } else {
            self.patient = (self.patient * 2).min(LONGEST_FLOOR);
            self.quick = self.patient.min(self.quick * 2);
        }
    }

    /// What is needed again and again may come sooner again.
    fn note_useful(&mut self) {
        self.useful += 1;
        if self.useful >= USEFUL {
            self.useful = 0;
            self.quick = (self.quick / 2).max(QUICK);
        }
    }
}

/// The shortest time-out while nothing shows that the path loses anything: longer than a client with
/// competition waits for its processor. RFC 6298 has a second, TCP in the field as much as this.
const PATIENT: Duration = Duration::from_millis(200);
/// The shortest on a path that loses: with 5 % of losses 1 ms took half of the time of a transfer.
const QUICK: Duration = Duration::from_micros(500);
/// No needless repeat makes the shortest time-out longer than this; RFC 6298 §2.4 has a second.
const LONGEST_FLOOR: Duration = Duration::from_millis(1600);
/// So many useful repeats in a row for each halving of the shortest time-out: one needless repeat in
/// nine is a fair price for speed on a path that loses.
const USEFUL: u8 = 8;
/// A window or two of the usual sizes.
const MOST_SPENT: u64 = 64;
/// Half a millisecond doubled so often is beyond any ceiling.
const MOST_DOUBLINGS: u32 = 16;
/// A second answer comes no later than with the ACKs of a window or two behind the first.
const MOST_BETWEEN: u64 = 128;

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "any moment to begin at")]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn detector() -> (Instant, LossDetector) {
        let mut detector = LossDetector::new();
        assert_eq!(detector.wait(1), Rto::INITIAL);
        for _ in 0..20 {
            detector.sample(MS / 10);
        }
        (Instant::now(), detector)
    }

    /// The time-out expires and block 7 is sent again.
    fn repeat(detector: &mut LossDetector, now: Instant) {
        detector.timed_out();
        detector.repeats(now, Cause::Silence, 7..8);
    }

    #[test]
    fn silence_is_no_loss_before_the_path_has_shown_one() {
        let (now, mut detector) = detector();
        assert_eq!(detector.wait(1), 200 * MS);
        repeat(&mut detector, now);
        detector.progress(now + MS, 7, 1);
        assert_eq!(detector.wait(1), MS / 2, "answered once");
    }

    #[test]
    fn the_time_out_is_never_shorter_than_the_round_trip_allows() {
        let (_, mut detector) = detector();
        detector.sample(400 * MS);
        assert!(detector.wait(1) > 400 * MS);
        detector.reported();
        assert!(detector.wait(1) > 400 * MS);
    }

    #[test]
    fn a_second_answer_takes_back_what_the_first_seemed_to_show() {
        let (now, mut detector) = detector();
        repeat(&mut detector, now);
        detector.progress(now + MS, 7, 1);
        assert_eq!(detector.repeated(7), Some(Cause::Silence));
        assert!(detector.wait(1) >= 400 * MS, "twofold, and not lossy");
        assert_eq!(detector.repeated(7), None, "one repeat is judged once");
    }

    #[test]
    fn needless_repeats_on_a_path_that_loses_lengthen_the_time_out_twofold_each() {
        let (now, mut detector) = detector();
        detector.reported();
        let mut waits = Vec::new();
        for _ in 0..12 {
            waits.push(detector.path.quick.as_micros());
            repeat(&mut detector, now);
            detector.progress(now + MS, 7, 1);
            assert_eq!(detector.repeated(7), Some(Cause::Silence));
        }
        let expected = [
            500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 200_000, 400_000, 800_000,
        ];
        assert_eq!(waits, expected);
    }

    #[test]
    fn an_answer_that_comes_too_soon_answers_the_original() {
        let (_, mut detector) = detector();
        for _ in 0..20 {
            detector.sample(10 * MS);
        }
        let now = Instant::now();
        repeat(&mut detector, now);
        detector.progress(now + MS / 100, 7, 1);
        assert!(!detector.path.lossy);
        assert_eq!(detector.path.patient, 400 * MS);
    }

    #[test]
    fn each_time_out_but_the_second_waits_twice_as_long_up_to_the_ceiling() {
        let (now, mut detector) = detector();
        let mut waits = Vec::new();
        for _ in 0..8 {
            waits.push(detector.wait(1).as_millis());
            repeat(&mut detector, now);
        }
        assert_eq!(waits, [200, 200, 400, 800, 1600, 3200, 4000, 4000]);
        detector.progress(now + MS, 7, 1);
        assert!(detector.wait(1) < MS);
    }
}
