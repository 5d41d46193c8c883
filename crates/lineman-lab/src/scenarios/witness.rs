//! Whoever plays a scenario sees what happens: some steps are taken when something is seen.

use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use crate::log::Event;
use crate::recorder::locked;

/// Remembers the log of a lab. Clones are the same witness.
#[derive(Clone, Debug, Default)]
pub struct Witness(Arc<(Mutex<Seen>, Condvar)>);

#[derive(Debug, Default)]
struct Seen {
    events: Vec<Event>,
    ended: bool,
}

/// Tells the witness when the lab's log is at its end, however that came about.
struct Ending(Witness);

impl Drop for Ending {
    fn drop(&mut self) {
        locked(&self.0.0.0).ended = true;
        self.0.0.1.notify_all();
    }
}

impl Witness {
    /// A sink for the lab's log that hands it on to another.
    pub fn sink<F: FnMut(Event) + Send>(&self, mut next: F) -> impl FnMut(Event) + Send + use<F> {
        let ending = Ending(self.clone());
        move |event| {
            let witness = &ending.0;
            next(event.clone());
            locked(&witness.0.0).events.push(event);
            witness.0.1.notify_all();
        }
    }

    /// What has happened so far.
    pub fn events(&self) -> Vec<Event> {
        locked(&self.0.0).events.clone()
    }

    /// Whether the log is at its end.
    pub fn is_over(&self) -> bool {
        locked(&self.0.0).ended
    }

    /// Waits until `find` finds something, for so long at most and not beyond the end of the log.
    pub(super) fn until<T>(
        &self,
        limit: Duration,
        mut find: impl FnMut(&[Event]) -> Option<T>,
    ) -> Option<T> {
        let end = Instant::now() + limit;
        let mut seen = locked(&self.0.0);
        loop {
            if let Some(found) = find(&seen.events) {
                return Some(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || seen.ended {
                return None;
            }
            let waited = self.0.1.wait_timeout(seen, left);
            (seen, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}
