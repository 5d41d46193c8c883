//! Taking a frame apart, layer by layer.

use super::Arp;
use super::Flaw;
use super::Frame;
use super::Icmp;
use super::Ipv4;
use super::Ipv6;
use super::Layer;
use super::LinkType;
use super::Part;
use super::Protocol;
use super::Tcp;
use super::Udp;
use super::Wrong;
use super::frame::Network;
use super::frame::Transport;
use super::ip::Ip;
use super::link::Carried;
use super::link::Head;
use super::link::Link;
use crate::tftp::Packet;

/// TFTP's well-known port (RFC 1350 §4).
pub(super) const TFTP_PORT: u16 = 69;

impl<'a> Frame<'a> {
    /// Takes a whole Ethernet frame apart. TFTP is recognised at port 69; see
    /// [`Conversations`](super::Conversations) for the rest of a transfer.
    pub fn parse(bytes: &'a [u8]) -> Self {
        Self::captured(LinkType::ETHERNET, bytes, bytes.len())
    }

    /// Takes a frame of a link apart of which a capture has kept the beginning; it had `wire_len` bytes
    /// on the wire. A link that is not known here leaves all of it unexplained.
    pub fn captured(link: LinkType, bytes: &'a [u8], wire_len: usize) -> Self {
        let rest = Part::captured(bytes, wire_len);
        let mut frame = Self {
            bytes,
            wire_len: rest.wire_len(),
            link: Link::None,
            network: Network::None,
            transport: Transport::None,
            tftp: None,
            rest,
            flaw: None,
            checksum_pending: false,
        };
        if let Some(head) = Head::of(link) {
            frame.read_link(head);
        }
        if frame.rest.is_cut() {
            frame.flaw = frame.flaw.or(Some((Layer::Payload, Flaw::Cut)));
        }
        frame
    }

    fn read_link(&mut self, head: Head) {
        match Link::parse(head, self.rest) {
            Err(flaw) => self.flaw = Some(flaw),
            Ok((link, rest)) => {
                (self.link, self.rest) = (link, rest);
                match link.carried(rest) {
                    Carried::Arp => self.read_arp(),
                    Carried::Ipv4 => self.read_ip(Layer::Ipv4),
                    Carried::Ipv6 => self.read_ip(Layer::Ipv6),
                    Carried::Other => {}
                }
            }
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
                let there = self.rest.wire_len();
                let stated = ip.stated_len();
                let beyond = (stated > there).then_some(Wrong::StatesMore { stated, there });
                self.network = Network::Ip(ip);
                self.rest = body;
                // Only the first piece of a packet has the header of what the packet carries, and
                // behind a header that was cut there is nothing.
                let first = ip.fragment().is_none_or(|fragment| fragment.offset == 0);
                if let Some(wrong) = beyond {
                    // Hosts throw it away (in Linux: InTruncatedPkts), whatever its transport says.
                    self.flaw = Some((layer, Flaw::Malformed(wrong)));
                } else if first && !self.ipv4().is_some_and(|ip| ip.header().is_cut()) {
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
                Layer::icmp(protocol == Protocol::ICMPV6),
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
            _ if self.ipv4().is_some_and(|ip| ip.header().is_cut()) => Layer::Ipv4,
            Transport::Tcp(tcp) if tcp.header().is_cut() => Layer::Tcp,
            _ if self.rest.is_cut() => Layer::Payload,
            _ => return,
        };
        self.flaw = self.flaw.or(Some((layer, Flaw::Cut)));
    }

    /// The same frame, with its UDP payload read as bytes and nothing else.
    pub(super) fn as_datagram(mut self) -> Self {
        self.tftp = None;
        self
    }

    /// The same frame, with its UDP payload read as TFTP if it can be.
    pub fn as_tftp(mut self) -> Self {
        let payload = self.udp().map(|udp| udp.payload().bytes());
        self.tftp = payload.and_then(|payload| Packet::parse(payload).ok());
        self
    }
}
