//! A network that a script and a person use at once: the script calls, the person decides about
//! packets.

use std::sync::mpsc;
use std::time::Duration;

use lineman_lab::LabError;
use lineman_lab::Network;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Outcome;
use lineman_lab::hosts::SocketView;
use lineman_lab::wire::Command;
use lineman_trace::log::Host;
use lineman_trace::log::Note;

/// How long a person's command waits at most, while the script lets time pass.
const MOMENT: Duration = Duration::from_millis(2);

/// A script's network that hears a person too.
pub struct Driven {
    network: Box<dyn Network>,
    commands: mpsc::Receiver<Command>,
}

impl Driven {
    /// Over a network; what is sent to the other end of `commands` is done soon.
    pub fn new(network: Box<dyn Network>, commands: mpsc::Receiver<Command>) -> Self {
        Self { network, commands }
    }

    fn obey(&mut self) -> Result<(), LabError> {
        self.commands
            .try_iter()
            .try_for_each(|command| self.network.wire(command))
    }
}

impl Network for Driven {
    fn now(&self) -> Duration {
        self.network.now()
    }

    fn call(&mut self, host: Host, call: Call) -> Result<u64, LabError> {
        self.obey()?;
        self.network.call(host, call)
    }

    fn first(
        &mut self,
        calls: &[u64],
        limit: Duration,
    ) -> Result<Option<(u64, Outcome)>, LabError> {
        let mut left = limit;
        loop {
            self.obey()?;
            let part = left.min(MOMENT);
            let outcome = self.network.first(calls, part)?;
            left -= part;
            if outcome.is_some() || left.is_zero() {
                return Ok(outcome);
            }
        }
    }

    fn pass(&mut self, time: Duration) -> Result<(), LabError> {
        let mut left = time;
        while !left.is_zero() {
            self.obey()?;
            let part = left.min(MOMENT);
            self.network.pass(part)?;
            left -= part;
        }
        Ok(())
    }

    fn wire(&mut self, command: Command) -> Result<(), LabError> {
        self.network.wire(command)
    }

    fn note(&mut self, note: Note) -> Result<(), LabError> {
        self.network.note(note)
    }

    fn sockets(&mut self, host: Host) -> Result<Vec<SocketView>, LabError> {
        self.network.sockets(host)
    }

    fn finish(&mut self) -> Result<(), LabError> {
        self.network.finish()
    }

    fn end(self: Box<Self>) -> Result<(), LabError> {
        self.network.end()
    }
}
