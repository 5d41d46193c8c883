//! Addresses as people type them: `HOST`, `HOST:PORT`, `:PORT`, `PORT`, `[v6]:PORT`, a bare v6 address.

use std::error::Error;
use std::fmt;
use std::net::Ipv6Addr;

use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::address::Address;

/// A host and a port, either of which may have been left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A name or an address, without brackets; a scope (`fe80::1%eth0`) stays.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
}

/// Why what was typed is no address; a [`Message`], and an [`Error`] for clap's value parsers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// Nothing was typed.
    Empty,
    /// Several colons, no brackets, and not an IPv6 address.
    ColonsWithoutBrackets(String),
    /// A host name with a character that none has.
    BadHost(String, char),
    /// `[` without `]`.
    OpenBracket(String),
    /// Something else than an IPv6 address in brackets.
    NotV6(String),
    /// Something else than `:PORT` after the brackets.
    AfterBracket(String),
    /// A colon with nothing behind it.
    PortMissing(String),
    /// A port that is not made of digits.
    PortNotNumber(String),
    /// A port beyond 65535.
    PortTooLarge(String),
}

impl HostPort {
    /// Reads what was typed. A text of digits is a port, as it is for nc; one with two colons or more
    /// and no brackets is an IPv6 address without a port.
    ///
    /// # Errors
    /// When the text is none of the forms.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if let Some(rest) = text.strip_prefix('[') {
            return bracketed(text, rest);
        }
        match text.split_once(':') {
            None if is_number(text) => Self::new("", Some(port(text, text)?)),
            None => Self::new(text, None),
            Some((host, digits)) if !digits.contains(':') => {
                Self::new(host, Some(port(digits, text)?))
            }
            Some(_) if is_v6(text) => Self::new(text, None),
            Some(_) => Err(AddressError::ColonsWithoutBrackets(text.to_owned())),
        }
    }

    fn new(host: &str, port: Option<u16>) -> Result<Self, AddressError> {
        let never = |c: &char| c.is_whitespace() || c.is_control() || "/[]@".contains(*c);
        if let Some(bad) = host.chars().find(never) {
            return Err(AddressError::BadHost(host.to_owned(), bad));
        }
        Ok(Self {
            host: (!host.is_empty()).then(|| plain_zone(host)),
            port,
        })
    }

    /// How it would be written if the last part of a bare IPv6 address was meant to be the port, as in
    /// `::1:9000`. The text has to be read as an address all the same: it is one.
    pub fn other_reading(text: &str) -> Option<String> {
        let (host, digits) = text.trim().rsplit_once(':')?;
        let has_port = is_number(digits) && port(digits, text).is_ok();
        (has_port && is_v6(text.trim()) && is_v6(host)).then(|| format!("[{host}]:{digits}"))
    }
}

/// The way it would be typed: brackets where the port would be taken for a part of the address.
impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.as_deref().unwrap_or_default();
        match self.port {
            Some(port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Some(port) => write!(f, "{host}:{port}"),
            None => f.write_str(host),
        }
    }
}

impl Message for AddressError {
    fn render(&self, lang: Lang) -> String {
        match self {
            Self::Empty => Address::Empty {}.render(lang),
            Self::ColonsWithoutBrackets(text) => {
                Address::ColonsWithoutBrackets { text }.render(lang)
            }
            Self::BadHost(host, bad) => {
                let (host, bad) = (&host.escape_debug(), &bad.escape_debug());
                Address::BadHost { host, bad }.render(lang)
            }
            Self::OpenBracket(text) => Address::OpenBracket { text }.render(lang),
            Self::NotV6(text) => Address::NotV6 { text }.render(lang),
            Self::AfterBracket(text) => Address::AfterBracket { text }.render(lang),
            Self::PortMissing(text) => Address::PortMissing { text }.render(lang),
            Self::PortNotNumber(text) => Address::PortNotNumber { text }.render(lang),
            Self::PortTooLarge(text) => Address::PortTooLarge { text }.render(lang),
        }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Lang::En))
    }
}

impl Error for AddressError {}

