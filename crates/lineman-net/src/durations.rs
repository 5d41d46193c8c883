//! Durations, counted by their size: any thread counts, and any other looks.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How many durations of which size there were. To count one takes two additions in memory, and no lock.
#[derive(Debug, Default)]
pub struct Durations {
    /// Those of up to a microsecond, of up to two, up to four, and so on; at the end all others.
    buckets: [AtomicU64; BUCKETS],
    nanos: AtomicU64,
}

/// What was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedDurations {
    /// The longest duration of each bucket, with how many there were that are in none before; in order.
    pub buckets: Vec<(Duration, u64)>,
    /// How many were longer than the last of them.
    pub longer: u64,
    /// All of them together.
    pub sum: Duration,
}

impl Durations {
    /// Counts one.
    pub fn record(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanos)].fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// What there was, in buckets that end between these bounds; each is twice as wide as the one before.
    pub fn counted(&self, shortest: Duration, longest: Duration) -> CountedDurations {
        let mut counted = CountedDurations {
            buckets: Vec::new(),
            longer: 0,
            sum: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)),
        };
        let mut count = 0;
        for (nth, bucket) in self.buckets.iter().enumerate() {
            count += bucket.load(Ordering::Relaxed);
            let end = Duration::from_micros(1 << nth);
            if end >= shortest && end <= longest && nth + 1 < BUCKETS {
                counted.buckets.push((end, std::mem::take(&mut count)));
            }
        }
        counted.longer = count;
        counted
    }
}

fn bucket(nanos: u64) -> usize {
    let micros = nanos.div_ceil(1000);
    let nth = u64::BITS - micros.saturating_sub(1).leading_zeros();
    (nth as usize).min(BUCKETS - 1)
}

/// The last but one ends at 18 minutes.
const BUCKETS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_first_bucket_that_is_long_enough() {
        for (nanos, end) in [
            (0, 1),
            (1000, 1),
            (1001, 2),
            (2000, 2),
            (2001, 4),
            (4000, 4),
            (4001, 8),
            (1_000_000, 1024),
        ] {
            let all = Durations::default();
            all.record(Duration::from_nanos(nanos));
            let counted = all.counted(Duration::ZERO, Duration::MAX);
            let found = counted.buckets.iter().find(|(_, count)| *count > 0);
            assert_eq!(found, Some(&(Duration::from_micros(end), 1)), "{nanos}");
            assert_eq!(counted.sum, Duration::from_nanos(nanos));
        }
    }

    #[test]
    fn what_lies_outside_the_bounds_is_counted_at_their_ends() {
        let all = Durations::default();
        let second = Duration::from_secs(1);
        for duration in [
            Duration::ZERO,
            Duration::from_millis(3),
            second,
            second * 86_400,
        ] {
            all.record(duration);
        }
        let counted = all.counted(Duration::from_millis(1), Duration::from_millis(9));
        let micros = |micros| Duration::from_micros(micros);
        let buckets = [
            (micros(1024), 1),
            (micros(2048), 0),
            (micros(4096), 1),
            (micros(8192), 0),
        ];
        assert_eq!(counted.buckets, buckets);
        assert_eq!(counted.longer, 2);
    }
}
