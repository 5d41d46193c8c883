//! Block numbers on the wire: the one place that knows that they have 16 bits.

/// What follows block 65535. RFC 1350 does not say; nearly everybody continues with 0, some old
/// clients with 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rollover {
    /// 65535 is followed by 0.
    #[default]
    ToZero,
    /// 65535 is followed by 1.
    ToOne,
}

impl Rollover {
    /// The first block whose number does not fit into 16 bits.
    pub const FIRST_BEYOND: u64 = 65536;

    /// Whether a file of `length` bytes has more blocks of this size than numbers that are used once, so
    /// that a client must go on behind 65535; the block size that would do, else.
    pub fn larger_blksize(length: u64, blksize: u16) -> Option<u64> {
        let blocks = length / u64::from(blksize) + 1;
        (blocks >= Self::FIRST_BEYOND).then(|| length / (Self::FIRST_BEYOND - 1) + 1)
    }

    /// The number that block `index` (counted from 1; 0 stands for the request) has on the wire.
    pub fn wire(self, index: u64) -> u16 {
        match (self, index) {
            (_, 0) => 0,
            (Self::ToZero, _) => index as u16, // the low 16 bits are what is wanted
            (Self::ToOne, _) => ((index - 1) % 65535 + 1) as u16,
        }
    }

    /// The block that a wire number means: the one nearest to `near`, or `None` if no block has
    /// this number (0 where numbers roll over to 1, except for the request itself).
    pub fn index(self, wire: u16, near: u64) -> Option<u64> {
        let (period, first) = match self {
            Self::ToZero => (65536, u64::from(wire)),
            Self::ToOne if wire == 0 => return (near < 65535 / 2).then_some(0),
            Self::ToOne => (65535, u64::from(wire)),
        };
        let rounds = near.saturating_sub(first) / period;
        let below = first + rounds * period;
        let above = below + period;
        let nearest = if near.abs_diff(below) <= near.abs_diff(above) {
            below
        } else {
            above
        };
        Some(nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_block_saves_a_client_from_the_rollover() {
        assert_eq!(Rollover::larger_blksize(65_535 * 512 - 1, 512), None);
        assert_eq!(Rollover::larger_blksize(65_535 * 512, 512), Some(513));
        for length in [65_535 * 512, 65_535 * 600 - 1, 65_535 * 600, 200_000_000] {
            let enough = Rollover::larger_blksize(length, 512).expect("too many blocks") as u16;
            assert_eq!(Rollover::larger_blksize(length, enough), None);
            assert!(Rollover::larger_blksize(length, enough - 1).is_some());
        }
    }

    #[test]
    fn numbers_roll_over_to_zero() {
        let roll = Rollover::ToZero;
        assert_eq!(
            [roll.wire(65535), roll.wire(65536), roll.wire(65537)],
            [65535, 0, 1]
        );
        assert_eq!(roll.index(0, 65535), Some(65536));
        assert_eq!(roll.index(65535, 65540), Some(65535));
        assert_eq!(roll.index(0, 1), Some(0));
        assert_eq!(roll.index(65535, 1), Some(65535));
    }

    #[test]
    fn numbers_roll_over_to_one() {
        let roll = Rollover::ToOne;
        assert_eq!(
            [roll.wire(65535), roll.wire(65536), roll.wire(65537)],
            [65535, 1, 2]
        );
        assert_eq!(roll.index(1, 65535), Some(65536));
        assert_eq!(roll.index(0, 1), Some(0));
        assert_eq!(roll.index(0, 65536), None);
    }

    #[test]
    fn every_block_is_found_again_near_itself() {
        for roll in [Rollover::ToZero, Rollover::ToOne] {
            for index in (0..300_000_u64).step_by(61) {
                for near in [index.saturating_sub(20_000), index, index + 20_000] {
                    if index > 0 {
                        assert_eq!(
                            roll.index(roll.wire(index), near),
                            Some(index),
                            "{index} near {near}"
                        );
                    }
                }
            }
        }
    }
}
