//! Random numbers that a seed repeats.

/// SplitMix64 (Steele, Lea and Flood 2014). Its own few lines, because a library may change its
/// numbers with a release, and a seed in a lesson must mean the same for ever.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// From a seed and some words: other words, other numbers.
    pub(super) fn new(seed: u64, words: &str) -> Self {
        // FNV-1a of the words.
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let words = words.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
        let mut random = Self(seed ^ words.rotate_left(32));
        random.next();
        random
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 if that is 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }
}
