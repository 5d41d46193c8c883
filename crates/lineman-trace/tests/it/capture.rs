//! The conversations of captures that were composed by hand.

use std::net::Ipv4Addr;
use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::Mac;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::arp;
use lineman_trace::capture::*;
use lineman_trace::log::LinkType;
use lineman_trace::log::TcpState;

use crate::composer::*;

/// 2026, in nanoseconds.
const NOW_NS: u64 = 1_790_000_000_000_000_000;

/// A capture in the making: a packet each millisecond.
struct Taken {
    all: Conversations,
    now_ns: u64,
    sorted: Vec<Sorted>,
}

impl Taken {
    pub fn new() -> Self {
        Self::within(Limits::default())
    }

    fn within(limits: Limits) -> Self {
        Self {
            all: Conversations::new(limits),
            now_ns: NOW_NS,
            sorted: Vec::new(),
        }
    }

    fn ms(&mut self, millis: u64) -> &mut Self {
        self.now_ns += millis * 1_000_000;
        self
    }

    fn take(&mut self, frame: &[u8]) -> &mut Self {
        self.on(LinkType::ETHERNET, frame, frame.len())
    }

    fn each(&mut self, frames: &[Vec<u8>]) -> &mut Self {
        for frame in frames {
            self.take(frame);
        }
        self
    }

    fn on(&mut self, link: LinkType, bytes: &[u8], wire_len: usize) -> &mut Self {
        self.ms(1);
        let packet = Captured {
            link,
            utc_ns: Some(self.now_ns),
            wire_len: u32::try_from(wire_len).expect("a packet"),
            checksum_pending: false,
            bytes,
        };
        self.sorted.push(self.all.take(&packet));
        self
    }

    fn finish(self) -> Summary {
        self.all.finish()
    }
}

fn only(summary: &Summary) -> &Conversation {
    assert_eq!(summary.conversations.len(), 1, "{summary:#?}");
    &summary.conversations[0]
}

fn end(last: u8, port: u16) -> SocketAddr {
    (Ipv4Addr::new(10, 0, 0, last), port).into()
}

fn handshake(tcp: &mut Connection) -> [Vec<u8>; 3] {
    [
        tcp.next(Client, SYN, b""),
        tcp.next(Server, and_ack(SYN), b""),
        tcp.next(Client, ACK, b""),
    ]
}

/// A connection that is opened, carries 100 bytes and is closed by both.
fn whole(tcp: &mut Connection) -> Vec<Vec<u8>> {
    let mut frames = handshake(tcp).to_vec();
    let fin = and_ack(Flags::FIN);
    frames.push(tcp.next(Client, and_ack(Flags::PSH), &[7; 100]));
    frames.push(tcp.next(Server, ACK, b""));
    frames.push(tcp.next(Client, fin, b""));
    frames.push(tcp.next(Server, fin, b""));
    frames.push(tcp.next(Client, ACK, b""));
    frames
}

#[test]
fn a_connection_is_counted_from_syn_to_last_ack() {
    let (mut taken, mut tcp) = (Taken::new(), Connection::new(9000));
    let frames = whole(&mut tcp);
    taken.each(&frames);
    let summary = taken.finish();
    let it = only(&summary);
    assert_eq!((it.kind, it.number), (Kind::Tcp, 1));
    assert_eq!(it.ends.client, tcp.client);
    assert_eq!(it.ends.server, tcp.server);
    assert_eq!((it.packets.client, it.packets.server), (5, 3));
    let bytes: usize = frames.iter().map(Vec::len).sum();
    assert_eq!(it.all_bytes(), bytes as u64);
    assert_eq!((it.payload.client, it.payload.server), (100, 0));
    assert_eq!(it.beginning, Beginning::Syn);
    assert_eq!(it.ending, Ending::Closed);
    assert_eq!(it.duration_ns(), 7_000_000);
    let states = [Client, Server].map(|host| it.states[host].expect("deduced").state);
    assert_eq!(states, [TcpState::TimeWait, TcpState::Closed]);
    assert!(it.troubles.is_empty() && it.weight() == 0, "{it:?}");
    assert_eq!(summary.totals.packets, 8);
}

/// A port that is used again is another connection, not a retransmission of the first.
#[test]
fn ports_that_are_used_again_are_another_conversation() {
    let mut taken = Taken::new();
    let mut first = Connection::new(9000);
    taken.each(&whole(&mut first));
    // The numbers have moved on, so the second SYN has another.
    let again: Vec<_> = whole(&mut first);
    taken.each(&again);
    let summary = taken.finish();
    let numbers: Vec<u64> = summary.conversations.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [1, 2]);
    for it in &summary.conversations {
        assert_eq!((it.all_packets(), it.ending), (8, Ending::Closed));
        assert!(it.troubles.is_empty(), "{it:?}");
    }
}

