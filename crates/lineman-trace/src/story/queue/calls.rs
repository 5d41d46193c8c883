//! Where a call begins and returns among the rows.

use lineman_proto::wire::flow::Arrival;
use lineman_proto::wire::flow::Label;

use super::Queue;
use super::packets::RETURNED_NS;
use super::returns::lands_copy;
use crate::log::Answer;
use crate::log::Call;
use crate::log::Event;
use crate::log::Host;
use crate::story::Arrow;
use crate::story::CallCell;
use crate::story::What;
use crate::story::calls::Returned;
use crate::story::pending::Open;
use crate::story::pending::brings;
use crate::story::pending::takes_beginning;
use crate::story::pending::takes_return;
use crate::story::pending::takes_waiting;
use crate::story::readiness::is_of_readiness;
use crate::story::sending::Sends;

/// The least that the time of a row shows, in nanoseconds: a call that begins so much after the row needs one of its own.
const SHOWN_NS: u64 = 1_000_000;

impl Queue {
    /// The row in which a call begins. `about` says whether a packet may be about its socket.
    pub(in crate::story) fn row_of_beginning(
        &mut self,
        event: &Event,
        call: &Call,
        about: impl Fn(&Arrow) -> bool,
    ) -> usize {
        let place = self.join(event, Some(call.host), |open| {
            let arrow = open.row.arrow.as_ref();
            let at_once = event.t_ns.saturating_sub(open.row.t_ns) < SHOWN_NS;
            let waits = receives(&call.name) && takes_waiting(&open.row, call.host);
            at_once && (takes_beginning(&open.row, call.host) || waits && arrow.is_none_or(&about))
        });
        // A segment that arrives while recv() waits is in its row.
        self.precedes_arrivals(place, call, |arrow| match &arrow.seen.what {
            What::Udp(datagram) => !datagram.in_pieces,
            What::IcmpError(_) => true,
            _ => false,
        });
        place
    }

    /// The row in which a call returns, which may have received the datagram of a packet: that in which it began, if its packet is still to
    /// come, or if it sends and does not wait. `is_reset` says whether a RST has arrived for a packet's connection.
    pub(in crate::story) fn row_of_return(
        &mut self,
        event: &Event,
        returned: &Returned,
        about: impl Fn(&Arrow) -> bool,
        is_reset: impl Fn(&Arrow) -> bool,
    ) -> usize {
        let call = &returned.call;
        let at_once = returned.is_nonblocking;
        let began = |open: &Open| {
            let cell = open.row.calls[call.host].as_ref();
            let own = cell.filter(|cell| cell.id == call.id);
            let sends = open.row.arrow.is_none() || at_once;
            own.is_some_and(|cell| sends && Sends::of(cell).is_some())
        };
        let is_own = |open: &Open| {
            let cell = open.row.calls[call.host].as_ref();
            cell.is_some_and(|cell| cell.id == call.id)
        };
        let woken = self.woken_by(returned, &about);
        let brought = returned.datagram.or(woken);
        let is_copy = |open: &Open| lands_copy(&open.row, brought, event.t_ns);
        let place = self.rows.iter().rposition(began);
        let stays = |place: &usize| at_once || !self.has_waited(*place, call.host);
        let passed = |open: &Open| open.is_end_of_program() || is_copy(open);
        let place = match place.filter(stays) {
            Some(place) => {
                let place = self.below_its_room(place, event, returned, &about);
                self.rows[place].touch(event);
                place
            }
            None => self.join_above(event, Some(call.host), passed, |open| {
                let arrow = open.row.arrow.as_ref();
                let on_its_way = arrow.filter(|it| it.from != call.host && it.is_under_way());
                let too_late = on_its_way.is_some_and(|it| comes_too_late(call, is_reset(it)));
                let others = woken.is_some() && arrow.map(|it| it.id) != woken;
                let takes = takes_return(&open.row, call, returned.datagram, &about);
                // What it has waited for came in another row: it returns below that.
                let parts = is_own(open) && arrow.is_none() && returned.has_visibly_waited(event);
                takes && !too_late && !parts && (!others || is_own(open))
            }),
        };
        let place = self.above_copies(place, is_copy);
        // A segment may have arrived before the log is told so: only of a call that has got nothing is it known that none had.
        let got_nothing = matches!(call.answer, Some(Answer::Error(_)));
        self.precedes_arrivals(place, call, |arrow| {
            got_nothing || matches!(arrow.seen.what, What::Udp(_))
        });
        place
    }

