//! Where a packet stands among the rows.

use super::Queue;
use super::TOGETHER_NS;
use super::begins_ns;
use crate::log::Event;
use crate::log::Host;
use crate::story::Arrow;
use crate::story::Fate;
use crate::story::Stretch;
use crate::story::calls::Calls;
use crate::story::change::ends;
use crate::story::pending::Open;
use crate::story::pending::is_way_of;
use crate::story::pending::takes_arrow;
use crate::story::sending::Sends;
use crate::story::sending::could_send;
use crate::story::sending::may_have_sent;
use crate::story::sockets::of_packet;

/// So much sooner than it did may a call seem to have returned, in nanoseconds: a tracer looks at its clock some ten
/// microseconds before it lets its program run on, and the clocks of a log are never looked at quite at once.
pub(super) const RETURNED_NS: u64 = 200_000;

impl Queue {
    /// A packet leaves: what is on its way to its sender has not arrived yet, and the two cross.
    pub(in crate::story) fn cross(&mut self, from: Host) {
        self.depart_if(|other| other.from != from);
    }

    /// Of packets under way that are such, the rows show only how they depart: where they arrive, later rows will show.
    pub(in crate::story) fn depart_if(&mut self, such: impl Fn(&Arrow) -> bool) {
        for open in &mut self.rows {
            open.departs_if(&such);
        }
    }

    /// The row that shows a packet that is sent now: that of the call that has sent it, else the last if it waits
    /// for one, or a new one.
    pub(in crate::story) fn row_of_packet(
        &mut self,
        event: &Event,
        arrow: &Arrow,
        awaited: bool,
        is_copy: bool,
    ) -> usize {
        let sends = |open: &Open| {
            let call = open.row.calls[arrow.from].as_ref();
            let sent = call.is_some_and(|cell| may_have_sent(cell, arrow));
            let waits = open.row.arrow.is_none() && open.rests(arrow.sent_ns) < TOGETHER_NS;
            sent && waits && open.toward[arrow.from].fits(arrow)
        };
        // A state that was told before its packet is seen, and is over by now, stays where it is.
        let socket = of_packet(arrow, arrow.from);
        let told = |open: &Open| {
            let mut changes = open.changes.iter();
            changes.any(|it| it.told && Some(it.socket) == socket)
        };
        let is_over = |place: &usize| {
            let mut later = self.rows.range(place + 1..);
            told(&self.rows[*place]) && later.any(told)
        };
        // Bytes that left after the program had called for something else did not leave by the call. A SYN or FIN is
        // told by its state, however late it is read.
        let goes_on = |place: usize| {
            let mut later = self.rows.range(place + 1..);
            !awaited
                && later.any(|open| {
                    let call = open.row.calls[arrow.from].as_ref();
                    call.is_some_and(|cell| cell.begins && cell.t_ns < arrow.sent_ns)
                })
        };
        // Nor those that left only when another segment had arrived, for which they had waited: for room in a window, or for
        // an acknowledgment by Nagle's algorithm.
        let is_of_another = |other: &Arrow| {
            let other = of_packet(other, arrow.from);
            other.is_some_and(|other| socket.is_some_and(|own| own != other))
        };
        let was_held = |place: usize| {
            let call = self.rows[place].row.calls[arrow.from].as_ref();
            // A call that has not returned may wait for room itself.
            let last_ns = call.map(|cell| cell.returned_ns.unwrap_or(cell.t_ns));
            !awaited
                && last_ns.is_some_and(|last_ns| {
                    self.rows.iter().any(|open| {
                        let other = open.row.arrow.as_ref();
                        let comes = other.filter(|it| it.from != arrow.from && !is_of_another(it));
                        let arrived = comes.filter(|other| other.fate.arrives());
                        let arrived_ns = arrived.and_then(|other| other.decided_ns);
                        arrived_ns.is_some_and(|at| last_ns < at && at <= arrow.sent_ns)
                    })
                })
        };
        let calls = self.rows.iter().enumerate();
        let follows = awaited && self.has_been_held(arrow);
        // Nor was a FIN sent by a call behind which another process went on.
        let went_on = |at: usize| {
            let went_on = |it| {
                let told = self.rows[at].waits_for(it);
                self.went_on(at, it) || !told && self.has_ended_nothing(at, it, arrow.sent_ns)
            };
            awaited && socket.is_some_and(went_on)
        };
        let mut calls = calls.filter(|(at, open)| {
            sends(open) && !goes_on(*at) && !was_held(*at) && !follows && !went_on(*at)
        });
        // Of several that close one socket, by descriptors of several processes or by dup(), it is the last whose FIN leaves.
        let in_it = |(_, open): &(usize, &Open)| {
            let call = open.row.calls[arrow.from].as_ref();
            let returned_ns = call.and_then(|cell| cell.returned_ns);
            returned_ns.is_none_or(|at| at.saturating_add(RETURNED_NS) >= arrow.sent_ns)
        };
        let place = match awaited {
            true => calls.clone().rfind(in_it),
            false => None,
        };
        let place = place.or_else(|| calls.next()).map(|(at, _)| at);
        match place.filter(|place| !is_copy && !is_over(place)) {
            // It left later than what stands below the call, which stays where it is.
            Some(place) if self.has_gone_on(place, arrow) => self.open(event),
            Some(place) if takes_arrow(&self.rows[place], arrow) => {
                self.rows[place].touch(event);
                place
            }
            // What the other host does there has nothing to do with it.
            Some(place) => {
                let apart = self.rows[place].split(arrow.from, event);
                self.rows.insert(place + 1, apart);
                self.in_order(place + 1)
            }
            None => self.join(event, awaited.then_some(arrow.from), |open| {
                !is_copy && takes_arrow(open, arrow)
            }),
        }
    }

