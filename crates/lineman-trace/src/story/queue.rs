//! The rows that are not complete yet, in the order in which they will come out.

mod calls;
mod ends;
mod packets;
mod returns;
mod states;
mod times;

pub(super) use calls::receives;

use std::collections::VecDeque;
use std::ops::Index;
use std::ops::IndexMut;

use super::Arrow;
use super::CallCell;
use super::Row;
use super::Stretch;
use super::change::Socket;
use super::change::acted;
use super::change::told_next;
use super::pending::LATE_NS;
use super::pending::Open;
use crate::log::Event;
use crate::log::Host;
use crate::log::Kind;
use crate::log::TcpState;

/// What happens this soon after the last event of a row still belongs to it: longer than a delayed ACK
/// (40 ms on Linux), and than a busy machine takes to tell of a return.
const TOGETHER_NS: u64 = 60_000_000;
/// A kernel that is asked for its states answers this soon, in nanoseconds: three times as long as a lab waits for it.
const ASKED_NS: u64 = 15_000_000;
/// How many rows wait at most for the fate of an earlier packet: what is held for as long is shown as held.
const PENDING: usize = 512;

/// The rows that are not complete yet. A row is named by its place: 0 comes out next.
#[derive(Debug, Default)]
pub(super) struct Queue {
    rows: VecDeque<Open>,
    /// The time of the last row that came out.
    given_ns: u64,
    /// The number of the last event that was about a packet.
    wire_n: u64,
}

impl Index<usize> for Queue {
    type Output = Open;

    fn index(&self, place: usize) -> &Open {
        &self.rows[place]
    }
}

impl IndexMut<usize> for Queue {
    fn index_mut(&mut self, place: usize) -> &mut Open {
        &mut self.rows[place]
    }
}

impl Queue {
    /// An event is about to be joined.
    pub(super) fn note(&mut self, event: &Event) {
        if let Kind::Packet(_) = event.kind {
            self.wire_n = event.n;
        }
    }

    /// The packets of its rows from a place on.
    pub(super) fn arrows_from(&mut self, place: usize) -> impl Iterator<Item = &mut Arrow> {
        let arrows = self.rows.range_mut(place..);
        arrows.filter_map(|open| open.row.arrow.as_mut())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether the first row is complete because nothing has happened to it until `now_ns`.
    pub(super) fn has_rested(&self, now_ns: u64) -> bool {
        self.rows
            .front()
            .is_some_and(|open| open.is_settled(now_ns) && open.rests(now_ns) >= TOGETHER_NS)
    }

    /// Whether the first row is complete because it has a successor, and no kernel can still answer about it: that is asked
    /// about a packet before the wire goes on to the next.
    pub(super) fn is_over(&self, now_ns: u64) -> bool {
        let done = |open: &Open| {
            let answered = open.wire_n.is_none_or(|n| n < self.wire_n);
            open.is_settled(now_ns) && answered && open.rests(now_ns) >= ASKED_NS
        };
        self.rows.len() > 1 && self.rows.front().is_some_and(done) || self.rows.len() > PENDING
    }

    /// When the first row is complete, unless something happens before.
    pub(super) fn due_ns(&self) -> Option<u64> {
        let first = self.rows.front()?;
        let rests_ns = match first.is_incomplete() {
            true => LATE_NS,
            false => TOGETHER_NS,
        };
        let due_ns = first.touched_ns.saturating_add(rests_ns);
        first.is_settled(due_ns).then_some(due_ns)
    }

    /// Whether a row shows a packet.
    pub(super) fn shows(&self, packet: u64) -> bool {
        self.shown(packet).is_some()
    }

    /// A packet as a row shows it.
    pub(super) fn shown(&self, packet: u64) -> Option<&Arrow> {
        let mut arrows = self.rows.iter().filter_map(|open| open.row.arrow.as_ref());
        arrows.find(|arrow| arrow.id == packet)
    }

    /// Takes the first row out. Its time is that of its packet, unless that was told late; rows that stood before it may have
    /// moved since.
    pub(super) fn take(&mut self) -> Option<Open> {
        self.brings_forward();
        let mut open = self.rows.pop_front()?;
        let row = &mut open.row;
        self.hands_on_returns(row);
        let own_ns = departure_ns(row).unwrap_or(row.t_ns);
        row.t_ns = own_ns.max(self.given_ns);
        self.given_ns = row.t_ns;
        Some(open)
    }

    /// The next state that the TCP of a socket has told of.
    pub(super) fn told_next(&self, socket: Socket) -> Option<TcpState> {
        self.rows.iter().find_map(|open| told_next(open, socket))
    }

    /// The state that a socket has come into by a packet that it has sent.
    pub(super) fn acted(&self, socket: Socket) -> Option<TcpState> {
        self.rows.iter().find_map(|open| acted(open, socket))
    }

    /// The time that a row may have at the earliest: that of those before it.
    fn earliest(&self, place: usize) -> u64 {
        let before = self.rows.iter().take(place).map(|open| open.row.t_ns);
        before.fold(self.given_ns, u64::max)
    }

    /// A new row at the end; its place.
    pub(super) fn open(&mut self, event: &Event) -> usize {
        self.rows.push_back(Open::new(event));
        self.rows.len() - 1
    }

    /// The last row, if `fits` says that the event, of `host`, belongs to it; else a new one. Gives its place.
    /// A row that waits for a packet is passed over by what does not belong to it.
    pub(super) fn join(
        &mut self,
        event: &Event,
        host: Option<Host>,
        fits: impl Fn(&Open) -> bool,
    ) -> usize {
        self.join_above(event, host, |_| false, fits)
    }

    /// The same; rows that are `passed` are passed over, too.
    fn join_above(
        &mut self,
        event: &Event,
        host: Option<Host>,
        passed: impl Fn(&Open) -> bool,
        fits: impl Fn(&Open) -> bool,
    ) -> usize {
        // One that is kept back by others before it takes no more than if it had come out.
        let fresh = |open: &Open| open.rests(event.t_ns) < TOGETHER_NS;
        let fits = |open: &Open| !open.is_words() && fresh(open) && fits(open);
        let waits = |open: &Open| {
            let awaited = host.is_some_and(|host| open.waits[host].is_some());
            open.is_waiting() && !(awaited && fits(open))
        };
        let mut last = self.rows.iter();
        let last = last.rposition(|open| !passed(open) && !waits(open));
        match last.filter(|at| fits(&self.rows[*at])) {
            Some(at) => {
                self.rows[at].touch(event);
                at
            }
            None => self.open(event),
        }
    }

    /// The last row.
    pub(super) fn back(&self) -> Option<&Open> {
        self.rows.back()
    }

    /// The last row that is such a one.
    pub(super) fn last(&mut self, such: impl Fn(&Open) -> bool) -> Option<&mut Open> {
        self.rows.iter_mut().rfind(|open| such(open))
    }
}

/// When the packet of a row has left, if the row shows that.
fn departure_ns(row: &Row) -> Option<u64> {
    let departs = row.arrow.as_ref().filter(|arrow| {
        let shown = matches!(arrow.stretch, Stretch::Whole | Stretch::Departure);
        shown && arrow.copy_of.is_none()
    });
    departs.map(|arrow| arrow.sent_ns)
}

/// When the first of what a row shows has happened.
fn begins_ns(open: &Open) -> u64 {
    let begun = |cell: &CallCell| cell.begins.then_some(cell.t_ns);
    let calls = [&open.row.calls.client, &open.row.calls.server];
    let first = calls.into_iter().flatten().filter_map(begun);
    first.fold(open.row.t_ns, u64::min)
}
