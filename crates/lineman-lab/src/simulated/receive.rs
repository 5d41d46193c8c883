//! What a host does with a frame besides handing it to its stack.

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use lineman_trace::log::Counter;
use lineman_trace::log::Endpoints;
use lineman_trace::log::Queues;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::socket::tcp;
use smoltcp::wire::EthernetFrame;
use smoltcp::wire::EthernetProtocol;
use smoltcp::wire::Icmpv4DstUnreachable;
use smoltcp::wire::Icmpv4Message;
use smoltcp::wire::Icmpv4Packet;
use smoltcp::wire::Icmpv6DstUnreachable;
use smoltcp::wire::Icmpv6Packet;
use smoltcp::wire::Icmpv6Repr;
use smoltcp::wire::IpProtocol;
use smoltcp::wire::Ipv4Packet;
use smoltcp::wire::Ipv6Packet;
use smoltcp::wire::TcpPacket;
use smoltcp::wire::UdpPacket;

use crate::wire::Segment;

use super::socket_table::SocketTable;
use super::sockets::Kind;

impl SocketTable {
    /// Takes a frame from the wire.
    pub(super) fn receive(&mut self, frame: &[u8]) {
        if self.overflows(frame) {
            return;
        }
        if let Some((local, remote)) = refusal(frame) {
            self.refused(local, remote);
        }
        let frame = self.without_a_known_syn(frame);
        self.stack.receive(&frame);
        if self.forget_unheard() {
            // What is for a socket that there is not is answered with RST (RFC 9293 §3.10.7.1).
            self.stack.receive(&frame);
        }
    }

    /// The SYN+ACK of a peer whose SYN has come already: that SYNs have crossed, and this is the ACK that
    /// establishes (RFC 9293 §3.5, figure 8). smoltcp does not take it for one; so it is handed a segment that
    /// says the same without the SYN.
    fn without_a_known_syn<'f>(&mut self, frame: &'f [u8]) -> Cow<'f, [u8]> {
        let segment = Segment::of(frame).filter(|it| !it.plain && !it.reset && !it.asks);
        let crosses = |segment: &Segment| {
            let (local, remote) = (segment.destination, Some(segment.source));
            let ends = Endpoints { local, remote };
            self.stack.connections().any(|(it, socket)| {
                // One that has listened has not asked itself.
                let asked = socket.listen_endpoint().port == 0;
                it == ends && socket.state() == tcp::State::SynReceived && asked
            })
        };
        match segment.filter(crosses) {
            Some(segment) => without_syn(frame, &segment).map_or_else(|| frame.into(), Cow::Owned),
            None => frame.into(),
        }
    }

    /// Forgets a connection whose program has closed it, if bytes have come for it: no program will read them
    /// (RFC 1122 §4.2.2.13). Gives whether there was one.
    fn forget_unheard(&mut self) -> bool {
        let stack = &mut self.stack;
        let mut orphans = self.orphans.iter();
        let unheard = orphans.position(|orphan| {
            let socket = stack.tcp(orphan.handle);
            socket.state() != tcp::State::Closed && socket.recv_queue() > 0
        });
        if let Some(at) = unheard {
            let orphan = self.orphans.swap_remove(at);
            self.stack.remove(orphan.handle);
        }
        unheard.is_some()
    }

    /// Whether it is a call to a listener whose queue is full: as Linux does, it is not heard, and
    /// may come again. smoltcp has no queue, and would refuse it.
    fn overflows(&mut self, frame: &[u8]) -> bool {
        let Some(segment) = Segment::of(frame).filter(|segment| segment.asks) else {
            return false;
        };
        let (local, remote) = (segment.destination, Some(segment.source));
        let known = |(ends, _)| ends == Endpoints { local, remote };
        if self.stack.connections().any(known) {
            return false;
        }
        let stack = &mut self.stack;
        let full = self.fds.values().find_map(|fd| match &fd.kind {
            Kind::Listener { waiting, backlog } => {
                let mut all = waiting.iter();
                let bound = fd.local();
                let full = bound.port() == local.port()
                    && (bound.ip().is_unspecified() || bound.ip() == local.ip())
                    && all.all(|handle| stack.tcp(*handle).state() != tcp::State::Listen);
                full.then(|| Queues {
                    unread: u32::try_from(waiting.len()).unwrap_or(u32::MAX),
                    unsent: u32::try_from(*backlog).unwrap_or(u32::MAX),
                })
            }
            _ => None,
        });
        if full.is_some() {
            self.counted.push((Counter::ListenOverflows, full));
        }
        full.is_some()
    }
}

