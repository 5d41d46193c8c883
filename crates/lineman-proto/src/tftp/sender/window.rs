//! Windows (RFC 7440 §4): several blocks on their way, one ACK for all of them.

use std::time::Duration;
use std::time::Instant;

use super::Flight;
use super::Sender;
use super::loss::Cause;
use super::pace::Evidence;
use super::pace::Level;
use super::pace::Pace;

/// A window on its way.
#[derive(Debug)]
pub(super) struct Window {
    pace: Pace,
    /// The block that was next when it left: from there on it shows how far the client comes.
    first: u64,
    /// The block behind it: what is left of it leaves after a pause (see [`Pace`]).
    end: u64,
    /// When its first blocks left.
    began_at: Instant,
    /// Blocks before this one are a repeat in this flight.
    repeated_end: u64,
    /// It is a repeat: only an ACK that can be its answer may cause another. A second resend for the
    /// same loss would be answered by more duplicate ACKs, and so on to the end of the file (RFC
    /// 1123 §4.2.3.1).
    is_repair: bool,
    /// Time-outs of this flight.
    asked: u32,
    /// When one packet was sent to ask what is there, and no report has been answered since.
    asked_at: Option<Instant>,
    /// For so many clean windows an ACK below the window counts as a mere duplicate.
    distrust: u32,
    /// For how many, the next time.
    rest: u32,
}

/// What a time-out sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    /// The flight's last block once more: a receiver that has all acknowledges it again, one that misses it or
    /// another says so. RFC 8985 §7 does the same for TCP.
    Last,
    /// The whole flight.
    Flight,
    /// The block behind the flight. atftp repeats an ACK once, and then not again before it has heard
    /// nothing for five seconds, which resending prevents, or something new: the next block, to a client that has the whole
    /// flight.
    Next,
}

impl Question {
    /// The one to ask at the n-th time-out in a row, counted from 1. The next block leaves only after
    /// everything else has been tried: to a client that has not the whole flight it is another gap.
    fn of(timeouts: u32) -> Self {
        match timeouts {
            0..=2 => Self::Last,
            n => match n % 3 {
                0 => Self::Flight,
                1 => Self::Next,
                _ => Self::Last,
            },
        }
    }
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            pace: Pace::new(),
            first: 1,
            end: 1,
            began_at: now,
            repeated_end: 1,
            is_repair: false,
            asked: 0,
            asked_at: None,
            distrust: 0,
            rest: FIRST_REST,
        }
    }

    pub(super) fn burst(&self) -> u64 {
        self.pace.burst()
    }

    /// What has shown itself of the client's receive ring.
    pub(super) fn level(&self) -> Option<Level> {
        self.pace.level()
    }

    /// An earlier transfer has shown what the client can take.
    pub(super) fn know(&mut self, level: Level) {
        self.pace = Pace::knowing(level);
    }

    /// For so many clean windows an ACK below the window counts as a mere duplicate.
    pub(super) fn distrust(&mut self, windows: u32) {
        self.distrust = self.distrust.max(windows);
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Its first blocks leave now.
    pub(super) fn begin(&mut self, now: Instant) {
        self.began_at = now;
    }

    /// It has ended in silence, or in the client's own timer, and `base` is the client's next block: how far the
    /// client has come since it left is what it could take, and only where it has not moved is that a guess.
    fn silent(&mut self, base: u64) {
        match base.saturating_sub(self.first) {
            0 => self.pace.silence(self.end.saturating_sub(base)),
            taken => {
                let size = self.end.saturating_sub(self.first);
                self.pace.lost(size, taken, Evidence::Silence);
            }
        }
    }

    /// No more than `end`.
    pub(super) fn limit(&mut self, end: u64) {
        self.end = self.end.min(end);
    }
}

impl Sender {
    /// Sends a window from `base`, up to the file's end, or the first burst of it.
    pub(super) fn send_window(&mut self, now: Instant) {
        let end = self.end_of_window(u64::from(self.agreed.windowsize.max(1)));
        self.next = self.base;
        let (base, high) = (self.base, self.high);
        if let Flight::Window(window) = &mut self.flight {
            window.began_at = now;
            window.first = base;
            window.end = end;
            window.repeated_end = high.clamp(base, end);
            window.is_repair = high > base;
            window.asked = 0;
            window.asked_at = None;
        }
        if self.is_metered() {
            self.wait_for_permit(now);
        } else {
            self.send_burst(now);
        }
    }

    /// Sends as much of the rest of the window as may leave together.
    pub(super) fn send_burst(&mut self, now: Instant) {
        let Flight::Window(window) = &self.flight else {
            return;
        };
        let first = self.next;
        self.next = window.end.min(first.saturating_add(window.burst()));
        self.fresh = self.high.max(first);
        if self.next > first {
            self.push_run(first, self.next);
        }
        self.sent(now);
    }

    /// Whether a part of the window is still to leave.
    pub(super) fn is_pausing(&self) -> bool {
        self.pause().is_some()
    }

    /// How long to wait for the rest of the window, if a part of it is still to leave.
    pub(super) fn pause(&self) -> Option<Duration> {
        match &self.flight {
            Flight::Window(window) if self.next < window.end => Some(window.pace.pause()),
            _ => None,
        }
    }

