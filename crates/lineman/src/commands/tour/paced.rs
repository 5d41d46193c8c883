//! Lines at reading pace: at a terminal a screenful at each key, elsewhere one after the other.

use std::collections::VecDeque;
use std::io;
use std::io::Write as _;
use std::time::Duration;

use tokio::time::Instant;

use crate::commands::trace::presenter::Target;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Message as _;
use crate::lang::tour::Tour as Words;
use crate::terminal::surface;

/// Some two hundred and fifty lines in about ten seconds.
const PAUSE: Duration = Duration::from_millis(38);

/// When lines are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// As soon as they are there.
    AtOnce,
    /// One by one.
    Pauses,
    /// A screenful, then the next at a key.
    Keys,
}

/// Lines that go to stdout when it is their time; JSON goes there at once.
pub struct Paced {
    console: Console,
    /// Those that wait for their time.
    waiting: VecDeque<Line>,
    rhythm: Rhythm,
    /// When the next line may be shown.
    due: Instant,
    /// How many lines were shown since the last key.
    shown: usize,
    /// A key is waited for.
    is_stopped: bool,
    /// The next line opens a step.
    opens: bool,
}

struct Line {
    text: String,
    /// What stands before it is shown and read first.
    opens_step: bool,
}

impl Paced {
    /// Nothing so far.
    pub fn new(rhythm: Rhythm, console: Console) -> Self {
        Self {
            console,
            waiting: VecDeque::new(),
            rhythm,
            due: Instant::now(),
            shown: 0,
            is_stopped: false,
            opens: false,
        }
    }

    /// When there is a line to be shown.
    pub fn due(&self) -> Option<Instant> {
        (!self.waiting.is_empty() && !self.is_stopped).then_some(self.due)
    }

    /// How many lines wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether a row waits of which all lines are there, because another begins behind it.
    pub fn has_row(&self) -> bool {
        let begins = |line: &Line| line.opens_step || !line.text.starts_with(UNDER);
        self.waiting.iter().skip(1).any(begins)
    }

    /// What follows is another step: it begins on a screen of its own.
    pub fn step(&mut self) {
        self.opens = true;
    }

    /// A key was pressed: another screenful may be shown.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn go_on(&mut self) -> Result<(), Failure> {
        if !self.is_stopped {
            return Ok(());
        }
        self.is_stopped = false;
        self.shown = 0;
        self.write("\r\x1b[K")
    }

    /// From now on nothing is waited for.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn run_on(&mut self) -> Result<(), Failure> {
        self.rhythm = Rhythm::Pauses;
        self.go_on()
    }

    /// Shows the lines that are due; of a row that may have `more` lines none.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn put(&mut self, more: bool) -> Result<(), Failure> {
        while self.due().is_some_and(|due| due <= Instant::now()) {
            if more && !self.has_row() {
                return Ok(());
            }
            if self.rhythm == Rhythm::Keys && self.is_full() {
                return self.stop();
            }
            let line = self.waiting.pop_front().map(|line| line.text);
            self.shown += 1;
            if self.rhythm == Rhythm::Pauses {
                self.due = Instant::now() + PAUSE;
            }
            self.write(&format!("{}\n", line.unwrap_or_default()))?;
        }
        Ok(())
    }

    /// Whether the next row would push lines off the screen that the reader has had no time to read, or is of
    /// another step.
    fn is_full(&self) -> bool {
        let Some(first) = self.waiting.front() else {
            return false;
        };
        let goes_on = |line: &&Line| line.text.starts_with(UNDER) && !line.opens_step;
        let row = 1 + self.waiting.iter().skip(1).take_while(goes_on).count();
        // One line is the prompt's; the window may have been made larger or smaller meanwhile.
        let rows = surface::size(io::stdout()).map_or(ROWS, |size| size.ws_row.into());
        let begins_row = !first.text.starts_with(UNDER);
        self.shown > 0 && (first.opens_step || self.shown + row >= rows.max(2) && begins_row)
    }

    fn stop(&mut self) -> Result<(), Failure> {
        self.is_stopped = true;
        let prompt = Words::Keys {}.render(self.console.lang);
        let columns = surface::columns(io::stdout()).unwrap_or(u16::MAX);
        let line = crate::views::text::cut(&prompt, columns.saturating_sub(1).into(), "");
        self.write(&line)
    }

    /// Shows nothing of what waits.
    pub fn forget(&mut self) {
        self.waiting.clear();
    }

    fn write(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let written = write!(out, "{text}").and_then(|()| out.flush());
        written.map_err(|error| Failure::stdout(error, self.console.lang))
    }
}

impl Target for Paced {
    fn lines(&mut self, lines: &[String]) -> Result<(), Failure> {
        if self.console.json {
            return lines
                .iter()
                .try_for_each(|line| self.write(&format!("{line}\n")));
        }
        for line in lines {
            let (text, opens_step) = (line.clone(), std::mem::take(&mut self.opens));
            self.waiting.push_back(Line { text, opens_step });
        }
        Ok(())
    }
}

/// What stands below a row and belongs to it begins so.
const UNDER: &str = "         ";
/// How many rows a terminal has that does not say.
const ROWS: usize = 24;
