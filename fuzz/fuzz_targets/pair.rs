//! Any two captures: they are compared without a panic, every packet that could be recognised has a fate, and what becomes of
//! it is a log that is read as it was written, and has a story.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lineman_trace::capture::Captured;
use lineman_trace::capture::Conversations;
use lineman_trace::files::Reader;
use lineman_trace::log;
use lineman_trace::log::Origin;
use lineman_trace::log::Start;
use lineman_trace::log::VERSION;
use lineman_trace::pair::*;
use lineman_trace::story::Story;

/// A packet of a capture.
struct Taken {
    link: log::LinkType,
    utc_ns: Option<u64>,
    wire_len: u32,
    bytes: Vec<u8>,
}

impl Taken {
    fn packet(&self) -> Captured<'_> {
        Captured {
            link: self.link,
            utc_ns: self.utc_ns,
            wire_len: self.wire_len,
            checksum_pending: false,
            bytes: &self.bytes,
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    // The first two bytes say where one ends and the other begins.
    let Some((place, both)) = bytes.split_first_chunk::<2>() else {
        return;
    };
    let at = usize::from(u16::from_be_bytes(*place)).min(both.len());
    let (first, second) = both.split_at(at);
    compare(&capture(first), &capture(second));
});

/// The packets of a file; or, if it is none, short packets made of its bytes, so that two have some in common.
fn capture(bytes: &[u8]) -> Vec<Taken> {
    if let Ok(mut reader) = Reader::new(bytes) {
        let mut all = Vec::new();
        while let Some(Ok(record)) = reader.next() {
            all.push(Taken {
                link: reader.interfaces()[record.interface as usize].link,
                utc_ns: record.utc_ns,
                wire_len: record.wire_len,
                bytes: record.bytes,
            });
        }
        return all;
    }
    let mut now_ns = 0_u64;
    let packet = |six: &[u8]| {
        let byte = |at: usize| six.get(at).copied().unwrap_or_default();
        now_ns = match byte(0) {
            255 => u64::MAX - u64::from(byte(1)),
            millis => now_ns.saturating_add(u64::from(millis) * 1_000_000),
        };
        let bytes = segment([byte(1), byte(2), byte(3), byte(4), byte(5)]);
        Taken {
            link: log::LinkType::RAW,
            utc_ns: (byte(5) != 254).then_some(now_ns),
            wire_len: bytes.len() as u32 + u32::from(byte(4) & 1),
            bytes,
        }
    };
    bytes.chunks(6).map(packet).collect()
}

/// A segment or datagram with few possible values, so that packets repeat, overlap and wrap.
fn segment([ends, kind, seq, len, id]: [u8; 5]) -> Vec<u8> {
    let (by_client, is_udp) = (ends & 1 == 0, ends & 2 != 0);
    let address = |low: u8| [10, 0, ends >> 6, low];
    let (from, to) = if by_client {
        (address(1), address(2))
    } else {
        (address(2), address(1))
    };
    let head: Vec<u8> = match is_udp {
        true => [&[0, 9, 0, 9, 0, 8 + (len & 31), 0, 0][..]].concat(),
        false => {
            let seq = (u32::MAX - 64).wrapping_add(u32::from(seq)).to_be_bytes();
            [
                &[0, 9, 0, 9][..],
                &seq,
                &[0, 0, 0, kind, 0x50, kind, 1, 0, 0, 0, 0, 0],
            ]
            .concat()
        }
    };
    let payload = vec![seq; usize::from(len & 31)];
    let total = (20 + head.len() + payload.len()) as u16;
    let protocol = if is_udp { 17 } else { 6 };
    let [high, low] = total.to_be_bytes();
    [
        &[
            0x45,
            0,
            high,
            low,
            0,
            id,
            0x40,
            0,
            64 - (ends >> 4 & 3),
            protocol,
            0,
            0,
        ][..],
        &from,
        &to,
        &head,
        &payload,
    ]
    .concat()
}

fn samples(taken: &[Taken]) -> Samples {
    let (mut all, mut samples) = (Conversations::default(), Samples::new());
    for it in taken {
        let sorted = all.take(&it.packet());
        if let Some(print) = Print::of(&it.packet()) {
            samples.take(&print, sorted, it.utc_ns);
        }
    }
    samples
}

