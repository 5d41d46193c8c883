//! UDP (RFC 768).

use super::Flaw;
use super::Layer;
use super::Part;
use super::Wrong;
use super::field::Field;
use super::field::Sheet;
use super::part::be16;

/// A datagram.
///
/// ```text
/// |          source port          |        destination port       |
/// |            length             |            checksum           |
/// |                          payload …
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp<'a> {
    head: &'a [u8; 8],
    at: usize,
    payload: Part<'a>,
}

impl<'a> Udp<'a> {
    pub(super) fn parse(part: Part<'a>) -> Result<Self, Flaw> {
        let (head, body) = part.head::<8>()?;
        let payload = match be16([head[4], head[5]]) {
            0 => body, // a super-segment, or a jumbogram (RFC 2675 §4)
            stated @ 1..8 => {
                let (stated, least) = (stated.into(), 8);
                return Err(Flaw::Malformed(Wrong::StatesLess { stated, least }));
            }
            len => body.split(usize::from(len) - 8).0,
        };
        let at = part.at();
        Ok(Self { head, at, payload })
    }

    /// The sender's port.
    pub fn source_port(&self) -> u16 {
        be16([self.head[0], self.head[1]])
    }

    /// The receiver's port.
    pub fn destination_port(&self) -> u16 {
        be16([self.head[2], self.head[3]])
    }

    /// The length of header and payload that the header states.
    pub fn len_field(&self) -> u16 {
        be16([self.head[4], self.head[5]])
    }

    /// The checksum in the header; 0 is none (IPv4 only).
    pub fn checksum(&self) -> u16 {
        be16([self.head[6], self.head[7]])
    }

    /// What it carries.
    pub fn payload(&self) -> Part<'a> {
        self.payload
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn fields(&self, out: &mut Vec<Field>) {
        let mut sheet = Sheet::new(Layer::Udp, self.at, out);
        sheet.put("source port", 0..2, self.source_port());
        sheet.put("destination port", 2..4, self.destination_port());
        sheet.put("length", 4..6, self.len_field());
        sheet.put("checksum", 6..8, format!("0x{:04x}", self.checksum()));
    }
}
