//! A scenario that is being played while a person decides about its packets.

use std::sync::mpsc;
use std::time::Duration;

use lineman_lab::Network;
use lineman_lab::scenarios::Scenario;
use lineman_lab::scenarios::Stop;
use lineman_lab::wire::Command;
use lineman_trace::log::Hub;

use super::driven::Driven;
use crate::commands::trace::source::Script;
use crate::commands::trace::source::refusal;
use crate::console::Console;

/// How long a script waits while a person thinks about a packet.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// A scenario that is being played, whose wire obeys a person.
pub struct Live {
    script: Script,
    commands: mpsc::Sender<Command>,
    console: Console,
}

impl Live {
    /// Begins to play.
    pub fn begin(
        scenario: Scenario,
        network: Box<dyn Network>,
        log: Hub,
        console: Console,
    ) -> Self {
        let (commands, orders) = mpsc::channel();
        let network = Box::new(Driven::new(network, orders));
        let play = move |network: &mut dyn Network, log: &Hub| {
            scenario.play_within(network, log, PATIENCE)
        };
        Self {
            script: Script::play(network, log, play, console),
            commands,
            console,
        }
    }

    /// Has the wire do something, soon.
    pub fn obey(&self, command: Command) {
        let _ = self.commands.send(command); // the script may be over
    }

    /// Has it stop.
    pub fn end(&mut self) {
        self.script.cancel();
    }

    /// Why it was not played to its end, if there is more to say than that the lab has ended.
    pub fn ended(&mut self) -> Option<String> {
        match self.script.result() {
            Ok(()) | Err(Stop::Lab(_)) => None,
            Err(stop) => Some(refusal::stopped(&stop, self.console).text),
        }
    }
}
