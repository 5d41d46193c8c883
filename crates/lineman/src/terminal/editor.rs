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
use std::io::Write as _;
use std::sync::Arc;
use std::sync::mpsc as blocking;
use std::thread;
use std::time::Duration;

use lineman_proto::text::visible_lines;
use rustyline::Cmd;
use rustyline::ColorMode;
use rustyline::CompletionType;
use rustyline::ConditionalEventHandler;
use rustyline::Event;
use rustyline::EventContext;
use rustyline::EventHandler;
use rustyline::ExternalPrinter;
use rustyline::KeyEvent;
use rustyline::RepeatCount;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use tokio::sync::mpsc;

use super::editor_state::Complete;
use super::editor_state::EditorState;
use super::editor_state::Observer;
use super::guard;
use super::plain;
use super::rows;
use super::stop;
use super::surface;

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

/// The prompt of a line whose addressee is not known yet; as wide as the one that names it.
pub const NOBODY: &str = "   > ";

/// How far the second and later rows of a sentence of ours are indented.
const NOTE_INDENT: usize = 2;

/// How many texts may wait to be shown, and how many of these places are kept for our own notes.
const QUEUE: usize = 64;
const KEPT: usize = 16;
/// How long closing waits for the editor's thread, which may be in the middle of ^V.
const CLOSE_TIME: Duration = Duration::from_secs(1);
/// Shows nothing: up a line and down again.
const NOTHING: &str = "\x1b[A\n";

/// The session's side of the line editor; on a terminal that lines cannot be edited on, that of plain
/// lines.
pub struct Editor {
    texts: Option<mpsc::Sender<Text>>,
    go_on: blocking::Sender<()>,
    shared: Arc<EditorState>,
    /// Nothing is edited, and texts are printed where the cursor is.
    plain: bool,
    /// The program's own sentences are styled, so that what a peer says cannot be taken for one.
    dim: bool,
}

/// What is to be shown above the draft.
enum Text {
    /// Whole lines.
    Lines(String),
    /// A text that takes the place of the rows above the draft, if no line was finished since.
    Instead {
        /// How many rows it takes the place of.
        rows: usize,
        text: String,
        /// How many lines had been finished.
        lines: u64,
        /// What to show otherwise.
        otherwise: String,
    },
}

/// What was shown last, in rows: more of it can take its place.
#[derive(Clone, Debug)]
pub struct Shown {
    rows: Vec<String>,
    lines: u64,
}

type Readline = rustyline::Editor<Observer, MemHistory>;

