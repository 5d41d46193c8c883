//! Any events in any order: a log of them is read as it was written, and its story panics nowhere, shows
//! no packet that the log does not have, and no row above what happened before it. Bytes that begin as a
//! line of a log does are one, of version 1 or 2.
#![no_main]

use std::collections::BTreeSet;
use std::net::SocketAddr;

use libfuzzer_sys::fuzz_target;
use lineman_proto::wire::Flags;
use lineman_proto::wire::compose;
use lineman_proto::wire::compose::Envelope;
use lineman_trace::log::*;
use lineman_trace::story::Row;
use lineman_trace::story::Story;

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"{") {
        return text(bytes);
    }
    // Where no TCP is asked, what is deduced is shown.
    let origin = match bytes.first() {
        Some(odd) if odd % 2 == 1 => Origin::Inferred,
        _ => Origin::Kernel,
    };
    let (mut writer, first) = Writer::new(Vec::new(), start(origin)).expect("memory");
    let mut events = vec![first];
    let mut now_ns = 0;
    for chunk in bytes.chunks(6) {
        let mut six = [0; 6];
        six[..chunk.len()].copy_from_slice(chunk);
        now_ns = match six[5] {
            255 => u64::MAX,
            millis => u64::saturating_add(now_ns, u64::from(millis) * 1_000_000),
        };
        events.push(writer.append(now_ns, kind(six)).expect("memory"));
    }
    let log = writer.into_inner();
    let read: Result<Vec<Event>, _> = Reader::new(&*log).take(events.len()).collect();
    match read {
        Ok(read) => assert_eq!(read, events),
        Err(error) => assert!(matches!(error.reason, BadReason::AfterEnd), "{error}"),
    }
    tell(&events);
});

/// What is read of a text is read again when it was written again, as this version of the log.
fn text(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    let events: Vec<Event> = reader.by_ref().map_while(Result::ok).collect();
    let Some((first, rest)) = events.split_first() else {
        return;
    };
    let Kind::Start(start) = &first.kind else {
        return;
    };
    assert_eq!(start.version, VERSION);
    let (mut writer, _) = Writer::new(Vec::new(), start.clone()).expect("memory");
    for event in rest {
        // Kinds that are not known here have left a gap in the numbers.
        writer
            .append(event.t_ns, event.kind.clone())
            .expect("memory");
    }
    let log = writer.into_inner();
    let again: Vec<Kind> = Reader::new(&*log)
        .map(|event| event.expect("our own").kind)
        .collect();
    let kinds: Vec<Kind> = events.iter().map(|event| event.kind.clone()).collect();
    assert_eq!(again, kinds);
    tell(&events);
}

fn tell(events: &[Event]) {
    let mut story = Story::new();
    let mut rows: Vec<Row> = Vec::new();
    for event in events {
        rows.extend(story.push(event));
        if event.n % 5 == 0 {
            rows.extend(story.idle(event.t_ns.saturating_add(100_000_000)));
        }
    }
    rows.extend(story.finish());
    let packets: BTreeSet<u64> = events
        .iter()
        .filter_map(|event| match &event.kind {
            Kind::Packet(packet) => Some(packet),
            _ => None,
        })
        .flat_map(|packet| match packet.verdict {
            Verdict::Duplicated { copy } => vec![packet.id, copy],
            _ => vec![packet.id],
        })
        .collect();
    let mut last = 0;
    for row in &rows {
        assert!(last <= row.t_ns, "{} ns stands below {last} ns", row.t_ns);
        last = row.t_ns;
        if let Some(arrow) = &row.arrow {
            assert!(packets.contains(&arrow.id));
            assert!(arrow.decided_ns.is_none_or(|at| at >= arrow.sent_ns));
        }
    }
}

fn start(origin: Origin) -> Start {
    Start {
        version: VERSION,
        scenario: None,
        origin,
        system: String::new(),
        utc_ns: 0,
        link: LinkType::ETHERNET,
        hosts: Vec::new(),
        captures: None,
    }
}

