//! TCP's segments (RFC 9293 §3.1).

use std::fmt;
use std::ops::BitOr;

use super::Flaw;
use super::Layer;
use super::Part;
use super::TcpOption;
use super::TcpOptions;
use super::field::Field;
use super::field::Sheet;
use super::part::be16;
use super::part::be32;

/// The largest shift of windows: a larger one counts as this (RFC 7323 §2.3).
pub(super) const MAX_SHIFT: u8 = 14;

/// A segment.
///
/// ```text
///  0       4       8              16                            31
/// |          source port          |        destination port       |
/// |                        sequence number                        |
/// |                     acknowledgment number                     |
/// | words |rsvd |A|C|E|U|A|P|R|S|F|             window            |
/// |            checksum           |         urgent pointer        |
/// |                     options, to `words` × 4                   |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp<'a> {
    head: &'a [u8; 20],
    header: Part<'a>,
    payload: Part<'a>,
}

impl<'a> Tcp<'a> {
    pub(super) fn parse(part: Part<'a>) -> Result<Self, Flaw> {
        let (head, _) = part.head::<20>()?;
        let header_len = usize::from(head[12] >> 4) * 4;
        part.check_header(header_len, 20)?;
        let (header, payload) = part.split(header_len);
        Ok(Self {
            head,
            header,
            payload,
        })
    }

    /// The sender's port.
    pub fn source_port(&self) -> u16 {
        be16([self.head[0], self.head[1]])
    }

    /// The receiver's port.
    pub fn destination_port(&self) -> u16 {
        be16([self.head[2], self.head[3]])
    }

    /// The number of its first byte, or of its SYN.
    pub fn seq(&self) -> u32 {
        be32([self.head[4], self.head[5], self.head[6], self.head[7]])
    }

    /// The number that its sender expects next; means something only with [`Flags::ACK`].
    pub fn ack(&self) -> u32 {
        be32([self.head[8], self.head[9], self.head[10], self.head[11]])
    }

    /// Its flags.
    pub fn flags(&self) -> Flags {
        Flags(be16([self.head[12], self.head[13]]) & 0x01ff)
    }

    /// The window as it stands in the header, before scaling.
    pub fn window(&self) -> u16 {
        be16([self.head[14], self.head[15]])
    }

    /// The checksum in the header.
    pub fn checksum(&self) -> u16 {
        be16([self.head[16], self.head[17]])
    }

    /// Where urgent data ends; means something only with [`Flags::URG`].
    pub fn urgent(&self) -> u16 {
        be16([self.head[18], self.head[19]])
    }

    /// Its options.
    pub fn options(&self) -> TcpOptions<'a> {
        TcpOptions::new(self.header.bytes().get(20..).unwrap_or_default())
    }

    /// What it carries. `payload().wire_len()` is how much it carried on the wire.
    pub fn payload(&self) -> Part<'a> {
        self.payload
    }

    /// How many sequence numbers it takes up: its bytes, and one each for SYN and FIN.
    pub fn seq_len(&self) -> u32 {
        let ends =
            u32::from(self.flags().has(Flags::SYN)) + u32::from(self.flags().has(Flags::FIN));
        u32::try_from(self.payload.wire_len())
            .unwrap_or(u32::MAX)
            .saturating_add(ends)
    }

    pub(super) fn header(&self) -> Part<'a> {
        self.header
    }

    pub(super) fn fields(&self, out: &mut Vec<Field>) {
        let mut sheet = Sheet::new(Layer::Tcp, self.header.at(), out);
        sheet.put("source port", 0..2, self.source_port());
        sheet.put("destination port", 2..4, self.destination_port());
        sheet.put("sequence number", 4..8, self.seq());
        sheet.put("acknowledgment number", 8..12, self.ack());
        sheet.put("header length", 12..13, self.header.wire_len());
        sheet.put("flags", 12..14, self.flags());
        sheet.put("window", 14..16, self.window());
        sheet.put("checksum", 16..18, format!("0x{:04x}", self.checksum()));
        sheet.put("urgent pointer", 18..20, self.urgent());
        for (range, option) in self.options().placed() {
            sheet.put(option.name(), 20 + range.start..20 + range.end, option);
        }
    }

    /// The first option for which `pick` has something.
    pub(super) fn option<T>(&self, pick: impl Fn(TcpOption<'a>) -> Option<T>) -> Option<T> {
        self.options().find_map(pick)
    }

    /// The largest segment that its sender takes, in a SYN (RFC 9293 §3.7.1).
    pub fn mss(&self) -> Option<u16> {
        self.option(|option| match option {
            TcpOption::Mss(mss) => Some(mss),
            _ => None,
        })
    }

    /// By how many bits its sender's windows will be shifted, in a SYN (RFC 7323 §2.2: 14 at most).
    pub fn window_scale(&self) -> Option<u8> {
        self.option(|option| match option {
            TcpOption::WindowScale(shift) => Some(shift.min(MAX_SHIFT)),
            _ => None,
        })
    }
}

/// The flags of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u16);

impl Flags {
    /// No more will come.
    pub const FIN: Self = Self(0x01);
    /// Here numbering begins.
    pub const SYN: Self = Self(0x02);
    /// The connection is broken off.
    pub const RST: Self = Self(0x04);
    /// Hand this on at once.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgment number counts.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer counts.
    pub const URG: Self = Self(0x20);
    /// Congestion was seen (RFC 3168).
    pub const ECE: Self = Self(0x40);
    /// The window was reduced (RFC 3168).
    pub const CWR: Self = Self(0x80);
    /// Accurate ECN (RFC 9768); once the nonce sum.
    pub const AE: Self = Self(0x100);

    /// Whether all of `flags` are set.
    pub fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether any of `flags` is set.
    pub fn any(self, flags: Self) -> bool {
        self.0 & flags.0 != 0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

const FLAG_NAMES: [(Flags, &str); 9] = [
    (Flags::SYN, "SYN"),
    (Flags::FIN, "FIN"),
    (Flags::RST, "RST"),
    (Flags::PSH, "PSH"),
    (Flags::URG, "URG"),
    (Flags::ACK, "ACK"),
    (Flags::ECE, "ECE"),
    (Flags::CWR, "CWR"),
    (Flags::AE, "AE"),
];

/// `SYN+ACK`; `none` for a segment without flags.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = FLAG_NAMES.iter().filter(|(flag, _)| self.has(*flag));
        let Some((_, first)) = names.next() else {
            return f.write_str("none");
        };
        f.write_str(first)?;
        names.try_for_each(|(_, name)| write!(f, "+{name}"))
    }
}
