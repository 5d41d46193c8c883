//! Frames made from their parts, with right lengths and checksums: for tests, simulated stacks, and
//! readers who want to see what one changed bit does.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use super::Flags;
use super::Mac;
use super::Protocol;
use super::TcpOption;
use super::checksum;

/// From whom to whom. ICMP ignores the ports. If one address is IPv6, the frame is.
#[derive(Clone, Copy, Debug)]
pub struct Envelope {
    /// The sender.
    pub from: SocketAddr,
    /// The receiver.
    pub to: SocketAddr,
    /// The sender's station.
    pub from_mac: Mac,
    /// The receiver's station.
    pub to_mac: Mac,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// The identification of an IPv4 packet.
    pub id: u16,
}

/// A segment to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Segment<'a> {
    /// The sequence number.
    pub seq: u32,
    /// The acknowledgment number.
    pub ack: u32,
    /// The flags.
    pub flags: Flags,
    /// The window, before scaling.
    pub window: u16,
    /// Options; at most 40 bytes of them, filled up to a multiple of four.
    pub options: &'a [TcpOption<'a>],
    /// The bytes.
    pub payload: &'a [u8],
}

impl Envelope {
    /// Between two addresses, with stations made up.
    pub fn new(from: SocketAddr, to: SocketAddr) -> Self {
        Self {
            from,
            to,
            from_mac: Mac([2, 0, 0, 0, 0, 1]),
            to_mac: Mac([2, 0, 0, 0, 0, 2]),
            ttl: 64,
            id: 0,
        }
    }

    /// A frame with a TCP segment.
    pub fn tcp(&self, segment: &Segment<'_>) -> Vec<u8> {
        let mut options = Vec::with_capacity(40);
        for option in segment.options {
            option.encode(&mut options);
        }
        options.resize(options.len().next_multiple_of(4).min(40), 0);
        let words = (20 + options.len()) as u16 / 4;
        let mut out = Vec::with_capacity(20 + options.len() + segment.payload.len());
        out.extend_from_slice(&self.from.port().to_be_bytes());
        out.extend_from_slice(&self.to.port().to_be_bytes());
        out.extend_from_slice(&segment.seq.to_be_bytes());
        out.extend_from_slice(&segment.ack.to_be_bytes());
        out.extend_from_slice(&(words << 12 | segment.flags.0 & 0x1ff).to_be_bytes());
        out.extend_from_slice(&segment.window.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&options);
        out.extend_from_slice(segment.payload);
        self.ip(Protocol::TCP, &out)
    }

    /// A frame with a datagram.
    pub fn udp(&self, payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(payload.len() + 8).unwrap_or(0);
        let mut out = Vec::with_capacity(8 + payload.len());
        out.extend_from_slice(&self.from.port().to_be_bytes());
        out.extend_from_slice(&self.to.port().to_be_bytes());
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(payload);
        self.ip(Protocol::UDP, &out)
    }

    /// A frame with an ICMP message, of the family of the addresses: type, code, the second word,
    /// and what follows it.
    pub fn icmp(&self, kind: u8, code: u8, word: [u8; 4], body: &[u8]) -> Vec<u8> {
        let protocol = match (self.from, self.to) {
            (SocketAddr::V4(_), SocketAddr::V4(_)) => Protocol::ICMP,
            _ => Protocol::ICMPV6,
        };
        let [a, b, c, d] = word;
        let head = [kind, code, 0, 0, a, b, c, d];
        self.ip(protocol, &[&head, body].concat())
    }

    /// A frame with any IP packet. Checksums of TCP, UDP and ICMP in `body` are made right. A body
    /// beyond 65,535 bytes gets a length of zero, as a super-segment has it.
    pub fn ip(&self, protocol: Protocol, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(54 + body.len());
        out.extend_from_slice(&self.to_mac.0);
        out.extend_from_slice(&self.from_mac.0);
        match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let len = u16::try_from(20 + body.len()).unwrap_or(0);
                out.extend_from_slice(&[8, 0, 0x45, 0]);
                out.extend_from_slice(&len.to_be_bytes());
                out.extend_from_slice(&self.id.to_be_bytes());
                out.extend_from_slice(&[0x40, 0, self.ttl, protocol.0, 0, 0]);
                out.extend_from_slice(&from.octets());
                out.extend_from_slice(&to.octets());
            }
            (from, to) => {
                let len = u16::try_from(body.len()).unwrap_or(0);
                out.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0]);
                out.extend_from_slice(&len.to_be_bytes());
                out.extend_from_slice(&[protocol.0, self.ttl]);
                out.extend_from_slice(&as_v6(from));
                out.extend_from_slice(&as_v6(to));
            }
        }
        out.extend_from_slice(body);
        checksum::fill(&mut out);
        out
    }
}

fn as_v6(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// An ARP message: `operation` 1 asks everybody, 2 answers.
pub fn arp(operation: u16, sender: (Mac, Ipv4Addr), target: (Mac, Ipv4Addr)) -> Vec<u8> {
    let to = if operation == 1 {
        Mac([0xff; 6])
    } else {
        target.0
    };
    let mut out = Vec::with_capacity(42);
    out.extend_from_slice(&to.0);
    out.extend_from_slice(&sender.0.0);
    out.extend_from_slice(&[8, 6, 0, 1, 8, 0, 6, 4]);
    out.extend_from_slice(&operation.to_be_bytes());
    for (mac, ip) in [sender, target] {
        out.extend_from_slice(&mac.0);
        out.extend_from_slice(&ip.octets());
    }
    out
}
