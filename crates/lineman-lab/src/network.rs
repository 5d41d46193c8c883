//! What a scenario needs of a lab, whichever TCP is in it.

use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use lineman_trace::log::Host;
use lineman_trace::log::Note;
use lineman_trace::log::Origin;

use crate::hosts::Call;
use crate::hosts::Outcome;
use crate::hosts::SocketView;
use crate::lab::Answer;
use crate::lab::Lab;
use crate::lab::LabError;
use crate::wire::Command;

/// Two hosts and a wire that take orders. What comes of them is in the log.
///
/// A script that is written for this runs over the kernel's TCP ([`Kernel`]) and over a simulated one
/// ([`Simulated`](crate::Simulated)). It must let time pass by these methods only: the latter has no
/// other.
pub trait Network: Send {
    /// Whose TCP it is: the kernel's, or a simulated one.
    fn origin(&self) -> Origin;

    /// How much time has passed since the lab began.
    fn now(&self) -> Duration;

    /// Has a host make a call. Calls of a host begin in this order; one that waits does not keep
    /// others from beginning. Returns its number, for [`outcome`](Self::outcome).
    ///
    /// # Errors
    /// When the lab has ended. The same holds for every method here.
    fn call(&mut self, host: Host, call: Call) -> Result<u64, LabError>;

    /// Waits until one of these calls has returned, for so long at most: which one, and what came of it.
    /// Of several it is the one that returned first. An outcome is given once.
    #[allow(clippy::missing_errors_doc, reason = "said at `call`, for all")]
    fn first(&mut self, calls: &[u64], limit: Duration)
    -> Result<Option<(u64, Outcome)>, LabError>;

    /// Waits until a call has returned, for so long at most.
    #[allow(clippy::missing_errors_doc, reason = "said at `call`, for all")]
    fn outcome(&mut self, call: u64, limit: Duration) -> Result<Option<Outcome>, LabError> {
        Ok(self.first(&[call], limit)?.map(|(_, outcome)| outcome))
    }

    /// Lets time pass.
    #[allow(clippy::missing_errors_doc, reason = "said at `call`, for all")]
    fn pass(&mut self, time: Duration) -> Result<(), LabError>;

    /// Has the wire do something.
    #[allow(clippy::missing_errors_doc, reason = "said at `call`, for all")]
    fn wire(&mut self, command: Command) -> Result<(), LabError>;

    /// Puts a sentence into the log.
    #[allow(clippy::missing_errors_doc, reason = "said at `call`, for all")]
    fn note(&mut self, note: Note) -> Result<(), LabError>;

    /// All sockets of a host, as they are now.
    #[allow(clippy::missing_errors_doc, reason = "said at `call`, for all")]
    fn sockets(&mut self, host: Host) -> Result<Vec<SocketView>, LabError>;

    /// Has the lab end in good order, and does not wait for it: its log goes on to the end.
    #[allow(clippy::missing_errors_doc, reason = "said at `call`, for all")]
    fn finish(&mut self) -> Result<(), LabError>;

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
    /// The channel by which the lab tells the outcomes of all calls, so that none has to be asked for in turn.
    says: mpsc::Sender<(u64, Answer)>,
    said: mpsc::Receiver<(u64, Answer)>,
    /// Outcomes that were not asked for yet, the oldest first.
    returned: Vec<(u64, Outcome)>,
    begun: Instant,
}

impl Kernel {
    /// Over a lab that runs.
    pub fn new(lab: Lab) -> Self {
        let (says, said) = mpsc::channel();
        Self {
            lab,
            says,
            said,
            returned: Vec::new(),
            begun: Instant::now(),
        }
    }
}

impl Network for Kernel {
    fn origin(&self) -> Origin {
        Origin::Kernel
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn call(&mut self, host: Host, call: Call) -> Result<u64, LabError> {
        self.lab.call_for(&self.says, host, call)
    }

    fn first(
        &mut self,
        calls: &[u64],
        limit: Duration,
    ) -> Result<Option<(u64, Outcome)>, LabError> {
        let begun = Instant::now();
        loop {
            let mut returned = self.returned.iter();
            if let Some(at) = returned.position(|(call, _)| calls.contains(call)) {
                return Ok(Some(self.returned.remove(at)));
            }
            let left = limit.saturating_sub(begun.elapsed());
            match self.said.recv_timeout(left) {
                Ok((call, Answer::Outcome(outcome))) => self.returned.push((call, outcome)),
                Ok(_) => {} // no answer to a call
                Err(_) => return Ok(None),
            }
        }
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

    fn sockets(&mut self, host: Host) -> Result<Vec<SocketView>, LabError> {
        let ticket = self.lab.sockets(host)?;
        ticket.wait_for(PATIENCE).ok_or(LabError::Ended)
    }

    fn finish(&mut self) -> Result<(), LabError> {
        self.lab.finish()
    }

    fn end(self: Box<Self>) -> Result<(), LabError> {
        self.lab.end()
    }
}

/// How long a lab may need to look at the sockets of a host: some milliseconds, and seconds on a machine that does
/// other things. The caller waits for that long.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long time passes between two looks at whether something holds: a person would not notice.
const MOMENT: Duration = Duration::from_millis(1);