fn kind([what, a, b, c, d, _]: [u8; 6]) -> Kind {
    let host = if a % 2 == 0 {
        Host::Client
    } else {
        Host::Server
    };
    match what % 16 {
        0..6 => packet(
            host,
            u64::from(b % 32),
            Verdict::Sent,
            Some(frame(host, a, c, d)),
        ),
        6..9 => packet(host, u64::from(b % 32), Verdict::Delivered, None),
        9 => packet(host, u64::from(b % 32), verdict(c, d), None),
        10 | 11 => Kind::State(State {
            host,
            socket: Endpoints {
                local: ends(host).0,
                remote: (c % 4 > 0).then_some(ends(host).1),
            },
            from: None,
            to: TcpState::ALL[usize::from(b) % 11],
            origin: Origin::Kernel,
            cause: (d > 0).then_some(u64::from(d)),
            queues: None,
        }),
        12 => Kind::Timer(Timer {
            host,
            clock: [
                TimerKind::Retransmission,
                TimerKind::LossProbe,
                TimerKind::DelayedAck,
                TimerKind::TimeWait,
                TimerKind::Persist,
                TimerKind::Reordering,
            ][usize::from(b) % 6],
            wait_ns: u64::MAX >> (c % 64),
            expired: d % 2 == 0,
            origin: Origin::Kernel,
        }),
        13 if d % 4 == 0 => Kind::Counted(Counted {
            host,
            counter: Counter::ALL[usize::from(b) % Counter::ALL.len()],
            origin: Origin::Kernel,
            cause: (c > 0).then_some(u64::from(c)),
            queues: (c % 2 == 0).then(Queues::default),
        }),
        13 if d % 4 == 1 => Kind::Congestion(Congestion {
            host,
            algorithm: ["cubic", ""][usize::from(c) % 2].to_owned(),
            window: b.into(),
            threshold: (d < 128).then_some(u32::MAX >> (c % 32)),
            origin: Origin::Kernel,
        }),
        13 => Kind::Fault(Fault {
            packet: u64::from(b % 32),
            rule: ["drop", "reorder 1", FORGED, ""][usize::from(c) % 4].to_owned(),
        }),
        14 => Kind::Call(Call {
            id: u64::from(b % 8),
            host,
            program: None,
            fd: Some(3),
            socket: (c % 4 == 1).then(|| {
                Box::new(Endpoints {
                    local: ends(host).0,
                    remote: (d % 8 > 0).then_some(ends(host).1),
                })
            }),
            name: ["connect", "recv", "close", "send"][usize::from(c) % 4].to_owned(),
            args: Vec::new(),
            answer: (d % 2 == 0).then(|| Answer::Value("0".to_owned())),
        }),
        _ if d > 250 => Kind::End,
        _ => Kind::Note(Note {
            id: "a".to_owned(),
            args: Default::default(),
        }),
    }
}

/// Some have lost their end in a capture, or their Ethernet header, and have a time of their own.
fn packet(from: Host, id: u64, verdict: Verdict, bytes: Option<Vec<u8>>) -> Kind {
    let mut packet = Packet::new(id, from, verdict, bytes);
    if let Some(bytes) = &mut packet.bytes {
        match id % 8 {
            6 => {
                packet.wire_len = u32::try_from(bytes.len()).ok();
                bytes.truncate(50);
            }
            7 => {
                bytes.drain(..14);
                packet.link = Some(LinkType::RAW);
                packet.stamp_ns = Some(id);
            }
            _ => {}
        }
    }
    Kind::Packet(packet)
}

fn verdict(c: u8, d: u8) -> Verdict {
    match c % 4 {
        0 => Verdict::Held,
        1 => Verdict::Dropped,
        2 => Verdict::Repeated { times: d.into() },
        _ => Verdict::Duplicated {
            copy: u64::from(d % 32),
        },
    }
}

fn ends(host: Host) -> (SocketAddr, SocketAddr) {
    let (client, server) = (([10, 0, 0, 1], 4000).into(), ([10, 0, 0, 2], 69).into());
    match host {
        Host::Client => (client, server),
        Host::Server => (server, client),
    }
}

/// Numbers that are near to each other, so that they mean something to each other.
fn frame(host: Host, a: u8, c: u8, d: u8) -> Vec<u8> {
    let (from, to) = ends(host);
    let envelope = Envelope::new(from, to);
    if a % 8 > 5 {
        return envelope.udp(&[0, c % 6, 0, d % 4, b'f', 0, b'o', b'c', b't', b'e', b't', 0]);
    }
    envelope.tcp(&compose::Segment {
        seq: u32::from(c % 16),
        ack: u32::from(c / 16),
        flags: Flags(u16::from(d & 0x1f)),
        window: u16::from(d >> 5),
        payload: &[7; 4][..usize::from(a / 8 % 5)],
        ..compose::Segment::default()
    })
}
