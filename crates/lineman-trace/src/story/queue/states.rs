//! Where a change of a socket's state stands among the rows.

use super::Queue;
use super::TOGETHER_NS;
use crate::log::Answer;
use crate::log::Event;
use crate::log::State;
use crate::log::TcpState;
use crate::story::change::Change;
use crate::story::change::Socket;
use crate::story::change::acts;
use crate::story::change::breaks_off;
use crate::story::change::goes_on;
use crate::story::change::is_own_act;
use crate::story::change::lets_go;
use crate::story::change::may_end;
use crate::story::pending::Open;
use crate::story::sending::Sends;
use crate::story::sockets::of_packet;

/// A close() that ends a connection changes its state before it returns, and its kernel is asked at once. This long after it, in
/// nanoseconds, the state changes by something else: a tracer may count some milliseconds too little, where its machine is busy.
const CLOSED_NS: u64 = 10_000_000;

impl Queue {
    /// The row of a change that a TCP has told of: that of the packet that made it, or of the call.
    pub(in crate::story) fn row_of_state(
        &mut self,
        event: &Event,
        state: &State,
        change: &Change,
    ) -> usize {
        for open in &mut self.rows {
            if open.waits_for(change.socket) {
                open.waits[state.host] = None; // it comes before this one, wherever its packet is
            }
            open.expects = open.expects.filter(|socket| *socket != change.socket);
        }
        let place = self.place(event, state, change);
        // What is still on its way to this host will find it so.
        for open in self.rows.range_mut(..place) {
            open.departs_if(|arrow| arrow.from != state.host);
        }
        place
    }

    /// The packet of a row has arrived and brings a socket into another state, as far as can be deduced: its kernel tells of it next.
    pub(in crate::story) fn expects(&mut self, place: usize, socket: Socket) {
        self.rows[place].expects = Some(socket);
    }

    fn place(&mut self, event: &Event, state: &State, change: &Change) -> usize {
        let (host, made) = (state.host, self.made(state));
        if is_own_act(state.to) {
            let acts = |open: &Open| acts(open, change.socket, state.to);
            let fits = |open: &Open| open.toward[host].is_about(state.socket) != Some(false);
            let idle = |at: usize| self.has_ended_nothing(at, change.socket, event.t_ns);
            // The call that it comes of, if that waits for its packet.
            let waits = |(at, open): (usize, &Open)| {
                let waits = open.row.arrow.is_none() && open.rests(event.t_ns) < TOGETHER_NS;
                let went_on = || self.went_on(at, change.socket) || idle(at);
                (waits && fits(open) && acts(open) && !went_on()).then_some(at)
            };
            // A kernel that is asked behind several calls names the last.
            let is_its = |open: &Open| acts(open) && (open.row.arrow.is_some() || fits(open));
            let sent = |open: &Open| open.row.arrow.is_some() && acts(open);
            let sent = self.rows.iter().position(sent);
            let at_once = sent.filter(|at| {
                let arrow = self.rows[*at].row.arrow.as_ref();
                arrow.is_some_and(|arrow| !self.has_been_held(arrow))
            });
            let place = at_once.or_else(|| made.filter(|at| is_its(&self.rows[*at]) && !idle(*at)));
            let place = place.or_else(|| self.rows.iter().enumerate().rev().find_map(waits));
            let place = place.unwrap_or_else(|| self.open(event));
            let open = &mut self.rows[place];
            if open.row.arrow.is_none() && sent.is_none() {
                open.waits[host] = Some(change.socket);
            }
            return place;
        }
        let arrived = |at: &usize| {
            let arrow = self.rows[*at].row.arrow.as_ref();
            arrow.is_some_and(|arrow| arrow.from != host && arrow.fate.arrives())
        };
        let place = made.filter(arrived);
        let place = place.or_else(|| self.deduced(change));
        let place = place.or_else(|| self.let_go(event, change));
        // A kernel that is asked behind several calls names the last, of whatever socket that was.
        let others = |open: &Open| {
            let closes = open.row.arrow.is_none() && change.to == TcpState::Closed;
            closes && open.toward[host].is_about(change.socket.ends) == Some(false)
        };
        let place = place.or_else(|| made.filter(|at| !others(&self.rows[*at])));
        place.unwrap_or_else(|| {
            let fits = |open: &Open| match &open.row.arrow {
                Some(arrow) => {
                    of_packet(arrow, host) == Some(change.socket) && may_end(arrow, state)
                }
                // What another call does has nothing to do with it.
                None if change.to == TcpState::Closed => lets_go(open, host) && !others(open),
                None => open.row.calls[host].is_some(),
            };
            self.join(event, Some(host), fits)
        })
    }