    /// The segment that has woken a call which waits for bytes, or for a connection: the first that has come in its order since, or has opened
    /// it. What comes a moment later has not had it return. One that wants more than there is may need several.
    fn woken_by(&self, returned: &Returned, about: impl Fn(&Arrow) -> bool) -> Option<u64> {
        let call = &returned.call;
        let wants_all = call.args.iter().any(|arg| arg.contains("MSG_WAITALL"));
        let takes_any = matches!(call.name.as_str(), "recv" | "recvmsg" | "read") && !wants_all;
        let accepts = call.name.starts_with("accept");
        let began_ns = returned.began_ns();
        let arrows = self.rows.iter().filter_map(|open| open.row.arrow.as_ref());
        let came = arrows.filter(|arrow| {
            let fits = match accepts {
                true => matches!(arrow.label, Some(Label::AckThird { .. })),
                false => arrow.seen.segment().is_some_and(brings),
            };
            arrow.from != call.host && fits && arrow.arrival == Arrival::InOrder
        });
        let since = came.filter(|arrow| arrow.fate.arrives() && arrow.decided_ns > Some(began_ns));
        let mine = since.filter(|arrow| (takes_any || accepts) && about(arrow));
        mine.min_by_key(|arrow| arrow.decided_ns)
            .map(|arrow| arrow.id)
    }

    /// A packet arrives. Where a call waits for it in a row below its own, it arrives below that: there the call returns. `waits` says of
    /// the number of a call whether it does. It arrives, too, below what its receiver did while it was on its way: drawn whole above
    /// that, it would seem to have been there.
    pub(in crate::story) fn arrives_below(
        &mut self,
        packet: u64,
        now_ns: u64,
        waits: impl Fn(u64) -> bool,
    ) {
        let Some(place) = self.way_of(packet) else {
            return;
        };
        let from = self.rows[place].row.arrow.as_ref().map(|arrow| arrow.from);
        let before = |at: u64| at.saturating_add(RETURNED_NS) < now_ns;
        // A call that sends may go down yet, to where its packet leaves; that of one that has returned would have left.
        let acted = |cell: &CallCell| match cell.begins && Sends::of(cell).is_none() {
            true => before(cell.t_ns),
            false => cell.returned_ns.is_some_and(before),
        };
        let splits = self.rows.range(place + 1..).any(|open| {
            let calls = [&open.row.calls.client, &open.row.calls.server];
            let mut cells = calls.into_iter().flatten();
            let waited = |cell: &CallCell| cell.begins && cell.answer.is_none() && waits(cell.id);
            let theirs = from.and_then(|from| open.row.calls[from.other()].as_ref());
            cells.any(waited) || theirs.is_some_and(acted)
        });
        if splits {
            self.rows[place].departs_if(|_| true);
        }
    }

    /// Whether a segment has reached a host since its call in this row began: a call that is given bytes may have waited for the
    /// room that an acknowledgment makes, and returned only then.
    fn has_waited(&self, place: usize, host: Host) -> bool {
        let began = self.rows[place].row.calls[host].as_ref();
        let gives = began.filter(|cell| Sends::of(cell) == Some(Sends::Bytes));
        let Some(began_ns) = gives.map(|cell| cell.t_ns) else {
            return false;
        };
        self.rows.range(place + 1..).any(|open| {
            let arrow = open.row.arrow.as_ref().filter(|it| it.from != host);
            let came = arrow.filter(|it| it.fate.arrives() && it.seen.segment().is_some());
            came.and_then(|it| it.decided_ns) > Some(began_ns)
        })
    }

    /// What is on its way to a host has not arrived when a call there begins or returns that would receive it: shown below it, the
    /// call would seem to wait for what is there, or to return something else.
    fn precedes_arrivals(&mut self, place: usize, call: &Call, such: impl Fn(&Arrow) -> bool) {
        if !receives(&call.name) && !waits_in_vain(call) {
            return;
        }
        for open in self.rows.iter_mut().take(place) {
            open.departs_if(|arrow| arrow.from != call.host && such(arrow));
        }
    }
}

/// Whether a packet that is on its way to a call has not made it return; `is_reset` if another has ended the connection before.
fn comes_too_late(call: &Call, is_reset: bool) -> bool {
    match &call.answer {
        Some(Answer::Error(error)) if receives(&call.name) && error == "ECONNRESET" => is_reset,
        _ => waits_in_vain(call),
    }
}

/// Whether a call has returned because what it waited for has not come.
fn waits_in_vain(call: &Call) -> bool {
    let errors = ["TimeoutError", "EAGAIN", "EINTR"];
    matches!(&call.answer, Some(Answer::Error(error)) if errors.contains(&error.as_str()))
}

/// Whether a call is one that returns what has arrived, or says whether anything has. A connection that accept() returns may be older
/// than what is on its way to it.
pub(in crate::story) fn receives(name: &str) -> bool {
    name.starts_with("recv") || name.starts_with("read") || is_of_readiness(name)
}
