//! Units of time in a capture file.

/// The unit of an interface's times, as pcapng's `if_tsresol` writes it: a negative power of ten, or,
/// with the highest bit set, of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resolution(pub u8);

/// The bit of a resolution that makes the rest a power of two instead of ten (`if_tsresol` of pcapng).
const BINARY: u8 = 0x80;
/// The powers of ten that 128 bits hold; a finer unit than 10⁻³⁸ s says nothing in 64 bits.
const MAX_DECIMAL: u32 = 38;
/// How many nanoseconds a second has.
const NANOS: u128 = 1_000_000_000;

impl Resolution {
    /// 10⁻⁶ s: that of classic pcap, and of pcapng where nothing is said.
    pub const MICROSECONDS: Self = Self(6);
    /// 10⁻⁹ s.
    pub const NANOSECONDS: Self = Self(9);

    /// So many units as nanoseconds, rounded down. It cannot overflow: 2⁶⁴ seconds fit.
    pub(super) fn to_ns(self, units: u64) -> u128 {
        let units = u128::from(units) * NANOS;
        match self.power() {
            Power::Ten(power) => units / 10_u128.pow(power.min(MAX_DECIMAL)),
            Power::Two(power) => units >> power,
        }
    }

    /// So many nanoseconds in these units, rounded down; `None` if 64 bits cannot hold it.
    pub(super) fn of_ns(self, ns: u64) -> Option<u64> {
        let ns = u128::from(ns);
        let scaled = match self.power() {
            Power::Ten(power) => ns.checked_mul(10_u128.checked_pow(power)?)?,
            Power::Two(power) => ns.checked_mul(1_u128.checked_shl(power)?)?,
        };
        u64::try_from(scaled / NANOS).ok()
    }

    fn power(self) -> Power {
        let power = u32::from(self.0 & !BINARY);
        match self.0 & BINARY {
            0 => Power::Ten(power),
            _ => Power::Two(power),
        }
    }
}

enum Power {
    Ten(u32),
    Two(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_a_second_in_every_unit() {
        for (resolution, units) in [
            (Resolution(0), 1),
            (Resolution::MICROSECONDS, 1_000_000),
            (Resolution::NANOSECONDS, 1_000_000_000),
            (Resolution(12), 1_000_000_000_000),
            (Resolution(0x80), 1),
            (Resolution(0x80 | 10), 1 << 10),
            (Resolution(0x80 | 32), 1 << 32),
        ] {
            assert_eq!(resolution.to_ns(units), NANOS, "{resolution:?}");
            assert_eq!(
                resolution.of_ns(1_000_000_000),
                Some(units),
                "{resolution:?}"
            );
        }
    }

    #[test]
    fn no_unit_and_no_number_is_too_much() {
        for resolution in (0..=u8::MAX).map(Resolution) {
            let _ = resolution.to_ns(u64::MAX);
            let _ = resolution.of_ns(u64::MAX);
        }
        assert_eq!(Resolution(0).to_ns(u64::MAX), u128::from(u64::MAX) * NANOS);
        assert_eq!(Resolution(127).to_ns(u64::MAX), 0);
        assert_eq!(Resolution(19).of_ns(10_000_000_000), None);
    }
}