impl Editor {
    /// Starts the editor on the terminal; what the user does arrives on the receiver. After each
    /// of these the editor shows no new prompt until [`go_on`](Self::go_on): a line may end the
    /// program.
    ///
    /// # Errors
    /// When stdin and stdout are not a terminal.
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
        let shared = Arc::new(EditorState::new(prompt));
        if plain::is_plain() {
            let editor = Self {
                texts: None,
                go_on: blocking::channel().0,
                shared,
                plain: true,
                dim: false,
            };
            return Ok((editor, plain::lines()?));
        }
        guard::remember()?;
        let config = rustyline::Config::builder()
            .auto_add_history(true)
            .completion_type(CompletionType::List)
            .color_mode(ColorMode::Forced) // nothing is coloured, but it asks before drawing
            .build();
        let mut readline = Readline::with_history(config, MemHistory::new()).map_err(into_io)?;
        // Not the editor's own way: it would be in raw mode again before the stop takes effect.
        readline.bind_sequence(
            KeyEvent::ctrl('Z'),
            EventHandler::Conditional(Box::new(Suspend)),
        );
        readline.set_helper(Some(Observer {
            shared: Arc::clone(&shared),
            complete,
        }));
        let printer = readline.create_external_printer().map_err(into_io)?;
        let (sender, inputs) = mpsc::unbounded_channel();
        let (go_on, may_go_on) = blocking::channel();
        let (texts, queue) = mpsc::channel(QUEUE);
        let (of_reader, of_printer) = (Arc::clone(&shared), Arc::clone(&shared));
        thread::Builder::new()
            .name("editor".to_owned())
            .spawn(move || read(readline, &sender, &may_go_on, &of_reader))?;
        thread::Builder::new()
            .name("printer".to_owned())
            .spawn(move || print(printer, queue, &of_printer))?;
        let redraw = texts.downgrade();
        stop::on_return(Box::new(move || {
            if let Some(texts) = redraw.upgrade() {
                let _ = texts.try_send(Text::Lines(NOTHING.to_owned()));
            }
        }));
        let editor = Self {
            texts: Some(texts),
            go_on,
            shared,
            plain: false,
            dim: surface::wants_colour(),
        };
        Ok((editor, inputs))
    }

    /// From the next one on the prompt is this.
    pub fn set_prompt(&self, prompt: &'static str) {
        self.shared.set_prompt(prompt);
    }

    /// Shows the next prompt.
    pub fn go_on(&self) {
        let _ = self.go_on.send(());
    }

    /// From now on a line goes to this number, and the prompt names it, unless one has been begun.
    pub fn address(&self, number: u64) {
        self.shared.address(number);
    }

    /// Whom the prompt of the line that was finished last named.
    pub fn addressee(&self) -> Option<u64> {
        self.shared.addressee()
    }

    /// Shows `text`, made of whole lines, above the draft. The text must hold no control
    /// characters but the newline. Before showing what a peer says, wait for
    /// [`room`](Self::room).
    pub fn print(&self, text: &str) {
        self.show(Text::Lines(format!("{}\n", text.trim_end_matches('\n'))));
    }

    /// Shows a sentence of ours, in a way of its own.
    pub fn note(&self, text: &str) {
        let columns = rows::size().0;
        let text = visible_lines(text);
        let rows = text
            .lines()
            .flat_map(|line| rows::fold_words(line, columns, NOTE_INDENT));
        match self.dim {
            true => {
                let rows = rows.map(|row| format!("\x1b[2m{row}\x1b[22m\n"));
                self.show(Text::Lines(rows.collect()));
            }
            false => self.print(&rows.collect::<Vec<_>>().join("\n")),
        }
    }

    /// Shows what a stranger says, of which no row but the first of a line begins in the first column.
    pub fn say(&self, text: &str, indent: usize) -> Shown {
        let rows = rows::fold(text, rows::size().0, indent);
        self.print(&rows.join("\n"));
        let lines = self.shared.lines();
        Shown { rows, lines }
    }

    /// Shows `text` in the place of what was shown last; where that cannot be, `otherwise` below it.
    /// Nothing else may have been shown since.
    pub fn say_instead(&self, last: &Shown, text: &str, otherwise: &str, indent: usize) -> Shown {
        let (columns, screen) = rows::size();
        let rows = rows::fold(text, columns, indent);
        let height = rows::height(&last.rows, columns);
        // What has left the screen is out of reach, and the draft needs a row.
        if self.plain || height.max(rows.len()) + 1 >= screen {
            return self.say(otherwise, indent);
        }
        let otherwise = rows::fold(otherwise, columns, indent).join("\n") + "\n";
        self.show(Text::Instead {
            rows: height,
            text: rows.join("\n") + "\n",
            lines: last.lines,
            otherwise,
        });
        Shown {
            rows,
            lines: last.lines,
        }
    }

    fn show(&self, text: Text) {
        if let Some(texts) = &self.texts {
            // Full only when the terminal has stood still for dozens of notes.
            let _ = texts.try_send(text);
        } else if let (true, Text::Lines(text)) = (self.plain, text) {
            let _ = io::stdout().write_all(text.as_bytes());
            let _ = io::stdout().flush();
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
        self.shared.draft()
    }

    /// Shows what is still to be shown, stops the editor and gives the terminal back.
    pub fn close(&mut self) {
        if let Some(texts) = self.texts.take() {
            self.go_on(); // text may be stuck that only a prompt can show
            drop(texts);
            self.shared.wait_stopped(CLOSE_TIME);
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
    shared: &EditorState,
) {
    loop {
        let input = match readline.readline(&shared.prompt()) {
            Ok(text) => Input::Line(text),
            Err(ReadlineError::Eof) => Input::Eof,
            Err(_) => Input::Interrupt,
        };
        shared.left_prompt();
        if inputs.send(input).is_err() || may_go_on.recv().is_err() {
            return;
        }
    }
}

/// The printer's thread. Handing over a text returns when the text before it was taken, and a
/// text that was taken is written before the prompt is drawn again.
fn print(mut printer: impl ExternalPrinter, mut queue: mpsc::Receiver<Text>, shared: &EditorState) {
    while let Some(first) = queue.blocking_recv() {
        let mut text = first.bytes(shared);
        // All that waits at once: the draft is drawn again for each text that is handed over.
        while let Ok(more) = queue.try_recv() {
            text.push_str(&more.bytes(shared));
        }
        // The only failure is a terminal that is gone; the session learns that from its input.
        let _ = printer.print(text);
    }
    shared.wait_at_prompt(CLOSE_TIME / 2);
    let _ = printer.print(NOTHING.to_owned());
    shared.stop();
    let _ = printer.print(NOTHING.to_owned());
}

impl Text {
    /// What is written to the terminal, whose cursor is in the first column below what was shown last.
    fn bytes(self, shared: &EditorState) -> String {
        match self {
            Self::Lines(text) => text,
            Self::Instead {
                rows, text, lines, ..
            } if shared.lines() == lines => format!("\x1b[{rows}A\x1b[J{text}"),
            Self::Instead { otherwise, .. } => otherwise,
        }
    }
}

/// ^Z: has the whole process group stopped, as the terminal does it outside of raw mode.
struct Suspend;

impl ConditionalEventHandler for Suspend {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        stop::suspend();
        Some(Cmd::Noop)
    }
}

fn into_io(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    }
}
