//! A trace for ui.perfetto.dev and chrome://tracing, in the JSON form of trace events: each host is a process,
//! each of its sockets a thread whose slices are the socket's states; packets are flows from the moment at which they
//! are sent to that at which they arrive; figures are counters.
//!
//! A capture tells neither when a packet arrived nor whether it did: there packets are moments at their sender's, and no flow is drawn.

mod counters;
mod states;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::io;
use std::io::Write;

use lineman_proto::text::safe_json;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Start;
use lineman_trace::series::Series;
use lineman_trace::story::Arrow;
use lineman_trace::story::Fate;
use lineman_trace::story::Row;
use lineman_trace::story::Story;
use lineman_trace::story::Stretch;
use serde_json::Value;
use serde_json::json;

use super::of_rows::Rows;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::views::Views;
use crate::views::packet;
use crate::views::words::paragraph;
use counters::counters;
use states::States;

/// The thread of a host on which its packets are; its sockets have the numbers after it.
const PACKETS: u32 = 1;

/// How long the slice of a packet is, in nanoseconds: flows begin and end at slices, and one without length is not drawn.
const MOMENT_NS: u64 = 1;

/// The file, whose list of events is written as these come: readers put them in order of their time.
pub(super) struct Trace {
    lang: Lang,
    /// Whether the list has anything in it.
    has_any: bool,
    states: States,
    /// Packets that a host was seen to send, and that have more rows to come.
    sent: HashSet<u64>,
    series: Series,
}

impl Trace {
    pub(super) fn new(lang: Lang) -> Self {
        Self {
            lang,
            has_any: false,
            states: States::default(),
            sent: HashSet::new(),
            series: Series::fitted(),
        }
    }

    fn write(&mut self, events: Vec<Value>, out: &mut dyn Write) -> io::Result<()> {
        for event in events {
            let comma = match std::mem::replace(&mut self.has_any, true) {
                true => ",",
                false => "",
            };
            write!(out, "{comma}\n{}", safe_json(&event.to_string()))?;
        }
        Ok(())
    }

    /// The packet of a row where it is sent, and where it arrives; one that is held has several rows.
    fn packet(&mut self, row: &Row, all: &mut Vec<Value>) {
        let Some(arrow) = row.arrow.as_ref().filter(|arrow| !arrow.deduced) else {
            return;
        };
        let name = packet::label(arrow, self.lang);
        let args = json!({
            "id": arrow.id,
            "wire_len": arrow.wire_len,
            "copy_of": arrow.copy_of,
            "says": paragraph(row, self.lang),
        });
        // What the wire has copied, no host has sent.
        let leaves = matches!(arrow.stretch, Stretch::Whole | Stretch::Departure);
        if leaves && arrow.copy_of.is_none() && self.sent.insert(arrow.id) {
            all.push(moment(&name, arrow.from, arrow.sent_ns, &args));
        }
        let Some(decided_ns) = arrow.decided_ns else {
            return;
        };
        match arrow.fate {
            Fate::Delivered => {
                let to = arrow.from.other();
                all.push(moment(&name, to, decided_ns, &args));
                if self.sent.contains(&arrow.id) {
                    all.push(flow("s", arrow, arrow.from, arrow.sent_ns));
                    all.push(flow("f", arrow, to, decided_ns));
                }
            }
            Fate::Dropped => all.push(json!({
                "ph": "i", "s": "t", "cat": "packet", "pid": pid(arrow.from), "tid": PACKETS, "ts": micros(decided_ns),
                "name": format!("{name} · {}", Views::PacketDropped {}.render(self.lang)), "args": args,
            })),
            Fate::Crossing | Fate::Held | Fate::Captured => {}
        }
    }
}

impl Rows for Trace {
    fn begin(&mut self, start: Option<Start>, out: &mut dyn Write) -> io::Result<()> {
        let start = start.as_ref();
        let about = json!({
            "scenario": start.map(|start| &start.scenario),
            "system": start.map(|start| &start.system),
            "utc_ns": start.map(|start| start.utc_ns.to_string()),
        });
        let about = about.to_string();
        let about = safe_json(&about);
        write!(
            out,
            "{{\"displayTimeUnit\":\"ns\",\"otherData\":{about},\"traceEvents\":["
        )?;
        let named = [Host::Client, Host::Server].into_iter().flat_map(|host| {
            [
                named("process_name", host, PACKETS, host.name()),
                named("thread_name", host, PACKETS, "packets"),
            ]
        });
        self.write(named.collect(), out)
    }

    fn event(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        let mut all = self.states.told(event);
        all.extend(counters(&self.series.push(event)));
        self.write(all, out)
    }

    fn rows(&mut self, rows: Vec<Row>, story: &Story, out: &mut dyn Write) -> io::Result<()> {
        let mut all = Vec::new();
        for row in &rows {
            all.extend(self.states.deduced(row));
            self.packet(row, &mut all);
        }
        let shown = rows.iter().filter_map(|row| row.arrow.as_ref());
        for arrow in shown.filter(|arrow| story.is_told(arrow.id)) {
            self.sent.remove(&arrow.id);
        }
        self.write(all, out)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut all = self.states.end();
        all.extend(counters(&self.series.finish()));
        self.write(all, out)?;
        writeln!(out, "\n]}}")
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
