//! What time it is in a capture that goes on.

use std::time::Duration;

use tokio::time::Instant;

/// The time of a capture, as far as its last packet tells.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    last: Option<(u64, Instant)>,
}

/// How much later than it was captured a packet may be read on a busy machine.
const LATE: Duration = Duration::from_millis(60);

impl Clock {
    /// A packet of this time was read now.
    pub fn see(&mut self, t_ns: u64) {
        let later = self.last.is_none_or(|(last, _)| t_ns >= last);
        if later {
            self.last = Some((t_ns, Instant::now()));
        }
    }

    /// The time up to which everything was read.
    pub fn now_ns(&self) -> u64 {
        self.last.map_or(0, |(t_ns, at)| {
            let since = at.elapsed().saturating_sub(LATE);
            t_ns.saturating_add(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
        })
    }

    /// When everything will have been read up to a time.
    pub fn instant(&self, t_ns: u64) -> Option<Instant> {
        let (last, at) = self.last?;
        at.checked_add(Duration::from_nanos(t_ns.saturating_sub(last)) + LATE)
    }
}
