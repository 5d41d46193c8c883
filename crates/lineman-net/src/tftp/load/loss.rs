//! Packets lost on purpose, the same ones for the same seed.

/// How much is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loss {
    /// Of a hundred packets in each direction, how many are lost.
    pub percent: f64,
    /// Another seed loses other packets.
    pub seed: u64,
}

impl Loss {
    /// Whether nothing is lost on purpose.
    pub fn is_none(&self) -> bool {
        self.percent <= 0.0
    }

    /// The dice of one transfer: its own, so that the losses of one do not depend on when another
    /// one's packets come.
    pub fn dice(&self, client: u64, transfer: u64) -> Dice {
        let mut mixed = Dice {
            state: self.seed,
            threshold: 0,
        };
        mixed.state = mixed.next() ^ client;
        mixed.state = mixed.next() ^ transfer;
        let share = (self.percent / 100.0).clamp(0.0, 1.0);
        Dice {
            state: mixed.next(),
            threshold: (share * u64::MAX as f64) as u64, // saturates: everything is lost
        }
    }
}

/// Decides for one packet after the other (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
    threshold: u64,
}

impl Dice {
    /// Whether the next packet is lost.
    pub fn lost(&mut self) -> bool {
        self.threshold != 0 && self.next() <= self.threshold
    }

    /// Whether any packet may be lost.
    pub fn may_lose(&self) -> bool {
        self.threshold != 0
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(percent: f64, seed: u64, client: u64) -> Vec<bool> {
        let mut dice = Loss { percent, seed }.dice(client, 0);
        (0..10_000).map(|_| dice.lost()).collect()
    }

    #[test]
    fn the_same_seed_loses_the_same_packets_and_another_client_others() {
        assert_eq!(lost(5.0, 7, 1), lost(5.0, 7, 1));
        assert_ne!(lost(5.0, 7, 1), lost(5.0, 7, 2));
        assert_ne!(lost(5.0, 7, 1), lost(5.0, 8, 1));
    }

    #[test]
    fn as_many_are_lost_as_was_asked_for() {
        let count = |percent| lost(percent, 1, 1).iter().filter(|lost| **lost).count();
        assert_eq!(count(0.0), 0);
        assert_eq!(count(100.0), 10_000);
        assert!((400..600).contains(&count(5.0)), "{}", count(5.0));
    }
}
