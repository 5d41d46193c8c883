//! `lineman lab SCENARIO`: plays a scenario, and shows it as it happens.

use std::path::Path;
use std::slice;

use lineman_lab::Network;
use lineman_lab::Options;
use lineman_lab::rules::Rules;
use lineman_lab::scenarios::Scenario;
use lineman_trace::log::Hub;

use super::list;
use super::live::Live;
use super::tui;
use crate::args::lab::Play;
use crate::commands::page;
use crate::commands::page::Begun;
use crate::commands::page::Choice;
use crate::commands::page::Driven;
use crate::commands::page::Lab;
use crate::commands::page::Reproduce;
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
use crate::output;
use crate::output::Output;
use crate::runtime;
use crate::runtime::Signals;
use crate::terminal::surface::is_a_person_there;

/// Plays a scenario, or lists them where none is named and no page can be shown.
pub fn run(args: &Play, console: Console) -> Result<(), Failure> {
    let scenario = match &args.scenario {
        Some(name) => Some(*find(name, console)?),
        None => None,
    };
    let scenario = match args.ipv6 {
        true => scenario.map(Scenario::over_ipv6),
        false => scenario,
    };
    if goes_on_page(args, console) {
        return runtime::block_on(console, on_page(scenario, args, console));
    }
    let Some(scenario) = scenario else {
        return list::run(console);
    };
    if args.view.tui {
        return tui::play(scenario, args, console);
    }
    let options = source::asked(scenario.options(), &args.lab, console)?;
    runtime::block_on(console, play(scenario, options, args, console))
}

/// Whether there is to be a page: where it was asked for, and where a person is at a terminal beside a browser and has
/// asked for nothing that only a terminal shows.
fn goes_on_page(args: &Play, console: Console) -> bool {
    let view = &args.view;
    let drawing = &view.drawing;
    let is_drawn =
        drawing.ascii || drawing.absolute || drawing.no_explain || drawing.width.is_some();
    let is_elsewhere = args.plain || view.tui || view.export.is_some() || view.output.is_some();
    let is_free = !is_elsewhere && !is_drawn && !console.json;
    view.page
        || view.no_open
        || args.step
        || (is_free && is_a_person_there() && page::has_browser())
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

/// On a page, which drives the lab, and may have another one after it.
async fn on_page(scenario: Option<Scenario>, args: &Play, console: Console) -> Result<(), Failure> {
    page::check(console)?;
    let mut signals = Signals::watch(console.lang)?;
    let begun = begin(
        scenario,
        args.step,
        None,
        args,
        args.lab.record.as_deref(),
        console,
    )?;
    let mut another = |choice: Choice| {
        let scenario = choice.scenario.copied();
        let scenario = match choice.ipv6 {
            true => scenario.map(Scenario::over_ipv6),
            false => scenario,
        };
        let record = args.lab.record.as_deref().and_then(output::unused);
        let Choice { step, rules, .. } = choice;
        begin(scenario, step, rules, args, record.as_deref(), console)
    };
    let opens = !args.view.no_open;
    page::show(begun, Some(&mut another), opens, &mut signals, console).await
}

/// A lab for a page. The packets of a scenario are held from the start if that is asked for; a person who makes calls
/// holds what he likes.
fn begin(
    scenario: Option<Scenario>,
    step: bool,
    rules: Option<Rules>,
    args: &Play,
    record: Option<&Path>,
    console: Console,
) -> Result<Begun, Failure> {
    let own = scenario.map_or_else(Options::default, |it| it.options());
    let mut options = source::asked(own, &args.lab, console)?;
    options.step = step;
    options.rules = rules.unwrap_or(options.rules);
    let scenario = scenario.map(|it| it.in_a_lab(&options));
    let record = Record::create(record, None, console)?;
    let Ground {
        network,
        log,
        events,
    } = match &scenario {
        Some(scenario) => Ground::of(slice::from_ref(scenario), args.whose, &options, console)?,
        None => Ground::of_calls(args.whose, &options, console)?,
    };
    let (live, played) = Live::open(scenario, network, log, console);
    Ok(Begun {
        events,
        record,
        lab: Some(Driven {
            lab: Lab { live, played },
            steps: options.step,
            rules: options.rules.to_string(),
            reproduce: Reproduce::new(scenario, args.whose, &args.lab),
        }),
    })
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
    let scenario = scenario.in_a_lab(&options);
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
            let mut lines = Lines::new(out, style, console).with_figures(args.view.figures, style);
            let shown = session::run(events, record, script, &mut lines, signals).await;
            let written = lines.target.finish();
            shown.and(written)
        }
    }
}
