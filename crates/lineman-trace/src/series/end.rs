//! One end of a connection: what it has sent, and what it knows of that.

use std::net::Ipv4Addr;
use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::Place;
use lineman_proto::wire::flow::Segment;

use super::Figure;
use super::Sample;
use super::goodput::Goodput;
use super::round_trips::RoundTrips;
use super::spans::Spans;
use crate::log::Host;

/// What an end of a connection has come to. Numbers count from its SYN.
#[derive(Debug)]
pub(super) struct End {
    local: SocketAddr,
    remote: SocketAddr,
    /// Behind the last byte that it has sent; its first is 1.
    sent: i64,
    /// Behind the last number that it has sent, SYN and FIN included.
    next: i64,
    /// Where its FIN stands.
    fin: Option<i64>,
    acknowledged: i64,
    told: Told,
    round_trips: RoundTrips,
    goodput: Goodput,
}

/// What was told last: only what is different is told.
#[derive(Debug, Default)]
struct Told {
    in_flight: Option<u64>,
    window: Option<u32>,
    congestion_window: Option<u32>,
    threshold: Option<Option<u32>>,
    rtt_us: Option<u32>,
    rto_us: Option<u32>,
}

impl Default for End {
    fn default() -> Self {
        let nowhere = (Ipv4Addr::UNSPECIFIED, 0).into();
        Self {
            local: nowhere,
            remote: nowhere,
            sent: 1,
            next: 0,
            fin: None,
            acknowledged: 0,
            told: Told::default(),
            round_trips: RoundTrips::default(),
            goodput: Goodput::default(),
        }
    }
}

/// Which connection and which end of it.
type Key = (u64, Host);

impl End {
    pub(super) fn is_between(&mut self, local: SocketAddr, remote: SocketAddr) {
        (self.local, self.remote) = (local, remote);
    }

    /// It sends a segment; `again` if any of it was sent before, `unsure` if it may have been.
    pub(super) fn sends(
        &mut self,
        t_ns: u64,
        packet: u64,
        (segment, place): (&Segment, &Place),
        (again, unsure): (bool, bool),
        key: Key,
        out: &mut Vec<Sample>,
    ) {
        let (from, takes) = (place.seq, i64::from(segment.takes()));
        let to = from + takes;
        if takes == 0 || segment.has(Flags::RST) {
            return;
        }
        let figure = Figure::Sent {
            packet,
            from,
            to,
            again,
        };
        out.push(self.sample(t_ns, figure, key));
        let syn = i64::from(segment.has(Flags::SYN));
        if segment.has(Flags::FIN) {
            self.fin = Some(to - 1);
        }
        self.sent = self.sent.max(from + syn + i64::from(segment.len));
        self.next = self.next.max(to);
        self.goodput.begins_at((from + syn).max(1));
        let value = segment.time_stamps.map(|(value, _)| value);
        self.round_trips.sent(t_ns, (from, to), value, unsure);
        self.in_flight(t_ns, key, out);
    }

    /// It has sent the segment of this number again, and the wire has swallowed that.
    pub(super) fn repeated(&mut self, from: i64) {
        self.round_trips.repeated(from);
    }

    /// Its TCP has told of its congestion control: the window and the slow start threshold, in segments.
    pub(super) fn congestion(
        &mut self,
        t_ns: u64,
        (window, threshold): (u32, Option<u32>),
        key: Key,
        out: &mut Vec<Sample>,
    ) {
        if self.told.congestion_window.replace(window) != Some(window) {
            out.push(self.sample(t_ns, Figure::CongestionWindow(window), key));
        }
        if self.told.threshold.replace(threshold) != Some(threshold) {
            out.push(self.sample(t_ns, Figure::Threshold(threshold), key));
        }
    }

