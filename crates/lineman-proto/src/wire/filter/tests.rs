use std::net::SocketAddr;

use super::*;
use crate::wire::Flags;
use crate::wire::compose::Envelope;
use crate::wire::compose::Segment;
use crate::wire::compose::arp;

fn end(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn syn(from: &str, to: &str) -> Vec<u8> {
    Envelope::new(end(from), end(to)).tcp(&Segment {
        flags: Flags::SYN,
        ..Segment::default()
    })
}

fn datagram(from: &str, to: &str) -> Vec<u8> {
    Envelope::new(end(from), end(to)).udp(b"hello")
}

fn accepts(text: &str, frame: &[u8]) -> bool {
    let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let program = filter.compile(LinkType::ETHERNET).expect("a program");
    program.accepts(frame, frame.len())
}

fn problem(text: &str) -> (String, Problem) {
    let error = Filter::parse(text).expect_err("no filter");
    assert_eq!(text.get(error.at()), Some(error.word()), "{text}");
    (error.word().to_owned(), error.problem().clone())
}

const A: &str = "10.0.0.1:4000";
const B: &str = "10.0.0.2:80";

#[test]
fn nothing_asked_for_is_everything() {
    for text in ["", "  ", "\n"] {
        assert!(Filter::parse(text).expect("a filter").is_empty());
        assert!(accepts(text, &syn(A, B)) && accepts(text, &[]));
    }
}

/// As in pcap, and not as in most languages.
#[test]
fn and_and_or_bind_alike_from_the_left() {
    let both = "tcp or udp and port 80"; // (tcp or udp) and port 80
    assert!(accepts(both, &syn(A, B)));
    assert!(!accepts(both, &syn(A, "10.0.0.2:81")));
    assert!(accepts("tcp or (udp and port 80)", &syn(A, "10.0.0.2:81")));
}

#[test]
fn a_value_alone_takes_over_what_was_said_of_the_one_before() {
    for text in [
        "port 69 or 80",
        "dst port 69 or 80",
        "port (69 or 80)",
        "tcp port 69 or 80 or 443",
    ] {
        assert!(accepts(text, &syn(A, B)), "{text}");
    }
    assert!(!accepts("src port 69 or 80", &syn(A, B)));
    assert!(accepts("host 10.0.0.9 or 10.0.0.2", &syn(A, B)));
    assert!(!accepts(
        "not host 10.0.0.9 and 10.0.0.2",
        &syn("10.0.0.3:1", "10.0.0.4:1")
    ));
    assert!(accepts("host 10.0.0.1 and not 10.0.0.9", &syn(A, B)));
}

/// Beyond pcap: an address says itself what it is.
#[test]
fn an_address_alone_is_a_host_and_with_a_prefix_a_net() {
    assert!(accepts("10.0.0.1", &syn(A, B)));
    assert!(accepts("tcp and 10.0.0.0/8", &syn(A, B)));
    assert!(accepts(
        "2001:db8::1",
        &syn("[2001:db8::1]:1", "[2001:db8::2]:2")
    ));
}

#[test]
fn ipv6_is_looked_at_like_ipv4() {
    let frame = syn("[2001:db8::1]:4000", "[2001:db8::2]:80");
    for text in [
        "tcp",
        "port 80",
        "src net 2001:db8::/32",
        "ip6",
        "dst host 2001:db8::2",
        "net ::/0",
    ] {
        assert!(accepts(text, &frame), "{text}");
    }
    for text in [
        "udp",
        "ip",
        "dst net 2001:db8:1::/48",
        "host 2001:db8::3",
        "icmp6",
    ] {
        assert!(!accepts(text, &frame), "{text}");
    }
}

#[test]
fn arp_has_hosts_too() {
    use crate::wire::Mac;
    let (ask, answer) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
    let frame = arp(1, (Mac([2; 6]), ask), (Mac([0; 6]), answer));
    for text in [
        "arp",
        "host 10.0.0.2",
        "arp src host 10.0.0.1",
        "net 10",
        "ether broadcast",
    ] {
        assert!(accepts(text, &frame), "{text}");
    }
    assert!(!accepts("ip host 10.0.0.2", &frame));
}

#[test]
fn numbers_are_those_of_c() {
    for text in ["port 80", "port 0x50", "port 0120"] {
        assert!(accepts(text, &syn(A, B)), "{text}");
    }
}

/// The system that captured wrote the family in its own byte order, and each system has its own number for IPv6.
#[test]
fn a_loopback_of_any_bsd_has_ipv6() {
    let program = |text: &str| Filter::parse(text).and_then(|it| it.compile(LinkType::NULL));
    let (v6, v4) = (
        program("ip6").expect("a program"),
        program("ip").expect("a program"),
    );
    for family in [24_u32, 28, 30] {
        for head in [family.to_le_bytes(), family.to_be_bytes()] {
            assert!(v6.accepts(&head, 4) && !v4.accepts(&head, 4));
        }
    }
    assert!(v4.accepts(&2_u32.to_le_bytes(), 4) && v4.accepts(&2_u32.to_be_bytes(), 4));
}

#[test]
fn a_vlan_moves_what_follows_it() {
    let mut frame = syn(A, B);
    frame.splice(12..12, [0x81, 0, 0, 100]);
    for text in [
        "vlan",
        "vlan 100",
        "vlan and tcp port 80",
        "vlan 100 and host 10.0.0.1",
    ] {
        assert!(accepts(text, &frame), "{text}");
        assert!(Filter::parse(text).expect("a filter").asks_for_vlan());
    }
    for text in ["vlan 7", "tcp port 80", "vlan and vlan", "vlan and udp"] {
        assert!(!accepts(text, &frame), "{text}");
    }
}

/// The socket sees packets without a header, and is told the protocol beside: only that the program holds together
/// is tested here, the kernel runs it in the tests of the capture.
#[test]
fn a_cooked_socket_gets_no_filter_that_needs_the_header() {
    let cooked = |text: &str| {
        let filter = Filter::parse(text).expect("a filter");
        filter.compile_for_cooked_socket().expect("a program")
    };
    for text in [
        "tcp port 80",
        "host 10.0.0.1",
        "icmp6",
        "tcp[13] & 2 != 0",
        "",
    ] {
        assert!(cooked(text).is_some(), "{text}");
    }
    for text in [
        "vlan",
        "ether host 2:0:0:0:0:1",
        "less 64",
        "ether[0] = 1",
        "tcp and (udp or len > 9)",
    ] {
        assert!(cooked(text).is_none(), "{text}");
    }
}

#[test]
fn an_error_names_the_place_and_what_could_stand_there() {
    let cases: [(&str, &str, Problem); 24] = [
        ("tcp port htpp", "htpp", Problem::ServiceName(None)),
        ("tcp port http", "http", Problem::ServiceName(Some(80))),
        ("host example.net", "example.net", Problem::HostName),
        ("host 10.0.0.0/8", "10.0.0.0", Problem::PrefixOfHost),
        (
            "net 10.0.0.1/8",
            "10.0.0.1",
            Problem::HostBits("10.0.0.0/8".to_owned()),
        ),
        (
            "net 2001:db8::1/32",
            "2001:db8::1",
            Problem::HostBits("2001:db8::/32".to_owned()),
        ),
        (
            "tcp host 10.0.0.1",
            "tcp",
            Problem::Modifier(Modified::Host),
        ),
        ("ip port 80", "ip", Problem::Modifier(Modified::Port)),
        ("tcp 80", "80", Problem::Bare),
        ("tcp src 80", "80", Problem::Bare),
        ("udp dst", "", Problem::Ends(vec!["port", "portrange"])),
        ("80", "80", Problem::Bare),
        ("ip6 host 10.0.0.1", "10.0.0.1", Problem::OtherFamily),
        ("ip host ::1", "::1", Problem::OtherFamily),
        ("port 65536", "65536", Problem::Value(Value::Port)),
        ("port 10.0.0.1", "10.0.0.1", Problem::Value(Value::Port)),
        (
            "portrange 1-99999",
            "1-99999",
            Problem::Value(Value::PortRange),
        ),
        ("vlan 4096", "4096", Problem::Value(Value::Vlan)),
        ("tcp[13:3] = 2", "3", Problem::Value(Value::Size)),
        ("tcp[70000] = 2", "70000", Problem::Value(Value::Offset)),
        ("ip[0] / 0 = 1", "/", Problem::ZeroDivisor),
        ("ip[0] << 32 = 1", "<<", Problem::Shift),
        ("ether proto 1500", "1500", Problem::Value(Value::EtherType)),
        (
            "ether host 10.0.0.1",
            "10.0.0.1",
            Problem::Value(Value::Mac),
        ),
    ];
    for (text, word, wanted) in cases {
        assert_eq!(problem(text), (word.to_owned(), wanted), "{text}");
    }
    let choices = |text: &str| match problem(text).1 {
        Problem::Unknown(choices) | Problem::Misplaced(choices) | Problem::Ends(choices) => choices,
        other => panic!("{text}: {other:?}"),
    };
    assert!(choices("tpc port 80").contains(&"tcp"));
    assert!(choices("tcp prot 80").contains(&"port"));
    assert!(choices("tcp and").contains(&"port"));
    assert!(choices("port").contains(&"8080"));
    assert!(choices("tcp port 80 udp").contains(&"or"));
    assert!(choices("(tcp").contains(&")"));
    assert!(choices("tcp)").is_empty());
    assert!(choices("tcp[13]").contains(&"!="));
    assert!(choices("tcp $ udp").contains(&"and"));
}

#[test]
fn what_only_ethernet_has_is_refused_elsewhere() {
    for text in ["vlan", "tcp and ether host 2:0:0:0:0:1", "ether broadcast"] {
        let error = Filter::parse(text).and_then(|it| it.compile(LinkType::RAW));
        let error = error.expect_err("no program");
        assert_eq!(error.problem(), &Problem::NotOnLink);
        assert_eq!(text.get(error.at()), Some(error.word()));
    }
}

/// Text of any size neither overflows the stack nor makes a program that the kernel refuses.
#[test]
fn size_and_depth_are_bounded() {
    let deep = |open: &str, close: &str, times| {
        let text = format!("{}tcp{}", open.repeat(times), close.repeat(times));
        Filter::parse(&text).and_then(|it| it.compile(LinkType::ETHERNET))
    };
    assert!(deep("(", ")", 60).is_ok() && deep("not ", "", 60).is_ok());
    for (open, close) in [("(", ")"), ("not ", ""), ("!(", ")"), ("port (", ")")] {
        assert!(deep(open, close, 100_000).is_err());
    }
    let sum = format!("{}1{} = 1", "(".repeat(100_000), ")".repeat(100_000));
    assert!(Filter::parse(&sum).is_err());
    let index = format!("{}1{} = 1", "ip[".repeat(100_000), "]".repeat(100_000));
    assert!(Filter::parse(&index).is_err());
    let many = |times| vec!["host 10.0.0.1"; times].join(" or ");
    let compiled = |times| Filter::parse(&many(times))?.compile(LinkType::ETHERNET);
    let long = compiled(150).expect("a program of far jumps");
    assert!(long.instructions().len() > 1000);
    assert!(long.accepts(&syn(A, B), 54) && !long.accepts(&syn("10.0.0.3:1", B), 54));
    for times in [500, 5000] {
        assert_eq!(
            compiled(times).expect_err("too long").problem(),
            &Problem::TooLong
        );
    }
}

#[test]
fn datagrams_are_not_segments() {
    let frame = datagram(A, "10.0.0.2:69");
    for text in [
        "udp",
        "udp port 69",
        "port 69",
        "ip proto 17",
        "udp[2:2] = 69",
        "proto udp",
    ] {
        assert!(accepts(text, &frame), "{text}");
    }
    for text in ["tcp", "tcp port 69", "tcp[2:2] = 69", "icmp"] {
        assert!(!accepts(text, &frame), "{text}");
    }
}

/// A program from elsewhere may be nonsense.
#[test]
fn a_program_that_makes_no_sense_accepts_nothing() {
    let it = |code, k| Instruction {
        code,
        jt: 9,
        jf: 9,
        k,
    };
    let programs = [
        vec![],
        vec![it(0x05, u32::MAX)],
        vec![it(0x15, 0)],
        vec![it(0x60, 16), it(0x16, 0)],
        vec![it(0x34, 0), it(0x06, 1)],
        vec![it(0xffff, 0)],
    ];
    for program in programs {
        assert!(!Program::new(program).accepts(&[1, 2, 3], 3));
    }
}
