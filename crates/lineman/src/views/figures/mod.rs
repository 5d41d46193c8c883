//! Figures of TCP connections over time, gathered to be drawn: as lines of signs, or as a picture.
//!
//! What they are, `lineman_trace::series` finds. Here they are kept, no more of them than can be seen.

mod lines;
mod thinned;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind as EventKind;
use lineman_trace::log::Origin;
use lineman_trace::series::Figure;
use lineman_trace::series::Sample;
use lineman_trace::series::Series;

pub use lines::Look;
pub(in crate::views) use thinned::Segment;
use thinned::Thinned;
pub(in crate::views) use thinned::Value;

/// The figures of so many connections are kept: more than a reader looks through.
const CONNECTIONS: usize = 64;

/// What a line of values is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::views) enum Kind {
    /// The highest number that is acknowledged.
    Acknowledged,
    /// Bytes in flight.
    InFlight,
    /// The window that the peer advertises, in bytes.
    Window,
    /// Samples of the round trip, in nanoseconds.
    RoundTrip,
    /// The smoothed round trip of the kernel, in nanoseconds.
    Smoothed,
    /// The retransmission timeout of the kernel, in nanoseconds.
    Timeout,
    /// Goodput, in bytes a second.
    Goodput,
    /// cwnd of the kernel, in segments.
    Cwnd,
    /// ssthresh of the kernel, in segments; `None` while none is set.
    Ssthresh,
}

/// The figures of a log so far.
#[derive(Debug, Default)]
pub struct Figures {
    series: Series,
    connections: BTreeMap<u64, [End; 2]>,
    /// How many connections were left out.
    left_out: usize,
    last_out: Option<u64>,
    /// Whether packets were captured, so that nothing is known of when they were sent.
    pub(in crate::views) is_capture: bool,
}

/// The figures of one end of a connection, which are about what it sends.
#[derive(Debug)]
pub(in crate::views) struct End {
    pub(in crate::views) at: Host,
    pub(in crate::views) ends: Option<(SocketAddr, SocketAddr)>,
    pub(in crate::views) segments: Thinned<Segment>,
    values: BTreeMap<Kind, Thinned<Value>>,
    /// How many segments were sent again, and how many are known to be lost.
    pub(in crate::views) again: usize,
    pub(in crate::views) lost: usize,
}

impl Figures {
    /// Of a log whose end is waited for: goodput is told then, in spans that suit its length.
    pub(in crate::views) fn fitted() -> Self {
        Self {
            series: Series::fitted(),
            ..Self::default()
        }
    }

    /// Of a log that is there as a whole.
    #[cfg(test)]
    pub(in crate::views) fn of(events: &[Event]) -> Self {
        let mut figures = Self::fitted();
        events.iter().for_each(|event| figures.push(event));
        figures.finish();
        figures
    }

    /// Takes an event.
    pub fn push(&mut self, event: &Event) {
        self.look(event);
        for sample in self.series.push(event) {
            self.take(&sample);
        }
    }

    /// Nothing more will happen.
    pub fn finish(&mut self) {
        for sample in self.series.finish() {
            self.take(&sample);
        }
    }

    /// How long the spans of goodput are, in nanoseconds.
    pub(in crate::views) fn span_ns(&self) -> u64 {
        self.series.span_ns()
    }

    /// How many connections have no figures here, because there are too many.
    pub(in crate::views) fn left_out(&self) -> usize {
        self.left_out
    }

    /// Both ends of each connection, with the time from which to which there is something of it, in nanoseconds.
    pub(in crate::views) fn connections(&self) -> impl Iterator<Item = (&[End; 2], (u64, u64))> {
        self.connections.values().map(|ends| {
            let times = ends.iter().filter_map(End::times);
            let whole = times.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
            (ends, whole.unwrap_or_default())
        })
    }

    fn look(&mut self, event: &Event) {
        if let EventKind::Start(start) = &event.kind {
            self.is_capture = start.origin == Origin::Inferred;
        }
    }

    fn take(&mut self, sample: &Sample) {
        let number = sample.connection;
        if !self.connections.contains_key(&number) && self.connections.len() == CONNECTIONS {
            if self.last_out.is_none_or(|last| number > last) {
                self.left_out += 1;
                self.last_out = Some(number);
            }
            return;
        }
        let ends = self.connections.entry(number);
        let ends = ends.or_insert_with(|| [Host::Client, Host::Server].map(End::new));
        ends[sample.at as usize].take(sample);
    }
}

impl End {
    fn new(at: Host) -> Self {
        Self {
            at,
            ends: None,
            segments: Thinned::default(),
            values: BTreeMap::new(),
            again: 0,
            lost: 0,
        }
    }

    /// The values of a kind, each from its moment on; of [`Kind::RoundTrip`] in its moment.
    pub(in crate::views) fn values(&self, kind: Kind) -> &[Value] {
        self.values.get(&kind).map_or(&[], Thinned::all)
    }

    /// Whether it has sent any bytes.
    pub(in crate::views) fn has_bytes(&self) -> bool {
        let values = self.values(Kind::InFlight);
        values.iter().any(|value| value.most > Some(0))
    }

    /// Whether there is more to it than its segments of a handshake.
    pub(in crate::views) fn is_told(&self) -> bool {
        let told = [Kind::Cwnd, Kind::RoundTrip];
        self.has_bytes() || told.iter().any(|kind| !self.values(*kind).is_empty())
    }

    fn times(&self) -> Option<(u64, u64)> {
        let segments = self.segments.all().iter().map(|it| it.t_ns);
        let values = self.values.values().flat_map(Thinned::all);
        let all = || segments.clone().chain(values.clone().map(|it| it.t_ns));
        all().min().zip(all().max())
    }

    fn take(&mut self, sample: &Sample) {
        self.ends = Some((sample.local, sample.remote));
        let t_ns = sample.t_ns;
        let (kind, value) = match sample.figure {
            Figure::Sent {
                packet,
                from,
                to,
                again,
            } => {
                self.again += usize::from(again);
                return self.segments.push(Segment {
                    t_ns,
                    packet,
                    from,
                    to,
                    again,
                    lost: false,
                });
            }
            Figure::Lost { packet } => {
                self.lost += 1;
                return self.segments.lose(packet);
            }
            Figure::Acknowledged(to) => (Kind::Acknowledged, u64::try_from(to).ok()),
            Figure::InFlight(bytes) => (Kind::InFlight, Some(bytes)),
            Figure::Window(bytes) => (Kind::Window, Some(bytes.into())),
            Figure::RoundTrip { ns, .. } => (Kind::RoundTrip, Some(ns)),
            Figure::SmoothedRoundTrip(ns) => (Kind::Smoothed, Some(ns)),
            Figure::Timeout(ns) => (Kind::Timeout, Some(ns)),
            Figure::Goodput(rate) => (Kind::Goodput, Some(rate)),
            Figure::CongestionWindow(segments) => (Kind::Cwnd, Some(segments.into())),
            Figure::Threshold(segments) => (Kind::Ssthresh, segments.map(Into::into)),
        };
        let value = Value {
            t_ns,
            least: value,
            most: value,
            last: value,
        };
        self.values.entry(kind).or_default().push(value);
    }
}
