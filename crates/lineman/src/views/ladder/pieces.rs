//! Single rows of the ladder, for views that put them onto a screen themselves.

use lineman_trace::log::Host;
use lineman_trace::log::Start;
use lineman_trace::story::Fate;
use lineman_trace::story::Row;
use lineman_trace::story::Stretch;

use super::Layout;
use super::Style;
use super::marks::Marks;
use crate::views::text::cut;
use crate::views::text::width;

/// How much a row wants to be noticed; its signs say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It went as it should.
    Plain,
    /// Its packet is lost.
    Lost,
    /// Its packet is sent again, or waits.
    Again,
}

impl Tone {
    /// That of a row.
    pub fn of(row: &Row) -> Self {
        let Some(arrow) = &row.arrow else {
            return Self::Plain;
        };
        match arrow.fate {
            Fate::Dropped => Self::Lost,
            Fate::Held => Self::Again,
            _ if arrow.is_resent() || arrow.stretch == Stretch::Repeat => Self::Again,
            _ => Self::Plain,
        }
    }
}

/// The lines of a row, without its sentence. `style` has no colour, for those come as [`Tone`].
pub fn row(row: &Row, style: Style) -> Vec<String> {
    Layout::for_width(style.width).row(row, style)
}

/// The names of the columns.
pub fn heading(start: &Start, style: Style) -> Vec<String> {
    Layout::for_width(style.width).heading(start, style)
}

/// An arrow across `columns` columns with these words at its sender's end.
pub fn stroke(from: Host, label: &str, lost: bool, columns: usize, style: Style) -> String {
    let marks = Marks::of(style);
    let sign = match (lost, from) {
        (true, _) => marks.lost,
        (false, Host::Client) => marks.right,
        (false, Host::Server) => marks.left,
    };
    // Two strokes, a gap and the sign belong to every arrow.
    let label = cut(
        label,
        columns.saturating_sub(2 + 1 + width(sign) + 1),
        marks.more,
    );
    let rest = columns.saturating_sub(2 + width(&label) + 1 + width(sign));
    let (lead, fill) = (marks.single.repeat(2), marks.single.repeat(rest));
    match from {
        Host::Client => format!("{lead}{label} {fill}{sign}"),
        Host::Server => format!("{sign}{fill} {label}{lead}"),
    }
}

/// A sentence with no other signs than `style` allows.
pub fn spelled(text: &str, style: Style) -> String {
    Marks::of(style).spelled(text)
}
