//! IPv4 (RFC 791 §3.1).

use std::net::Ipv4Addr;

use super::Flaw;
use super::Fragment;
use super::Layer;
use super::Part;
use super::Protocol;
use super::Wrong;
use super::field::Field;
use super::field::Sheet;
use super::part::be16;

/// The header of an IPv4 packet.
///
/// ```text
///  0       4       8              16    19                      31
/// |version| words | type of service|        total length          |
/// |         identification         |flags|    fragment offset     |
/// |  time to live |    protocol    |       header checksum        |
/// |                        source address                         |
/// |                      destination address                      |
/// |                     options, to `words` × 4                   |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4<'a> {
    head: &'a [u8; 20],
    header: Part<'a>,
}

impl<'a> Ipv4<'a> {
    pub(super) fn parse(part: Part<'a>) -> Result<(Self, Part<'a>), Flaw> {
        let (head, _) = part.head::<20>()?;
        let header_len = usize::from(head[0] & 0x0f) * 4;
        let total = match be16([head[2], head[3]]) {
            0 => part.wire_len(), // a super-segment beyond 65,535 bytes that hardware will cut
            total => usize::from(total),
        };
        if head[0] >> 4 != 4 {
            return Err(Flaw::Malformed(Wrong::Version(head[0] >> 4)));
        }
        if header_len < 20 || header_len > total {
            return Err(Flaw::Malformed(Wrong::StatesLess {
                stated: header_len.min(total),
                least: header_len.max(20),
            }));
        }
        // Of a header that the frame has no room for nothing is right, also not what is there of it.
        part.check_header(header_len, 20)?;
        let (header, body) = part.stated(total).split(header_len);
        Ok((Self { head, header }, body))
    }

    /// The sender.
    pub fn source(&self) -> Ipv4Addr {
        Ipv4Addr::new(self.head[12], self.head[13], self.head[14], self.head[15])
    }

    /// The receiver.
    pub fn destination(&self) -> Ipv4Addr {
        Ipv4Addr::new(self.head[16], self.head[17], self.head[18], self.head[19])
    }

    /// What it carries.
    pub fn protocol(&self) -> Protocol {
        Protocol(self.head[9])
    }

    /// How many routers it may still pass.
    pub fn ttl(&self) -> u8 {
        self.head[8]
    }

    /// The length of header and body that the header states.
    pub fn total_len(&self) -> u16 {
        be16([self.head[2], self.head[3]])
    }

    /// The type of service: the class in six bits, and two marks of congestion (RFC 2474, RFC 3168).
    pub fn service(&self) -> u8 {
        self.head[1]
    }

    /// The number that joins its fragments.
    pub fn id(&self) -> u16 {
        be16([self.head[4], self.head[5]])
    }

    /// Whether routers must not fragment it.
    pub fn dont_fragment(&self) -> bool {
        self.head[6] & 0x40 != 0
    }

    /// Which piece it is, if it is one.
    pub fn fragment(&self) -> Option<Fragment> {
        let word = be16([self.head[6], self.head[7]]);
        let (offset, more) = ((word & 0x1fff) << 3, word & 0x2000 != 0);
        (offset > 0 || more).then(|| Fragment {
            id: self.id().into(),
            offset,
            more,
        })
    }

    /// The options, undigested.
    pub fn options(&self) -> &'a [u8] {
        self.header.bytes().get(20..).unwrap_or_default()
    }

    /// The checksum in the header.
    pub fn checksum(&self) -> u16 {
        be16([self.head[10], self.head[11]])
    }

    /// The whole header.
    pub fn header(&self) -> Part<'a> {
        self.header
    }

    pub(super) fn fields(&self, out: &mut Vec<Field>) {
        let head = self.head;
        let word = be16([head[6], head[7]]);
        let mut sheet = Sheet::new(Layer::Ipv4, self.header.at(), out);
        sheet.put("version", 0..1, head[0] >> 4);
        sheet.put("header length", 0..1, self.header.wire_len());
        sheet.put("type of service", 1..2, format!("0x{:02x}", self.service()));
        sheet.put("total length", 2..4, self.total_len());
        sheet.put("identification", 4..6, self.id());
        sheet.put("don't fragment", 6..7, u8::from(self.dont_fragment()));
        sheet.put("more fragments", 6..7, u8::from(word & 0x2000 != 0));
        sheet.put("fragment offset", 6..8, (word & 0x1fff) << 3);
        sheet.put("time to live", 8..9, self.ttl());
        sheet.put("protocol", 9..10, self.protocol());
        let checksum = format!("0x{:04x}", self.checksum());
        sheet.put("header checksum", 10..12, checksum);
        sheet.put("source address", 12..16, self.source());
        sheet.put("destination address", 16..20, self.destination());
        let options = self.options();
        if !options.is_empty() {
            sheet.put("options", 20..20 + options.len(), options.len());
        }
    }
}
