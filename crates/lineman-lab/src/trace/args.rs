//! The notations of strace.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use lineman_proto::text::quoted;
use lineman_trace::log::Endpoints;
use lineman_trace::log::unmapped;

/// Splits at the commas that are in no quotes and no brackets. Returns what stands behind the
/// bracket that closes the list, too, if it is there.
pub(super) fn split(text: &str) -> (Vec<&str>, Option<&str>) {
    let (mut parts, mut depth, mut begin) = (Vec::new(), 0_u32, 0);
    let (mut quoted, mut escaped, mut before) = (false, false, ' ');
    for (at, sign) in text.char_indices() {
        if quoted {
            quoted = escaped || sign != '"';
            escaped = !escaped && sign == '\\';
            continue;
        }
        match sign {
            '"' => quoted = true,
            '(' | '[' | '{' | '<' => depth += 1,
            '>' if matches!(before, '-' | '=') => {} // the arrow between two addresses, or what the kernel made of a length: `16 => 0`
            ')' if depth == 0 => {
                parts.push(text[begin..at].trim());
                return (parts, Some(&text[at + 1..]));
            }
            ')' | ']' | '}' | '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
        before = sign;
    }
    parts.push(text[begin..].trim());
    (parts, None)
}

/// `5<TCP:[…]>`: the number, and what it is.
pub(super) fn descriptor(text: &str) -> Option<(i32, &str)> {
    let (number, kind) = text.split_once('<')?;
    Some((number.parse().ok()?, kind))
}

/// What the descriptor that begins like `begin`, `5<`, is in a list of such: `[3<TCP:[…]> 5<TCP:[…]>]`.
pub(super) fn kind_of<'a>(list: &'a str, begin: &str) -> Option<&'a str> {
    let mut all = list.match_indices(begin);
    let is_whole = |at: usize| !list[..at].ends_with(|sign: char| sign.is_ascii_digit());
    let (at, _) = all.find(|(at, _)| is_whole(*at))?;
    let rest = &list[at + begin.len()..];
    Some(&rest[..rest.find("]>")? + 2])
}

/// Whether a descriptor is a socket that the wire can see.
pub(super) fn is_inet(kind: &str) -> bool {
    is_tcp(kind) || kind.starts_with("UDP")
}

pub(super) fn is_tcp(kind: &str) -> bool {
    kind.starts_with("TCP")
}

/// `TCP:[10.0.0.2:9000->10.0.0.1:40000]>`: the ends of a connection. An IPv4 address in an IPv6 socket's form is the IPv4 one.
pub(super) fn ends(kind: &str) -> Option<Endpoints> {
    let (_, ends) = kind.split_once(":[").filter(|_| is_tcp(kind))?;
    let (local, remote) = ends.strip_suffix("]>")?.split_once("->")?;
    let end = |text: &str| text.parse().ok().map(unmapped);
    Some(Endpoints {
        local: end(local)?,
        remote: Some(end(remote)?),
    })
}

/// `{sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("10.0.0.2")}`, and that of IPv6.
pub(super) fn address(text: &str) -> Option<SocketAddr> {
    let port = between(text, "port=htons(", ")")?.parse().ok()?;
    let host: IpAddr = between(text, "inet_addr(\"", "\"")
        .or_else(|| between(text, "inet_pton(AF_INET6, \"", "\""))?
        .parse()
        .ok()?;
    Some((host, port).into())
}

/// An address, or the name of its family where that has none: connect() with `AF_UNSPEC` dissolves a connection.
pub(super) fn address_or_family(text: &str) -> Option<String> {
    let family = || between(&format!("{text},"), "sa_family=", ",").map(str::to_owned);
    let bare = |family: String| family.trim_end_matches('}').to_owned();
    address(text)
        .map(|it| it.to_string())
        .or_else(|| family().map(bare))
}

/// A socket option by the name that programs write: the kernel has two numbers for some, and calls the usual one old.
pub(super) fn option(name: &str) -> &str {
    name.strip_suffix("_OLD").unwrap_or(name)
}

