//! Token buckets, one for each neighbourhood of addresses, in bounded memory.

use std::collections::BTreeMap;
use std::time::Duration;
use std::time::Instant;

use super::Prefix;

/// An amount that is spent, given back, and comes back by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    left: u64,
    /// Up to when `left` has been refilled.
    at: Instant,
    rate: Rate,
}

/// How much a bucket holds and how fast it fills.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) burst: u64,
    pub(crate) each_second: u64,
}

impl Bucket {
    /// A full one.
    pub(crate) fn full(now: Instant, rate: Rate) -> Self {
        let left = rate.burst;
        Self {
            left,
            at: now,
            rate,
        }
    }

    /// Takes `amount`, or nothing if there is less.
    pub(crate) fn take(&mut self, now: Instant, amount: u64) -> bool {
        self.refill(now);
        match self.left.checked_sub(amount) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    /// Puts `amount` back.
    pub(super) fn give_back(&mut self, amount: u64) {
        self.left = self.left.saturating_add(amount).min(self.rate.burst);
    }

    /// Advances only by what has become a whole unit, so that frequent calls lose nothing.
    fn refill(&mut self, now: Instant) {
        let nanos = now.saturating_duration_since(self.at).as_nanos();
        let second = Duration::from_secs(1).as_nanos();
        let units = nanos * u128::from(self.rate.each_second) / second;
        if units >= u128::from(self.rate.burst) {
            (self.left, self.at) = (self.rate.burst, now);
        } else if units > 0 {
            self.give_back(units as u64); // less than a burst
            let spent = units * second / u128::from(self.rate.each_second);
            self.at += Duration::from_nanos(spent as u64); // what a burst takes, at most
        }
    }
}

/// The buckets of the neighbourhoods that were heard last.
#[derive(Debug)]
pub(super) struct Buckets {
    requests: Rate,
    bytes: Rate,
    repeats: Rate,
    by_prefix: BTreeMap<Prefix, Entry>,
    /// By when they were used; the first is the oldest.
    by_use: BTreeMap<u64, Prefix>,
    uses: u64,
}

/// What a neighbourhood may have in which nobody has proved anything.
#[derive(Debug)]
pub(super) struct Entry {
    /// Requests and ERRORs.
    pub(super) requests: Bucket,
    /// Requests that came again, when there is nothing left of the former.
    pub(super) repeats: Bucket,
    /// Its share of the account of bytes.
    pub(super) bytes: Bucket,
    /// Its share of what repeated requests may have.
    pub(super) repeated_bytes: Bucket,
    used: u64,
}

impl Buckets {
    /// Requests, repeated requests and bytes that each neighbourhood may have.
    pub(super) fn new(requests: Rate, repeats: Rate, bytes: Rate) -> Self {
        Self {
            requests,
            repeats,
            bytes,
            by_prefix: BTreeMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
        }
    }

    /// What `prefix` may have, if it is still remembered.
    pub(super) fn get(&mut self, prefix: Prefix) -> Option<&mut Entry> {
        self.by_prefix.get_mut(&prefix)
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.by_prefix.len(), self.by_use.len());
        self.by_prefix.len()
    }

    /// What `prefix` may have.
    pub(super) fn entry(&mut self, now: Instant, prefix: Prefix) -> &mut Entry {
        if !self.by_prefix.contains_key(&prefix)
            && self.by_prefix.len() >= REMEMBERED
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.by_prefix.remove(&oldest);
        }
        self.uses += 1;
        let used = self.uses;
        let (requests, repeats, bytes) = (self.requests, self.repeats, self.bytes);
        let entry = self.by_prefix.entry(prefix).or_insert_with(|| Entry {
            requests: Bucket::full(now, requests),
            repeats: Bucket::full(now, repeats),
            bytes: Bucket::full(now, bytes),
            repeated_bytes: Bucket::full(now, bytes),
            used,
        });
        self.by_use.remove(&entry.used);
        self.by_use.insert(used, prefix);
        entry.used = used;
        entry
    }
}

/// Neighbourhoods remembered. One that is forgotten starts anew with a full bucket: to gain that, a
/// forger spends a request on each of as many others first.
pub(super) const REMEMBERED: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary start; time moves by what is added to it"
    )]
    fn start() -> Instant {
        Instant::now()
    }

    const RATE: Rate = Rate {
        burst: 10,
        each_second: 4,
    };
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_is_spent_comes_back_in_time_and_never_beyond_the_burst() {
        let start = start();
        let mut bucket = Bucket::full(start, RATE);
        assert!(bucket.take(start, 10));
        assert!(!bucket.take(start + 249 * MS, 1));
        assert!(bucket.take(start + 250 * MS, 1));
        assert!(!bucket.take(start + 499 * MS, 1));
        assert!(bucket.take(start + 500 * MS, 1));
        assert!(bucket.take(start + 3600 * 1000 * MS, 10));
        assert!(!bucket.take(start + 3600 * 1000 * MS, 1));
        bucket.give_back(99);
        assert!(bucket.take(start, 10));
        assert!(!bucket.take(start, 1), "a clock that stands gives nothing");
    }

    #[test]
    fn asking_often_loses_nothing() {
        let start = start();
        let mut bucket = Bucket::full(start, RATE);
        bucket.take(start, 10);
        let taken = (0..=1000)
            .filter(|ms| bucket.take(start + *ms * MS, 1))
            .count();
        assert_eq!(taken, 4);
    }

    #[test]
    fn the_oldest_neighbourhood_leaves_and_one_in_use_stays() {
        let now = start();
        let mut buckets = Buckets::new(RATE, RATE, RATE);
        let mut take = |prefix, amount| buckets.entry(now, prefix).requests.take(now, amount);
        let kept = Prefix::around([10, 0, 0, 1].into());
        assert!(take(kept, 10));
        for n in 0..3 * REMEMBERED as u32 {
            let [_, a, b, c] = n.to_be_bytes();
            take(Prefix::around([a + 11, b, c, 1].into()), 1);
            assert!(!take(kept, 1), "not forgotten");
        }
        assert_eq!(buckets.len(), REMEMBERED);
    }
}
