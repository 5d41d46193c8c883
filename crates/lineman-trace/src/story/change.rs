//! A change of a socket's state, told or deduced, and the row that it belongs to.

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::EndState;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::Source;

use super::Arrow;
use super::Known;
use super::Story;
use super::assemble::TOGETHER_NS;
use super::pending::Open;
use super::sending::Sends;
use super::sending::Toward;
use super::sockets::of_packet;
use crate::log::Endpoints;
use crate::log::Event;
use crate::log::Host;
use crate::log::Origin;
use crate::log::State;
use crate::log::TcpState;

/// A socket of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Socket {
    pub(super) host: Host,
    pub(super) ends: Endpoints,
}

/// A change of a socket's state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) socket: Socket,
    pub(super) to: TcpState,
    pub(super) known: Known,
    /// Whether the log tells of it; else it follows from the packet of its row.
    pub(super) told: bool,
    /// Whether the log tells of no state of this host: then what is deduced counts.
    pub(super) alone: bool,
}

impl Change {
    fn told(state: &State) -> Self {
        Self {
            socket: Socket {
                host: state.host,
                ends: state.socket,
            },
            to: state.to,
            known: match state.origin {
                Origin::Kernel => Known::Kernel,
                Origin::Simulated => Known::Simulated,
                Origin::Inferred => Known::Deduced,
            },
            told: true,
            alone: false,
        }
    }

    /// Whether the log tells that a socket of `host` has come into `state`.
    pub(super) fn is_told_of(&self, host: Host, state: TcpState) -> bool {
        self.told && self.socket.host == host && self.to == state
    }

    fn deduced(socket: Socket, end: EndState, alone: bool) -> Self {
        Self {
            socket,
            to: end.state,
            known: match end.source {
                Source::Kernel | Source::Deduced => Known::Deduced,
                Source::Contradicted => Known::Contradicted,
            },
            told: false,
            alone,
        }
    }
}

impl Story {
    /// A TCP has told of a state: that belongs to the row of the packet that made it, or of the call.
    pub(super) fn state(&mut self, event: &Event, state: &State) {
        self.descriptors.state(state);
        let change = Change::told(state);
        self.connections.note(change.socket, event.t_ns);
        self.asked.insert(state.socket.local.ip());
        for open in &mut self.pending {
            if open.waits_for(change.socket) {
                open.waits[state.host] = None; // it comes before this one, wherever its packet is
            }
        }
        let ended = self.ended[state.host];
        let place = self.place(event, state, &change);
        // What is still on its way to this host will find it so.
        for open in self.pending.range_mut(..place) {
            open.departs_if(|arrow| arrow.from != state.host);
        }
        let open = &mut self.pending[place];
        open.touch(event);
        open.changes.push(change);
        open.ended[state.host] |= state.cause.is_some() && state.cause == ended;
    }

    fn place(&mut self, event: &Event, state: &State, change: &Change) -> usize {
        let (host, made) = (state.host, self.made(state));
        if is_own_act(state.to) {
            let acts = |open: &Open| acts(open, host, state.to);
            // The call that it comes of, if that waits for its packet.
            let waits = |open: &Open| {
                let waits = open.row.arrow.is_none() && open.rests(event.t_ns) < TOGETHER_NS;
                let peer = state.socket.remote;
                let fits = match open.toward[host] {
                    Toward::Peer {
                        peer: toward,
                        local,
                    } => {
                        let own = local.is_none_or(|local| local == state.socket.local);
                        peer.is_none_or(|peer| own && peer == toward)
                    }
                    Toward::Unknown => true,
                    Toward::Nobody => false,
                };
                waits && fits && acts(open)
            };
            let place = made.filter(|at| acts(&self.pending[*at]));
            let place = place.or_else(|| self.pending.iter().rposition(waits));
            let place = place.unwrap_or_else(|| self.open(event));
            let open = &mut self.pending[place];
            if open.row.arrow.is_none() {
                open.waits[host] = Some(change.socket);
            }
            return place;
        }
        let arrived = |at: &usize| {
            let arrow = self.pending[*at].row.arrow.as_ref();
            arrow.is_some_and(|arrow| arrow.from != host && arrow.fate.arrives())
        };
        let place = made.filter(arrived);
        let place = place.or_else(|| self.deduced(change)).or(made);
        place.unwrap_or_else(|| {
            let fits = |open: &Open| match &open.row.arrow {
                Some(arrow) => of_packet(arrow, host) == Some(change.socket),
                None => open.row.calls[host].is_some(),
            };
            self.join(event, Some(host), fits)
        })
    }

    /// The row that shows what made a change, if it has not come out yet.
    pub(super) fn made(&self, state: &State) -> Option<usize> {
        let cause = state.cause?;
        let caused = |open: &Open| open.events.contains(&cause);
        let at = self.pending.iter().rposition(caused)?;
        let mut since = self.pending.range(at + 1..);
        // A kernel that is asked long after the last call, because its program was killed, names that call.
        let outlived = state.to == TcpState::Closed && since.any(|open| goes_on(open, state));
        (!outlived).then_some(at)
    }

    /// The row from whose packet the same follows.
    fn deduced(&self, change: &Change) -> Option<usize> {
        let same = |it: &Change| !it.told && it.socket == change.socket && it.to == change.to;
        let here = |open: &Open| open.changes.iter().any(same);
        self.pending.iter().rposition(here)
    }

