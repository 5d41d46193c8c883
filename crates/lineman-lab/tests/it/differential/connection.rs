//! What is known of each connection beside its states: what explains that a state differs.

use std::collections::HashMap;
use std::collections::HashSet;
use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::FlowId;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::TcpFlow;
use lineman_proto::wire::flow::TcpFlows;
use lineman_trace::log::Answer;
use lineman_trace::log::Counter;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use lineman_trace::log::Passage;
use lineman_trace::log::Passing;
use lineman_trace::log::Segments;
use lineman_trace::log::State;
use lineman_trace::log::TcpState;

/// A state as the kernel has told it.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    pub state: TcpState,
    pub before: Option<TcpState>,
    /// How long that lasted.
    pub lasted_ns: u64,
    /// When what has caused it was told, if it is known; it is no later than when the state was.
    pub since_ns: u64,
    pub t_ns: u64,
    pub cause: Option<u64>,
    /// Whether its program was closing it when the kernel was asked: the call had begun, and not returned.
    pub closing: bool,
}

/// From whom to whom.
type Direction = (SocketAddr, SocketAddr);

/// A segment that a host has sent, as far as it explains something.
#[derive(Clone, Copy, Debug)]
pub struct Departure {
    pub n: u64,
    pub t_ns: u64,
    pub flags: Flags,
}

/// What an end has done so far in a connection.
#[derive(Clone, Debug, Default)]
pub struct Acts {
    /// Whether its FIN has left.
    pub fin: bool,
    /// The number of its last SYN.
    pub syn_seq: Option<u32>,
    /// When a SYN of the peer's came last, that asks to open.
    pub asked_ns: u64,
    pub syns: u32,
    pub syn_acks: u32,
    /// Segments that are neither SYN nor SYN-ACK.
    pub others: u32,
    /// Whether the kernel was in CLOSING before its FIN had left.
    pub closing_unsaid: bool,
    /// When the packet of its left that has arrived last.
    pub seen_left_ns: u64,
    /// The highest number of a packet of its that has arrived, and whether one arrived behind a later one.
    pub arrived: u64,
    pub overtaken: bool,
    /// Whether one arrived that ends before what its receiver had acknowledged by then.
    pub came_too_old: bool,
    /// What it has acknowledged last.
    pub acknowledged: Option<u32>,
    /// Whether a FIN of its was lost: those who see the next one take it for the first.
    pub fin_lost: bool,
    /// How often in a row it has sent again what it had sent before.
    pub repeats: u32,
    /// When it sent last what is to be acknowledged: an ACK does not begin its timer anew.
    pub sent_ns: u64,
    /// What has left and not arrived: number, behind its last number, its ACK, and whether it is a reset.
    pub missing: HashMap<u64, Missing>,
}

#[derive(Clone, Copy, Debug)]
pub struct Missing {
    pub seq: u32,
    pub end: u32,
    pub ack: Option<u32>,
    pub reset: bool,
    pub fin: bool,
    pub segment: Segment,
}

/// All connections of a log.
#[derive(Debug, Default)]
pub struct Connections {
    /// What leaves when, of the whole log.
    departures: HashMap<Direction, Vec<Departure>>,
    /// A tracker that sees everything.
    flows: TcpFlows,
    acts: HashMap<(FlowId, SocketAddr), Acts>,
    seen: HashMap<Direction, u64>,
    /// Deliveries at which the kernel said that a listener had no room.
    overflows: HashSet<u64>,
    /// Connections that met such a listener.
    overflowed: HashSet<Direction>,
    /// When packets left, by their numbers.
    left_ns: HashMap<u64, u64>,
    /// When they arrived, of the whole log.
    arrived_ns: HashMap<u64, u64>,
    /// What the kernel tells of each socket, and the event that has caused it, by the numbers of the events, of the whole log.
    told: HashMap<Direction, Vec<(u64, Option<u64>, TcpState)>>,
    /// The states that the kernel tells of each socket, with their times, of the whole log.
    life: HashMap<Direction, Vec<(u64, TcpState)>>,
    /// The states that the kernel has told of each socket, with their times.
    states: HashMap<(SocketAddr, SocketAddr), Vec<(u64, TcpState)>>,
    /// The numbers of segments, by the events that tell of their deliveries.
    delivered_seq: HashMap<u64, u32>,
    /// Listeners that were closed.
    closed: HashSet<SocketAddr>,
    /// The names of calls, by the numbers of their events.
    calls: HashMap<u64, String>,
    /// The addresses that descriptors were bound to.
    bound: HashMap<(Host, i32), SocketAddr>,
    /// The addresses of the sockets that are being closed.
    closing: HashSet<SocketAddr>,
}

