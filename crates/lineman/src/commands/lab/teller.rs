//! Tells what happens in a lab: as a ladder, as JSON lines, or as an export in the end; and beside
//! that to a file.

use std::io::Write as _;
use std::time::Duration;

use lineman_trace::log::Event;

use super::record::Record;
use super::shown;
use crate::args::lab::Play;
use crate::console::Console;
use crate::failure::Failure;
use crate::output::Output;
use crate::views::export;
use crate::views::export::Format;
use crate::views::ladder::Ladder;

/// What becomes of events.
pub struct Teller {
    form: Form,
    out: Output,
    record: Option<Record>,
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
        let view = &args.view;
        let form = match view.export {
            Some(format) => Form::Export(format, Vec::new()),
            None if console.json => Form::Lines,
            None => Form::Ladder(Box::new(Ladder::new(shown::style(view, console)))),
        };
        let out = Output::create(view.output.as_deref(), &[], console)?;
        let record = Record::create(args.record.as_deref(), out.id(), console)?;
        Ok(Self {
            form,
            out,
            record,
            console,
        })
    }

    /// Tells an event.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn push(&mut self, event: &Event) -> Result<(), Failure> {
        if let Some(record) = &mut self.record {
            record.append(event)?;
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
        let recorded = self.record.take().map_or(Ok(()), Record::finish);
        match &mut self.form {
            Form::Ladder(ladder) => {
                let lines = ladder.finish();
                self.lines(&lines)?;
            }
            Form::Lines => {}
            Form::Export(format, events) => {
                let (format, events) = (*format, std::mem::take(events));
                self.export(format, &events)?;
            }
        }
        self.out.finish().and(recorded)
    }

    fn lines(&mut self, lines: &[String]) -> Result<(), Failure> {
        lines
            .iter()
            .try_for_each(|line| writeln!(self.out, "{line}"))
            .and_then(|()| self.out.flush())
            .map_err(|error| self.out.failure(error))
    }

    fn export(&mut self, format: Format, events: &[Event]) -> Result<(), Failure> {
        export::write(format, events, self.console.lang, &mut self.out)
            .and_then(|()| self.out.flush())
            .map_err(|error| self.out.failure(error))
    }
}
