//! What figures of TCP connections become over time: sequence numbers, bytes in flight, windows, round trips, goodput, and
//! what a kernel tells of its congestion control.
//!
//! [`Series`] is a pure function of a log, fed event by event, as the story is; what comes out are [`Sample`]s, each of
//! one end of one connection. There is one way in which each figure is found, whatever shows it:
//!
//! - A figure is what the end itself can know: what it has sent counts when it leaves, what its peer says when it arrives.
//!   In a capture both are the moment at which a packet was seen.
//! - Bytes in flight are what was sent and is not acknowledged yet (RFC 5681 §2, `FlightSize`), without SYN and FIN; what SACK
//!   names counts until it is acknowledged.
//! - A window is what the peer has said last that it has room for, scaled (RFC 7323 §2); none is told where the scale is not known.
//! - A round trip is measured from a segment to the first acknowledgment of all of it, never of one that was sent more than once
//!   (Karn's algorithm, RFC 6298 §3); where time stamps tell which of them is acknowledged, by these (RFC 7323 §4).
//! - Goodput is what has arrived in order and for the first time, without SYN and FIN, in spans of equal length. In a capture nobody
//!   sees what the receiver takes in, and what it throws away: there it is what is acknowledged for the first time.

mod end;
mod goodput;
mod round_trips;
mod spans;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::LinkType;
use lineman_proto::wire::flow::Arrival;
use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::Order;
use lineman_proto::wire::flow::Place;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::TcpFlows;

use crate::log::Absent;
use crate::log::Congestion;
use crate::log::Event;
use crate::log::Host;
use crate::log::Kind;
use crate::log::Origin;
use crate::log::Packet;
use crate::log::SentClock;
use crate::log::TcpInfo;
use crate::log::Verdict;
use crate::story::Ends;
use end::End;
use spans::Spans;

/// So many packets on their way are remembered: more than any wire holds. Of one that was forgotten nothing is told when it arrives.
const CROSSING: usize = 16_384;

/// A figure of one end of a connection, from this moment on until the next of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When, in nanoseconds since the log began. Samples of one kind and one end are in order of time.
    pub t_ns: u64,
    /// Which connection: they count from 0 in the order in which they began.
    pub connection: u64,
    /// Which end: the sender of the bytes that this is about.
    pub at: Host,
    /// Its address.
    pub local: SocketAddr,
    /// Its peer's address.
    pub remote: SocketAddr,
    /// What.
    pub figure: Figure,
}

/// A figure. Numbers count from the SYN, which is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// A segment that takes up numbers leaves.
    Sent {
        /// The packet's number in the log.
        packet: u64,
        /// Its first number.
        from: i64,
        /// The number behind its last.
        to: i64,
        /// Whether any of it was sent before.
        again: bool,
    },
    /// A segment that was told as [`Sent`](Self::Sent) does not arrive.
    Lost {
        /// The packet's number in the log.
        packet: u64,
    },
    /// All before this number is acknowledged.
    Acknowledged(i64),
    /// Bytes that are sent and not acknowledged.
    InFlight(u64),
    /// How many bytes the peer has room for behind what it has acknowledged.
    Window(u32),
    /// A round trip, in nanoseconds: of a moment, not until the next.
    RoundTrip {
        /// How long it took.
        ns: u64,
        /// Whether time stamps tell it, because numbers do not.
        by_time_stamps: bool,
    },
    /// Bytes a second that have arrived in order (in a capture: are acknowledged) for the first time, in the span of [`Series::span_ns`] that begins here.
    Goodput(u64),
    /// The congestion window, in segments, as its TCP has told.
    CongestionWindow(u32),
    /// The slow start threshold, in segments, as its TCP has told; `None` while none is set.
    Threshold(Option<u32>),
    /// The smoothed round trip, in nanoseconds, as its TCP has told.
    SmoothedRoundTrip(u64),
    /// The retransmission time-out, in nanoseconds, as its TCP has told.
    Timeout(u64),
}

