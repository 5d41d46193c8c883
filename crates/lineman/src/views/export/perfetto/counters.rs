//! Figures of each connection over time, as counters.

use lineman_trace::series::Figure;
use lineman_trace::series::Sample;
use serde_json::Value;
use serde_json::json;

use super::micros;
use super::pid;

/// The figures that are values from one moment to the next, each in the process of the end that sends the bytes. A counter of
/// goodput has the value of its span, one of round trips that of the last one.
pub(super) fn counters(samples: &[Sample]) -> impl Iterator<Item = Value> {
    samples.iter().filter_map(counter)
}

fn counter(sample: &Sample) -> Option<Value> {
    let (name, unit, value) = match sample.figure {
        Figure::InFlight(bytes) => ("bytes in flight", "bytes", Value::from(bytes)),
        Figure::Window(bytes) => ("window", "bytes", bytes.into()),
        Figure::RoundTrip { ns, .. } => ("RTT", "ms", millis(ns)),
        Figure::Goodput(rate) => ("goodput", "bytes/s", rate.into()),
        Figure::CongestionWindow(segments) => ("cwnd", "segments", segments.into()),
        Figure::Threshold(Some(segments)) => ("ssthresh", "segments", segments.into()),
        Figure::SmoothedRoundTrip(ns) => ("SRTT", "ms", millis(ns)),
        Figure::Timeout(ns) => ("RTO", "ms", millis(ns)),
        // No number stands for a threshold that is not set.
        Figure::Threshold(None)
        | Figure::Sent { .. }
        | Figure::Lost { .. }
        | Figure::Acknowledged(_) => return None,
    };
    let Sample { local, remote, .. } = sample;
    Some(json!({
        "ph": "C",
        "name": format!("{name} {local} → {remote}"),
        "pid": pid(sample.at),
        "ts": micros(sample.t_ns),
        "args": {unit: value},
    }))
}

/// Exact up to 2⁵³ ns.
fn millis(ns: u64) -> Value {
    (ns as f64 / 1e6).into()
}
