//! How the tour is shown: the ladder with a heading for each chapter, line by line, or the log as
//! JSON lines.

use std::collections::VecDeque;
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
use crate::terminal::surface;
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
    /// What is drawn when there is room for it, where keys are waited for: the window may have another width by then.
    told: VecDeque<Told>,
    waits: bool,
    /// The width that was asked for, whatever the window's.
    width: Option<u16>,
    /// Nothing more is shown.
    over: bool,
}

/// What there is to draw.
enum Told {
    Event(Box<Event>),
    /// Nothing more.
    End,
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
            told: VecDeque::new(),
            waits: rhythm == Rhythm::Keys,
            width: args.width,
            over: false,
        }
    }

    /// Shows what there is room and time for.
    fn put(&mut self) -> Result<(), Failure> {
        loop {
            while !self.lines.target.has_row() {
                let Some(told) = self.told.pop_front() else {
                    break;
                };
                self.fit();
                match told {
                    Told::Event(event) => self.draw(&event)?,
                    Told::End => self.draw_end()?,
                }
            }
            let before = self.lines.target.waiting();
            self.lines.target.put(!self.told.is_empty())?;
            if self.told.is_empty() || self.lines.target.waiting() == before {
                return Ok(());
            }
        }
    }

    /// Has what follows fit into the window as it is now.
    fn fit(&mut self) {
        let columns = self.width.or_else(|| surface::columns(io::stdout()));
        let Some(columns) = columns.map(usize::from) else {
            return;
        };
        if self.style.width != columns {
            self.style.width = columns;
            self.lines.set_width(columns);
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
        self.lines.target.go_on()?;
        self.put()
    }

    /// From now on no key is waited for.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn run_on(&mut self) -> Result<(), Failure> {
        self.lines.target.run_on()?;
        self.put()
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

impl Show {
    fn draw(&mut self, event: &Event) -> Result<(), Failure> {
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

    /// The last rows, and what it was altogether.
    fn draw_end(&mut self) -> Result<(), Failure> {
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
}

impl Present for Show {
    fn take(&mut self, event: &Event) -> Result<(), Failure> {
        match (self.over, self.waits) {
            (true, _) => Ok(()),
            (false, true) => {
                self.told.push_back(Told::Event(Box::new(event.clone())));
                Ok(())
            }
            (false, false) => self.draw(event),
        }
    }

    fn due(&self) -> Option<Instant> {
        if self.over {
            return None;
        }
        let line = self.lines.target.due();
        // While there is more to draw, nothing is idle.
        let row = self.lines.due().filter(|_| self.told.is_empty());
        line.into_iter().chain(row).min()
    }

    fn idle(&mut self) -> Result<(), Failure> {
        if self.told.is_empty() {
            self.lines.idle()?;
        }
        self.put()
    }

    fn settle(&mut self) -> Result<(), Failure> {
        self.put()
    }

    fn finish(&mut self) -> Result<(), Failure> {
        match (self.over, self.waits) {
            (true, _) => Ok(()),
            (false, true) => {
                self.told.push_back(Told::End);
                self.put()
            }
            (false, false) => self.draw_end(),
        }
    }

    fn is_done(&self) -> bool {
        self.told.is_empty() && self.lines.target.waiting() == 0
    }

    fn give_up(&mut self) {
        self.over = true;
        self.told.clear();
        self.lines.target.forget();
    }
}

/// Before the lines of the summary.
const INDENT: &str = "   ";