/// The figures of all connections of a log, as they become.
#[derive(Debug)]
pub struct Series {
    spans: Spans,
    link: LinkType,
    clock: SentClock,
    tcp: TcpFlows,
    connections: HashMap<u64, Ends<End>>,
    crossing: BTreeMap<u64, Crossing>,
    /// What a TCP has told about the segment that it sends next.
    congestion: Ends<Option<Congestion>>,
    /// Whether the log is of captures, and no host tells what it takes in.
    is_captured: bool,
    /// When something has arrived last, if the span of it is not known to be over.
    arrived_ns: Option<u64>,
    out: Vec<Sample>,
}

/// A segment on its way.
#[derive(Clone, Copy, Debug)]
struct Crossing {
    segment: Segment,
    place: Place,
    connection: u64,
    from: Host,
}

impl Series {
    /// The length of the spans that goodput is told for, in nanoseconds, where it is not known how long a log will be.
    pub const SPAN_NS: u64 = 100_000_000;

    /// Nothing has happened yet; goodput is told in spans of so many nanoseconds, at least one.
    pub fn new(span_ns: u64) -> Self {
        Self::in_spans(Spans::Fixed(span_ns.max(1)))
    }

    /// Nothing has happened yet; goodput is told when the log ends, in spans that suit the time from its first packet to its last:
    /// after that a lab may wait for a minute. (That of a connection that leaves a crowd is told then.)
    pub fn fitted() -> Self {
        Self::in_spans(Spans::Fitted(None))
    }

    fn in_spans(spans: Spans) -> Self {
        Self {
            spans,
            link: LinkType::ETHERNET,
            clock: SentClock::default(),
            tcp: TcpFlows::new(),
            connections: HashMap::new(),
            crossing: BTreeMap::new(),
            congestion: Ends::default(),
            is_captured: false,
            arrived_ns: None,
            out: Vec::new(),
        }
    }

    /// All samples of a log that is there as a whole, as [`fitted`](Self::fitted) tells them.
    pub fn of(events: &[Event]) -> (Self, Vec<Sample>) {
        let mut series = Self::fitted();
        let mut samples: Vec<Sample> = events.iter().flat_map(|it| series.push(it)).collect();
        samples.extend(series.finish());
        (series, samples)
    }

    /// How long the spans are that goodput is told for, in nanoseconds.
    pub fn span_ns(&self) -> u64 {
        self.spans.ns()
    }

    /// Takes an event, and gives what it tells.
    pub fn push(&mut self, event: &Event) -> Vec<Sample> {
        match &event.kind {
            Kind::Start(start) => {
                (self.clock, self.link) = (SentClock::of(start), start.link);
                self.is_captured = start.captures.is_some();
                if start.origin == Origin::Simulated {
                    self.tcp.discard_early_fins();
                }
            }
            Kind::Packet(packet) => {
                self.spans.see(event.t_ns);
                self.packet(event, packet);
            }
            Kind::Congestion(told) => self.congestion[told.host] = Some(told.clone()),
            Kind::TcpInfo(info) => self.info(event.t_ns, info),
            _ => {}
        }
        std::mem::take(&mut self.out)
    }

    /// When [`idle`](Self::idle) tells of the last span in which something has arrived, unless something happens before.
    pub fn due_ns(&self) -> Option<u64> {
        let Spans::Fixed(span_ns) = self.spans else {
            return None;
        };
        let span = self.arrived_ns? / span_ns;
        Some(span.saturating_add(1).saturating_mul(span_ns))
    }

    /// Nothing has arrived until `now_ns`: goodput of spans that are over by then.
    pub fn idle(&mut self, now_ns: u64) -> Vec<Sample> {
        let Spans::Fixed(span_ns) = self.spans else {
            return Vec::new();
        };
        if self.due_ns().is_some_and(|due_ns| due_ns <= now_ns) {
            self.arrived_ns = None;
        }
        for (connection, ends) in &mut self.connections {
            for at in [Host::Client, Host::Server] {
                ends[at].passes(now_ns, span_ns, (*connection, at), &mut self.out);
            }
        }
        std::mem::take(&mut self.out)
    }

