//! The retransmission time-out, estimated as RFC 6298 does (RFC 1123 §4.2.3.2 demands that it
//! adapts).

use std::time::Duration;

/// Estimates the round trip and from it how long to wait for an answer.
#[derive(Clone, Debug)]
pub struct Rto {
    smoothed: Option<Duration>,
    variation: Duration,
    fastest: Duration,
    /// Without backing off.
    estimate: Duration,
    current: Duration,
    floor: Duration,
}

impl Rto {
    /// Before the first sample (RFC 6298 §2.1, RFC 8085 §3.1).
    pub const INITIAL: Duration = Duration::from_secs(1);
    /// Backing off stops here: longer silences are for the caller's patience to judge.
    pub const CEILING: Duration = Duration::from_secs(4);

    /// An estimate that never goes below `floor` once there is a sample.
    pub fn new(floor: Duration) -> Self {
        Self {
            smoothed: None,
            variation: Duration::ZERO,
            fastest: Duration::ZERO,
            estimate: Self::INITIAL,
            current: Self::INITIAL,
            floor,
        }
    }

    /// How long to wait now.
    pub fn current(&self) -> Duration {
        self.current
    }

    /// The smallest round trip seen: nothing that arrives sooner after a packet can answer it.
    pub fn fastest(&self) -> Duration {
        self.fastest
    }

    /// Takes a measured round trip. Karn's rule is the caller's: no sample of what was sent twice.
    pub fn sample(&mut self, round_trip: Duration) {
        let (smoothed, variation) = match self.smoothed {
            None => (round_trip, round_trip / 2),
            Some(smoothed) => (
                (smoothed * 7 + round_trip) / 8,
                (self.variation * 3 + smoothed.abs_diff(round_trip)) / 4,
            ),
        };
        self.fastest = match self.smoothed {
            None => round_trip,
            Some(_) => self.fastest.min(round_trip),
        };
        self.smoothed = Some(smoothed);
        self.variation = variation;
        self.estimate = (smoothed + variation * 4).clamp(self.floor, Self::CEILING);
        self.current = self.estimate;
    }

    /// The peer has made progress: backing off ends, even where Karn's rule allows no sample.
    pub fn progress(&mut self) {
        self.current = self.estimate;
    }

    /// The wait has expired: the next is twice as long (RFC 6298 §5.5), up to [`Self::CEILING`].
    /// `waited` is what was waited in fact, since a caller's own least wait may exceed the estimate.
    pub fn back_off(&mut self, waited: Duration) {
        self.back_off_to(waited, Self::CEILING);
    }

    /// The same, up to `ceiling`.
    pub fn back_off_to(&mut self, waited: Duration, ceiling: Duration) {
        self.current = (waited * 2).min(ceiling);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn one_second_until_a_round_trip_is_known_then_no_less_than_the_floor() {
        let mut rto = Rto::new(20 * MS);
        assert_eq!(rto.current(), Rto::INITIAL);
        rto.sample(MS / 10);
        assert_eq!(rto.current(), 20 * MS);
    }

    #[test]
    fn follows_the_round_trip_as_rfc_6298_says() {
        let mut rto = Rto::new(20 * MS);
        rto.sample(100 * MS); // SRTT = R, RTTVAR = R/2
        assert_eq!(rto.current(), 300 * MS);
        rto.sample(100 * MS); // RTTVAR falls to 3/4
        assert_eq!(rto.current(), 250 * MS);
    }

    #[test]
    fn progress_without_a_sample_ends_backing_off() {
        let mut rto = Rto::new(20 * MS);
        rto.sample(MS);
        rto.back_off(rto.current());
        rto.back_off(rto.current());
        rto.progress();
        assert_eq!(rto.current(), 20 * MS);
    }

    #[test]
    fn backs_off_to_the_ceiling_and_recovers_with_a_sample() {
        let mut rto = Rto::new(20 * MS);
        rto.sample(MS);
        for _ in 0..20 {
            rto.back_off(rto.current());
        }
        assert_eq!(rto.current(), Rto::CEILING);
        rto.sample(MS);
        assert_eq!(rto.current(), 20 * MS);
    }
}
