//! The Internet checksum (RFC 1071): is it right, and if not, what would be.

use std::net::IpAddr;

use super::Flaw;
use super::Frame;
use super::Layer;
use super::LinkType;
use super::Part;
use super::Protocol;

/// What a checksum says about its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// It is right.
    Right,
    /// It is not: some bit has changed on the way.
    Wrong {
        /// What is in the packet.
        found: u16,
        /// What would be right.
        expected: u16,
    },
    /// Only the part of the pseudo-header is there, or the kernel has said that it is not computed yet: the frame was
    /// seen before the sender's hardware would have completed it. Nothing is wrong.
    Unfinished,
    /// The sender did without (UDP over IPv4, RFC 768).
    None,
    /// The bytes that it covers are not all here: a fragment, or a capture that was cut.
    Unknown,
}

impl Frame<'_> {
    /// Every checksum of the frame, from the wire upwards: IPv4, then TCP, UDP or ICMP.
    pub fn checksums(&self) -> impl Iterator<Item = (Layer, Checksum)> + use<> {
        fields(self)
            .into_iter()
            .flatten()
            .map(|field| (field.layer, field.check()))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// The checksum of a layer, if the frame has one there.
    pub fn checksum(&self, layer: Layer) -> Option<Checksum> {
        let mut fields = fields(self).into_iter().flatten();
        fields
            .find(|field| field.layer == layer)
            .map(|field| field.check())
    }
}

/// Writes the right checksums into a frame, where all the bytes that they cover are there. A relay
/// needs it for frames whose checksum hardware would have completed; a tester, for changed ones.
pub fn fill(bytes: &mut [u8]) {
    let frame = Frame::parse(bytes);
    let right = fields(&frame).map(|field| {
        let field = field?;
        Some((field.at, field.expected()?))
    });
    for (at, value) in right.into_iter().flatten() {
        if let Some(field) = bytes.get_mut(at..at + 2) {
            field.copy_from_slice(&value.to_be_bytes());
        }
    }
}

/// Gives a frame that was changed the checksums that it had before, in what they say: right where `were` says so,
/// without hardware's part where that was missing, and else wrong. What cannot be computed, because bytes are
/// missing, becomes zero. The frame has its headers where it had them.
pub fn restore(link: LinkType, bytes: &mut [u8], wire_len: usize, were: &[(Layer, Checksum)]) {
    let frame = Frame::captured(link, bytes, wire_len);
    let was = |layer| {
        were.iter()
            .find(|(it, _)| *it == layer)
            .map(|(_, was)| *was)
    };
    let values = fields(&frame).map(|field| {
        let field = field?;
        let value = match (was(field.layer)?, field.expected()) {
            (Checksum::None, _) => return None,
            (Checksum::Unfinished, _) => fold(field.pseudo),
            (Checksum::Right, Some(right)) => right,
            (Checksum::Wrong { .. }, Some(right)) => match right ^ 1 {
                0 => 2, // 0 would be right where 0xffff is, or say that there is none
                wrong => wrong,
            },
            (Checksum::Unknown, _) | (_, None) => 0,
        };
        Some((field.at, value))
    });
    for (at, value) in values.into_iter().flatten() {
        if let Some(field) = bytes.get_mut(at..at + 2) {
            field.copy_from_slice(&value.to_be_bytes());
        }
    }
}

/// A checksum's field, and what it covers.
struct Field<'a> {
    layer: Layer,
    at: usize,
    found: u16,
    pseudo: u64,
    covered: Part<'a>,
    partial: bool,
    pending: bool,
}

impl Field<'_> {
    fn expected(&self) -> Option<u16> {
        if self.covered.is_cut() || self.partial {
            return None;
        }
        // Everything that it covers, less the field itself, which counts as zero.
        let total = self.pseudo + sum(self.covered.bytes()) + u64::from(!self.found);
        match !fold(total) {
            0 if self.layer == Layer::Udp => Some(0xffff), // 0 would mean "none"
            right => Some(right),
        }
    }

    fn check(&self) -> Checksum {
        match (self.expected(), self.found) {
            (_, 0) if self.layer == Layer::Udp => Checksum::None,
            (None, _) => Checksum::Unknown,
            (Some(expected), found) if expected == found => Checksum::Right,
            // Both are zero in the arithmetic of the checksum (RFC 1624 §3).
            (Some(0 | 0xffff), 0 | 0xffff) => Checksum::Right,
            (Some(_), _) if self.pending => Checksum::Unfinished,
            (Some(_), found) if self.pseudo > 0 && found == fold(self.pseudo) => {
                Checksum::Unfinished
            }
            (Some(expected), found) => Checksum::Wrong { found, expected },
        }
    }
}

