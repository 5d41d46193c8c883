//! Waiting awake, for a moment, where sleeping and waking would cost more than the wait.
//!
//! A lockstep round trip on a fast link is shorter than the time that a halted processor takes to
//! come back. While a thread has very few transfers it looks for the next packet a little longer
//! before it sleeps, as long as that has been worth while lately.

use std::io;
use std::time::Duration;
use std::time::Instant;

use super::floor::Floor;

/// Whether and how long to wait awake.
#[derive(Debug)]
pub(super) struct Spin {
    enabled: bool,
    /// How many more vain attempts are allowed; each success refills it.
    credit: u32,
}

impl Spin {
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled, credit: 0 }
    }

    /// Looks for something to do without sleeping. Gives `true` when something was found, or is due.
    ///
    /// # Errors
    /// When the system fails.
    pub(super) fn wait(&mut self, floor: &mut Floor, due: Option<Instant>) -> io::Result<bool> {
        if !self.enabled || !(1..=MOST_TRANSFERS).contains(&floor.len()) {
            return Ok(false);
        }
        let begin = Instant::now();
        if self.credit == 0 {
            return Ok(false);
        }
        loop {
            if floor.poller.peek()? || !floor.mailbox.is_empty() {
                self.credit = CREDIT;
                return Ok(true);
            }
            let now = Instant::now();
            if due.is_some_and(|due| due <= now) {
                return Ok(true);
            }
            if now - begin >= longest() {
                self.credit -= 1;
                return Ok(false);
            }
            if yields() {
                std::thread::yield_now();
            } else {
                std::hint::spin_loop();
            }
        }
    }

    /// A sleep was short: waiting awake would have been worth while.
    pub(super) fn slept(&mut self, time: Duration) {
        if time <= longest() {
            self.credit = CREDIT;
        }
    }
}

/// With more transfers there is nearly always something to do.
const MOST_TRANSFERS: usize = 2;
const LONGEST: Duration = Duration::from_micros(60);
/// So many waits in vain, one after another, are given up for.
const CREDIT: u32 = 4;

fn longest() -> Duration {
    static L: std::sync::OnceLock<Duration> = std::sync::OnceLock::new();
    *L.get_or_init(|| {
        std::env::var("SPIN_US")
            .ok()
            .and_then(|v| v.parse().ok())
            .map_or(LONGEST, Duration::from_micros)
    })
}
fn yields() -> bool {
    static L: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *L.get_or_init(|| std::env::var_os("SPIN_YIELD").is_some())
}
