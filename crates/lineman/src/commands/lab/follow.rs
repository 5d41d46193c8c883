//! A lab as it runs: started as it was asked for, its log shown and kept.

use std::time::Duration;
use std::time::Instant;

use lineman_lab::Lab;
use lineman_lab::Options;
use lineman_lab::rules::Rules;
use lineman_trace::log::Cursor;
use lineman_trace::log::Event;
use lineman_trace::log::Hub;

use super::rules;
use crate::args::lab_bench::Watch;
use crate::commands::trace::record::Record;
use crate::commands::trace::source;
use crate::commands::trace::source::refusal;
use crate::console::Console;
use crate::failure::Failure;
use crate::terminal::surface::Surface;
use crate::views::export;
use crate::views::export::Format;
use crate::views::ladder::Ladder;
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

/// Makes lines of events, and keeps these in a file if that was asked for.
pub struct Follower {
    form: Form,
    record: Option<Record>,
    /// When the log began.
    begun: Option<Instant>,
    console: Console,
}

enum Form {
    Ladder(Box<Ladder>),
    Json,
}

impl Follower {
    /// For an output.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn new(watch: &Watch, surface: Surface, console: Console) -> Result<Self, Failure> {
        let style = style(watch, surface, console);
        Ok(Self {
            form: match console.json {
                true => Form::Json,
                false => Form::Ladder(Box::new(Ladder::new(style))),
            },
            record: Record::create(watch.record.as_deref(), None, console)?,
            begun: None,
            console,
        })
    }

    /// Takes an event; gives the lines that are to be shown now.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn push(&mut self, event: &Event) -> Result<Vec<String>, Failure> {
        self.begun.get_or_insert_with(Instant::now);
        if let Some(record) = &mut self.record {
            record.append(event)?;
        }
        Ok(match &mut self.form {
            Form::Ladder(ladder) => ladder.push(event),
            Form::Json => vec![json(event, self.console)],
        })
    }

    /// The lines that are due because nothing more has happened.
    pub fn idle(&mut self) -> Vec<String> {
        let now = self.begun.map_or(Duration::ZERO, |begun| begun.elapsed());
        // The log may come some milliseconds after the clock.
        let now = now.saturating_sub(LATE);
        match &mut self.form {
            Form::Ladder(ladder) => ladder.idle(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)),
            Form::Json => Vec::new(),
        }
    }

    /// The last lines; the record is complete then.
    ///
    /// # Errors
    /// When the record cannot be kept.
    pub fn finish(&mut self) -> Result<Vec<String>, Failure> {
        self.record.take().map_or(Ok(()), Record::finish)?;
        Ok(match &mut self.form {
            Form::Ladder(ladder) => ladder.finish(),
            Form::Json => Vec::new(),
        })
    }
}

fn json(event: &Event, console: Console) -> String {
    let mut line = Vec::new();
    // A vector takes everything.
    let _ = export::write(
        Format::Jsonl,
        std::slice::from_ref(event),
        console.lang,
        &mut line,
    );
    String::from_utf8_lossy(&line).trim_end().to_owned()
}

/// The widest layout has calls beside the arrows; where lines come one by one, and are typed in
/// between, calls above them are easier to read.
const NARROW: u16 = 99;
const LATE: Duration = Duration::from_millis(60);