/// The value of a socket option: of one that is an address (ip(7), `struct in_addr`), of which strace shows the four bytes as a number of
/// this machine, the address.
pub(super) fn option_value(name: &str, value: &str) -> String {
    let number = value
        .parse::<i64>()
        .ok()
        .filter(|_| name == "IP_MULTICAST_IF");
    match number {
        // The number has a sign for strace, or has none.
        Some(number) => Ipv4Addr::from((number as u32).to_ne_bytes()).to_string(),
        None => value.to_owned(),
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

/// A string in quotes as the log has strings; `...` behind it if it was cut.
pub(super) fn string(text: &str) -> Option<String> {
    let rest = text.strip_prefix('"')?;
    let (mut bytes, mut escaped, mut end) = (Vec::new(), None, None);
    for (at, &byte) in rest.as_bytes().iter().enumerate() {
        match (escaped, byte) {
            (Some(octal @ 1..=2), b'0'..=b'7') => {
                let value: &mut u8 = bytes.last_mut()?;
                *value = value.wrapping_mul(8) | (byte - b'0');
                escaped = (octal < 2).then_some(octal + 1);
            }
            (Some(0), b'0'..=b'7') => {
                bytes.push(byte - b'0');
                escaped = Some(1);
            }
            (Some(0), _) => {
                bytes.push(letter(byte));
                escaped = None;
            }
            (_, b'\\') => escaped = Some(0),
            (_, b'"') => {
                end = Some(at);
                break;
            }
            (_, _) => {
                bytes.push(byte);
                escaped = None;
            }
        }
    }
    let cut = &rest[end? + 1..];
    Some(quoted(&bytes) + cut)
}

fn letter(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'v' => 0x0b,
        b'f' => 0x0c,
        other => other,
    }
}

/// `1795407799.339665` in nanoseconds.
pub(super) fn seconds_ns(text: &str) -> Option<u64> {
    let (seconds, part) = text.split_once('.')?;
    let digits = u32::try_from(part.len()).ok().filter(|len| *len <= 9)?;
    let part = part.parse::<u64>().ok()? * 10_u64.pow(9 - digits);
    let seconds: u64 = seconds.parse().ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(part)
}

/// A set of descriptors, `[3<TCP:[…]> 5<TCP:[…]>]` or `NULL`, as a list: `[3, 5]`.
pub(super) fn numbers(set: &str) -> String {
    match set {
        "NULL" | "" => "[]".to_owned(),
        set => undecorated(set).replace(' ', ", "),
    }
}

/// `{tv_sec=0, tv_nsec=50000000}` in seconds, `0.05`; nothing for `NULL`.
pub(super) fn duration(text: &str) -> Option<String> {
    let fields = text.strip_prefix('{')?.strip_suffix('}')?;
    let field = |name: &str| {
        let mut all = fields.split(", ");
        all.find_map(|field| field.strip_prefix(name)?.parse::<u64>().ok())
    };
    let nanos = field("tv_nsec=").or_else(|| field("tv_usec=")?.checked_mul(1000))?;
    let part = format!("{nanos:09}");
    let (seconds, part) = (field("tv_sec=")?, part.trim_end_matches('0'));
    Some(match part {
        "" => seconds.to_string(),
        part => format!("{seconds}.{part}"),
    })
}

/// `{events=EPOLLIN, data={…}}`: the events.
pub(super) fn events(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("{events=")?;
    rest.split([',', '}']).next()
}

/// `{events=EPOLLIN, data={u32=5, u64=5}}`, or a list of such: what stands in each `data`.
pub(super) fn data(text: &str) -> impl Iterator<Item = &str> {
    let all = text.split("data={").skip(1);
    all.filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// `[{events=EPOLLIN, data={u32=5, u64=5}}]` as `{EPOLLIN, u32=5}`: what its program has put there, most often the descriptor.
pub(super) fn ready(list: &str) -> String {
    let each = list.split("{events=").skip(1).filter_map(|event| {
        let (events, rest) = event.split_once(", data={")?;
        let data = rest.split([',', '}']).next()?;
        Some(format!("{{{events}, {data}}}"))
    });
    each.collect::<Vec<String>>().join(", ")
}

/// `1 (in [3], left {tv_sec=0, …})` as `1 (in [3])`.
pub(super) fn without_rest_of_time(text: &str) -> String {
    match text.split_once(", left {") {
        Some((begin, _)) => format!("{begin})"),
        None => text.to_owned(),
    }
}

/// `[{iov_base="ab", iov_len=2}]` as `[{iov_base=..., iov_len=2}]`.
pub(super) fn without_strings(text: &str) -> String {
    let (mut out, mut quoted, mut escaped) = (String::new(), false, false);
    for sign in text.chars() {
        match (quoted, sign) {
            (false, '"') => {
                quoted = true;
                out.push_str("...");
            }
            (false, _) => out.push(sign),
            (true, _) => {
                quoted = escaped || sign != '"';
                escaped = !escaped && sign == '\\';
            }
        }
    }
    // One that was cut has the same sign behind it.
    out.replace("......", "...")
}

/// A list without what `-yy` adds: `[{fd=3<TCP:[…]>, events=POLLIN}]` as `[{fd=3, events=POLLIN}]`. It adds nothing to the bytes of a
/// program, which stand in quotes.
pub(super) fn undecorated(text: &str) -> String {
    let (mut out, mut depth, mut before) = (String::new(), 0_u32, ' ');
    let (mut quoted, mut escaped) = (false, false);
    for sign in text.chars() {
        if quoted {
            quoted = escaped || sign != '"';
            escaped = !escaped && sign == '\\';
            out.push(sign);
            continue;
        }
        match sign {
            '<' => depth += 1,
            '>' if depth > 0 && before == '-' => {}
            '>' if depth > 0 => depth -= 1,
            _ if depth == 0 => {
                quoted = sign == '"';
                out.push(sign);
            }
            _ => {}
        }
        before = sign;
    }
    out
}
