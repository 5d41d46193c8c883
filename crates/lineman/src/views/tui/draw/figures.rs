//! Figures over time, below the ladder: of one end of the connection that the selected row is of.

use lineman_trace::log::Host;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::put;
use crate::views::figures::Look;
use crate::views::tui::model::Model;

/// A heading, and a line for each figure.
pub(super) const HEIGHT: u16 = 9;

pub(super) fn draw(model: &Model, host: Host, frame: &mut Frame<'_>, area: Rect) {
    let row = model.row();
    let arrow = row.and_then(|row| row.arrow.as_ref());
    let between = arrow.and_then(|arrow| arrow.seen.from.zip(arrow.seen.to));
    let look = Look {
        columns: usize::from(area.width).saturating_sub(2),
        lang: model.lang(),
        ascii: model.setup.ascii,
    };
    let t_ns = row.map_or(0, |row| row.t_ns);
    let lines = model.figures.lines_of(host, between, t_ns, look);
    let lines = lines.into_iter().map(|line| Line::raw(format!(" {line}")));
    put(frame, area, &lines.collect::<Vec<_>>());
}
