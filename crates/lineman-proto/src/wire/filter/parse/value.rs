//! The values of `host`, `net`, `port`, `portrange` and `proto`.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use super::FilterError;
use super::Of;
use super::Parser;
use super::Problem;
use super::Qualifiers;
use super::words;
use crate::wire::filter::Modified;
use crate::wire::filter::Value;
use crate::wire::filter::expr::Dir;
use crate::wire::filter::expr::Expr;
use crate::wire::filter::expr::Network;
use crate::wire::filter::expr::Over;
use crate::wire::filter::expr::Proto;
use crate::wire::filter::expr::Test;
use crate::wire::filter::lexer::Kind;
use crate::wire::filter::lexer::Token;

/// The smallest number that is not a length in an Ethernet header (IEEE 802.3 clause 3.2.6).
const LEAST_ETHER_TYPE: u32 = 1536;

/// How a value may be written.
pub(super) fn examples(said: Qualifiers) -> Vec<&'static str> {
    wanted(said).examples().to_vec()
}

fn wanted(said: Qualifiers) -> Value {
    match (said.kind, said.proto) {
        (None | Some(Of::Host), Some(Proto::Ether)) => Value::Mac,
        (None | Some(Of::Host), _) => Value::Address,
        (Some(Of::Net), _) => Value::Network,
        (Some(Of::Port), _) => Value::Port,
        (Some(Of::PortRange), _) => Value::PortRange,
        (Some(Of::Proto), Some(Proto::Ether)) => Value::EtherType,
        (Some(Of::Proto), _) => Value::Protocol,
    }
}

/// Whether the protocol has what was said of the value. `first` is the protocol.
pub(super) fn check(said: Qualifiers, first: &Token<'_>) -> Result<(), FilterError> {
    let Some(proto) = said.proto else {
        return Ok(());
    };
    let network = matches!(proto, Proto::Ip | Proto::Ip6 | Proto::Arp | Proto::Rarp);
    let (has, what) = match said.kind {
        None | Some(Of::Host) => (network || proto == Proto::Ether, Modified::Host),
        Some(Of::Net) => (network, Modified::Net),
        Some(Of::Port | Of::PortRange) => (proto.has_ports(), Modified::Port),
        Some(Of::Proto) => {
            let has = matches!(proto, Proto::Ip | Proto::Ip6 | Proto::Ether);
            (has, Modified::Proto)
        }
    };
    match has {
        true => Ok(()),
        false => Err(first.error(Problem::Modifier(what))),
    }
}

/// Whether a word can only be an address.
pub(super) fn is_address(word: &str) -> bool {
    word.parse::<IpAddr>().is_ok() || (word.contains('.') && short(word).is_some())
}

/// Whether a word can only be a value: a number or an address.
pub(super) fn says_itself(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_digit()) || is_address(word)
}

impl<'t> Parser<'t> {
    /// One value, of what was said.
    pub(super) fn value(&mut self, said: Qualifiers) -> Result<Expr, FilterError> {
        let from = self.at;
        let want = wanted(said);
        let Some(token) = self.peek() else {
            return Err(self.ends(want.examples().to_vec()));
        };
        if token.kind == Kind::Sign {
            return Err(token.error(Problem::Value(want)));
        }
        self.at += 1;
        let dir = said.dir.unwrap_or(Dir::Either);
        let test = match want {
            Value::Mac => Test::Mac {
                dir,
                mac: mac(token)?,
            },
            Value::Address => self.host(token, said, dir)?,
            Value::Network => self.net(token, said, dir)?,
            Value::EtherType => Test::EtherType(ether_type(token)?),
            Value::Protocol => Test::IpProto {
                over: over(said),
                number: ip_number(token)?,
            },
            _ => ports(token, said, dir)?,
        };
        self.leaf(from, test)
    }

    fn host(&self, token: Token<'t>, said: Qualifiers, dir: Dir) -> Result<Test, FilterError> {
        if self.peek().is_some_and(|next| next.is_sign("/")) {
            return Err(token.error(Problem::PrefixOfHost));
        }
        let net = match token.text.parse() {
            Ok(IpAddr::V4(address)) => Network::V4 {
                address,
                mask: u32::MAX,
            },
            Ok(IpAddr::V6(address)) => Network::V6 {
                address,
                mask: u128::MAX,
            },
            Err(_) => return Err(token.error(no_address(token.text, Value::Address))),
        };
        in_family(token, said, net)?;
        Ok(Test::Host {
            over: over(said),
            dir,
            net,
        })
    }

    /// `10.0.0.0/8`, `10.0.0.0 mask 255.0.0.0`, `10.0`, `2001:db8::/32`.
    fn net(&mut self, token: Token<'t>, said: Qualifiers, dir: Dir) -> Result<Test, FilterError> {
        let wrong = || token.error(no_address(token.text, Value::Network));
        let net = match token.text.parse::<Ipv6Addr>() {
            Ok(address) => {
                let len = self.prefix(128)?.unwrap_or(128);
                let mask = u128::MAX.checked_shl(128 - len).unwrap_or(0);
                let inside = u128::from(address) & mask;
                if inside != u128::from(address) {
                    let network = format!("{}/{len}", Ipv6Addr::from(inside));
                    return Err(token.error(Problem::HostBits(network)));
                }
                Network::V6 { address, mask }
            }
            Err(_) => {
                let (number, octets) = short(token.text).ok_or_else(wrong)?;
                let mask = match self.mask()? {
                    Some(mask) => mask,
                    None => {
                        let len = self.prefix(32)?.unwrap_or(octets * 8);
                        u32::MAX.checked_shl(32 - len).unwrap_or(0)
                    }
                };
                let address = Ipv4Addr::from(number & mask);
                if number & mask != number {
                    let network = format!("{address}/{}", mask.leading_ones());
                    return Err(token.error(Problem::HostBits(network)));
                }
                Network::V4 { address, mask }
            }
        };
        in_family(token, said, net)?;
        Ok(Test::Host {
            over: over(said),
            dir,
            net,
        })
    }

