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
/// | destination (6) | source (6) | tags of [kind (2), tag (2)] | type (2) | packet …
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ethernet<'a> {
    head: &'a [u8; 14],
    /// Each tag with the type that follows it; the first one's kind is the type in `head`.
    tags: &'a [[u8; 4]],
}

/// What a tag is announced by: of a customer, of a provider around it (IEEE 802.1Q §9.5), and what switches had for
/// the latter before it was agreed on.
const TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// How many bytes a tag has.
const TAG: usize = 4;

impl<'a> Ethernet<'a> {
    pub(super) fn parse(part: Part<'a>) -> Result<(Self, Part<'a>), Flaw> {
        let (head, behind) = part.head::<14>()?;
        let (all, _) = behind.bytes().as_chunks::<TAG>();
        let (mut it, mut rest) = (Self { head, tags: &[] }, behind);
        while TAGS.contains(&it.ether_type()) {
            rest = rest.head::<TAG>()?.1;
            it.tags = all.get(..=it.tags.len()).unwrap_or(all);
        }
        Ok((it, rest))
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
        match self.tags.last() {
            Some(tag) => be16([tag[2], tag[3]]),
            None => be16([self.head[12], self.head[13]]),
        }
    }

    /// The number of the VLAN, in a tagged frame (IEEE 802.1Q); of the outermost one, if there are several.
    pub fn vlan(&self) -> Option<u16> {
        self.vlans().next()
    }

    /// The numbers of all its VLANs, from the outermost to the innermost.
    pub fn vlans(&self) -> impl Iterator<Item = u16> + use<'a> {
        let number = |tag: &[u8; TAG]| be16([tag[0], tag[1]]) & 0x0fff;
        self.tags.iter().map(number)
    }

    pub(super) fn header_len(&self) -> usize {
        14 + self.tags.as_flattened().len()
    }

    pub(super) fn fields(&self, out: &mut Vec<Field>) {
        let mut sheet = Sheet::new(Layer::Ethernet, 0, out);
        sheet.put("destination", 0..6, self.destination());
        sheet.put("source", 6..12, self.source());
        for (n, vlan) in self.vlans().enumerate() {
            let at = 12 + n * TAG;
            sheet.put("vlan", at..at + TAG, vlan);
        }
        let end = self.header_len();
        let ether_type = format!("0x{:04x}", self.ether_type());
        sheet.put("type", end - 2..end, ether_type);
    }
}

impl Mac {
    /// In lower-case hexadecimal digits, with `separator` between the bytes.
    pub fn joined(&self, separator: &str) -> String {
        self.0.map(|byte| format!("{byte:02x}")).join(separator)
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined(":"))
    }
}