fn compare(first: &[Taken], second: &[Taken]) {
    let Ok(clocks) = Clocks::of(samples(first), samples(second)) else {
        return;
    };
    let mut sights = Vec::new();
    let mut spans: Points<Option<Span>> = Points::default();
    for (point, taken) in [(Point::First, first), (Point::Second, second)] {
        let mut all = Conversations::default();
        for it in taken {
            let sorted = all.take(&it.packet());
            let (Some(utc_ns), Some(conversation)) = (it.utc_ns, sorted.conversation) else {
                continue;
            };
            let Some(print) = Print::of(&it.packet()) else {
                continue;
            };
            let at_ns = clocks.on_first(point, utc_ns);
            let span = spans[point].get_or_insert(Span {
                from_ns: at_ns,
                to_ns: at_ns,
            });
            span.from_ns = span.from_ns.min(at_ns);
            span.to_ns = span.to_ns.max(at_ns);
            sights.push(Sight {
                point,
                at_ns,
                number: sorted.number,
                conversation,
                from: sorted.from,
                print,
                kept: Kept::of(&it.packet()),
            });
        }
    }
    sights.sort_by_key(|it| it.at_ns);
    let setting = Setting {
        clocks: &clocks,
        spans,
        dropped: Points::default(),
    };
    let limits = Limits {
        waiting: 64,
        recent: 16,
        ..Limits::default()
    };
    let mut matcher = Matcher::new(setting, limits);
    let begun_ns = sights.first().map_or(0, |it| it.at_ns);
    let start = Start {
        version: VERSION,
        scenario: None,
        origin: Origin::Inferred,
        system: String::new(),
        utc_ns: 0,
        link: log::LinkType::RAW,
        hosts: Vec::new(),
        captures: Some(Box::new(log::TwoCaptures {
            client: "a".to_owned(),
            server: "b".to_owned(),
            clock: log::Host::Client,
            offset_ns: clocks.ahead_ns(0),
            drift_ppb: 0,
            half_trip_ns: clocks.half_trip_ns,
            translated: Some(log::Translated {
                at_client: (
                    "10.0.0.1:9".parse().expect("an end"),
                    "10.0.0.2:9".parse().expect("an end"),
                ),
                at_server: (
                    "10.0.1.1:9".parse().expect("an end"),
                    "10.0.1.2:9".parse().expect("an end"),
                ),
            }),
        })),
    };
    let (mut recorder, event) = Recorder::new(start, begun_ns, Point::First, false);
    let mut events = vec![event];
    let (count, mut told) = (sights.len(), std::collections::BTreeSet::new());
    for sight in sights {
        matcher.take(sight);
        while let Some(outcome) = matcher.outcome() {
            told.insert((outcome.seen.0.point, outcome.seen.0.number));
            told.extend(outcome.seen.1.iter().map(|it| (it.point, it.number)));
            recorder.take(outcome);
        }
        events.extend(recorder.settled(matcher.settled_ns()));
    }
    matcher.finish();
    while let Some(outcome) = matcher.outcome() {
        told.insert((outcome.seen.0.point, outcome.seen.0.number));
        told.extend(outcome.seen.1.iter().map(|it| (it.point, it.number)));
        recorder.take(outcome);
    }
    assert_eq!(told.len() as u64 + matcher.uncompared(), count as u64);
    events.extend(recorder.finish());
    let _ = matcher.tallies();
    let mut story = Story::new();
    let (mut writer, _) = match &events[0].kind {
        log::Kind::Start(start) => log::Writer::new(Vec::new(), start.clone()).expect("memory"),
        _ => unreachable!("a log begins with its start"),
    };
    for pair in events.windows(2) {
        assert_eq!(pair[1].n, pair[0].n + 1);
        assert!(pair[1].t_ns >= pair[0].t_ns);
        let event = writer
            .append(pair[1].t_ns, pair[1].kind.clone())
            .expect("memory");
        assert_eq!(event, pair[1]);
    }
    for event in &events {
        story.push(event);
    }
    story.finish();
    let bytes = writer.into_inner();
    let read: Result<Vec<log::Event>, _> = log::Reader::new(&*bytes).collect();
    assert_eq!(read.expect("our own"), events);
}
