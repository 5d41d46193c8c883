//! Refusals that are told with the name that was perhaps meant: looking for it takes time, so it has a
//! thread and a small part of a processor; what is too much for these is told without.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::mpsc;

use super::ServerEvent;
use crate::tftp::Budget;
use crate::tftp::Ending;
use crate::tftp::Refusal;
use crate::tftp::Report;
use crate::tftp::Store;

/// Tells refusals. Dropped, its thread ends.
#[derive(Debug)]
pub(super) struct RefusalReporter {
    reports: SyncSender<Report>,
    waiting: Arc<AtomicUsize>,
}

impl RefusalReporter {
    /// Starts the thread, and another that clears what an earlier server left, and ends. What `events`
    /// does not take is counted in `untold`.
    ///
    /// # Errors
    /// When the system allows no more threads.
    pub(super) fn start(
        store: &Arc<dyn Store>,
        events: &mpsc::Sender<ServerEvent>,
        untold: &Arc<AtomicU64>,
    ) -> io::Result<Self> {
        let (reports, to_tell) = sync_channel::<Report>(MOST_WAITING);
        let waiting = Arc::<AtomicUsize>::default();
        let tell = {
            let (store, events) = (Arc::clone(store), events.clone());
            let (waiting, untold) = (Arc::clone(&waiting), Arc::clone(untold));
            move || {
                let mut time = LookingTime::new(Instant::now());
                for mut report in to_tell {
                    if time.is_left(Instant::now()) {
                        let began = Instant::now();
                        add_nearest(&mut report, &*store);
                        time.spend(began.elapsed());
                    }
                    if events.try_send(ServerEvent::Report(report)).is_err() {
                        untold.fetch_add(1, Ordering::Relaxed);
                    }
                    waiting.fetch_sub(1, Ordering::Release);
                }
            }
        };
        let clear = {
            let (store, events) = (Arc::clone(store), events.clone());
            move || {
                let budget = Budget::new(MOST_CLEARED, LONGEST_CLEARING);
                let parts = store.uploads().map_or(0, |it| it.clear_leftovers(budget));
                if parts > 0 {
                    // The receiver of events may be gone: then nothing is told.
                    let _ = events.try_send(ServerEvent::Cleared { parts });
                }
            }
        };
        let thread = || thread::Builder::new().name("tftp-names".to_owned());
        thread().spawn(tell)?;
        thread().spawn(clear)?;
        Ok(Self { reports, waiting })
    }

    /// Takes a refusal for which a name is to be looked for. Others, and those for which there is no
    /// time, it gives back.
    pub(super) fn take(&self, report: Report) -> Option<Report> {
        if !matches!(report.ending, Ending::Refused(Refusal::NotFound { .. })) {
            return Some(report);
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let refused = self.reports.try_send(report).err()?;
        self.waiting.fetch_sub(1, Ordering::Release);
        Some(match refused {
            std::sync::mpsc::TrySendError::Full(report)
            | std::sync::mpsc::TrySendError::Disconnected(report) => report,
        })
    }

    /// Whether some are not told yet.
    pub(super) fn are_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }
}

/// A name that a route has led elsewhere was not meant to be in the store.
fn add_nearest(report: &mut Report, store: &dyn Store) {
    if report.routed.is_some() {
        return;
    }
    if let Ending::Refused(Refusal::NotFound { nearest }) = &mut report.ending {
        let budget = Budget::new(MOST_NAMES, LONGEST_LOOK);
        *nearest = store.nearest(&report.filename, budget);
    }
}

/// Time that may be spent on looking, so that a flood of missing names costs no processor.
#[derive(Debug)]
struct LookingTime {
    left: Duration,
    /// Up to when it has come back.
    at: Instant,
}

impl LookingTime {
    fn new(now: Instant) -> Self {
        Self {
            left: MOST_LOOKING,
            at: now,
        }
    }

    fn is_left(&mut self, now: Instant) -> bool {
        let more = now.saturating_duration_since(self.at) / LOOKS_ONE_IN;
        self.left = (self.left + more).min(MOST_LOOKING);
        self.at = now;
        self.left >= LONGEST_LOOK
    }

    fn spend(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }
}

/// Refusals that wait for a name; those of a flood are told without.
const MOST_WAITING: usize = 64;
/// Names that are looked at for one refusal, and for how long.
const MOST_NAMES: usize = 20_000;
const LONGEST_LOOK: Duration = Duration::from_millis(50);
/// How long it may look at once, and what part of the time in the long run.
const MOST_LOOKING: Duration = Duration::from_secs(1);
const LOOKS_ONE_IN: u32 = 20;
/// The same for what is cleared at the start.
const MOST_CLEARED: usize = 1_000_000;
const LONGEST_CLEARING: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests for missing names in a large directory kept a processor busy for as long as they came.
    #[test]
    fn a_flood_of_missing_names_takes_a_twentieth_of_a_processor() {
        const LOOK: Duration = Duration::from_millis(50);
        let mut now = Instant::now();
        let mut time = LookingTime::new(now);
        let (mut looked, begun) = (Duration::ZERO, now);
        while now < begun + Duration::from_secs(100) {
            if time.is_left(now) {
                time.spend(LOOK);
                looked += LOOK;
                now += LOOK;
            }
            now += Duration::from_millis(1);
        }
        let most = MOST_LOOKING + Duration::from_secs(100) / LOOKS_ONE_IN;
        assert!(looked <= most, "{looked:?}");
        assert!(looked > most / 2, "{looked:?}");
        assert!(time.is_left(now + Duration::from_secs(60)));
        assert_eq!(time.left, MOST_LOOKING);
    }
}