/// The same segment without its SYN: its numbers begin behind that, and its window is one of those that are scaled
/// (RFC 7323 §2.2). `None` if it is no SYN, carries bytes or is damaged.
fn without_syn(frame: &[u8], segment: &Segment) -> Option<Vec<u8>> {
    let header = segment.tcp..segment.payload;
    let (from, to) = (segment.source.ip().into(), segment.destination.ip().into());
    let read = TcpPacket::new_checked(frame.get(header.clone())?).ok()?;
    let bare = segment.end == segment.seq.wrapping_add(1);
    if !read.syn() || !bare || !read.verify_checksum(&from, &to) {
        return None;
    }
    let scale = read.options_summary().ok()?.window_scale.unwrap_or(0);
    let mut bytes = frame.to_vec();
    let mut written = TcpPacket::new_checked(bytes.get_mut(header)?).ok()?;
    written.set_syn(false);
    written.set_seq_number(read.seq_number() + 1);
    written.set_window_len(read.window_len() >> scale.min(LARGEST_SCALE));
    written.fill_checksum(&from, &to);
    Some(bytes)
}

/// The datagram that an ICMP message says no program received: from where to where it was sent.
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
    // smoltcp's own reading wants all of the datagram, and there may be eight octets of it (RFC 792).
    let unreachable = icmp.verify_checksum() && icmp.msg_type() == Icmpv4Message::DstUnreachable;
    if !unreachable || icmp.msg_code() != u8::from(Icmpv4DstUnreachable::PortUnreachable) {
        return None;
    }
    let quoted = icmp.data();
    let header: &[u8; 20] = quoted.first_chunk()?;
    let (from, to) = ports(quoted.get(usize::from(header[0] & 0x0f) * 4..)?)?;
    let address = |at: usize| Some(Ipv4Addr::from(*header.get(at..)?.first_chunk()?));
    (header[9] == UDP).then_some(((address(12)?, from).into(), (address(16)?, to).into()))
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

/// The protocol number of UDP (RFC 768).
const UDP: u8 = 17;
/// How many bytes the header of UDP has (RFC 768).
const UDP_HEADER: usize = 8;
/// The largest shift of a window (RFC 7323 §2.3), in bits.
const LARGEST_SCALE: u8 = 14;

#[cfg(test)]
mod tests {
    use lineman_trace::log::Host;
    use proptest::prelude::*;

    use crate::hosts::Family;
    use crate::hosts::Transport;
    use crate::namespace::Settings;
    use crate::simulated::clock::Clock;
    use crate::simulated::stack::Stack;

    use super::*;

    /// A host with a listener, and a socket for datagrams.
    fn host() -> SocketTable {
        let stack = Stack::new(Host::Server, 1, Clock::new());
        let mut table = SocketTable::new(Host::Server, stack, &Settings::default());
        for transport in [Transport::Stream, Transport::Datagram] {
            table.open(Family::Inet, transport);
        }
        for fd in [3, 4] {
            let bound = table.bind(fd, ([10, 0, 0, 2], 9000).into());
            bound.expect("a port");
        }
        table
    }

    /// ICMP over IPv4 and IPv6, TCP and UDP to the host's port, ARP, and nothing in particular.
    fn beginning() -> impl Strategy<Value = Vec<u8>> {
        let v4 = |protocol| {
            let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
            frame.extend([0x45, 0, 0, 60, 0, 0, 0, 0, 64, protocol, 0, 0]);
            frame.extend([10, 0, 0, 1, 10, 0, 0, 2]);
            frame
        };
        let mut v6 = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x86, 0xdd];
        v6.extend([0x60, 0, 0, 0, 0, 40, 58, 64]);
        let arp = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4];
        let beginnings = vec![v4(1), v4(6), v4(17), v6, arp, Vec::new()];
        proptest::sample::select(beginnings)
    }

    proptest! {
        #[test]
        fn no_frame_breaks_it(
            mut frame in beginning(),
            rest in proptest::collection::vec(any::<u8>(), 0..90),
        ) {
            frame.extend(rest);
            let mut host = host();
            host.receive(&frame);
            host.tidy(true);
            host.stack.send();
        }
    }

    /// A port-unreachable of Linux, with eight octets of the datagram (RFC 792).
    #[test]
    fn a_refusal_names_the_datagram() {
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        frame.extend([
            0x45, 0xc0, 0, 56, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1,
        ]);
        frame.extend([3, 3, 0x78, 0xd0, 0, 0, 0, 0]);
        frame.extend([0x45, 0, 0, 30, 0, 0, 0x40, 0, 64, 17, 0, 0]);
        frame.extend([
            10, 0, 0, 1, 10, 0, 0, 2, 0x15, 0xb3, 0x23, 0x28, 0, 10, 0, 0,
        ]);
        checksum(&mut frame);
        let expected = (([10, 0, 0, 1], 5555).into(), ([10, 0, 0, 2], 9000).into());
        assert_eq!(refusal(&frame), Some(expected));
        frame[35] = 1; // host unreachable
        checksum(&mut frame);
        assert_eq!(refusal(&frame), None);
        for len in 0..frame.len() {
            let _ = refusal(&frame[..len]);
        }
    }

    /// Makes that of the outer ICMP header right.
    fn checksum(frame: &mut [u8]) {
        let mut icmp = Icmpv4Packet::new_unchecked(&mut frame[34..]);
        icmp.fill_checksum();
    }
}
