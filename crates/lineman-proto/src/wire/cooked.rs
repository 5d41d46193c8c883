//! Linux' "cooked" captures: what a packet socket tells of a frame of any interface, in place of the
//! interface's own header (`tcpdump -i any`).

use std::fmt;

use super::Flaw;
use super::Layer;
use super::Mac;
use super::Part;
use super::field::Field;
use super::field::Sheet;
use super::part::be16;
use super::part::be32;

/// The header of a cooked frame.
///
/// ```text
/// version 1: | type (2) | hardware (2) | address length (2) | address (8) | protocol (2) |
/// version 2: | protocol (2) | 0 (2) | interface (4) | hardware (2) | type (1) | length (1) | address (8) |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cooked<'a> {
    form: Form<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form<'a> {
    V1(&'a [u8; 16]),
    V2(&'a [u8; 20]),
}

/// Which way a cooked frame went, as the machine that captured saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum PacketType {
    ToUs,
    Broadcast,
    Multicast,
    ToOthers,
    FromUs,
    Unknown(u16),
}

impl<'a> Cooked<'a> {
    pub(super) fn parse(part: Part<'a>) -> Result<(Self, Part<'a>), Flaw> {
        let (head, rest) = part.head::<16>()?;
        let form = Form::V1(head);
        Ok((Self { form }, rest))
    }

    pub(super) fn parse_v2(part: Part<'a>) -> Result<(Self, Part<'a>), Flaw> {
        let (head, rest) = part.head::<20>()?;
        let form = Form::V2(head);
        Ok((Self { form }, rest))
    }

    /// What the frame carries, by Ethernet's numbers where the hardware has them.
    pub fn protocol(&self) -> u16 {
        match self.form {
            Form::V1(head) => be16([head[14], head[15]]),
            Form::V2(head) => be16([head[0], head[1]]),
        }
    }

    /// Which way it went.
    pub fn packet_type(&self) -> PacketType {
        let number = match self.form {
            Form::V1(head) => be16([head[0], head[1]]),
            Form::V2(head) => head[10].into(),
        };
        match number {
            0 => PacketType::ToUs,
            1 => PacketType::Broadcast,
            2 => PacketType::Multicast,
            3 => PacketType::ToOthers,
            4 => PacketType::FromUs,
            other => PacketType::Unknown(other),
        }
    }

    /// The interface's number, in version 2.
    pub fn interface(&self) -> Option<u32> {
        match self.form {
            Form::V1(_) => None,
            Form::V2(head) => Some(be32([head[4], head[5], head[6], head[7]])),
        }
    }

    /// The sender's station, where it has an address of six bytes.
    pub fn source(&self) -> Option<Mac> {
        let (len, address) = match self.form {
            Form::V1(&[_, _, _, _, high, low, a, b, c, d, e, f, ..]) => {
                (be16([high, low]), [a, b, c, d, e, f])
            }
            Form::V2(&[_, _, _, _, _, _, _, _, _, _, _, len, a, b, c, d, e, f, ..]) => {
                (len.into(), [a, b, c, d, e, f])
            }
        };
        (len == 6).then_some(Mac(address))
    }

    fn hardware(&self) -> u16 {
        match self.form {
            Form::V1(head) => be16([head[2], head[3]]),
            Form::V2(head) => be16([head[8], head[9]]),
        }
    }

    pub(super) fn header_len(&self) -> usize {
        match self.form {
            Form::V1(head) => head.len(),
            Form::V2(head) => head.len(),
        }
    }

    pub(super) fn fields(&self, out: &mut Vec<Field>) {
        let mut sheet = Sheet::new(Layer::Cooked, 0, out);
        let protocol = format!("0x{:04x}", self.protocol());
        let source = self.source().map(|it| it.to_string());
        match self.form {
            Form::V1(_) => {
                sheet.put("packet type", 0..2, self.packet_type());
                sheet.put("hardware type", 2..4, self.hardware());
                if let Some(source) = source {
                    sheet.put("source", 6..12, source);
                }
                sheet.put("protocol", 14..16, protocol);
            }
            Form::V2(_) => {
                sheet.put("protocol", 0..2, protocol);
                if let Some(interface) = self.interface() {
                    sheet.put("interface", 4..8, interface);
                }
                sheet.put("hardware type", 8..10, self.hardware());
                sheet.put("packet type", 10..11, self.packet_type());
                if let Some(source) = source {
                    sheet.put("source", 12..18, source);
                }
            }
        }
    }
}

impl fmt::Display for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ToUs => f.write_str("to us"),
            Self::Broadcast => f.write_str("broadcast"),
            Self::Multicast => f.write_str("multicast"),
            Self::ToOthers => f.write_str("to others"),
            Self::FromUs => f.write_str("from us"),
            Self::Unknown(number) => write!(f, "{number}"),
        }
    }
}