    fn prefix(&mut self, most: u32) -> Result<Option<u32>, FilterError> {
        if !self.sign("/") {
            return Ok(None);
        }
        self.number(Value::Network, most).map(Some)
    }

    fn mask(&mut self) -> Result<Option<u32>, FilterError> {
        if !self.word("mask") {
            return Ok(None);
        }
        let Some(token) = self.peek() else {
            return Err(self.ends(vec!["255.255.255.0"]));
        };
        self.at += 1;
        let mask: Result<Ipv4Addr, _> = token.text.parse();
        let mask = mask.map_err(|_| token.error(Problem::Value(Value::Address)))?;
        Ok(Some(mask.into()))
    }

    /// The next word as a number of C: decimal, `0x` and hexadecimal, `0` and octal.
    pub(super) fn number(&mut self, want: Value, most: u32) -> Result<u32, FilterError> {
        let Some(token) = self.peek() else {
            return Err(self.ends(want.examples().to_vec()));
        };
        self.at += 1;
        number(token.text)
            .filter(|number| *number <= most)
            .ok_or_else(|| token.error(Problem::Value(want)))
    }
}

fn over(said: Qualifiers) -> Over {
    match said.proto {
        Some(Proto::Ip) => Over::Ip,
        Some(Proto::Ip6) => Over::Ip6,
        Some(Proto::Arp) => Over::Arp,
        Some(Proto::Rarp) => Over::Rarp,
        _ => Over::Any,
    }
}

fn in_family(token: Token<'_>, said: Qualifiers, net: Network) -> Result<(), FilterError> {
    let fits = match net {
        Network::V4 { .. } => said.proto != Some(Proto::Ip6),
        Network::V6 { .. } => matches!(said.proto, None | Some(Proto::Ip6)),
    };
    match fits {
        true => Ok(()),
        false => Err(token.error(Problem::OtherFamily)),
    }
}

fn no_address(text: &str, want: Value) -> Problem {
    let is_name =
        text.starts_with(|first: char| first.is_ascii_alphabetic()) && !text.contains(':');
    match is_name && !words::is_keyword(text) {
        true => Problem::HostName,
        false => Problem::Value(want),
    }
}

/// The first one to four octets of an address, in the upper bits, and how many there are.
fn short(text: &str) -> Option<(u32, u32)> {
    let (mut number, mut octets) = (0_u32, 0);
    for part in text.split('.') {
        let part: u8 = part.parse().ok()?;
        octets += 1;
        if octets > 4 {
            return None;
        }
        number |= u32::from(part) << (32 - 8 * octets);
    }
    Some((number, octets))
}

fn mac(token: Token<'_>) -> Result<[u8; 6], FilterError> {
    let mut mac = [0; 6];
    let mut parts = token.text.split([':', '-']);
    let read = mac.iter_mut().try_for_each(|byte| {
        let part = parts.next().filter(|part| (1..=2).contains(&part.len()))?;
        *byte = u8::from_str_radix(part, 16).ok()?;
        Some(())
    });
    match (read, parts.next()) {
        (Some(()), None) => Ok(mac),
        _ => Err(token.error(Problem::Value(Value::Mac))),
    }
}

fn ether_type(token: Token<'_>) -> Result<u16, FilterError> {
    let known = words::ether_type(token.text);
    let given = || number(token.text).filter(|number| *number >= LEAST_ETHER_TYPE);
    known
        .or_else(|| u16::try_from(given()?).ok())
        .ok_or_else(|| token.error(Problem::Value(Value::EtherType)))
}

fn ip_number(token: Token<'_>) -> Result<u8, FilterError> {
    let known = words::ip_number(token.text);
    known
        .or_else(|| u8::try_from(number(token.text)?).ok())
        .ok_or_else(|| token.error(Problem::Value(Value::Protocol)))
}

fn ports(token: Token<'_>, said: Qualifiers, dir: Dir) -> Result<Test, FilterError> {
    let over = said.proto.and_then(Proto::ip_number);
    let want = wanted(said);
    let wrong = || token.error(Problem::Value(want));
    let port = |text: &str| {
        let number = number(text).and_then(|number| u16::try_from(number).ok());
        let is_name = text.starts_with(|first: char| first.is_ascii_alphabetic());
        number.ok_or_else(|| match is_name && !words::is_keyword(text) {
            true => token.error(Problem::ServiceName(words::service(text))),
            false => wrong(),
        })
    };
    let (low, high) = match token.text.split_once('-') {
        Some((low, high)) if want == Value::PortRange => (port(low)?, port(high)?),
        Some(_) => return Err(wrong()),
        None => {
            let port = port(token.text)?;
            (port, port)
        }
    };
    Ok(Test::Port {
        over,
        dir,
        low,
        high,
    })
}

/// A number as in C.
pub(super) fn number(text: &str) -> Option<u32> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match (hexadecimal, text.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (text, 10),
    };
    match digits.starts_with(['+', '-']) {
        true => None,
        false => u32::from_str_radix(digits, radix).ok(),
    }
}