    /// What follows for a host's state from the packet of a row.
    pub(super) fn follows(&mut self, place: usize, host: Host, end: Option<EndState>) {
        let Some(end) = end else { return };
        let open = &mut self.pending[place];
        let arrow = open.row.arrow.as_ref();
        if let Some(socket) = arrow.and_then(|arrow| of_packet(arrow, host)) {
            let alone = !self.all_asked && !self.asked.contains(&socket.ends.local.ip());
            open.unknown.retain(|it| *it != socket);
            open.changes.push(Change::deduced(socket, end, alone));
        }
    }

    /// Where the log tells nothing of a host, and the packet of a row shows that something was not seen, its state is not
    /// known any more: the row shows none.
    pub(super) fn forgets(&mut self, place: usize) {
        if self.all_asked {
            return;
        }
        let open = &mut self.pending[place];
        let Some(arrow) = &open.row.arrow else { return };
        let Some(segment) = arrow.seen.segment() else {
            return;
        };
        let Some(flow) = self.tcp.get(segment) else {
            return;
        };
        let Some(way) = flow.way(segment) else { return };
        let from = arrow.from;
        for (host, way) in [(from, way), (from.other(), way.other())] {
            let socket = of_packet(arrow, host);
            let alone = socket.filter(|it| !self.asked.contains(&it.ends.local.ip()));
            if flow.state(way).is_none() {
                open.unknown.extend(alone);
            }
        }
    }

    /// The packet is there that goes with a state which its sender's TCP has told of before: they are one
    /// row. Gives the place of that.
    pub(super) fn gathers(&mut self, place: usize) -> usize {
        let arrow = self.pending[place].row.arrow.as_ref();
        let Some(socket) = arrow.and_then(|arrow| of_packet(arrow, arrow.from)) else {
            return place;
        };
        let resets = arrow.is_some_and(breaks_off);
        // One that left much later was not on its way when its TCP told of the state.
        let left_ns = self.packets_left_ns(place);
        // A program may close several sockets before its kernel is asked: their states are told together, behind the last call.
        let its = |change: &Change| change.socket == socket;
        let own = |change: &Change| match resets {
            true => change.to == TcpState::Closed,
            false => is_own_act(change.to),
        };
        let told = |open: &Open| open.changes.iter().any(|it| it.told && its(it));
        let last = self.pending.iter().rposition(told);
        // It has told of nothing since, and the call of another socket is there.
        let misplaced = |at: usize, open: &Open| {
            let mut changes = open.changes.iter().filter(|it| it.told);
            let others = changes
                .clone()
                .any(|it| !its(it) && it.socket.host == socket.host);
            let mine = changes.any(|it| its(it) && own(it));
            last == Some(at) && open.row.arrow.is_none() && others && mine
        };
        let waits = |at: usize, open: &Open| {
            let awaits = !resets && open.waits_for(socket) || misplaced(at, open);
            awaits && open.rests(left_ns) < TOGETHER_NS
        };
        let mut pending = self.pending.iter().enumerate();
        let Some((at, _)) = pending.find(|(at, open)| waits(*at, open)) else {
            return place;
        };
        let waiting = &mut self.pending[at];
        if !resets && waiting.waits_for(socket) {
            waiting.waits[socket.host] = None;
        }
        if at == place {
            return place;
        }
        let its = |change: &mut Change| change.socket == socket;
        let told: Vec<Change> = waiting.changes.extract_if(.., its).collect();
        let events = waiting.events.clone();
        let empty = waiting.is_empty();
        let open = &mut self.pending[place];
        open.events.extend(events);
        open.changes.extend(told);
        if empty {
            self.pending.remove(at);
        }
        place - usize::from(empty && at < place)
    }

    /// When the packet of a row was sent, in nanoseconds.
    fn packets_left_ns(&self, place: usize) -> u64 {
        let arrow = self.pending[place].row.arrow.as_ref();
        arrow.map_or(0, |arrow| arrow.sent_ns)
    }
}

/// Whether an end comes into a state by something that it sends, SYN or FIN, and not by what it receives.
fn is_own_act(state: TcpState) -> bool {
    use TcpState::{FinWait1, LastAck, SynSent};
    matches!(state, SynSent | FinWait1 | LastAck)
}

/// Whether what a row shows of a host brings it into a state by its own act: the SYN or FIN that it sends,
/// or a call that sends one, while no packet is there yet.
fn acts(open: &Open, host: Host, state: TcpState) -> bool {
    if let Some(arrow) = &open.row.arrow {
        return arrow.from == host && arrow.seen.segment().is_some_and(ends);
    }
    let call = open.row.calls[host].as_ref();
    let sends = call.and_then(Sends::of);
    sends.is_some_and(|sends| sends.leads_to(state))
}

/// Whether a packet breaks off its sender's own connection. A RST for what no socket has changes none, though one that had it may be
/// told as gone just then.
pub(super) fn breaks_off(arrow: &Arrow) -> bool {
    matches!(arrow.label, Some(Label::RstBroken | Label::RstUnheard))
}

/// Whether a socket that is told of as gone sends what a row shows, which is no reset: it was there until then.
fn goes_on(open: &Open, state: &State) -> bool {
    let arrow = open.row.arrow.as_ref();
    let mut arrow = arrow.filter(|arrow| arrow.from == state.host).into_iter();
    arrow.any(|arrow| {
        let its = of_packet(arrow, state.host).is_some_and(|it| it.ends == state.socket);
        let resets = |segment: &Segment| segment.has(Flags::RST);
        its && !arrow.seen.segment().is_some_and(resets)
    })
}

/// Whether a segment begins or ends something.
pub(super) fn ends(segment: &Segment) -> bool {
    segment.flags.any(Flags::SYN | Flags::FIN)
}
