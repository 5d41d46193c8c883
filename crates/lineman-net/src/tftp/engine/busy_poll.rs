//! Staying awake for an answer that is near.
//!
//! To be woken costs a thread more than an answer takes on a fast link (about 35 µs on a virtual
//! machine; figures in `docs/design/scheduling.md`). So it looks again and again for a while before
//! it sleeps, as long as that has paid lately. Of two processors one is left to the process that is to answer.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

/// How many more threads may stay awake at a time.
#[derive(Clone, Debug)]
pub(super) struct Permits(Arc<AtomicUsize>);

impl Permits {
    /// One for every two processors.
    pub(super) fn of_this_machine() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self::new(processors / 2)
    }

    fn new(count: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(count)))
    }

    fn take(&self) -> Option<Permit<'_>> {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
                free.checked_sub(1)
            })
            .ok()
            .map(|_| Permit(&self.0))
    }
}

/// One of them, taken.
struct Permit<'a>(&'a AtomicUsize);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// How long one thread stays awake, and whether it pays.
#[derive(Debug)]
pub(super) struct BusyPoll {
    /// The longest time without sleep; zero for none.
    limit: Duration,
    permits: Permits,
    /// After how many sleeps the next attempt is due.
    skip: u32,
    /// How many sleeps the next failure costs.
    price: u32,
}

impl BusyPoll {
    pub(super) fn new(limit: Duration, permits: Permits) -> Self {
        Self {
            limit,
            permits,
            skip: 0,
            price: CHEAPEST,
        }
    }

    /// Looks until there is something, until `due` at the latest; gives `false` when it is time to
    /// sleep.
    ///
    /// # Errors
    /// What looking gives.
    pub(super) fn keep<E>(
        &mut self,
        due: Option<Instant>,
        mut look: impl FnMut() -> Result<bool, E>,
    ) -> Result<bool, E> {
        if self.skip > 0 || self.limit.is_zero() {
            self.skip = self.skip.saturating_sub(1);
            return Ok(false);
        }
        let Some(_permit) = self.permits.take() else {
            return Ok(false);
        };
        let until = Instant::now() + self.limit;
        let until = due.map_or(until, |due| due.min(until));
        loop {
            if look()? {
                self.price = CHEAPEST;
                return Ok(true);
            }
            if Instant::now() >= until {
                break;
            }
        }
        self.skip = self.price;
        self.price = (self.price * 2).min(DEAREST);
        Ok(false)
    }
}

/// Sleeps between two attempts after one that failed.
const CHEAPEST: u32 = 1;
/// The same when no answer is ever near.
const DEAREST: u32 = 1024;

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn busy_poll() -> BusyPoll {
        BusyPoll::new(Duration::from_micros(20), Permits::new(1))
    }

    /// How often it looked, and whether it found something, which is there at the `nth` look.
    fn looks(busy_poll: &mut BusyPoll, nth: u32) -> (u32, bool) {
        let mut looks = 0;
        let found = busy_poll.keep(None, || {
            looks += 1;
            Ok::<_, Infallible>(looks == nth)
        });
        (looks, found.unwrap_or_else(|never| match never {}))
    }

    #[test]
    fn answers_that_are_near_keep_it_awake() {
        let mut busy_poll = busy_poll();
        for _ in 0..100 {
            assert_eq!(looks(&mut busy_poll, 1), (1, true));
        }
    }

    #[test]
    fn where_no_answer_is_near_it_seldom_looks() {
        let mut busy_poll = busy_poll();
        let tried = (0..10_000)
            .filter(|_| looks(&mut busy_poll, u32::MAX).0 > 0)
            .count();
        assert!((5..30).contains(&tried), "{tried}");
        while looks(&mut busy_poll, 1).0 == 0 {}
        assert_eq!(looks(&mut busy_poll, 1), (1, true), "one success is enough");
    }

    #[test]
    fn no_more_stay_awake_than_there_are_places() {
        let permits = Permits::new(1);
        let mut second = BusyPoll::new(Duration::from_secs(1), permits.clone());
        let taken = permits.take();
        assert_eq!(looks(&mut second, 1), (0, false));
        drop(taken);
        assert_eq!(looks(&mut second, 1), (1, true));
    }
}
