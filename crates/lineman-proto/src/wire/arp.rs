//! ARP for Ethernet and IPv4 (RFC 826).

use std::fmt;
use std::net::Ipv4Addr;

use super::Flaw;
use super::Layer;
use super::Mac;
use super::Part;
use super::Wrong;
use super::field::Field;
use super::field::Sheet;
use super::part::be16;

/// A question who has an address, or the statement of a host that it has it.
///
/// ```text
/// | hardware (2) | protocol (2) | 6 | 4 | operation (2) |
/// | sender MAC (6) | sender IP (4) | target MAC (6) | target IP (4) |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp<'a> {
    head: &'a [u8; 28],
    at: usize,
}

impl<'a> Arp<'a> {
    pub(super) fn parse(part: Part<'a>) -> Result<(Self, Part<'a>), Flaw> {
        let (head, rest) = part.head::<28>()?;
        let at = part.at();
        match head {
            [0, 1, 8, 0, 6, 4, ..] => Ok((Self { head, at }, rest)),
            _ => Err(Flaw::Malformed(Wrong::Kinds)),
        }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// 1 asks, 2 answers.
    pub fn operation(&self) -> u16 {
        be16([self.head[6], self.head[7]])
    }

    /// The sender's station.
    pub fn sender_mac(&self) -> Mac {
        self.mac(8)
    }

    /// The sender's address.
    pub fn sender_ip(&self) -> Ipv4Addr {
        self.ip(14)
    }

    /// The target's station; zeros in a question.
    pub fn target_mac(&self) -> Mac {
        self.mac(18)
    }

    /// The target's address: in a question, the one that is looked for.
    pub fn target_ip(&self) -> Ipv4Addr {
        self.ip(24)
    }

    fn mac(&self, at: usize) -> Mac {
        Mac(self.array(at))
    }

    fn ip(&self, at: usize) -> Ipv4Addr {
        Ipv4Addr::from(self.array::<4>(at))
    }

    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let found = self.head.get(at..).and_then(<[u8]>::first_chunk);
        found.copied().unwrap_or([0; N])
    }

    pub(super) fn fields(&self, out: &mut Vec<Field>) {
        let mut sheet = Sheet::new(Layer::Arp, self.at, out);
        sheet.put("hardware type", 0..2, 1);
        sheet.put("protocol type", 2..4, "0x0800");
        sheet.put("operation", 6..8, self.operation());
        sheet.put("sender station", 8..14, self.sender_mac());
        sheet.put("sender address", 14..18, self.sender_ip());
        sheet.put("target station", 18..24, self.target_mac());
        sheet.put("target address", 24..28, self.target_ip());
    }
}

impl fmt::Display for Arp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sender, target) = (self.sender_ip(), self.target_ip());
        match self.operation() {
            1 => write!(f, "arp who has {target}? tell {sender}"),
            2 => write!(f, "arp {sender} is at {}", self.sender_mac()),
            other => write!(f, "arp operation {other} {sender} > {target}"),
        }
    }
}
