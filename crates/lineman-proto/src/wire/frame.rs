//! A frame, as deep as its bytes go.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::ops::Range;

use super::Arp;
use super::Ethernet;
use super::Field;
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
use super::tftp;
use crate::tftp::Packet;

/// TFTP's well-known port (RFC 1350 §4).
pub(super) const TFTP_PORT: u16 = 69;

/// A frame, taken apart. It borrows the bytes and is cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    bytes: &'a [u8],
    ethernet: Option<Ethernet<'a>>,
    network: Network<'a>,
    transport: Transport<'a>,
    tftp: Option<Packet<'a>>,
    rest: Part<'a>,
    flaw: Option<(Layer, Flaw)>,
}

#[derive(Clone, Copy, Debug)]
enum Network<'a> {
    None,
    Arp(Arp<'a>),
    Ip(Ip<'a>),
}

#[derive(Clone, Copy, Debug)]
enum Transport<'a> {
    None,
    Tcp(Tcp<'a>),
    Udp(Udp<'a>),
    Icmp(Icmp<'a>),
}

impl<'a> Frame<'a> {
    /// Takes an Ethernet frame apart. TFTP is recognised at port 69; see
    /// [`Conversations`](super::Conversations) for the rest of a transfer.
    pub fn parse(bytes: &'a [u8]) -> Self {
        let mut frame = Self::unread(bytes);
        match Ethernet::parse(frame.rest) {
            Err(flaw) => frame.flaw = Some((Layer::Ethernet, flaw)),
            Ok((ethernet, rest)) => {
                frame.ethernet = Some(ethernet);
                frame.rest = rest;
                match ethernet.ether_type() {
                    0x0806 => frame.read_arp(),
                    0x0800 => frame.read_ip(Layer::Ipv4),
                    0x86dd => frame.read_ip(Layer::Ipv6),
                    _ => {}
                }
            }
        }
        frame
    }

    /// Takes an IP packet apart that has no Ethernet header.
    pub fn parse_ip(bytes: &'a [u8]) -> Self {
        let mut frame = Self::unread(bytes);
        match bytes.first().map(|first| first >> 4) {
            Some(6) => frame.read_ip(Layer::Ipv6),
            _ => frame.read_ip(Layer::Ipv4),
        }
        frame
    }

    fn unread(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            ethernet: None,
            network: Network::None,
            transport: Transport::None,
            tftp: None,
            rest: Part::whole(bytes),
            flaw: None,
        }
    }

    fn read_arp(&mut self) {
        match Arp::parse(self.rest) {
            Err(flaw) => self.flaw = Some((Layer::Arp, flaw)),
            Ok((arp, rest)) => {
                self.network = Network::Arp(arp);
                self.rest = rest.split(0).0;
            }
        }
    }

    fn read_ip(&mut self, layer: Layer) {
        let parsed = match layer {
            Layer::Ipv6 => Ipv6::parse(self.rest).map(|(ip, body)| (Ip::V6(ip), body)),
            _ => Ipv4::parse(self.rest).map(|(ip, body)| (Ip::V4(ip), body)),
        };
        match parsed {
            Err(flaw) => self.flaw = Some((layer, flaw)),
            Ok((ip, body)) => {
                self.network = Network::Ip(ip);
                self.rest = body;
                // Only the first piece of a packet has the header of what the packet carries.
                if ip.fragment().is_none_or(|fragment| fragment.offset == 0) {
                    self.read_transport(ip.protocol(), body);
                }
                self.note_cut();
            }
        }
    }

    fn read_transport(&mut self, protocol: Protocol, body: Part<'a>) {
        let (layer, parsed) = match protocol {
            Protocol::TCP => (Layer::Tcp, Tcp::parse(body).map(Transport::Tcp)),
            Protocol::UDP => (Layer::Udp, Udp::parse(body).map(Transport::Udp)),
            Protocol::ICMP | Protocol::ICMPV6 => (
                Layer::Icmp,
                Icmp::parse(body, protocol).map(Transport::Icmp),
            ),
            _ => return,
        };
        match parsed {
            Err(flaw) => self.flaw = Some((layer, flaw)),
            Ok(transport) => {
                self.transport = transport;
                self.rest = match transport {
                    Transport::Tcp(tcp) => tcp.payload(),
                    Transport::Udp(udp) => udp.payload(),
                    Transport::Icmp(icmp) => icmp.body(),
                    Transport::None => self.rest,
                };
            }
        }
        if let Some(udp) = self.udp()
            && (udp.source_port() == TFTP_PORT || udp.destination_port() == TFTP_PORT)
        {
            *self = self.as_tftp();
        }
    }

    fn note_cut(&mut self) {
        let layer = match self.transport {
            Transport::Tcp(tcp) if tcp.header().is_cut() => Layer::Tcp,
            _ if self.rest.is_cut() => Layer::Payload,
            _ => return,
        };
        self.flaw = self.flaw.or(Some((layer, Flaw::Cut)));
    }

    /// The same frame, with its UDP payload read as TFTP if it can be.
    pub fn as_tftp(mut self) -> Self {
        let payload = self.udp().map(|udp| udp.payload().bytes());
        self.tftp = payload.and_then(|payload| Packet::parse(payload).ok());
        self
    }

    /// All its bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The Ethernet header.
    pub fn ethernet(&self) -> Option<Ethernet<'a>> {
        self.ethernet
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

    /// The protocol that IP carries.
    pub fn protocol(&self) -> Option<Protocol> {
        self.ip().map(|ip| ip.protocol())
    }

    /// Which piece of a packet it is, if it is one.
    pub fn fragment(&self) -> Option<Fragment> {
        self.ip().and_then(|ip| ip.fragment())
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

    /// The layers that were understood, from the wire upwards, each with its header's place; a
    /// TFTP packet and a payload are whole.
    pub fn layers(&self) -> impl Iterator<Item = (Layer, Range<usize>)> + use<> {
        let ethernet = self
            .ethernet
            .map(|it| (Layer::Ethernet, 0..it.header_len()));
        let network = match self.network {
            Network::None => None,
            Network::Arp(_) => Some((Layer::Arp, self.rest.at() - 28..self.rest.at())),
            Network::Ip(Ip::V4(ip)) => Some((Layer::Ipv4, ip.header().range())),
            Network::Ip(Ip::V6(ip)) => Some((Layer::Ipv6, ip.at()..ip.at() + ip.header_len())),
        };
        let transport = match self.transport {
            Transport::None => None,
            Transport::Tcp(tcp) => Some((Layer::Tcp, tcp.header().range())),
            Transport::Udp(udp) => Some((Layer::Udp, udp.at()..udp.at() + 8)),
            Transport::Icmp(icmp) => Some((Layer::Icmp, icmp.at()..icmp.at() + 8)),
        };
        let top = match self.tftp {
            Some(_) => Layer::Tftp,
            None => Layer::Payload,
        };
        let rest = (top, self.rest.range());
        let padding = (Layer::Padding, self.rest.range().end..self.bytes.len());
        let tail = [rest, padding].into_iter();
        let headers = [ethernet, network, transport].into_iter().flatten();
        headers.chain(tail.filter(|(_, range)| !range.is_empty()))
    }

    /// Every field of every layer, from the wire upwards.
    pub fn fields(&self) -> impl Iterator<Item = Field> + use<> {
        let mut out = Vec::with_capacity(48);
        if let Some(ethernet) = self.ethernet {
            ethernet.fields(&mut out);
        }
        match self.network {
            Network::None => {}
            Network::Arp(arp) => arp.fields(&mut out),
            Network::Ip(Ip::V4(ip)) => ip.fields(&mut out),
            Network::Ip(Ip::V6(ip)) => ip.fields(&mut out),
        }
        match self.transport {
            Transport::None => {}
            Transport::Tcp(tcp) => tcp.fields(&mut out),
            Transport::Udp(udp) => udp.fields(&mut out),
            Transport::Icmp(icmp) => icmp.fields(&mut out),
        }
        if let Some(packet) = &self.tftp {
            tftp::fields(packet, self.rest, &mut out);
        }
        for (layer, range) in self.layers() {
            if let (Layer::Payload, None) | (Layer::Padding, _) = (layer, self.icmp()) {
                let value = format!("{} bytes", range.len());
                let name = if layer == Layer::Padding {
                    "padding"
                } else {
                    "data"
                };
                out.push(Field {
                    layer,
                    name,
                    value,
                    range,
                });
            }
        }
        out.into_iter()
    }
}
