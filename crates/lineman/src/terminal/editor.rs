//! The line editor: what is typed survives what arrives.
//!
//! rustyline blocks in `readline` and cannot be cancelled, so it has a thread of its own. Text to
//! show goes through rustyline's external printer, which clears the draft, prints whole lines
//! above it, and draws the draft again; handing text to it may block as well (the user is in the
//! middle of ^V or of a search), so that has a thread, too. The session talks to both through
//! [`Editor`] and never waits.
//!
//! Leaving in the middle of a line is the hard part: text that was handed over must still appear,
//! and the terminal must not change once it has been given back. So the last thing printed stops
//! the editor's thread for good, before it draws the prompt again: see [`Editor::close`].

use std::io;
use std::sync::Arc;
use std::sync::mpsc as blocking;
use std::thread;
use std::time::Duration;

use rustyline::ColorMode;
use rustyline::CompletionType;
use rustyline::ExternalPrinter;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use tokio::sync::mpsc;

use super::guard;
pub use super::watch::Complete;
use super::watch::Observer;
use super::watch::Watch;

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

/// How many texts may wait to be shown, and how many of these places are kept for our own notes.
const QUEUE: usize = 64;
const KEPT: usize = 16;
/// How long closing waits for the editor's thread, which may be in the middle of ^V.
const CLOSE_TIME: Duration = Duration::from_secs(1);
/// Shows nothing: up a line and down again.
const NOTHING: &str = "\x1b[A\n";

/// The session's side of the line editor.
pub struct Editor {
    texts: Option<mpsc::Sender<String>>,
    go_on: blocking::Sender<()>,
    watch: Arc<Watch>,
}

type Readline = rustyline::Editor<Observer, MemHistory>;

impl Editor {
    /// Starts the editor on the terminal; what the user does arrives on the receiver. After each
    /// of these the editor shows no new prompt until [`go_on`](Self::go_on): a line may end the
    /// program.
    ///
    /// # Errors
    /// When stdin and stdout are not a terminal that can be put in raw mode.
    pub fn start(prompt: &'static str) -> io::Result<(Self, mpsc::UnboundedReceiver<Input>)> {
        Self::completing(prompt, Arc::new(|_| Vec::new()))
    }

    /// [`start`](Self::start), where the tabulator completes the last word.
    ///
    /// # Errors
    /// When stdin and stdout are not a terminal that can be put in raw mode.
    pub fn completing(
        prompt: &'static str,
        complete: Complete,
    ) -> io::Result<(Self, mpsc::UnboundedReceiver<Input>)> {
        guard::remember()?;
        let watch = Arc::new(Watch::new(prompt));
        let config = rustyline::Config::builder()
            .auto_add_history(true)
            .completion_type(CompletionType::List)
            .color_mode(ColorMode::Forced) // nothing is coloured, but it asks before drawing
            .build();
        let mut readline = Readline::with_history(config, MemHistory::new()).map_err(into_io)?;
        readline.set_helper(Some(Observer {
            watch: Arc::clone(&watch),
            complete,
        }));
        let printer = readline.create_external_printer().map_err(into_io)?;
        let (sender, inputs) = mpsc::unbounded_channel();
        let (go_on, may_go_on) = blocking::channel();
        let (texts, queue) = mpsc::channel(QUEUE);
        let (of_reader, of_printer) = (Arc::clone(&watch), Arc::clone(&watch));
        thread::Builder::new()
            .name("editor".to_owned())
            .spawn(move || read(readline, &sender, &may_go_on, &of_reader))?;
        thread::Builder::new()
            .name("printer".to_owned())
            .spawn(move || print(printer, queue, &of_printer))?;
        let editor = Self {
            texts: Some(texts),
            go_on,
            watch,
        };
        Ok((editor, inputs))
    }

    /// From the next one on the prompt is this.
    pub fn set_prompt(&self, prompt: &'static str) {
        self.watch.set_prompt(prompt);
    }

    /// Shows the next prompt.
    pub fn go_on(&self) {
        let _ = self.go_on.send(());
    }

    /// Shows `text`, made of whole lines, above the draft. The text must hold no control
    /// characters but the newline. Before showing what a peer says, wait for
    /// [`room`](Self::room).
    pub fn print(&self, text: &str) {
        if let Some(texts) = &self.texts {
            // Full only when the terminal has stood still for dozens of notes.
            let _ = texts.try_send(format!("{}\n", text.trim_end_matches('\n')));
        }
    }

    /// Whether more of what a peer says can be shown now.
    pub fn has_room(&self) -> bool {
        self.texts
            .as_ref()
            .is_none_or(|texts| texts.capacity() > KEPT)
    }

    /// Waits until [`has_room`](Self::has_room): a terminal that stands still must slow down the
    /// peer, not fill the memory.
    pub async fn room(&self) {
        if let Some(texts) = &self.texts {
            let _ = texts.reserve_many(KEPT + 1).await;
        }
    }

    /// What the user has typed of a line.
    pub fn draft(&self) -> String {
        self.watch.draft()
    }

    /// Shows what is still to be shown, stops the editor and gives the terminal back.
    pub fn close(&mut self) {
        if let Some(texts) = self.texts.take() {
            self.go_on(); // text may be stuck that only a prompt can show
            drop(texts);
            self.watch.wait_stopped(CLOSE_TIME);
            guard::restore();
        }
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.close();
    }
}

/// The editor's thread.
fn read(
    mut readline: Readline,
    inputs: &mpsc::UnboundedSender<Input>,
    may_go_on: &blocking::Receiver<()>,
    watch: &Watch,
) {
    loop {
        let input = match readline.readline(watch.prompt()) {
            Ok(text) => Input::Line(text),
            Err(ReadlineError::Eof) => Input::Eof,
            Err(_) => Input::Interrupt,
        };
        watch.left_prompt();
        if inputs.send(input).is_err() || may_go_on.recv().is_err() {
            return;
        }
    }
}

/// The printer's thread. Handing over a text returns when the text before it was taken, and a
/// text that was taken is written before the prompt is drawn again.
fn print(mut printer: impl ExternalPrinter, mut queue: mpsc::Receiver<String>, watch: &Watch) {
    while let Some(mut text) = queue.blocking_recv() {
        // All that waits at once: the draft is drawn again for each text that is handed over.
        while let Ok(more) = queue.try_recv() {
            text.push_str(&more);
        }
        // The only failure is a terminal that is gone; the session learns that from its input.
        let _ = printer.print(text);
    }
    watch.wait_at_prompt(CLOSE_TIME / 2);
    let _ = printer.print(NOTHING.to_owned());
    watch.stop();
    let _ = printer.print(NOTHING.to_owned());
}

fn into_io(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    }
}
