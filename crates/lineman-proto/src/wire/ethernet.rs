//! Ethernet II (DIX; RFC 894, IEEE 802.3 clause 3).

use std::fmt;

use super::Flaw;
use super::Layer;
use super::Part;
use super::field::Field;
use super::field::Sheet;
use super::part::be16;

/// A station's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

/// The header of a frame.
///
/// ```text
/// | destination (6) | source (6) | [0x8100, tag (2+2)] | type (2) | packet …
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ethernet<'a> {
    head: &'a [u8; 14],
    vlan: Option<&'a [u8; 4]>,
}

const VLAN: u16 = 0x8100;

impl<'a> Ethernet<'a> {
    pub(super) fn parse(part: Part<'a>) -> Result<(Self, Part<'a>), Flaw> {
        let (head, rest) = part.head::<14>()?;
        let untagged = Self { head, vlan: None };
        if untagged.ether_type() != VLAN {
            return Ok((untagged, rest));
        }
        let (vlan, rest) = rest.head::<4>()?;
        let vlan = Some(vlan);
        Ok((Self { head, vlan }, rest))
    }

    /// To whom.
    pub fn destination(&self) -> Mac {
        let [a, b, c, d, e, f, ..] = *self.head;
        Mac([a, b, c, d, e, f])
    }

    /// From whom.
    pub fn source(&self) -> Mac {
        let [.., a, b, c, d, e, f, _, _] = *self.head;
        Mac([a, b, c, d, e, f])
    }

    /// What the frame carries: 0x0800 is IPv4, 0x0806 ARP, 0x86dd IPv6.
    pub fn ether_type(&self) -> u16 {
        match self.vlan {
            Some(tag) => be16([tag[2], tag[3]]),
            None => be16([self.head[12], self.head[13]]),
        }
    }

    /// The number of the VLAN, in a tagged frame (IEEE 802.1Q).
    pub fn vlan(&self) -> Option<u16> {
        self.vlan.map(|tag| be16([tag[0], tag[1]]) & 0x0fff)
    }

    pub(super) fn header_len(&self) -> usize {
        14 + self.vlan.map_or(0, |tag| tag.len())
    }

    pub(super) fn fields(&self, out: &mut Vec<Field>) {
        let mut sheet = Sheet::new(Layer::Ethernet, 0, out);
        sheet.put("destination", 0..6, self.destination());
        sheet.put("source", 6..12, self.source());
        if let Some(vlan) = self.vlan() {
            sheet.put("vlan", 12..16, vlan);
        }
        let end = self.header_len();
        let ether_type = format!("0x{:04x}", self.ether_type());
        sheet.put("type", end - 2..end, ether_type);
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}
