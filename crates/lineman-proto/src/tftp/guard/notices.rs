//! What is said of ignored datagrams: the first of a neighbourhood, and not too many of them.

use std::collections::VecDeque;
use std::time::Instant;

use super::Ignored;
use super::Prefix;
use super::buckets::Bucket;
use super::buckets::Rate;

#[derive(Debug)]
pub(super) struct Notices {
    /// Why it was ignored; `None` if its blocks wait.
    said: VecDeque<(Option<Ignored>, Prefix)>,
    pace: Bucket,
}

impl Notices {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            said: VecDeque::new(),
            pace: Bucket::full(now, PACE),
        }
    }

    /// Whether to say it: once, as far back as is remembered.
    pub(super) fn say(&mut self, now: Instant, why: Option<Ignored>, prefix: Prefix) -> bool {
        // The pace first: under a flood it spares the search.
        if !self.pace.take(now, A_NOTICE) {
            return false;
        }
        if self.said.contains(&(why, prefix)) {
            self.pace.give_back(A_NOTICE);
            return false;
        }
        if self.said.len() >= REMEMBERED {
            self.said.pop_front();
        }
        self.said.push_back((why, prefix));
        true
    }
}

/// Sixteen at once, then one in four seconds.
const PACE: Rate = Rate {
    burst: 16 * A_NOTICE,
    each_second: 1,
};
const A_NOTICE: u64 = 4;
const REMEMBERED: usize = 256;
