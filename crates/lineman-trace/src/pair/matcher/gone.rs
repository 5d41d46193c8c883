//! Packets that the other capture does not have.

use super::Matcher;
use crate::log::Absent;
use crate::pair::Met;
use crate::pair::Outcome;
use crate::pair::Part;
use crate::pair::Sight;
use crate::pair::lane::is_before;
use crate::pair::ticket::Ticket;

impl<T> Matcher<'_, T> {
    /// Those that have waited long enough are gone, and so are the oldest where too many wait.
    pub(super) fn expire(&mut self) {
        let before = self.now_ns.saturating_sub(self.limits.wait_ns);
        while let Some((at_ns, id)) = self.order.front().copied() {
            let crowded = self.tickets.len() > self.limits.waiting;
            if at_ns >= before && !crowded {
                return;
            }
            self.order.pop_front();
            if let Some(ticket) = self.forget(id) {
                let why = (at_ns >= before).then_some(Absent::Unknown);
                self.gone(&ticket, why);
            }
        }
    }

    /// The other capture does not have it, or not all of it.
    pub(super) fn gone(&mut self, ticket: &Ticket<T>, why: Option<Absent>) {
        let sight = &ticket.sight;
        if why.is_none() && self.has_equals(ticket) {
            return;
        }
        let absent = why.or_else(|| self.excuse(sight));
        let sender = self.sender(sight);
        let met = match (absent, sender) {
            (Some(absent), _) => Met::Only(absent),
            (None, Some(point)) if point == sight.point => Met::Lost,
            (None, Some(_)) => Met::Only(Absent::Unsent),
            (None, None) => Met::Only(Absent::Unknown),
        };
        self.counts_gone(sight, absent);
        let mut tell = |part| {
            self.outcomes.push_back(Outcome {
                seen: (sight.clone(), None),
                part,
                met,
            });
        };
        match ticket.pieces.as_ref().filter(|_| ticket.is_begun) {
            Some(pieces) => {
                let left = pieces.left().iter();
                for (seq, len) in left {
                    tell(Some(Part {
                        seq: *seq,
                        len: *len,
                    }));
                }
            }
            None => tell(None),
        }
    }

    pub(super) fn counts_gone(&mut self, sight: &Sight<T>, absent: Option<Absent>) {
        let key = (sight.point, sight.conversation, sight.from);
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.gone.count(absent);
        }
    }

    /// Why the other need not have it.
    fn excuse(&self, sight: &Sight<T>) -> Option<Absent> {
        let way = self
            .pairing(sight)
            .map(|(pairing, from)| pairing.ways[from]);
        let most_ns = way.map_or(0, |way| way.most_ns());
        let known = self
            .known
            .excuse(sight.point, sight.at_ns, self.sender(sight), most_ns);
        known.or_else(|| self.is_acknowledged(sight).then_some(Absent::Acknowledged))
    }

    /// Whether the other capture has its receiver acknowledge bytes that it has never had: so they did pass there.
    fn is_acknowledged(&self, sight: &Sight<T>) -> bool {
        let counterpart = self.counterpart(sight);
        let Some(((conversation, from), (seq, len))) = counterpart.zip(sight.print.data()) else {
            return false;
        };
        let point = sight.point.other();
        let lane = self.lanes.get(&(point, conversation, from));
        let back = self.lanes.get(&(point, conversation, from.other()));
        let acked = back.and_then(|lane| lane.acked);
        let covers = acked.is_some_and(|acked| !is_before(acked, seq.wrapping_add(len)));
        covers && lane.is_some_and(|lane| !lane.seen.has_any(seq, len))
    }
}
