//! What a frame says, field by field.

use std::fmt;
use std::ops::Range;

/// The layers, from the wire upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Layer {
    Ethernet,
    /// Four bytes of a BSD's loopback.
    Loopback,
    /// What Linux has in place of an interface's header.
    Cooked,
    Arp,
    Ipv4,
    Ipv6,
    Tcp,
    Udp,
    Icmp,
    Icmpv6,
    Tftp,
    /// What no layer above explains.
    Payload,
    /// What follows the packet in its frame: padding to Ethernet's least size.
    Padding,
}

impl Layer {
    /// ICMP, or that of IPv6.
    pub fn icmp(v6: bool) -> Self {
        match v6 {
            false => Self::Icmp,
            true => Self::Icmpv6,
        }
    }

    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ethernet => "Ethernet",
            Self::Loopback => "loopback",
            Self::Cooked => "Linux cooked",
            Self::Arp => "ARP",
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Icmp => "ICMP",
            Self::Icmpv6 => "ICMPv6",
            Self::Tftp => "TFTP",
            Self::Payload => "payload",
            Self::Padding => "padding",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A field, its value in words, and its bytes' place in the frame. Fields that share a byte share
/// its range. The value has no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Whose field.
    pub layer: Layer,
    /// Its name, as the RFC has it, in small letters.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// Its place.
    pub range: Range<usize>,
}

/// Collects the fields of a header that begins at a place.
pub(super) struct Sheet<'s> {
    layer: Layer,
    at: usize,
    out: &'s mut Vec<Field>,
}

impl<'s> Sheet<'s> {
    pub(super) fn new(layer: Layer, at: usize, out: &'s mut Vec<Field>) -> Self {
        Self { layer, at, out }
    }

    /// A field; its range counts from the header's first byte.
    pub(super) fn put(&mut self, name: &'static str, range: Range<usize>, value: impl ToString) {
        self.out.push(Field {
            layer: self.layer,
            name,
            value: value.to_string(),
            range: self.at + range.start..self.at + range.end,
        });
    }
}
