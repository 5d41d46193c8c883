//! A reader goes down the rows as time goes on: no call stands below what happened later.

use super::Queue;
use super::departure_ns;
use crate::log::Host;
use crate::story::CallCell;
use crate::story::millis;
use crate::story::pending::Open;

impl Queue {
    /// Calls that have begun or returned before what the first row shows, and that stand in a later one with what happened then, get rows
    /// of their own above it. A row has the time of its packet, and a call may have begun long before that left. Only what can be seen
    /// counts: times are shown in milliseconds.
    pub(super) fn brings_forward(&mut self) {
        // Each step puts an earlier call above a later one, and so there are not many.
        for _ in 0..STEPS {
            let Some((place, host)) = self.stands_too_low() else {
                return;
            };
            let first_ns = self.rows.front().map_or(0, shown_ns);
            let alone = self.rows[place].is_call_of(host);
            let row = match alone {
                true => self.rows.remove(place),
                false => self.rows[place].gives_call(host, first_ns),
            };
            let Some(row) = row else { return };
            self.rows.push_front(row);
        }
    }

    /// The row that has the earliest call that has happened before the first row, and whose it is.
    fn stands_too_low(&self) -> Option<(usize, Host)> {
        let first_ns = self.rows.front().map(shown_ns)?;
        let later = self.rows.iter().enumerate().skip(1);
        let calls = later.flat_map(|(place, open)| {
            let of = move |host| Some((open.earliest_ns(host)?, place, host));
            [Host::Client, Host::Server].into_iter().filter_map(of)
        });
        let early = calls.filter(|(t_ns, ..)| millis(*t_ns) < millis(first_ns));
        early
            .min_by_key(|(t_ns, ..)| *t_ns)
            .map(|(_, place, host)| (place, host))
    }
}

impl Open {
    /// When a call of a host in this row has happened that can stand above it.
    fn earliest_ns(&self, host: Host) -> Option<u64> {
        let cell = self.row.calls[host].as_ref()?;
        // What a packet has had return stands below that.
        let moves = cell.begins || self.row.arrow.is_none();
        (moves && !self.is_waiting()).then_some(cell.t_ns)
    }

    /// Whether it is a call of a host, and nothing else.
    fn is_call_of(&self, host: Host) -> bool {
        self.is_calls() && self.row.calls[host.other()].is_none()
    }

    /// A row of its own for a call; what it returns at `until_ns` or later stays here.
    fn gives_call(&mut self, host: Host, until_ns: u64) -> Option<Self> {
        let mut cell = self.row.calls[host].take()?;
        let returns_later = |at: &u64| cell.begins && millis(*at) >= millis(until_ns);
        if let Some(returned_ns) = cell.returned_ns.filter(returns_later) {
            self.row.calls[host] = Some(CallCell {
                begins: false,
                t_ns: returned_ns,
                waited: false,
                ..cell.clone()
            });
            (cell.answer, cell.returned_ns, cell.waited) = (None, None, false);
            cell.datagram = None;
        }
        let mut apart = Self::returns(host, cell);
        apart.events.extend(&self.events);
        apart.toward[host] = self.toward[host];
        self.begins_with_its_calls();
        Some(apart)
    }
}

/// What time a row shows, and of calls alone the last.
fn shown_ns(open: &Open) -> u64 {
    let row = &open.row;
    if open.is_calls() {
        let calls = [&row.calls.client, &row.calls.server];
        return calls
            .into_iter()
            .flatten()
            .map(|cell| cell.t_ns)
            .fold(0, u64::max);
    }
    departure_ns(row).unwrap_or(row.t_ns)
}

/// How many calls are put above one row at most.
const STEPS: usize = 64;
