//! The ladder: a line for each thing that happened, time downwards, the hosts left and right.
//!
//! It only ever appends: what was printed stays true, so it works in a pipe, in a log and for a
//! screen reader as it does on a terminal.

mod cells;
mod layout;
mod marks;
pub mod pieces;
mod shaft;

#[cfg(test)]
mod tests;

use lineman_trace::log::Event;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use lineman_trace::log::Start;
use lineman_trace::story::Arrow;
use lineman_trace::story::Fate;
use lineman_trace::story::Row;
use lineman_trace::story::Saying;
use lineman_trace::story::Story;
use lineman_trace::story::What;

use self::layout::Layout;
use self::marks::Marks;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::views::Views;
use crate::views::cells::is_deduced;
use crate::views::cells::time;
use crate::views::text::pad;
use crate::views::text::wrap;
use crate::views::words::paragraph;

/// How a ladder is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// How many columns there are; they decide the layout.
    pub width: usize,
    /// The language of headings and sentences.
    pub lang: Lang,
    /// No character beyond ASCII is drawn; sentences may have some.
    pub ascii: bool,
    /// Colours, as an addition to signs.
    pub colour: bool,
    /// Sequence numbers are those of the headers.
    pub absolute: bool,
    /// A sentence below each row that has one.
    pub explain: bool,
}

/// Where sentences begin: below what stands behind the time.
const INDENT: usize = 10;

/// A ladder in the making.
#[derive(Debug)]
pub struct Ladder {
    style: Style,
    layout: Layout,
    story: Story,
    start: Option<Start>,
    has_states: bool,
    /// Whether one that was shown is deduced.
    has_deduced: bool,
    has_datagrams: bool,
    is_captured: bool,
}

impl Ladder {
    /// An empty one.
    pub fn new(style: Style) -> Self {
        Self {
            style,
            layout: Layout::for_width(style.width),
            story: Story::new(),
            start: None,
            has_states: false,
            has_deduced: false,
            has_datagrams: false,
            is_captured: false,
        }
    }

    /// What follows is drawn for so many columns.
    pub fn set_width(&mut self, width: usize) {
        self.style.width = width;
        self.layout = Layout::for_width(width);
    }

    /// Takes an event, and gives the lines that are to be appended.
    pub fn push(&mut self, event: &Event) -> Vec<String> {
        let mut lines = Vec::new();
        if let Kind::Start(start) = &event.visible().kind {
            lines.extend(self.layout.heading(start, self.style));
            self.start = Some(start.clone());
        }
        let rows = self.story.push(event);
        lines.extend(self.rows(&rows));
        lines
    }

    /// The lines that are due because nothing has happened until `now_ns`.
    pub fn idle(&mut self, now_ns: u64) -> Vec<String> {
        let rows = self.story.idle(now_ns);
        self.rows(&rows)
    }

    /// When [`idle`](Self::idle) has lines, unless something happens before.
    pub fn due_ns(&self) -> Option<u64> {
        self.story.due_ns()
    }

    /// All lines of what has happened: what follows is about something else.
    pub fn close(&mut self) -> Vec<String> {
        let rows = self.story.finish();
        self.rows(&rows)
    }

    /// The last lines: nothing more will happen.
    pub fn finish(&mut self) -> Vec<String> {
        let mut lines = self.close();
        if let Some(start) = &self.start {
            let states = match (self.has_states, self.has_datagrams) {
                (true, _) => Some(provenance(start.origin)),
                (false, true) => Some(Views::NoStates {}),
                (false, false) => None,
            };
            let captured = self.is_captured.then_some(Views::WhereCaptured {});
            let told = start.origin != Origin::Inferred;
            let between = (told && self.has_deduced).then_some(Views::StatesBetween {});
            let notes = states.into_iter().chain(between).chain(captured);
            lines.extend(notes.flat_map(|note| self.sentence(&note.render(self.style.lang))));
        }
        lines
    }

    fn rows(&mut self, rows: &[Row]) -> Vec<String> {
        let states = |row: &Row| row.states.client.or(row.states.server);
        let arrows = || rows.iter().filter_map(|row| row.arrow.as_ref());
        let is_datagram = |arrow: &Arrow| matches!(arrow.seen.what, What::Udp(_));
        self.has_datagrams |= arrows().any(is_datagram);
        self.is_captured |= arrows().any(|arrow| arrow.fate == Fate::Captured);
        self.has_states |= rows.iter().any(|row| states(row).is_some());
        let cells = rows
            .iter()
            .flat_map(|row| [row.states.client, row.states.server]);
        self.has_deduced |= cells.flatten().any(|cell| is_deduced(&cell));
        rows.iter().flat_map(|row| self.row(row)).collect()
    }

    fn row(&self, row: &Row) -> Vec<String> {
        let mut lines = self.layout.row(row, self.style);
        if self.style.explain {
            let mut words = self.sentence(&paragraph(row, self.style.lang));
            // Below a packet that is long over, it would seem to have happened then.
            if lines.is_empty() && tells_of_end(row) {
                self.put_time(row, &mut words);
            }
            lines.extend(words);
        }
        lines
    }

    /// Puts the time of a row before its sentences: in a narrow ladder above them.
    fn put_time(&self, row: &Row, words: &mut Vec<String>) {
        let when = time(row.t_ns);
        match words.first_mut() {
            Some(first) if self.layout.indent() == INDENT => {
                let rest = first.trim_start_matches(' ');
                *first = format!("{}{rest}", pad(&when, INDENT));
            }
            _ => words.insert(0, when),
        }
    }

    fn sentence(&self, text: &str) -> Vec<String> {
        let style = self.style;
        let text = Marks::of(style).spelled(text);
        let columns = style.width.saturating_sub(self.layout.indent());
        let indent = " ".repeat(self.layout.indent());
        wrap(&text, columns)
            .iter()
            .map(|line| format!("{indent}{}", cells::paint(style, cells::DIM, line)))
            .collect()
    }
}

/// Whether a row tells of the end of a program.
fn tells_of_end(row: &Row) -> bool {
    let ends = |saying: &Saying| matches!(saying, Saying::Note { note, .. } if note.starts_with("program."));
    row.sayings.iter().any(ends)
}

fn provenance(origin: Origin) -> Views<'static> {
    match origin {
        Origin::Kernel => Views::StatesKernel {},
        Origin::Inferred => Views::StatesInferred {},
        Origin::Simulated => Views::StatesSimulated {},
    }
}
