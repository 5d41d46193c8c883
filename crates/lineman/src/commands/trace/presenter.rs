//! How a log is shown that is no whole screen: as lines while it grows, or as a file of it in the end.

use std::io::Write as _;

use lineman_trace::log::Event;
use lineman_trace::log::Kind;
use lineman_trace::log::Verdict;
use tokio::time::Instant;

use super::log_time::LogTime;
use super::session::Present;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::read::Read as Words;
use crate::output::Output;
use crate::views::export;
use crate::views::export::Exporter;
use crate::views::export::Format;
use crate::views::figures::Figures;
use crate::views::figures::Look;
use crate::views::ladder::Ladder;
use crate::views::ladder::Style;

/// Where lines go.
pub trait Target {
    /// Takes lines.
    ///
    /// # Errors
    /// When they cannot be written.
    fn lines(&mut self, lines: &[String]) -> Result<(), Failure>;

    /// Has everything be seen that it has taken.
    ///
    /// # Errors
    /// When it cannot be written.
    fn flush(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

/// A log as lines: a ladder for people, JSON for programs.
pub struct Lines<T> {
    /// Where they go.
    pub target: T,
    /// `None` is JSON.
    ladder: Option<Box<Ladder>>,
    /// What is shown below the ladder, and how.
    figures: Option<(Box<Figures>, Look)>,
    time: LogTime,
    lang: Lang,
}

impl<T: Target> Lines<T> {
    /// Lines to a target: a ladder in this style, unless JSON was asked for.
    pub fn new(target: T, style: Style, console: Console) -> Self {
        let ladder = (!console.json).then(|| Box::new(Ladder::new(style)));
        Self {
            target,
            ladder,
            figures: None,
            time: LogTime::default(),
            lang: console.lang,
        }
    }

    /// With figures over time below the ladder, if they are wanted.
    pub fn with_figures(mut self, wanted: bool, style: Style) -> Self {
        let look = Look {
            columns: style.width,
            lang: style.lang,
            ascii: style.ascii,
        };
        let shown = wanted && self.ladder.is_some();
        self.figures = shown.then(|| (Box::default(), look));
        self
    }

    /// What follows is drawn for so many columns.
    pub fn set_width(&mut self, width: usize) {
        if let Some(ladder) = &mut self.ladder {
            ladder.set_width(width);
        }
    }

    /// Writes all rows of what has happened: what follows is about something else.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn close_rows(&mut self) -> Result<(), Failure> {
        let lines = self.ladder.as_mut().map(|ladder| ladder.close());
        self.target.lines(&lines.unwrap_or_default())
    }
}

impl<T: Target> Present for Lines<T> {
    fn take(&mut self, event: &Event) -> Result<(), Failure> {
        self.time.see(event);
        if let Some((figures, _)) = &mut self.figures {
            figures.push(event);
        }
        let lines = match &mut self.ladder {
            Some(ladder) => ladder.push(event),
            None => vec![json(event, self.lang)],
        };
        self.target.lines(&lines)
    }

    fn due(&self) -> Option<Instant> {
        let due_ns = self.ladder.as_ref()?.due_ns()?;
        self.time.instant(due_ns)
    }

    fn idle(&mut self) -> Result<(), Failure> {
        let now_ns = self.time.now_ns();
        let lines = self.ladder.as_mut().map(|ladder| ladder.idle(now_ns));
        self.target.lines(&lines.unwrap_or_default())
    }

    fn settle(&mut self) -> Result<(), Failure> {
        self.target.flush()
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let lines = self.ladder.as_mut().map(|ladder| ladder.finish());
        self.target.lines(&lines.unwrap_or_default())?;
        let Some((figures, look)) = &mut self.figures else {
            return Ok(());
        };
        figures.finish();
        self.target.lines(&figures.lines(*look))
    }
}

fn json(event: &Event, lang: Lang) -> String {
    let mut line = Vec::new();
    // A vector takes everything.
    let _ = export::write(Format::Jsonl, std::slice::from_ref(event), lang, &mut line);
    String::from_utf8_lossy(&line).trim_end().to_owned()
}

/// A log as a file in some form, which is written as it comes.
pub struct Export {
    out: Output,
    exporter: Exporter,
    /// How many packets it may still have, if that is bounded.
    room: Option<u64>,
    is_too_long: bool,
    lang: Lang,
}

/// A picture of the ladder is made in memory, and a picture of more packets is not looked through.
const PICTURE: u64 = 10_000;

impl Export {
    /// Nothing of it yet.
    pub fn new(out: Output, format: Format, console: Console) -> Self {
        Self {
            out,
            exporter: Exporter::new(format, console.lang),
            room: None,
            is_too_long: false,
            lang: console.lang,
        }
    }

    /// Of a capture, which may be of any length: a form that holds all of it takes no more than so many packets.
    pub fn of_capture(out: Output, format: Format, console: Console) -> Self {
        Self {
            room: (format == Format::Svg).then_some(PICTURE),
            ..Self::new(out, format, console)
        }
    }

    /// What it was written to.
    pub fn into_output(self) -> Output {
        self.out
    }

    fn counts(&mut self, event: &Event) -> Result<(), Failure> {
        let Kind::Packet(packet) = &event.kind else {
            return Ok(());
        };
        if !matches!(packet.verdict, Verdict::Sent | Verdict::Captured) {
            return Ok(());
        }
        self.is_too_long |= self.room == Some(0);
        if self.is_too_long {
            let words = Words::PictureTooLong { most: &PICTURE };
            return Err(Failure::usage(&words, self.lang));
        }
        self.room = self.room.map(|room| room - 1);
        Ok(())
    }
}

impl Present for Export {
    fn take(&mut self, event: &Event) -> Result<(), Failure> {
        self.counts(event)?;
        let written = self.exporter.take(event, &mut self.out);
        written.map_err(|error| self.out.failure(error))
    }

    fn due(&self) -> Option<Instant> {
        None
    }

    fn idle(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    fn settle(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Failure> {
        if self.is_too_long {
            return Ok(()); // a part of it is no picture
        }
        let written = self.exporter.finish(&mut self.out);
        written.map_err(|error| self.out.failure(error))
    }
}

impl Target for Output {
    fn lines(&mut self, lines: &[String]) -> Result<(), Failure> {
        let mut lines = lines.iter();
        let written = lines.try_for_each(|line| writeln!(self, "{line}"));
        written.map_err(|error| self.failure(error))
    }

    fn flush(&mut self) -> Result<(), Failure> {
        std::io::Write::flush(self).map_err(|error| self.failure(error))
    }
}
