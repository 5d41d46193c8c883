//! The line editor: what is typed survives what arrives.
//!
//! rustyline blocks in `readline` and cannot be cancelled, so it has a thread of its own; the
//! session talks to it through [`Editor`]. Text to show goes through rustyline's external printer,
//! which clears the draft, prints whole lines above it, and draws the draft again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;

use rustyline::Context;
use rustyline::ExternalPrinter;
use rustyline::Helper;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use tokio::sync::mpsc;

use super::guard;

/// What the user did at the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A line was finished with Enter; without its line ending.
    Line(String),
    /// ^D on an empty line.
    Eof,
    /// ^C.
    Interrupt,
}

/// The session's side of the line editor.
pub struct Editor {
    printer: Box<dyn ExternalPrinter + Send>,
    drafting: Arc<AtomicBool>,
}

impl Editor {
    /// Starts the editor on the terminal; what the user does arrives on the receiver. The editor
    /// keeps prompting after ^D (the other direction may still be open) and stops after ^C.
    ///
    /// # Errors
    /// When stdin is not a terminal that can be put in raw mode.
    pub fn start(prompt: &str) -> io::Result<(Self, mpsc::UnboundedReceiver<Input>)> {
        guard::remember()?;
        let drafting = Arc::new(AtomicBool::new(false));
        let config = rustyline::Config::builder().auto_add_history(true).build();
        let mut line =
            rustyline::Editor::with_history(config, MemHistory::new()).map_err(into_io)?;
        line.set_helper(Some(DraftWatch(Arc::clone(&drafting))));
        let printer = Box::new(line.create_external_printer().map_err(into_io)?);
        let (sender, receiver) = mpsc::unbounded_channel();
        let prompt = prompt.to_owned();
        let watched = Arc::clone(&drafting);
        thread::Builder::new()
            .name("editor".to_owned())
            .spawn(move || {
                loop {
                    let input = match line.readline(&prompt) {
                        Ok(text) => Input::Line(text),
                        Err(ReadlineError::Eof) => Input::Eof,
                        Err(_) => Input::Interrupt,
                    };
                    watched.store(false, Ordering::Relaxed);
                    let last = input == Input::Interrupt;
                    if sender.send(input).is_err() || last {
                        return;
                    }
                }
            })?;
        Ok((Self { printer, drafting }, receiver))
    }

    /// Shows `text`, made of whole lines, above the draft. The text must hold no control
    /// characters but the newline.
    pub fn print(&mut self, text: &str) {
        // The only failure is a terminal that is gone; the session learns that from its input.
        let _ = self
            .printer
            .print(format!("{}\n", text.trim_end_matches('\n')));
    }

    /// Whether the user is in the middle of a line.
    pub fn is_drafting(&self) -> bool {
        self.drafting.load(Ordering::Relaxed)
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        guard::restore();
    }
}

fn into_io(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    }
}

/// A rustyline helper that helps with nothing: rustyline asks it for a hint after each key, which
/// is how we know that there is a draft.
struct DraftWatch(Arc<AtomicBool>);

impl Hinter for DraftWatch {
    type Hint = String;

    fn hint(&self, line: &str, _pos: usize, _ctx: &Context<'_>) -> Option<String> {
        self.0.store(!line.is_empty(), Ordering::Relaxed);
        None
    }
}

impl Completer for DraftWatch {
    type Candidate = String;
}

impl Highlighter for DraftWatch {}

impl Validator for DraftWatch {}

impl Helper for DraftWatch {}