#[test]
fn what_goes_wrong_in_a_connection_is_counted_by_kind() {
    let (mut taken, mut tcp) = (Taken::new(), Connection::new(9000));
    taken.each(&handshake(&mut tcp));
    let push = and_ack(Flags::PSH);
    taken.take(&tcp.next(Client, push, &[1; 100]));
    taken.ms(300).take(&tcp.back(Client, push, &[1; 100], 100)); // by a timer
    let _missed = tcp.next(Client, push, &[2; 100]);
    taken.take(&tcp.next(Client, push, &[3; 100]));
    taken.take(&tcp.back(Client, push, &[2; 100], 200));
    let mut damaged = tcp.next(Client, push, &[4; 100]);
    *damaged.last_mut().expect("bytes") ^= 1;
    taken.take(&damaged);
    tcp.window = 0;
    taken.take(&tcp.next(Server, ACK, b""));
    tcp.window = 64240;
    taken.take(&tcp.next(Client, and_ack(RST), b""));
    let summary = taken.finish();
    let it = only(&summary);
    let met: Vec<(Trouble, u32)> = it.troubles.met().collect();
    assert_eq!(
        met,
        [
            (Trouble::Reset, 1),
            (Trouble::ZeroWindow, 1),
            (Trouble::Retransmission, 1),
            (Trouble::TimeOut, 1),
            (Trouble::Damaged, 1),
            (Trouble::Gap, 1),
            (Trouble::OutOfOrder, 1),
        ]
    );
    assert_eq!(it.ending, Ending::Reset(Client));
}

#[test]
fn a_capture_that_begins_in_the_middle_says_so_and_refusals_are_told() {
    let mut taken = Taken::new();
    let mut old = Connection::new(1);
    handshake(&mut old);
    taken.take(&old.next(Client, and_ack(Flags::PSH), b"late"));
    taken.take(&old.next(Server, ACK, b""));
    let mut refused = Connection::new(2);
    taken.take(&refused.next(Client, SYN, b""));
    taken.take(&refused.next(Server, and_ack(RST), b""));
    let mut alone = Connection::new(3);
    let syn = alone.next(Client, SYN, b"");
    taken.take(&syn).ms(1000).take(&syn);
    let summary = taken.finish();
    let told: Vec<_> = summary
        .conversations
        .iter()
        .map(|it| (it.ends.server.port(), it.beginning, it.ending))
        .collect();
    assert_eq!(
        told,
        [
            (2, Beginning::Syn, Ending::Refused),
            (3, Beginning::Syn, Ending::Unanswered),
            (1, Beginning::Midway, Ending::Open),
        ]
    );
}

/// What most went wrong in comes first.
#[test]
fn conversations_are_sorted_by_trouble() {
    let mut taken = Taken::new();
    let mut good = Connection::new(1);
    taken.each(&whole(&mut good));
    let mut slow = Connection::new(2);
    taken.each(&handshake(&mut slow));
    let push = and_ack(Flags::PSH);
    taken.take(&slow.next(Client, push, &[1; 100]));
    taken.ms(300).take(&slow.back(Client, push, &[1; 100], 100));
    let mut broken = Connection::new(3);
    taken.each(&handshake(&mut broken));
    taken.take(&broken.next(Server, and_ack(RST), b""));
    let order: Vec<u16> = taken
        .finish()
        .conversations
        .iter()
        .map(|it| it.ends.server.port())
        .collect();
    assert_eq!(order, [3, 2, 1]);
}

fn rrq(name: &str) -> Vec<u8> {
    [&[0, 1], name.as_bytes(), b"\0octet\0"].concat()
}

fn data(block: u16, len: usize) -> Vec<u8> {
    [&[0, 3][..], &block.to_be_bytes(), &vec![9; len]].concat()
}

fn ack(block: u16) -> Vec<u8> {
    [&[0, 4][..], &block.to_be_bytes()].concat()
}

