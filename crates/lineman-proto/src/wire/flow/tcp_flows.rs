//! All connections of a network or of a capture.

use std::collections::HashMap;
use std::net::IpAddr;
use std::net::SocketAddr;

use super::Delivered;
use super::Segment;
use super::Sent;
use super::SlotId;
use super::Slots;
use super::TcpFlow;

/// How many connections are remembered where nobody says otherwise: more than a lab has, and a few
/// megabytes.
const MEMORY: usize = 4096;

/// The connections, each found by its two ends. Memory is bounded: where one too many begins, the one
/// that was idle for longest leaves.
///
/// A connection begins with the first segment between two ends, and a new one with each SYN between the same
/// ends that has another number: the ports are used again. The one before leaves then.
#[derive(Debug)]
pub struct TcpFlows {
    by_ends: HashMap<Ends, SlotId>,
    slots: Slots<Known>,
    begun: u64,
    /// The one that was heard of last: segments come in trains.
    last: Option<SlotId>,
    left: Option<Left>,
    discards_early_fins: bool,
}

/// Which connection: they count from 0 in the order in which they began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub u64);

/// A connection that is not followed any more.
#[derive(Clone, Debug)]
pub struct Left {
    /// Which.
    pub id: FlowId,
    /// As it was when it left.
    pub flow: TcpFlow,
    /// Why.
    pub why: Leaving,
}

/// Why a connection is not followed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// A new connection has begun between the same two ends.
    PortsReused,
    /// Others needed its place, and it was idle for longest. It need not have ended.
    Idlest,
}

/// What was found about a segment that was seen once, and counts as delivered.
#[derive(Clone, Copy, Debug)]
pub struct Captured {
    /// Its connection.
    pub id: FlowId,
    /// As it was sent.
    pub sent: Sent,
    /// As it was delivered.
    pub delivered: Delivered,
}

/// The lower address first: both directions are one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ends([(IpAddr, u16); 2]);

/// A connection that is followed.
#[derive(Debug)]
struct Known {
    ends: Ends,
    id: FlowId,
    flow: TcpFlow,
}

impl Default for TcpFlows {
    fn default() -> Self {
        Self::with_limit(MEMORY)
    }
}

impl TcpFlows {
    /// Knowing none.
    pub fn new() -> Self {
        Self::default()
    }

    /// Knowing none, and never more than so many, at least one.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            by_ends: HashMap::new(),
            slots: Slots::new(limit),
            begun: 0,
            last: None,
            left: None,
            discards_early_fins: false,
        }
    }

    /// The ends discard a FIN that comes before something that is missing, as smoltcp does; RFC 9293 §3.10.7.4 has them keep it.
    pub fn discard_early_fins(&mut self) {
        self.discards_early_fins = true;
    }

    /// The connection that a segment belongs to, if it is known.
    pub fn get(&self, segment: &Segment) -> Option<&TcpFlow> {
        let (_, flow) = self.between(segment.from, segment.to)?;
        Some(flow)
    }

    /// The connection between two ends, whichever is named first, if it is known, and its number.
    pub fn between(&self, one: SocketAddr, other: SocketAddr) -> Option<(FlowId, &TcpFlow)> {
        let at = *self.by_ends.get(&Ends::between(one, other))?;
        let Known { id, flow, .. } = self.slots.get(at)?;
        Some((*id, flow))
    }

    /// Those that are followed now, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (FlowId, &TcpFlow)> {
        self.slots.iter().map(|known| (known.id, &known.flow))
    }

    /// A segment was sent; `id` is what later segments will call it that repeat it.
    pub fn sent(&mut self, id: u64, now_ns: u64, segment: &Segment) -> Option<Sent> {
        self.begin(segment)?.flow.sent(id, now_ns, segment)
    }

    /// What a segment would be that its sender has not sent: nothing of that is noted. `None` where no connection is known that it
    /// would belong to.
    pub fn would_send(&self, segment: &Segment) -> Option<Sent> {
        let mut flow = self.get(segment)?.clone();
        let (_, last_ns) = flow.seen_ns()?;
        flow.sent(0, last_ns, segment)
    }

    /// A segment was sent of which nobody knows whether it arrives: the state that it would change is not known any more.
    pub fn may_arrive(&mut self, segment: &Segment) {
        let at = self.find(segment);
        if let Some(known) = self.slots.get_mut(at) {
            known.flow.may_arrive(segment);
        }
    }

    /// A segment was delivered, as it arrived.
    pub fn delivered(&mut self, now_ns: u64, segment: &Segment) -> Option<Delivered> {
        let at = self.find(segment);
        let flow = &mut self.slots.get_mut(at)?.flow;
        match self.discards_early_fins && flow.is_early_fin(segment) {
            true => flow.delivered_without_fin(now_ns, segment),
            false => flow.delivered(now_ns, segment),
        }
    }

    /// A segment was seen: it was sent, and counts as delivered.
    pub fn captured(&mut self, id: u64, now_ns: u64, segment: &Segment) -> Option<Captured> {
        let known = self.begin(segment)?;
        let (sent, delivered) = known.flow.captured(id, now_ns, segment)?;
        Some(Captured {
            id: known.id,
            sent,
            delivered,
        })
    }

    /// The connection that has left with the segment that was told last, if one has. It is forgotten with the
    /// next one that leaves: ask after each segment.
    pub fn take_left(&mut self) -> Option<Left> {
        self.left.take()
    }

    /// As [`find`](Self::find), for a segment that may begin a new connection between known ends.
    fn begin(&mut self, segment: &Segment) -> Option<&mut Known> {
        let at = self.find(segment);
        let known = self.slots.get_mut(at)?;
        if known.flow.is_succeeded_by(segment) {
            self.left = Some(Left {
                id: std::mem::replace(&mut known.id, FlowId(self.begun)),
                flow: std::mem::replace(&mut known.flow, TcpFlow::new(segment)),
                why: Leaving::PortsReused,
            });
            self.begun += 1;
        }
        Some(known)
    }

    /// Where the connection is that a segment belongs to, which is the newest now; a new one, if there is none.
    fn find(&mut self, segment: &Segment) -> SlotId {
        let ends = Ends::between(segment.from, segment.to);
        let is_it = |at: &SlotId| self.slots.get(*at).is_some_and(|known| known.ends == ends);
        if let Some(at) = self.last.filter(is_it) {
            return at;
        }
        let at = match self.by_ends.get(&ends) {
            Some(at) => *at,
            None => self.add(ends, segment),
        };
        self.slots.used(at);
        self.last = Some(at);
        at
    }

    /// Makes a new connection; the idlest leaves if there is no room.
    fn add(&mut self, ends: Ends, segment: &Segment) -> SlotId {
        if let Some(Known { ends, id, flow }) = self.slots.make_room() {
            self.by_ends.remove(&ends);
            let why = Leaving::Idlest;
            self.left = Some(Left { id, flow, why });
        }
        let id = FlowId(self.begun);
        self.begun += 1;
        let flow = TcpFlow::new(segment);
        let at = self.slots.add(Known { ends, id, flow });
        self.by_ends.insert(ends, at);
        at
    }
}

impl Ends {
    fn between(one: SocketAddr, other: SocketAddr) -> Self {
        let [one, other] = [one, other].map(|end| (end.ip(), end.port()));
        Self(if one <= other {
            [one, other]
        } else {
            [other, one]
        })
    }
}
