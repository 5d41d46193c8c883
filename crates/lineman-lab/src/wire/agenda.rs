//! What is to be done later, in order of time, and of arrival where the times are equal.

use std::collections::BTreeMap;
use std::time::Instant;

/// Things that are due some time.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    entries: BTreeMap<(Instant, u64), T>,
    count: u64,
}

impl<T> Agenda<T> {
    pub(super) fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            count: 0,
        }
    }

    pub(super) fn add(&mut self, at: Instant, thing: T) {
        self.entries.insert((at, self.count), thing);
        self.count += 1;
    }

    /// Has some things be done at another time, in their order, and after what is due then already.
    pub(super) fn postpone(&mut self, at: Instant, which: impl Fn(&T) -> bool) {
        let moved: Vec<_> = self.entries.extract_if(.., |_, it| which(it)).collect();
        for (_, thing) in moved {
            self.add(at, thing);
        }
    }

    /// When the next is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next that is due.
    pub(super) fn due(&mut self, now: Instant) -> Option<T> {
        self.next().filter(|at| *at <= now)?;
        self.entries.pop_first().map(|(_, thing)| thing)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_due_comes_in_order() {
        let mut agenda = Agenda::new();
        let now = Instant::now();
        let later = now + Duration::from_millis(1);
        agenda.add(later, 'c');
        agenda.add(now, 'a');
        agenda.add(now, 'b');
        assert_eq!(agenda.next(), Some(now));
        assert_eq!(agenda.due(now), Some('a'));
        assert_eq!(agenda.due(now), Some('b'));
        assert_eq!(agenda.due(now), None);
        assert_eq!(agenda.due(later), Some('c'));
        assert_eq!(agenda.next(), None);
    }

    #[test]
    fn what_is_postponed_comes_behind() {
        let mut agenda = Agenda::new();
        let now = Instant::now();
        let later = now + Duration::from_millis(1);
        agenda.add(now, 'a');
        agenda.add(later, 'b');
        agenda.postpone(later, |thing| *thing == 'a');
        agenda.postpone(now, |thing| *thing == 'c');
        assert_eq!(agenda.due(now), None);
        assert_eq!(agenda.due(later), Some('b'));
        assert_eq!(agenda.due(later), Some('a'));
    }
}