    /// A row has its packet now, which was sent at `sent_ns`, and stands before what happened later. Gives its place.
    pub(in crate::story) fn settle(&mut self, place: usize, sent_ns: u64, calls: &Calls) -> usize {
        let place = self.passes_later(place, sent_ns, calls);
        self.rows[place].row.t_ns = sent_ns.max(self.earliest(place));
        // What stands below it already has happened before it arrives.
        let happened = |open: &Open| open.row.arrow.is_some() || !open.changes.is_empty();
        if self.rows.range(place + 1..).any(happened) {
            self.rows[place].departs_if(|_| true);
        }
        place
    }

    /// Whether something that stands below a call has happened between its return and the packet that it has sent: only where
    /// a kernel says when that left.
    fn has_gone_on(&self, place: usize, arrow: &Arrow) -> bool {
        let call = self.rows[place].row.calls[arrow.from].as_ref();
        let returned_ns = call.and_then(|cell| cell.returned_ns);
        let Some((returned_ns, _)) = returned_ns.zip(arrow.stamp_ns) else {
            return false;
        };
        let mut below = self.rows.range(place + 1..);
        below.any(|open| (returned_ns..=arrow.sent_ns).contains(&open.row.t_ns))
    }

    /// A row that has been put below another stands above those of earlier times. Gives its place.
    fn in_order(&mut self, place: usize) -> usize {
        let Some(before) = place.checked_sub(1) else {
            return place;
        };
        if begins_ns(&self.rows[before]) <= begins_ns(&self.rows[place]) {
            return place;
        }
        self.rows.swap(before, place);
        before
    }

    /// Whether a FIN has left when the call had long returned which ended its direction: behind data that left since, or when
    /// a segment had arrived for which it had waited. The call has not sent it.
    pub(super) fn has_been_held(&self, fin: &Arrow) -> bool {
        let host = fin.from;
        let Some(socket) = of_packet(fin, host) else {
            return false;
        };
        let returned_ns = |(at, open): (usize, &Open)| {
            let call = open.row.calls[host].as_ref()?;
            let ends = Sends::of(call).is_some_and(|it| it.fits(fin));
            let its = ends && open.row.arrow.is_none() && open.toward[host].fits(fin);
            let returned_ns = call.returned_ns.filter(|_| its)?;
            let ended = !self.went_on(at, socket);
            ended.then(|| returned_ns.saturating_add(RETURNED_NS))
        };
        let calls = self.rows.iter().enumerate();
        let Some(first_ns) = calls.filter_map(returned_ns).min() else {
            return false;
        };
        self.rows.iter().any(|open| {
            let mut arrow = open.row.arrow.iter();
            arrow.any(|arrow| {
                let left = arrow.from == host && arrow.id != fin.id;
                let carries = arrow.seen.segment().is_some_and(|it| it.len > 0);
                // Where no kernel says when it left, it may have left long before that was told.
                let came_ns = arrow
                    .decided_ns
                    .filter(|_| arrow.fate.arrives() && fin.stamp_ns.is_some());
                let at_ns = match arrow.from == host {
                    true => Some(arrow.sent_ns).filter(|_| left && carries),
                    false => came_ns,
                };
                let between = at_ns.is_some_and(|at| first_ns < at && at <= fin.sent_ns);
                between && of_packet(arrow, host) == Some(socket)
            })
        })
    }