fn fields<'a>(frame: &Frame<'a>) -> [Option<Field<'a>>; 2] {
    let ipv4 = frame.ipv4().map(|ip| Field {
        layer: Layer::Ipv4,
        at: ip.header().at() + 10,
        found: ip.checksum(),
        pseudo: 0,
        covered: ip.header(),
        partial: false,
        pending: false,
    });
    [ipv4, transport(frame)]
}

fn transport<'a>(frame: &Frame<'a>) -> Option<Field<'a>> {
    let (from, to) = frame.addresses()?;
    let protocol = frame.protocol()?;
    let (layer, start, field, found) = if let Some(tcp) = frame.tcp() {
        (Layer::Tcp, tcp.header().at(), 16, tcp.checksum())
    } else if let Some(udp) = frame.udp() {
        (Layer::Udp, udp.at(), 6, udp.checksum())
    } else {
        let icmp = frame.icmp()?;
        let layer = Layer::icmp(icmp.is_v6());
        (layer, icmp.at(), 2, icmp.checksum())
    };
    let payload = frame.payload();
    let header = payload.at().checked_sub(start)?;
    let covered = Part::whole(frame.bytes()).split(start).1;
    let covered = covered.stated(header + payload.wire_len());
    let pseudo = match protocol {
        Protocol::ICMP => 0,
        _ => pseudo(from, to, protocol, covered.wire_len()),
    };
    let cut = matches!(frame.flaw(), Some((_, Flaw::Cut)));
    Some(Field {
        layer,
        at: start + field,
        found,
        pseudo,
        covered,
        partial: cut || frame.fragment().is_some(),
        pending: frame.checksum_pending,
    })
}

/// The sum over the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1).
pub(super) fn pseudo(from: IpAddr, to: IpAddr, protocol: Protocol, len: usize) -> u64 {
    let address = |ip| match ip {
        IpAddr::V4(ip) => sum(&ip.octets()),
        IpAddr::V6(ip) => sum(&ip.octets()),
    };
    address(from) + address(to) + u64::from(protocol.0) + len as u64
}

/// The sum of 16-bit words, as far as it matters to the checksum; an odd last byte is the high half of a word.
///
/// Words of 32 bits in the machine's own order come to the same, once carries are added back and the bytes are
/// put in order (RFC 1071 §2): all packets of a capture are summed.
pub(super) fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    let words: u64 = words
        .iter()
        .map(|&word| u64::from(u32::from_ne_bytes(word)))
        .sum();
    let (pairs, odd) = rest.as_chunks::<2>();
    let pairs = pairs
        .iter()
        .map(|&pair| u64::from(u16::from_be_bytes(pair)));
    let odd = odd.first().map_or(0, |&byte| u64::from(byte) << 8);
    u64::from(u16::from_be(fold(words))) + pairs.sum::<u64>() + odd
}

/// Carries added back in, until 16 bits hold it.
pub(super) fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As RFC 1071 §1 has it: word by word.
    fn by_words(bytes: &[u8]) -> u64 {
        let words = bytes.chunks(2).map(|word| match *word {
            [high, low] => u64::from(u16::from_be_bytes([high, low])),
            [high] => u64::from(high) << 8,
            _ => 0,
        });
        words.sum()
    }

    #[test]
    fn the_sum_of_long_words_is_that_of_short_ones() {
        let mut byte = 7_u8;
        let mut next = || {
            byte = byte.wrapping_mul(29).wrapping_add(113);
            byte
        };
        for len in 0..300 {
            let bytes: Vec<u8> = (0..len).map(|_| next()).collect();
            for bytes in [&bytes[..], &vec![0xff; len], &vec![0; len]] {
                assert_eq!(fold(sum(bytes)), fold(by_words(bytes)), "{bytes:?}");
            }
        }
    }
}