    /// Whether a socket went on when the call of a row had returned, which would have ended it, or its direction: another process
    /// has it too.
    pub(super) fn went_on(&self, place: usize, socket: Socket) -> bool {
        let host = socket.host;
        let Some(call) = &self.rows[place].row.calls[host] else {
            return false;
        };
        let (since_ns, closes) = (call.returned_ns.unwrap_or(call.t_ns), call.name == "close");
        self.rows.range(place + 1..).any(|open| {
            let call = open.row.calls[host].as_ref();
            call.is_some_and(|call| {
                let its = call.socket == Some(socket.ends)
                    || open.toward[host].is_about(socket.ends) == Some(true);
                let failed = matches!(&call.answer, Some(Answer::Error(_)));
                let begins = call.begins && call.t_ns > since_ns;
                let returns = call.returned_ns.is_some_and(|at| at > since_ns) && !failed;
                // One that was shut down may still receive.
                its && (begins || closes && returns)
                    && match Sends::of(call) {
                        Some(Sends::End | Sends::Rest) => false,
                        Some(_) => !failed,
                        None => closes,
                    }
            })
        })
    }

    /// A kernel was asked behind a close() that had returned, and its socket is as it was: another descriptor has it, too.
    pub(in crate::story) fn goes_on(&mut self, state: &State) {
        let socket = Socket {
            host: state.host,
            ends: state.socket,
        };
        if let Some(place) = self.made(state) {
            self.rows[place].going_on.push(socket);
        }
    }

    /// Whether its kernel has said so of the close() of a row, or that had returned long before its socket came into another
    /// state: that comes of the last descriptor, which another process has had, or the same by dup().
    pub(super) fn has_ended_nothing(&self, place: usize, socket: Socket, at_ns: u64) -> bool {
        let open = &self.rows[place];
        let call = open.row.calls[socket.host].as_ref();
        let closes = call.filter(|call| call.name == "close" && open.row.arrow.is_none());
        let returned_ns = closes.and_then(|call| call.returned_ns);
        let goes_on = open.going_on.contains(&socket);
        closes.is_some() && goes_on
            || returned_ns.is_some_and(|returned_ns| at_ns.saturating_sub(returned_ns) > CLOSED_NS)
    }

    /// The row of the call by which a socket that is told of as gone was closed, if no packet has ended it.
    fn let_go(&self, event: &Event, change: &Change) -> Option<usize> {
        let host = change.socket.host;
        let ends = |open: &Open| {
            let fresh = open.row.arrow.is_none() && open.rests(event.t_ns) < TOGETHER_NS;
            let its = open.toward[host].is_about(change.socket.ends) == Some(true);
            fresh && its && lets_go(open, host)
        };
        if change.to != TcpState::Closed {
            return None;
        }
        // Of several processes that close it, the last ends it.
        let closes = |open: &Open| {
            let call = open.row.calls[host].as_ref();
            call.is_some_and(|call| call.name == "close")
        };
        let mut rows = self.rows.iter();
        let first = rows.position(|open| ends(open) && !closes(open));
        first.or_else(|| self.rows.iter().rposition(ends))
    }

    /// The row that shows what made a change, if it has not come out yet.
    pub(in crate::story) fn made(&self, state: &State) -> Option<usize> {
        let cause = state.cause?;
        let caused = |open: &Open| open.events.contains(&cause);
        let at = self.rows.iter().rposition(caused)?;
        let mut since = self.rows.range(at + 1..);
        // A kernel that is asked long after the last call, because its program was killed, names that call.
        let outlived = state.to == TcpState::Closed && since.any(|open| goes_on(open, state));
        (!outlived).then_some(at)
    }

    /// The row from whose packet the same follows.
    fn deduced(&self, change: &Change) -> Option<usize> {
        let same = |it: &Change| !it.told && it.socket == change.socket && it.to == change.to;
        let here = |open: &Open| open.changes.iter().any(same);
        self.rows.iter().rposition(here)
    }

    /// The packet is there that goes with a state which its sender's TCP has told of before: they are one
    /// row. Gives the place of that.
    pub(super) fn gathers(&mut self, place: usize) -> usize {
        let arrow = self.rows[place].row.arrow.as_ref();
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
        let last = self.rows.iter().rposition(told);
        // It has told of nothing since, and the call of another socket is there, or none.
        let misplaced = |at: usize, open: &Open| {
            let mut changes = open.changes.iter().filter(|it| it.told);
            let others = changes
                .clone()
                .any(|it| !its(it) && it.socket.host == socket.host);
            let mine = changes.any(|it| its(it) && own(it));
            let alone = open.row.calls[socket.host].is_none();
            last == Some(at) && open.row.arrow.is_none() && (others || alone) && mine
        };
        let waits = |at: usize, open: &Open| {
            let awaits = !resets && open.waits_for(socket) || misplaced(at, open);
            awaits && open.rests(left_ns) < TOGETHER_NS
        };
        let mut pending = self.rows.iter().enumerate();
        let Some((at, _)) = pending.find(|(at, open)| waits(*at, open)) else {
            return place;
        };
        let waiting = &mut self.rows[at];
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
        let open = &mut self.rows[place];
        open.events.extend(events);
        open.changes.extend(told);
        if empty {
            self.rows.remove(at);
        }
        place - usize::from(empty && at < place)
    }

    /// When the packet of a row was sent, in nanoseconds.
    fn packets_left_ns(&self, place: usize) -> u64 {
        let arrow = self.rows[place].row.arrow.as_ref();
        arrow.map_or(0, |arrow| arrow.sent_ns)
    }
}
