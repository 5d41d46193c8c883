//! A trace for ui.perfetto.dev and chrome://tracing, in the JSON form of trace events: each host is a process,
//! each of its sockets a thread whose slices are the socket's states; packets are flows from the moment at which they
//! are sent to that at which they arrive; figures are counters.
//!
//! A capture tells neither when a packet arrived nor whether it did: there packets are moments at their sender's, and no flow is drawn.

mod counters;
mod states;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use lineman_proto::text::safe_json;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::story::Arrow;
use lineman_trace::story::Fate;
use lineman_trace::story::Row;
use lineman_trace::story::Stretch;
use serde_json::Value;
use serde_json::json;

use super::rows;
use super::start;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::views::Views;
use crate::views::packet;
use crate::views::words::paragraph;

/// The thread of a host on which its packets are; its sockets have the numbers after it.
const PACKETS: u32 = 1;

/// How long the slice of a packet is, in nanoseconds: flows begin and end at slices, and one without length is not drawn.
const MOMENT_NS: u64 = 1;

/// The whole file.
pub(super) fn trace(events: &[Event], lang: Lang) -> String {
    let rows = rows(events);
    let mut all = Vec::new();
    for host in [Host::Client, Host::Server] {
        all.push(named("process_name", host, PACKETS, host.name()));
        all.push(named("thread_name", host, PACKETS, "packets"));
    }
    all.extend(states::slices(events, &rows));
    packets(&rows, lang, &mut all);
    all.extend(counters::counters(events));
    let start = start(events);
    let file = json!({
        "displayTimeUnit": "ns",
        "otherData": {
            "scenario": start.as_ref().map(|start| &start.scenario),
            "system": start.as_ref().map(|start| &start.system),
            "utc_ns": start.as_ref().map(|start| start.utc_ns.to_string()),
        },
        "traceEvents": all,
    });
    safe_json(&file.to_string()).to_string()
}

/// Each packet where it is sent, and where it arrives; a packet that is held has several rows.
fn packets(rows: &[Row], lang: Lang, all: &mut Vec<Value>) {
    let mut sent = BTreeSet::new();
    for row in rows {
        let Some(arrow) = row.arrow.as_ref().filter(|arrow| !arrow.deduced) else {
            continue;
        };
        let name = packet::label(arrow, lang);
        let args = json!({
            "id": arrow.id,
            "wire_len": arrow.wire_len,
            "copy_of": arrow.copy_of,
            "says": paragraph(row, lang),
        });
        // What the wire has copied, no host has sent.
        let leaves = matches!(arrow.stretch, Stretch::Whole | Stretch::Departure);
        if leaves && arrow.copy_of.is_none() && sent.insert(arrow.id) {
            all.push(moment(&name, arrow.from, arrow.sent_ns, &args));
        }
        let Some(decided_ns) = arrow.decided_ns else {
            continue;
        };
        match arrow.fate {
            Fate::Delivered => {
                let to = arrow.from.other();
                all.push(moment(&name, to, decided_ns, &args));
                if sent.contains(&arrow.id) {
                    all.push(flow("s", arrow, arrow.from, arrow.sent_ns));
                    all.push(flow("f", arrow, to, decided_ns));
                }
            }
            Fate::Dropped => all.push(json!({
                "ph": "i", "s": "t", "cat": "packet", "pid": pid(arrow.from), "tid": PACKETS, "ts": micros(decided_ns),
                "name": format!("{name} · {}", Views::PacketDropped {}.render(lang)), "args": args,
            })),
            Fate::Crossing | Fate::Held | Fate::Captured => {}
        }
    }
}

fn moment(name: &str, host: Host, t_ns: u64, args: &Value) -> Value {
    json!({
        "ph": "X", "cat": "packet", "pid": pid(host), "tid": PACKETS, "ts": micros(t_ns), "dur": micros(MOMENT_NS),
        "name": name, "args": args,
    })
}

/// The beginning or the end of a flow, in the slice that is there at this moment.
fn flow(phase: &str, arrow: &Arrow, host: Host, t_ns: u64) -> Value {
    json!({
        "ph": phase, "bp": "e", "cat": "packet", "name": "packet", "id": arrow.id,
        "pid": pid(host), "tid": PACKETS, "ts": micros(t_ns),
    })
}

/// What a process or a thread is called.
fn named(what: &str, host: Host, tid: u32, name: &str) -> Value {
    json!({"ph": "M", "name": what, "pid": pid(host), "tid": tid, "args": {"name": name}})
}

/// Processes count from 1: 0 is the idle task of a system.
fn pid(host: Host) -> u32 {
    match host {
        Host::Client => 1,
        Host::Server => 2,
    }
}

/// The unit of the form: microseconds, here with three decimals. Exact up to 2⁵³ ns, which is 104 days.
fn micros(t_ns: u64) -> f64 {
    t_ns as f64 / 1e3
}