    /// The log has ended.
    pub fn finish(&mut self) -> Vec<Sample> {
        if let Spans::Fixed(_) = self.spans {
            return self.idle(u64::MAX);
        }
        let mut all: Vec<u64> = self.connections.keys().copied().collect();
        all.sort_unstable();
        all.into_iter().for_each(|id| self.fits(id));
        std::mem::take(&mut self.out)
    }

    /// Tells the goodput of a connection of which it is told in the end.
    fn fits(&mut self, id: u64) {
        let span_ns = self.spans.ns();
        let Some(ends) = self.connections.get_mut(&id) else {
            return;
        };
        for at in [Host::Client, Host::Server] {
            ends[at].fits(span_ns, (id, at), &mut self.out);
        }
    }

    fn packet(&mut self, event: &Event, packet: &Packet) {
        let t_ns = event.t_ns;
        match packet.verdict {
            Verdict::Sent if self.crossing.contains_key(&packet.id) => {} // a copy that the wire has made
            Verdict::Sent => {
                self.sent(self.clock.sent_ns(event, packet), packet);
            }
            // Only its receiver's capture has it: its sender has not sent it.
            Verdict::Captured if packet.absent == Some(Absent::Unsent) => {}
            Verdict::Captured => {
                self.is_captured = true;
                self.sent(t_ns, packet);
                let is_acknowledged = packet.absent == Some(Absent::Acknowledged);
                match packet.at == Some(packet.from) && !is_acknowledged {
                    true => _ = self.crossing.remove(&packet.id), // nobody knows whether it arrives
                    false => self.arrived(t_ns, packet.id, None),
                }
            }
            Verdict::Delivered => self.arrived(t_ns, packet.id, packet.bytes.as_deref()),
            Verdict::Dropped => self.lost(t_ns, packet.id),
            Verdict::Duplicated { copy } => {
                if let Some(crossing) = self.crossing.get(&packet.id).copied() {
                    self.remember(copy, crossing);
                }
            }
            Verdict::Repeated { .. } => {
                if let Some(it) = self.crossing.get(&packet.id)
                    && let Some(ends) = self.connections.get_mut(&it.connection)
                {
                    ends[packet.from].repeated(it.place.seq);
                }
            }
            Verdict::Held => {}
        }
    }

    /// What a TCP knows of a connection of which packets were seen.
    fn info(&mut self, t_ns: u64, info: &TcpInfo) {
        let (local, remote) = (info.socket.local, info.socket.remote);
        let known = remote.and_then(|remote| self.tcp.between(local, remote));
        let id = known.map(|(id, _)| id.0);
        if let Some((id, ends)) = id.and_then(|id| Some((id, self.connections.get_mut(&id)?))) {
            let end = &mut ends[info.host];
            let key = (id, info.host);
            end.congestion(t_ns, (info.cwnd, info.ssthresh), key, &mut self.out);
            end.timing(t_ns, (info.rtt_us, info.rto_us), key, &mut self.out);
        }
    }

    fn sent(&mut self, t_ns: u64, packet: &Packet) {
        let bytes = packet.bytes.as_deref().unwrap_or_default();
        let wire_len = packet.wire_len.and_then(|len| usize::try_from(len).ok());
        let wire_len = wire_len.map_or(bytes.len(), |len| len.max(bytes.len()));
        let frame = Frame::captured(packet.link.unwrap_or(self.link), bytes, wire_len)
            .with_checksum_pending(packet.checksum_pending);
        let Some(segment) = Segment::of(&frame) else {
            return;
        };
        let Some(sent) = self.tcp.sent(packet.id, t_ns, &segment) else {
            return;
        };
        if let Some(left) = self.tcp.take_left() {
            self.fits(left.id.0);
            self.connections.remove(&left.id.0);
        }
        let Some((id, _)) = self.tcp.between(segment.from, segment.to) else {
            return;
        };
        let ends = self.connections.entry(id.0).or_default();
        let end = &mut ends[packet.from];
        end.is_between(segment.from, segment.to);
        let again = sent.again.is_some_and(|again| again.cause != Cause::Probed);
        // What comes late may have been sent before where nobody saw it.
        let unsure = sent.again.is_some() || sent.order == Order::Late;
        let key = (id.0, packet.from);
        end.sends(
            t_ns,
            packet.id,
            (&segment, &sent.place),
            (again, unsure),
            key,
            &mut self.out,
        );
        if let Some(told) = self.congestion[packet.from].take() {
            end.congestion(t_ns, (told.window, told.threshold), key, &mut self.out);
        }
        if self.is_captured {
            self.acknowledges(t_ns, packet.from, &segment);
        }
        let crossing = Crossing {
            segment,
            place: sent.place,
            connection: id.0,
            from: packet.from,
        };
        self.remember(packet.id, crossing);
    }

