//! When the next line of a script is due: when its call has returned, or nothing happens any more.

use std::collections::BTreeSet;
use std::time::Duration;
use std::time::Instant;

use lineman_lab::log::Event;
use lineman_lab::log::Kind;

/// What a script waits for.
#[derive(Debug)]
pub struct Pace {
    /// Calls that were asked for and have not begun.
    asked: usize,
    /// The last one that has begun, if it has not returned.
    latest: Option<u64>,
    /// All that have not returned.
    waiting: BTreeSet<u64>,
    /// When something last happened, or was asked for.
    touched: Instant,
    /// Something was asked for that has no answer.
    unanswered: bool,
    /// All calls are waited for, until then.
    until: Option<Instant>,
    /// What a few packets need.
    trip: Duration,
}

impl Pace {
    /// Nothing was asked for yet, on a wire with this delay.
    pub fn new(delay: Duration) -> Self {
        Self {
            asked: 0,
            latest: None,
            waiting: BTreeSet::new(),
            touched: Instant::now(),
            unanswered: false,
            until: None,
            trip: delay * 4,
        }
    }

    /// A call was asked for.
    pub fn asked(&mut self) {
        self.asked += 1;
        self.touched = Instant::now();
    }

    /// Something was asked for that nobody answers.
    pub fn told(&mut self) {
        self.unanswered = true;
        self.touched = Instant::now();
    }

    /// Everything is to be waited for, for so long at most.
    pub fn wait(&mut self, limit: Duration) {
        self.until = Instant::now().checked_add(limit);
    }

    /// Takes an event down.
    pub fn hear(&mut self, event: &Event) {
        self.touched = Instant::now();
        let Kind::Call(call) = &event.kind else {
            return;
        };
        if call.answer.is_none() {
            self.asked = self.asked.saturating_sub(1);
            self.waiting.insert(call.id);
            self.latest = Some(call.id);
        } else {
            self.waiting.remove(&call.id);
            self.latest = self.latest.filter(|latest| *latest != call.id);
        }
    }

    /// Whether the next line is due.
    pub fn is_due(&mut self) -> bool {
        if let Some(until) = self.until {
            let returned = self.asked == 0 && self.waiting.is_empty();
            if !returned && Instant::now() < until {
                return false;
            }
            self.until = None;
        }
        let quiet = self.is_quiet();
        // What a call has set off may make another one return.
        let settled = self.touched.elapsed() >= SETTLED + self.trip;
        let returned = self.latest.is_none() && !self.unanswered && settled;
        self.unanswered &= !quiet;
        self.asked == 0 && (returned || quiet)
    }

    /// Whether nothing happens any more.
    pub fn is_quiet(&self) -> bool {
        self.touched.elapsed() >= QUIET + self.trip
    }
}

/// What hosts need to do what they do at once.
const SETTLED: Duration = Duration::from_millis(20);
/// More than a delayed ACK.
const QUIET: Duration = Duration::from_millis(150);