/// The request goes to port 69, the file comes from another: one conversation.
#[test]
fn a_transfer_is_one_conversation_past_its_port() {
    let mut taken = Taken::new();
    let packets = [
        (Client, 4000, 69, rrq("boot\x1b[2J.img")),
        (Server, 5000, 4000, data(1, 512)),
        (Client, 4000, 5000, ack(1)),
        (Server, 5000, 4000, data(2, 512)),
        (Server, 5000, 4000, data(2, 512)),
        (Client, 4000, 5000, ack(2)),
        (Server, 5000, 4000, data(3, 10)),
        (Client, 4000, 5000, ack(3)),
    ];
    for (from, port, to, bytes) in &packets {
        taken.ms(1200).take(&datagram(*from, *port, *to, bytes));
    }
    let summary = taken.finish();
    let it = only(&summary);
    assert_eq!((it.kind, it.beginning), (Kind::Tftp, Beginning::Request));
    assert_eq!((it.ends.client, it.ends.server), (end(1, 4000), end(2, 69)));
    assert_eq!((it.packets.client, it.packets.server), (4, 4));
    assert_eq!(it.ending, Ending::Closed);
    let transfer = it.transfer.as_ref().expect("a transfer");
    assert_eq!((transfer.upload, transfer.bytes), (false, 1034));
    assert_eq!(transfer.file, "boot^[[2J.img", "safe to show");
    assert_eq!(it.troubles.count(Trouble::Retransmission), 1);
}

#[test]
fn a_transfer_that_fails_or_has_no_answer_says_so_and_another_may_follow() {
    let mut taken = Taken::new();
    let error = [&[0, 5, 0, 1][..], b"no such file\0"].concat();
    taken.take(&datagram(Client, 4000, 69, &rrq("a")));
    taken.take(&datagram(Server, 5000, 4000, &error));
    // The same client, from the same port, once more.
    taken.take(&datagram(Client, 4000, 69, &rrq("b")));
    taken.take(&datagram(Client, 4001, 69, &rrq("c")));
    taken.ms(1000).take(&datagram(Client, 4001, 69, &rrq("c")));
    let summary = taken.finish();
    let told: Vec<_> = summary
        .conversations
        .iter()
        .map(|it| {
            let file = it.transfer.as_ref().map(|it| it.file.clone());
            (file.unwrap_or_default(), it.ending, it.all_packets())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("c".to_owned(), Ending::Unanswered, 2),
            ("a".to_owned(), Ending::Failed(Server, 1), 2),
            ("b".to_owned(), Ending::Unanswered, 1),
        ]
    );
}

/// An ICMP error is no conversation of its own: it is what went wrong in another.
#[test]
fn an_icmp_error_belongs_to_the_conversation_that_it_is_about() {
    let mut taken = Taken::new();
    let asked = datagram(Client, 4000, 9, b"anybody?");
    taken.take(&asked);
    let error = Envelope::new(end(2, 0), end(1, 0)).icmp(3, 3, [0; 4], &asked[14..]);
    taken.take(&error);
    assert_eq!(taken.sorted[1].conversation, Some(1));
    assert_eq!(taken.sorted[1].from, Server);
    let summary = taken.finish();
    let it = only(&summary);
    assert_eq!((it.kind, it.ending), (Kind::Udp, Ending::Refused));
    assert_eq!(it.all_packets(), 1, "the error is no packet of it");
    assert_eq!(it.troubles.count(Trouble::IcmpError), 1);
    assert_eq!(summary.totals.packets, 2);
}

#[test]
fn questions_without_an_answer_are_counted() {
    let mut taken = Taken::new();
    let (ours, theirs) = (
        Envelope::new(end(1, 0), end(2, 0)),
        Envelope::new(end(2, 0), end(1, 0)),
    );
    for seq in 1..=3 {
        taken.take(&ours.icmp(8, 0, [0, 1, 0, seq], b"ping"));
        if seq != 2 {
            taken.take(&theirs.icmp(0, 0, [0, 1, 0, seq], b"ping"));
        }
    }
    let (mac, ip) = (Mac([2; 6]), |last| Ipv4Addr::new(10, 0, 0, last));
    taken.take(&arp(1, (mac, ip(1)), (Mac([0; 6]), ip(2))));
    taken.take(&arp(2, (mac, ip(2)), (mac, ip(1))));
    taken.take(&arp(1, (mac, ip(1)), (Mac([0; 6]), ip(77))));
    let summary = taken.finish();
    let told: Vec<_> = summary
        .conversations
        .iter()
        .map(|it| {
            (
                it.kind,
                it.ends.server.ip(),
                it.troubles.count(Trouble::Unanswered),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Kind::Icmp, ip(2).into(), 1),
            (Kind::Arp, ip(77).into(), 1),
            (Kind::Arp, ip(2).into(), 0),
        ]
    );
}

