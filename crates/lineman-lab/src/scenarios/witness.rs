//! Whoever plays a scenario sees what happens: some steps are taken when something is seen.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use lineman_trace::log::Event;

use crate::recorder::locked;

/// Remembers the log of a lab. Clones are the same witness.
#[derive(Clone, Debug, Default)]
pub struct Witness(Arc<Mutex<Seen>>, Option<Duration>);

/// How long a script waits for what must come: longer than any clock that it waits for, on a slow wire
/// and a busy machine too.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
struct Seen {
    events: Vec<Event>,
    ended: bool,
}

/// Tells the witness when the lab's log is at its end, however that came about.
struct Ending(Witness);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Witness {
    /// One that waits so long for what must come: a person who decides about each packet may think
    /// for as long as he likes.
    pub fn patient(patience: Duration) -> Self {
        Self(Arc::default(), Some(patience))
    }

    /// How long it waits.
    pub(super) fn patience(&self) -> Duration {
        self.1.unwrap_or(PATIENCE)
    }

    /// A sink for the lab's log that hands it on to another.
    pub fn sink<F: FnMut(Event) + Send>(&self, mut next: F) -> impl FnMut(Event) + Send + use<F> {
        let ending = Ending(self.clone());
        move |event| {
            let witness = &ending.0;
            next(event.clone());
            locked(&witness.0).events.push(event);
        }
    }

    /// What has happened so far.
    pub fn events(&self) -> Vec<Event> {
        locked(&self.0).events.clone()
    }

    /// Whether the log is at its end.
    pub fn is_over(&self) -> bool {
        locked(&self.0).ended
    }

    /// Has whoever plays stop, as if the log were at its end.
    pub fn stop(&self) {
        locked(&self.0).ended = true;
    }

    /// Looks for something in what has happened so far.
    pub(super) fn look<T>(&self, find: impl FnOnce(&[Event]) -> Option<T>) -> Option<T> {
        find(&locked(&self.0).events)
    }
}
