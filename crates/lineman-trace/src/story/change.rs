//! A change of a socket's state, told or deduced, and the row that it belongs to.

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::EndState;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::Source;

use super::Arrow;
use super::Known;
use super::Story;
use super::pending::Open;
use super::sending::Sends;
use super::sending::is_dissolving;
use super::sockets::of_packet;
use crate::log::Answer;
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
        if state.from == Some(state.to) {
            self.calls.goes_on(state);
            return self.queue.goes_on(state);
        }
        self.calls.descriptors.state(state);
        let change = Change::told(state);
        self.connections.note(change.socket, event.t_ns);
        self.connections.state(change.socket, state.to);
        self.scope.state(state);
        let place = self.queue.row_of_state(event, state, &change);
        let open = &mut self.queue[place];
        open.touch(event);
        open.changes.push(change);
        if is_own_act(state.to) {
            open.full_window[state.host] = self.calls.kept_back.full_window(change.socket);
        }
        let ended = self.calls.has_ended_with(state);
        let uncalled = is_own_act(state.to) && self.calls.is_left_by_its_program(change.socket);
        open.ended[state.host] |= ended || uncalled;
    }

    /// What follows for a host's state from the packet of a row.
    pub(super) fn follows(&mut self, place: usize, host: Host, end: Option<EndState>) {
        let Some(end) = end else { return };
        let open = &mut self.queue[place];
        let arrow = open.row.arrow.as_ref();
        let arrived = arrow.is_some_and(|arrow| arrow.from != host && arrow.fate.arrives());
        if let Some(socket) = arrow.and_then(|arrow| of_packet(arrow, host)) {
            let alone = !self.scope.tells_states_of(socket);
            open.unknown.retain(|it| *it != socket);
            open.changes.push(Change::deduced(socket, end, alone));
            let deduced = end.source == Source::Deduced && !is_own_act(end.state);
            let is_told = self.calls.descriptors.is_in(socket, end.state);
            if arrived && !alone && deduced && !is_told {
                self.queue.expects(place, socket);
            }
        }
    }

    /// Where the log tells nothing of a host, and the packet of a row shows that something was not seen, its state is not
    /// known any more: the row shows none.
    pub(super) fn forgets(&mut self, place: usize) {
        if self.scope.all_asked {
            return;
        }
        let open = &mut self.queue[place];
        let Some(arrow) = &open.row.arrow else { return };
        let Some(segment) = arrow.seen.segment() else {
            return;
        };
        for host in self.flows.unknown(arrow.from, segment) {
            let socket = of_packet(arrow, host);
            let alone = socket.filter(|it| !self.scope.tells_states_of(*it));
            open.unknown.extend(alone);
        }
    }
}

/// Whether an end comes into a state by something that it sends, SYN or FIN, and not by what it receives.
pub(super) fn is_own_act(state: TcpState) -> bool {
    use TcpState::{FinWait1, LastAck, SynSent};
    matches!(state, SynSent | FinWait1 | LastAck)
}

/// Whether a row shows a call of a host by which it may give a socket up, or that tells of its end.
pub(super) fn lets_go(open: &Open, host: Host) -> bool {
    let call = open.row.calls[host].as_ref();
    call.is_some_and(|call| {
        let named = matches!(call.name.as_str(), "close" | "shutdown");
        let failed = matches!(&call.answer, Some(Answer::Error(error)) if error == "ETIMEDOUT");
        named || failed || is_dissolving(&call.name, &call.args)
    })
}

/// Whether what a row shows of a socket's host brings the socket into a state by its own act: the SYN or FIN that it sends,
/// or a call that sends one, while no packet is there yet.
pub(super) fn acts(open: &Open, socket: Socket, state: TcpState) -> bool {
    if let Some(arrow) = &open.row.arrow {
        let flag = match state {
            TcpState::SynSent => Flags::SYN,
            _ => Flags::FIN,
        };
        let sends = arrow.from == socket.host && of_packet(arrow, socket.host) == Some(socket);
        return sends && arrow.seen.segment().is_some_and(|it| it.has(flag));
    }
    let call = open.row.calls[socket.host].as_ref();
    let sends = call.and_then(Sends::of);
    sends.is_some_and(|sends| sends.leads_to(state))
}

/// Whether a packet breaks off its sender's own connection. A RST for what no socket has changes none, though one that had it may be
/// told as gone just then.
pub(super) fn breaks_off(arrow: &Arrow) -> bool {
    matches!(arrow.label, Some(Label::RstBroken | Label::RstUnheard))
}

/// Whether a socket that is told of as gone sends what a row shows, which is no reset: it was there until then.
pub(super) fn goes_on(open: &Open, state: &State) -> bool {
    let arrow = open.row.arrow.as_ref();
    let mut arrow = arrow.filter(|arrow| arrow.from == state.host).into_iter();
    arrow.any(|arrow| {
        let its = of_packet(arrow, state.host).is_some_and(|it| it.ends == state.socket);
        let resets = |segment: &Segment| segment.has(Flags::RST);
        its && !arrow.seen.segment().is_some_and(resets)
    })
}

/// Whether a change may come of a packet: a connection that is open in both directions, or waits for its program to close, ends at
/// once only by a RST. Else its kernel was asked late, when its program had been killed.
pub(super) fn may_end(arrow: &Arrow, state: &State) -> bool {
    use TcpState::{CloseWait, Closed, Established};
    let breaks = matches!(
        (state.from, state.to),
        (Some(Established | CloseWait), Closed)
    );
    let resets = |segment: &Segment| segment.has(Flags::RST);
    !breaks || arrow.seen.segment().is_none_or(resets)
}

/// Whether a segment begins or ends something.
pub(super) fn ends(segment: &Segment) -> bool {
    segment.flags.any(Flags::SYN | Flags::FIN)
}

/// The next state that the TCP of a socket has told of, in a row that is still to come.
pub(super) fn told_next(open: &Open, socket: Socket) -> Option<TcpState> {
    let told = |it: &&Change| it.told && it.socket == socket;
    open.changes.iter().find(told).map(|change| change.to)
}

/// The state that a socket has come into by a packet that is in a row still to come: its TCP may be asked only
/// when that has left, and when another has arrived. A SYN without ACK leaves in SYN-SENT, wherever it is seen.
pub(super) fn acted(open: &Open, socket: Socket) -> Option<TcpState> {
    let arrow = open.row.arrow.as_ref()?;
    let segment = arrow.seen.segment()?;
    if arrow.from != socket.host || of_packet(arrow, socket.host) != Some(socket) {
        return None;
    }
    match (segment.has(Flags::SYN), segment.has(Flags::FIN)) {
        (true, _) => (!segment.has(Flags::ACK)).then_some(TcpState::SynSent),
        (_, true) => Some(TcpState::FinWait1),
        _ => None,
    }
}
