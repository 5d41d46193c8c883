//! A scenario on the whole terminal, packet by packet.

use std::slice;
use std::sync::mpsc;
use std::time::Duration;

use lineman_lab::Network;
use lineman_lab::Options;
use lineman_lab::scenarios::Scenario;
use lineman_lab::scenarios::Stop;
use lineman_lab::wire::Command;
use lineman_trace::log::Hub;

use super::driven::Driven;
use super::keys::Keys;
use super::screen::Whole;
use super::setup;
use crate::args::lab::Play;
use crate::commands::trace::record::Record;
use crate::commands::trace::session;
use crate::commands::trace::source::Ground;
use crate::commands::trace::source::Script;
use crate::commands::trace::source::refusal;
use crate::console::Console;
use crate::failure::Failure;
use crate::runtime;
use crate::runtime::Signals;
use crate::views::tui::Model;
use crate::views::tui::Setup;

/// How long a script waits while a person thinks about a packet.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Plays a scenario whose packets are held until a key lets them through.
///
/// # Errors
/// When there is no terminal, no lab, or no file to record to.
pub fn play(
    scenario: Scenario,
    mut options: Options,
    args: &Play,
    console: Console,
) -> Result<(), Failure> {
    let model = Model::new(Setup {
        live: true,
        step: true,
        rules: options.rules.to_string(),
        ..setup(args.view.drawing.ascii, console)?
    });
    options.step = true;
    runtime::block_on(console, async {
        let mut signals = Signals::watch(console.lang)?;
        let record = Record::create(args.lab.record.as_deref(), None, console)?;
        let Ground {
            network,
            log,
            events,
        } = Ground::of(slice::from_ref(&scenario), args.whose, &options, console)?;
        let live = Live::begin(scenario, network, log, console);
        let mut whole = Whole::take(model, console)?;
        let mut keys = Keys::of(Some(live), console)?;
        session::run(events, record, &mut keys, &mut whole, &mut signals).await
    })
}

/// A scenario that is being played, whose wire obeys a person.
pub struct Live {
    script: Script,
    commands: mpsc::Sender<Command>,
    console: Console,
}

impl Live {
    fn begin(scenario: Scenario, network: Box<dyn Network>, log: Hub, console: Console) -> Self {
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
