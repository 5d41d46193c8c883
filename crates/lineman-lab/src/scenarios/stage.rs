//! What a script is written with: calls, orders to the wire, and time.

use std::cell::RefCell;
use std::time::Duration;
use std::time::Instant;

use lineman_trace::log::Cursor;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Hub;
use lineman_trace::log::Note;

use super::Awaited;
use super::Stop;
use super::waits::Wait;
use crate::LabError;
use crate::hosts::Call;
use crate::hosts::Family;
use crate::hosts::Outcome;
use crate::network::Network;
use crate::wire::Command;

/// The lab, with what scripts have in common. A script is one thread: what two programs do at once, it
/// does by waiting for both of them ([`first`](Stage::first)), so that neither can keep the other waiting.
pub(super) struct Stage<'n> {
    network: RefCell<&'n mut dyn Network>,
    log: &'n Hub,
    /// What has happened since the script began.
    events: Cursor,
    /// How long it waits for what must come.
    pub(super) patience: Duration,
    /// Of which family the addresses are.
    pub(super) family: Family,
    /// What stands for the lab's beginning where instants are compared.
    base: Instant,
}

impl<'n> Stage<'n> {
    pub(super) fn new(
        network: &'n mut dyn Network,
        log: &'n Hub,
        patience: Duration,
        family: Family,
    ) -> Self {
        Self {
            network: RefCell::new(network),
            log,
            events: log.cursor_at(u64::MAX),
            patience,
            family,
            base: Instant::now(),
        }
    }

    /// The lab's time, which may be virtual, for what counts in instants.
    pub(super) fn now(&self) -> Instant {
        self.base + self.network.borrow().now()
    }

    /// Begins a call.
    pub(super) fn post(&self, host: Host, call: Call) -> Result<Posted, Stop> {
        let name = call.name();
        let number = self.network.borrow_mut().call(host, call)?;
        Ok(Posted { host, name, number })
    }

    /// Makes a call, and returns also if it has failed.
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
        let mut wait = Wait::new(self, Awaited::Call(posted.host, posted.name));
        loop {
            if let Some((_, outcome)) = self.first(&[*posted], PART)? {
                return Ok(outcome);
            }
            wait.goes_on()?;
        }
    }

    /// Waits until one of these calls has returned, for so long at most: which one, and what it came to.
    pub(super) fn first(
        &self,
        posted: &[Posted],
        mut limit: Duration,
    ) -> Result<Option<(Posted, Outcome)>, Stop> {
        let numbers: Vec<u64> = posted.iter().map(|posted| posted.number).collect();
        loop {
            if self.log.is_over() {
                return Err(LabError::Ended.into());
            }
            let part = limit.min(PART);
            let found = self.network.borrow_mut().first(&numbers, part)?;
            limit -= part;
            if let Some((number, outcome)) = found {
                let mut posted = posted.iter();
                let which = posted.find(|posted| posted.number == number);
                return Ok(which.map(|posted| (*posted, outcome)));
            }
            if limit.is_zero() {
                return Ok(None);
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
        self.events.look(find)
    }

    pub(super) fn wire(&self, command: Command) -> Result<(), Stop> {
        Ok(self.network.borrow_mut().wire(command)?)
    }

    pub(super) fn note(&self, note: Note) -> Result<(), Stop> {
        Ok(self.network.borrow_mut().note(note)?)
    }

    /// Says what was seen in packets, where no view shows it by itself.
    pub(super) fn seen(&self, what: &str, numbers: &[(&str, u32)]) -> Result<(), Stop> {
        let numbers = numbers.iter();
        let args = numbers.map(|(name, value)| ((*name).to_owned(), value.to_string()));
        let (id, args) = (format!("seen.{what}"), args.collect());
        self.note(Note { id, args })
    }

    pub(super) fn pause(&self, millis: u64) -> Result<(), Stop> {
        for _ in 0..millis {
            if self.log.is_over() {
                return Err(LabError::Ended.into());
            }
            self.network.borrow_mut().pass(MOMENT)?;
        }
        Ok(())
    }
}

/// A call that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Posted {
    host: Host,
    name: &'static str,
    number: u64,
}

/// How often a script that waits for a call looks whether the lab is over: a person does not notice so short a time.
const PART: Duration = Duration::from_millis(20);
/// How long time passes between two looks at the log: a step is taken as soon as its reason is seen, to a reader.
const MOMENT: Duration = Duration::from_millis(1);
