//! Lines at reading pace.

use std::collections::VecDeque;
use std::io;
use std::io::Write as _;
use std::time::Duration;

use tokio::time::Instant;

use crate::commands::trace::presenter::Target;
use crate::console::Console;
use crate::failure::Failure;

/// Some two hundred and fifty lines in about ten seconds.
const PAUSE: Duration = Duration::from_millis(38);

/// Lines that go to stdout one by one; JSON goes there at once.
pub struct Paced {
    console: Console,
    /// Those that wait for their time.
    waiting: VecDeque<String>,
    pause: Duration,
    /// When the next line may be shown.
    due: Instant,
}

impl Paced {
    /// Without pauses if `fast`.
    pub fn new(fast: bool, console: Console) -> Self {
        Self {
            console,
            waiting: VecDeque::new(),
            pause: if fast { Duration::ZERO } else { PAUSE },
            due: Instant::now(),
        }
    }

    /// When there is a line to be shown.
    pub fn due(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then_some(self.due)
    }

    /// Shows the lines that are due.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn put(&mut self) -> Result<(), Failure> {
        while self.due().is_some_and(|due| due <= Instant::now()) {
            let line = self.waiting.pop_front().unwrap_or_default();
            self.due = Instant::now() + self.pause;
            self.write(&line)?;
        }
        Ok(())
    }

    /// Shows nothing of what waits.
    pub fn forget(&mut self) {
        self.waiting.clear();
    }

    fn write(&self, line: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let written = writeln!(out, "{line}").and_then(|()| out.flush());
        written.map_err(|error| Failure::stdout(error, self.console.lang))
    }
}

impl Target for Paced {
    fn lines(&mut self, lines: &[String]) -> Result<(), Failure> {
        if self.console.json {
            return lines.iter().try_for_each(|line| self.write(line));
        }
        self.waiting.extend(lines.iter().cloned());
        Ok(())
    }
}
