//! Round trips, from segments and their acknowledgments.

use std::collections::VecDeque;

/// So many segments that are not acknowledged are remembered: more than the largest window has of full ones in a lab. Of those that were
/// forgotten no round trip is told.
const UNANSWERED: usize = 4096;

/// The segments that one end has sent and that are not acknowledged yet.
#[derive(Debug, Default)]
pub(super) struct RoundTrips {
    unanswered: VecDeque<Timed>,
    /// How many of them were sent behind one with a higher number.
    disordered: usize,
}

/// A segment that was sent.
#[derive(Clone, Copy, Debug)]
struct Timed {
    from: i64,
    to: i64,
    at_ns: u64,
    /// Its time stamp.
    value: Option<u32>,
    /// Whether any of it was sent more than once, or may have been.
    repeated: bool,
    /// Whether it was sent behind one with a higher number.
    late: bool,
}

impl RoundTrips {
    /// A segment leaves, with its time stamp.
    pub(super) fn sent(
        &mut self,
        at_ns: u64,
        (from, to): (i64, i64),
        value: Option<u32>,
        again: bool,
    ) {
        if again {
            let overlaps = |it: &&mut Timed| it.from < to && from < it.to;
            let before = self.unanswered.iter_mut().filter(overlaps);
            before.for_each(|it| it.repeated = true);
        }
        if self.unanswered.len() == UNANSWERED {
            self.take_first();
        }
        let late = self.unanswered.back().is_some_and(|it| it.to > to);
        self.disordered += usize::from(late);
        self.unanswered.push_back(Timed {
            from,
            to,
            at_ns,
            value,
            repeated: again,
            late,
        });
    }

    /// The segment that begins with this number was sent once more, unseen.
    pub(super) fn repeated(&mut self, from: i64) {
        let same = self.unanswered.iter_mut().filter(|it| it.from == from);
        same.for_each(|it| it.repeated = true);
    }

    /// All before a number is acknowledged by a segment that echoes a time stamp. Gives the round trip in nanoseconds, and
    /// whether time stamps tell it.
    ///
    /// Numbers tell it by the last of the segments, which the acknowledgment did not have to wait for; but not if any of them was sent
    /// more than once (Karn).
    pub(super) fn acknowledged(
        &mut self,
        now_ns: u64,
        ack: i64,
        echo: Option<u32>,
    ) -> Option<(u64, bool)> {
        let answered = self.take_to(ack);
        if answered.iter().any(|it| it.repeated) {
            let at_ns = echoed(&answered, echo?)?;
            return Some((now_ns.saturating_sub(at_ns), true));
        }
        let last = answered.iter().max_by_key(|it| it.to)?;
        Some((now_ns.saturating_sub(last.at_ns), false))
    }

    fn take_to(&mut self, ack: i64) -> Vec<Timed> {
        let mut taken = Vec::new();
        while self.unanswered.front().is_some_and(|it| it.to <= ack) {
            taken.extend(self.take_first());
        }
        // Only where some stand out of their order there are more behind.
        if self.disordered > 0 {
            self.unanswered.retain(|it| {
                let is_taken = it.to <= ack;
                taken.extend(is_taken.then_some(*it));
                !is_taken
            });
            self.disordered = self.unanswered.iter().filter(|it| it.late).count();
        }
        taken
    }

    fn take_first(&mut self) -> Option<Timed> {
        let first = self.unanswered.pop_front()?;
        self.disordered -= usize::from(first.late);
        Some(first)
    }
}

/// When the segment left whose time stamp is echoed; `None` if more than one with the same numbers has it, or none.
fn echoed(answered: &[Timed], echo: u32) -> Option<u64> {
    let same = || answered.iter().filter(|it| it.value == Some(echo));
    let overlap = |one: &Timed| {
        let others = same().filter(|it| it.from < one.to && one.from < it.to);
        others.count() > 1
    };
    if same().any(overlap) {
        return None;
    }
    same().map(|it| it.at_ns).min()
}
