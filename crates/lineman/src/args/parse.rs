//! Values that people type: durations, sizes, ranges of addresses.

use std::time::Duration;

use lineman_proto::dhcp::Loader;
use lineman_proto::dhcp::LoaderError;
use lineman_proto::tftp::ClientRule;
use lineman_proto::tftp::ClientRuleError;
use lineman_proto::tftp::guard::Prefix;
use lineman_proto::tftp::guard::PrefixError;
use lineman_proto::tftp::route::Route;
use lineman_proto::wire::Mac;

/// Which addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// All there are.
    Any,
    /// Those of a range.
    Of(Prefix),
}

/// Seconds, fractions allowed: `10`, `0.5`.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is not a number of seconds, like 10 or 0.5");
    let value: f64 = text.parse().map_err(|_| bad())?;
    let duration = Duration::try_from_secs_f64(value).map_err(|_| bad())?;
    // A clock cannot be asked for a moment billions of years away.
    Some(duration)
        .filter(|&duration| duration <= LONGEST)
        .ok_or_else(bad)
}

/// Microseconds, up to a second.
pub fn microseconds(text: &str) -> Result<Duration, String> {
    let micros: u64 = text
        .parse()
        .ok()
        .filter(|&micros| micros <= 1_000_000)
        .ok_or_else(|| {
            format!("`{text}` is not a number of microseconds up to a second, like 100")
        })?;
    Ok(Duration::from_micros(micros))
}

/// A share in percent, with or without its sign: `1`, `0.5%`.
pub fn percent(text: &str) -> Result<f64, String> {
    let bad = || format!("`{text}` is not a percentage from 0 to 100, like 1 or 0.5");
    let digits = text.strip_suffix('%').unwrap_or(text);
    let value: f64 = digits.parse().map_err(|_| bad())?;
    if (0.0..=100.0).contains(&value) {
        Ok(value)
    } else {
        Err(bad())
    }
}

/// Bytes with an optional K, M or G (powers of 1024): `512`, `64M`.
pub fn bytes(text: &str) -> Result<u64, String> {
    let bad = || format!("`{text}` is not a number of bytes, like 4096 or 64M");
    let (digits, shift) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 10),
        Some((at, 'm' | 'M')) => (&text[..at], 20),
        Some((at, 'g' | 'G')) => (&text[..at], 30),
        _ => (text, 0),
    };
    let value: u64 = digits.parse().map_err(|_| bad())?;
    value.checked_mul(1 << shift).ok_or_else(bad)
}

/// A range of addresses: `any`, `192.0.2.7`, `10.0.0.0/8`, `fd00::/8`.
pub fn addresses(text: &str) -> Result<Addresses, String> {
    if text == "any" {
        return Ok(Addresses::Any);
    }
    let prefix = text.parse().map_err(|error| match error {
        PrefixError::Excess => format!("`{text}` has bits set behind its prefix"),
        PrefixError::Bits => format!("`{text}` has no valid number of bits behind the /"),
        _ => format!("`{text}` is neither any nor a range of addresses, like 10.0.0.0/8"),
    })?;
    Ok(Addresses::Of(prefix))
}

/// What holds for some clients: `from=192.0.2.0/24,asks=blksize+tsize,no-options`.
pub fn client_rule(text: &str) -> Result<ClientRule, String> {
    text.parse().map_err(|error| {
        let why = match error {
            ClientRuleError::From(_) => "has a from that is no range of addresses",
            ClientRuleError::Asks => "has no names of options in asks",
            ClientRuleError::Blksize => "has a blksize that is not 8 to 65464",
            ClientRuleError::Windowsize => "has a windowsize that is not 1 to 65535",
            ClientRuleError::Rollover => "has a rollover that is neither 0 nor 1",
            ClientRuleError::Everybody => "names no clients, by from or asks",
            ClientRuleError::Nothing => "changes nothing for its clients",
            _ => "has a part that no rule has",
        };
        format!("`{text}` {why}")
    })
}

/// What some firmware is told to load: `x64-uefi=ipxe.efi`, `7=ipxe.efi`, `ipxe=boot.ipxe`.
pub fn loader(text: &str) -> Result<Loader, String> {
    text.parse().map_err(|error| {
        let why = match error {
            LoaderError::UnknownArch => {
                "names no architecture, like x86-bios, x64-uefi, arm64-uefi or a number of option 93"
            }
            LoaderError::BadName => "names no file of 1 to 127 bytes without control characters",
            LoaderError::NeedsUrl => "names no URL, and this firmware loads by HTTP",
            LoaderError::TakesNoUrl => "names a URL, and this firmware loads by TFTP",
            _ => "is not of the form ARCH=NAME",
        };
        format!("`{text}` {why}")
    })
}

/// Which file some names get: `name=*.cfg,path=boards/{client.ip}/{name.1}`. What comes from a settings file has
/// [`PART_SEPARATOR`] between its parts, so that commas may be in them.
pub fn route(text: &str) -> Result<Route, String> {
    let separator = match text.contains(PART_SEPARATOR) {
        true => PART_SEPARATOR,
        false => ',',
    };
    let parts = text.split(separator).filter(|part| !part.is_empty());
    Route::of(parts.map(|part| part.split_once('=').unwrap_or((part, ""))))
        .map_err(|error| format!("`{text}` has {error}"))
}

