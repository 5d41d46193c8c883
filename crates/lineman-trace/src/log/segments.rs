//! The TCP segments of a log, as they leave and as they arrive.

use std::collections::HashMap;

use lineman_proto::wire::Frame;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::TcpFlow;
use lineman_proto::wire::flow::Way;

use super::Endpoints;
use super::Event;
use super::Host;
use super::Kind;
use super::LinkType;
use super::Origin;
use super::Packet;
use super::Start;
use super::Verdict;

/// Tells when packets were sent: when their kernel says so, which may be before that was told. What a capture states is no
/// time of the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct SentClock {
    /// When the log began, in nanoseconds since 1970, if a kernel says by its clock when packets were sent.
    begun_ns: Option<u64>,
}

impl SentClock {
    /// That of a log.
    pub fn of(start: &Start) -> Self {
        let begun_ns = (start.origin == Origin::Kernel).then_some(start.utc_ns);
        Self { begun_ns }
    }

    /// When a packet was sent that an event tells of, in nanoseconds since the log began; never later than the event.
    pub fn sent_ns(self, event: &Event, packet: &Packet) -> u64 {
        let is_sent = matches!(packet.verdict, Verdict::Sent | Verdict::Repeated { .. });
        let stamp = packet.stamp_ns.filter(|_| is_sent);
        let stamped = stamp.zip(self.begun_ns);
        let sent = stamped.and_then(|(stamp, begun)| stamp.checked_sub(begun));
        sent.map_or(event.t_ns, |sent| sent.min(event.t_ns))
    }
}

/// Finds the segments in a log's events: tell it all events, in their order.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    clock: SentClock,
    link: LinkType,
    /// Those that are on the wire, by the number of their packet.
    on_wire: HashMap<u64, Segment>,
}

/// What happens to a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It leaves its sender.
    Left,
    /// It reaches the other host.
    Arrived,
    /// The wire makes a copy of it, which is a packet of its own from now on.
    Copied {
        /// That packet's number.
        copy: u64,
    },
    /// It never arrives.
    Lost,
}

/// A segment to which something happens.
#[derive(Clone, Copy, Debug)]
pub struct Passing {
    /// The number of its packet.
    pub id: u64,
    /// Who sent it.
    pub from: Host,
    /// When, in nanoseconds since the log began: when it [was sent](SentClock::sent_ns), if it leaves.
    pub t_ns: u64,
    /// It.
    pub segment: Segment,
    /// What happens.
    pub passage: Passage,
}

impl Segments {
    /// What an event tells of a segment, if it tells of one. What arrives otherwise than it was sent is given as it arrives.
    pub fn event(&mut self, event: &Event) -> Option<Passing> {
        match &event.kind {
            Kind::Start(start) => {
                (self.clock, self.link) = (SentClock::of(start), start.link);
                None
            }
            Kind::Packet(packet) => self.packet(event, packet),
            _ => None,
        }
    }

    fn packet(&mut self, event: &Event, packet: &Packet) -> Option<Passing> {
        let id = packet.id;
        let known = self.on_wire.get(&id).copied();
        let segment = self.seen(packet).or(known)?;
        let passage = match packet.verdict {
            Verdict::Sent if known.is_none() => {
                self.on_wire.insert(id, segment);
                Passage::Left
            }
            Verdict::Duplicated { copy } => {
                self.on_wire.insert(copy, segment);
                Passage::Copied { copy }
            }
            Verdict::Delivered | Verdict::Dropped => {
                self.on_wire.remove(&id);
                match packet.verdict {
                    Verdict::Delivered => Passage::Arrived,
                    _ => Passage::Lost,
                }
            }
            _ => return None,
        };
        let t_ns = match passage {
            Passage::Left => self.clock.sent_ns(event, packet),
            _ => event.t_ns,
        };
        Some(Passing {
            id,
            from: packet.from,
            t_ns,
            segment,
            passage,
        })
    }

    fn seen(&self, packet: &Packet) -> Option<Segment> {
        let bytes = packet.bytes.as_deref()?;
        let link = packet.link.unwrap_or(self.link);
        let frame = Frame::captured(link, bytes, bytes.len());
        Segment::of(&frame.with_checksum_pending(packet.checksum_pending))
    }
}

impl Passing {
    /// The host that has an end of its connection.
    pub fn host_of(&self, end: Endpoints) -> Host {
        match self.segment.from == end.local {
            true => self.from,
            false => self.from.other(),
        }
    }
}

impl Endpoints {
    /// Those of the sender of a direction of a connection.
    pub fn of(flow: &TcpFlow, way: Way) -> Self {
        let (client, server) = flow.ends();
        let (local, remote) = match way {
            Way::Forth => (client, server),
            Way::Back => (server, client),
        };
        Self {
            local,
            remote: Some(remote),
        }
    }
}
