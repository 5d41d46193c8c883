//! Filters against those of tcpdump: not the programs are compared, but what they accept.

mod chance;
mod grammar;
mod packets;
mod peer;

use lineman_proto::wire::LinkType;
use lineman_proto::wire::filter::Filter;
use lineman_proto::wire::filter::Program;

use chance::Chance;
use packets::Packet;

/// Every link type that filters are made for, by the name that tcpdump has for it.
const LINKS: [(LinkType, &str); 8] = [
    (LinkType::ETHERNET, "EN10MB"),
    (LinkType::LINUX_SLL, "LINUX_SLL"),
    (LinkType::LINUX_SLL2, "LINUX_SLL2"),
    (LinkType::RAW, "RAW"),
    (LinkType::NULL, "NULL"),
    (LinkType::LOOP, "LOOP"),
    (LinkType::IPV4, "IPV4"),
    (LinkType::IPV6, "IPV6"),
];
/// How many random filters a run compares, and on how many packets each. `FILTERS=20000` compares more.
const FILTERS: u64 = 600;
const PACKETS: u64 = 300;

/// A filter that is written down, or found by chance, accepts the same packets as tcpdump's.
fn compare(text: &str, link: (LinkType, &str), packets: &[Packet]) {
    let ours = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let ours = ours
        .compile(link.0)
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let theirs = peer::tcpdump(text, link.1);
    for packet in packets {
        let (our_frame, their_frame) = packet.on(link.0);
        let accepts = |program: &Program, frame: &[u8]| program.accepts(frame, frame.len());
        let (we, they) = (accepts(&ours, &our_frame), accepts(&theirs, &their_frame));
        assert_eq!(we, they, "{text:?} on {}: {packet:02x?}", link.1);
    }
}

#[test]
fn random_filters_accept_what_tcpdumps_accept() {
    let filters = std::env::var("FILTERS")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let (filters, seed) = (filters.unwrap_or(FILTERS), seed.unwrap_or(1));
    let mut accepted = 0_u64;
    for number in 0..filters {
        let mut chance = Chance::new(seed + number);
        let link = LINKS[number as usize % LINKS.len()];
        let text = grammar::filter(&mut chance, link.0 == LinkType::ETHERNET);
        let packets: Vec<_> = (0..PACKETS).map(|_| Packet::random(&mut chance)).collect();
        compare(&text, link, &packets);
        let program = text
            .parse()
            .and_then(|filter: Filter| filter.compile(link.0));
        let program = program.expect("it was compiled before");
        let frames = packets.iter().map(|packet| packet.on(link.0).0);
        let accepts = frames.filter(|frame| program.accepts(frame, frame.len()));
        let accepts = accepts.count() as u64;
        accepted += u64::from(accepts > 0 && accepts < PACKETS);
    }
    // Filters that accept everything or nothing compare little.
    assert!(
        accepted > filters / 3,
        "{accepted} of {filters} tell packets apart"
    );
}

/// What people type.
#[test]
fn everyday_filters_accept_what_tcpdumps_accept() {
    let mut chance = Chance::new(7);
    let packets: Vec<_> = (0..4000).map(|_| Packet::random(&mut chance)).collect();
    for text in EVERYDAY {
        for link in LINKS {
            let only_ethernet = text.contains("ether") || text.contains("vlan");
            if only_ethernet && link.0 != LinkType::ETHERNET {
                continue;
            }
            compare(text, link, &packets);
        }
    }
}

const EVERYDAY: [&str; 54] = [
    "tcp",
    "udp",
    "icmp",
    "icmp6",
    "arp",
    "rarp",
    "ip",
    "ip6",
    "sctp",
    "igmp",
    "port 80",
    "tcp port 80",
    "udp port 69",
    "src port 53",
    "dst port 443",
    "src and dst port 80",
    "port 69 or 6969",
    "port (69 or 80) and host 10.0.0.1",
    "portrange 60-100",
    "portrange 100-60",
    "udp dst portrange 53-69",
    "host 10.0.0.1",
    "src host 10.0.0.1 or 10.0.0.2",
    "host 10.0.0.1 and not port 22",
    "not host 10.0.0.1 and 10.0.0.2",
    "ip host 10.0.0.2",
    "arp host 10.0.0.1",
    "host 2001:db8::1",
    "src net 2001:db8::/32",
    "net 10.0.0.0/8",
    "net 10",
    "net 10.0",
    "net 192.0.2.0 mask 255.255.255.0",
    "ip proto 47",
    "proto 17",
    "ip6 proto 58",
    "ip proto \\tcp",
    "less 180",
    "greater 240",
    "len > 200 and len < 260",
    "tcp[tcpflags] & tcp-syn != 0",
    "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn",
    "tcp[13] = 2",
    "ip[0] & 0xf != 5",
    "ip[6:2] & 0x1fff != 0",
    "udp[4:2] > 100",
    "icmp[icmptype] = icmp-echo",
    "icmp6[icmp6type] = icmp6-echo",
    "ip multicast or ip6 multicast",
    "tcp[((tcp[12:1] & 0xf0) >> 2):4] != 0",
    "ether host 02:00:00:00:00:01",
    "ether broadcast",
    "vlan 100 and tcp port 80",
    "vlan and vlan 7 and udp",
];

/// A capture ends in the middle of headers: the questions that need what is missing are answered alike.
#[test]
fn packets_that_were_cut_are_judged_alike() {
    let mut chance = Chance::new(11);
    let packets: Vec<_> = (0..200).map(|_| Packet::random(&mut chance)).collect();
    for text in [
        "tcp",
        "port 80",
        "host 10.0.0.1",
        "ip6",
        "tcp[13] & 2 != 0",
        "icmp6",
        "less 30",
    ] {
        for link in LINKS {
            let cut: Vec<_> = packets
                .iter()
                .map(|packet| packet.cut(&mut chance))
                .collect();
            compare(text, link, &cut);
        }
    }
}
