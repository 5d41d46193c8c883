//! A scenario on the whole terminal, packet by packet.

use std::slice;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lineman_lab::Network as _;
use lineman_lab::Options;
use lineman_lab::scenarios::Scenario;
use lineman_lab::scenarios::Stop;
use lineman_lab::scenarios::Witness;
use lineman_trace::log::Event;

use super::Desk;
use super::driven::Driven;
use super::setup;
use crate::args::lab::Play;
use crate::commands::lab::Ground;
use crate::commands::lab::record::Record;
use crate::commands::lab::refusal;
use crate::console::Console;
use crate::failure::Failure;
use crate::views::tui::Model;
use crate::views::tui::Setup;

/// How long a script waits while a person thinks about a packet.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Plays a scenario whose packets are held until a key lets them through.
///
/// # Errors
/// When there is no terminal, no lab, or no file to record to.
pub fn play(
    scenario: &'static Scenario,
    mut options: Options,
    args: &Play,
    console: Console,
) -> Result<(), Failure> {
    let model = Model::new(Setup {
        live: true,
        step: true,
        rules: options.rules.to_string(),
        ..setup(args.view.ascii, console)?
    });
    options.step = true;
    let desk = Desk::new();
    let record = Record::create(args.record.as_deref(), None, console)?;
    let patient = || Witness::patient(PATIENCE);
    let Ground {
        network,
        witness,
        mut events,
    } = Ground::of(slice::from_ref(scenario), args.whose, &options, patient, console)?;
    let mut seen = recorded(desk.sink(), record, desk.voice());
    let seer = thread::spawn(move || {
        while let Some(event) = events.blocking_recv() {
            seen(event);
        }
    });
    let (orders, commands) = mpsc::channel();
    let (plays, voice, alarm) = (witness.clone(), desk.voice(), desk.alarm());
    let player = thread::spawn(move || {
        let _alarm = alarm;
        let mut network = Box::new(Driven::new(network, commands));
        match scenario.play(&mut *network, &plays) {
            Ok(()) | Err(Stop::Lab(_)) => {} // the end of the lab is seen
            Err(stop) => voice(refusal::stopped(&stop, console).text),
        }
        let _ = network.end(); // it may have ended
    });
    let shown = desk.run(model, |command| drop(orders.send(command)), console);
    witness.stop();
    let _ = player.join(); // a panic was told already
    let _ = seer.join(); // the record is complete then
    shown
}

/// Hands events on, and writes them to the record until that fails, which is said.
fn recorded(
    mut next: impl FnMut(Event) + Send,
    mut record: Option<Record>,
    voice: impl Fn(String) + Send,
) -> impl FnMut(Event) + Send {
    move |event| {
        if let Some(file) = &mut record
            && let Err(failure) = file.append(&event)
        {
            voice(failure.text);
            record = None;
        }
        next(event);
    }
}
