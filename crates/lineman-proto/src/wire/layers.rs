//! A frame's layers and fields, with their places.

use std::ops::Range;

use super::Field;
use super::Frame;
use super::Layer;
use super::frame::Network;
use super::frame::Transport;
use super::ip::Ip;
use super::tftp;

impl Frame<'_> {
    /// The layers that were understood, from the wire upwards, each with its header's place; a
    /// TFTP packet and a payload are whole.
    pub fn layers(&self) -> impl Iterator<Item = (Layer, Range<usize>)> + use<> {
        let link = self.link.layer().map(|(layer, len)| (layer, 0..len));
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
            Transport::Icmp(icmp) => Some((Layer::icmp(icmp.is_v6()), icmp.at()..icmp.at() + 8)),
        };
        let top = match self.tftp {
            Some(_) => Layer::Tftp,
            None => Layer::Payload,
        };
        let rest = (top, self.rest.range());
        let padding = (Layer::Padding, self.rest.range().end..self.bytes.len());
        let tail = [rest, padding].into_iter();
        let headers = [link, network, transport].into_iter().flatten();
        headers.chain(tail.filter(|(_, range)| !range.is_empty()))
    }

    /// Every field of every layer, from the wire upwards.
    pub fn fields(&self) -> impl Iterator<Item = Field> + use<> {
        let mut out = Vec::with_capacity(48);
        self.link.fields(&mut out);
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
