//! When packets have arrived: what is sent answers only what has come.

use std::collections::HashMap;
use std::collections::VecDeque;

use lineman_proto::wire::flow::Arrivals as Told;

/// So many packets are remembered: a flow asks for one of the last 4096 that an end has sent (TFTP).
const MEMORY: usize = 16_384;

/// How often packets have arrived, and when last and first, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    told: HashMap<u64, (Told, u64)>,
    /// In the order in which they arrived first.
    oldest: VecDeque<u64>,
}

impl Arrivals {
    /// A packet has arrived, or a copy that the wire has made of it.
    pub(super) fn note(&mut self, id: u64, now_ns: u64) {
        if let Some((told, _)) = self.told.get_mut(&id) {
            told.times = told.times.saturating_add(1);
            told.last_ns = now_ns;
            return;
        }
        let first = Told {
            times: 1,
            last_ns: now_ns,
        };
        self.told.insert(id, (first, now_ns));
        self.oldest.push_back(id);
        if self.oldest.len() > MEMORY
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.told.remove(&oldest);
        }
    }

    /// How often it has arrived, and when last.
    pub(super) fn of(&self, id: u64) -> Option<Told> {
        self.told.get(&id).map(|(told, _)| *told)
    }

    /// When it has arrived first, in nanoseconds.
    pub(super) fn first_ns(&self, id: u64) -> Option<u64> {
        self.told.get(&id).map(|(_, first_ns)| *first_ns)
    }
}
