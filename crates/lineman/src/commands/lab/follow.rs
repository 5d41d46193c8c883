//! A lab as it runs: started as it was asked for, its log shown and kept.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use lineman_lab::Lab;
use lineman_lab::Options;
use lineman_lab::Program;
use lineman_lab::rules::Rules;
use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_trace::log::Event;
use tokio::sync::mpsc;

use super::PROGRAM;
use super::refusal;
use super::rules;
use crate::args::lab_bench::Watch;
use crate::console::Console;
use crate::failure::Failure;
use crate::views::export;
use crate::views::export::Format;
use crate::views::ladder::Ladder;
use crate::views::ladder::Style;

/// Starts the lab; its log arrives on the receiver, which ends with it.
///
/// # Errors
/// When a rule makes no sense, or there is no lab.
pub fn start(
    watch: &Watch,
    step: bool,
    console: Console,
) -> Result<(Lab, mpsc::UnboundedReceiver<Event>), Failure> {
    let mut options = Options {
        rules: rules::joined(Rules::default(), &watch.fault, console)?,
        step,
        ..Options::default()
    };
    options.delay = watch.delay.map_or(options.delay, Duration::from_millis);
    options.client.textbook = watch.textbook;
    options.server.textbook = watch.textbook;
    let (sender, events) = mpsc::unbounded_channel();
    let lab = Lab::start(&Program::this(PROGRAM), &options, move |event| {
        let _ = sender.send(event);
    });
    let lab = lab.map_err(|error| refusal::no_lab(&error, console))?;
    Ok((lab, events))
}

/// Makes lines of events, and keeps these in a file if that was asked for.
pub struct Follower {
    form: Form,
    record: Option<(PathBuf, File)>,
    /// When the log began.
    begun: Option<Instant>,
    console: Console,
}

enum Form {
    Ladder(Box<Ladder>),
    Json,
}

impl Follower {
    /// For an output of so many columns, which has colours or not.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn new(
        watch: &Watch,
        columns: Option<u16>,
        colour: bool,
        console: Console,
    ) -> Result<Self, Failure> {
        let create = |path: &PathBuf| match File::create(path) {
            Ok(file) => Ok((path.clone(), file)),
            Err(error) => {
                let error = SystemError::new(Operation::Create, path.display())(error);
                Err(Failure::system(&error, console.lang))
            }
        };
        let columns = columns.map_or(NARROW, |columns| columns.min(NARROW));
        let style = Style {
            width: watch.width.unwrap_or(columns).into(),
            lang: console.lang,
            ascii: watch.ascii || !crate::lang::is_utf8(),
            colour,
            explain: !watch.no_explain,
        };
        Ok(Self {
            form: match console.json {
                true => Form::Json,
                false => Form::Ladder(Box::new(Ladder::new(style))),
            },
            record: watch.record.as_ref().map(create).transpose()?,
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
        let line = json(event, self.console);
        if let Some((path, file)) = &mut self.record {
            file.write_all(&line)
                .map_err(SystemError::new(Operation::Write, path.display()))
                .map_err(|error| Failure::system(&error, self.console.lang))?;
        }
        Ok(match &mut self.form {
            Form::Ladder(ladder) => ladder.push(event),
            Form::Json => vec![String::from_utf8_lossy(&line).trim_end().to_owned()],
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

    /// The last lines.
    pub fn finish(&mut self) -> Vec<String> {
        match &mut self.form {
            Form::Ladder(ladder) => ladder.finish(),
            Form::Json => Vec::new(),
        }
    }
}

fn json(event: &Event, console: Console) -> Vec<u8> {
    let mut line = Vec::new();
    // A vector takes everything.
    let _ = export::write(
        Format::Jsonl,
        std::slice::from_ref(event),
        console.lang,
        &mut line,
    );
    line
}

/// The widest layout has calls beside the arrows; where lines come one by one, and are typed in
/// between, calls above them are easier to read.
const NARROW: u16 = 99;
const LATE: Duration = Duration::from_millis(60);
