//! What has reached an end of its peer's stream.

use super::Arrival;

/// How many pieces beyond a gap are remembered.
const ISLANDS: usize = 256;

/// What has arrived, in the peer's numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Received {
    /// Behind all that has arrived without a gap: what it expects next.
    pub expects: i64,
    /// Pieces that have arrived beyond that.
    islands: Vec<(i64, i64)>,
}

impl Received {
    /// Whether something has arrived beyond a gap.
    pub(super) fn has_gap(&self) -> bool {
        !self.islands.is_empty()
    }

    /// The highest place that has arrived beyond a gap.
    pub(super) fn highest_island(&self) -> Option<i64> {
        self.islands.iter().map(|island| island.1).max()
    }

    /// Takes in what a segment brought.
    pub(super) fn add(&mut self, from: i64, to: i64) -> Arrival {
        if from == to {
            return Arrival::InOrder;
        }
        if to <= self.expects {
            return Arrival::Known;
        }
        if from > self.expects {
            let known = self.islands.iter().any(|it| it.0 <= from && to <= it.1);
            if self.islands.len() < ISLANDS && !known {
                self.islands.push((from, to));
            }
            return if known {
                Arrival::Known
            } else {
                Arrival::Early
            };
        }
        self.expects = to;
        self.join();
        Arrival::InOrder
    }

    /// All before this place has arrived: the end says so itself.
    pub(super) fn has_all_to(&mut self, place: i64) {
        if place > self.expects {
            self.expects = place;
            self.join();
        }
    }

    /// Not all before a place has arrived that was taken to have: what has, from there on, has come early.
    pub(super) fn misses(&mut self, place: i64, first: i64) {
        if self.islands.len() < ISLANDS && first < self.expects {
            self.islands.push((first, self.expects));
        }
        self.expects = place;
    }

    /// What was taken to be next from a place on was not taken in. What has come early has nothing to do with that.
    pub(super) fn lacks(&mut self, place: i64) {
        self.expects = place;
    }

    /// Nothing from a place on has arrived.
    pub(super) fn ends_at(&mut self, place: i64) {
        self.islands.clear();
        self.expects = place;
    }

    /// What had come too early may now be next.
    fn join(&mut self) {
        while let Some(at) = self.islands.iter().position(|it| it.0 <= self.expects) {
            let (_, to) = self.islands.swap_remove(at);
            self.expects = self.expects.max(to);
        }
    }
}