impl Connections {
    /// With what the whole log tells of departures.
    pub fn of(events: &[Event]) -> Self {
        let mut all = Self::default();
        let mut segments = Segments::default();
        for event in events {
            if let Kind::Counted(counted) = &event.kind
                && counted.counter == Counter::ListenOverflows
            {
                all.overflows.extend(counted.cause);
            }
            if let Kind::State(state) = &event.kind
                && let Some(remote) = state.socket.remote
                && state.origin == Origin::Kernel
            {
                let of = all.told.entry((state.socket.local, remote));
                of.or_default().push((event.n, state.cause, state.to));
                let of = all.life.entry((state.socket.local, remote));
                of.or_default().push((event.t_ns, state.to));
            }
            let Some(it) = segments.event(event) else {
                continue;
            };
            match it.passage {
                Passage::Left => {
                    let of = all.departures.entry((it.segment.from, it.segment.to));
                    of.or_default().push(Departure {
                        n: event.n,
                        t_ns: it.t_ns,
                        flags: it.segment.flags,
                    });
                }
                Passage::Arrived => {
                    all.arrived_ns.entry(it.id).or_insert(it.t_ns);
                }
                Passage::Copied { .. } | Passage::Lost => {}
            }
        }
        all
    }

    pub fn changed(&mut self, t_ns: u64, state: &State) {
        let Some(remote) = state.socket.remote else {
            if state.to == TcpState::Closed {
                self.closed.insert(state.socket.local);
            }
            return;
        };
        let states = self.states.entry((state.socket.local, remote)).or_default();
        states.push((t_ns, state.to));
        if let Some(flow) = self.flow_id(state.socket.local, remote) {
            let acts = self.acts.entry((flow, state.socket.local)).or_default();
            acts.closing_unsaid |= state.to == TcpState::Closing && !acts.fin;
        }
    }

    pub fn hear(&mut self, event: &Event) {
        let Kind::Call(call) = &event.kind else {
            return;
        };
        self.calls.insert(event.n, call.name.clone());
        let Some(socket) = call.fd.map(|fd| (call.host, fd)) else {
            return;
        };
        match (call.name.as_str(), &call.answer) {
            ("bind", Some(Answer::Value(_))) => {
                let address = call.address();
                self.bound.extend(address.map(|address| (socket, address)));
            }
            ("close" | "shutdown", None) => self.closing.extend(self.bound.get(&socket)),
            ("close" | "shutdown", Some(_)) => {
                if let Some(address) = self.bound.get(&socket) {
                    self.closing.remove(address);
                }
            }
            _ => {}
        }
    }

    /// Whether the program of a socket is closing it.
    pub fn is_closing(&self, local: SocketAddr) -> bool {
        self.closing.contains(&local)
    }