/// The pieces of a datagram: only the first has its ports.
#[test]
fn later_fragments_belong_where_the_first_one_does() {
    let mut taken = Taken::new();
    let whole = datagram(Client, 4000, 9, &[5; 1000]);
    let piece = |offset: usize, len: usize, more: bool| {
        let mut frame = whole[..34].to_vec();
        frame.extend_from_slice(&whole[34 + offset..34 + offset + len]);
        let total = u16::try_from(20 + len).expect("a packet");
        frame[16..18].copy_from_slice(&total.to_be_bytes());
        frame[18..20].copy_from_slice(&7_u16.to_be_bytes());
        let word = (offset as u16 >> 3) | if more { 0x2000 } else { 0 };
        frame[20..22].copy_from_slice(&word.to_be_bytes());
        frame
    };
    taken
        .take(&piece(0, 800, true))
        .take(&piece(800, 208, false));
    let summary = taken.finish();
    let it = only(&summary);
    assert_eq!((it.kind, it.all_packets(), it.fragments), (Kind::Udp, 2, 2));
    assert_eq!(it.payload.client, 1000);
    // Without the first piece nobody knows the ports.
    let mut late = Taken::new();
    late.take(&piece(800, 208, false));
    let summary = late.finish();
    let it = only(&summary);
    assert_eq!(
        (it.kind, it.ends.server.port(), it.fragments),
        (Kind::Udp, 0, 1)
    );
}

