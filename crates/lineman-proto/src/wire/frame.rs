//! A frame, as deep as its bytes go.

use std::net::IpAddr;
use std::net::SocketAddr;

use super::Arp;
use super::Cooked;
use super::Ethernet;
use super::Flaw;
use super::Fragment;
use super::Icmp;
use super::Ipv4;
use super::Ipv6;
use super::Layer;
use super::Part;
use super::Protocol;
use super::Tcp;
use super::Udp;
use super::ip::Ip;
use super::link::Link;
use crate::tftp::Packet;

/// The length of the header of UDP (RFC 768).
const UDP_HEADER: usize = 8;

/// A frame, taken apart. It borrows the bytes and is cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) wire_len: usize,
    pub(super) link: Link<'a>,
    pub(super) network: Network<'a>,
    pub(super) transport: Transport<'a>,
    pub(super) tftp: Option<Packet<'a>>,
    pub(super) rest: Part<'a>,
    pub(super) flaw: Option<(Layer, Flaw)>,
    pub(super) checksum_pending: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Network<'a> {
    None,
    Arp(Arp<'a>),
    Ip(Ip<'a>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Transport<'a> {
    None,
    Tcp(Tcp<'a>),
    Udp(Udp<'a>),
    Icmp(Icmp<'a>),
}

impl<'a> Frame<'a> {
    /// All its bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How many bytes it had on the wire.
    pub fn wire_len(&self) -> usize {
        self.wire_len
    }

    /// The same frame, of which the kernel has said whether the checksum of its TCP, UDP or ICMP had still to be computed when
    /// it was captured: what stands there then means nothing.
    #[must_use]
    pub fn with_checksum_pending(mut self, pending: bool) -> Self {
        self.checksum_pending = pending;
        self
    }

    /// The Ethernet header.
    pub fn ethernet(&self) -> Option<Ethernet<'a>> {
        match self.link {
            Link::Ethernet(ethernet) => Some(ethernet),
            _ => None,
        }
    }

    /// The header of a cooked capture.
    pub fn cooked(&self) -> Option<Cooked<'a>> {
        match self.link {
            Link::Cooked(cooked) => Some(cooked),
            _ => None,
        }
    }

    /// The ARP message.
    pub fn arp(&self) -> Option<Arp<'a>> {
        match self.network {
            Network::Arp(arp) => Some(arp),
            _ => None,
        }
    }

    pub(super) fn ip(&self) -> Option<Ip<'a>> {
        match self.network {
            Network::Ip(ip) => Some(ip),
            _ => None,
        }
    }

    /// The IPv4 header.
    pub fn ipv4(&self) -> Option<Ipv4<'a>> {
        match self.network {
            Network::Ip(Ip::V4(ip)) => Some(ip),
            _ => None,
        }
    }

    /// The IPv6 header.
    pub fn ipv6(&self) -> Option<Ipv6<'a>> {
        match self.network {
            Network::Ip(Ip::V6(ip)) => Some(ip),
            _ => None,
        }
    }

    /// The TCP segment.
    pub fn tcp(&self) -> Option<Tcp<'a>> {
        match self.transport {
            Transport::Tcp(tcp) => Some(tcp),
            _ => None,
        }
    }

    /// The UDP datagram.
    pub fn udp(&self) -> Option<Udp<'a>> {
        match self.transport {
            Transport::Udp(udp) => Some(udp),
            _ => None,
        }
    }

    /// The ICMP message.
    pub fn icmp(&self) -> Option<Icmp<'a>> {
        match self.transport {
            Transport::Icmp(icmp) => Some(icmp),
            _ => None,
        }
    }

    /// The TFTP packet.
    pub fn tftp(&self) -> Option<Packet<'a>> {
        self.tftp
    }

    /// The addresses of IP: from, to.
    pub fn addresses(&self) -> Option<(IpAddr, IpAddr)> {
        self.ip().map(|ip| ip.addresses())
    }

    /// The addresses with the ports of TCP or UDP: from, to.
    pub fn endpoints(&self) -> Option<(SocketAddr, SocketAddr)> {
        let (from, to) = self.addresses()?;
        let (source, destination) = match self.transport {
            Transport::Tcp(tcp) => (tcp.source_port(), tcp.destination_port()),
            Transport::Udp(udp) => (udp.source_port(), udp.destination_port()),
            _ => return None,
        };
        Some((
            SocketAddr::new(from, source),
            SocketAddr::new(to, destination),
        ))
    }

    /// The same, also where the header of TCP or UDP could not be read as a whole: its ports are the first that it says.
    pub fn stated_endpoints(&self) -> Option<(SocketAddr, SocketAddr)> {
        if let Some(endpoints) = self.endpoints() {
            return Some(endpoints);
        }
        let has_ports = matches!(self.protocol()?, Protocol::TCP | Protocol::UDP);
        let is_first = self.fragment().is_none_or(|fragment| fragment.offset == 0);
        let [a, b, c, d] = *self.rest.bytes().first_chunk()?;
        let (from, to) = self.addresses().filter(|_| has_ports && is_first)?;
        Some((
            SocketAddr::new(from, u16::from_be_bytes([a, b])),
            SocketAddr::new(to, u16::from_be_bytes([c, d])),
        ))
    }

    /// The protocol that IP carries.
    pub fn protocol(&self) -> Option<Protocol> {
        self.ip().map(|ip| ip.protocol())
    }

    /// Which piece of a packet it is, if it is one.
    pub fn fragment(&self) -> Option<Fragment> {
        self.ip().and_then(|ip| ip.fragment())
    }

    /// How many bytes its UDP datagram carries, in all its fragments and captured or not.
    pub fn datagram_len(&self) -> Option<usize> {
        let udp = self.udp()?;
        let in_fragments = self.fragment().is_some_and(|fragment| fragment.more);
        Some(match in_fragments {
            true => usize::from(udp.len_field()).saturating_sub(UDP_HEADER),
            false => udp.payload().wire_len(),
        })
    }

    /// What the deepest header that was understood carries; of ARP, nothing.
    pub fn payload(&self) -> Part<'a> {
        self.rest
    }

    /// The layer that could not be read, or not wholly, and why. What is above it is missing.
    pub fn flaw(&self) -> Option<(Layer, Flaw)> {
        self.flaw
    }

    /// Whether the capture ended before the frame did.
    pub fn is_truncated(&self) -> bool {
        matches!(self.flaw, Some((_, Flaw::Cut)))
    }
}
