//! How the tour is shown: the ladder with a heading for each chapter, line by line, or the log as
//! JSON lines.

use std::collections::VecDeque;
use std::io;
use std::io::Write as _;
use std::time::Duration;

use lineman_trace::log::Event;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use serde_json::json;
use tokio::time::Instant;

use super::summary::Summary;
use crate::args::Tour;
use crate::args::lab::View;
use crate::commands::lab::shown;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Message as _;
use crate::lang::scenarios;
use crate::lang::tour::Tour as Words;
use crate::views::export;
use crate::views::export::Format;
use crate::views::ladder::Ladder;
use crate::views::ladder::Style;
use crate::views::text::wrap;

/// Some two hundred and fifty lines in about ten seconds.
const PAUSE: Duration = Duration::from_millis(38);

/// What is to be shown, and when.
pub struct Show {
    console: Console,
    style: Style,
    ladder: Ladder,
    /// Lines that wait for their time.
    lines: VecDeque<String>,
    pause: Duration,
    due: Instant,
    chapters: usize,
    summary: Summary,
}

impl Show {
    /// Nothing so far.
    pub fn new(args: &Tour, console: Console) -> Self {
        let view = View {
            width: args.width,
            ..View::default()
        };
        let style = shown::style(&view, console);
        Self {
            console,
            style,
            ladder: Ladder::new(style),
            lines: VecDeque::new(),
            pause: if args.fast { Duration::ZERO } else { PAUSE },
            due: Instant::now(),
            chapters: 0,
            summary: Summary::default(),
        }
    }

    /// An event.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn take(&mut self, event: &Event) -> Result<(), Failure> {
        self.summary.take(event);
        if let Kind::Start(start) = &event.kind {
            let title = match start.origin {
                Origin::Simulated => Words::SimulatedTitle {},
                _ => Words::LabTitle {},
            };
            self.heading(&title.render(self.console.lang));
        }
        if let Kind::Note(note) = &event.kind
            && let Some(name) = note.id.strip_prefix("look.")
        {
            // What is left of the chapter before belongs above the heading.
            let rest = self.ladder.idle(event.t_ns);
            self.queue(rest);
            self.chapter(name)?;
        }
        if self.console.json {
            let events = std::slice::from_ref(event);
            let written =
                export::write(Format::Jsonl, events, self.console.lang, &mut io::stdout());
            return written.map_err(|error| Failure::stdout(error, self.console.lang));
        }
        let lines = self.ladder.push(event);
        self.queue(lines);
        Ok(())
    }

    /// Nothing has happened for a while.
    pub fn idle(&mut self, now: Duration) {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let lines = self.ladder.idle(now);
        self.queue(lines);
    }

    /// Nothing more will happen: what it was altogether.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn end(&mut self) -> Result<(), Failure> {
        let lines = self.ladder.finish();
        self.queue(lines);
        self.heading(&Words::Summary {}.render(self.console.lang));
        for sentence in self.summary.sentences(self.console.lang) {
            let columns = self.style.width.saturating_sub(INDENT.len());
            let lines = wrap(&sentence, columns);
            self.queue(lines.iter().map(|line| format!("{INDENT}{line}")).collect());
        }
        self.event("summary", self.summary.fields())
    }

    /// Whether lines wait.
    pub fn has_lines(&self) -> bool {
        !self.lines.is_empty()
    }

    /// When the next line may be shown.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// Shows the next line.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn put(&mut self) -> Result<(), Failure> {
        let Some(line) = self.lines.pop_front() else {
            return Ok(());
        };
        self.due = Instant::now() + self.pause;
        let mut out = io::stdout().lock();
        let put = writeln!(out, "{line}").and_then(|()| out.flush());
        put.map_err(|error| Failure::stdout(error, self.console.lang))
    }

    /// Shows nothing of what waits.
    pub fn forget(&mut self) {
        self.lines.clear();
    }

    fn chapter(&mut self, name: &str) -> Result<(), Failure> {
        self.chapters += 1;
        let number = self.chapters;
        let title = scenarios::title(name, self.console.lang).unwrap_or_default();
        self.heading(&format!("{number}  {title}"));
        self.event(
            "chapter",
            json!({ "number": number, "name": name, "title": title }),
        )
    }

    fn heading(&mut self, text: &str) {
        let mut lines = vec![String::new()];
        for line in wrap(text, self.style.width) {
            lines.push(match self.style.colour {
                true => format!("\x1b[1m{line}\x1b[0m"),
                false => line,
            });
        }
        self.queue(lines);
    }

    fn queue(&mut self, lines: Vec<String>) {
        if !self.console.json {
            self.lines.extend(lines);
        }
    }

    fn event(&self, name: &str, fields: serde_json::Value) -> Result<(), Failure> {
        let written = self.console.event(name, fields);
        written.map_err(|error| Failure::stdout(error, self.console.lang))
    }
}

/// Before the lines of the summary.
const INDENT: &str = "   ";
