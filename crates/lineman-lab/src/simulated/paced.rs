//! A simulated lab whose time passes as fast as ours, for a user who watches and decides.

use std::fmt;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use lineman_trace::log::Host;
use lineman_trace::log::Note;
use lineman_trace::log::Origin;

use crate::Network;
use crate::hosts::Call;
use crate::hosts::Outcome;
use crate::hosts::SocketView;
use crate::lab::LabError;
use crate::recorder::locked;
use crate::wire::Command;

use super::Simulated;

/// A [`Simulated`] in which time passes by itself, as fast as it does outside: a thread sees to that.
/// Dropping it ends the lab.
pub struct Paced(Arc<Shared>);

struct Shared {
    stage: Mutex<Stage>,
    /// Something has happened, or is to happen earlier than was thought.
    news: Condvar,
}

struct Stage {
    lab: Simulated,
    /// When its time was zero.
    begun: Instant,
    ended: bool,
}

impl Paced {
    /// Has time pass from now on.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn new(lab: Simulated) -> Result<Self, LabError> {
        let now = Instant::now();
        let stage = Stage {
            begun: now.checked_sub(lab.now()).unwrap_or(now),
            lab,
            ended: false,
        };
        let shared = Arc::new(Shared {
            stage: Mutex::new(stage),
            news: Condvar::new(),
        });
        let keeps = Arc::clone(&shared);
        thread::Builder::new()
            .name("clock".to_owned())
            .spawn(move || keeps.keep_time())?;
        Ok(Self(shared))
    }

    /// Does something now.
    fn now<T>(
        &self,
        work: impl FnOnce(&mut Simulated) -> Result<T, LabError>,
    ) -> Result<T, LabError> {
        let mut stage = locked(&self.0.stage);
        stage.catch_up()?;
        let done = work(&mut stage.lab);
        self.0.news.notify_all();
        done
    }
}

impl Shared {
    fn keep_time(&self) {
        let mut stage = locked(&self.stage);
        while !stage.ended && stage.catch_up().is_ok() {
            self.news.notify_all();
            let now = stage.lab.now();
            let due = stage.lab.due().map(|due| due.saturating_sub(now));
            stage = self.wait(stage, due.unwrap_or(IDLE));
        }
    }

    fn wait<'a>(&self, stage: MutexGuard<'a, Stage>, time: Duration) -> MutexGuard<'a, Stage> {
        let waited = self.news.wait_timeout(stage, time);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Stage {
    /// Lets happen what should have happened by now.
    fn catch_up(&mut self) -> Result<(), LabError> {
        let late = self.begun.elapsed().saturating_sub(self.lab.now());
        self.lab.pass(late)
    }
}

impl Network for Paced {
    fn origin(&self) -> Origin {
        Origin::Simulated
    }

    fn now(&self) -> Duration {
        locked(&self.0.stage).begun.elapsed()
    }

    fn call(&mut self, host: Host, call: Call) -> Result<u64, LabError> {
        self.now(|lab| lab.call(host, call))
    }

    fn first(
        &mut self,
        calls: &[u64],
        limit: Duration,
    ) -> Result<Option<(u64, Outcome)>, LabError> {
        let begun = Instant::now();
        let mut stage = locked(&self.0.stage);
        loop {
            stage.catch_up()?;
            let outcome = stage.lab.first(calls, Duration::ZERO)?;
            let left = limit.saturating_sub(begun.elapsed());
            if outcome.is_some() || left.is_zero() {
                return Ok(outcome);
            }
            stage = self.0.wait(stage, left);
        }
    }

    fn pass(&mut self, time: Duration) -> Result<(), LabError> {
        thread::sleep(time);
        self.now(|_| Ok(()))
    }

    fn wire(&mut self, command: Command) -> Result<(), LabError> {
        self.now(|lab| lab.wire(command))
    }

    fn note(&mut self, note: Note) -> Result<(), LabError> {
        self.now(|lab| lab.note(note))
    }

    fn sockets(&mut self, host: Host) -> Result<Vec<SocketView>, LabError> {
        self.now(|lab| lab.sockets(host))
    }

    fn finish(&mut self) -> Result<(), LabError> {
        let mut stage = locked(&self.0.stage);
        stage.catch_up()?;
        stage.ended = true; // at once: nothing may be told after the end
        stage.lab.finish()
    }

    fn end(mut self: Box<Self>) -> Result<(), LabError> {
        self.finish()
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        locked(&self.0.stage).ended = true;
        self.0.news.notify_all();
    }
}

impl fmt::Debug for Paced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paced").finish_non_exhaustive()
    }
}

/// How long the thread sleeps where nothing is due: a call or a command wakes it, so any long time serves.
const IDLE: Duration = Duration::from_secs(3600);
