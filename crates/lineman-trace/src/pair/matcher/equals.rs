//! Packets of which nothing tells one from another: the same bytes, sent again and again, without an identification.

use std::rc::Rc;

use super::Matcher;
use super::course::Rate;
use crate::log::Absent;
use crate::pair::Met;
use crate::pair::Outcome;
use crate::pair::Sight;
use crate::pair::ticket::Ticket;

/// Equal packets are the same if the time between them is the usual one, by no more than this, in nanoseconds, or by that time again: else
/// another may fit better.
const FITS_NS: u64 = 20_000_000;

/// What is known of a packet that comes, when others wait.
pub(super) enum Same {
    /// This one is the same.
    Is(u64),
    /// One that waits may be the same, but it does not fit: another may come that does.
    MayBe,
    /// None is.
    No,
}

impl<T> Matcher<'_, T> {
    /// Whether two that go together are the same for certain, or only equal and at times that do not fit.
    pub(super) fn fits(&self, one: &Sight<T>, other: &Sight<T>, rate: Rate) -> bool {
        let (_, id, odd_ns, _) = rate;
        let most_ns = FITS_NS.max(self.clocks.half_trip_ns.unwrap_or_default());
        id == 0 || !is_equal_to_others(one) || !is_equal_to_others(other) || odd_ns <= most_ns
    }

    /// They have met: whatever is equal to them may be equal to others.
    pub(super) fn have_met(&mut self, sight: &Sight<T>) {
        if is_equal_to_others(sight) {
            if self.met.len() >= self.limits.waiting {
                self.met.clear();
            }
            self.met.insert(sight.print.key);
        }
    }

    /// What becomes of a packet that has waited in vain, and to which others are equal that wait, too: they are the same if there is no
    /// choice. False if none is equal.
    pub(super) fn has_equals(&mut self, ticket: &Ticket<T>) -> bool {
        let sight = &ticket.sight;
        if !is_equal_to_others(sight) {
            return false;
        }
        let key = sight.print.key;
        let others = self.equal_to(sight, true);
        let own = self.equal_to(sight, false);
        if let [only] = others[..]
            && own.is_empty()
            && !ticket.is_doubtful
            && !self.met.contains(&key)
            && let Some(other) = self.forget(only)
        {
            let (earlier, later) = match other.sight.at_ns < sight.at_ns {
                true => (&other.sight, sight),
                false => (sight, &other.sight),
            };
            self.tell(earlier, later, None, (true, None));
            self.have_met(sight);
            return true;
        }
        for id in others.iter().chain(&own).filter(|_| !others.is_empty()) {
            if let Some(it) = self.tickets.get_mut(id) {
                it.is_doubtful = true;
            }
        }
        if others.is_empty() && !ticket.is_doubtful {
            return false;
        }
        self.counts_gone(sight, Some(Absent::Ambiguous));
        self.outcomes.push_back(Outcome {
            seen: (Rc::clone(sight), None),
            part: None,
            met: Met::Only(Absent::Ambiguous),
        });
        true
    }

    /// Those that wait in the other capture, or in its own, and are equal to it.
    fn equal_to(&self, sight: &Sight<T>, elsewhere: bool) -> Vec<u64> {
        let point = match elsewhere {
            true => sight.point.other(),
            false => sight.point,
        };
        let ids = self.by_key[point].get(&sight.print.key);
        let is_equal = |id: &&u64| {
            self.tickets.get(id).is_some_and(|it| match elsewhere {
                true => self.rate(&it.sight, sight).is_some(),
                false => (it.sight.conversation, it.sight.from) == (sight.conversation, sight.from),
            })
        };
        ids.into_iter()
            .flatten()
            .filter(is_equal)
            .copied()
            .collect()
    }
}

/// Whether nothing tells it from others that are sent later: TCP has its numbers, IPv4 its identification.
fn is_equal_to_others<T>(sight: &Sight<T>) -> bool {
    let print = &sight.print;
    print.segment.is_none() && print.id.is_none()
}
