//! A lab as it was asked for, and how its log is drawn.

use std::time::Duration;

use lineman_lab::Lab;
use lineman_lab::Options;
use lineman_lab::rules::Rules;
use lineman_trace::log::Cursor;
use lineman_trace::log::Hub;

use super::rules;
use crate::args::lab_bench::Watch;
use crate::commands::trace::source;
use crate::commands::trace::source::refusal;
use crate::console::Console;
use crate::failure::Failure;
use crate::terminal::surface::Surface;
use crate::views::ladder::Style;

/// Starts the lab, and gives the beginning of its log.
///
/// # Errors
/// When a rule makes no sense, or there is no lab.
pub fn start(watch: &Watch, step: bool, console: Console) -> Result<(Lab, Cursor), Failure> {
    let mut options = Options {
        rules: rules::joined(Rules::default(), &watch.fault, console)?,
        step,
        ..Options::default()
    };
    options.delay = watch.delay.map_or(options.delay, Duration::from_millis);
    options.client.textbook = watch.textbook;
    options.server.textbook = watch.textbook;
    let log = Hub::new();
    let events = log.cursor();
    let lab = source::kernel(&options, &log);
    let lab = lab.map_err(|error| refusal::no_lab(&error, console))?;
    Ok((lab, events))
}

/// How the ladder is drawn on an output.
pub fn style(watch: &Watch, surface: Surface, console: Console) -> Style {
    let columns = surface
        .columns
        .map_or(NARROW, |columns| columns.min(NARROW));
    Style {
        width: watch.width.unwrap_or(columns).into(),
        lang: console.lang,
        ascii: watch.ascii || surface.ascii,
        colour: surface.colour,
        explain: !watch.no_explain,
    }
}

/// The widest layout has calls beside the arrows; where lines come one by one, and are typed in
/// between, calls above them are easier to read.
const NARROW: u16 = 99;