/// A link-layer address.
pub fn mac(text: &str) -> Result<Mac, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no address like 52:54:00:12:34:56"))
}

/// A number from 1.
pub fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..) => Ok(count),
        _ => Err(format!("`{text}` is not a number from 1")),
    }
}

/// A host's name without a port.
pub fn host_name(text: &str) -> Result<String, String> {
    let is_name = |part: &str| {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !part.is_empty() && part.bytes().all(inside)
    };
    match text.split('.').all(is_name) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "`{text}` is not a host's name, as boot.example.org"
        )),
    }
}

/// A port in a word of its own.
pub fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port @ 1..) => Ok(port),
        _ => Err(format!(
            "`{text}` is not a port from 1 to 65535; what is to be sent is typed or piped in"
        )),
    }
}

/// Threads: more than processors that a machine has would only wait for each other.
pub fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=MOST_THREADS) => Ok(count),
        _ => Err(format!("`{text}` is not a number of threads from 1 to 256")),
    }
}

/// Stands between the parts of a value that was a table in a settings file (the picture of ASCII's unit separator):
/// no key and no value has it.
pub const PART_SEPARATOR: char = '\u{241f}';
/// More than this many threads help nobody.
pub const MOST_THREADS: usize = 256;
/// A century.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_seconds_as_people_write_them() {
        assert_eq!(bytes("512"), Ok(512));
        assert_eq!(bytes("64M"), Ok(64 << 20));
        assert_eq!(bytes("1g"), Ok(1 << 30));
        assert!(bytes("99999999999G").is_err());
        assert!(bytes("").is_err());
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert!(seconds("-1").is_err());
        assert!(
            seconds("1.5e19").is_err(),
            "it panicked when added to the time of day"
        );
        assert!(seconds("inf").is_err());
        assert_eq!(percent("0.5%"), Ok(0.5));
        assert_eq!(percent("1"), Ok(1.0));
        assert!(percent("101").is_err());
        assert!(percent("nan").is_err());
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_said_in_both_languages() {
        assert!(client_rule("from=10.0.0.0/8,blksize=1024").is_ok());
        for wrong in [
            "from=10.0.0.1/8,no-options",
            "asks=,no-options",
            "from=::/0,blksize=7",
            "from=::/0,windowsize=0",
            "from=::/0,rollover=2",
            "no-options",
            "from=::/0",
            "from=::/0,colour=red",
        ] {
            is_said_in_both(wrong, &client_rule(wrong).expect_err(wrong));
        }
    }

    #[test]
    fn what_is_wrong_with_a_loader_is_said_in_both_languages() {
        assert!(loader("x64-uefi=ipxe.efi").is_ok());
        for wrong in ["ipxe.efi", "vax=a", "7=", "x64-http=a", "7=http://h/a"] {
            is_said_in_both(wrong, &loader(wrong).expect_err(wrong));
        }
    }

    /// That of `--busy-poll` was said in English to those who read Chinese.
    #[test]
    fn what_is_wrong_with_a_number_is_said_in_both_languages() {
        is_said_in_both("x", &seconds("x").expect_err("a word"));
        is_said_in_both("x", &microseconds("x").expect_err("a word"));
        is_said_in_both("x", &percent("x").expect_err("a word"));
        is_said_in_both("x", &bytes("x").expect_err("a word"));
        is_said_in_both("x", &addresses("x").map(|_| ()).expect_err("a word"));
        is_said_in_both("x", &port("x").expect_err("a word"));
        is_said_in_both("x", &count("x").expect_err("a word"));
        is_said_in_both("65536", &threads("65536").expect_err("too many"));
    }

    fn is_said_in_both(wrong: &str, said: &str) {
        let reason = said.strip_prefix(&format!("`{wrong}` "));
        let reason = reason.expect("what is wrong, and why");
        let known = crate::lang::help::house::REASONS;
        assert!(known.iter().any(|(en, _)| *en == reason), "{said}");
    }

    #[test]
    fn ranges_of_addresses_and_counts_as_people_write_them() {
        assert_eq!(addresses("any"), Ok(Addresses::Any));
        assert!(matches!(addresses("10.0.0.0/8"), Ok(Addresses::Of(_))));
        assert!(
            addresses("10.0.0.1/8")
                .expect_err("a host")
                .contains("behind its prefix")
        );
        assert!(addresses("10.0.0.0/99").expect_err("bits").contains("bits"));
        assert!(addresses("lan").expect_err("a word").contains("any"));
        assert_eq!(count("7"), Ok(7));
        assert!(count("0").is_err() && count("-1").is_err());
        assert_eq!((threads("1"), threads("256")), (Ok(1), Ok(MOST_THREADS)));
        assert!(threads("0").is_err() && threads("257").is_err());
    }
}
