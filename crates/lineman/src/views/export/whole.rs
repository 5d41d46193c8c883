//! What is exported event by event is what is made of a log that is there as a whole: of all logs that were composed and recorded, and
//! of scenarios in a simulated lab.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use lineman_lab::Options;
use lineman_lab::Simulated;
use lineman_lab::scenarios::Scenario;
use lineman_proto::wire::compose::Envelope;
use lineman_trace::files::Endian;
use lineman_trace::files::Interface;
use lineman_trace::files::LinkType;
use lineman_trace::files::PcapngWriter;
use lineman_trace::files::Record;
use lineman_trace::files::Section;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Hub;
use lineman_trace::log::Packet;
use lineman_trace::log::Verdict;
use lineman_trace::story::Arrow;
use lineman_trace::story::Fate;
use lineman_trace::story::Row;
use lineman_trace::story::Story;
use lineman_trace::story::Stretch;
use serde_json::Value;

use super::*;
use crate::views::logs;

/// All rows of a log.
pub(super) fn rows(events: &[Event]) -> Vec<Row> {
    let mut story = Story::new();
    let mut rows: Vec<Row> = events.iter().flat_map(|event| story.push(event)).collect();
    rows.extend(story.finish());
    rows
}

/// Logs of both kinds, by name.
fn all() -> Vec<(String, Vec<Event>)> {
    let logs = logs::all().into_iter().map(|name| {
        let events = logs::events(&name);
        (name, events)
    });
    let names = [
        "syn-lost",
        "simultaneous-close",
        "half-close",
        "partial-recv",
        "udp-duplicated",
        "tftp-get",
    ];
    let found = names.into_iter().filter_map(Scenario::find);
    let played = found.map(|scenario| (scenario.name.to_owned(), played(scenario)));
    let played: Vec<_> = played.collect();
    let copied = |event: &Event| match &event.kind {
        Kind::Packet(packet) => matches!(packet.verdict, Verdict::Duplicated { .. }),
        _ => false,
    };
    assert_eq!(played.len(), names.len());
    assert!(played.iter().all(|(_, events)| events.iter().any(copied)));
    logs.chain(played).collect()
}

/// What a simulated lab tells of a scenario, in which packets are doubled, overtake and are lost.
fn played(scenario: &Scenario) -> Vec<Event> {
    let options = Options {
        rules: "#2 dup; #4 reorder 1; #5 delay 30ms; #7 dup 5ms; loss 10%; seed 3"
            .parse()
            .expect("rules"),
        ..scenario.options()
    };
    let hub = Hub::new();
    let log = hub.cursor();
    let mut lab = Simulated::start(&options, 3, hub.sink());
    let _ = scenario.play(&mut lab, &hub); // whatever it comes to
    drop(lab);
    log.look(<[Event]>::to_vec)
}

fn exported(format: Format, events: &[Event], lang: Lang) -> Vec<u8> {
    let mut out = Vec::new();
    write(format, events, lang, &mut out).expect("memory");
    out
}

/// A packet is written when no more is said of it, and not before one that the log names earlier; a segment may be divided when a call
/// returns, and a copy is named before it is sent.
#[test]
fn a_packet_is_in_the_capture_once_by_its_number_with_what_all_its_rows_say() {
    for (name, events) in all() {
        for lang in [Lang::En, Lang::Zh] {
            let whole = capture(&events, lang);
            assert!(exported(Format::Pcapng, &events, lang) == whole, "{name}");
        }
    }
}

