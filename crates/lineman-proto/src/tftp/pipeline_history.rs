//! Which clients throw away blocks that are sent ahead.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

use super::Fingerprint;
use super::Pipelining;

/// The clients that gave no reason to pipeline again, for a while; see
/// [`Session::pipelined`](super::Session::pipelined). Bounded: the oldest is forgotten for a new one.
#[derive(Debug, Default)]
pub struct PipelineHistory {
    until: BTreeMap<Fingerprint, Instant>,
    /// In the order in which they were noted.
    order: VecDeque<Fingerprint>,
}

impl PipelineHistory {
    /// Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether blocks ahead may be of use to this client.
    pub fn worth_trying(&self, now: Instant, client: Fingerprint) -> bool {
        self.until.get(&client).is_none_or(|&until| now >= until)
    }

    /// A transfer of this client is over, with this outcome.
    pub fn note(&mut self, now: Instant, client: Fingerprint, outcome: Pipelining) {
        if outcome != Pipelining::GaveUp {
            return;
        }
        if self.until.insert(client, now + REMEMBERED).is_some() {
            return;
        }
        self.order.push_back(client);
        if self.order.len() > MOST_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.until.remove(&oldest);
        }
    }
}

/// A loss may have looked like a client's habit, and programs are replaced.
const REMEMBERED: Duration = Duration::from_secs(3600);
const MOST_REMEMBERED: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tftp::Options;

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
        let (now, mut pipeline_history) = (start(), PipelineHistory::new());
        pipeline_history.note(now, client(1), Pipelining::GaveUp);
        pipeline_history.note(now, client(2), Pipelining::Held);
        pipeline_history.note(now, client(3), Pipelining::Off);
        assert!(!pipeline_history.worth_trying(now, client(1)));
        assert!(pipeline_history.worth_trying(now, client(2)));
        assert!(pipeline_history.worth_trying(now, client(3)));
        assert!(pipeline_history.worth_trying(now + REMEMBERED, client(1)));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_is_forgotten() {
        let (now, mut pipeline_history) = (start(), PipelineHistory::new());
        for number in 0..=MOST_REMEMBERED as u32 {
            pipeline_history.note(now, client(number), Pipelining::GaveUp);
            pipeline_history.note(now, client(number), Pipelining::GaveUp);
        }
        assert!(pipeline_history.worth_trying(now, client(0)));
        assert!(!pipeline_history.worth_trying(now, client(1)));
        assert_eq!(pipeline_history.until.len(), MOST_REMEMBERED);
        assert_eq!(pipeline_history.order.len(), MOST_REMEMBERED);
    }
}
