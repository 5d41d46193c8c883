//! Where the reader is: rows beyond that are not shown where time stands still, rows that are nearly the
//! same are one, and so is what a sender repeats while its packet is held.

use std::ops::Range;

use lineman_trace::story::Row;
use lineman_trace::story::Stretch;
use lineman_trace::story::What;

use super::model::Mode;
use super::model::Model;

/// So many rows that differ in a number alone are one.
const MANY: usize = 4;

impl Model {
    /// How many rows are shown: where time stands still for the reader, up to the furthest that was
    /// reached.
    pub(super) fn shown(&self) -> usize {
        match self.hides() {
            true => self.rows.len().min(self.reached + 1),
            false => self.rows.len(),
        }
    }

    /// Whether what comes next is hidden: it is to be reached, or to be guessed.
    fn hides(&self) -> bool {
        self.mode == Mode::Walk || (self.quiz.on && self.mode == Mode::Replay)
    }

    /// The rows that are drawn as one with this one.
    pub(super) fn fold(&self, at: usize) -> Option<Range<usize>> {
        if self.unfolded || !self.rows.get(at).is_some_and(is_piece) {
            return None;
        }
        let before = self.rows[..at].iter().rev();
        let first = at - before.take_while(|row| is_piece(row)).count();
        let after = self.rows[at..].iter();
        let end = at + after.take_while(|row| is_piece(row)).count();
        (end - first >= MANY).then_some(first..end)
    }

    /// The row below, past what is drawn as one.
    pub(super) fn below(&self, at: usize) -> usize {
        self.fold(at).map_or(at + 1, |fold| fold.end)
    }

    /// The row above.
    pub(super) fn above(&self, at: usize) -> usize {
        let above = at.saturating_sub(1);
        self.fold(above).map_or(above, |fold| fold.start)
    }

    /// Appends a row. What its sender repeats while the packet is held is one row with a number, which
    /// stands where it was last repeated.
    pub(super) fn append_row(&mut self, row: Row) {
        if let Some(id) = repeated(&row) {
            let earlier = self.rows.iter().rposition(|it| repeated(it) == Some(id));
            if let Some(at) = earlier {
                self.rows.remove(at);
                self.selected -= usize::from(at < self.selected);
                self.reached -= usize::from(at < self.reached);
            }
        }
        self.rows.push(row);
    }
}

/// A later piece of a datagram and nothing else.
fn is_piece(row: &Row) -> bool {
    let piece = row
        .arrow
        .as_ref()
        .is_some_and(|arrow| matches!(arrow.seen.what, What::Piece(_)) && !arrow.held);
    piece && row.calls.client.is_none() && row.calls.server.is_none() && row.sayings.is_empty()
}

/// The held packet that is repeated in this row, and nothing else happens.
fn repeated(row: &Row) -> Option<u64> {
    let arrow = row.arrow.as_ref()?;
    let alone = row.calls.client.is_none() && row.calls.server.is_none();
    (arrow.stretch == Stretch::Repeat && alone).then_some(arrow.id)
}
