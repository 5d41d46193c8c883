//! A call returns beside no packet that comes later: what it has waited for came before.

use lineman_proto::wire::Flags;

use super::Queue;
use super::begins_ns;
use super::packets::RETURNED_NS;
use super::receives;
use crate::log::Answer;
use crate::log::Endpoints;
use crate::log::Event;
use crate::log::Host;
use crate::story::Arrow;
use crate::story::CallCell;
use crate::story::Row;
use crate::story::Stretch;
use crate::story::What;
use crate::story::calls::Returned;
use crate::story::millis;
use crate::story::pending::Open;
use crate::story::pending::lands_another;
use crate::story::pending::may_wake;
use crate::story::sending::Sends;
use crate::story::sockets::of_packet;

impl Queue {
    /// A packet arrives. A call that returned in its row before has not waited for it, and gets a row of its own: the packet is still on its way
    /// there. What a call received at once was there already.
    pub(in crate::story) fn arrives_behind_returns(&mut self, packet: u64, now_ns: u64) {
        let Some(place) = self.way_of(packet) else {
            return;
        };
        let row = &mut self.rows[place].row;
        let Some(host) = row.arrow.as_ref().map(|arrow| arrow.from.other()) else {
            return;
        };
        let before = |cell: &&CallCell| {
            let shown = !cell.begins || receives(&cell.name);
            shown && has_returned_before(cell, now_ns)
        };
        let Some(cell) = row.calls[host].as_ref().filter(before) else {
            return;
        };
        let at_once = cell.begins && !takes_long(cell);
        let apart = match at_once {
            true => row.calls[host].take(),
            false => gives_return(&mut row.calls[host]),
        };
        self.rows[place].departs_if(|_| true);
        if let Some(apart) = apart {
            self.stands_alone(host, apart);
        }
    }

    /// A call that has returned after what the next row shows first stands there, or in a row of its own: a row's call is shown
    /// with its own time, below the packet that made it return. So does one that began elsewhere and returned while the row's packet was on
    /// its way.
    pub(super) fn hands_on_returns(&mut self, row: &mut Row) {
        // One that has a row of its own stands where it belongs.
        let calls = [&row.calls.client, &row.calls.server];
        if row.arrow.is_none() && calls.into_iter().flatten().count() == 1 {
            return;
        }
        let next = self.rows.front();
        let first_ns = next.map_or(u64::MAX, begins_ns);
        let shows = next.is_some_and(|next| next.row.arrow.is_some() || next.is_calls());
        for host in [Host::Client, Host::Server] {
            let arrow = row.arrow.as_ref();
            let parts = |cell: &CallCell| {
                let here = |arrow: &Arrow| !cell.begins || arrow.from != host;
                let copied = |at: u64| {
                    let of = arrow.map(|arrow| arrow.id);
                    let next = self.rows.front();
                    next.is_some_and(|next| lands_copy(&next.row, of, at))
                };
                let late = cell
                    .returned_ns
                    .is_some_and(|at| at > first_ns && !copied(at));
                let leaves = arrow.is_some_and(|arrow| is_on_its_way(arrow, cell, host));
                leaves || late && arrow.map_or(!cell.begins, here)
            };
            if !row.calls[host].as_ref().is_some_and(parts) {
                continue;
            }
            let Some(returned) = gives_return(&mut row.calls[host]) else {
                continue;
            };
            let next = self.rows.front_mut().filter(|next| {
                let free = shows && next.row.calls[host].is_none() && returned.t_ns > first_ns;
                let of = (returned.datagram, returned.answer.as_ref());
                let arrow = next.row.arrow.as_ref();
                free && arrow.is_none_or(|it| may_be_of(it, host, &returned))
                    && !lands_another(&next.row, host, of)
                    && !comes_later(&next.row, &returned, host)
            });
            match next {
                Some(next) => next.row.calls[host] = Some(returned),
                None => self.stands_alone(host, returned),
            }
        }
    }

    /// A call that returns what a packet has brought, in a new row, stands above the copies of that. Gives its place.
    pub(super) fn above_copies(
        &mut self,
        mut place: usize,
        is_copy: impl Fn(&Open) -> bool,
    ) -> usize {
        if !self.rows[place].is_empty() {
            return place;
        }
        while let Some(above) = place.checked_sub(1)
            && is_copy(&self.rows[above])
        {
            self.rows.swap(above, place);
            place = above;
        }
        place
    }

