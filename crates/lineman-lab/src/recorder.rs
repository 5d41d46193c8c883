//! Where everybody who makes something happen tells it.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Instant;

use crate::log::Event;
use crate::log::Kind;

/// Numbers and dates what happens, and hands it on in that order. Clones tell the same log.
#[derive(Clone)]
pub struct Recorder(Arc<Mutex<Inner>>);

struct Inner {
    begun: Option<Instant>,
    next: u64,
    sink: Box<dyn FnMut(Event) + Send>,
}

impl Recorder {
    /// A log that begins with its first event; `sink` gets each event, one at a time, in order.
    pub fn new(sink: impl FnMut(Event) + Send + 'static) -> Self {
        let sink = Box::new(sink);
        let begun = None;
        let next = 0;
        Self(Arc::new(Mutex::new(Inner { begun, next, sink })))
    }

    /// Tells that something has happened now. Returns the number of the event.
    pub fn record(&self, kind: Kind) -> u64 {
        let mut inner = locked(&self.0);
        let begun = *inner.begun.get_or_insert_with(Instant::now);
        let t_ns = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        inner.tell(t_ns, kind)
    }

    /// Tells that something has happened before, at this time of the log. The sink has to put it
    /// where it belongs.
    pub(crate) fn record_at(&self, t_ns: u64, kind: Kind) -> u64 {
        locked(&self.0).tell(t_ns, kind)
    }
}

impl Inner {
    fn tell(&mut self, t_ns: u64, kind: Kind) -> u64 {
        let n = self.next;
        self.next += 1;
        (self.sink)(Event { n, t_ns, kind });
        n
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

/// The lock, whether or not somebody has panicked with it: the log goes on.
pub(crate) fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
