//! Held against what the Trace Event Format asks for, and what Perfetto makes of it: its importer puts events in order of their time,
//! those of one time as they stand in the file, and a flow is bound to the innermost slice that is open there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::lang::Lang;
use crate::views::export::Format;
use crate::views::export::write;
use crate::views::logs;

/// What a thread has.
type Track = (u64, u64);

/// A slice that is open: until when, in nanoseconds, and of which packet it is, if of one.
type Slice = (u64, Option<u64>);

/// What was found in a file.
#[derive(Default)]
struct Looked {
    slices: u64,
    flows: u64,
    counters: u64,
    instants: u64,
}

fn nanos(value: &Value) -> u64 {
    let micros = value.as_f64().expect("a number of microseconds");
    let nanos = micros * 1e3;
    assert!(
        micros >= 0.0 && (nanos - nanos.round()).abs() < 1e-3,
        "{micros}"
    );
    nanos.round() as u64
}

fn track(event: &Value) -> Track {
    let of = |name: &str| event[name].as_u64().expect("a number");
    assert!(of("pid") > 0, "{event}");
    (of("pid"), of("tid"))
}

/// Looks through a file as Perfetto reads it.
fn look(name: &str, file: &Value) -> Looked {
    assert_eq!(file["displayTimeUnit"], "ns");
    let events = file["traceEvents"].as_array().expect("a list");
    let (described, mut timed): (Vec<&Value>, Vec<&Value>) =
        events.iter().partition(|event| event["ph"] == "M");
    timed.sort_by_key(|event| nanos(&event["ts"]));
    let mut named = BTreeSet::new();
    let mut processes = BTreeSet::new();
    for event in described {
        assert!(event["args"]["name"].is_string(), "{name}: {event}");
        match event["name"].as_str() {
            Some("thread_name") => assert!(named.insert(track(event)), "{name}: {event}"),
            Some("process_name") => assert!(processes.insert(track(event).0), "{name}: {event}"),
            _ => panic!("{name}: {event}"),
        }
    }
    let mut looked = Looked::default();
    let mut open: BTreeMap<Track, Vec<Slice>> = BTreeMap::new();
    let mut flows: BTreeMap<u64, (u64, bool)> = BTreeMap::new();
    for event in timed {
        let t_ns = nanos(&event["ts"]);
        assert!(event["name"].is_string(), "{name}: {event}");
        assert!(
            processes.contains(&event["pid"].as_u64().expect("a number")),
            "{name}: {event}"
        );
        match event["ph"].as_str() {
            Some("X") => {
                assert!(
                    named.contains(&track(event)),
                    "{name}: a thread without a name: {event}"
                );
                let end_ns = t_ns + nanos(&event["dur"]);
                let stack = open.entry(track(event)).or_default();
                stack.retain(|slice| slice.0 > t_ns);
                // It ends before, or with, those that it began in.
                assert!(
                    stack.iter().all(|slice| slice.0 >= end_ns),
                    "{name}: {event}"
                );
                stack.push((end_ns, event["args"]["id"].as_u64()));
                looked.slices += 1;
            }
            Some(phase @ ("s" | "f")) => {
                let stack = open.entry(track(event)).or_default();
                stack.retain(|slice| slice.0 > t_ns);
                let id = event["id"].as_u64().expect("a number");
                let innermost = stack.last().map(|slice| slice.1);
                assert_eq!(
                    innermost,
                    Some(Some(id)),
                    "{name}: bound to another slice: {event}"
                );
                match phase {
                    "s" => assert_eq!(flows.insert(id, (t_ns, false)), None, "{name}: {event}"),
                    _ => {
                        assert_eq!(event["bp"], "e", "{name}: {event}");
                        let (_, ended) = flows.get_mut(&id).expect("a beginning before its end");
                        assert!(
                            !std::mem::replace(ended, true),
                            "{name}: ends twice: {event}"
                        );
                    }
                }
            }
            Some("C") => {
                let values = event["args"].as_object().expect("values");
                assert!(
                    !values.is_empty() && values.values().all(Value::is_number),
                    "{name}: {event}"
                );
                looked.counters += 1;
            }
            Some("i") => {
                assert_eq!(event["s"], "t", "{name}: {event}");
                looked.instants += 1;
            }
            _ => panic!("{name}: {event}"),
        }
    }
    assert!(
        flows.values().all(|(_, ended)| *ended),
        "{name}: a flow without an end"
    );
    looked.flows = flows.len() as u64;
    // Of one counter, one value after the other.
    let mut counters: BTreeMap<(u64, &str), u64> = BTreeMap::new();
    for event in events.iter().filter(|event| event["ph"] == "C") {
        let key = (
            event["pid"].as_u64().expect("a number"),
            event["name"].as_str().expect("a name"),
        );
        let t_ns = nanos(&event["ts"]);
        let before = counters.insert(key, t_ns).unwrap_or_default();
        assert!(before <= t_ns, "{name}: {event}");
    }
    looked
}

#[test]
fn slices_nest_flows_have_both_ends_and_counters_go_on_in_every_log() {
    let mut all = Looked::default();
    for name in logs::all() {
        let events = logs::events(&name);
        for lang in [Lang::En, Lang::Zh] {
            let mut text = Vec::new();
            write(Format::Perfetto, &events, lang, &mut text).expect("memory");
            let file = serde_json::from_slice(&text).expect("JSON");
            let looked = look(&name, &file);
            all.slices += looked.slices;
            all.flows += looked.flows;
            all.counters += looked.counters;
            all.instants += looked.instants;
        }
    }
    assert!(all.slices > all.flows && all.flows > 100, "{}", all.flows);
    assert!(
        all.counters > 100 && all.instants > 0,
        "{}, {}",
        all.counters,
        all.instants
    );
}
