//! What a scenario needs of a lab, whichever TCP is in it.

use std::collections::HashMap;
use std::time::Duration;
use std::time::Instant;

use lineman_trace::log::Host;
use lineman_trace::log::Note;

use crate::hosts::Call;
use crate::hosts::Outcome;
use crate::lab::Lab;
use crate::lab::LabError;
use crate::lab::Ticket;
use crate::wire::Command;

/// Two hosts and a wire that take orders. What comes of them is in the log.
///
/// A script that is written for this runs over the kernel's TCP ([`Kernel`]) and over a simulated one
/// ([`Simulated`](crate::Simulated)). It must let time pass by these methods only: the latter has no
/// other.
pub trait Network: Send {
    /// How much time has passed since the lab began.
    fn now(&self) -> Duration;

    /// Has a host make a call. Calls of a host begin in this order; one that waits does not keep
    /// others from beginning. Returns its number, for [`outcome`](Self::outcome).
    ///
    /// # Errors
    /// When the lab has ended. The same holds for every method here.
    fn call(&mut self, host: Host, call: Call) -> Result<u64, LabError>;

    /// Waits until a call has returned, for so long at most. An outcome is given once.
    #[allow(clippy::missing_errors_doc, reason = "said at `call`, for all")]
    fn outcome(&mut self, call: u64, limit: Duration) -> Result<Option<Outcome>, LabError>;

    /// Lets time pass.
    #[allow(clippy::missing_errors_doc, reason = "said at `call`, for all")]
    fn pass(&mut self, time: Duration) -> Result<(), LabError>;

    /// Has the wire do something.
    #[allow(clippy::missing_errors_doc, reason = "said at `call`, for all")]
    fn wire(&mut self, command: Command) -> Result<(), LabError>;

    /// Puts a sentence into the log.
    #[allow(clippy::missing_errors_doc, reason = "said at `call`, for all")]
    fn note(&mut self, note: Note) -> Result<(), LabError>;

    /// Ends the lab in good order; its log is then complete.
    #[allow(clippy::missing_errors_doc, reason = "said at `call`, for all")]
    fn end(self: Box<Self>) -> Result<(), LabError>;

    /// Lets time pass until something holds, for so long at most; whether it does.
    #[allow(clippy::missing_errors_doc, reason = "said at `call`, for all")]
    fn until(
        &mut self,
        limit: Duration,
        holds: &mut dyn FnMut() -> bool,
    ) -> Result<bool, LabError> {
        let mut left = limit;
        while !holds() {
            if left.is_zero() {
                return Ok(false);
            }
            let part = left.min(MOMENT);
            self.pass(part)?;
            left -= part;
        }
        Ok(true)
    }
}

/// The lab in namespaces, as a [`Network`].
#[derive(Debug)]
pub struct Kernel {
    lab: Lab,
    calls: u64,
    waiting: HashMap<u64, Ticket<Outcome>>,
    begun: Instant,
}

impl Kernel {
    /// Over a lab that runs.
    pub fn new(lab: Lab) -> Self {
        Self {
            lab,
            calls: 0,
            waiting: HashMap::new(),
            begun: Instant::now(),
        }
    }
}

impl Network for Kernel {
    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn call(&mut self, host: Host, call: Call) -> Result<u64, LabError> {
        let ticket = self.lab.call(host, call)?;
        self.calls += 1;
        self.waiting.insert(self.calls, ticket);
        Ok(self.calls)
    }

    fn outcome(&mut self, call: u64, limit: Duration) -> Result<Option<Outcome>, LabError> {
        let ticket = self.waiting.get(&call);
        let outcome = ticket.and_then(|ticket| ticket.wait_for(limit));
        if outcome.is_some() {
            self.waiting.remove(&call);
        }
        Ok(outcome)
    }

    fn pass(&mut self, time: Duration) -> Result<(), LabError> {
        std::thread::sleep(time);
        Ok(())
    }

    fn wire(&mut self, command: Command) -> Result<(), LabError> {
        self.lab.wire(command)
    }

    fn note(&mut self, note: Note) -> Result<(), LabError> {
        self.lab.note(note)
    }

    fn end(self: Box<Self>) -> Result<(), LabError> {
        self.lab.end()
    }
}

/// A person would not notice.
const MOMENT: Duration = Duration::from_millis(1);