/// Made of all rows, with packets in order of their time, and of the log where that is the same. A clock that was set back begins anew.
/// A copy that the wire has made is where and when it comes.
fn capture(events: &[Event], lang: Lang) -> Vec<u8> {
    let mut named: HashMap<u64, usize> = HashMap::new();
    for event in events {
        if let Kind::Packet(packet) = &event.kind {
            let next = named.len();
            named.entry(packet.id).or_insert(next);
        }
    }
    let mut told: BTreeMap<usize, (Arrow, String)> = BTreeMap::new();
    for row in rows(events) {
        let Some(arrow) = &row.arrow else { continue };
        let text = pcapng::comment(&row, arrow, lang);
        told.entry(named[&arrow.id])
            .and_modify(|(first, comment)| {
                comment.push_str(&format!("\n{text}"));
                (first.fate, first.decided_ns) = (arrow.fate, arrow.decided_ns);
            })
            .or_insert_with(|| (arrow.clone(), text.clone()));
    }
    told.retain(|_, (arrow, _)| arrow.copy_of.is_none() || arrow.fate == Fate::Delivered);
    let start = events.first().and_then(start);
    let section = Section {
        system: start
            .as_ref()
            .map_or_else(String::new, |it| it.system.clone()),
        application: "lineman".to_owned(),
    };
    let utc_ns = start.map_or(0, |start| start.utc_ns);
    let mut file = PcapngWriter::new(Vec::new(), Endian::Little, &section).expect("memory");
    let sent_ns = |arrow: &Arrow| {
        let came_ns = arrow.decided_ns.filter(|_| arrow.copy_of.is_some());
        let stamp_ns = arrow.stamp_ns.filter(|_| came_ns.is_none());
        stamp_ns.unwrap_or_else(|| utc_ns.saturating_add(came_ns.unwrap_or(arrow.sent_ns)))
    };
    let mut runs: Vec<Vec<(Arrow, String)>> = vec![Vec::new()];
    for packet in told.into_values() {
        let run = runs.last_mut().expect("one");
        let newest_ns = run.iter().map(|(arrow, _)| sent_ns(arrow)).max();
        match newest_ns.is_some_and(|newest| sent_ns(&packet.0) + 1_000_000_000 < newest) {
            true => runs.push(vec![packet]),
            false => run.push(packet),
        }
    }
    for run in &mut runs {
        run.sort_by_key(|(arrow, _)| sent_ns(arrow));
    }
    let told = runs.concat();
    let mut links = told
        .iter()
        .map(|(arrow, _)| (arrow.captured_by(), arrow.link));
    let usual = links
        .next()
        .map_or_else(LinkType::default, |(_, link)| link);
    let mut interfaces = Vec::new();
    let hosts = [(Host::Client, usual), (Host::Server, usual)];
    for (host, link) in hosts.into_iter().chain(links) {
        if !interfaces.contains(&(host, link)) {
            let name = Some(host.name().to_owned());
            let interface = Interface {
                name,
                ..Interface::new(link)
            };
            file.interface(&interface).expect("memory");
            interfaces.push((host, link));
        }
    }
    for (arrow, comment) in told {
        let own = (arrow.captured_by(), arrow.link);
        let interface = interfaces
            .iter()
            .position(|it| *it == own)
            .expect("its interface");
        let t_ns = sent_ns(&arrow);
        let record = Record {
            wire_len: arrow.wire_len as u32,
            comments: vec![comment],
            outbound: Some(own.0 == arrow.from),
            ..Record::new(interface as u32, t_ns, arrow.bytes)
        };
        file.write(&record).expect("memory");
    }
    file.into_inner()
}

/// A lab reads what its two hosts send one after the other: Wireshark's times ran back, by a millisecond and more.
#[test]
fn times_in_a_capture_ran_back_where_a_packet_was_read_late() {
    let mut exporter = Exporter::new(Format::Pcapng, Lang::En);
    let mut out = Vec::new();
    // Read in this order, sent at these milliseconds.
    for (n, millis) in (1..).zip([10_u64, 12, 11, 13, 31, 19, 20, 5000, 4990]) {
        let host = if n % 2 == 0 {
            Host::Server
        } else {
            Host::Client
        };
        let mut packet = Packet::new(n, host, Verdict::Captured, Some(vec![n as u8; 60]));
        packet.stamp_ns = Some(1_796_000_000_000_000_000 + millis * 1_000_000);
        let (t_ns, kind) = (n * 1_000_000, Kind::Packet(packet));
        exporter
            .take(&Event { n, t_ns, kind }, &mut out)
            .expect("memory");
    }
    exporter.finish(&mut out).expect("memory");
    let reader = lineman_trace::files::Reader::new(&out[..]).expect("a capture");
    let times = reader.map(|record| record.expect("a packet").utc_ns.unwrap_or(0) / 1_000_000);
    let times: Vec<u64> = times.map(|it| it - 1_796_000_000_000).collect();
    assert_eq!(times, [10, 11, 12, 13, 19, 20, 31, 4990, 5000]);
}

