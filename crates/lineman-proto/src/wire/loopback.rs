//! The loopback of the BSDs: four bytes that name an address family.

use super::Flaw;
use super::Layer;
use super::Part;
use super::field::Field;
use super::field::Sheet;
use super::link::Carried;

/// The header of a frame of a loopback interface.
///
/// The system that captured wrote the family as a number in its own byte order, or in the network's. Every
/// family is below 256, so that the order shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Loopback<'a> {
    head: &'a [u8; 4],
}

/// `AF_INET`, the same everywhere.
const INET: u32 = 2;
/// `AF_INET6` of NetBSD and OpenBSD, of FreeBSD, of macOS.
const INET6: [u32; 3] = [24, 28, 30];

impl<'a> Loopback<'a> {
    pub(super) fn parse(part: Part<'a>) -> Result<(Self, Part<'a>), Flaw> {
        let (head, rest) = part.head::<4>()?;
        Ok((Self { head }, rest))
    }

    /// The address family.
    fn family(&self) -> u32 {
        let big = u32::from_be_bytes(*self.head);
        match big {
            0x0100.. => big.swap_bytes(),
            _ => big,
        }
    }

    pub(super) fn carried(&self) -> Carried {
        match self.family() {
            INET => Carried::Ipv4,
            family if INET6.contains(&family) => Carried::Ipv6,
            _ => Carried::Other,
        }
    }

    pub(super) fn header_len(&self) -> usize {
        self.head.len()
    }

    pub(super) fn fields(&self, out: &mut Vec<Field>) {
        let mut sheet = Sheet::new(Layer::Loopback, 0, out);
        sheet.put("address family", 0..4, self.family());
    }
}
