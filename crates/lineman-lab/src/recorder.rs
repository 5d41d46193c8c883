//! The recorder of a lab's log: each part of the lab that makes something happen tells it here.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Instant;

use lineman_trace::log::Event;
use lineman_trace::log::Kind;

/// Numbers and dates what happens, and hands it on in that order. Clones tell the same log.
#[derive(Clone)]
pub struct Recorder(Arc<Mutex<Inner>>);

struct Inner {
    clock: Clock,
    ended: bool,
    next: u64,
    sink: Box<dyn FnMut(Event) + Send>,
}

/// Nanoseconds since the log began.
type Clock = Box<dyn FnMut() -> u64 + Send>;

impl Recorder {
    /// A log that begins with its first event; `sink` gets each event, one at a time, in order.
    pub fn new(sink: impl FnMut(Event) + Send + 'static) -> Self {
        let mut begun = None;
        Self::by(
            move || {
                let elapsed = begun.get_or_insert_with(Instant::now).elapsed();
                u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
            },
            sink,
        )
    }

    /// A log by a clock of its own, which says how many nanoseconds ago the log began.
    pub(crate) fn by(
        clock: impl FnMut() -> u64 + Send + 'static,
        sink: impl FnMut(Event) + Send + 'static,
    ) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            clock: Box::new(clock),
            ended: false,
            next: 0,
            sink: Box::new(sink),
        })))
    }

    /// Tells that something has happened now. Returns the number of the event. After the end nothing
    /// is told: a lab that comes down closes its sockets, and that is no part of the lesson.
    pub fn record(&self, kind: Kind) -> u64 {
        let mut inner = locked(&self.0);
        let t_ns = (inner.clock)();
        inner.tell(t_ns, kind)
    }

    /// Does something, and tells that it has happened when that began: nothing else is told meanwhile, and what
    /// follows from it is told behind it. Returns the number of the event.
    ///
    /// # Errors
    /// When it could not be done; then nothing is told.
    pub(crate) fn record_doing<E>(
        &self,
        kind: Kind,
        work: impl FnOnce() -> Result<(), E>,
    ) -> Result<u64, E> {
        let mut inner = locked(&self.0);
        let t_ns = (inner.clock)();
        work()?;
        Ok(inner.tell(t_ns, kind))
    }

    /// What the log's clock shows, in nanoseconds since the log began.
    pub(crate) fn now_ns(&self) -> u64 {
        (locked(&self.0).clock)()
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
        if self.ended {
            return n;
        }
        self.ended = kind == Kind::End;
        self.next += 1;
        (self.sink)(Event { n, t_ns, kind });
        if self.ended {
            self.sink = Box::new(drop); // who has waited for the end of the log need not wait for that of the lab
        }
        n
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

/// The lock, even if a thread has panicked while it held it: the log goes on.
pub(crate) fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use lineman_trace::log::Host;

    use super::*;

    #[test]
    fn nothing_is_told_after_the_end() {
        let (sender, told) = mpsc::channel();
        let recorder = Recorder::new(move |event| sender.send(event.kind).expect("a test"));
        let left = || {
            let (host, why) = (Host::Client, String::new());
            Kind::Left { host, why }
        };
        recorder.record(left());
        recorder.record(Kind::End);
        recorder.record(left());
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [left(), Kind::End]);
    }
}
