//! Tells what happens in a lab: as a ladder, as JSON lines, or as an export in the end; and beside
//! that to a file.

use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_trace::log::Event;

use super::shown;
use crate::args::lab::Play;
use crate::args::lab::View;
use crate::console::Console;
use crate::failure::Failure;
use crate::views::export;
use crate::views::export::Format;
use crate::views::ladder::Ladder;

/// What becomes of events.
pub struct Teller {
    form: Form,
    out: Box<dyn Write>,
    record: Option<(PathBuf, BufWriter<File>)>,
    view: View,
    console: Console,
}

enum Form {
    Ladder(Box<Ladder>),
    Lines,
    Export(Format, Vec<Event>),
}

impl Teller {
    /// Opens what it writes to.
    ///
    /// # Errors
    /// When a file cannot be made.
    pub fn new(args: &Play, console: Console) -> Result<Self, Failure> {
        let view = args.view.clone();
        let form = match view.export {
            Some(format) => Form::Export(format, Vec::new()),
            None if console.json => Form::Lines,
            None => Form::Ladder(Box::new(Ladder::new(shown::style(&view, console)))),
        };
        let create = |path: &PathBuf| {
            let file = File::create(path)
                .map_err(SystemError::new(Operation::Create, path.display()))
                .map_err(|error| Failure::system(&error, console.lang))?;
            Ok((path.clone(), BufWriter::new(file)))
        };
        Ok(Self {
            form,
            out: shown::output(&view, console)?,
            record: args.record.as_ref().map(create).transpose()?,
            view,
            console,
        })
    }

    /// Tells an event.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn push(&mut self, event: &Event) -> Result<(), Failure> {
        if let Some((path, file)) = &mut self.record {
            export::write(
                Format::Jsonl,
                std::slice::from_ref(event),
                self.console.lang,
                file,
            )
            .map_err(SystemError::new(Operation::Write, path.display()))
            .map_err(|error| Failure::system(&error, self.console.lang))?;
        }
        match &mut self.form {
            Form::Ladder(ladder) => {
                let lines = ladder.push(event);
                self.lines(&lines)
            }
            Form::Lines => self.export(Format::Jsonl, std::slice::from_ref(event)),
            Form::Export(_, events) => {
                events.push(event.clone());
                Ok(())
            }
        }
    }

    /// Tells what was waiting for more, and waits no longer.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn idle(&mut self, now: Duration) -> Result<(), Failure> {
        match &mut self.form {
            Form::Ladder(ladder) => {
                let lines = ladder.idle(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX));
                self.lines(&lines)
            }
            _ => Ok(()),
        }
    }

    /// Tells the rest: nothing more will happen.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<(), Failure> {
        if let Some((path, file)) = &mut self.record {
            file.flush()
                .map_err(SystemError::new(Operation::Write, path.display()))
                .map_err(|error| Failure::system(&error, self.console.lang))?;
        }
        match &mut self.form {
            Form::Ladder(ladder) => {
                let lines = ladder.finish();
                self.lines(&lines)
            }
            Form::Lines => Ok(()),
            Form::Export(format, events) => {
                let (format, events) = (*format, std::mem::take(events));
                self.export(format, &events)
            }
        }
    }

    fn lines(&mut self, lines: &[String]) -> Result<(), Failure> {
        lines
            .iter()
            .try_for_each(|line| writeln!(self.out, "{line}"))
            .and_then(|()| self.out.flush())
            .map_err(|error| shown::unwritable(&self.view, error, self.console))
    }

    fn export(&mut self, format: Format, events: &[Event]) -> Result<(), Failure> {
        export::write(format, events, self.console.lang, &mut self.out)
            .and_then(|()| self.out.flush())
            .map_err(|error| shown::unwritable(&self.view, error, self.console))
    }
}