/// The same connection, whatever its frames begin with.
#[test]
fn every_link_type_is_read() {
    let vlan = |frame: &[u8]| [&frame[..12], &[0x81, 0, 0, 5], &frame[12..]].concat();
    let head = |head: &'static [u8]| move |frame: &[u8]| [head, &frame[14..]].concat();
    const SLL: [u8; 16] = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0];
    const SLL2: [u8; 20] = [8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    type Make<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
    let links: [(LinkType, Make<'_>); 8] = [
        (LinkType::ETHERNET, &<[u8]>::to_vec),
        (LinkType::ETHERNET, &vlan),
        (LinkType::RAW, &head(&[])),
        (LinkType::IPV4, &head(&[])),
        (LinkType::NULL, &head(&[2, 0, 0, 0])),
        (LinkType::LOOP, &head(&[0, 0, 0, 2])),
        (LinkType::LINUX_SLL, &head(&SLL)),
        (LinkType::LINUX_SLL2, &head(&SLL2)),
    ];
    for (link, make) in links {
        let mut taken = Taken::new();
        for frame in whole(&mut Connection::new(9000)) {
            let frame = make(&frame);
            taken.on(link, &frame, frame.len());
        }
        let summary = taken.finish();
        let it = only(&summary);
        assert_eq!(
            (it.all_packets(), it.ending),
            (8, Ending::Closed),
            "{link:?}"
        );
        assert!(it.troubles.is_empty(), "{link:?}: {it:?}");
    }
}

/// Of each packet only the headers were kept: nothing is missing but the bytes themselves.
#[test]
fn packets_that_were_cut_are_counted_as_long_as_they_were() {
    let mut taken = Taken::new();
    let frames = whole(&mut Connection::new(9000));
    for frame in &frames {
        taken.on(
            LinkType::ETHERNET,
            &frame[..frame.len().min(60)],
            frame.len(),
        );
    }
    let summary = taken.finish();
    let it = only(&summary);
    assert_eq!((it.payload.client, it.ending), (100, Ending::Closed));
    assert!(it.troubles.is_empty(), "{it:?}");
    assert_eq!(summary.totals.cut, 1);
}

#[test]
fn what_is_no_conversation_is_counted_by_what_it_is() {
    let mut taken = Taken::new();
    let lldp = [
        &[1_u8, 0x80, 0xc2, 0, 0, 0xe, 2, 0, 0, 0, 0, 1, 0x88, 0xcc][..],
        &[0; 46],
    ]
    .concat();
    taken.take(&lldp).take(&lldp);
    let spanning_tree = [
        &[1_u8, 0x80, 0xc2, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 38][..],
        &[0; 46],
    ]
    .concat();
    taken.take(&spanning_tree);
    taken.on(LinkType(147), b"whatever", 8);
    taken.on(LinkType::ETHERNET, &lldp[..9], 60);
    taken.take(b"short");
    let mut bad = datagram(Client, 1, 2, b"x");
    bad[14] = 0x41; // a header of one word
    taken.take(&bad);
    let summary = taken.finish();
    let totals = &summary.totals;
    assert!(summary.conversations.is_empty(), "{summary:?}");
    let others: Vec<_> = totals.others.iter().map(|(a, b)| (*a, *b)).collect();
    assert_eq!(others, [(0, 1), (0x88cc, 2)]);
    assert_eq!(
        (totals.unknown_link, totals.headless, totals.malformed),
        (1, 1, 2)
    );
}

/// A hundred thousand SYNs to a port each: few lines, and no more memory than for the followed ones.
#[test]
fn a_scan_is_told_in_one_line() {
    let limits = Limits {
        followed: 1000,
        kept: 100,
    };
    let mut taken = Taken::within(limits);
    for n in 0..100_000_u32 {
        let port = u16::try_from(n % 65_535 + 1).expect("a port");
        let mut tcp = Connection::new(port);
        tcp.client
            .set_port(if n < 65_535 { 40_000 } else { 40_001 });
        taken.take(&tcp.next(Client, SYN, b""));
    }
    taken.each(&whole(&mut Connection::new(7)));
    let summary = taken.finish();
    let it = only(&summary);
    assert_eq!((it.ends.server.port(), it.ending), (7, Ending::Closed));
    assert_eq!(summary.folds.len(), 1, "{:?}", summary.folds);
    let fold = &summary.folds[0];
    assert_eq!(fold.conversations, 100_000);
    assert_eq!(fold.packets, 100_000);
    assert_eq!(fold.ports, Some((1, 65_535)));
    assert_eq!(fold.client, Some(end(1, 0).ip()));
    assert_eq!(fold.ending, Some(Ending::Unanswered));
    assert!(summary.totals.displaced > 98_000);
}

/// Spoofed senders have no address in common: the sum is bounded all the same.
#[test]
fn what_has_nothing_in_common_is_told_together_too() {
    let limits = Limits {
        followed: 100,
        kept: 50,
    };
    let mut taken = Taken::within(limits);
    for n in 0..20_000_u32 {
        let from = SocketAddr::new(Ipv4Addr::from(0x0b00_0000 + n).into(), 1000);
        taken.take(&Envelope::new(from, end(2, 53)).udp(b"?"));
    }
    for n in 0..500_u16 {
        taken.take(&datagram(Client, 10_000 + n, 53, b"?"));
        taken.take(&datagram(Server, 53, 10_000 + n, b"!"));
    }
    let summary = taken.finish();
    assert!(
        summary.conversations.len() <= 20_000 / 10,
        "{}",
        summary.conversations.len()
    );
    let folded: u64 = summary.folds.iter().map(|fold| fold.conversations).sum();
    let told = folded + summary.conversations.len() as u64;
    assert_eq!(told, 20_500);
    assert_eq!(summary.totals.conversations, 20_500);
}

/// The log of a capture: one event a packet, in order, with the capture's own times.
#[test]
fn a_recorder_tells_each_packet_once_and_in_order() {
    use lineman_trace::log::Kind as Told;
    use lineman_trace::log::Verdict;
    let frames = whole(&mut Connection::new(9000));
    let (mut all, mut recorder) = (Conversations::default(), Recorder::new());
    let mut events = Vec::new();
    for (n, bytes) in frames.iter().enumerate() {
        // The clock is set back before the third packet, and the fourth has no time.
        let utc_ns = match n {
            2 => Some(NOW_NS - 5),
            3 => None,
            n => Some(NOW_NS + n as u64 * 1000),
        };
        let packet = Captured {
            link: LinkType::ETHERNET,
            utc_ns,
            wire_len: u32::try_from(bytes.len()).expect("a packet"),
            checksum_pending: false,
            bytes,
        };
        let sorted = all.take(&packet);
        if n == 0 {
            events.push(recorder.start("here", &packet, all.current()));
        }
        events.push(recorder.packet(sorted.number, sorted.from, &packet));
    }
    events.push(recorder.end());
    let numbers: Vec<u64> = events.iter().map(|event| event.n).collect();
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
    assert!(events.is_sorted_by_key(|event| event.t_ns));
    let Told::Start(start) = &events[0].kind else {
        panic!("no start");
    };
    assert_eq!(start.utc_ns, NOW_NS);
    assert_eq!(start.address(Client), Some(end(1, 0).ip()));
    let packets: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            Told::Packet(packet) => Some(packet),
            _ => None,
        })
        .collect();
    assert!(
        packets
            .iter()
            .all(|packet| packet.verdict == Verdict::Captured)
    );
    let stamps: Vec<_> = packets.iter().map(|packet| packet.stamp_ns).collect();
    assert_eq!(stamps[2], Some(NOW_NS - 5));
    assert_eq!(stamps.iter().flatten().count(), 1);
}
