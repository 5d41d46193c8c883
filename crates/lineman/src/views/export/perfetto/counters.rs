//! Figures of each connection over time, as counters.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use lineman_proto::wire::flow::Arrival;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::story::Arrow;
use lineman_trace::story::Fate;
use lineman_trace::story::Row;
use lineman_trace::story::Stretch;
use serde_json::Value;
use serde_json::json;

use super::micros;
use super::pid;

/// What an end of a connection has sent, and what it has heard that the peer has received; relative numbers.
#[derive(Default)]
struct End {
    sent: i64,
    acked: i64,
}

/// A segment, at the end that sends it or that receives it.
struct Moment<'a> {
    t_ns: u64,
    at: Host,
    arrow: &'a Arrow,
}

/// Bytes in flight (sent, and not known by their sender to be received) and the window that the peer offers, both as the sender of
/// the bytes knows them; and the congestion window, where its kernel has told.
pub(super) fn counters(events: &[Event], rows: &[Row]) -> Vec<Value> {
    let mut ends: BTreeMap<(Host, SocketAddr, SocketAddr), End> = BTreeMap::new();
    let mut all = Vec::new();
    for Moment { t_ns, at, arrow } in moments(rows) {
        let (Some(segment), Some(place)) = (arrow.seen.segment(), arrow.place) else {
            continue;
        };
        let Some((from, to)) = arrow.seen.from.zip(arrow.seen.to) else {
            continue;
        };
        let sends = at == arrow.from;
        let (local, remote) = if sends { (from, to) } else { (to, from) };
        let end = ends.entry((at, local, remote)).or_default();
        if sends {
            end.sent = end.sent.max(place.seq + i64::from(segment.len));
        } else {
            end.acked = end.acked.max(place.ack.unwrap_or_default());
            let name = format!("window {local} → {remote}");
            all.push(counter(&name, at, t_ns, "bytes", place.window.into()));
        }
        let flight = (end.sent - end.acked).max(0);
        let name = format!("bytes in flight {local} → {remote}");
        all.push(counter(&name, at, t_ns, "bytes", flight.into()));
    }
    for event in events {
        if let Kind::Congestion(told) = &event.kind {
            let (host, t_ns) = (told.host, event.t_ns);
            all.push(counter("cwnd", host, t_ns, "segments", told.window.into()));
            if let Some(threshold) = told.threshold {
                all.push(counter(
                    "ssthresh",
                    host,
                    t_ns,
                    "segments",
                    threshold.into(),
                ));
            }
        }
    }
    all
}

/// In order of time. A segment that a capture has seen counts at both ends when it was seen: of another moment nothing is known.
fn moments(rows: &[Row]) -> Vec<Moment<'_>> {
    let mut all = Vec::new();
    let arrows = rows.iter().filter_map(|row| row.arrow.as_ref());
    for arrow in arrows.filter(|arrow| !arrow.deduced) {
        let leaves = matches!(arrow.stretch, Stretch::Whole | Stretch::Departure);
        if leaves && arrow.copy_of.is_none() {
            all.push(Moment {
                t_ns: arrow.sent_ns,
                at: arrow.from,
                arrow,
            });
        }
        let t_ns = match arrow.fate {
            Fate::Delivered => arrow.decided_ns,
            Fate::Captured => Some(arrow.sent_ns),
            Fate::Crossing | Fate::Held | Fate::Dropped => None,
        };
        // What its receiver does not take says nothing to it.
        let is_taken = !matches!(arrow.arrival, Arrival::Damaged | Arrival::Gone);
        if let Some(t_ns) = t_ns.filter(|_| is_taken && !arrow.altered) {
            let at = arrow.from.other();
            all.push(Moment { t_ns, at, arrow });
        }
    }
    all.sort_by_key(|moment| moment.t_ns);
    all
}

fn counter(name: &str, host: Host, t_ns: u64, unit: &str, value: Value) -> Value {
    json!({"ph": "C", "name": name, "pid": pid(host), "ts": micros(t_ns), "args": {unit: value}})
}
