//! `lineman lab SCENARIO`: played before everybody's eyes.

use std::slice;

use lineman_lab::Network;
use lineman_lab::Options;
use lineman_lab::scenarios::Scenario;
use lineman_trace::log::Hub;

use super::list;
use super::live::Live;
use super::tui;
use crate::args::lab::Play;
use crate::commands::page;
use crate::commands::page::Shown;
use crate::commands::trace::drawing;
use crate::commands::trace::presenter::Export;
use crate::commands::trace::presenter::Lines;
use crate::commands::trace::record::Record;
use crate::commands::trace::session;
use crate::commands::trace::source;
use crate::commands::trace::source::Ground;
use crate::commands::trace::source::Script;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::lab::Lab as Words;
use crate::output::Output;
use crate::runtime;
use crate::runtime::Signals;

/// Plays a scenario, or lists them where none is named.
pub fn run(args: &Play, console: Console) -> Result<(), Failure> {
    let Some(name) = &args.scenario else {
        return list::run(console);
    };
    let scenario = match (find(name, console)?, args.ipv6) {
        (scenario, true) => scenario.over_ipv6(),
        (scenario, false) => *scenario,
    };
    let options = source::asked(scenario.options(), &args.lab, console)?;
    if args.view.tui {
        return tui::play(scenario, options, args, console);
    }
    if args.view.page {
        return runtime::block_on(console, on_page(scenario, options, args, console));
    }
    runtime::block_on(console, play(scenario, options, args, console))
}

fn find(name: &str, console: Console) -> Result<&'static Scenario, Failure> {
    Scenario::find(name).ok_or_else(|| {
        let like = |it: &&Scenario| it.name.contains(name) || name.contains(it.name);
        match Scenario::all().find(like).map(|it| it.name) {
            Some(near) => {
                let (name, near) = (&name, &near);
                Failure::usage(&Words::DidYouMean { name, near }, console.lang)
            }
            None => Failure::usage(&Words::NoScenario { name: &name }, console.lang),
        }
    })
}

/// On a page, which decides about each packet.
async fn on_page(
    scenario: Scenario,
    mut options: Options,
    args: &Play,
    console: Console,
) -> Result<(), Failure> {
    page::check(console)?;
    options.step = true;
    let mut signals = Signals::watch(console.lang)?;
    let record = Record::create(args.lab.record.as_deref(), None, console)?;
    let ground = Ground::of(slice::from_ref(&scenario), args.whose, &options, console)?;
    let Ground {
        network,
        log,
        events,
    } = ground;
    let live = Live::begin(scenario, network, log, console);
    let shown = Shown {
        lab: Some((live, options.rules.to_string())),
        opens: !args.view.no_open,
    };
    page::show(events, record, shown, &mut signals, console).await
}

async fn play(
    scenario: Scenario,
    options: Options,
    args: &Play,
    console: Console,
) -> Result<(), Failure> {
    let out = Output::create(args.view.output.as_deref(), &[], console)?;
    let record = Record::create(args.lab.record.as_deref(), out.id(), console)?;
    // Before there is a lab: a signal must not leave half of one.
    let mut signals = Signals::watch(console.lang)?;
    let ground = Ground::of(slice::from_ref(&scenario), args.whose, &options, console)?;
    let Ground {
        network,
        log,
        events,
    } = ground;
    let play = move |network: &mut dyn Network, log: &Hub| scenario.play(network, log);
    let mut script = Script::play(network, log, play, console);
    let (script, signals) = (&mut script, &mut signals);
    match args.view.export {
        Some(format) => {
            let mut export = Export::new(out, format, console);
            let shown = session::run(events, record, script, &mut export, signals).await;
            let written = export.into_output().finish(); // whatever was shown
            shown.and(written)
        }
        None => {
            let surface = drawing::surface(args.view.output.as_deref());
            let style = drawing::style(&args.view.drawing, surface, console);
            let mut lines = Lines::new(out, style, console);
            let shown = session::run(events, record, script, &mut lines, signals).await;
            let written = lines.target.finish();
            shown.and(written)
        }
    }
}
