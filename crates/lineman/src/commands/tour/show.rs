//! How the tour is shown: the ladder with a heading for each chapter, line by line, or the log as
//! JSON lines.

use std::io;

use lineman_trace::log::Event;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use serde_json::json;
use tokio::time::Instant;

use super::paced::Paced;
use super::paced::Rhythm;
use super::summary::Summary;
use crate::args::Tour;
use crate::args::lab_options::Drawing;
use crate::commands::trace::drawing;
use crate::commands::trace::presenter::Lines;
use crate::commands::trace::presenter::Target as _;
use crate::commands::trace::session::Present;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Message as _;
use crate::lang::scenarios;
use crate::lang::tour::Tour as Words;
use crate::terminal::surface::Surface;
use crate::views::ladder::Style;
use crate::views::text::wrap;

/// The tour, as far as it has come.
pub struct Show {
    console: Console,
    style: Style,
    lines: Lines<Paced>,
    chapters: usize,
    summary: Summary,
    /// Nothing more is shown.
    over: bool,
}

impl Show {
    /// Nothing so far.
    pub fn new(args: &Tour, rhythm: Rhythm, console: Console) -> Self {
        let drawing = Drawing {
            width: args.width,
            ..Drawing::default()
        };
        let style = drawing::style(&drawing, Surface::of(io::stdout()), console);
        Self {
            console,
            style,
            lines: Lines::new(Paced::new(rhythm, console), style, console),
            chapters: 0,
            summary: Summary::default(),
            over: false,
        }
    }

    fn chapter(&mut self, name: &str) -> Result<(), Failure> {
        self.chapters += 1;
        let number = self.chapters;
        if number > 1 {
            self.lines.target.step();
        }
        let title = scenarios::title(name, self.console.lang).unwrap_or_default();
        self.heading(&format!("{number}  {title}"))?;
        self.console.tell(
            "chapter",
            json!({ "number": number, "name": name, "title": title }),
        )
    }

    /// A key was pressed: the next step.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn go_on(&mut self) -> Result<(), Failure> {
        self.lines.target.go_on()
    }

    /// From now on no key is waited for.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn run_on(&mut self) -> Result<(), Failure> {
        self.lines.target.run_on()
    }

    fn heading(&mut self, text: &str) -> Result<(), Failure> {
        let mut lines = vec![String::new()];
        for line in wrap(text, self.style.width) {
            lines.push(match self.style.colour {
                true => format!("\x1b[1m{line}\x1b[0m"),
                false => line,
            });
        }
        self.say(&lines)
    }

    /// Lines for people, which the log does not have.
    fn say(&mut self, lines: &[String]) -> Result<(), Failure> {
        match self.console.json {
            true => Ok(()),
            false => self.lines.target.lines(lines),
        }
    }
}

impl Present for Show {
    fn take(&mut self, event: &Event) -> Result<(), Failure> {
        if self.over {
            return Ok(());
        }
        self.summary.take(event);
        if let Kind::Start(start) = &event.kind {
            let title = match start.origin {
                Origin::Simulated => Words::SimulatedTitle {},
                _ => Words::LabTitle {},
            };
            self.heading(&title.render(self.console.lang))?;
        }
        if let Kind::Note(note) = &event.kind
            && let Some(name) = note.id.strip_prefix("look.")
        {
            // What is left of the chapter before belongs above the heading.
            self.lines.close_rows()?;
            self.chapter(name)?;
        }
        self.lines.take(event)
    }

    fn due(&self) -> Option<Instant> {
        if self.over {
            return None;
        }
        let line = self.lines.target.due();
        line.into_iter().chain(self.lines.due()).min()
    }

    fn idle(&mut self) -> Result<(), Failure> {
        self.lines.idle()?;
        self.lines.target.put()
    }

    fn settle(&mut self) -> Result<(), Failure> {
        self.lines.target.put()
    }

    /// The last rows, and what it was altogether.
    fn finish(&mut self) -> Result<(), Failure> {
        if self.over {
            return Ok(());
        }
        self.lines.finish()?;
        self.lines.target.step();
        self.heading(&Words::Summary {}.render(self.console.lang))?;
        for sentence in self.summary.sentences(self.console.lang) {
            let columns = self.style.width.saturating_sub(INDENT.len());
            let lines = wrap(&sentence, columns);
            let lines: Vec<String> = lines.iter().map(|line| format!("{INDENT}{line}")).collect();
            self.say(&lines)?;
        }
        self.console.tell("summary", self.summary.fields())
    }

    fn is_done(&self) -> bool {
        self.lines.target.is_done()
    }

    fn give_up(&mut self) {
        self.over = true;
        self.lines.target.forget();
    }
}

/// Before the lines of the summary.
const INDENT: &str = "   ";