    /// An ACK up to `block`, of a flight that began at `old_base`.
    pub(super) fn window_acknowledged(&mut self, now: Instant, old_base: u64, block: u64) {
        let (base, next) = (self.base, self.next);
        let Flight::Window(window) = &mut self.flight else {
            return;
        };
        let size = window.end.saturating_sub(old_base);
        let taken = base - old_base;
        window.end = window.end.max(next);
        let since = now.saturating_duration_since(window.began_at);
        if base == next {
            if taken >= size {
                window.pace.whole(size);
            }
            // What was sent twice is acknowledged twice; the second comes during the next window.
            window.distrust = match window.distrust {
                0 if window.is_repair || window.asked > 0 => 1,
                windows => windows.saturating_sub(1),
            };
            self.send_flight(now);
        } else if block + 1 == window.repeated_end && old_base < window.repeated_end {
            // All that was sent twice is there, and nothing shows that a block behind it was lost: the
            // client had those blocks, and acknowledged because they came a second time.
            window.distrust(1);
            window.first = base;
            self.loss.needless();
            self.slide(now);
        } else if !window.is_repair || self.loss.can_answer(since) {
            // The receiver acknowledges the last block before a gap, and the window starts anew
            // behind it.
            let evidence = match window.asked {
                0 => Evidence::Answer,
                _ => Evidence::Silence,
            };
            window.pace.lost(size, taken, evidence);
            self.stats.gaps += 1;
            self.loss.reported();
            self.repair(now);
        } else {
            self.slide(now);
        }
    }

    /// The receiver counts its window from its last ACK: the blocks on their way stay there, and those
    /// that the window lacks now follow.
    fn slide(&mut self, now: Instant) {
        let end = self.end_of_window(u64::from(self.agreed.windowsize.max(1)));
        let (base, next) = (self.base, self.next);
        let was_pausing = self.is_pausing();
        if let Flight::Window(window) = &mut self.flight {
            window.end = end.max(next);
            window.repeated_end = base;
        }
        if !was_pausing && self.is_pausing() {
            self.send_burst(now);
        } else {
            self.arm();
        }
    }

    /// Answers the report of a gap with the window from `base` on.
    fn repair(&mut self, now: Instant) {
        let (base, high) = (self.base, self.high);
        self.loss.repeats(now, Cause::Report, base..high.max(base));
        self.send_flight(now);
    }

    /// An ACK of the block before the flight: either a duplicate, or the flight's first block is
    /// lost and the receiver says so. What comes no sooner than an answer can come counts as a
    /// report, once, unless something was sent twice lately, which is acknowledged twice. What comes
    /// when nothing has left for long is the client's own timer, and always a report.
    pub(super) fn window_repeated(&mut self, now: Instant, needless: Option<Cause>) {
        let in_flight = self.next - self.base;
        let Flight::Window(window) = &mut self.flight else {
            return;
        };
        if let Some(cause) = needless {
            if cause == Cause::Report {
                window.rest = (window.rest * 2).min(LONGEST_REST);
            }
            window.distrust(1);
            return;
        }
        let since = |at: Instant| now.saturating_duration_since(at);
        let answers_question = window
            .asked_at
            .is_some_and(|at| self.loss.can_answer(since(at)));
        let is_trusted = window.distrust == 0
            && !window.is_repair
            && self.loss.can_answer(since(window.began_at));
        let is_own_timer = since(self.sent_at) >= OVERDUE;
        if in_flight > 1 && (answers_question || is_trusted || is_own_timer) {
            window.silent(self.base);
            let rest = window.rest;
            self.stats.gaps += 1;
            self.repair(now);
            if let Flight::Window(window) = &mut self.flight {
                window.distrust(rest);
            }
        }
    }

    /// The time-out has expired: one block asks, or the flight goes once more.
    pub(super) fn window_timed_out(&mut self, now: Instant) {
        let size = u64::from(self.agreed.windowsize);
        let (base, next) = (self.base, self.next);
        // With one block more than 65535 in flight an ACK's number would mean two of them. The
        // file's last block stays behind: all but one window is to be acknowledged before it counts
        // as sent.
        let may_go_beyond = (2..u64::from(u16::MAX)).contains(&size)
            && next - base == size
            && self.last.is_none_or(|last| next < last);
        let question = match Question::of(self.loss.timeouts()) {
            Question::Next if !may_go_beyond => Question::Last,
            question => question,
        };
        self.note_lost();
        let Flight::Window(window) = &mut self.flight else {
            return;
        };
        let asked = window.asked + 1;
        match question {
            Question::Last => {
                self.loss.repeats(now, Cause::Silence, next - 1..next);
                self.push_run(next - 1, next);
                self.sent(now);
            }
            Question::Next => {
                window.end = next + 1;
                self.push_run(next, next + 1);
                self.next += 1;
                self.sent(now);
            }
            Question::Flight => {
                let size = window.end.saturating_sub(base);
                match self.loss.timeouts() {
                    0..=FEW_TIMEOUTS => window.pace.silence(size),
                    _ => window.pace.halve(size),
                }
                self.loss.repeats(now, Cause::Silence, base..next);
                self.send_flight(now);
            }
        }
        self.fresh = self.high.max(self.next); // an ACK may answer either of two
        if let Flight::Window(window) = &mut self.flight {
            window.asked = asked;
            window.asked_at = (question != Question::Flight).then_some(now);
        }
    }
}

/// With more time-outs in a row even whole flights are lost: who can take none may take half of one.
const FEW_TIMEOUTS: u32 = 5;
/// No ACK that something sent earlier has caused comes so late, and no client's timer is shorter.
const OVERDUE: Duration = Duration::from_millis(500);
/// Clean windows until a repeated ACK counts as a report again, the first time.
const FIRST_REST: u32 = 8;
const LONGEST_REST: u32 = 256;

#[cfg(test)]
mod tests;
