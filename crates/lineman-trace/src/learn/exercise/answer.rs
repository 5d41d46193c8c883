//! Answers, and what the log says of them.

use serde::Deserialize;

use super::Cell;
use super::Exercise;
use super::Field;
use super::blank;
use super::order;
use crate::learn::guess::is_about_packet;
use crate::story::Saying;
use crate::story::Value;

/// What the learner has filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// Texts for the blanks, by their numbers; an empty text is none.
    #[serde(default)]
    pub blanks: Vec<String>,
    /// The positions in [`Exercise::shuffled`], in the order that the learner thinks right; empty is no answer.
    #[serde(default)]
    pub order: Vec<usize>,
}

/// What the log says.
#[derive(Clone, Debug, PartialEq)]
pub struct Marks<'e> {
    /// Of each blank.
    pub blanks: Vec<Mark<'e>>,
    /// Of the order; `None` if that was not asked.
    pub order: Option<OrderMark<'e>>,
}

/// What the log says of a blank.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark<'e> {
    /// Nothing was filled in.
    Open,
    /// It is right.
    Right,
    /// It is not; why it should be otherwise, as the story says it.
    Wrong(Vec<&'e Saying>),
}

/// What the log says of an order.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderMark<'e> {
    /// There is no answer yet, or not of each packet once.
    Open,
    /// It could have been so: nothing in the exercise speaks against it.
    Right,
    /// It could not.
    Wrong {
        /// This packet, a place of [`Exercise::shuffled`], …
        late: usize,
        /// … stands before this one, which comes earlier.
        early: usize,
        /// What the story says of the one that comes later.
        why: Vec<&'e Saying>,
    },
}

impl Exercise {
    /// What the log says of the learner's answers.
    pub fn check(&self, answers: &Answers) -> Marks<'_> {
        let nothing = String::new();
        let blanks = self
            .blanks
            .iter()
            .enumerate()
            .map(|(at, _)| self.check_blank(at, answers.blanks.get(at).unwrap_or(&nothing)));
        Marks {
            blanks: blanks.collect(),
            order: (!self.shuffled.is_empty()).then(|| self.check_order(&answers.order)),
        }
    }

    /// What it says of one blank; of none that there is not.
    pub fn check_blank(&self, blank: usize, answer: &str) -> Mark<'_> {
        let found = self.blanks.get(blank).filter(|_| !answer.trim().is_empty());
        let Some((blank, row)) = found.and_then(|it| Some((it, self.rows.get(it.row)?))) else {
            return Mark::Open;
        };
        match blank::is_right(row, blank.field, answer) {
            true => Mark::Right,
            false => Mark::Wrong(blank::why(row, blank.field)),
        }
    }

    /// What it says of an order of the shuffled packets.
    pub fn check_order(&self, order: &[usize]) -> OrderMark<'_> {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if self.shuffled.is_empty() || !sorted.into_iter().eq(0..self.shuffled.len()) {
            return OrderMark::Open;
        }
        let rows: Vec<usize> = order.iter().map(|at| self.shuffled[*at]).collect();
        let Some((late, early)) = order::violated(&self.rows, &self.blanks, &rows) else {
            return OrderMark::Right;
        };
        let sayings = self.rows[rows[late]].sayings.iter();
        let why = sayings.filter(|it| is_about_packet(it)).take(1);
        OrderMark::Wrong {
            late: order[late],
            early: order[early],
            why: why.filter(|it| !self.tells(rows[late], it)).collect(),
        }
    }

    /// Whether what the story says of a packet answers a blank, which is asked after the order: something of the packet
    /// itself, or a number that none of the shuffled packets shows.
    fn tells(&self, row: usize, saying: &Saying) -> bool {
        let mut numbers = self
            .blanks
            .iter()
            .filter(|it| !matches!(it.field, Field::State(_)));
        if numbers.clone().any(|it| it.row == row) {
            return true;
        }
        let shuffled = self
            .shuffled
            .iter()
            .filter_map(|row| self.shuffled_line(*row));
        let shown: Vec<String> = shuffled
            .flat_map(|line| [line.seq, line.ack])
            .filter_map(|cell| match cell? {
                Cell::Told(number) => Some(number),
                Cell::Blank(_) => None,
            })
            .collect();
        let said: Vec<String> = saying.fields().into_iter().filter_map(number).collect();
        numbers.any(|it| {
            let truths = blank::truths(&self.rows[it.row], it.field);
            let is_shown = truths.first().is_some_and(|truth| shown.contains(truth));
            !is_shown && truths.iter().any(|truth| said.contains(truth))
        })
    }

    /// What stands in a blank.
    pub fn truth(&self, blank: usize) -> Option<String> {
        let blank = self.blanks.get(blank)?;
        blank::truth(self.rows.get(blank.row)?, blank.field)
    }

    /// The shuffled packets in the order in which they were sent: places of [`shuffled`](Self::shuffled).
    pub fn true_order(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.shuffled.len()).collect();
        places.sort_by_key(|at| self.shuffled[*at]);
        places
    }
}

/// A sequence number that a saying names.
fn number((_, value): (&str, Value)) -> Option<String> {
    match value {
        Value::RelativeSeq(number) => Some(number.to_string()),
        Value::Seq(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Marks<'_> {
    /// Whether everything that was asked is right.
    pub fn is_solved(&self) -> bool {
        let order = self
            .order
            .as_ref()
            .is_none_or(|mark| *mark == OrderMark::Right);
        order && self.blanks.iter().all(|mark| *mark == Mark::Right)
    }
}
