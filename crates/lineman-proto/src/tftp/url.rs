//! Addresses of files: `tftp://host[:port]/name[;mode=netascii]` (RFC 3617).

use std::fmt;

use super::Mode;
use super::PORT;

/// The address of a file on a TFTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// A host name or an address, without the brackets of IPv6.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// The file's name, percent-decoded; empty where the address ends with the host.
    pub filename: Vec<u8>,
    /// The mode, where the address names one.
    pub mode: Option<Mode>,
}

/// Why a text is no address of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// It does not begin with `tftp://`.
    Scheme,
    /// There is no host.
    Host,
    /// The port is no number from 1 to 65535.
    Port,
    /// A `%` is not followed by two hexadecimal digits, or stands for a NUL.
    Escape,
    /// `;mode=` is followed by something else than `netascii` or `octet`.
    Mode,
}

impl std::str::FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let scheme = text
            .get(..7)
            .filter(|start| start.eq_ignore_ascii_case("tftp://"));
        let rest = &text[scheme.ok_or(UrlError::Scheme)?.len()..];
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = split_port(authority)?;
        let (path, mode) = split_mode(path)?;
        Ok(Self {
            host: plain_zone(host),
            port,
            filename: decode(path)?,
            mode,
        })
    }
}

impl Url {
    /// The part of the name behind its last slash; `None` where that is empty.
    pub fn base_name(&self) -> Option<&[u8]> {
        self.filename
            .rsplit(|&byte| byte == b'/' || byte == b'\\')
            .next()
            .filter(|name| !name.is_empty())
    }
}

fn split_port(authority: &str) -> Result<(&str, u16), UrlError> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, tail) = rest.split_once(']').ok_or(UrlError::Host)?;
            (
                host,
                tail.strip_prefix(':')
                    .or_else(|| tail.is_empty().then_some(""))
                    .ok_or(UrlError::Port)?,
            )
        }
        None => match authority.rsplit_once(':') {
            Some((host, _)) if host.contains(':') => return Err(UrlError::Host), // IPv6 needs brackets
            Some((host, port)) => (host, port),
            None => (authority, ""),
        },
    };
    if host.is_empty() {
        return Err(UrlError::Host);
    }
    let port = match port {
        "" => PORT,
        digits => digits
            .parse()
            .ok()
            .filter(|&port| port > 0)
            .ok_or(UrlError::Port)?,
    };
    Ok((host, port))
}

/// The zone of an IPv6 address as the system reads it: behind `%25`, as in a URL it should be (RFC 6874
/// §2), or behind `%`, as people type it.
fn plain_zone(host: &str) -> String {
    match host.split_once("%25") {
        Some((address, zone)) if address.contains(':') && !zone.is_empty() => {
            format!("{address}%{zone}")
        }
        _ => host.to_owned(),
    }
}

fn split_mode(path: &str) -> Result<(&str, Option<Mode>), UrlError> {
    let Some((path, mode)) = path.rsplit_once(";mode=") else {
        return Ok((path, None));
    };
    let mode = [Mode::Octet, Mode::Netascii]
        .into_iter()
        .find(|known| known.name().eq_ignore_ascii_case(mode))
        .ok_or(UrlError::Mode)?;
    Ok((path, Some(mode)))
}

fn decode(path: &str) -> Result<Vec<u8>, UrlError> {
    let mut out = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || {
            bytes
                .next()
                .and_then(|digit| char::from(digit).to_digit(16))
        };
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(UrlError::Escape);
        };
        match (high * 16 + low) as u8 {
            0 => return Err(UrlError::Escape),
            byte => out.push(byte),
        }
    }
    Ok(out)
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "it does not begin with tftp://",
            Self::Host => "there is no host, or an IPv6 address without brackets",
            Self::Port => "the port is no number from 1 to 65535",
            Self::Escape => "a % is not followed by two hexadecimal digits",
            Self::Mode => "the mode is neither octet nor netascii",
        })
    }
}

impl std::error::Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<(String, u16, String, Option<Mode>), UrlError> {
        let url: Url = text.parse()?;
        Ok((
            url.host,
            url.port,
            String::from_utf8_lossy(&url.filename).into_owned(),
            url.mode,
        ))
    }

    #[test]
    fn addresses_as_rfc_3617_writes_them() {
        assert_eq!(
            url("tftp://example.com/myconfigurationfile;mode=netascii"),
            Ok((
                "example.com".into(),
                69,
                "myconfigurationfile".into(),
                Some(Mode::Netascii)
            ))
        );
        assert_eq!(
            url("TFTP://[::1]:6969/a/b%20c"),
            Ok(("::1".into(), 6969, "a/b c".into(), None))
        );
        for address in ["tftp://[fe80::1%25e0]/x", "tftp://[fe80::1%e0]/x"] {
            assert_eq!(
                url(address),
                Ok(("fe80::1%e0".into(), 69, "x".into(), None))
            );
        }
        assert_eq!(url("tftp://h/"), Ok(("h".into(), 69, String::new(), None)));
        assert_eq!(
            url("tftp://h//abs"),
            Ok(("h".into(), 69, "/abs".into(), None))
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(url("http://h/x"), Err(UrlError::Scheme));
        assert_eq!(url("tftp:///x"), Err(UrlError::Host));
        assert_eq!(url("tftp://::1/x"), Err(UrlError::Host));
        assert_eq!(url("tftp://h:99999/x"), Err(UrlError::Port));
        assert_eq!(url("tftp://h/%zz"), Err(UrlError::Escape));
        assert_eq!(url("tftp://h/%00"), Err(UrlError::Escape));
        assert_eq!(url("tftp://h/x;mode=mail"), Err(UrlError::Mode));
        assert_eq!(url("täftp"), Err(UrlError::Scheme));
    }
}
