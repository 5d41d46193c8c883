//! The ladder, as much of it as there is room for around the selected row.

use std::ops::Range;

use lineman_trace::log::Host;
use lineman_trace::story::Row;
use lineman_trace::story::What;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;
use ratatui::text::Line;

use super::cut_top;
use super::put;
use super::say;
use super::style;
use super::tint;
use crate::lang::tui::Tui;
use crate::views::cells::time;
use crate::views::ladder::pieces;
use crate::views::ladder::pieces::Tone;
use crate::views::ladder::pieces::spelled;
use crate::views::text::cut;
use crate::views::text::pad;
use crate::views::tui::model::Model;
use crate::views::words::paragraph;

/// The cursor's columns, left of the rows.
const CURSOR: u16 = 2;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let columns = area.width.saturating_sub(CURSOR);
    let heads: Vec<Line<'_>> = model
        .start
        .iter()
        .flat_map(|start| pieces::heading(start, style(model, columns)))
        .map(|line| {
            Line::styled(
                format!("  {line}"),
                Style::new().add_modifier(Modifier::DIM),
            )
        })
        .collect();
    let (top, rest) = cut_top(area, u16::try_from(heads.len()).unwrap_or(1));
    put(frame, top, &heads);
    if model.rows.is_empty() {
        let text = format!("  {}", say(model, &Tui::Empty {}));
        put(frame, rest, &[Line::raw(text)]);
        return;
    }
    put(
        frame,
        rest,
        &window(model, columns, usize::from(rest.height)),
    );
}

/// The lines around the selected row: it stands in the middle, unless the ladder ends before.
fn window(model: &Model, columns: u16, height: usize) -> Vec<Line<'static>> {
    let end = model.shown();
    let block = |at: usize| (at < end).then(|| lines(model, at, columns));
    let mut shown = block(model.selected).unwrap_or_default();
    let chosen = shown.len();
    let mut above = Vec::new();
    let mut before = model.selected;
    let mut after = model.below(model.selected);
    let half = match model.following {
        true => height,
        false => height.saturating_sub(chosen) / 2,
    };
    while above.len() < half && before > 0 {
        before = model.above(before);
        above.splice(0..0, block(before).unwrap_or_default());
    }
    while shown.len() + half.min(above.len()) < height {
        let Some(lines) = block(after) else { break };
        shown.extend(lines);
        after = model.below(after);
    }
    while above.len() + shown.len() < height && before > 0 {
        before = model.above(before);
        above.splice(0..0, block(before).unwrap_or_default());
    }
    let surplus = (above.len() + shown.len()).saturating_sub(height);
    above.drain(..surplus.min(above.len()));
    above.extend(shown);
    above
}

/// A row with its cursor.
fn lines(model: &Model, at: usize, columns: u16) -> Vec<Line<'static>> {
    let row = focused(&model.rows[at], model.focus);
    let mut texts = match model.fold(at) {
        Some(fold) => vec![folded(model, fold, columns)],
        None => pieces::row(&row, style(model, columns)),
    };
    if texts.is_empty() {
        texts.push(remark(model, &row, columns));
    }
    let chosen = at == model.selected;
    let look = look(model, &row, chosen);
    texts
        .iter()
        .map(|text| {
            let text = pad(text, columns.into());
            let cursor = if chosen { "> " } else { "  " };
            Line::styled(format!("{cursor}{text}"), look)
        })
        .collect()
}

/// Pieces of a datagram, in one line.
fn folded(model: &Model, fold: Range<usize>, columns: u16) -> String {
    let offset = |row: &Row| match row.arrow.as_ref().map(|arrow| &arrow.seen.what) {
        Some(What::Piece(piece)) => piece.offset,
        _ => 0,
    };
    let rows = &model.rows[fold];
    let ends = rows.first().zip(rows.last());
    let (from, to) = ends.map_or((0, 0), |(first, last)| (offset(first), offset(last)));
    let (count, from, to) = (&rows.len(), &from, &to);
    let text = say(model, &Tui::Folded { count, from, to });
    let more = if model.setup.ascii { ".." } else { "…" };
    let at_ns = rows.first().map_or(0, |row| row.t_ns);
    cut(&format!("{}  {text}", time(at_ns)), columns.into(), more)
}

/// A row that has nothing but words, as far as they fit.
fn remark(model: &Model, row: &Row, columns: u16) -> String {
    let text = spelled(&paragraph(row, model.lang()), style(model, columns));
    let text = match text.is_empty() {
        true => say(model, &Tui::Remark {}),
        false => text,
    };
    let more = if model.setup.ascii { ".." } else { "…" };
    cut(&format!("{}  {text}", time(row.t_ns)), columns.into(), more)
}

fn look(model: &Model, row: &Row, chosen: bool) -> Style {
    let look = match Tone::of(row) {
        Tone::Plain => Style::new(),
        Tone::Lost => tint(model, Color::Red),
        Tone::Again => tint(model, Color::Yellow),
    };
    match chosen {
        true => look.add_modifier(Modifier::REVERSED),
        false => look,
    }
}

/// The row with the calls of the host in focus alone.
fn focused(row: &Row, focus: Option<Host>) -> Row {
    let mut row = row.clone();
    if let Some(host) = focus {
        row.calls[host.other()] = None;
    }
    row
}
