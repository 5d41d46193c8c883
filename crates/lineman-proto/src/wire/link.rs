//! What a frame begins with, before its packet.

use super::Ethernet;
use super::Flaw;
use super::Layer;
use super::Part;
use super::cooked::Cooked;
use super::field::Field;
use super::loopback::Loopback;

/// What a frame begins with (the registry of `tcpdump.org/linktypes.html`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkType(pub u16);

impl LinkType {
    /// Four bytes that name the protocol, in the byte order of the machine that captured: BSD's loopback.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// IPv4 or IPv6, by its first four bits.
    pub const RAW: Self = Self(101);
    /// As [`NULL`](Self::NULL), in network byte order: OpenBSD's loopback.
    pub const LOOP: Self = Self(108);
    /// Linux' "cooked" capture: 16 bytes, the protocol last.
    pub const LINUX_SLL: Self = Self(113);
    /// IPv4.
    pub const IPV4: Self = Self(228);
    /// IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux' "cooked" capture, version 2: 20 bytes, the protocol first.
    pub const LINUX_SLL2: Self = Self(276);

    /// Whether frames of this kind are taken apart here; of others, only the length is known.
    pub fn is_known(self) -> bool {
        Head::of(self).is_some()
    }
}

/// That of most networks.
impl Default for LinkType {
    fn default() -> Self {
        Self::ETHERNET
    }
}

/// How a frame of a link type begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum Head {
    Ethernet,
    Loopback,
    Cooked,
    Cooked2,
    Ip,
}

impl Head {
    pub(super) fn of(link: LinkType) -> Option<Self> {
        Some(match link {
            LinkType::ETHERNET => Self::Ethernet,
            LinkType::NULL | LinkType::LOOP => Self::Loopback,
            LinkType::LINUX_SLL => Self::Cooked,
            LinkType::LINUX_SLL2 => Self::Cooked2,
            LinkType::RAW | LinkType::IPV4 | LinkType::IPV6 => Self::Ip,
            _ => return None,
        })
    }
}

/// The header before the packet, if there is one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Link<'a> {
    None,
    Ethernet(Ethernet<'a>),
    Loopback(Loopback<'a>),
    Cooked(Cooked<'a>),
}

/// What follows a link's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    Ipv4,
    Ipv6,
    Arp,
    Other,
}

impl Carried {
    /// By the number that Ethernet has for it.
    fn of_ether_type(ether_type: u16) -> Self {
        match ether_type {
            0x0800 => Self::Ipv4,
            0x86dd => Self::Ipv6,
            0x0806 => Self::Arp,
            _ => Self::Other,
        }
    }
}

impl<'a> Link<'a> {
    /// The header, and what is behind it.
    pub(super) fn parse(head: Head, part: Part<'a>) -> Result<(Self, Part<'a>), (Layer, Flaw)> {
        let in_layer = |layer: Layer| move |flaw: Flaw| (layer, flaw);
        Ok(match head {
            Head::Ip => (Self::None, part),
            Head::Ethernet => {
                let (it, rest) = Ethernet::parse(part).map_err(in_layer(Layer::Ethernet))?;
                (Self::Ethernet(it), rest)
            }
            Head::Loopback => {
                let (it, rest) = Loopback::parse(part).map_err(in_layer(Layer::Loopback))?;
                (Self::Loopback(it), rest)
            }
            Head::Cooked => {
                let (it, rest) = Cooked::parse(part).map_err(in_layer(Layer::Cooked))?;
                (Self::Cooked(it), rest)
            }
            Head::Cooked2 => {
                let (it, rest) = Cooked::parse_v2(part).map_err(in_layer(Layer::Cooked))?;
                (Self::Cooked(it), rest)
            }
        })
    }

    /// What it says follows; `rest` is that.
    pub(super) fn carried(&self, rest: Part<'a>) -> Carried {
        match self {
            Self::Ethernet(it) => Carried::of_ether_type(it.ether_type()),
            Self::Cooked(it) => Carried::of_ether_type(it.protocol()),
            Self::Loopback(it) => it.carried(),
            Self::None => match rest.bytes().first().map(|first| first >> 4) {
                Some(6) => Carried::Ipv6,
                _ => Carried::Ipv4,
            },
        }
    }

    /// Its layer and how many bytes it has.
    pub(super) fn layer(&self) -> Option<(Layer, usize)> {
        match self {
            Self::None => None,
            Self::Ethernet(it) => Some((Layer::Ethernet, it.header_len())),
            Self::Loopback(it) => Some((Layer::Loopback, it.header_len())),
            Self::Cooked(it) => Some((Layer::Cooked, it.header_len())),
        }
    }

    pub(super) fn fields(&self, out: &mut Vec<Field>) {
        match self {
            Self::None => {}
            Self::Ethernet(it) => it.fields(out),
            Self::Loopback(it) => it.fields(out),
            Self::Cooked(it) => it.fields(out),
        }
    }
}
