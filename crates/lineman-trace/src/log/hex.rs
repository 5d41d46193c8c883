//! Bytes as hexadecimal digits, for serde's `with`. A log is mostly these: both ways go by tables.

use std::fmt;

use serde::Deserializer;
use serde::Serializer;
use serde::de::Error;
use serde::de::Visitor;

/// The hexadecimal digits, in the order of their values.
const DIGITS: &[u8; 16] = b"0123456789abcdef";
/// What stands for "no digit" in [`VALUES`].
const NONE: u8 = 0xff;
/// The value of each character.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 16 {
        let digit = DIGITS[value];
        values[digit as usize] = value as u8;
        values[digit.to_ascii_uppercase() as usize] = value as u8;
        value += 1;
    }
    values
};

pub(super) fn serialize<S: Serializer>(
    bytes: &Option<Vec<u8>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 0x0f)]);
    let bytes = bytes.as_deref().unwrap_or_default();
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        digits.push(digit(byte >> 4));
        digits.push(digit(*byte));
    }
    serializer.serialize_some(&digits)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<u8>>, D::Error> {
    deserializer.deserialize_str(Digits).map(Some)
}

/// Takes the digits as they come, without a copy of them.
struct Digits;

impl Visitor<'_> for Digits {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hexadecimal digits")
    }

    fn visit_str<E: Error>(self, digits: &str) -> Result<Self::Value, E> {
        bytes(digits).map_err(E::custom)
    }
}

fn bytes(digits: &str) -> Result<Vec<u8>, &'static str> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err("an odd number of hexadecimal digits");
    }
    let mut bytes = Vec::with_capacity(pairs.len());
    for [high, low] in pairs {
        let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
        if high == NONE || low == NONE {
            return Err("not a hexadecimal digit");
        }
        bytes.push(high << 4 | low);
    }
    Ok(bytes)
}