    /// A call that gives bytes and waits for nothing has taken them at some time between those at which it was noted to begin and to return,
    /// which are far apart on a busy machine. It may have been an ACK in between that made room for them: then the call is shown below that, and
    /// above the first segment that may have its bytes. What has failed found no room, and is above it. Gives the place of its row.
    pub(super) fn below_its_room(
        &mut self,
        place: usize,
        event: &Event,
        returned: &Returned,
        about: impl Fn(&Arrow) -> bool,
    ) -> usize {
        let (host, began_ns) = (returned.call.host, returned.began_ns());
        let began = &self.rows[place];
        let gives = began.row.calls[host].as_ref().and_then(Sends::of) == Some(Sends::Bytes);
        let took = matches!(returned.call.answer, Some(Answer::Value(_)));
        if !gives || !took || !returned.is_nonblocking || began.row.arrow.is_some() {
            return place;
        }
        let toward = began.toward[host];
        let arrow = |at: usize| self.rows[at].row.arrow.as_ref();
        let may_be_its = |arrow: &Arrow| {
            let left = arrow.from == host && arrow.sent_ns >= began_ns;
            left && Sends::Bytes.fits(arrow) && toward.fits(arrow)
        };
        let rows = place + 1..self.rows.len();
        let before = rows.take_while(|at| !arrow(*at).is_some_and(may_be_its));
        let came = before.filter_map(|at| {
            let arrow = arrow(at).filter(|it| it.from != host && it.fate.arrives())?;
            let acknowledges = arrow.seen.segment().is_some_and(|it| it.has(Flags::ACK));
            let came_ns = arrow.decided_ns.filter(|came_ns| *came_ns > began_ns)?;
            (acknowledges && about(arrow)).then_some((at, came_ns))
        });
        let Some((mut below, came_ns)) = came.last() else {
            return place;
        };
        let mut apart = self.rows[place].split(host, event);
        if let Some(cell) = &mut apart.row.calls[host] {
            cell.t_ns = came_ns;
        }
        apart.begins_with_its_calls();
        self.rows.insert(below + 1, apart);
        if self.rows[place].is_empty() {
            self.rows.remove(place);
            below -= 1;
        }
        below + 1
    }

    /// A call that has returned gets a row of its own, above what happened later.
    fn stands_alone(&mut self, host: Host, cell: CallCell) {
        let returned_ns = cell.returned_ns.unwrap_or(cell.t_ns);
        let later = |open: &Open| begins_ns(open) > returned_ns;
        let place = self.rows.iter().position(later);
        let place = place.unwrap_or(self.rows.len());
        self.rows.insert(place, Open::returns(host, cell));
    }
}

/// Whether a row shows how a copy of a packet comes, in the millisecond in which a call returns what the packet has brought: that has come
/// before, and has had it return.
pub(super) fn lands_copy(row: &Row, packet: Option<u64>, returned_ns: u64) -> bool {
    let lands = row
        .arrow
        .as_ref()
        .filter(|it| it.stretch == Stretch::Landing);
    let copy = lands.filter(|it| it.copy_of.is_some() && it.copy_of == packet);
    let came_ns = copy.and_then(|it| it.decided_ns.filter(|_| it.fate.arrives()));
    came_ns.is_some_and(|at| millis(at) == millis(returned_ns))
}

/// Takes out how a call has returned; where it began, that stays.
fn gives_return(here: &mut Option<CallCell>) -> Option<CallCell> {
    let cell = here.as_mut()?;
    let returned = CallCell {
        begins: false,
        t_ns: cell.returned_ns.unwrap_or(cell.t_ns),
        ..cell.clone()
    };
    match cell.begins {
        true => (cell.answer, cell.returned_ns) = (None, None),
        false => *here = None,
    }
    Some(returned)
}

/// Whether a call has returned before a packet came at this time.
fn has_returned_before(cell: &CallCell, came_ns: u64) -> bool {
    let returned_ns = cell.returned_ns.filter(|_| cell.answer.is_some());
    returned_ns.is_some_and(|at| at.saturating_add(RETURNED_NS) < came_ns)
}

/// Whether a call has returned in a later millisecond than it began: rows show so much.
fn takes_long(cell: &CallCell) -> bool {
    cell.returned_ns
        .is_some_and(|at| millis(at) > millis(cell.t_ns))
}

/// Whether a row shows how a packet leaves for a host, and that a call of the host returned there in a later millisecond.
fn is_on_its_way(arrow: &Arrow, cell: &CallCell, host: Host) -> bool {
    let departs = arrow.stretch == Stretch::Departure && arrow.from != host;
    let returns = !cell.begins && cell.answer.is_some();
    departs && returns && millis(cell.t_ns) > millis(arrow.sent_ns)
}

/// Whether a packet may have had a call of a host return, or have left as it did.
fn may_be_of(arrow: &Arrow, host: Host, returned: &CallCell) -> bool {
    let own = returned.socket.filter(|ends| ends.remote.is_some());
    let datagram = matches!(arrow.seen.what, What::Udp(_));
    let another = match of_packet(arrow, host) {
        Some(its) => own.is_some_and(|own| own != its.ends),
        None => own.is_some_and(|own| datagram && !is_between(arrow, own)),
    };
    !another && may_wake(arrow, host, (&returned.name, returned.answer.as_ref()))
}

/// Whether a packet goes from one of these ends to the other.
fn is_between(arrow: &Arrow, ends: Endpoints) -> bool {
    let (from, to) = (arrow.seen.from, arrow.seen.to);
    let (local, remote) = (Some(ends.local), ends.remote);
    (from, to) == (local, remote) || (to, from) == (local, remote)
}

/// Whether the packet of a row has come to a host when a call there had returned.
fn comes_later(row: &Row, cell: &CallCell, host: Host) -> bool {
    let comes = row.arrow.as_ref().filter(|arrow| arrow.from != host);
    let came_ns = comes.and_then(|arrow| arrow.decided_ns);
    came_ns.is_some_and(|came_ns| has_returned_before(cell, came_ns))
}
