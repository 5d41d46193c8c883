//! What time it is in a log that is still told.

use std::time::Duration;

use lineman_trace::log::Event;
use tokio::time::Instant;

/// The time of a log, as far as its last event tells.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogTime {
    last: Option<(u64, Instant)>,
}

/// How much later than it happened an event may be told: those of traced programs are put in order first,
/// and a busy machine takes its time.
const LATE: Duration = Duration::from_millis(60);

impl LogTime {
    /// An event was told now.
    pub fn see(&mut self, event: &Event) {
        self.last = Some((event.t_ns, Instant::now()));
    }

    /// The time up to which everything has been told.
    pub fn now_ns(&self) -> u64 {
        self.last.map_or(0, |(t_ns, at)| {
            let since = at.elapsed().saturating_sub(LATE);
            t_ns.saturating_add(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
        })
    }

    /// When everything will have been told up to a time of the log.
    pub fn instant(&self, t_ns: u64) -> Option<Instant> {
        let (last, at) = self.last?;
        at.checked_add(Duration::from_nanos(t_ns.saturating_sub(last)) + LATE)
    }
}
