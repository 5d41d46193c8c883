//! What others may see of a capture: the ladder is the same, and nothing of its secrets is left.

use std::hash::RandomState;
use std::net::IpAddr;

use lineman_proto::wire::Checksum;
use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::Layer;
use lineman_proto::wire::Mac;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::arp;
use lineman_trace::capture::Captured;
use lineman_trace::capture::Conversations;
use lineman_trace::capture::Recorder;
use lineman_trace::log::LinkType;
use lineman_trace::redact::Names;
use lineman_trace::redact::Redactor;
use lineman_trace::story::Row;
use lineman_trace::story::Saying;
use lineman_trace::story::Story;

use crate::composer::*;

/// Its end has no digits of hexadecimal, of which a name has 16 when it is hashed: by chance any four.
const SECRET: &[u8] = b"the launch code is orca";
const NAME: &[u8] = b"private/plan.img";

/// A connection with a loss and a damaged segment, a transfer that ends in an error, and a refused datagram.
fn frames() -> Vec<Vec<u8>> {
    let mut tcp = Connection::new(9000);
    let push = and_ack(Flags::PSH);
    let mut all = vec![
        tcp.next(Client, SYN, b""),
        tcp.next(Server, and_ack(SYN), b""),
        tcp.next(Client, ACK, b""),
        tcp.next(Client, push, SECRET),
    ];
    all.push(tcp.back(Client, push, SECRET, SECRET.len() as u32));
    all.push(tcp.next(Server, ACK, b""));
    let mut damaged = tcp.next(Server, push, SECRET);
    *damaged.last_mut().expect("bytes") ^= 1;
    all.push(damaged);
    all.push(tcp.next(Client, and_ack(Flags::FIN), b""));
    let request = [&[0, 1][..], NAME, b"\0octet\0blksize\x001428\0"].concat();
    all.push(datagram(Client, 4000, 69, &request));
    all.push(datagram(Server, 5000, 4000, b"\0\x06blksize\x001428\0"));
    all.push(datagram(Client, 4000, 5000, &[0, 4, 0, 0]));
    all.push(datagram(
        Server,
        5000,
        4000,
        &[&[0, 3, 0, 1][..], SECRET].concat(),
    ));
    all.push(datagram(Client, 4000, 5000, &[0, 4, 0, 1]));
    let refused = datagram(Client, 4001, 9, SECRET);
    all.push(refused.clone());
    let (client, server) = (tcp.client, tcp.server);
    all.push(Envelope::new(server, client).icmp(3, 3, [0; 4], &refused[14..]));
    all
}

fn captured(link: LinkType, bytes: &[u8], n: usize) -> Captured<'_> {
    Captured {
        link,
        utc_ns: Some(1_790_000_000_000_000_000 + n as u64 * 300_000_000),
        wire_len: u32::try_from(bytes.len()).expect("a packet"),
        checksum_pending: false,
        bytes,
    }
}

fn redacted(names: Names, frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut redactor = Redactor::new(RandomState::new(), names);
    let packets = frames.iter().enumerate();
    packets
        .map(|(n, bytes)| redactor.packet(&captured(LinkType::ETHERNET, bytes, n)))
        .collect()
}

fn rows(frames: &[Vec<u8>]) -> Vec<Row> {
    let (mut all, mut recorder, mut story) =
        (Conversations::default(), Recorder::new(), Story::new());
    let mut rows = Vec::new();
    for (n, bytes) in frames.iter().enumerate() {
        let packet = captured(LinkType::ETHERNET, bytes, n);
        let sorted = all.take(&packet);
        if n == 0 {
            rows.extend(story.push(&recorder.start("", &packet, None)));
        }
        rows.extend(story.push(&recorder.packet(sorted.number, sorted.from, &packet)));
    }
    rows.extend(story.finish());
    rows
}

