//! What is known of clients, beyond one transfer.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

use super::Fingerprint;
use super::Pipelining;
use super::sender::Level;
use super::sender::Path;

/// What one transfer has shown of its client; see [`Session::learned`](super::Session::learned).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// Whether the path loses packets, and how soon a repeat is of use.
    pub(super) path: Path,
    /// What its receive ring can take, where that is less than a window.
    pub(super) level: Option<Level>,
    /// What became of sending blocks ahead.
    pub(super) pipelining: Pipelining,
    /// It fell silent at the first block whose number does not fit into 16 bits; `Some(false)` where it
    /// went on from there.
    pub(super) stops_at_rollover: Option<bool>,
}

impl Learned {
    /// Whether blocks ahead may be of use to this client.
    pub fn is_worth_pipelining(&self) -> bool {
        self.pipelining != Pipelining::GaveUp
    }

    /// Whether this client has stopped at block 65535 of a longer file.
    pub fn stops_at_rollover(&self) -> bool {
        self.stops_at_rollover == Some(true)
    }
}

/// The clients of which something is worth knowing, for a while: the next file of the same boot
/// follows. Bounded: the oldest is forgotten for a new one.
#[derive(Debug, Default)]
pub struct ClientHistory {
    known: BTreeMap<Fingerprint, Known>,
    /// In the order in which they were noted first.
    order: VecDeque<Fingerprint>,
}

#[derive(Debug)]
struct Known {
    learned: Learned,
    /// Until when the path and the ring count.
    path_until: Instant,
    /// Until when its habits count.
    habits_until: Instant,
}

impl ClientHistory {
    /// Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What earlier transfers of this client have shown.
    pub fn recall(&self, now: Instant, client: Fingerprint) -> Learned {
        let Some(known) = self.known.get(&client) else {
            return Learned::default();
        };
        let mut learned = known.learned;
        if now >= known.path_until {
            (learned.path, learned.level) = Default::default();
        }
        if now >= known.habits_until {
            learned.pipelining = Pipelining::Off;
            learned.stops_at_rollover = None;
        }
        learned
    }

    /// A transfer of this client is over, and has shown this.
    pub fn note(&mut self, now: Instant, client: Fingerprint, learned: Learned) {
        let before = self.recall(now, client);
        let has_new_habits =
            learned.pipelining == Pipelining::GaveUp || learned.stops_at_rollover.is_some();
        let learned = Learned {
            pipelining: match learned.pipelining {
                Pipelining::GaveUp => Pipelining::GaveUp,
                _ => before.pipelining,
            },
            stops_at_rollover: learned.stops_at_rollover.or(before.stops_at_rollover),
            ..learned
        };
        let habits_until = match self.known.get(&client) {
            Some(known) if !has_new_habits => known.habits_until,
            _ => now + HABITS_REMEMBERED,
        };
        let is_new = !self.known.contains_key(&client);
        if is_new && learned == Learned::default() {
            return;
        }
        let known = Known {
            learned,
            path_until: now + PATH_REMEMBERED,
            habits_until,
        };
        self.known.insert(client, known);
        if is_new {
            self.order.push_back(client);
        }
        if self.order.len() > MOST_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

/// A loss may have looked like a client's habit, and programs are replaced.
const HABITS_REMEMBERED: Duration = Duration::from_secs(3600);
/// The files of one boot follow each other; congestion passes.
const PATH_REMEMBERED: Duration = Duration::from_secs(600);
const MOST_REMEMBERED: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tftp::Options;

    const GAVE_UP: Learned = Learned {
        path: Path::NEW,
        level: None,
        pipelining: Pipelining::GaveUp,
        stops_at_rollover: None,
    };

    fn client(number: u32) -> Fingerprint {
        Fingerprint::of(
            std::net::Ipv4Addr::from_bits(number).into(),
            Options::new(b"blksize\x001024\0"),
        )
    }

    #[expect(clippy::disallowed_methods, reason = "an instant to count from")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn who_gave_up_is_not_tried_again_for_an_hour() {
        let (now, mut history) = (start(), ClientHistory::new());
        let held = Learned {
            pipelining: Pipelining::Held,
            ..Learned::default()
        };
        history.note(now, client(1), GAVE_UP);
        history.note(now, client(2), held);
        // Later transfers, which were not pipelined, do not change that, nor make it last.
        history.note(now + HABITS_REMEMBERED / 2, client(1), Learned::default());
        let worth = |client, now| history.recall(now, client).is_worth_pipelining();
        assert!(!worth(client(1), now));
        assert!(worth(client(2), now));
        assert!(worth(client(3), now));
        assert!(worth(client(1), now + HABITS_REMEMBERED));
    }

    #[test]
    fn what_a_path_is_like_is_forgotten_sooner() {
        let (now, mut history) = (start(), ClientHistory::new());
        let mut path = Path::NEW;
        path.lengthen();
        let learned = Learned { path, ..GAVE_UP };
        history.note(now, client(1), learned);
        assert_eq!(history.recall(now, client(1)), learned);
        let later = history.recall(now + PATH_REMEMBERED, client(1));
        assert_eq!(later, GAVE_UP);
    }

    #[test]
    fn who_stopped_at_the_rollover_is_known_until_it_goes_on_there() {
        let (now, mut history) = (start(), ClientHistory::new());
        let shown = |stops| Learned {
            stops_at_rollover: Some(stops),
            ..Learned::default()
        };
        history.note(now, client(1), shown(true));
        history.note(now, client(1), Learned::default());
        assert!(history.recall(now, client(1)).stops_at_rollover());
        history.note(now, client(1), shown(false));
        assert!(!history.recall(now, client(1)).stops_at_rollover());
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_is_forgotten() {
        let (now, mut history) = (start(), ClientHistory::new());
        for number in 0..=MOST_REMEMBERED as u32 {
            history.note(now, client(number), GAVE_UP);
            history.note(now, client(number), GAVE_UP);
        }
        assert!(history.recall(now, client(0)).is_worth_pipelining());
        assert!(!history.recall(now, client(1)).is_worth_pipelining());
        assert_eq!(history.known.len(), MOST_REMEMBERED);
        assert_eq!(history.order.len(), MOST_REMEMBERED);
    }

    #[test]
    fn who_has_shown_nothing_takes_no_memory() {
        let (now, mut history) = (start(), ClientHistory::new());
        history.note(now, client(1), Learned::default());
        assert!(history.known.is_empty() && history.order.is_empty());
    }
}
