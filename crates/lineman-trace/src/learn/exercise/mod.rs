//! Exercises made of a log.
//!
//! An exercise is the log and a [`Plan`]: what is asked, how much, and where chance starts. What is blanked and how packets are
//! shuffled follows from these, and what is right follows from the log's rows; so an exercise needs no answers beside
//! it, and a file of one is a line with the plan, followed by the log. (So a learner who opens the file can read the answers.)

mod answer;
mod blank;
mod chance;
mod file;
mod order;
mod plan;

use serde::Serialize;

pub use self::answer::Answers;
pub use self::answer::Mark;
pub use self::answer::Marks;
pub use self::answer::OrderMark;
pub use self::blank::Blank;
pub use self::blank::Field;
use self::chance::Chance;
pub use self::file::BadExercise;
pub use self::plan::Ask;
pub use self::plan::Plan;
use crate::log::Event;
use crate::log::Host;
use crate::log::Kind;
use crate::log::Start;
use crate::story::Arrow;
use crate::story::Fate;
use crate::story::Row;
use crate::story::Story;
use crate::story::Stretch;

/// An exercise about a log.
#[derive(Debug)]
pub struct Exercise {
    plan: Plan,
    events: Vec<Event>,
    rows: Vec<Row>,
    blanks: Vec<Blank>,
    /// Rows, shuffled; empty if there is nothing to put in order.
    shuffled: Vec<usize>,
}

/// Why a log makes no exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing in the log can be asked about")]
pub struct Unfit;

/// A packet as an exercise shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its row in the ladder of the log.
    pub row: usize,
    /// When.
    pub t_ns: u64,
    /// Who sent it.
    pub from: Host,
    /// Whether this is where it arrives, after the row in which it was sent.
    pub lands: bool,
    /// Whether it is lost here.
    pub lost: bool,
    /// The flags, if it is a segment of TCP whose numbers can be counted.
    pub flags: Option<Cell>,
    /// The sequence number of the first byte, if it takes numbers.
    pub seq: Option<Cell>,
    /// The acknowledgment number.
    pub ack: Option<Cell>,
    /// How many bytes it carries, if any.
    pub len: Option<u32>,
    /// The client's state after it.
    pub client: Option<Cell>,
    /// The server's.
    pub server: Option<Cell>,
}

/// A place of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// What stands there.
    Told(String),
    /// It is to be filled in: the blank of this number, from 0.
    Blank(usize),
}

impl Exercise {
    /// An exercise about a whole log.
    ///
    /// # Errors
    /// When there is nothing in it that the plan asks for.
    pub fn new(plan: Plan, events: Vec<Event>) -> Result<Self, Unfit> {
        let mut story = Story::new();
        let mut rows: Vec<Row> = events.iter().flat_map(|event| story.push(event)).collect();
        rows.extend(story.finish());
        let mut chance = Chance::new(plan.seed);
        let blanks = blank::chosen(&rows, &plan, &mut chance);
        let shuffled = match plan.ask.contains(&Ask::Order) {
            true => order::shuffled(&rows, &blanks, &mut chance),
            false => Vec::new(),
        };
        if blanks.is_empty() && shuffled.is_empty() {
            return Err(Unfit);
        }
        Ok(Self {
            plan,
            events,
            rows,
            blanks,
            shuffled,
        })
    }

    /// What is asked.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The log.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What the log says of itself, with texts that are safe to show.
    pub fn start(&self) -> Option<Start> {
        match self.events.first()?.visible().into_owned().kind {
            Kind::Start(start) => Some(start),
            _ => None,
        }
    }

    /// A row of the log's ladder.
    pub fn row(&self, row: usize) -> Option<&Row> {
        self.rows.get(row)
    }

    /// What is to be filled in.
    pub fn blanks(&self) -> &[Blank] {
        &self.blanks
    }

    /// The rows whose packets are to be put in order, shuffled; none if that is not asked.
    pub fn shuffled(&self) -> &[usize] {
        &self.shuffled
    }

    /// The packets, those things left out that are asked; up to the last one that is asked about, if any is.
    pub fn lines(&self) -> Vec<Line> {
        let last = self.blanks.last().map(|blank| blank.row);
        let rows = self
            .rows
            .iter()
            .enumerate()
            .take(last.map_or(self.rows.len(), |last| last + 1));
        rows.filter_map(|(at, row)| self.line(at, row)).collect()
    }

    /// A packet as one of those that are to be put in order: what is asked about it is left out here too.
    pub fn shuffled_line(&self, row: usize) -> Option<Line> {
        self.line(row, self.rows.get(row)?)
    }

    fn line(&self, at: usize, row: &Row) -> Option<Line> {
        let arrow = row.arrow.as_ref().filter(|arrow| is_shown(arrow))?;
        let cell = |field: Field| match self.blank(at, row, field) {
            Some(blank) => Some(Cell::Blank(blank)),
            None => blank::truth(row, field).map(Cell::Told),
        };
        let segment = arrow.seen.segment().filter(|_| arrow.place.is_some());
        Some(Line {
            row: at,
            t_ns: row.t_ns,
            from: arrow.from,
            lands: arrow.stretch == Stretch::Landing,
            lost: arrow.fate == Fate::Dropped,
            flags: cell(Field::Flags),
            seq: cell(Field::Seq),
            ack: cell(Field::Ack),
            len: segment.map(|segment| segment.len).filter(|len| *len > 0),
            client: cell(Field::State(Host::Client)),
            server: cell(Field::State(Host::Server)),
        })
    }

    /// The blank of a place: its own, or that of the row whose answer it would give away.
    fn blank(&self, at: usize, row: &Row, field: Field) -> Option<usize> {
        let asked = match field {
            // A state that nothing has changed since is the one that was asked.
            Field::State(host) => {
                let changes =
                    |row: &Row| row.states[host].is_some_and(|cell| cell.before != cell.after);
                match changes(row) {
                    true => at,
                    false => self.rows[..at].iter().rposition(changes)?,
                }
            }
            // Where a packet arrives its numbers are those with which it was sent.
            _ => {
                let id = row.arrow.as_ref()?.id;
                let sent = |row: &Row| {
                    row.arrow
                        .as_ref()
                        .is_some_and(|arrow| arrow.id == id && is_sent(arrow))
                };
                self.rows[..=at].iter().position(sent)?
            }
        };
        let is_it = |it: &Blank| it.row == asked && it.field == field;
        let found = self.blanks.iter().position(is_it)?;
        // Another connection may be in between: what is another state gives nothing away.
        let same = blank::truth(row, field) == blank::truth(&self.rows[asked], field);
        same.then_some(found)
    }
}

/// Whether an exercise shows a packet: not one that was only deduced, and no copy that the wire has swallowed.
fn is_shown(arrow: &Arrow) -> bool {
    !arrow.deduced && arrow.stretch != Stretch::Repeat
}

/// Whether a row shows a packet from its beginning on.
fn is_sent(arrow: &Arrow) -> bool {
    is_shown(arrow) && arrow.stretch != Stretch::Landing
}
