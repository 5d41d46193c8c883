//! What is due when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Moments, and what they are for. Nothing is ever taken back: a task that has set an earlier moment since is
/// to ignore the later one, and one that is woken too early, because its moment has moved, sets another.
#[derive(Debug)]
pub(super) struct Timers<T>(BinaryHeap<Reverse<(Instant, T)>>);

impl<T: Ord> Timers<T> {
    /// Sets one.
    pub(super) fn set(&mut self, at: Instant, what: T) {
        self.0.push(Reverse((at, what)));
    }

    /// The earliest moment.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    /// What is due by `now`, and since when, one at a time, the earliest first.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(Instant, T)> {
        self.next().filter(|&at| at <= now)?;
        self.0.pop().map(|Reverse(due)| due)
    }
}

impl<T: Ord> Default for Timers<T> {
    fn default() -> Self {
        Self(BinaryHeap::new())
    }
}
