//! What the two Internet Protocols have in common.

use std::fmt;
use std::net::IpAddr;

use super::Flaw;
use super::Ipv4;
use super::Ipv6;
use super::Part;

/// The number of the protocol that a packet carries (IANA).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Protocol(pub u8);

impl Protocol {
    /// ICMP for IPv4.
    pub const ICMP: Self = Self(1);
    /// IGMP: which multicast groups the hosts of a link want (RFC 3376).
    pub const IGMP: Self = Self(2);
    /// TCP.
    pub const TCP: Self = Self(6);
    /// UDP.
    pub const UDP: Self = Self(17);
    /// ICMP for IPv6.
    pub const ICMPV6: Self = Self(58);
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ICMP => f.write_str("icmp"),
            Self::IGMP => f.write_str("igmp"),
            Self::TCP => f.write_str("tcp"),
            Self::UDP => f.write_str("udp"),
            Self::ICMPV6 => f.write_str("icmp6"),
            Self(number) => write!(f, "protocol {number}"),
        }
    }
}

/// A piece of a packet that was too large for a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Which packet: pieces of one have the same.
    pub id: u32,
    /// Where in the packet the piece begins, in bytes.
    pub offset: u16,
    /// Whether more pieces follow.
    pub more: bool,
}

/// Either Internet Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ip<'a> {
    V4(Ipv4<'a>),
    V6(Ipv6<'a>),
}

impl<'a> Ip<'a> {
    /// By the version in the first byte: the packet and what it carries.
    pub(super) fn parse(part: Part<'a>) -> Result<(Self, Part<'a>), Flaw> {
        match part.bytes().first().map(|first| first >> 4) {
            Some(6) => Ipv6::parse(part).map(|(ip, rest)| (Self::V6(ip), rest)),
            _ => Ipv4::parse(part).map(|(ip, rest)| (Self::V4(ip), rest)),
        }
    }

    pub(super) fn addresses(&self) -> (IpAddr, IpAddr) {
        match self {
            Self::V4(ip) => (ip.source().into(), ip.destination().into()),
            Self::V6(ip) => (ip.source().into(), ip.destination().into()),
        }
    }

    pub(super) fn protocol(&self) -> Protocol {
        match self {
            Self::V4(ip) => ip.protocol(),
            Self::V6(ip) => ip.protocol(),
        }
    }

    /// How long it says that it is, header and all; 0 where it does not say it.
    pub(super) fn stated_len(&self) -> usize {
        match self {
            Self::V4(ip) => ip.total_len().into(),
            Self::V6(ip) => match ip.payload_len() {
                0 => 0,
                len => 40 + usize::from(len),
            },
        }
    }

    pub(super) fn fragment(&self) -> Option<Fragment> {
        match self {
            Self::V4(ip) => ip.fragment(),
            Self::V6(ip) => ip.fragment(),
        }
    }
}
