//! A log is read as it was written, and one that is broken says where.

use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use lineman_trace::log::*;
use proptest::prelude::*;

fn start() -> Start {
    Start {
        version: VERSION,
        scenario: Some("chat".into()),
        origin: Origin::Kernel,
        system: "Linux 6.18".into(),
        utc_ns: 1_700_000_000_000_000_000,
        link: LinkType::ETHERNET,
        hosts: vec![machine(Host::Client, 1), machine(Host::Server, 2)],
        captures: None,
    }
}

fn machine(role: Host, host: u8) -> Machine {
    Machine {
        name: role.name().into(),
        role: Some(role),
        addresses: vec![
            Ipv4Addr::new(10, 0, 0, host).into(),
            Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, host.into()).into(),
        ],
    }
}

fn written(kinds: &[(u64, Kind)]) -> (Vec<u8>, Vec<Event>) {
    let (mut writer, first) = Writer::new(Vec::new(), start()).expect("memory");
    let mut events = vec![first];
    for (t_ns, kind) in kinds {
        events.push(writer.append(*t_ns, kind.clone()).expect("memory"));
    }
    (writer.into_inner(), events)
}

fn read(bytes: &[u8]) -> (Vec<Event>, Option<BadLine>, Option<Ending>, u64) {
    let mut reader = Reader::new(bytes);
    let (mut events, mut bad) = (Vec::new(), None);
    for event in &mut reader {
        match event {
            Ok(event) => events.push(event),
            Err(error) => bad = Some(error),
        }
    }
    (events, bad, reader.ending(), reader.unknown())
}

fn host() -> impl Strategy<Value = Host> {
    prop_oneof![Just(Host::Client), Just(Host::Server)]
}

fn call() -> impl Strategy<Value = Kind> {
    let answer = proptest::option::of(prop_oneof![
        any::<String>().prop_map(Answer::Value),
        any::<String>().prop_map(Answer::Error),
    ]);
    (
        any::<u64>(),
        host(),
        any::<Option<i32>>(),
        any::<String>(),
        any::<Vec<String>>(),
        answer,
    )
        .prop_map(|(id, host, fd, name, args, answer)| {
            Kind::Call(Call {
                id,
                host,
                program: None,
                fd,
                socket: None,
                name,
                args,
                answer,
            })
        })
}

fn packet() -> impl Strategy<Value = Kind> {
    let verdict = prop_oneof![
        Just(Verdict::Sent),
        Just(Verdict::Held),
        Just(Verdict::Delivered),
        Just(Verdict::Captured),
        Just(Verdict::Dropped),
        any::<u32>().prop_map(|times| Verdict::Repeated { times }),
        any::<u64>().prop_map(|copy| Verdict::Duplicated { copy }),
    ];
    let captured = any::<(Option<u32>, Option<u16>, Option<u64>, bool)>();
    let bytes = any::<Option<Vec<u8>>>();
    (any::<u64>(), host(), verdict, bytes, captured).prop_map(
        |(id, from, verdict, bytes, (wire_len, link, stamp_ns, checksum_pending))| {
            Kind::Packet(Packet {
                wire_len,
                link: link.map(LinkType),
                stamp_ns,
                checksum_pending,
                ..Packet::new(id, from, verdict, bytes)
            })
        },
    )
}

fn state() -> impl Strategy<Value = Kind> {
    let names = || proptest::sample::select(TcpState::ALL.to_vec());
    (
        host(),
        proptest::option::of(names()),
        names(),
        any::<Option<u64>>(),
        any::<(u16, bool)>(),
    )
        .prop_map(|(host, from, to, cause, (port, far))| {
            let local = (Ipv6Addr::LOCALHOST, port).into();
            let socket = Endpoints {
                local,
                remote: far.then_some(local),
            };
            let queues = far.then_some(Queues {
                unread: 1,
                unsent: 2,
            });
            Kind::State(State {
                host,
                socket,
                from,
                to,
                origin: Origin::Kernel,
                cause,
                queues,
            })
        })
}