    pub fn sent(&mut self, it: &Passing) {
        let Passing {
            id, t_ns, segment, ..
        } = it;
        let (id, t_ns) = (*id, *t_ns);
        self.left_ns.insert(id, t_ns);
        let before = self.flow_id(segment.from, segment.to);
        let sent = self.flows.sent(id, t_ns, segment);
        let Some(flow) = self.flow_id(segment.from, segment.to) else {
            return;
        };
        if let Some(before) = before.filter(|before| *before != flow) {
            self.goes_on(before, flow, segment);
        }
        let acts = self.acts.entry((flow, segment.from)).or_default();
        let syn = segment.has(Flags::SYN);
        acts.syns += u32::from(syn && !segment.has(Flags::ACK));
        acts.syn_acks += u32::from(syn && segment.has(Flags::ACK));
        acts.others += u32::from(!syn);
        let begins = syn && acts.syn_seq.replace(segment.seq) != Some(segment.seq);
        acts.fin = segment.has(Flags::FIN) || acts.fin && !begins;
        if segment.has(Flags::ACK) {
            acts.acknowledged = Some(segment.ack);
        }
        if segment.takes() > 0 {
            let again = sent.is_some_and(|sent| sent.again.is_some());
            acts.repeats = if again { acts.repeats + 1 } else { 0 };
            acts.sent_ns = t_ns;
        }
        let missing = Missing {
            seq: segment.seq,
            end: segment.seq.wrapping_add(segment.takes()),
            ack: segment.has(Flags::ACK).then_some(segment.ack),
            reset: segment.has(Flags::RST),
            fin: segment.has(Flags::FIN),
            segment: *segment,
        };
        acts.missing.insert(id, missing);
    }

    /// A new connection has begun between the same ports: what is on its way from the one before may come in this one.
    fn goes_on(&mut self, before: FlowId, flow: FlowId, segment: &Segment) {
        for end in [segment.from, segment.to] {
            let missing = self.acts.get(&(before, end)).map(|acts| &acts.missing);
            let missing = missing.cloned().unwrap_or_default();
            self.acts.entry((flow, end)).or_default().missing = missing;
        }
    }

    /// `n` is the event that tells of it.
    pub fn delivered(&mut self, n: u64, it: &Passing) {
        let Passing { id, segment, .. } = it;
        self.flows.delivered(it.t_ns, segment);
        self.delivered_seq.insert(n, segment.seq);
        let left_ns = self.left_ns.get(id).copied().unwrap_or(it.t_ns);
        if self.overflows.contains(&n) {
            self.overflowed.insert((segment.to, segment.from));
        }
        let Some(flow) = self.flow_id(segment.from, segment.to) else {
            return;
        };
        if segment.has(Flags::SYN) && !segment.has(Flags::ACK) {
            self.acts.entry((flow, segment.to)).or_default().asked_ns = it.t_ns;
        }
        let receiver = self.acts.get(&(flow, segment.to));
        let acknowledged = receiver.and_then(|receiver| receiver.acknowledged);
        let end = segment.seq.wrapping_add(segment.takes());
        let is_before = |acked: u32| end != acked && acked.wrapping_sub(end) < 1 << 31;
        let acts = self.acts.entry((flow, segment.from)).or_default();
        acts.came_too_old |= segment.has(Flags::ACK) && acknowledged.is_some_and(is_before);
        acts.missing.remove(id);
        acts.seen_left_ns = acts.seen_left_ns.max(left_ns);
        acts.overtaken |= *id < acts.arrived;
        acts.arrived = acts.arrived.max(*id);
        // What says as much makes good for what was lost.
        let is_newer = |than: u32, it: u32| it.wrapping_sub(than) < 1 << 31;
        acts.missing.retain(|_, it| {
            let said = it
                .ack
                .is_none_or(|ack| segment.has(Flags::ACK) && is_newer(ack, segment.ack));
            let covered =
                it.seq == it.end || is_newer(segment.seq, it.seq) && is_newer(it.end, end);
            let stays = it.reset || !said || !covered;
            acts.fin_lost |= it.fin && !stays;
            stays
        });
    }

    pub fn dropped(&mut self, segment: &Segment) {
        if let Some(flow) = self.flow_id(segment.from, segment.to) {
            let acts = self.acts.entry((flow, segment.from)).or_default();
            acts.fin_lost |= segment.has(Flags::FIN);
        }
    }

    /// Counts a packet between two ends that a capture could see.
    pub fn count(&mut self, segment: &Segment) -> u64 {
        let ends = (segment.from.min(segment.to), segment.from.max(segment.to));
        let seen = self.seen.entry(ends).or_default();
        *seen += 1;
        *seen
    }

    pub fn acts(&self, local: SocketAddr, remote: SocketAddr) -> Option<&Acts> {
        let flow = self.flow_id(local, remote)?;
        self.acts.get(&(flow, local))
    }

