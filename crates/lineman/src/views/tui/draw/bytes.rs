//! The bytes of the selected packet, the field under the cursor marked.

use std::fmt::Write as _;
use std::ops::Range;

use lineman_proto::wire::Field;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::text::Span;

use super::put;
use super::say;
use crate::lang::fields;
use crate::lang::tui::Tui;
use crate::views::text::clean;
use crate::views::tui::hex;
use crate::views::tui::hex::Shown;
use crate::views::tui::model::Model;

/// Bytes in a line.
const LINE: usize = 16;
/// How wide a line is, with room for the value of a field.
pub(super) const WIDTH: u16 = 80;

/// How many lines it takes of `area`, which is the whole terminal.
pub(super) fn height(area: Rect) -> u16 {
    2 + (area.height / 4).min(8)
}

/// Draws them.
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let Some(shown) = hex::shown(model) else {
        let text = format!(" {}", say(model, &Tui::NoPacket {}));
        put(frame, area, &[Line::raw(text)]);
        return;
    };
    let last = shown.fields.len().saturating_sub(1);
    let field = shown.fields.get(model.field.unwrap_or(0).min(last));
    let mut lines = vec![title(model, &shown), name(model, field)];
    let room = usize::from(area.height).saturating_sub(lines.len());
    let range = field.map_or(0..0, |field| field.range.clone());
    lines.extend(dump(&shown.bytes, &range, room));
    put(frame, area, &lines);
}

fn title(model: &Model, shown: &Shown) -> Line<'static> {
    let (id, count) = (&shown.id, &shown.bytes.len());
    let words = match shown.arrived {
        true => Tui::BytesArrived { id, count },
        false => Tui::BytesSent { id, count },
    };
    Line::raw(format!(" {}", say(model, &words)))
}

fn name(model: &Model, field: Option<&Field>) -> Line<'static> {
    let Some(field) = field else {
        return Line::raw("");
    };
    let text = say(
        model,
        &Tui::Field {
            layer: &field.layer,
            name: &fields::field(field.name, model.lang()),
            value: &clean(&field.value),
            from: &field.range.start,
            to: &field.range.end.saturating_sub(1),
        },
    );
    Line::styled(
        format!(" {text}"),
        Style::new().add_modifier(Modifier::BOLD),
    )
}

/// As many lines as there is room for, those of the field among them.
fn dump(bytes: &[u8], field: &Range<usize>, room: usize) -> Vec<Line<'static>> {
    let all = bytes.len().div_ceil(LINE);
    let at = field.start / LINE;
    let first = at.saturating_sub(room / 2).min(all.saturating_sub(room));
    (first..all.min(first + room))
        .map(|line| dump_line(bytes, line * LINE, field))
        .collect()
}

fn dump_line(bytes: &[u8], from: usize, field: &Range<usize>) -> Line<'static> {
    let marked = Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD);
    let mut spans = vec![Span::raw(format!(" {from:04x} "))];
    for at in from..from + LINE {
        let inside = field.contains(&at);
        // Brackets say it where there is no reverse video.
        let lead = match (inside, at == field.start, at == field.end) {
            (true, true, _) => "[",
            (false, _, true) if at > from && !field.is_empty() => "]",
            _ => " ",
        };
        let mut text = lead.to_owned();
        match bytes.get(at) {
            Some(byte) => drop(write!(text, "{byte:02x}")),
            None => text.push_str("  "),
        }
        spans.push(Span::styled(
            text,
            if inside { marked } else { Style::new() },
        ));
    }
    let ends = field.contains(&(from + LINE - 1)) && field.end == from + LINE;
    spans.push(Span::raw(if ends { "]  " } else { "   " }));
    for at in from..from + LINE {
        let inside = field.contains(&at);
        let sign = bytes.get(at).map_or(' ', |byte| letter(*byte));
        spans.push(Span::styled(
            sign.to_string(),
            if inside { marked } else { Style::new() },
        ));
    }
    Line::from(spans)
}

fn letter(byte: u8) -> char {
    match byte {
        0x20..0x7f => char::from(byte),
        _ => '.',
    }
}