    /// Its TCP has told of its times, in microseconds: the smoothed round trip, if there is one, and the retransmission time-out.
    pub(super) fn timing(
        &mut self,
        t_ns: u64,
        (rtt_us, rto_us): (Option<u32>, u32),
        key: Key,
        out: &mut Vec<Sample>,
    ) {
        let ns = |us: u32| u64::from(us) * 1000;
        if let Some(rtt_us) = rtt_us
            && self.told.rtt_us.replace(rtt_us) != Some(rtt_us)
        {
            out.push(self.sample(t_ns, Figure::SmoothedRoundTrip(ns(rtt_us)), key));
        }
        if self.told.rto_us.replace(rto_us) != Some(rto_us) {
            out.push(self.sample(t_ns, Figure::Timeout(ns(rto_us)), key));
        }
    }

    /// It hears its peer's acknowledgment, and the window where its scale is known.
    pub(super) fn hears(
        &mut self,
        t_ns: u64,
        (segment, ack, window): (&Segment, Option<i64>, Option<u32>),
        key: Key,
        out: &mut Vec<Sample>,
    ) {
        // What acknowledges something that was never sent is not believed (RFC 9293 §3.10.7.4); in a capture it may only not have
        // been seen, and then nothing of it is known.
        let Some(ack) = ack.filter(|ack| *ack <= self.next.max(self.sent)) else {
            return;
        };
        if ack > self.acknowledged {
            self.acknowledged = ack;
            out.push(self.sample(t_ns, Figure::Acknowledged(ack), key));
            let echo = segment.time_stamps.map(|(_, echo)| echo);
            if let Some((ns, by_time_stamps)) = self.round_trips.acknowledged(t_ns, ack, echo) {
                let figure = Figure::RoundTrip { ns, by_time_stamps };
                out.push(self.sample(t_ns, figure, key));
            }
            self.in_flight(t_ns, key, out);
        }
        // What an older segment says of the window is out of date (RFC 9293 §3.10.7.4, SND.WL2).
        if let Some(window) = window.filter(|_| ack == self.acknowledged)
            && self.told.window.replace(window) != Some(window)
        {
            out.push(self.sample(t_ns, Figure::Window(window), key));
        }
    }

    /// Something of what it has sent arrives; its peer expects this number next now.
    pub(super) fn arrived(
        &mut self,
        t_ns: u64,
        spans: Spans,
        expects: i64,
        key: Key,
        out: &mut Vec<Sample>,
    ) {
        let bytes_to = self.fin.map_or(expects, |fin| expects.min(fin));
        let told = self.goodput.arrived(t_ns, bytes_to, spans);
        self.rates(told, key, out);
    }

    /// Time passes.
    pub(super) fn passes(&mut self, now_ns: u64, span_ns: u64, key: Key, out: &mut Vec<Sample>) {
        let told = self.goodput.passes(now_ns, span_ns);
        self.rates(told, key, out);
    }

    /// Goodput is told of which nothing was told so far.
    pub(super) fn fits(&mut self, span_ns: u64, key: Key, out: &mut Vec<Sample>) {
        let told = self.goodput.fits(span_ns);
        self.rates(told, key, out);
    }

    fn rates(&self, told: impl IntoIterator<Item = (u64, u64)>, key: Key, out: &mut Vec<Sample>) {
        let samples = told.into_iter();
        out.extend(samples.map(|(t_ns, rate)| self.sample(t_ns, Figure::Goodput(rate), key)));
    }

    fn in_flight(&mut self, t_ns: u64, key: Key, out: &mut Vec<Sample>) {
        let bytes = u64::try_from(self.sent - self.acknowledged.max(1)).unwrap_or(0);
        if self.told.in_flight.replace(bytes) != Some(bytes) {
            out.push(self.sample(t_ns, Figure::InFlight(bytes), key));
        }
    }

    fn sample(&self, t_ns: u64, figure: Figure, (connection, at): Key) -> Sample {
        Sample {
            t_ns,
            connection,
            at,
            local: self.local,
            remote: self.remote,
            figure,
        }
    }
}
