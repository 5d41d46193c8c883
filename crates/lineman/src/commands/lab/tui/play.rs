//! Scenarios on the whole terminal: first as they go by themselves, at the reader's pace; held packet by
//! packet if he wants that; one after the other.

use std::path::Path;
use std::slice;

use lineman_lab::scenarios::Scenario;

use super::keys::Keys;
use super::screen::Whole;
use super::setup;
use crate::args::lab::Play;
use crate::commands::lab::live::Live;
use crate::commands::trace::record::Record;
use crate::commands::trace::session;
use crate::commands::trace::source;
use crate::commands::trace::source::Ground;
use crate::console::Console;
use crate::failure::Failure;
use crate::output;
use crate::runtime;
use crate::runtime::Signals;
use crate::views::tui::Model;
use crate::views::tui::Setup;

/// What is to be played next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Next {
    /// The scenario; the same if that is not said.
    pub(super) scenario: Option<&'static str>,
    /// Whether packets are held until a key lets them through.
    pub(super) hold: bool,
}

/// Plays a scenario, and those that are chosen after it.
///
/// # Errors
/// When there is no terminal, no lab, or no file to record to.
pub fn play(scenario: Scenario, args: &Play, console: Console) -> Result<(), Failure> {
    let first = setup(args.view.drawing.ascii, console)?;
    runtime::block_on(console, async {
        let mut signals = Signals::watch(console.lang)?;
        let (mut scenario, mut hold) = (scenario, false);
        let path = args.lab.record.as_deref();
        let begun = begin(&mut scenario, hold, args, path, console)?;
        let (mut ground, mut record, mut rules) = begun;
        let mut whole = Whole::take(Model::new(first.clone()), console)?;
        let mut keys = Keys::of(None, console)?;
        loop {
            let mut model = Model::new(Setup {
                lang: whole.model.lang(),
                live: true,
                step: hold,
                walk: !hold,
                choices: true,
                rules,
                ..first.clone()
            });
            model.show_figures(args.view.figures);
            whole.begin(model);
            let Ground {
                network,
                log,
                events,
            } = ground;
            keys.drive(Live::begin(scenario, network, log, console));
            session::run(events, record, &mut keys, &mut whole, &mut signals).await?;
            let Some(next) = keys.next() else {
                return Ok(());
            };
            hold = next.hold;
            if let Some(chosen) = next.scenario.and_then(Scenario::find) {
                scenario = match scenario.is_over_ipv6() {
                    true => chosen.over_ipv6(),
                    false => *chosen,
                };
            }
            let path = args.lab.record.as_deref().and_then(output::unused);
            (ground, record, rules) = begin(&mut scenario, hold, args, path.as_deref(), console)?;
        }
    })
}

/// A lab for a scenario, which is told how that is; what its log is recorded to, and the rules of its wire.
fn begin(
    scenario: &mut Scenario,
    hold: bool,
    args: &Play,
    record: Option<&Path>,
    console: Console,
) -> Result<(Ground, Option<Record>, String), Failure> {
    let mut options = source::asked(scenario.options(), &args.lab, console)?;
    options.step = hold;
    *scenario = scenario.in_a_lab(&options);
    let record = Record::create(record, None, console)?;
    let rules = options.rules.to_string();
    let ground = Ground::of(slice::from_ref(scenario), args.whose, &options, console)?;
    Ok((ground, record, rules))
}
