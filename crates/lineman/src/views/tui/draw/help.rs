//! The keys: the most important in a line, all of them over the ladder.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::text::Span;

use super::put;
use super::say;
use crate::lang::tui::Tui;
use crate::views::text::pad;
use crate::views::text::width;
use crate::views::tui::model::Model;

/// As many keys as fit, the most important first.
pub(super) fn line(model: &Model, columns: usize) -> Line<'static> {
    let strong = Style::new().add_modifier(Modifier::BOLD);
    let mut spans = Vec::new();
    let mut taken = 0;
    for (key, word) in short(model) {
        let word = format!(" {}  ", say(model, &word));
        let needed = width(key) + width(&word);
        if taken + needed > columns + 1 {
            break;
        }
        taken += needed;
        spans.push(Span::raw(" "));
        spans.push(Span::styled(key, strong));
        spans.push(Span::raw(word.trim_end().to_owned()));
        spans.push(Span::raw(" "));
    }
    Line::from(spans)
}

fn short(model: &Model) -> Vec<(&'static str, Tui<'static>)> {
    let mut keys = match model.is_over() {
        true => vec![("space", Tui::ShortRow {}), ("g", Tui::ShortEnd {})],
        false => vec![
            ("space", Tui::ShortStep {}),
            ("g", Tui::ShortRun {}),
            ("d", Tui::ShortDrop {}),
            ("u", Tui::ShortDuplicate {}),
            ("t", Tui::ShortDelay {}),
        ],
    };
    keys.extend([
        ("q", Tui::ShortQuit {}),
        ("h", Tui::ShortHelp {}),
        ("x", Tui::ShortBytes {}),
        ("?", Tui::ShortExplain {}),
        ("1 2", Tui::ShortHost {}),
        ("e", Tui::ShortExport {}),
        ("l", Tui::ShortLanguage {}),
    ]);
    keys
}

fn all(model: &Model) -> Vec<(&'static str, Tui<'static>)> {
    let mut keys = match model.is_over() {
        true => vec![("space s", Tui::KeyRow {})],
        false => vec![
            ("space s", Tui::KeyStep {}),
            ("g", Tui::KeyRun {}),
            ("d", Tui::KeyDrop {}),
            ("u", Tui::KeyDuplicate {}),
            ("t", Tui::KeyDelay {}),
        ],
    };
    keys.extend([
        ("Up Down PgUp PgDn Home End", Tui::KeySelect {}),
        ("1 2", Tui::KeyHost {}),
        ("x", Tui::KeyBytes {}),
        ("?", Tui::KeyExplain {}),
        ("e", Tui::KeyExport {}),
        ("l", Tui::KeyLanguage {}),
        ("h", Tui::KeyHelp {}),
        ("q ^C", Tui::KeyQuit {}),
    ]);
    keys
}

/// Draws all keys in a box in the middle of `area`.
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let keys = all(model);
    let widest = keys.iter().map(|(key, _)| width(key)).max().unwrap_or(0);
    let texts: Vec<String> = keys
        .iter()
        .map(|(key, word)| format!(" {}  {} ", pad(key, widest), say(model, word)))
        .collect();
    let inner = texts.iter().map(|text| width(text)).max().unwrap_or(0);
    let inner = inner.min(usize::from(area.width).saturating_sub(2));
    let lines = boxed(model, &texts, inner);
    let (columns, rows) = (inner + 2, lines.len());
    let columns = u16::try_from(columns).unwrap_or(area.width).min(area.width);
    let rows = u16::try_from(rows).unwrap_or(area.height).min(area.height);
    let place = Rect {
        x: area.x + (area.width - columns) / 2,
        y: area.y + (area.height - rows) / 2,
        width: columns,
        height: rows,
    };
    put(frame, place, &lines);
}

fn boxed(model: &Model, texts: &[String], inner: usize) -> Vec<Line<'static>> {
    let [side, stroke, corners] = match model.setup.ascii {
        true => ["|", "-", "++++"],
        false => ["│", "─", "┌┐└┘"],
    };
    let corners: Vec<char> = corners.chars().collect();
    let title = format!("{stroke} {} ", say(model, &Tui::Keys {}));
    let rest = stroke.repeat(inner.saturating_sub(width(&title)));
    let mut lines = vec![format!("{}{title}{rest}{}", corners[0], corners[1])];
    for text in texts {
        let more = if model.setup.ascii { ".." } else { "…" };
        let text = crate::views::text::cut(text, inner, more);
        lines.push(format!("{side}{}{side}", pad(&text, inner)));
    }
    let foot = stroke.repeat(inner);
    lines.push(format!("{}{foot}{}", corners[2], corners[3]));
    lines.into_iter().map(Line::raw).collect()
}
