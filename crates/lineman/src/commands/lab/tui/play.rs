//! A scenario on the whole terminal, packet by packet.

use std::slice;

use lineman_lab::Options;
use lineman_lab::scenarios::Scenario;

use super::keys::Keys;
use super::screen::Whole;
use super::setup;
use crate::args::lab::Play;
use crate::commands::lab::live::Live;
use crate::commands::trace::record::Record;
use crate::commands::trace::session;
use crate::commands::trace::source::Ground;
use crate::console::Console;
use crate::failure::Failure;
use crate::runtime;
use crate::runtime::Signals;
use crate::views::tui::Model;
use crate::views::tui::Setup;

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
