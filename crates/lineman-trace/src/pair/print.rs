//! By what a packet is recognised at another point of its way.

use std::hash::DefaultHasher;
use std::hash::Hasher as _;
use std::net::SocketAddr;
use std::num::NonZeroU16;

use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::Icmp;
use lineman_proto::wire::Part;
use lineman_proto::wire::Tcp;
use lineman_proto::wire::TcpOption;

use crate::capture::Captured;

/// How many bytes of what a packet carries tell it from others: a capture of 68 bytes a packet has as many of a
/// datagram of IPv4.
const SHORT: usize = 24;
/// How many bytes tell it from others like it, where both captures have them.
const LONG: usize = 512;
/// From how many bytes on a payload is hardly that of two packets by chance.
const TELLING: usize = 16;

/// What nothing between two points changes of a packet, or what tells copies of it apart.
///
/// Addresses, ports, TTL, ECN, options and checksums are not in it: what changes them is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    /// The same for the same packet: of TCP its numbers, flags and length, of all else the length and the first bytes.
    pub(super) key: u64,
    /// The same for the same two ends, in both directions.
    pub(super) tuple: u64,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    /// The identification of IPv4, which differs between a segment and its retransmission; where it is 0, it tells nothing.
    pub(super) id: Option<NonZeroU16>,
    /// The sender's clock in the timestamps option (RFC 7323), which differs, too.
    pub(super) stamp: Option<u32>,
    /// What it carries, if that was captured.
    pub(super) body: Option<u64>,
    pub(super) ttl: u8,
    pub(super) segment: Option<Numbers>,
    /// Whether it is hardly another's by chance, even between other addresses.
    pub(super) is_telling: bool,
}

/// The numbers of a TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) seq: u32,
    pub(super) len: u32,
    pub(super) ack: Option<u32>,
}

impl Print {
    /// Of a packet; `None` of one that is not between two addresses.
    pub fn of(packet: &Captured<'_>) -> Option<Self> {
        let frame = packet.frame();
        if let Some(arp) = frame.arp() {
            let (from, to) = (arp.sender_ip(), arp.target_ip());
            let key = hash(&(0_u8, arp.operation(), from, to));
            let ends = ((from, 0).into(), (to, 0).into());
            return Some(Self::between(ends, 0, key, &frame));
        }
        let number = frame.protocol()?.0;
        let (from, to) = frame.addresses()?;
        let ends = frame.endpoints();
        let ends = ends.unwrap_or_else(|| ((from, 0).into(), (to, 0).into()));
        if let Some(tcp) = frame.tcp().filter(|_| frame.fragment().is_none()) {
            return Some(Self::of_tcp(&frame, tcp, ends));
        }
        let body = frame.payload();
        let piece = frame.fragment();
        let piece = piece.map(|piece| (piece.id, piece.offset, piece.more));
        let key = match frame.icmp() {
            // What it quotes has been translated with it.
            Some(icmp) if icmp.is_error() => hash(&(of_error(icmp), body.wire_len())),
            // A NAT changes the identifier of an echo, as it changes ports.
            Some(icmp) => {
                let kind = (1_u8, icmp.kind(), icmp.code(), number_of_echo(&frame));
                hash(&(kind, body.wire_len(), beginning(body, SHORT)))
            }
            None => hash(&(number, piece, body.wire_len(), beginning(body, SHORT))),
        };
        let mut print = Self::between(ends, number.into(), key, &frame);
        print.body = whole(body);
        print.is_telling = body.bytes().len() >= TELLING && print.body.is_some();
        Some(print)
    }

    fn of_tcp(frame: &Frame<'_>, tcp: Tcp<'_>, ends: (SocketAddr, SocketAddr)) -> Self {
        // Marks of congestion are set on the way; hardware that cuts and joins segments moves PSH.
        let fixed = Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0 | Flags::ACK.0;
        let flags = tcp.flags();
        let len = u32::try_from(tcp.payload().wire_len()).unwrap_or(u32::MAX);
        let ack = flags.has(Flags::ACK).then(|| tcp.ack());
        let key = hash(&(6_u8, tcp.seq(), ack, flags.0 & fixed, len));
        let stamp = tcp.options().find_map(|option| match option {
            TcpOption::Timestamps { value, .. } => Some(value),
            _ => None,
        });
        Self {
            stamp,
            body: whole(tcp.payload()),
            segment: Some(Numbers {
                seq: tcp.seq(),
                len,
                ack,
            }),
            is_telling: true, // numbers begin at random (RFC 6528)
            ..Self::between(ends, 6, key, frame)
        }
    }

    fn between(
        (from, to): (SocketAddr, SocketAddr),
        number: u16,
        key: u64,
        frame: &Frame<'_>,
    ) -> Self {
        let v4 = frame.ipv4();
        Self {
            key,
            tuple: hash(&(number, from.min(to), from.max(to))),
            from,
            to,
            id: v4.and_then(|ip| NonZeroU16::new(ip.id())),
            stamp: None,
            body: None,
            ttl: v4.map_or_else(
                || frame.ipv6().map_or(0, |ip| ip.hop_limit()),
                |ip| ip.ttl(),
            ),
            segment: None,
            is_telling: false,
        }
    }

    /// The bytes of TCP that it carries, if any.
    pub(super) fn data(&self) -> Option<(u32, u32)> {
        let numbers = self.segment.filter(|it| it.len > 0)?;
        Some((numbers.seq, numbers.len))
    }

    /// Whether nothing that tells copies apart says that they are two.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        let differ = |pair: Option<(u64, u64)>| pair.is_some_and(|(a, b)| a != b);
        let stamps = self.stamp.zip(other.stamp);
        let bodies = self.body.zip(other.body);
        let is_tcp = self.segment.is_some(); // of TCP the numbers count, and what it carries may be changed
        !differ(stamps.map(|(a, b)| (a.into(), b.into()))) && (is_tcp || !differ(bodies))
    }
}

fn of_error(icmp: Icmp<'_>) -> u64 {
    let protocol = icmp.quoted().map(|quoted| quoted.protocol);
    hash(&(2_u8, icmp.kind(), icmp.code(), protocol))
}

/// The sequence number of an echo: the last two bytes before what it carries.
fn number_of_echo<'a>(frame: &Frame<'a>) -> &'a [u8] {
    let end = frame.payload().range().start;
    let bytes = frame.bytes();
    end.checked_sub(2)
        .and_then(|at| bytes.get(at..end))
        .unwrap_or_default()
}

/// The first bytes of what a packet carries, as far as they were captured.
fn beginning(part: Part<'_>, most: usize) -> &[u8] {
    let bytes = part.bytes();
    bytes.get(..most).unwrap_or(bytes)
}

/// What stands for all that a packet carries, if enough of it was captured.
fn whole(part: Part<'_>) -> Option<u64> {
    let wanted = part.wire_len().min(LONG);
    part.bytes().get(..wanted).map(|bytes| hash(&bytes))
}

/// The same in every run: what is found must not depend on chance.
pub(super) fn hash(it: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    it.hash(&mut hasher);
    hasher.finish()
}
