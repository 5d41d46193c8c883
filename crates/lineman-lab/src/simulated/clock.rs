//! Time that passes when it is told to.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

/// A clock that stands still until the simulation sets it; clones show the same time.
///
/// The wire and smoltcp each count time in a type of their own, and this is where they meet.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// An arbitrary instant for those who only compare instants.
    base: Instant,
    ns: Arc<AtomicU64>,
}

impl Clock {
    /// One that shows zero.
    pub(super) fn new() -> Self {
        Self {
            base: Instant::now(),
            ns: Arc::default(),
        }
    }

    /// Nanoseconds since the beginning.
    pub(super) fn ns(&self) -> u64 {
        self.ns.load(Ordering::Relaxed)
    }

    /// Time since the beginning.
    pub(super) fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.ns())
    }

    /// For the wire.
    pub(super) fn instant(&self) -> Instant {
        self.base + self.elapsed()
    }

    /// What the wire calls so.
    pub(super) fn of_wire(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.base)
    }

    /// For smoltcp.
    pub(super) fn stack(&self) -> smoltcp::time::Instant {
        smoltcp::time::Instant::from_micros(i64::try_from(self.ns() / 1000).unwrap_or(i64::MAX))
    }

    /// Sets it; it never goes back, and never beyond what the wire can count. It shows whole microseconds, as
    /// smoltcp counts: else what waits 40 ms for smoltcp would wait a little less by the log.
    pub(super) fn set(&self, to: Duration) {
        let micros = to.min(END).as_nanos().div_ceil(1000);
        let ns = u64::try_from(micros * 1000).unwrap_or(u64::MAX);
        self.ns.fetch_max(ns, Ordering::Relaxed);
    }
}

/// What smoltcp calls so.
pub(super) fn of_stack(at: smoltcp::time::Instant) -> Duration {
    Duration::from_micros(u64::try_from(at.total_micros()).unwrap_or(0))
}

/// How far the clock goes: a century, which no lesson takes and every type of time can hold.
const END: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