    /// The row of a packet that begins or ends something takes what its TCP has told of that before. Gives its place.
    pub(in crate::story) fn joins_its_state(&mut self, place: usize) -> usize {
        let Some(arrow) = &self.rows[place].row.arrow else {
            return place;
        };
        let socket = of_packet(arrow, arrow.from);
        if !arrow.seen.segment().is_some_and(ends) || !self.has_been_held(arrow) {
            return self.gathers(place);
        }
        for open in &mut self.rows {
            if let Some(socket) = socket.filter(|it| open.waits_for(*it)) {
                open.waits[socket.host] = None; // it has come, and has a row of its own
            }
        }
        place
    }

    /// A row that gets this time stands behind all rows of earlier ones: those that wait for packets of their own
    /// were passed over. It stays above those of later ones: a program has gone on before its packet was read. Gives its
    /// place.
    pub(in crate::story) fn last_of_its_time(&mut self, place: usize, t_ns: u64) -> usize {
        let is_earlier = |open: &Open| open.row.t_ns < t_ns;
        let last = self.rows.iter().rposition(is_earlier);
        let Some(last) = last.filter(|last| *last > place) else {
            return place;
        };
        if let Some(row) = self.rows.remove(place) {
            self.rows.insert(last, row);
        }
        last
    }

    /// A packet that is read late stands before what happened when it had left; not before calls of programs that may have
    /// sent it: older logs have the times at which a tracer told them. Gives the place of its row.
    fn passes_later(&mut self, mut place: usize, sent_ns: u64, calls: &Calls) -> usize {
        let own = &self.rows[place].row.calls;
        if own.client.is_some() || own.server.is_some() {
            return place;
        }
        while let Some(before) = place.checked_sub(1)
            && self.happened_ns(before) > sent_ns
            && !self.may_send_it(before, place, calls)
        {
            self.rows.swap(before, place);
            place = before;
        }
        place
    }

    /// When what a row shows has happened: its packet may have left before what stood above it by then.
    fn happened_ns(&self, place: usize) -> u64 {
        let row = &self.rows[place].row;
        let departs = row.arrow.as_ref();
        let departs = departs.filter(|it| it.stretch != Stretch::Landing && it.copy_of.is_none());
        departs.map_or(row.t_ns, |arrow| arrow.sent_ns)
    }

    /// Whether a program's call in the one row may have sent the packet of the other, whenever it began.
    fn may_send_it(&self, before: usize, packet: usize, calls: &Calls) -> bool {
        let Some(arrow) = &self.rows[packet].row.arrow else {
            return false;
        };
        let sends = |open: &Open| {
            let call = open.row.calls[arrow.from].as_ref();
            let sends = call.filter(|cell| could_send(cell, arrow));
            sends
                .filter(|_| open.toward[arrow.from].fits(arrow))
                .map(|cell| cell.t_ns)
        };
        // One that began in time may have sent it, too.
        let mut earlier = self.rows.range(..before).filter_map(sends);
        let is_traced = calls.is_traced(arrow.from);
        let sent_before = |at: u64| at <= arrow.sent_ns;
        is_traced && sends(&self.rows[before]).is_some() && !earlier.any(sent_before)
    }

    /// The row that shows how a packet goes on.
    pub(in crate::story) fn way_of(&self, packet: u64) -> Option<usize> {
        self.rows.iter().rposition(|open| is_way_of(open, packet))
    }

    /// The row that shows how a packet has left, of which nothing is known since.
    pub(in crate::story) fn departure_of(&self, packet: u64) -> Option<usize> {
        self.rows.iter().rposition(|open| {
            open.row.arrow.as_ref().is_some_and(|arrow| {
                let crosses = arrow.fate == Fate::Crossing;
                arrow.id == packet && arrow.stretch == Stretch::Departure && crosses
            })
        })
    }

    /// A held packet is sent again: a row for that, and when it is.
    pub(in crate::story) fn repeats(
        &mut self,
        event: &Event,
        arrow: &Arrow,
        sent_ns: u64,
    ) -> usize {
        self.departs(arrow.id);
        let place = self.join(event, Some(arrow.from), |open| takes_arrow(open, arrow));
        let sent_ns = sent_ns.max(self.earliest(place));
        let row = &mut self.rows[place].row;
        if row.calls.client.is_none() && row.calls.server.is_none() {
            row.t_ns = sent_ns;
        }
        place
    }

    /// A held packet whose row is still open is shown as such: the next row shows more of it.
    fn departs(&mut self, id: u64) {
        for open in &mut self.rows {
            if let Some(arrow) = open.row.arrow.as_mut().filter(|arrow| arrow.id == id)
                && arrow.stretch == Stretch::Whole
            {
                arrow.stretch = Stretch::Departure;
            }
        }
    }
}
