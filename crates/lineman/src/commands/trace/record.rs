//! A log that is written to a file while the lab runs (`--record`).

use std::io;
use std::io::Write as _;
use std::path::Path;

use lineman_net::FileId;
use lineman_trace::log::Event;

use crate::console::Console;
use crate::failure::Failure;
use crate::output::Output;
use crate::views::export;
use crate::views::export::Format;

/// The log of a lab, as far as it has come. However the command ends, the file then has what there
/// is: a log that was cut short can be replayed. If there is nothing, what was there before stays.
#[derive(Debug)]
pub struct Record {
    /// Taken at the end.
    out: Option<Output>,
    begun: bool,
    console: Console,
}

impl Record {
    /// Begins to record to `path`, if there is one. `others` are the files that the command
    /// writes or reads besides; its stdin is one of them.
    ///
    /// # Errors
    /// When the file is in use by the command itself, or cannot be made.
    pub fn create(
        path: Option<&Path>,
        others: impl IntoIterator<Item = FileId>,
        console: Console,
    ) -> Result<Option<Self>, Failure> {
        let Some(path) = path else { return Ok(None) };
        let in_use: Vec<FileId> = others.into_iter().chain(FileId::of(io::stdin())).collect();
        Ok(Some(Self {
            out: Some(Output::create(Some(path), &in_use, console)?),
            begun: false,
            console,
        }))
    }

    /// Appends an event.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&mut self, event: &Event) -> Result<(), Failure> {
        self.begun = true;
        let Some(out) = &mut self.out else {
            return Ok(());
        };
        let events = std::slice::from_ref(event);
        // The reader of a FIFO is to see it now.
        export::write(Format::Jsonl, events, self.console.lang, out)
            .and_then(|()| out.flush())
            .map_err(|error| out.failure(error))
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Failure> {
        match self.out.take() {
            Some(out) if self.begun => out.finish(),
            _ => Ok(()),
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let _ = self.end(); // the command fails already, and says why
    }
}
