//! A server's counts in OpenMetrics' text.

use std::sync::atomic::Ordering;

use lineman_net::tftp::Gauges;
use lineman_net::tftp::HttpReport;
use lineman_net::tftp::RefusedCounts;
use lineman_net::tftp::Report;
use lineman_proto::tftp::Direction;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::histogram::exponential_buckets;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::collected::OfStore;
use super::collected::OfStores;
use super::collected::Turnaround;
use super::files;
use super::words;

/// All counts. The labels have few values: nothing of what a client sends is one.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Ended, Counter>,
    bytes: Family<Way, Counter>,
    seconds: Family<Way, Histogram>,
    sent: Counter,
    resent: Counter,
    timeouts: Counter,
    gaps: Counter,
    duplicates: Counter,
    http_requests: Family<Answered, Counter>,
    http_bytes: Counter,
    ignored: Family<Why, Counter>,
    evicted: Counter,
    untold: Counter,
    running: Gauge,
    machines: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    direction: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    status: u16,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Way {
    direction: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    reason: &'static str,
}

impl Metrics {
    /// Everything at 0.
    pub fn new(gauges: &Gauges, stores: Vec<OfStore>) -> Self {
        let mut registry = Registry::with_prefix("lineman");
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", version);
        let buckets: fn() -> Histogram =
            || Histogram::new(exponential_buckets(FIRST_BUCKET, 4.0, BUCKETS));
        let seconds = Family::new_with_constructor(buckets);
        let threads_gauge = Gauge::<i64>::default();
        threads_gauge.set(gauges.threads().try_into().unwrap_or(i64::MAX));
        let mut this = Self {
            registry: Registry::default(),
            requests: Family::default(),
            bytes: Family::default(),
            seconds,
            sent: Counter::default(),
            resent: Counter::default(),
            timeouts: Counter::default(),
            gaps: Counter::default(),
            duplicates: Counter::default(),
            http_requests: Family::default(),
            http_bytes: Counter::default(),
            ignored: Family::default(),
            evicted: Counter::default(),
            untold: Counter::default(),
            running: Gauge::default(),
            machines: Gauge::default(),
        };
        let all = &mut registry;
        all.register(
            "tftp_requests",
            "Requests that have ended, by how (docs/json.md names the reasons)",
            this.requests.clone(),
        );
        all.register(
            "tftp_bytes",
            "Bytes of files that have arrived",
            this.bytes.clone(),
        );
        all.register(
            "tftp_transfer_seconds",
            "From the request to the end, of transfers that are complete",
            this.seconds.clone(),
        );
        for (name, help, counter) in [
            (
                "tftp_blocks_sent",
                "Blocks that were sent, repeats included",
                &this.sent,
            ),
            (
                "tftp_blocks_resent",
                "Blocks that were sent again",
                &this.resent,
            ),
            (
                "tftp_timeouts",
                "Times that an answer was waited for in vain",
                &this.timeouts,
            ),
            ("tftp_gaps", "Gaps that receivers reported", &this.gaps),
            (
                "tftp_blocks_duplicate",
                "Blocks that came again",
                &this.duplicates,
            ),
            (
                "tftp_evicted",
                "Transfers whose client never answered and that left for newer ones",
                &this.evicted,
            ),
            (
                "tftp_events_untold",
                "Ends of requests that are in no other count: too many at once, or of a flood",
                &this.untold,
            ),
        ] {
            all.register(name, help, counter.clone());
        }
        all.register(
            "http_requests",
            "Requests for files by HTTP that have ended, by status and how (docs/json.md names the reasons)",
            this.http_requests.clone(),
        );
        all.register(
            "http_bytes",
            "Bytes of files that have arrived by HTTP",
            this.http_bytes.clone(),
        );
        all.register(
            "tftp_datagrams_ignored",
            "Datagrams that were not answered, by why",
            this.ignored.clone(),
        );
        for (name, help, gauge) in [
            (
                "tftp_transfers_running",
                "Transfers that are not done yet",
                &this.running,
            ),
            (
                "tftp_engine_threads",
                "Threads that run transfers",
                &threads_gauge,
            ),
            (
                "tftp_machines",
                "Machines that /machines knows",
                &this.machines,
            ),
        ] {
            all.register(name, help, gauge.clone());
        }
        all.register_collector(Box::new(Turnaround(gauges.clone())));
        if !stores.is_empty() {
            all.register_collector(Box::new(OfStores(stores)));
        }
        this.registry = registry;
        this
    }

    /// A request has ended.
    pub fn take(&self, report: &Report) {
        let direction = match report.direction {
            Direction::Read => "read",
            Direction::Write => "write",
        };
        let reason = words::reason_id(report);
        let ended = Ended { direction, reason };
        self.requests.get_or_create(&ended).inc();
        let way = Way { direction };
        self.bytes.get_or_create(&way).inc_by(report.bytes);
        if words::is_complete(report) {
            let seconds = report.elapsed.as_secs_f64();
            self.seconds.get_or_create(&way).observe(seconds);
        }
        let stats = &report.stats;
        self.sent.inc_by(stats.data_sent);
        self.resent.inc_by(stats.resent);
        self.timeouts.inc_by(stats.timeouts);
        self.gaps.inc_by(stats.gaps);
        self.duplicates.inc_by(stats.duplicates);
    }

    /// A request by HTTP has ended.
    pub fn take_http(&self, report: &HttpReport) {
        let answered = Answered {
            method: report.method.name(),
            status: report.status,
            reason: files::reason_id(report),
        };
        self.http_requests.get_or_create(&answered).inc();
        self.http_bytes.inc_by(report.bytes);
    }

    /// The text.
    pub fn text(&self, gauges: &Gauges, machines: usize) -> String {
        let RefusedCounts {
            ignored,
            evicted,
            untold,
        } = gauges.refused();
        for (reason, count) in [
            ("not-allowed", ignored.not_allowed),
            ("loop", ignored.loops),
            ("too-fast", ignored.too_fast),
            ("amplifies", ignored.amplifies),
            ("flood", ignored.flood),
            ("no-request", gauges.ignored()),
        ] {
            let counter = self.ignored.get_or_create(&Why { reason });
            counter.inner().store(count, Ordering::Relaxed);
        }
        self.evicted.inner().store(evicted, Ordering::Relaxed);
        self.untold.inner().store(untold, Ordering::Relaxed);
        let whole = |count: usize| count.try_into().unwrap_or(i64::MAX);
        self.running.set(whole(gauges.unfinished()));
        self.machines.set(whole(machines));
        let mut text = String::new();
        // A string takes everything.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Seconds: 1 ms, then each four times the last, up to a quarter of an hour.
const FIRST_BUCKET: f64 = 0.001;
const BUCKETS: u16 = 11;
