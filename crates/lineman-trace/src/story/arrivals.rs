//! When packets have arrived: what is sent answers only what has come.

use std::collections::HashMap;
use std::collections::VecDeque;

/// So many packets are remembered: a flow asks for one of the last 4096 that an end has sent (TFTP).
const MEMORY: usize = 16_384;

/// When packets have arrived last, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    last_ns: HashMap<u64, u64>,
    /// In the order in which they arrived first.
    oldest: VecDeque<u64>,
}

impl Arrivals {
    /// A packet has arrived, or a copy that the wire has made of it.
    pub(super) fn note(&mut self, id: u64, now_ns: u64) {
        if self.last_ns.insert(id, now_ns).is_some() {
            return;
        }
        self.oldest.push_back(id);
        if self.oldest.len() > MEMORY
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.last_ns.remove(&oldest);
        }
    }

    /// When it has arrived last, in nanoseconds.
    pub(super) fn last_ns(&self, id: u64) -> Option<u64> {
        self.last_ns.get(&id).copied()
    }
}
