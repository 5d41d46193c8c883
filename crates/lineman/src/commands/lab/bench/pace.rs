//! When the next line is due. Of a script: when its call has returned, or nothing happens any more. At
//! a terminal: when the calls that return at once have, since what is typed ahead may be about their
//! sockets.

use std::collections::BTreeSet;
use std::time::Duration;
use std::time::Instant;

use lineman_trace::log::Event;
use lineman_trace::log::Kind;

/// What the next line waits for.
#[derive(Debug)]
pub struct Pace {
    /// Calls that were asked for and have not begun.
    asked: usize,
    /// The last one that has begun, if it has not returned.
    latest: Option<u64>,
    /// All that have not returned.
    waiting: BTreeSet<u64>,
    /// Those of them that return at once, without waiting for a packet.
    at_once: BTreeSet<u64>,
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
            at_once: BTreeSet::new(),
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

    /// Something was asked for that no event of the log answers.
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
            if AT_ONCE.contains(&call.name.as_str()) {
                self.at_once.insert(call.id);
            }
            self.latest = Some(call.id);
        } else {
            self.waiting.remove(&call.id);
            self.at_once.remove(&call.id);
            self.latest = self.latest.filter(|latest| *latest != call.id);
        }
    }

    /// Whether a line that was typed may be read: every call before it has begun, and those that return
    /// at once have returned.
    pub fn is_open(&self) -> bool {
        let done = self.asked == 0 && self.at_once.is_empty();
        done || self.touched.elapsed() >= LOST
    }

    /// Whether the next line of a script is due.
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

    /// When the passing of time alone may change an answer of this next.
    pub fn changes(&self) -> Option<Instant> {
        let now = Instant::now();
        let times = [SETTLED + self.trip, QUIET + self.trip, LOST];
        let times = times.into_iter().map(|time| self.touched + time);
        times.chain(self.until).filter(|at| *at > now).min()
    }

    /// Whether nothing happens any more.
    pub fn is_quiet(&self) -> bool {
        self.touched.elapsed() >= QUIET + self.trip
    }
}

/// Calls that later ones are about.
const AT_ONCE: [&str; 3] = ["socket", "bind", "listen"];
/// A host that has not answered by now is not waited for.
const LOST: Duration = Duration::from_secs(5);
/// What hosts need to do what they do at once.
const SETTLED: Duration = Duration::from_millis(20);
/// More than a delayed ACK.
const QUIET: Duration = Duration::from_millis(150);

#[cfg(test)]
mod tests {
    use lineman_trace::log;
    use lineman_trace::log::Host;

    use super::*;

    fn call(id: u64, name: &str, answer: Option<&str>) -> Event {
        let answer = answer.map(|value| log::Answer::Value(value.to_owned()));
        let call = log::Call {
            id,
            host: Host::Server,
            program: None,
            fd: Some(3),
            socket: None,
            name: name.to_owned(),
            args: Vec::new(),
            answer,
        };
        let (n, t_ns, kind) = (0, 0, Kind::Call(call));
        Event { n, t_ns, kind }
    }

    /// `bind` was read before `socket` had returned, and refused for want of a socket.
    #[test]
    fn what_was_typed_ahead_waits_for_the_socket_it_is_about() {
        let mut pace = Pace::new(Duration::ZERO);
        assert!(pace.is_open());
        pace.asked();
        assert!(!pace.is_open(), "asked for");
        pace.hear(&call(1, "socket", None));
        assert!(!pace.is_open(), "begun");
        pace.hear(&call(1, "socket", Some("3")));
        assert!(pace.is_open());
    }

    #[test]
    fn a_call_that_waits_for_the_peer_keeps_no_line_back() {
        let mut pace = Pace::new(Duration::ZERO);
        pace.asked();
        pace.hear(&call(1, "accept", None));
        assert!(pace.is_open());
    }
}