fn kind() -> impl Strategy<Value = Kind> {
    let note = (
        any::<String>(),
        any::<std::collections::BTreeMap<String, String>>(),
    )
        .prop_map(|(id, args)| Kind::Note(Note { id, args }));
    let fault = (any::<u64>(), any::<String>())
        .prop_map(|(packet, rule)| Kind::Fault(Fault { packet, rule }));
    let left = (host(), any::<String>()).prop_map(|(host, why)| Kind::Left { host, why });
    let timer = (host(), any::<u64>(), any::<bool>()).prop_map(|(host, wait_ns, expired)| {
        let clock = TimerKind::DelayedAck;
        Kind::Timer(Timer {
            host,
            clock,
            wait_ns,
            expired,
            origin: Origin::Inferred,
        })
    });
    prop_oneof![call(), packet(), state(), note, fault, left, timer]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_is_read(kinds in proptest::collection::vec((any::<u64>(), kind()), 0..12)) {
        let (bytes, events) = written(&kinds);
        let (back, bad, ending, unknown) = read(&bytes);
        prop_assert!(bad.is_none(), "{bad:?}");
        prop_assert_eq!(unknown, 0);
        prop_assert_eq!(ending, Some(Ending::Cut { line: events.len() as u64 + 1 }));
        prop_assert_eq!(back, events);
    }

    #[test]
    fn a_log_cut_anywhere_gives_what_is_whole(kinds in proptest::collection::vec((0..9_u64, kind()), 0..5), at: prop::sample::Index) {
        let (bytes, events) = written(&kinds);
        let cut = &bytes[..at.index(bytes.len())];
        let whole = cut.iter().filter(|&&byte| byte == b'\n').count();
        let (back, bad, ending, _) = read(cut);
        prop_assert!(bad.is_none(), "{bad:?}");
        let is_cut = matches!(ending, Some(Ending::Cut { .. }));
        prop_assert!(is_cut);
        // The last line may lack nothing but its end.
        prop_assert!(back.len() == whole || back.len() == whole + 1);
        prop_assert_eq!(&back[..], &events[..back.len()]);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
        read(&bytes);
    }
}

#[test]
fn a_log_that_ends_is_complete() {
    let (bytes, _) = written(&[(5, Kind::End)]);
    assert_eq!(read(&bytes).2, Some(Ending::Complete));
}

#[test]
fn every_kind_has_its_name_in_the_list() {
    let (bytes, _) = written(&[(5, Kind::End)]);
    let text = String::from_utf8(bytes).expect("JSON");
    assert!(
        text.contains("\"event\":\"start\"") && text.contains("\"event\":\"end\""),
        "{text}"
    );
    for name in Kind::NAMES {
        let line = format!("{{\"n\":0,\"t_ns\":0,\"event\":\"{name}\"}}");
        let known = serde_json::from_str::<Event>(&line);
        let unknown = known.is_err_and(|error| error.to_string().contains("unknown variant"));
        assert!(!unknown, "{name}");
    }
}

#[test]
fn a_kind_of_a_newer_lineman_is_skipped_and_counted() {
    let (mut bytes, _) = written(&[]);
    bytes.extend(b"{\"n\":1,\"t_ns\":4,\"event\":\"weather\",\"wind\":[1]}\n{\"n\":2,\"t_ns\":5,\"event\":\"end\"}\n");
    let (events, bad, ending, unknown) = read(&bytes);
    assert!(bad.is_none(), "{bad:?}");
    assert_eq!(
        (events.len(), ending, unknown),
        (2, Some(Ending::Complete), 1)
    );
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let (good, _) = written(&[]);
    let after = |line: &str| {
        read(&[&good[..], line.as_bytes(), b"\n"].concat())
            .1
            .expect("an error")
            .to_string()
    };
    assert!(after("{").starts_with("line 2: no event"));
    assert_eq!(
        after("{\"n\":3,\"t_ns\":0,\"event\":\"end\"}"),
        "line 2: event 3 where 1 was due"
    );
    assert!(after("{\"n\":1,\"t_ns\":0,\"event\":\"packet\",\"id\":1,\"from\":\"client\",\"verdict\":\"sent\",\"bytes\":\"0\"}").contains("odd number"));
    let newer = String::from_utf8(good.clone())
        .expect("JSON")
        .replace("\"version\":2", "\"version\":3");
    assert_eq!(
        read(newer.as_bytes()).1.expect("an error").to_string(),
        "line 1: version 3 of the log; this lineman reads up to 2"
    );
    let other = newer.replace("\"hosts\"", "\"stations\"");
    assert_eq!(
        read(other.as_bytes()).1.expect("an error").to_string(),
        "line 1: version 3 of the log; this lineman reads up to 2"
    );
    let no_hosts = String::from_utf8(good).expect("JSON").replace("hosts", "h");
    let error = read(no_hosts.as_bytes()).1.expect("an error").to_string();
    assert!(error.contains("missing field `hosts`"), "{error}");
    assert_eq!(
        read(b"{\"n\":0,\"t_ns\":0,\"event\":\"end\"}\n")
            .1
            .expect("an error")
            .to_string(),
        "line 1: a log begins with the event \"start\""
    );
}

