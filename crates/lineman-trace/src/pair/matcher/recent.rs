//! Packets that both captures have had a moment ago: one of them may come once more.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::rc::Rc;

use super::Matcher;
use crate::pair::Met;
use crate::pair::Outcome;
use crate::pair::Point;
use crate::pair::Print;
use crate::pair::Sight;

/// How long one is remembered, in nanoseconds, since both have had it: however long packets are on their way, a copy comes soon after
/// what it is one of.
pub(in crate::pair) const MEMORY_NS: i64 = 1_000_000_000;

/// A packet without an identification that is equal to one is a copy of it only if it comes this soon, in nanoseconds: programs send the same
/// again.
const COPIED_NS: i64 = 20_000_000;

/// How many of one print are remembered, the last ones: an ACK that is repeated has it, too.
const ALIKE: usize = 16;

/// A packet, and when the second of the two captures had it.
#[derive(Debug)]
struct Known<T> {
    met_ns: i64,
    sight: Rc<Sight<T>>,
}

/// Packets that both have had.
#[derive(Debug)]
pub(super) struct Recent<T> {
    most: usize,
    /// Those of the same print in the order in which they were seen.
    all: HashMap<(Point, u64), VecDeque<Known<T>>>,
    oldest: VecDeque<(i64, Point, u64)>,
}

impl<T> Recent<T> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            all: HashMap::new(),
            oldest: VecDeque::new(),
        }
    }

    /// Notes that both captures have now had this packet.
    pub(super) fn note(&mut self, sight: &Rc<Sight<T>>, met_ns: i64) {
        let key = (sight.point, sight.print.key);
        let alike = self.all.entry(key).or_default();
        if alike.len() == ALIKE {
            alike.pop_front();
        }
        alike.push_back(Known {
            met_ns,
            sight: sight.clone(),
        });
        self.oldest.push_back((met_ns, key.0, key.1));
        while let Some((at_ns, point, key)) = self.oldest.front().copied()
            && (self.oldest.len() > self.most || met_ns.saturating_sub(at_ns) > MEMORY_NS)
        {
            self.oldest.pop_front();
            if let Some(alike) = self.all.get_mut(&(point, key)) {
                alike.retain(|it| it.met_ns > at_ns);
                if alike.is_empty() {
                    self.all.remove(&(point, key));
                }
            }
        }
    }

    /// The last packet that was seen there of which this is one more.
    fn original(&self, point: Point, print: &Print) -> Option<&Known<T>> {
        let alike = self.all.get(&(point, print.key))?;
        alike
            .iter()
            .rev()
            .find(|it| is_same(&it.sight.print, print))
    }
}

impl<T> Matcher<'_, T> {
    /// Whether this is a packet that came a moment ago, once more, where its receiver is nearer: then it is told.
    pub(super) fn is_copy(&mut self, sight: &Rc<Sight<T>>) -> bool {
        let other = sight.point.other();
        let Some(known) = self.recent.original(other, &sight.print) else {
            return false;
        };
        let print = &sight.print;
        let is_told_apart = print.segment.is_some() || print.id.is_some();
        let most_ns = if is_told_apart { MEMORY_NS } else { COPIED_NS };
        let recent = sight.at_ns.saturating_sub(known.met_ns) <= most_ns;
        let original = known.sight.clone();
        let same = Some((original.conversation, original.from));
        if self.counterpart(sight) != same || self.sender(sight) != Some(other) || !recent {
            return false;
        }
        let first = match other {
            Point::First => original.conversation,
            Point::Second => sight.conversation,
        };
        let from = if other == Point::First {
            original.from
        } else {
            sight.from
        };
        if let Some(pairing) = self.pairings.get_mut(&first) {
            pairing.ways[from].copied += 1;
        }
        self.outcomes.push_back(Outcome {
            seen: (original, Some(sight.clone())),
            part: None,
            met: Met::Copy,
        });
        true
    }
}

/// Whether it is one packet twice, and not a packet and its retransmission.
fn is_same(one: &Print, other: &Print) -> bool {
    let ids = one.id.zip(other.id).map(|(a, b)| a == b);
    let stamps = one.stamp.zip(other.stamp).map(|(a, b)| a == b);
    let bodies = one.body.zip(other.body).map(|(a, b)| a == b);
    match ids {
        Some(same) => same && bodies != Some(false),
        None => stamps.or(bodies) == Some(true) && one.goes_with(other),
    }
}