/// What waits has a bound, whatever is held: here the first packet is, to the end.
#[test]
fn a_packet_that_is_held_for_ever_is_written_once_and_keeps_few_waiting() {
    let (count, held) = (18_000_u64, 1_u64);
    let mut exporter = Exporter::new(Format::Pcapng, Lang::En);
    let (mut out, mut early, mut n) = (Vec::new(), 0, 0);
    let mut take = |packet: Packet, out: &mut Vec<u8>| {
        n += 1;
        let (t_ns, kind) = (n * 100_000, Kind::Packet(packet));
        exporter
            .take(&Event { n, t_ns, kind }, out)
            .expect("memory");
    };
    for id in 1..=count {
        take(
            Packet::new(id, Host::Client, Verdict::Sent, Some(vec![0; 60])),
            &mut out,
        );
        let verdict = match id == held {
            true => Verdict::Held,
            false => Verdict::Delivered,
        };
        take(Packet::new(id, Host::Client, verdict, None), &mut out);
        if id == count {
            early = out.len();
        }
    }
    take(
        Packet::new(held, Host::Client, Verdict::Dropped, None),
        &mut out,
    );
    exporter.finish(&mut out).expect("memory");
    assert!(early > 0, "all wait for one");
    let reader = lineman_trace::files::Reader::new(&out[..]).expect("a capture");
    let packets: Result<Vec<Record>, _> = reader.collect();
    assert_eq!(packets.expect("whole packets").len() as u64, count);
}

/// What is certain is written at once; only pictures are not.
#[test]
fn half_of_a_long_log_is_half_of_its_export() {
    let envelope = Envelope::new(
        "192.0.2.1:4000".parse().expect("an end"),
        "192.0.2.2:69".parse().expect("an end"),
    );
    let events: Vec<Event> = (0..600)
        .map(|n| {
            let bytes = Some(envelope.udp(&[n as u8; 100]));
            let kind = Kind::Packet(Packet::new(n, Host::Client, Verdict::Captured, bytes));
            let t_ns = n * 100_000_000; // what is read late within a second is put in order
            Event { n, t_ns, kind }
        })
        .collect();
    for format in [
        Format::Pcapng,
        Format::Mermaid,
        Format::Text,
        Format::Jsonl,
        Format::Rows,
        Format::Perfetto,
    ] {
        let (mut exporter, mut out) = (Exporter::new(format, Lang::En), Vec::new());
        let (half, rest) = events.split_at(events.len() / 2);
        let mut take = |events: &[Event], out: &mut Vec<u8>| {
            let mut events = events.iter();
            events
                .try_for_each(|event| exporter.take(event, out))
                .expect("memory");
        };
        take(half, &mut out);
        let written = out.len();
        take(rest, &mut out);
        exporter.finish(&mut out).expect("memory");
        let percent = written * 100 / out.len();
        assert!((45..=50).contains(&percent), "{format:?}: {percent} %");
    }
}

/// Threads of sockets are numbered as they come, and the list is in no order; else nothing differs.
#[test]
fn a_trace_has_the_slices_flows_and_counters_of_the_whole_log() {
    for (name, events) in all() {
        let text = exported(Format::Perfetto, &events, Lang::En);
        let file: Value = serde_json::from_slice(&text).expect("JSON");
        let list = file["traceEvents"].as_array().expect("a list");
        let flows = |phase: &str| -> BTreeSet<u64> {
            let flows = list.iter().filter(|it| it["ph"] == phase);
            flows
                .map(|it| it["id"].as_u64().expect("a number"))
                .collect()
        };
        assert_eq!(flows("s"), crossings(&rows(&events)), "{name}");
        assert_eq!(flows("s"), flows("f"), "{name}");
    }
}

/// The packets of which both is known: that a host has sent them, and that they arrived.
fn crossings(rows: &[Row]) -> BTreeSet<u64> {
    let arrows = || {
        let arrows = rows.iter().filter_map(|row| row.arrow.as_ref());
        arrows.filter(|arrow| !arrow.deduced)
    };
    let leaves = |arrow: &&Arrow| {
        let leaves = matches!(arrow.stretch, Stretch::Whole | Stretch::Departure);
        leaves && arrow.copy_of.is_none()
    };
    let sent: BTreeSet<u64> = arrows().filter(leaves).map(|arrow| arrow.id).collect();
    let arrives = |arrow: &&Arrow| arrow.fate == Fate::Delivered && arrow.decided_ns.is_some();
    let arrived = arrows().filter(arrives).map(|arrow| arrow.id);
    arrived.filter(|id| sent.contains(id)).collect()
}
