//! The log as it grows: appended to in one place, read in many.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use super::Event;

/// A log that grows. Clones are the same log.
///
/// Each [`Cursor`] reads at its own pace, from where it likes. What every cursor has read is forgotten:
/// a reader that may want to look back keeps a cursor at the beginning.
#[derive(Clone, Default)]
pub struct Hub(Arc<Mutex<Log>>);

#[derive(Default)]
struct Log {
    /// What some cursor has not read.
    events: VecDeque<Event>,
    /// How many were forgotten before these.
    forgotten: u64,
    cursors: BTreeMap<u64, Position>,
    /// How many cursors there were.
    made: u64,
    ended: bool,
    cancelled: bool,
}

/// Where a cursor is.
struct Position {
    /// How many events there are before it.
    next: u64,
    /// The task that waits for the event that comes there.
    waits: Option<Waker>,
}

impl Hub {
    /// A log without an event.
    pub fn new() -> Self {
        Self::default()
    }

    /// A function that appends an event, for the source of events; dropping it ends the log.
    pub fn sink(&self) -> impl FnMut(Event) + Send + 'static + use<> {
        let end = End(self.clone());
        move |event| end.0.append(event)
    }

    /// A cursor at the first event that is there, or the first to come.
    pub fn cursor(&self) -> Cursor {
        self.cursor_at(0)
    }

    /// A cursor behind this many events of the log; at the first that is left, if that was forgotten.
    pub fn cursor_at(&self, events: u64) -> Cursor {
        let mut log = self.locked();
        let next = events.max(log.forgotten).min(log.len());
        log.made += 1;
        let id = log.made;
        log.cursors.insert(id, Position { next, waits: None });
        drop(log);
        let hub = self.clone();
        Cursor { hub, id }
    }

    /// Asks the source of events to end. The log goes on until it has.
    pub fn cancel(&self) {
        self.locked().cancelled = true;
    }

    /// Whether the log has ended, or its owner has asked for its end.
    pub fn is_over(&self) -> bool {
        let log = self.locked();
        log.ended || log.cancelled
    }

    /// How many events wait for the slowest of its readers.
    pub fn unread(&self) -> usize {
        self.locked().events.len()
    }

    fn append(&self, event: Event) {
        let mut log = self.locked();
        if log.cursors.is_empty() {
            log.forgotten += 1; // nobody has begun to read, or will
            return;
        }
        log.events.push_back(event);
        log.wake();
    }

    fn locked(&self) -> MutexGuard<'_, Log> {
        // Nothing in here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

impl Log {
    /// How many events there were.
    fn len(&self) -> u64 {
        self.forgotten + self.events.len() as u64
    }

    fn wake(&mut self) {
        let waiting = self.cursors.values_mut().filter_map(|it| it.waits.take());
        waiting.for_each(Waker::wake);
    }

    fn get(&self, at: u64) -> Option<&Event> {
        let index = at.checked_sub(self.forgotten)?;
        self.events.get(usize::try_from(index).ok()?)
    }

    /// Forgets what every cursor has read.
    fn forget(&mut self) {
        let end = self.len();
        let first = self.cursors.values().map(|position| position.next).min();
        let first = first.unwrap_or(end);
        let read = usize::try_from(first - self.forgotten).unwrap_or(usize::MAX);
        self.events.drain(..read.min(self.events.len()));
        self.forgotten = first;
    }
}

/// Ends the log when it is dropped, however that came about.
struct End(Hub);

impl Drop for End {
    fn drop(&mut self) {
        let mut log = self.0.locked();
        log.ended = true;
        log.wake();
    }
}

/// A place in the log, to read on from.
pub struct Cursor {
    hub: Hub,
    id: u64,
}