    /// What the tracker knows that sees everything.
    pub fn flow(&self, local: SocketAddr, remote: SocketAddr) -> Option<&TcpFlow> {
        self.flows.between(local, remote).map(|(_, flow)| flow)
    }

    fn flow_id(&self, local: SocketAddr, remote: SocketAddr) -> Option<FlowId> {
        self.flows.between(local, remote).map(|(id, _)| id)
    }

    /// What an end has sent up to an event, and after it.
    fn departures_around(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
        n: u64,
    ) -> (&[Departure], &[Departure]) {
        let all = self.departures.get(&(local, remote));
        let all = all.map_or(&[][..], |all| all.as_slice());
        all.split_at(all.partition_point(|it| it.n <= n))
    }

    /// What an end sends after an event, in order.
    pub fn next(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
        n: u64,
    ) -> impl Iterator<Item = Departure> {
        self.departures_around(local, remote, n).1.iter().copied()
    }

    /// What an end has sent up to an event, the last first.
    pub fn left_by(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
        n: u64,
    ) -> impl Iterator<Item = Departure> {
        let (before, _) = self.departures_around(local, remote, n);
        before.iter().rev().copied()
    }

    /// Whether a listener had no room for a connection of this end.
    pub fn has_overflowed(&self, local: SocketAddr, remote: SocketAddr) -> bool {
        self.overflowed.contains(&(local, remote))
    }

    /// A copy has left when the packet did of which it is one.
    pub fn copied(&mut self, id: u64, copy: u64) {
        if let Some(left_ns) = self.left_ns.get(&id).copied() {
            self.left_ns.insert(copy, left_ns);
        }
    }

    /// When a packet left.
    pub fn left_ns(&self, id: u64) -> u64 {
        self.left_ns.get(&id).copied().unwrap_or(u64::MAX)
    }

    /// The states that a socket was in since then; the one that it was in then comes first.
    pub fn states_since(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
        t_ns: u64,
    ) -> impl Iterator<Item = TcpState> {
        let states = self.states.get(&(local, remote));
        let states = states.map_or(&[][..], |states| states.as_slice());
        let then = states.partition_point(|(told_ns, _)| *told_ns <= t_ns);
        let first = then
            .checked_sub(1)
            .map_or(TcpState::Closed, |at| states[at].1);
        [first]
            .into_iter()
            .chain(states[then..].iter().map(|(_, state)| *state))
    }

    /// The states that a socket was in, is, or will be in from one time to another.
    pub fn states_between(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
        (from_ns, to_ns): (u64, u64),
    ) -> impl Iterator<Item = TcpState> {
        let life = self.life.get(&(local, remote));
        let life = life.map_or(&[][..], |life| life.as_slice());
        let first = life.partition_point(|(told_ns, _)| *told_ns <= from_ns);
        let last = life.partition_point(|(told_ns, _)| *told_ns <= to_ns);
        let then = first
            .checked_sub(1)
            .map_or(TcpState::Closed, |at| life[at].1);
        let between = life[first..last.max(first)].iter().map(|(_, state)| *state);
        [then].into_iter().chain(between)
    }

    /// The next state that the kernel tells of a socket after an event, and the event that has caused it, if that is known.
    pub fn next_told(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
        n: u64,
    ) -> Option<(u64, TcpState)> {
        let told = self.told.get(&(local, remote))?;
        let (_, cause, state) = told.get(told.partition_point(|(at, ..)| *at <= n))?;
        Some(((*cause)?, *state))
    }

    /// When a packet arrives, if it does.
    pub fn arrives_ns(&self, id: u64) -> Option<u64> {
        self.arrived_ns.get(&id).copied()
    }

    /// The number of the segment whose delivery an event tells of.
    pub fn delivered_seq(&self, n: u64) -> Option<u32> {
        self.delivered_seq.get(&n).copied()
    }

    /// Whether a program that listened at this address does so no more.
    pub fn has_stopped_listening(&self, local: SocketAddr) -> bool {
        self.closed.contains(&local)
    }

    /// The call that an event is about.
    pub fn call(&self, n: u64) -> Option<&str> {
        self.calls.get(&n).map(String::as_str)
    }
}
