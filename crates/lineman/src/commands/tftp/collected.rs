//! Counts that others keep, in OpenMetrics' text: what a store was asked, and how soon blocks leave.

use std::fmt;
use std::time::Duration;

use lineman_net::Durations;
use lineman_net::tftp::Gauges;
use lineman_objects::Answered;
use lineman_objects::Counts;
use lineman_objects::Found;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::EncodeMetric as _;
use prometheus_client::encoding::NoLabelSet;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::store;

/// How soon a server's blocks leave.
#[derive(Debug)]
pub struct Turnaround(pub Gauges);

/// What a store is asked, and what is kept of it.
#[derive(Debug)]
pub struct OfStore {
    /// The numbers.
    pub counts: Counts,
    /// Bytes that the cache may have.
    pub limit: u64,
}

impl Collector for Turnaround {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let name = "tftp_turnaround_seconds";
        let help =
            "From taking an ACK out of its socket to handing over the last block that it calls for";
        let bounds = (FIRST_TURNAROUND, LAST_TURNAROUND);
        histogram(&mut encoder, name, help, self.0.turnaround(), bounds)
    }
}

impl Collector for OfStore {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (counts, encoder) = (&self.counts, &mut encoder);
        let found = Found::ALL.map(|it| (found_id(it), counts.found(it)));
        let help = "Requests for files of the store, by what the cache had of them";
        family(encoder, "cache_requests", help, "result", &found)?;
        let answered = Answered::ALL.map(|it| (answered_id(it), counts.answered(it)));
        let help = "Questions to the store, by their answers";
        family(encoder, "upstream_requests", help, "answer", &answered)?;
        let faults = counts.faults().into_iter();
        let faults: Vec<_> = faults
            .map(|(fault, count)| (store::fault_id(&fault), count))
            .collect();
        let help = "What was wrong with the store, by what (docs/json.md names the reasons)";
        family(encoder, "upstream_faults", help, "reason", &faults)?;
        let help = "From a question to the store to the head of its answer, or to its failure";
        let bounds = (FIRST_ANSWER, LAST_ANSWER);
        let seconds = counts.seconds();
        histogram(encoder, "upstream_seconds", help, seconds, bounds)?;
        for (name, help, count) in [
            (
                "upstream_bytes",
                "Bytes of files that have come from the store",
                counts.fetched(),
            ),
            (
                "cache_evictions",
                "Files that have left the cache for others",
                counts.evicted(),
            ),
        ] {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(count).encode(metric)?;
        }
        for (name, help, count) in [
            (
                "cache_bytes",
                "Bytes of files in the cache, with those that are being fetched",
                counts.kept(),
            ),
            (
                "cache_limit_bytes",
                "Bytes that the cache may have",
                self.limit,
            ),
        ] {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX)).encode(metric)?;
        }
        Ok(())
    }
}

fn family(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &'static str,
    counts: &[(&'static str, u64)],
) -> fmt::Result {
    if counts.is_empty() {
        return Ok(());
    }
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (value, count) in counts {
        let labels = [(label, *value)];
        ConstCounter::new(*count).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

fn histogram(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    durations: &Durations,
    (shortest, longest): (Duration, Duration),
) -> fmt::Result {
    let counted = durations.counted(shortest, longest);
    let buckets = counted.buckets.iter();
    let mut buckets: Vec<_> = buckets
        .map(|(end, count)| (end.as_secs_f64(), *count))
        .collect();
    buckets.push((f64::MAX, counted.longer)); // which is written as +Inf
    let all = buckets.iter().map(|(_, count)| count).sum();
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    metric.encode_histogram::<NoLabelSet>(counted.sum.as_secs_f64(), all, &buckets, None)
}

fn found_id(found: Found) -> &'static str {
    match found {
        Found::Hit => "hit",
        Found::Joined => "joined",
        Found::Revalidated => "revalidated",
        Found::Stale => "stale",
        Found::Miss => "miss",
        _ => "refused",
    }
}

fn answered_id(answered: Answered) -> &'static str {
    match answered {
        Answered::Object => "object",
        Answered::NotModified => "not-modified",
        Answered::NotFound => "not-found",
        Answered::Changed => "changed",
        _ => "fault",
    }
}

/// 2 µs; that in a single datagram's way is no less.
const FIRST_TURNAROUND: Duration = Duration::from_micros(2);
/// A second: who waits for a disk or a store does so for about as long.
const LAST_TURNAROUND: Duration = Duration::from_millis(1100);
/// A quarter of a millisecond.
const FIRST_ANSWER: Duration = Duration::from_micros(250);
/// Longer than the store is waited for.
const LAST_ANSWER: Duration = Duration::from_secs(20);
