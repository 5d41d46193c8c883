//! As much of a frame as the wire itself must understand: which connection its TCP segment belongs to, and which
//! fields the kernel writes anew when it retransmits the segment.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

use crate::hosts::Family;

/// A TCP segment in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    /// Whether it consumes sequence numbers, so that its sender retransmits it if it is lost.
    pub(crate) counts: bool,
    /// Whether it neither begins nor ends anything.
    pub(crate) plain: bool,
    /// Whether it resets the connection.
    pub(crate) reset: bool,
    /// Whether its sender has finished.
    pub(crate) ends: bool,
    /// Whether it asks to open a connection.
    pub(crate) asks: bool,
    /// What its sender expects next; without ACK it means nothing.
    pub(crate) ack: u32,
    /// The window as it stands in the header.
    pub(crate) window: u16,
    /// Whether it tells what has arrived behind a gap (SACK, RFC 2018).
    pub(crate) sacks: bool,
    /// The number of its first byte.
    pub(crate) seq: u32,
    /// The number behind its last byte, SYN or FIN.
    pub(crate) end: u32,
    /// Where the IP header begins in the frame.
    pub(crate) ip: usize,
    /// Where the TCP header begins.
    pub(crate) tcp: usize,
    /// Where the payload begins.
    pub(crate) payload: usize,
}

impl Segment {
    /// `None` if it is anything else, a fragment, or cut short.
    pub(crate) fn of(frame: &[u8]) -> Option<Self> {
        match frame.get(12..14)? {
            [0x08, 0x00] => Self::of_v4(frame),
            [0x86, 0xdd] => Self::of_v6(frame),
            _ => None,
        }
    }

    /// Whether it has a SYN: an end begins to send with it.
    pub(crate) fn opens(&self) -> bool {
        self.counts && !self.plain && !self.ends && !self.reset
    }

    fn of_v4(frame: &[u8]) -> Option<Self> {
        let header: &[u8; 20] = frame.get(ETHERNET..)?.first_chunk()?;
        let fragment = u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0;
        if header[9] != TCP || fragment {
            return None;
        }
        let source = Ipv4Addr::from(*header[12..].first_chunk()?);
        let destination = Ipv4Addr::from(*header[16..].first_chunk()?);
        let tcp = ETHERNET + usize::from(header[0] & 0x0f) * 4;
        let end = ETHERNET + usize::from(u16::from_be_bytes([header[2], header[3]]));
        Self::of_tcp(frame.get(..end)?, tcp, source.into(), destination.into())
    }

    fn of_v6(frame: &[u8]) -> Option<Self> {
        let header: &[u8; 40] = frame.get(ETHERNET..)?.first_chunk()?;
        if header[6] != TCP {
            return None;
        }
        let source = Ipv6Addr::from(*header[8..].first_chunk()?);
        let destination = Ipv6Addr::from(*header[24..].first_chunk()?);
        let tcp = ETHERNET + header.len();
        let end = tcp + usize::from(u16::from_be_bytes([header[4], header[5]]));
        Self::of_tcp(frame.get(..end)?, tcp, source.into(), destination.into())
    }

    fn of_tcp(packet: &[u8], tcp: usize, from: IpAddr, to: IpAddr) -> Option<Self> {
        let header: &[u8; 20] = packet.get(tcp..)?.first_chunk()?;
        let payload = tcp + usize::from(header[12] >> 4) * 4;
        if payload < tcp + header.len() || payload > packet.len() {
            return None;
        }
        let number = |at: usize| {
            let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
            u32::from_be_bytes(bytes)
        };
        let seq = number(4);
        let bytes = u32::try_from(packet.len() - payload).ok()?;
        let takes = bytes + (header[13] & (SYN | FIN)).count_ones();
        Some(Self {
            source: (from, u16::from_be_bytes([header[0], header[1]])).into(),
            destination: (to, u16::from_be_bytes([header[2], header[3]])).into(),
            counts: takes > 0,
            plain: header[13] & (SYN | FIN | RST) == 0,
            reset: header[13] & RST != 0,
            ends: header[13] & FIN != 0,
            asks: header[13] & (SYN | ACK) == SYN,
            ack: number(8),
            window: u16::from_be_bytes([header[14], header[15]]),
            sacks: has_sack(&packet[tcp + header.len()..payload]),
            seq,
            end: seq.wrapping_add(takes),
            ip: ETHERNET,
            tcp,
            payload,
        })
    }
}

/// Whether there is a SACK among the options (RFC 9293 §3.1).
fn has_sack(mut options: &[u8]) -> bool {
    while let [kind, rest @ ..] = options {
        options = match *kind {
            END_OF_OPTIONS => return false,
            NO_OPERATION => rest,
            SACK => return true,
            _ => {
                let len = rest.first().map_or(0, |len| usize::from(*len));
                options.get(len.max(2)..).unwrap_or_default()
            }
        };
    }
    false
}

/// The family of the addresses of a frame that has a UDP datagram for one host, or a piece of one; `None` if it is anything else. What is for
/// all or for a group may come to several sockets, of which one has room and another has not.
pub(crate) fn family_of_udp(frame: &[u8]) -> Option<Family> {
    if frame.first()? & GROUP != 0 {
        return None;
    }
    let packet = frame.get(ETHERNET..)?;
    match frame.get(12..14)? {
        [0x08, 0x00] => (*packet.get(9)? == UDP).then_some(Family::Inet),
        [0x86, 0xdd] => {
            let next = match *packet.get(6)? {
                FRAGMENT => *packet.get(IPV6_HEADER)?,
                next => next,
            };
            (next == UDP).then_some(Family::Inet6)
        }
        _ => None,
    }
}

/// The kinds of options (RFC 9293 §3.1, RFC 2018 §3).
const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
const SACK: u8 = 5;

pub(crate) const ETHERNET: usize = 14;
/// The length of the header of IPv6 (RFC 8200 §3).
const IPV6_HEADER: usize = 40;
/// In the first byte of an Ethernet address: that of a group, or of all (IEEE 802, I/G).
const GROUP: u8 = 1;
/// The protocol number of TCP (RFC 9293 §3.1).
const TCP: u8 = 6;
/// The protocol number of UDP (RFC 768).
const UDP: u8 = 17;
/// The next header of a packet that is a fragment (RFC 8200 §4.5).
const FRAGMENT: u8 = 44;
// Flags of TCP, in the byte that has them (RFC 9293 §3.1).
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
