//! Durations, counted in buckets: a percentile of millions needs no more memory than one of ten.

use std::time::Duration;

/// Durations from a microsecond to days, each known to about two percent.
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: vec![0; (SUB as usize) * OCTAVES],
            count: 0,
            max: Duration::ZERO,
        }
    }
}

impl Histogram {
    /// Counts one.
    pub fn record(&mut self, value: Duration) {
        let micros = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        let at = index(micros).min(self.buckets.len() - 1);
        self.buckets[at] += 1;
        self.count += 1;
        self.max = self.max.max(value);
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        for (ours, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *ours += theirs;
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest.
    pub fn max(&self) -> Option<Duration> {
        (self.count > 0).then_some(self.max)
    }

    /// The duration that `percent` of all do not exceed; none where nothing was counted.
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        let rank = ((self.count as f64 * percent / 100.0).ceil() as u64).max(1);
        let mut seen = 0;
        let at = self.buckets.iter().position(|bucket| {
            seen += bucket;
            seen >= rank
        })?;
        Some(Duration::from_micros(upper(at)).min(self.max))
    }
}

/// Buckets for each doubling.
const SUB: u64 = 64;
const OCTAVES: usize = 36;

fn index(micros: u64) -> usize {
    let octave = (micros / SUB + 1).ilog2();
    // Octave n begins at (2^n - 1)·SUB and goes in steps of 2^n.
    let base = ((1u64 << octave) - 1) * SUB;
    (u64::from(octave) * SUB + ((micros - base) >> octave)) as usize
}

/// The largest value of a bucket.
fn upper(at: usize) -> u64 {
    let (octave, step) = (at as u64 / SUB, at as u64 % SUB);
    ((1u64 << octave) - 1) * SUB + ((step + 1) << octave) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_lies_in_its_bucket_which_is_no_wider_than_said() {
        for micros in (0..10_000).chain([1 << 20, (1 << 30) + 12_345, 1 << 40]) {
            let at = index(micros);
            assert!(micros <= upper(at), "{micros}");
            assert!(at == 0 || micros > upper(at - 1), "{micros}");
            assert!(upper(at) - micros <= micros / 32 + 1, "{micros}");
        }
    }

    #[test]
    fn percentiles_of_a_hundred() {
        let mut all = Histogram::default();
        assert_eq!(all.percentile(50.0), None);
        for n in 1..=100 {
            all.record(Duration::from_micros(n));
        }
        let micros = |percent| all.percentile(percent).expect("some").as_micros();
        assert_eq!((micros(50.0), micros(1.0)), (50, 1));
        assert!((98..=100).contains(&micros(99.0)));
        assert_eq!(all.max(), Some(Duration::from_micros(100)));
    }

    #[test]
    fn merging_counts_both() {
        let (mut a, mut b) = (Histogram::default(), Histogram::default());
        a.record(Duration::from_millis(1));
        b.record(Duration::from_millis(3));
        a.merge(&b);
        assert_eq!((a.count(), a.max()), (2, Some(Duration::from_millis(3))));
    }
}
