//! What a host does with a frame besides handing it to its stack.

use std::net::SocketAddr;

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::socket::tcp;
use smoltcp::wire::EthernetFrame;
use smoltcp::wire::EthernetProtocol;
use smoltcp::wire::Icmpv4DstUnreachable;
use smoltcp::wire::Icmpv4Packet;
use smoltcp::wire::Icmpv4Repr;
use smoltcp::wire::Icmpv6DstUnreachable;
use smoltcp::wire::Icmpv6Packet;
use smoltcp::wire::Icmpv6Repr;
use smoltcp::wire::IpProtocol;
use smoltcp::wire::Ipv4Packet;
use smoltcp::wire::Ipv6Packet;
use smoltcp::wire::UdpPacket;

use crate::log::Endpoints;
use crate::wire::Segment;

use super::bench::Bench;
use super::sockets::Kind;

impl Bench {
    /// Takes a frame from the wire.
    pub(super) fn receive(&mut self, frame: &[u8]) {
        if self.overflows(frame) {
            return;
        }
        if let Some((local, remote)) = refusal(frame) {
            self.refused(local, remote);
        }
        self.stack.receive(frame);
    }

    /// Whether it is a call to a listener whose queue is full: as Linux does, it is not heard, and
    /// may come again. smoltcp has no queue, and would refuse it.
    fn overflows(&mut self, frame: &[u8]) -> bool {
        let Some(segment) = Segment::of(frame).filter(|segment| is_call(frame, segment)) else {
            return false;
        };
        let (local, remote) = (segment.destination, Some(segment.source));
        let known = |(ends, _)| ends == Endpoints { local, remote };
        if self.stack.connections().any(known) {
            return false;
        }
        let stack = &mut self.stack;
        self.fds.values().any(|fd| match &fd.kind {
            Kind::Listener { waiting, .. } => {
                let mut all = waiting.iter();
                let bound = fd.local();
                bound.port() == local.port()
                    && (bound.ip().is_unspecified() || bound.ip() == local.ip())
                    && all.all(|handle| stack.tcp(*handle).state() != tcp::State::Listen)
            }
            _ => false,
        })
    }
}

/// Whether it has SYN, and no ACK.
fn is_call(frame: &[u8], segment: &Segment) -> bool {
    let flags = frame.get(segment.tcp + 13).copied().unwrap_or(0);
    flags & (SYN | ACK) == SYN
}

/// The datagram that an ICMP message says nobody wanted: from where to where it was sent.
fn refusal(frame: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let ethernet = EthernetFrame::new_checked(frame).ok()?;
    match ethernet.ethertype() {
        EthernetProtocol::Ipv4 => refusal_v4(ethernet.payload()),
        EthernetProtocol::Ipv6 => refusal_v6(ethernet.payload()),
        _ => None,
    }
}

fn refusal_v4(packet: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let ip = Ipv4Packet::new_checked(packet).ok()?;
    let icmp = (ip.next_header() == IpProtocol::Icmp).then_some(ip.payload())?;
    let icmp = Icmpv4Packet::new_checked(icmp).ok()?;
    match Icmpv4Repr::parse(&icmp, &ChecksumCapabilities::default()).ok()? {
        Icmpv4Repr::DstUnreachable {
            reason: Icmpv4DstUnreachable::PortUnreachable,
            header,
            data,
        } if header.next_header == IpProtocol::Udp => {
            let (from, to) = ports(data)?;
            Some(((header.src_addr, from).into(), (header.dst_addr, to).into()))
        }
        _ => None,
    }
}

fn refusal_v6(packet: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let ip = Ipv6Packet::new_checked(packet).ok()?;
    let icmp = (ip.next_header() == IpProtocol::Icmpv6).then_some(ip.payload())?;
    let icmp = Icmpv6Packet::new_checked(icmp).ok()?;
    let checksum = ChecksumCapabilities::default();
    match Icmpv6Repr::parse(&ip.src_addr(), &ip.dst_addr(), &icmp, &checksum).ok()? {
        Icmpv6Repr::DstUnreachable {
            reason: Icmpv6DstUnreachable::PortUnreachable,
            header,
            data,
        } if header.next_header == IpProtocol::Udp => {
            let (from, to) = ports(data)?;
            Some(((header.src_addr, from).into(), (header.dst_addr, to).into()))
        }
        _ => None,
    }
}

fn ports(datagram: &[u8]) -> Option<(u16, u16)> {
    // There may be less of it than it says.
    let header = datagram.get(..UDP_HEADER)?;
    let udp = UdpPacket::new_unchecked(header);
    Some((udp.src_port(), udp.dst_port()))
}

const UDP_HEADER: usize = 8;
const SYN: u8 = 2;
const ACK: u8 = 16;
