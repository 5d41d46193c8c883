//! The calls' arguments as they are typed.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::time::Duration;

use lineman_lab::hosts::Direction;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Flag;
use lineman_lab::hosts::SocketOption;
use lineman_lab::hosts::Transport;

use super::complaint::Complaint;

/// The kinds of socket.
pub const KINDS: [&str; 4] = ["tcp", "udp", "tcp6", "udp6"];

/// What makes a kind of socket in Python and C.
pub(super) const KINDS_IN_PYTHON: &str = "AF_INET, AF_INET6, SOCK_STREAM, SOCK_DGRAM";

/// What can be shut down.
pub const DIRECTIONS: [&str; 3] = ["wr", "rd", "rdwr"];

/// `tcp`, `udp6`, …
pub fn kind(text: &str) -> Result<(Family, Transport), Complaint> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "tcp" => (Family::Inet, Transport::Stream),
        "udp" => (Family::Inet, Transport::Datagram),
        "tcp6" => (Family::Inet6, Transport::Stream),
        "udp6" => (Family::Inet6, Transport::Datagram),
        _ => return Err(Complaint::value(text, &KINDS.join(", "))),
    })
}

/// `10.0.0.2:80`, `[fd00::2]:80`, `server:80`, `:80`, `80`.
pub fn address(text: &str) -> Result<SocketAddr, Complaint> {
    let wrong = || Complaint::value(text, "10.0.0.2:8888, server:8888, :8888");
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port: u16 = port.parse().map_err(|_| match digits {
        true => Complaint::Port(port.to_owned()),
        false => wrong(),
    })?;
    let host = match host {
        "" => Ipv4Addr::UNSPECIFIED,
        "client" => Ipv4Addr::new(10, 0, 0, 1),
        "server" => Ipv4Addr::new(10, 0, 0, 2),
        _ => return text.parse().map_err(|_| wrong()),
    };
    Ok((host, port).into())
}

/// `SO_REUSEADDR`, or `reuseaddr`.
pub fn option(text: &str) -> Result<SocketOption, Complaint> {
    let plain = |name: &str| {
        let name = name.to_ascii_uppercase();
        let (_, short) = name.split_once('_').unwrap_or(("", &name));
        short.to_owned()
    };
    let names = || SocketOption::ALL.map(SocketOption::name).join(", ");
    SocketOption::ALL
        .into_iter()
        .find(|option| plain(option.name()) == plain(text))
        .ok_or_else(|| Complaint::value(text, &names()))
}

/// `rd`, `SHUT_WR`, …
pub fn direction(text: &str) -> Result<Direction, Complaint> {
    let text = text.to_ascii_lowercase();
    Ok(match text.strip_prefix("shut_").unwrap_or(&text) {
        "rd" => Direction::Read,
        "wr" => Direction::Write,
        "rdwr" => Direction::Both,
        _ => return Err(Complaint::value(&text, &DIRECTIONS.join(", "))),
    })
}

/// `MSG_PEEK|MSG_DONTWAIT`, or `peek`.
pub fn flags(text: &str) -> Result<Vec<Flag>, Complaint> {
    text.split('|').map(flag).collect()
}

fn flag(text: &str) -> Result<Flag, Complaint> {
    let plain = |name: &str| name.trim_start_matches("MSG_").to_owned();
    let names = || Flag::ALL.map(Flag::name).join(", ");
    Flag::ALL
        .into_iter()
        .find(|flag| plain(flag.name()) == plain(&text.to_ascii_uppercase()))
        .ok_or_else(|| Complaint::value(text, &names()))
}

/// Descriptors: `3,4` or `[3,4]`.
pub fn descriptors(text: &str) -> Result<Vec<i32>, Complaint> {
    let inner = text.trim_matches(['[', ']', ',']);
    if inner.is_empty() {
        return Ok(Vec::new());
    }
    let each = inner.split(',').map(|part| part.trim().parse());
    let all: Result<Vec<i32>, _> = each.collect();
    all.map_err(|_| Complaint::value(text, "3, 3,4"))
}

/// Seconds, or `none` for ever.
pub fn timeout(text: &str) -> Result<Option<Duration>, Complaint> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let wrong = || Complaint::value(text, "1.5, 0, none");
    let seconds: f64 = text.parse().map_err(|_| wrong())?;
    let time = Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
    Ok(Some(time).filter(|time| *time < FOR_EVER))
}

/// `true`, `0`, `off`, …
pub fn switch(text: &str) -> Result<bool, Complaint> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Ok(true),
        "false" | "0" | "off" | "no" => Ok(false),
        _ => Err(Complaint::value(text, "true, false")),
    }
}

