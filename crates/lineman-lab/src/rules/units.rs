//! Numbers with units, read and written.

use std::fmt;
use std::time::Duration;

use super::Chance;

/// The longest time in a rule: beyond it no lesson is left, and clocks can reach it.
const LONGEST: Duration = Duration::from_secs(3600);

/// Units of time in microseconds, the largest first.
const TIMES: [(&str, u64); 3] = [("s", 1_000_000), ("ms", 1_000), ("us", 1)];

/// Units of a rate in bits per second, the largest first.
const RATES: [(&str, u64); 4] = [
    ("gbit", 1_000_000_000),
    ("mbit", 1_000_000),
    ("kbit", 1_000),
    ("bit", 1),
];

pub(super) fn duration(text: &str) -> Option<Duration> {
    let time = Duration::from_micros(with_unit(text, &TIMES)?);
    (time <= LONGEST).then_some(time)
}

pub(super) fn rate(text: &str) -> Option<u64> {
    with_unit(text, &RATES).filter(|rate| *rate > 0)
}

pub(super) fn chance(text: &str) -> Option<Chance> {
    Chance::from_millionths(u32::try_from(decimal(text.strip_suffix('%')?, 10_000)?).ok()?)
}

/// A whole number without sign.
pub(super) fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, size) = units.iter().find(|(name, _)| *name == unit)?;
    decimal(number, *size)
}

/// A decimal number times `size`, if that is whole.
fn decimal(text: &str, size: u64) -> Option<u64> {
    let (units, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let places = u32::try_from(fraction.len()).ok()?;
    let fraction = whole(fraction)?.checked_mul(size)?;
    let scale = 10_u64.checked_pow(places)?;
    let parts = (fraction.is_multiple_of(scale)).then_some(fraction / scale)?;
    whole(units)?.checked_mul(size)?.checked_add(parts)
}

pub(super) fn show_duration(time: Duration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    show(micros, &TIMES, f)
}

pub(super) fn show_rate(rate: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    show(rate, &RATES, f)
}

/// In the largest unit of which it is a whole multiple; the last unit is 1.
fn show(value: u64, units: &[(&str, u64)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let fits = units
        .iter()
        .find(|(_, size)| value > 0 && value.is_multiple_of(*size));
    match fits.or_else(|| units.last()) {
        Some((unit, size)) => write!(f, "{}{unit}", value / size),
        None => write!(f, "{value}"),
    }
}

/// `20%`, `0.5%`.
pub(super) fn show_chance(chance: Chance, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (whole, rest) = (chance.millionths() / 10_000, chance.millionths() % 10_000);
    if rest == 0 {
        return write!(f, "{whole}%");
    }
    let digits = format!("{rest:04}");
    write!(f, "{whole}.{}%", digits.trim_end_matches('0'))
}