    /// What its peer has sent, an end acknowledges: it has taken that in.
    fn acknowledges(&mut self, t_ns: u64, from: Host, segment: &Segment) {
        let Some((id, flow)) = self.tcp.between(segment.from, segment.to) else {
            return;
        };
        let acknowledged = flow.way(segment).map(|way| flow.acknowledged(way.other()));
        let Some((to, ends)) = acknowledged.zip(self.connections.get_mut(&id.0)) else {
            return;
        };
        let peer = from.other();
        self.arrived_ns = Some(t_ns);
        ends[peer].arrived(t_ns, self.spans, to, (id.0, peer), &mut self.out);
    }

    fn remember(&mut self, id: u64, crossing: Crossing) {
        self.crossing.insert(id, crossing);
        if self.crossing.len() > CROSSING {
            self.crossing.pop_first();
        }
    }

    /// A packet reaches its receiver; with other bytes than it was sent with, if these are named.
    fn arrived(&mut self, t_ns: u64, id: u64, altered: Option<&[u8]>) {
        let Some(it) = self.crossing.remove(&id) else {
            return;
        };
        let altered = altered.map(|bytes| {
            let frame = Frame::captured(self.link, bytes, bytes.len());
            Segment::of(&frame)
        });
        let Some(segment) = altered.unwrap_or(Some(it.segment)) else {
            return;
        };
        let delivered = self.tcp.delivered(t_ns, &segment);
        let Some((id, flow)) = self.tcp.between(segment.from, segment.to) else {
            return;
        };
        let taken = delivered.is_some_and(|it| {
            !matches!(
                it.arrival,
                Arrival::Damaged | Arrival::Gone | Arrival::Stale | Arrival::OldAck
            )
        });
        // What is not as it was sent has no place in its sender's numbers, and a reset says nothing of bytes.
        if !taken || id.0 != it.connection || altered.is_some() || segment.has(Flags::RST) {
            return;
        }
        let Some(way) = flow.way(&segment) else {
            return;
        };
        let (expects, knows_scale) = (flow.expects(way), flow.knows_window_scale());
        let Some(ends) = self.connections.get_mut(&id.0) else {
            return;
        };
        let (from, to) = (it.from, it.from.other());
        let sender = &mut ends[from];
        self.arrived_ns = Some(t_ns);
        if !self.is_captured {
            sender.arrived(t_ns, self.spans, expects, (id.0, from), &mut self.out);
        }
        let window = knows_scale.then_some(it.place.window);
        ends[to].hears(
            t_ns,
            (&segment, it.place.ack, window),
            (id.0, to),
            &mut self.out,
        );
    }

    fn lost(&mut self, t_ns: u64, id: u64) {
        let Some(it) = self.crossing.remove(&id) else {
            return;
        };
        if it.segment.takes() > 0 {
            self.out.push(Sample {
                t_ns,
                connection: it.connection,
                at: it.from,
                local: it.segment.from,
                remote: it.segment.to,
                figure: Figure::Lost { packet: id },
            });
        }
    }
}

impl Default for Series {
    fn default() -> Self {
        Self::new(Self::SPAN_NS)
    }
}
