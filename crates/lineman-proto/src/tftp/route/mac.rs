//! Link-layer addresses as an operator writes them: what a machine is known by before it has another name.

use std::fmt;
use std::str::FromStr;

use crate::wire::Mac;

impl FromStr for Mac {
    type Err = MacError;

    fn from_str(text: &str) -> Result<Self, MacError> {
        let bytes = bytes(text)?;
        bytes.try_into().map(Self).map_err(|_| MacError)
    }
}

/// The first bytes of a link-layer address, those of a manufacturer for example: `52:54:00:*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacPrefix(Vec<u8>);

impl MacPrefix {
    /// Whether `mac` begins with these bytes.
    pub fn contains(&self, mac: Mac) -> bool {
        mac.0.starts_with(&self.0)
    }
}

impl FromStr for MacPrefix {
    type Err = MacError;

    fn from_str(text: &str) -> Result<Self, MacError> {
        match text.strip_suffix(":*").or_else(|| text.strip_suffix("-*")) {
            Some(first) => bytes(first)
                .map(Self)
                .and_then(|prefix| (prefix.0.len() < 6).then_some(prefix).ok_or(MacError)),
            None => text.parse::<Mac>().map(|mac| Self(mac.0.to_vec())),
        }
    }
}

/// Bytes of two hexadecimal digits with colons or hyphens between.
fn bytes(text: &str) -> Result<Vec<u8>, MacError> {
    let byte = |part: &str| {
        let is_hex = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex
            .then(|| u8::from_str_radix(part, 16).ok())
            .flatten()
            .ok_or(MacError)
    };
    text.split([':', '-']).map(byte).collect()
}

/// A text is no link-layer address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacError;

impl fmt::Display for MacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no address like 52:54:00:12:34:56, nor the beginning of one like 52:54:00:*")
    }
}

impl std::error::Error for MacError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_with_colons_or_hyphens_and_prefixes_with_a_star() {
        let mac: Mac = "52:54:00:AB:cd:01".parse().expect("address");
        assert_eq!(mac.to_string(), "52:54:00:ab:cd:01");
        assert_eq!("52-54-00-ab-cd-01".parse(), Ok(mac));
        let contains = |text: &str| text.parse().map(|prefix: MacPrefix| prefix.contains(mac));
        assert_eq!(contains("52:54:00:*"), Ok(true));
        assert_eq!(contains("52-54-01-*"), Ok(false));
        assert_eq!(contains("52:54:00:ab:cd:01"), Ok(true));
        assert_eq!(contains("52:54:00:ab:cd:02"), Ok(false));
        for wrong in [
            "",
            "*",
            ":*",
            "52:54",
            "52:54:00:ab:cd:01:*",
            "52:54:00:ab:cd:1",
            "52:54:0g:ab:cd:01",
            "+2:54:00:ab:cd:01",
        ] {
            assert_eq!(contains(wrong), Err(MacError), "{wrong}");
        }
    }
}
