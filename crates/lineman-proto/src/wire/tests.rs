//! Tests of the dissection.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use proptest::prelude::*;

use super::compose::Envelope;
use super::compose::Segment;
use super::compose::arp;
use super::*;

/// The beginning of a frame that had so many bytes.
fn captured(bytes: &[u8], wire_len: usize) -> Frame<'_> {
    Frame::captured(LinkType::ETHERNET, bytes, wire_len)
}

fn v4() -> Envelope {
    envelope("10.0.0.1:45110", "10.0.0.2:9000")
}

fn v6() -> Envelope {
    envelope("[fd00::1]:45110", "[fd00::2]:9000")
}

fn envelope(from: &str, to: &str) -> Envelope {
    let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
    Envelope::new(address(from), address(to))
}

fn kinds(frame: &Frame<'_>) -> Vec<&'static str> {
    frame.kinds().iter().map(Kind::name).collect()
}

fn value(frame: &Frame<'_>, layer: Layer, name: &str) -> (String, Vec<u8>) {
    let field = frame
        .fields()
        .find(|field| (field.layer, field.name) == (layer, name))
        .unwrap_or_else(|| panic!("no {name} in {frame}"));
    (field.value, frame.bytes()[field.range].to_vec())
}

const SYN_OPTIONS: &[TcpOption<'_>] = &[
    TcpOption::Mss(1460),
    TcpOption::SackPermitted,
    TcpOption::Timestamps { value: 7, echo: 0 },
    TcpOption::Nop,
    TcpOption::WindowScale(7),
];

/// The IPv4 header with which texts explain the Internet checksum; its segment is missing.
const KNOWN_HEADER: &[u8] = &[
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, // Ethernet
    0x45, 0, 0, 0x3c, 0x1c, 0x46, 0x40, 0, 0x40, 6, 0xb1, 0xe6, 0xac, 0x10, 0x0a, 0x63, 0xac, 0x10,
    0x0a, 0x0c,
];

#[test]
fn a_syn_with_the_options_of_linux() {
    for envelope in [v4(), v6()] {
        let bytes = envelope.tcp(&Segment {
            seq: 3_247_533_107,
            flags: Flags::SYN,
            window: 64240,
            options: SYN_OPTIONS,
            ..Segment::default()
        });
        let frame = Frame::parse(&bytes);
        assert_eq!(frame.endpoints(), Some((envelope.from, envelope.to)));
        assert_eq!(frame.flaw(), None);
        assert_eq!(kinds(&frame), ["tcp", "syn"]);
        assert!(frame.checksums().all(|(_, it)| it == Checksum::Right));
        let tcp = frame.tcp().expect("a segment");
        assert_eq!((tcp.mss(), tcp.window_scale()), (Some(1460), Some(7)));
        assert_eq!(tcp.options().collect::<Vec<_>>(), SYN_OPTIONS);
        assert_eq!(tcp.seq_len(), 1);
        let line = "tcp SYN seq=3247533107 win=64240 len=0 \
                    <mss 1460, sackOK, ts 7 echo 0, nop, wscale 7>";
        let (from, to) = (envelope.from, envelope.to);
        assert_eq!(frame.to_string(), format!("{from} > {to} {line}"));
        let (text, raw) = value(&frame, Layer::Tcp, "maximum segment size");
        assert_eq!((text.as_str(), raw), ("mss 1460", vec![2, 4, 5, 0xb4]));
    }
}

#[test]
fn the_checksum_of_a_known_header() {
    let frame = captured(KNOWN_HEADER, 14 + 60);
    assert_eq!(frame.checksum(Layer::Ipv4), Some(Checksum::Right));
    assert_eq!(frame.flaw(), Some((Layer::Tcp, Flaw::Cut)));
    let line = "172.16.10.99 > 172.16.10.12 tcp len=40 (TCP cut)";
    assert_eq!(frame.to_string(), line);
}

#[test]
fn kinds_of_segments() {
    let of = |flags, payload: &[u8]| {
        let bytes = v4().tcp(&Segment {
            flags,
            payload,
            ..Segment::default()
        });
        kinds(&Frame::parse(&bytes))[1..].join(" ")
    };
    assert_eq!(of(Flags::SYN | Flags::ACK, b""), "syn-ack");
    assert_eq!(of(Flags::ACK, b""), "ack");
    assert_eq!(of(Flags::PSH | Flags::ACK, b"hi"), "data");
    assert_eq!(of(Flags::FIN | Flags::ACK, b"bye"), "data fin");
    assert_eq!(of(Flags::RST, b""), "rst");
    assert_eq!(of(Flags::SYN, b"fast"), "syn data");
}

#[test]
fn padding_to_the_least_frame_is_no_data() {
    let mut bytes = v4().tcp(&Segment {
        flags: Flags::ACK,
        ..Segment::default()
    });
    bytes.resize(60, 0);
    let frame = Frame::parse(&bytes);
    assert_eq!(frame.payload().wire_len(), 0);
    assert_eq!(kinds(&frame), ["tcp", "ack"]);
    assert_eq!(frame.checksum(Layer::Tcp), Some(Checksum::Right));
    assert_eq!(frame.layers().last(), Some((Layer::Padding, 54..60)));
}

#[test]
fn a_cut_capture_keeps_the_lengths_of_the_wire() {
    let whole = v4().tcp(&Segment {
        flags: Flags::ACK,
        payload: &[1; 1000],
        ..Segment::default()
    });
    let frame = captured(&whole[..64], whole.len());
    let payload = frame.payload();
    assert_eq!((payload.bytes().len(), payload.wire_len()), (10, 1000));
    assert!(frame.is_truncated());
    assert_eq!(frame.checksum(Layer::Tcp), Some(Checksum::Unknown));
    assert_eq!(frame.tcp().map(|tcp| tcp.seq_len()), Some(1000));
}

#[test]
fn options_of_ip_may_be_cut_too() {
    let mut bytes = v4().ip(Protocol(99), b"");
    (bytes[14], bytes[17]) = (0x46, 24); // four bytes of options that are not there
    let frame = captured(&bytes, bytes.len() + 4);
    assert_eq!(frame.flaw(), Some((Layer::Ipv4, Flaw::Cut)));
    assert_eq!(frame.checksum(Layer::Ipv4), Some(Checksum::Unknown));
}

#[test]
fn offload_is_not_damage() {
    let mut bytes = v4().tcp(&Segment {
        flags: Flags::SYN,
        ..Segment::default()
    });
    let pseudo = checksum::fold(checksum::pseudo(
        v4().from.ip(),
        v4().to.ip(),
        Protocol::TCP,
        20,
    ));
    bytes[50..52].copy_from_slice(&pseudo.to_be_bytes());
    let check = |bytes: &[u8]| Frame::parse(bytes).checksum(Layer::Tcp);
    assert_eq!(check(&bytes), Some(Checksum::Unfinished));
    checksum::fill(&mut bytes);
    assert_eq!(check(&bytes), Some(Checksum::Right));
    bytes[40] ^= 1;
    assert!(matches!(check(&bytes), Some(Checksum::Wrong { .. })));
}

#[test]
fn a_super_segment_without_a_length() {
    let bytes = v4().tcp(&Segment {
        flags: Flags::ACK,
        payload: &vec![0; 70_000],
        ..Segment::default()
    });
    let frame = Frame::parse(&bytes);
    assert_eq!(frame.payload().wire_len(), 70_000);
    assert_eq!(frame.checksum(Layer::Tcp), Some(Checksum::Right));
}

#[test]
fn sack_unknown_and_broken_options() {
    let mut options = Vec::new();
    let blocks = [[0, 0, 0, 1, 0, 0, 0, 9]];
    TcpOption::Sack(SackBlocks::new(&blocks)).encode(&mut options);
    TcpOption::Other {
        kind: 254,
        data: b"x",
    }
    .encode(&mut options);
    options.extend_from_slice(&[2, 9, 1]);
    let shown: Vec<String> = TcpOptions::new(&options).map(|it| it.to_string()).collect();
    let expected = ["sack 1-9", "option 254 of 1 bytes", "malformed, 3 bytes"];
    assert_eq!(shown, expected);
    let placed = TcpOptions::new(&options).placed().map(|(range, _)| range);
    assert_eq!(placed.collect::<Vec<_>>(), [0..10, 10..13, 13..16]);
    let zero_length = TcpOptions::new(&[8, 0, 8, 0]).collect::<Vec<_>>();
    assert_eq!(zero_length, [TcpOption::Malformed(&[8, 0, 8, 0])]);
}

#[test]
fn arp_asks_and_answers() {
    let (a, b) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    let me = (Mac([2, 0, 0, 0, 0, 1]), a);
    let bytes = arp(1, me, (Mac::default(), b));
    let frame = Frame::parse(&bytes);
    assert_eq!(frame.to_string(), "arp who has 10.0.0.2? tell 10.0.0.1");
    assert_eq!(kinds(&frame), ["arp"]);
    let bytes = arp(2, me, (Mac([2, 0, 0, 0, 0, 2]), b));
    let frame = Frame::parse(&bytes);
    assert_eq!(frame.to_string(), "arp 10.0.0.1 is at 02:00:00:00:00:01");
    assert_eq!(value(&frame, Layer::Arp, "target address").1, [10, 0, 0, 2]);
}

#[test]
fn icmp_quotes_what_it_is_about() {
    let back = envelope("10.0.0.2:0", "10.0.0.1:0");
    let lost = v4().udp(b"hello");
    let bytes = back.icmp(3, 3, [0; 4], &lost[14..]);
    let frame = Frame::parse(&bytes);
    let line = "10.0.0.2 > 10.0.0.1 icmp port unreachable \
                for 10.0.0.1:45110 > 10.0.0.2:9000 udp";
    assert_eq!(frame.to_string(), line);
    assert_eq!(frame.checksum(Layer::Icmp), Some(Checksum::Right));
    let quoted = frame.icmp().and_then(|icmp| icmp.quoted()).expect("quoted");
    assert_eq!(quoted.ports, Some((45110, 9000)));
    assert_eq!(quoted.from, IpAddr::from([10, 0, 0, 1]));

    let back = envelope("[fd00::2]:0", "[fd00::1]:0");
    let lost = v6().udp(b"hello");
    let bytes = back.icmp(1, 4, [0; 4], &lost[14..]);
    let frame = Frame::parse(&bytes);
    let line = "fd00::2 > fd00::1 icmp6 port unreachable \
                for [fd00::1]:45110 > [fd00::2]:9000 udp";
    assert_eq!(frame.to_string(), line);
    assert_eq!(frame.checksum(Layer::Icmpv6), Some(Checksum::Right));
}

#[test]
fn fragments_of_ipv4() {
    let whole = v4().udp(&[7; 64]);
    let mut first = whole[..14 + 20 + 32].to_vec();
    first[16..18].copy_from_slice(&52u16.to_be_bytes());
    first[20..22].copy_from_slice(&0x2000u16.to_be_bytes());
    let frame = Frame::parse(&first);
    assert_eq!(kinds(&frame), ["udp", "fragment"]);
    assert_eq!(frame.checksum(Layer::Udp), Some(Checksum::Unknown));
    let mut last = first;
    last[20..22].copy_from_slice(&4u16.to_be_bytes());
    let frame = Frame::parse(&last);
    assert_eq!(
        frame.fragment().map(|it| (it.offset, it.more)),
        Some((32, false))
    );
    assert!(frame.udp().is_none());
    let line = "10.0.0.1 > 10.0.0.2 udp len=32 fragment id=0 offset=32";
    assert_eq!(frame.to_string(), line);
}

#[test]
fn extension_headers_of_ipv6() {
    let udp = v6().udp(b"hello");
    let hop = [44, 0, 1, 4, 0, 0, 0, 0];
    let fragment = [17, 0, 0, 1, 0, 0, 0, 9];
    let body = [&hop, &fragment, &udp[54..]].concat();
    let bytes = v6().ip(Protocol(0), &body);
    let frame = Frame::parse(&bytes);
    assert_eq!(
        frame.udp().map(|udp| udp.payload().bytes()),
        Some(&b"hello"[..])
    );
    assert_eq!(frame.fragment().map(|it| (it.id, it.more)), Some((9, true)));
    let shown = frame.fields().filter(|field| field.name == "extension");
    let shown: Vec<_> = shown.map(|field| (field.value, field.range)).collect();
    assert_eq!(
        shown[0],
        ("hop-by-hop options, then fragment".into(), 54..62)
    );
    assert_eq!(shown[1], ("fragment, then udp".into(), 62..70));
}

#[test]
fn tftp_is_followed_past_its_port() {
    let mut talk = Conversations::new();
    let request = envelope("10.0.0.1:44935", "10.0.0.2:69").udp(b"\0\x01f\0octet\0tsize\x000\0");
    let frame = talk.follow(Frame::parse(&request));
    assert_eq!(kinds(&frame), ["udp", "tftp", "tftp.rrq"]);
    assert_eq!(value(&frame, Layer::Tftp, "mode").1, b"octet");
    assert_eq!(value(&frame, Layer::Tftp, "value").1, b"0");
    let block = envelope("10.0.0.2:59557", "10.0.0.1:44935").udp(b"\0\x03\0\x07hello");
    assert_eq!(kinds(&Frame::parse(&block)), ["udp"]);
    let frame = talk.follow(Frame::parse(&block));
    assert_eq!(kinds(&frame), ["udp", "tftp", "tftp.data"]);
    assert_eq!(frame.tftp_block(), Some(7));
    let line = "10.0.0.2:59557 > 10.0.0.1:44935 tftp DATA block=7 len=5";
    assert_eq!(frame.to_string(), line);
    assert_eq!(value(&frame, Layer::Tftp, "data").1, b"hello");
}

/// Lineman's own default without root is port 6969.
#[test]
fn tftp_on_another_port_is_known_by_request_and_answer() {
    let (client, server) = ("10.0.0.1:44935", "10.0.0.2:6969");
    let request = envelope(client, server).udp(b"\0\x01f\0OCTET\0windowsize\x004\0");
    let oack = envelope("10.0.0.2:59557", client).udp(b"\0\x06windowsize\x004\0");
    let mut talk = Conversations::new();
    let mut follow = |bytes: &[u8]| kinds(&talk.follow(Frame::parse(bytes))).join(" ");
    assert_eq!(follow(&request), "udp tftp tftp.rrq");
    assert_eq!(follow(&request), "udp tftp tftp.rrq");
    assert_eq!(follow(&oack), "udp tftp tftp.oack");
    let ack = envelope(client, "10.0.0.2:59557").udp(&[0, 4, 0, 0]);
    assert_eq!(follow(&ack), "udp tftp tftp.ack");
}

#[test]
fn what_only_begins_like_tftp_is_none() {
    let (client, server) = ("10.0.0.1:44935", "10.0.0.2:6969");
    let asks = |payload: &[u8]| envelope(client, server).udp(payload);
    let answers = |payload: &[u8]| envelope(server, client).udp(payload);
    let request = asks(b"\0\x01f\0octet\0");
    // A request and more is none, nor one without its last NUL.
    let mut talk = Conversations::new();
    let mut follow = |bytes: &[u8]| kinds(&talk.follow(Frame::parse(bytes))).join(" ");
    assert_eq!(follow(&asks(b"\0\x01f\0octet\0\0\0")), "udp");
    assert_eq!(follow(&asks(b"\0\x01f\0octet")), "udp");
    // The answer to a read is no ACK and no later block: this is another protocol.
    for answer in [&b"\0\x04\0\0"[..], b"\0\x03\0\x02x", b"\0\x06", b"hello"] {
        assert_eq!(follow(&request), "udp tftp tftp.rrq");
        assert_eq!(follow(&answers(answer)), "udp");
        assert_eq!(follow(&answers(b"\0\x03\0\x01x")), "udp");
    }
    // Nor does a client send anything else before it is answered.
    assert_eq!(follow(&request), "udp tftp tftp.rrq");
    assert_eq!(follow(&asks(&[0, 4, 0, 0])), "udp");
    assert_eq!(follow(&answers(b"\0\x03\0\x01x")), "udp");
}

/// A textbook's TFTP has no opcodes: its third block must not be read as one.
#[test]
fn answers_without_opcodes_are_no_tftp() {
    let (client, server) = ("10.0.0.1:44935", "10.0.0.2:69");
    let request = envelope(client, server).udp(b"\0\x01f\0octet\0");
    let mut talk = Conversations::new();
    let mut follow = |bytes: &[u8]| kinds(&talk.follow(Frame::parse(bytes))).join(" ");
    assert_eq!(follow(&request), "udp tftp tftp.rrq");
    for block in 1..=3 {
        let answer = [&[0, block][..], b"hello, all in one"].concat();
        assert_eq!(follow(&envelope(server, client).udp(&answer)), "udp");
        assert_eq!(follow(&envelope(client, server).udp(&[0, block])), "udp");
    }
    // Asked anew, it may be one.
    assert_eq!(follow(&request), "udp tftp tftp.rrq");
    let block = envelope(server, client).udp(b"\0\x03\0\x01hello");
    assert_eq!(follow(&block), "udp tftp tftp.data");
}

#[test]
fn a_tagged_frame() {
    let mut bytes = v4().udp(b"");
    bytes.splice(12..12, [0x81, 0, 0, 42]);
    let frame = Frame::parse(&bytes);
    assert_eq!(frame.ethernet().and_then(|it| it.vlan()), Some(42));
    assert_eq!(kinds(&frame), ["udp"]);
    assert_eq!(frame.checksum(Layer::Udp), Some(Checksum::Right));
}

/// A provider's tag around a customer's, and more tags than a real network has.
#[test]
fn tags_within_tags() {
    let tags = |tags: &[[u8; 4]]| {
        let mut bytes = v4().udp(b"");
        bytes.splice(12..12, tags.as_flattened().iter().copied());
        bytes
    };
    for kind in [[0x88, 0xa8], [0x91, 0x00], [0x81, 0x00]] {
        let bytes = tags(&[[kind[0], kind[1], 0x20, 7], [0x81, 0, 0, 42]]);
        let frame = Frame::parse(&bytes);
        let ethernet = frame.ethernet().expect("it is one");
        assert_eq!(ethernet.vlan(), Some(7));
        assert_eq!(ethernet.vlans().collect::<Vec<_>>(), [7, 42]);
        assert_eq!(ethernet.ether_type(), 0x0800);
        assert_eq!(kinds(&frame), ["udp"]);
        let fields: Vec<_> = frame.fields().filter(|it| it.name == "vlan").collect();
        assert_eq!(fields.len(), 2);
        assert_eq!((fields[1].range.clone(), &*fields[1].value), (16..20, "42"));
        // Wherever it is cut, nothing is read that is not there.
        for len in 0..bytes.len() {
            let cut = captured(&bytes[..len], bytes.len());
            assert_eq!(cut.flaw().map(|(_, flaw)| flaw), Some(Flaw::Cut), "{len}");
        }
    }
    let many = tags(&[[0x81, 0, 0, 1]; 300]);
    assert_eq!(kinds(&Frame::parse(&many)), ["udp"]);
    let nothing = Frame::parse(&many[..14 + 200 * 4]);
    let flaw = nothing.flaw();
    assert!(
        matches!(flaw, Some((Layer::Ethernet, Flaw::Malformed(_)))),
        "{flaw:?}"
    );
}

/// The kernel says so of a packet that it has handed to a network card, whatever stands there.
#[test]
fn a_checksum_that_is_still_to_be_computed_is_not_wrong() {
    let mut bytes = v4().udp(b"hello");
    let at = 14 + 20 + 6;
    bytes[at] ^= 0x55;
    let frame = Frame::parse(&bytes);
    let wrong = frame.checksum(Layer::Udp);
    assert!(matches!(wrong, Some(Checksum::Wrong { .. })), "{wrong:?}");
    let pending = frame.with_checksum_pending(true);
    assert_eq!(pending.checksum(Layer::Udp), Some(Checksum::Unfinished));
    assert_eq!(pending.checksum(Layer::Ipv4), Some(Checksum::Right));
}

const LINKS: [LinkType; 9] = [
    LinkType::NULL,
    LinkType::ETHERNET,
    LinkType::RAW,
    LinkType::LOOP,
    LinkType::LINUX_SLL,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::LINUX_SLL2,
    LinkType(147),
];

/// The same packet, as each kind of interface has it: what is before it, and its layer.
#[test]
fn a_packet_is_the_same_on_every_link() {
    let cooked = [0, 4, 3, 4, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    let cooked2 = [0, 0, 0, 0, 0, 0, 0, 7, 3, 4, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    for (envelope, ether_type, family) in [(v4(), [8, 0], 2), (v6(), [0x86, 0xdd], 30)] {
        let ethernet = envelope.udp(b"hello");
        let mut second = cooked2;
        second[..2].copy_from_slice(&ether_type);
        let heads: [(LinkType, Vec<u8>, Option<Layer>); 7] = [
            (
                LinkType::ETHERNET,
                ethernet[..14].to_vec(),
                Some(Layer::Ethernet),
            ),
            (LinkType::RAW, Vec::new(), None),
            (LinkType::NULL, vec![family, 0, 0, 0], Some(Layer::Loopback)),
            (LinkType::NULL, vec![0, 0, 0, family], Some(Layer::Loopback)),
            (LinkType::LOOP, vec![0, 0, 0, family], Some(Layer::Loopback)),
            (
                LinkType::LINUX_SLL,
                [&cooked[..], &ether_type].concat(),
                Some(Layer::Cooked),
            ),
            (LinkType::LINUX_SLL2, second.to_vec(), Some(Layer::Cooked)),
        ];
        let line = Frame::parse(&ethernet).to_string();
        for (link, head, layer) in heads {
            let bytes = [&head[..], &ethernet[14..]].concat();
            let frame = Frame::captured(link, &bytes, bytes.len());
            assert_eq!(frame.to_string(), line, "{link:?}");
            assert_eq!(frame.flaw(), None, "{link:?}");
            assert_eq!(
                frame.checksum(Layer::Udp),
                Some(Checksum::Right),
                "{link:?}"
            );
            let first = frame.layers().next().expect("a layer");
            let wanted = layer.map_or(0..bytes.len(), |_| 0..head.len());
            match layer {
                Some(layer) => assert_eq!(first, (layer, wanted), "{link:?}"),
                None => assert_eq!(first.1.start, 0),
            }
            holds_together(frame);
        }
    }
}

#[test]
fn a_cooked_frame_says_which_way_it_went() {
    let head = [8, 0, 0, 0, 0, 0, 0, 7, 3, 4, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    let bytes = [&head[..], &v4().udp(b"")[14..]].concat();
    let frame = Frame::captured(LinkType::LINUX_SLL2, &bytes, bytes.len());
    let cooked = frame.cooked().expect("its header");
    assert_eq!(cooked.packet_type(), PacketType::FromUs);
    assert_eq!(cooked.interface(), Some(7));
    assert_eq!(cooked.source(), Some(Mac([2, 0, 0, 0, 0, 1])));
    assert_eq!(value(&frame, Layer::Cooked, "packet type").0, "from us");
}

/// A capture that keeps 96 bytes of each frame still says how much a segment carried.
#[test]
fn a_frame_of_which_the_beginning_was_kept() {
    let segment = Segment {
        payload: &[7; 1000],
        ..Segment::default()
    };
    let whole = v4().tcp(&segment);
    let frame = Frame::captured(LinkType::ETHERNET, &whole[..96], whole.len());
    assert_eq!(frame.wire_len(), whole.len());
    assert_eq!(frame.flaw(), Some((Layer::Payload, Flaw::Cut)));
    let tcp = frame.tcp().expect("a segment");
    assert_eq!(tcp.payload().wire_len(), 1000);
    assert_eq!(frame.checksum(Layer::Tcp), Some(Checksum::Unknown));
    let unknown = Frame::captured(LinkType(147), &whole[..96], whole.len());
    assert_eq!(unknown.to_string(), "1054 bytes (payload cut)");
    // What says that it is shorter than what is there is not believed.
    let lie = Frame::captured(LinkType::ETHERNET, &whole, 3);
    assert_eq!((lie.wire_len(), lie.flaw()), (whole.len(), None));
}

/// Whatever the bytes: nothing panics, every place is inside the frame, nothing moves a cursor.
fn holds_together(frame: Frame<'_>) {
    let line = frame.to_string();
    assert!(
        !line.chars().any(|c| c.is_control() && c != '\t'),
        "{line:?}"
    );
    let len = frame.bytes().len();
    for field in frame.fields() {
        assert!(
            field.range.start <= field.range.end && field.range.end <= len,
            "{field:?}"
        );
        assert!(
            !field.value.chars().any(|c| c.is_control() && c != '\t'),
            "{field:?}"
        );
    }
    let mut end = 0;
    for (layer, range) in frame.layers() {
        assert!(end <= range.start && range.end <= len, "{layer} {range:?}");
        end = range.end;
    }
    frame.kinds().iter().for_each(drop);
    frame.checksums().for_each(drop);
}

fn samples() -> Vec<Vec<u8>> {
    let segment = Segment {
        flags: Flags::SYN,
        options: SYN_OPTIONS,
        payload: b"hello",
        ..Segment::default()
    };
    let request = envelope("10.0.0.1:44935", "10.0.0.2:69").udp(b"\0\x01f\0octet\0tsize\x000\0");
    let quoted = v4().udp(b"hello");
    vec![
        v4().tcp(&segment),
        v6().tcp(&segment),
        v4().icmp(3, 3, [0; 4], &quoted[14..]),
        v6().ip(
            Protocol(0),
            &[44, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 1, 0, 0, 0, 9, 1, 2, 3],
        ),
        request,
        quoted,
    ]
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200), missing in 0..2000usize) {
        holds_together(Frame::parse(&bytes));
        for link in LINKS {
            holds_together(Frame::captured(link, &bytes, bytes.len() + missing));
        }
        holds_together(Frame::parse(&bytes).as_tftp());
    }

    #[test]
    fn any_damage(
        which in 0..6usize,
        cut in any::<proptest::sample::Index>(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let mut bytes = samples().swap_remove(which);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        holds_together(Frame::parse(&bytes));
        holds_together(Frame::parse(&bytes).as_tftp());
        checksum::fill(&mut bytes);
        holds_together(Frame::parse(&bytes));
    }
}

/// Headers that lie, as captured frames of which nothing is missing: what is wrong with each, and its ports all the same.
#[test]
fn what_is_wrong_with_a_header_is_said() {
    let whole = v4().tcp(&Segment::default());
    let damaged = |damage: fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        damage(&mut bytes);
        let frame = Frame::parse(&bytes);
        (frame.flaw(), frame.stated_endpoints().is_some())
    };
    let malformed = |layer, wrong| Some((layer, Flaw::Malformed(wrong)));
    let (stated, there, least) = (60, 20, 20);
    assert_eq!(
        damaged(|bytes| bytes[46] = 0xf0),
        (
            malformed(Layer::Tcp, Wrong::StatesMore { stated, there }),
            true
        )
    );
    let stated = 8;
    assert_eq!(
        damaged(|bytes| bytes[46] = 0x20),
        (
            malformed(Layer::Tcp, Wrong::StatesLess { stated, least }),
            true
        )
    );
    let (stated, there) = (200, 40);
    assert_eq!(
        damaged(|bytes| bytes[17] = 200),
        (
            malformed(Layer::Ipv4, Wrong::StatesMore { stated, there }),
            true
        )
    );
    assert_eq!(
        damaged(|bytes| bytes[14] = 0x55),
        (malformed(Layer::Ipv4, Wrong::Version(5)), false)
    );
    let (stated, there) = (60, 40);
    assert_eq!(
        damaged(|bytes| (bytes[14], bytes[17]) = (0x4f, 60)),
        (
            malformed(Layer::Ipv4, Wrong::StatesMore { stated, there }),
            false
        )
    );
    let there = 3;
    assert_eq!(
        damaged(|bytes| {
            bytes.truncate(14 + 20 + 3);
            bytes[17] = 23;
        }),
        (malformed(Layer::Tcp, Wrong::Short { there, least }), false)
    );
}

/// "protocol 2 len=16", of a host that joins a multicast group.
#[test]
fn what_igmp_says_had_no_name() {
    let ends = [[10, 0, 0, 2], [224, 0, 0, 22]].map(|ip| (ip, 0).into());
    let line = |kind: u8| {
        let body = [&[kind, 0, 0, 0][..], &[0; 12]].concat();
        let bytes = Envelope::new(ends[0], ends[1]).ip(Protocol::IGMP, &body);
        Frame::parse(&bytes).to_string()
    };
    assert_eq!(
        line(0x22),
        "10.0.0.2 > 224.0.0.22 igmp v3 membership report len=16"
    );
    assert_eq!(
        line(0x17),
        "10.0.0.2 > 224.0.0.22 igmp v2 leave group len=16"
    );
    assert_eq!(line(0x99), "10.0.0.2 > 224.0.0.22 igmp len=16");
}