impl Cursor {
    /// The next event; waits until there is one. `None` when the log has ended before.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// The next event, if it is there.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut log = self.hub.locked();
        let log = &mut *log;
        let Some(position) = log.cursors.get(&self.id) else {
            return Poll::Ready(None);
        };
        let event = log.get(position.next).cloned();
        let Some(position) = log.cursors.get_mut(&self.id) else {
            return Poll::Ready(None);
        };
        match event {
            Some(event) => {
                position.next += 1;
                log.forget();
                Poll::Ready(Some(event))
            }
            None if log.ended => Poll::Ready(None),
            None => {
                position.waits = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Looks at all events from here to the last one there is, and stays where it is.
    pub fn look<T>(&self, find: impl FnOnce(&[Event]) -> T) -> T {
        let mut log = self.hub.locked();
        let next = log
            .cursors
            .get(&self.id)
            .map_or(0, |position| position.next);
        let index = next.saturating_sub(log.forgotten);
        let events = log.events.make_contiguous();
        let from = usize::try_from(index).map_or(events.len(), |at| at.min(events.len()));
        find(&events[from..])
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        let mut log = self.hub.locked();
        log.cursors.remove(&self.id);
        log.forget();
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Kind;

    fn event(n: u64) -> Event {
        let (t_ns, kind) = (n, Kind::End);
        Event { n, t_ns, kind }
    }

    /// What there is to read now.
    fn read(cursor: &mut Cursor) -> Vec<u64> {
        let mut context = Context::from_waker(Waker::noop());
        let next = || match cursor.poll_next(&mut context) {
            Poll::Ready(event) => event.map(|event| event.n),
            Poll::Pending => None,
        };
        std::iter::from_fn(next).collect()
    }

    fn is_at_its_end(cursor: &mut Cursor) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        cursor.poll_next(&mut context) == Poll::Ready(None)
    }

    #[test]
    fn each_cursor_reads_everything_at_its_own_pace() {
        let hub = Hub::new();
        let (mut one, mut other) = (hub.cursor(), hub.cursor());
        let mut sink = hub.sink();
        sink(event(0));
        assert_eq!(read(&mut one), [0]);
        sink(event(1));
        assert_eq!(read(&mut other), [0, 1]);
        assert_eq!(read(&mut one), [1]);
        assert!(!is_at_its_end(&mut one));
    }

    #[test]
    fn a_log_that_has_ended_is_read_to_its_end() {
        let hub = Hub::new();
        let mut cursor = hub.cursor();
        let mut sink = hub.sink();
        sink(event(0));
        drop(sink);
        assert!(hub.is_over());
        assert_eq!(read(&mut cursor), [0]);
        assert!(is_at_its_end(&mut cursor));
    }

    /// A page that was away says which event it saw last.
    #[test]
    fn a_cursor_begins_where_it_is_asked_to_while_another_keeps_that() {
        let hub = Hub::new();
        let kept = hub.cursor();
        let mut sink = hub.sink();
        (0..5).map(event).for_each(&mut sink);
        assert_eq!(read(&mut hub.cursor_at(3)), [3, 4]);
        assert_eq!(read(&mut hub.cursor_at(99)), [0; 0]);
        assert_eq!(kept.look(<[Event]>::len), 5);
    }

    #[test]
    fn what_everybody_has_read_takes_no_memory() {
        let hub = Hub::new();
        let (mut one, mut other) = (hub.cursor(), hub.cursor());
        let mut sink = hub.sink();
        for n in 0..100 {
            sink(event(n));
            read(&mut one);
        }
        assert_eq!(hub.locked().events.len(), 100, "the other may want it");
        read(&mut other);
        assert_eq!(hub.locked().events.len(), 0);
        assert_eq!(read(&mut hub.cursor_at(7)), [0; 0], "forgotten");
        drop((one, other));
        sink(event(100));
        assert_eq!(hub.locked().events.len(), 0, "nobody reads");
    }

    #[test]
    fn to_be_asked_to_end_is_not_to_have_ended() {
        let hub = Hub::new();
        let mut cursor = hub.cursor();
        let mut sink = hub.sink();
        hub.cancel();
        assert!(hub.is_over());
        sink(event(0));
        assert_eq!(read(&mut cursor), [0]);
        assert!(!is_at_its_end(&mut cursor));
    }
}