/// A lineman of before wrote it: two hosts on an Ethernet.
#[test]
fn a_log_of_version_1_is_read_as_one_of_this_version() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/logs");
    let log = std::fs::read_to_string(format!("{dir}/recorded-close.jsonl")).expect("a log");
    assert!(log.contains("\"version\":1,"), "a log of version 1");
    let (events, bad, _, unknown) = read(log.as_bytes());
    assert!(bad.is_none(), "{bad:?}");
    assert_eq!((events.len(), unknown), (log.lines().count(), 0));
    let Kind::Start(first) = &events[0].kind else {
        panic!("no start");
    };
    assert_eq!((first.version, first.link), (VERSION, LinkType::ETHERNET));
    assert_eq!(first.hosts, start().hosts);
    let (mut writer, _) = Writer::new(Vec::new(), first.clone()).expect("memory");
    for event in &events[1..] {
        writer
            .append(event.t_ns, event.kind.clone())
            .expect("memory");
    }
    // From the second event on it is the same, byte for byte.
    let again = String::from_utf8(writer.into_inner()).expect("JSON");
    let rest = |log: &str| log.split_once('\n').map(|(_, rest)| rest.to_owned());
    assert_eq!(rest(&again), rest(&log));
    let damaged = log.replace("\"server\":{", "\"waiter\":{");
    let error = read(damaged.as_bytes()).1.expect("an error").to_string();
    assert!(error.contains("missing field `server`"), "{error}");
}

/// Packets of several links, of which a capture has kept the beginning, in an order that is not that of
/// their times, between hosts of which nothing else is known.
#[test]
fn a_log_carries_what_a_capture_has() {
    let first = Start {
        scenario: None,
        origin: Origin::Inferred,
        link: LinkType::LINUX_SLL2,
        hosts: Vec::new(),
        captures: None,
        ..start()
    };
    let (mut writer, first) = Writer::new(Vec::new(), first).expect("memory");
    let mut packet = Packet::new(1, Host::Server, Verdict::Sent, Some(vec![0x45, 0]));
    packet.wire_len = Some(1500);
    packet.link = Some(LinkType::RAW);
    packet.stamp_ns = Some(1_699_999_999_999_999_999);
    let event = writer.append(7, Kind::Packet(packet)).expect("memory");
    let bytes = writer.into_inner();
    let text = String::from_utf8(bytes.clone()).expect("JSON");
    assert!(text.contains("\"link\":276,\"hosts\":[]"), "{text}");
    let line =
        "\"bytes\":\"4500\",\"wire_len\":1500,\"link\":101,\"stamp_ns\":1699999999999999999}";
    assert!(text.contains(line), "{text}");
    let (events, bad, ..) = read(&bytes);
    assert!(bad.is_none(), "{bad:?}");
    assert_eq!(events, [first, event]);
}

#[test]
fn a_line_without_end_takes_no_more_memory_than_the_longest_event() {
    let long = vec![b'x'; MAX_LINE + 1];
    assert!(matches!(
        read(&long).1,
        Some(BadLine {
            line: 1,
            reason: BadReason::TooLong
        })
    ));
}

#[test]
fn a_log_holds_no_control_character() {
    let args = vec!["\x1b[2J\u{9b}1m\u{202e}".to_owned()];
    let call = Call {
        id: 1,
        host: Host::Client,
        program: None,
        fd: None,
        socket: None,
        name: "send".into(),
        args,
        answer: None,
    };
    let (bytes, _) = written(&[(1, Kind::Call(call))]);
    let text = String::from_utf8(bytes).expect("JSON");
    assert!(text.contains("\\u001b[2J\\u009b1m\\u202e"), "{text}");
}
