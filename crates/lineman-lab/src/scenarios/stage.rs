//! What a script is written with: calls, orders to the wire, and time.

use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use lineman_trace::log::Cursor;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Hub;
use lineman_trace::log::Note;

use super::Stop;
use crate::LabError;
use crate::hosts::Call;
use crate::hosts::Outcome;
use crate::network::Network;
use crate::recorder::locked;
use crate::wire::Command;

/// The lab, with what scripts have in common. Two programs may use it at once.
pub(super) struct Stage<'n> {
    network: Mutex<&'n mut dyn Network>,
    log: &'n Hub,
    /// What has happened since the script began.
    seen: Cursor,
    /// How long it waits for what must come.
    pub(super) patience: Duration,
    /// What stands for the lab's beginning where instants are compared.
    base: Instant,
}

impl<'n> Stage<'n> {
    pub(super) fn new(network: &'n mut dyn Network, log: &'n Hub, patience: Duration) -> Self {
        Self {
            network: Mutex::new(network),
            log,
            seen: log.cursor_at(u64::MAX),
            patience,
            base: Instant::now(),
        }
    }

    /// The lab's time, which may be virtual, for what counts in instants.
    pub(super) fn now(&self) -> Instant {
        self.base + locked(&self.network).now()
    }

    /// Begins a call.
    pub(super) fn post(&self, host: Host, call: Call) -> Result<Posted, Stop> {
        let name = call.name();
        let number = locked(&self.network).call(host, call)?;
        Ok(Posted { name, number })
    }

    /// Makes a call, whatever comes of it.
    pub(super) fn call(&self, host: Host, call: Call) -> Result<Outcome, Stop> {
        self.post(host, call)
            .and_then(|posted| self.answer(&posted))
    }

    /// Makes a call that must succeed.
    pub(super) fn done(&self, host: Host, call: Call) -> Result<(), Stop> {
        let name = call.name();
        match self.call(host, call)? {
            outcome @ Outcome::Failed(_) => Err(Stop::Outcome {
                call: name,
                outcome,
            }),
            _ => Ok(()),
        }
    }

    /// What a call came to.
    pub(super) fn answer(&self, posted: &Posted) -> Result<Outcome, Stop> {
        let outcome = self.answer_within(posted, self.patience)?;
        outcome.ok_or(Stop::Late(posted.name))
    }

    /// What a call came to, if it has by then.
    pub(super) fn answer_within(
        &self,
        posted: &Posted,
        mut limit: Duration,
    ) -> Result<Option<Outcome>, Stop> {
        loop {
            if self.log.is_over() {
                return Err(LabError::Ended.into());
            }
            // In parts: the other program wants its turn.
            let part = limit.min(PART);
            let outcome = locked(&self.network).outcome(posted.number, part)?;
            limit -= part;
            if outcome.is_some() || limit.is_zero() {
                return Ok(outcome);
            }
        }
    }

    /// The descriptor that a call came to.
    pub(super) fn descriptor(&self, posted: &Posted) -> Result<i32, Stop> {
        let outcome = self.answer(posted)?;
        let call = posted.name;
        outcome.descriptor().ok_or(Stop::Outcome { call, outcome })
    }

    /// Looks for something in what has happened since the script began.
    pub(super) fn look<T>(&self, find: impl FnOnce(&[Event]) -> T) -> T {
        self.seen.look(find)
    }

    pub(super) fn wire(&self, command: Command) -> Result<(), Stop> {
        Ok(locked(&self.network).wire(command)?)
    }

    pub(super) fn note(&self, note: Note) -> Result<(), Stop> {
        Ok(locked(&self.network).note(note)?)
    }

    pub(super) fn pause(&self, millis: u64) -> Result<(), Stop> {
        for _ in 0..millis {
            if self.log.is_over() {
                return Err(LabError::Ended.into());
            }
            locked(&self.network).pass(PART)?;
        }
        Ok(())
    }
}

/// A call that was begun.
pub(super) struct Posted {
    name: &'static str,
    number: u64,
}

/// How long one program keeps the other from its turn.
const PART: Duration = Duration::from_millis(1);