/// All of a row but addresses, names and contents.
fn lesson(row: &Row) -> String {
    let arrow = row.arrow.as_ref().expect("a packet");
    let sayings: Vec<_> = row.sayings.iter().map(Saying::id).collect();
    format!(
        "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {} {} {:?} {sayings:?}",
        row.t_ns,
        row.states,
        row.timer,
        arrow.label,
        arrow.place,
        arrow.order,
        arrow.file,
        arrow.again,
        arrow.arrival,
        arrow.wire_len,
        arrow.bytes.len(),
        arrow.from,
    )
}

#[test]
fn the_ladder_is_the_same() {
    let frames = frames();
    for names in [Names::Hashed, Names::Kept] {
        let other = redacted(names, &frames);
        assert_ne!(frames, other);
        let (before, after) = (rows(&frames), rows(&other));
        assert!(before.len() > 10);
        let lessons = |rows: &[Row]| rows.iter().map(lesson).collect::<Vec<_>>();
        assert_eq!(lessons(&before), lessons(&after));
    }
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn no_address_content_or_name_is_left() {
    let frames = frames();
    let addresses: Vec<Vec<u8>> = [[10, 0, 0, 1], [10, 0, 0, 2]].map(Vec::from).into();
    let stations: Vec<Vec<u8>> = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]]
        .map(Vec::from)
        .into();
    for bytes in redacted(Names::Hashed, &frames) {
        for secret in addresses.iter().chain(&stations) {
            assert!(!has(&bytes, secret), "{bytes:?}");
        }
        assert!(!has(&bytes, SECRET) && !has(&bytes, NAME) && !has(&bytes, b"orca"));
    }
    let kept = redacted(Names::Kept, &frames);
    assert!(kept.iter().any(|bytes| has(bytes, NAME)));
    assert!(!kept.iter().any(|bytes| has(bytes, SECRET)));
}

/// Also of the packet that an ICMP error quotes.
#[test]
fn checksums_say_what_they_said_before() {
    let frames = frames();
    let checks = |bytes: &[u8]| -> Vec<(Layer, bool)> {
        let frame = Frame::parse(bytes);
        let right = |it: Checksum| it == Checksum::Right;
        frame
            .checksums()
            .map(|(layer, it)| (layer, right(it)))
            .collect()
    };
    let mut wrong = 0;
    for (before, after) in frames.iter().zip(redacted(Names::Hashed, &frames)) {
        assert_eq!(checks(before), checks(&after));
        wrong += checks(before).iter().filter(|(_, right)| !right).count();
        assert_eq!(before.len(), after.len());
    }
    assert_eq!(wrong, 1, "the damaged one");
}

#[test]
fn the_same_host_is_the_same_in_arp_and_in_an_error_that_quotes_it() {
    let mut frames = frames();
    let mac = Mac([2, 0, 0, 0, 0, 1]);
    let ip = |last| std::net::Ipv4Addr::new(10, 0, 0, last);
    frames.push(arp(1, (mac, ip(1)), (Mac([0; 6]), ip(2))));
    let other = redacted(Names::Hashed, &frames);
    let ends = Frame::parse(&other[0]).addresses().expect("addresses");
    let error = &other[frames.len() - 2];
    let error = Frame::parse(error);
    let quoted = error
        .icmp()
        .and_then(|icmp| icmp.quoted())
        .expect("a quoted packet");
    assert_eq!((quoted.from, quoted.to), ends);
    assert_eq!(quoted.ports, Some((4001, 9)));
    let arp = Frame::parse(&other[frames.len() - 1]);
    let arp = arp.arp().expect("ARP");
    assert_eq!(IpAddr::from(arp.sender_ip()), ends.0);
    assert_eq!(IpAddr::from(arp.target_ip()), ends.1);
    assert_eq!(
        Frame::parse(&other[0]).ethernet().map(|it| it.source()),
        Some(arp.sender_mac())
    );
    // Two runs have nothing in common.
    let again = redacted(Names::Hashed, &frames);
    assert_ne!(Frame::parse(&again[0]).addresses(), Some(ends));
}

