//! Boxes over the ladder.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::put;
use crate::views::text::cut;
use crate::views::text::pad;
use crate::views::text::width;
use crate::views::tui::model::Model;

/// Draws lines in a box with a title in the middle of `area`, and cuts what does not fit.
pub(super) fn draw(
    model: &Model,
    title: &str,
    texts: &[String],
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let widest = texts.iter().map(|text| width(text)).max().unwrap_or(0);
    let inner = widest.max(width(title) + 4);
    let inner = inner.min(usize::from(area.width).saturating_sub(2));
    let lines = boxed(model, title, texts, inner);
    let columns = u16::try_from(inner + 2).unwrap_or(area.width);
    let rows = u16::try_from(lines.len()).unwrap_or(area.height);
    let (columns, rows) = (columns.min(area.width), rows.min(area.height));
    let place = Rect {
        x: area.x + (area.width - columns) / 2,
        y: area.y + (area.height - rows) / 2,
        width: columns,
        height: rows,
    };
    put(frame, place, &lines);
}

fn boxed(model: &Model, title: &str, texts: &[String], inner: usize) -> Vec<Line<'static>> {
    let [side, stroke, corners] = match model.setup.ascii {
        true => ["|", "-", "++++"],
        false => ["│", "─", "┌┐└┘"],
    };
    let corners: Vec<char> = corners.chars().collect();
    let title = format!("{stroke} {title} ");
    let rest = stroke.repeat(inner.saturating_sub(width(&title)));
    let mut lines = vec![format!("{}{title}{rest}{}", corners[0], corners[1])];
    let more = if model.setup.ascii { ".." } else { "…" };
    for text in texts {
        let text = cut(text, inner, more);
        lines.push(format!("{side}{}{side}", pad(&text, inner)));
    }
    let foot = stroke.repeat(inner);
    lines.push(format!("{}{foot}{}", corners[2], corners[3]));
    lines.into_iter().map(Line::raw).collect()
}
