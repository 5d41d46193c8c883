//! Packets in order of their time, with few of them at hand.

use std::collections::BTreeMap;

/// So much later than another may a packet be told that was sent before it: a lab on a busy machine reads some tens of milliseconds late, and one
/// that stands still for longer than half a second spoils what is measured. In nanoseconds.
const LATE_NS: u64 = 1_000_000_000;

/// So many wait at most, however many come in that time.
const WAITING: usize = 1 << 14;

/// Things that come nearly in order of their times.
#[derive(Debug)]
pub(super) struct InTime<T> {
    /// By time, and by the order in which they came.
    waiting: BTreeMap<(u64, u64), T>,
    newest_ns: u64,
    came: u64,
}

impl<T> InTime<T> {
    pub(super) fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            newest_ns: 0,
            came: 0,
        }
    }

    /// Takes one, and gives those before which none is to come any more. Where a clock was set back, all that came before that goes first.
    pub(super) fn push(&mut self, t_ns: u64, it: T) -> Vec<T> {
        let mut ready = Vec::new();
        if t_ns.saturating_add(LATE_NS) < self.newest_ns {
            ready = self.finish();
            self.newest_ns = 0;
        }
        self.newest_ns = self.newest_ns.max(t_ns);
        self.waiting.insert((t_ns, self.came), it);
        self.came += 1;
        while let Some(first) = self.waiting.first_entry() {
            let is_settled = first.key().0.saturating_add(LATE_NS) <= self.newest_ns;
            if !is_settled && self.waiting.len() <= WAITING {
                break;
            }
            ready.extend(self.waiting.pop_first().map(|(_, it)| it));
        }
        ready
    }

    /// No more come.
    pub(super) fn finish(&mut self) -> Vec<T> {
        std::mem::take(&mut self.waiting).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that comes, by their times in milliseconds, in the order in which they go.
    fn ordered(times: &[u64]) -> Vec<u64> {
        let mut order = InTime::new();
        let mut out: Vec<u64> = times
            .iter()
            .flat_map(|t| order.push(t * 1_000_000, *t))
            .collect();
        out.extend(order.finish());
        out
    }

    #[test]
    fn what_comes_late_goes_where_its_time_is() {
        assert_eq!(
            ordered(&[5, 3, 4, 4, 900, 1, 1500]),
            [1, 3, 4, 4, 5, 900, 1500]
        );
    }

    #[test]
    fn a_clock_that_was_set_back_takes_nothing_along() {
        let times = [50_000, 50_002, 50_001, 7, 9, 8, 50_003];
        assert_eq!(ordered(&times), [50_000, 50_001, 50_002, 7, 8, 9, 50_003]);
    }

    #[test]
    fn what_is_settled_goes_at_once_and_what_waits_has_a_bound() {
        let mut order = InTime::new();
        assert!(order.push(0, 0).is_empty());
        assert_eq!(order.push(LATE_NS, 1), [0]);
        let many = WAITING as u64 + 10;
        let gone: usize = (0..many).map(|n| order.push(LATE_NS + n, n).len()).sum();
        assert_eq!((gone, order.waiting.len()), (11, WAITING));
    }
}
