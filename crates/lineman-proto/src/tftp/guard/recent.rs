//! Requests heard lately, so that one which comes again is known: clients repeat an unanswered
//! request, from the same port; a forger of requests hardly ever does.

use std::hash::BuildHasher as _;
use std::hash::RandomState;
use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

/// A table of fixed size; a request whose place another takes is forgotten.
#[derive(Debug)]
pub(super) struct RecentRequests {
    /// Fingerprint and time, in milliseconds since `began`; 0 and 0 is an empty place.
    places: Vec<(u32, u32)>,
    /// Keyed by chance: nobody can choose requests that push out another's.
    hasher: RandomState,
    began: Instant,
}

impl RecentRequests {
    /// An empty table.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            places: Vec::new(),
            hasher: RandomState::new(),
            began: now,
        }
    }

    /// Notes a request. Whether the same one came from there before: not so lately that the network
    /// may have doubled it, and not so long ago that it belongs to something else.
    pub(super) fn note(&mut self, now: Instant, from: SocketAddr, request: &[u8]) -> bool {
        if self.places.is_empty() {
            self.places = vec![(0, 0); PLACES];
        }
        let hash = self.hasher.hash_one((from, request));
        let (print, at) = ((hash >> 32) as u32 | 1, self.millis(now));
        let place = &mut self.places[hash as usize % PLACES];
        let age = at.wrapping_sub(place.1);
        if place.0 == print && age <= LATEST.as_millis() as u32 {
            return age >= EARLIEST.as_millis() as u32;
        }
        *place = (print, at);
        false
    }

    /// Wraps after 49 days: then a request may be taken for the repetition of an old one.
    fn millis(&self, now: Instant) -> u32 {
        now.saturating_duration_since(self.began).as_millis() as u32
    }
}

/// One mebibyte, taken at the first request. At 20,000 requests a second six of seven are still
/// known a second later.
const PLACES: usize = 1 << 17;
/// Clients wait a second or longer; what comes sooner the network has doubled.
const EARLIEST: Duration = Duration::from_millis(400);
/// No client waits longer between two requests.
const LATEST: Duration = Duration::from_secs(12);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any moment to begin at")]
    fn only_the_same_request_from_the_same_port_a_while_later_is_a_repetition() {
        let (now, ms) = (Instant::now(), Duration::from_millis(1));
        let mut heard = RecentRequests::new(now);
        let from = |port| SocketAddr::from(([192, 0, 2, 1], port));
        assert!(!heard.note(now, from(1), b"a"));
        assert!(!heard.note(now + 10 * ms, from(1), b"a"), "an echo");
        assert!(!heard.note(now + 1000 * ms, from(2), b"a"));
        assert!(!heard.note(now + 1000 * ms, from(1), b"b"));
        assert!(heard.note(now + 1000 * ms, from(1), b"a"));
        assert!(heard.note(now + 2000 * ms, from(1), b"a"), "and again");
        assert!(!heard.note(now + 20_000 * ms, from(1), b"a"), "long ago");
    }
}