/// Whatever the bytes are: as many come out, and every link type is taken apart.
#[test]
fn any_bytes_of_any_link_are_redacted() {
    let frames = frames();
    for link in [0, 1, 101, 108, 113, 147, 228, 229, 276].map(LinkType) {
        let mut redactor = Redactor::new(RandomState::new(), Names::Hashed);
        for bytes in &frames {
            for cut in (0..bytes.len()).step_by(7) {
                let packet = Captured {
                    wire_len: 2000,
                    checksum_pending: false,
                    ..captured(link, &bytes[cut..], 0)
                };
                assert_eq!(redactor.packet(&packet).len(), bytes.len() - cut);
                let packet = captured(link, &bytes[..cut], 0);
                assert_eq!(redactor.packet(&packet).len(), cut);
            }
        }
    }
}

/// A datagram over IPv6 with one extension header.
fn extended(number: u8, header: &[u8]) -> Vec<u8> {
    let udp = [0x9c, 0x40, 0, 9, 0, 8, 0, 0];
    let mut bytes = [[2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 1]].concat();
    bytes.extend([
        0x86,
        0xdd,
        0x60,
        0,
        0,
        0,
        0,
        (header.len() + udp.len()) as u8,
        number,
        64,
    ]);
    bytes.extend([hop(1), hop(2)].concat());
    bytes.extend(header);
    bytes.extend(udp);
    bytes
}

fn hop(last: u8) -> [u8; 16] {
    [0x20, 1, 0x0d, 0xb8, 7, 7, 7, 7, 0, 0, 0, 0, 0, 0, 0, last]
}

#[test]
fn addresses_in_ipv6_routing_headers_were_left() {
    const UDP: u8 = 17;
    const ROUTING: u8 = 43;
    const DESTINATION: u8 = 60;
    let routes = [hop(1), hop(8), hop(9)].concat();
    let tlv = [200, 14, 0x20, 1, 0x0d, 0xb8, 7, 7, 7, 7, 0, 0, 0, 0, 0, 5];
    let home = [&[UDP, 2, 1, 4, 0, 0, 201, 16][..], &hop(6)].concat();
    let headers = [
        (
            ROUTING,
            [&[UDP, 6, 0, 2, 0, 0, 0, 0][..], &routes].concat(),
            3,
        ),
        (
            ROUTING,
            [&[UDP, 2, 2, 1, 0, 0, 0, 0][..], &hop(8)].concat(),
            1,
        ),
        (
            ROUTING,
            [&[UDP, 8, 4, 2, 2, 0, 0, 7][..], &routes, &tlv].concat(),
            3,
        ),
        // Of a type that nobody here knows: nothing behind its head is left.
        (
            ROUTING,
            [&[UDP, 6, 99, 2, 0, 0, 0, 0][..], &routes].concat(),
            0,
        ),
        (DESTINATION, home, 0),
    ];
    for (number, header, listed) in headers {
        let before = extended(number, &header);
        let all = redacted(Names::Hashed, std::slice::from_ref(&before));
        let [after] = all.as_slice() else {
            panic!("one packet");
        };
        assert_eq!(after.len(), before.len());
        assert!(!has(after, &hop(0)[..15]), "{header:?}");
        assert!(!has(after, &[7, 7, 7, 7]), "{header:?}");
        let frame = Frame::captured(LinkType::ETHERNET, after, after.len());
        let ip = frame.ipv6().expect("IPv6");
        assert_eq!(ip.protocol().0, UDP);
        let at = 14 + 40;
        let (head, rest) = after[at..at + header.len()].split_at(8);
        let kept = if number == ROUTING { 8 } else { 2 };
        assert_eq!(head[..kept], header[..kept]);
        let (addresses, behind) = rest.split_at(16 * listed);
        assert!(behind.iter().all(|byte| *byte == 0), "{behind:?}");
        // The same address is the same wherever it stands.
        for (n, address) in addresses.chunks(16).enumerate() {
            let is_sender = header[8 + 16 * n..][..16] == hop(1);
            assert_eq!(address == ip.source().octets(), is_sender, "{header:?}");
        }
    }
}