/// A number of whatever type.
pub fn number<T: std::str::FromStr>(text: &str) -> Result<T, Complaint> {
    text.parse().map_err(|_| Complaint::value(text, "1, 2, 3"))
}

/// Bytes: as they stand, or in quotes; `\n`, `\t`, `\r`, `\0`, `\xNN`, `\"` and `\\` in either.
pub fn data(text: &str) -> Result<Vec<u8>, Complaint> {
    let text = text.trim();
    let inner = text.strip_prefix('"').map(|rest| rest.strip_suffix('"'));
    let text = match inner {
        Some(Some(inner)) => inner,
        Some(None) => return Err(Complaint::value(text, "\"hello\\n\"")),
        None => text,
    };
    let mut bytes = Vec::new();
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => {
                let byte = escaped(&mut signs);
                bytes.push(byte.ok_or_else(|| Complaint::value(text, ESCAPES))?);
            }
            other => bytes.extend(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Ok(bytes)
}

/// The byte that an escape stands for, behind its backslash.
pub(super) fn escaped(signs: &mut std::str::Chars<'_>) -> Option<u8> {
    Some(match signs.next()? {
        'n' => b'\n',
        't' => b'\t',
        'r' => b'\r',
        '0' => 0,
        '"' => b'"',
        '\'' => b'\'',
        '\\' => b'\\',
        'x' => {
            let mut digit = || signs.next()?.to_digit(16);
            u8::try_from(digit()? * 16 + digit()?).ok()?
        }
        _ => return None,
    })
}

const ESCAPES: &str = "\\n, \\t, \\r, \\0, \\x41, \\\", \\\\";
/// More than the kernel can count.
const FOR_EVER: Duration = Duration::from_secs(1 << 31);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_short() {
        let read = |text| address(text).ok().map(|it| it.to_string());
        assert_eq!(read("server:80").as_deref(), Some("10.0.0.2:80"));
        assert_eq!(read("80").as_deref(), Some("0.0.0.0:80"));
        assert_eq!(read(":80").as_deref(), Some("0.0.0.0:80"));
        assert_eq!(read("[fd00::2]:80").as_deref(), Some("[fd00::2]:80"));
        for wrong in ["", ":", "server", "10.0.0.2", "10.0.0.2:99999", "x:1"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    /// The textbook's own port was told that it means nothing.
    #[test]
    fn a_port_that_is_too_large_is_told_where_ports_end() {
        for text in ["88888", ":65536", "10.0.0.2:88888", "[::1]:99999999999999"] {
            let port = text.rsplit_once(':').map_or(text, |(_, port)| port);
            let complaint = address(text).expect_err("no port");
            assert_eq!(complaint, Complaint::Port(port.to_owned()));
            assert!(complaint.words(crate::lang::Lang::En).contains("65535"));
        }
        assert!(address("65535").is_ok() && address("0").is_ok());
    }

    #[test]
    fn flags_by_either_name() {
        let both = Ok(vec![Flag::Peek, Flag::DontWait]);
        assert_eq!(flags("MSG_PEEK|MSG_DONTWAIT"), both);
        assert_eq!(flags("peek|dontwait"), both);
        assert!(flags("MSG_").is_err() && flags("").is_err() && flags("peek|").is_err());
    }

    #[test]
    fn lists_of_descriptors() {
        assert_eq!(descriptors("3,4"), Ok(vec![3, 4]));
        assert_eq!(descriptors("[3,4]"), Ok(vec![3, 4]));
        assert_eq!(descriptors("[]"), Ok(Vec::new()));
        assert!(descriptors("3;4").is_err() && descriptors("x").is_err());
    }

    #[test]
    fn data_with_and_without_quotes() {
        let read = |text| data(text).ok();
        assert_eq!(read("hello you").as_deref(), Some(&b"hello you"[..]));
        assert_eq!(read("\" a\\n\\x41\\\"\"").as_deref(), Some(&b" a\nA\""[..]));
        assert_eq!(read("你好").as_deref(), Some("你好".as_bytes()));
        for wrong in ["\"half", "\\", "\\q", "\\x4", "\\xzz", "\""] {
            assert!(data(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_rest() {
        assert!(option("reuseaddr") == Ok(SocketOption::ReuseAddress));
        assert!(option("SO_LINGER") == Ok(SocketOption::Linger));
        assert!(option("so_what").is_err());
        assert!(timeout("none") == Ok(None) && timeout("1e300").is_err());
        assert!(timeout("-1").is_err() && timeout("nan").is_err());
        assert!(direction("SHUT_RDWR") == Ok(Direction::Both));
    }
}