/// `[v6]` or `[v6]:PORT`; `rest` is what follows the opening bracket.
fn bracketed(text: &str, rest: &str) -> Result<HostPort, AddressError> {
    let Some((host, after)) = rest.split_once(']') else {
        return Err(AddressError::OpenBracket(text.to_owned()));
    };
    if !is_v6(host) {
        return Err(AddressError::NotV6(host.to_owned()));
    }
    let port = match after.strip_prefix(':') {
        Some(digits) => Some(port(digits, text)?),
        None if after.is_empty() => None,
        None => return Err(AddressError::AfterBracket(after.to_owned())),
    };
    HostPort::new(host, port)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The zone of an IPv6 address as the system reads it: in URLs its `%` is written `%25` (RFC 6874 §2).
/// `%25` and digits stay: that may be an interface's index.
fn plain_zone(host: &str) -> String {
    match host.split_once("%25") {
        Some((address, zone))
            if zone.starts_with(|c: char| !c.is_ascii_digit()) && is_v6(address) =>
        {
            format!("{address}%{zone}")
        }
        _ => host.to_owned(),
    }
}

/// A scope after `%` is an interface's name or index: the system resolves it.
fn is_v6(text: &str) -> bool {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    address.parse::<Ipv6Addr>().is_ok()
}

/// `digits` as a port; `text` is all that was typed.
fn port(digits: &str, text: &str) -> Result<u16, AddressError> {
    if digits.is_empty() {
        return Err(AddressError::PortMissing(text.to_owned()));
    }
    if !is_number(digits) {
        return Err(AddressError::PortNotNumber(digits.to_owned()));
    }
    digits
        .parse()
        .map_err(|_| AddressError::PortTooLarge(digits.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Option<String>, Option<u16>) {
        let address = HostPort::parse(text).expect(text);
        (address.host, address.port)
    }

    fn both(host: &str, port: u16) -> (Option<String>, Option<u16>) {
        (Some(host.to_owned()), Some(port))
    }

    fn host(host: &str) -> (Option<String>, Option<u16>) {
        (Some(host.to_owned()), None)
    }

    #[test]
    fn every_form_that_people_type() {
        assert_eq!(parsed("example.net"), host("example.net"));
        assert_eq!(parsed("example.net:80"), both("example.net", 80));
        assert_eq!(parsed("192.0.2.7"), host("192.0.2.7"));
        assert_eq!(parsed("192.0.2.7:0"), both("192.0.2.7", 0));
        assert_eq!(parsed(":9000"), (None, Some(9000)));
        assert_eq!(parsed("::1"), host("::1"));
        assert_eq!(parsed("::"), host("::"));
        assert_eq!(parsed("[::1]"), host("::1"));
        assert_eq!(parsed("[2001:db8::7]:9000"), both("2001:db8::7", 9000));
        assert_eq!(parsed("fe80::1%eth0"), host("fe80::1%eth0"));
        assert_eq!(parsed("[fe80::1%eth0]:1"), both("fe80::1%eth0", 1));
        assert_eq!(parsed(" localhost:65535 "), both("localhost", 65535));
        assert_eq!(parsed("8888"), (None, Some(8888)));
        assert_eq!(parsed("fe80::1%25eth0"), host("fe80::1%eth0"));
        assert_eq!(parsed("[fe80::1%25eth0]:1"), both("fe80::1%eth0", 1));
        assert_eq!(parsed("fe80::1%25"), host("fe80::1%25"));
    }

    #[test]
    fn what_is_no_address_is_told_why() {
        let error = |text: &str| HostPort::parse(text).expect_err(text).to_string();
        assert!(error(":88888").contains("65535 is the largest"));
        assert!(error("88888").contains("65535 is the largest"));
        assert!(error("host:999999999999999999999").contains("65535"));
        assert!(error("host:http").contains("not a port number"));
        assert!(error("host:-1").contains("not a port number"));
        assert!(error("host:+1").contains("not a port number"));
        assert!(error("host:").contains("should follow"));
        assert!(error("").contains("empty"));
        assert!(error("1:2:3").contains("[2001:db8::7]:8888"));
        assert!(error("[::1").contains("closing bracket"));
        assert!(error("[host]:1").contains("not an IPv6 address"));
        assert!(error("[::1]9000").contains("not a port"));
        assert!(error("a b:1").contains("cannot contain"));
        assert!(error("http://host").contains("not a port number"));
        assert!(error("http:/x").contains("not a port number"));
        assert!(error("user@host:1").contains("cannot contain"));
    }

    #[test]
    fn an_address_that_may_have_been_meant_with_a_port_names_the_right_spelling() {
        let other = |text: &str| HostPort::other_reading(text);
        assert_eq!(other("::1:9").as_deref(), Some("[::1]:9"));
        assert_eq!(
            other("2001:db8::7:8888").as_deref(),
            Some("[2001:db8::7]:8888")
        );
        for clear in [
            "[::1]:9",
            "[::1:9]",
            "::1",
            "::",
            "::1:ff",
            "::1:0009x",
            "h:9",
            "1:2:3:4:5:6:7:8",
            "9",
        ] {
            assert_eq!(other(clear), None, "{clear}");
        }
    }

    #[test]
    fn shown_as_it_would_be_typed() {
        for text in ["host", "host:1", ":1", "::1", "[::1]:1", "192.0.2.7:65535"] {
            assert_eq!(HostPort::parse(text).expect(text).to_string(), text);
        }
    }
}
