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
use prometheus_client::encoding::EncodeMetric;
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
    /// Its address, as the operator has written it.
    pub address: String,
    /// The numbers.
    pub counts: Counts,
    /// Bytes that the cache may have.
    pub limit: u64,
}

/// The stores behind a network: the one that is served, and those of routes.
#[derive(Debug)]
pub struct OfStores(pub Vec<OfStore>);

impl Collector for Turnaround {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let name = "tftp_turnaround_seconds";
        let help =
            "From taking an ACK out of its socket to handing over the last block that it calls for";
        let turnaround = self.0.turnaround();
        let (sum, all, buckets) = buckets(turnaround, FIRST_TURNAROUND, LAST_TURNAROUND);
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        metric.encode_histogram::<NoLabelSet>(sum, all, &buckets, None)
    }
}

impl Collector for OfStores {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let help = "Requests for files of the store, by what the cache had of them";
        self.family(encoder, ("cache_requests", help), "result", |counts| {
            let found = Found::ALL.into_iter();
            found.map(|it| (found_id(it), counts.found(it))).collect()
        })?;
        let help = "Questions to the store, by their answers";
        self.family(encoder, ("upstream_requests", help), "answer", |counts| {
            let answered = Answered::ALL.into_iter();
            let count = |it| (answered_id(it), counts.answered(it));
            answered.map(count).collect()
        })?;
        let help = "What was wrong with the store, by what (docs/json.md names the reasons)";
        self.family(encoder, ("upstream_faults", help), "reason", |counts| {
            let faults = counts.faults().into_iter();
            let count = |(fault, count)| (store::fault_id(&fault), count);
            faults.map(count).collect()
        })?;
        let name = "upstream_seconds";
        let help = "From a question to the store to the head of its answer, or to its failure";
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for store in &self.0 {
            let labels = [("store", &store.address[..])];
            let (sum, all, buckets) = buckets(store.counts.seconds(), FIRST_ANSWER, LAST_ANSWER);
            let mut metric = metric.encode_family(&labels)?;
            metric.encode_histogram::<NoLabelSet>(sum, all, &buckets, None)?;
        }
        let help = "Bytes of files that have come from the store";
        self.each(encoder, ("upstream_bytes", help), |store| {
            ConstCounter::new(store.counts.fetched())
        })?;
        let help = "Files that have left the cache for others";
        self.each(encoder, ("cache_evictions", help), |store| {
            ConstCounter::new(store.counts.evicted())
        })?;
        let help = "Bytes of files in the cache, with those that are being fetched";
        self.each(encoder, ("cache_bytes", help), |store| {
            gauge(store.counts.kept())
        })?;
        let help = "Bytes that the cache may have";
        self.each(encoder, ("cache_limit_bytes", help), |store| {
            gauge(store.limit)
        })
    }
}

impl OfStores {
    /// Counts by `label` and by store.
    fn family(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        (name, help): (&str, &str),
        label: &'static str,
        counts: impl Fn(&Counts) -> Vec<(&'static str, u64)>,
    ) -> fmt::Result {
        let all = self
            .0
            .iter()
            .map(|it| (&it.address[..], counts(&it.counts)));
        let all: Vec<_> = all.filter(|(_, counts)| !counts.is_empty()).collect();
        if all.is_empty() {
            return Ok(());
        }
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (address, counts) in all {
            for (value, count) in counts {
                let labels = [("store", address), (label, value)];
                ConstCounter::new(count).encode(metric.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    /// One number of each store.
    fn each<M: EncodeMetric>(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        (name, help): (&str, &str),
        of: impl Fn(&OfStore) -> M,
    ) -> fmt::Result {
        let Some(first) = self.0.first() else {
            return Ok(());
        };
        let kind = of(first).metric_type();
        let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
        for store in &self.0 {
            of(store).encode(metric.encode_family(&[("store", &store.address[..])])?)?;
        }
        Ok(())
    }
}

fn gauge(count: u64) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX))
}

fn buckets(
    durations: &Durations,
    shortest: Duration,
    longest: Duration,
) -> (f64, u64, Vec<(f64, u64)>) {
    let counted = durations.counted(shortest, longest);
    let buckets = counted.buckets.iter();
    let mut buckets: Vec<_> = buckets
        .map(|(end, count)| (end.as_secs_f64(), *count))
        .collect();
    buckets.push((f64::MAX, counted.longer)); // which is written as +Inf
    let all = buckets.iter().map(|(_, count)| count).sum();
    (counted.sum.as_secs_f64(), all, buckets)
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
/// A second: a transfer that waits for a disk or a store waits for about as long.
const LAST_TURNAROUND: Duration = Duration::from_millis(1100);
/// A quarter of a millisecond.
const FIRST_ANSWER: Duration = Duration::from_micros(250);
/// Longer than the store is waited for.
const LAST_ANSWER: Duration = Duration::from_secs(20);
