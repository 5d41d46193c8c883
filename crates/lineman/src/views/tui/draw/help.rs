//! The keys: the most important in a line, all of them over the ladder.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::text::Span;

use super::panel;
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
    if model.setup.choices && model.is_over() {
        keys.push(("s", Tui::ShortHold {}));
    }
    keys.extend([("q", Tui::ShortQuit {}), ("?", Tui::ShortHelp {})]);
    if model.setup.choices {
        keys.extend([("n", Tui::ShortScenario {}), ("r", Tui::ShortAgain {})]);
    }
    keys.extend([
        ("p", Tui::ShortGuess {}),
        ("x", Tui::ShortBytes {}),
        ("i", Tui::ShortExplain {}),
        ("1 2", Tui::ShortHost {}),
        ("e", Tui::ShortExport {}),
        ("l", Tui::ShortLanguage {}),
        ("f", Tui::ShortFigures {}),
    ]);
    keys
}

fn all(model: &Model) -> Vec<(&'static str, Tui<'static>)> {
    let mut keys = match model.is_over() {
        true if model.setup.choices => vec![
            ("space", Tui::KeyRow {}),
            ("g", Tui::KeyEnd {}),
            ("s", Tui::KeyHold {}),
        ],
        true => vec![("space s", Tui::KeyRow {}), ("g", Tui::KeyEnd {})],
        false => vec![
            ("space s", Tui::KeyStep {}),
            ("g", Tui::KeyRun {}),
            ("d", Tui::KeyDrop {}),
            ("u", Tui::KeyDuplicate {}),
            ("t", Tui::KeyDelay {}),
        ],
    };
    if model.setup.choices {
        keys.extend([("r", Tui::KeyAgain {}), ("n", Tui::KeyScenario {})]);
    }
    keys.extend([
        ("p", Tui::KeyGuess {}),
        ("Up Down PgUp PgDn Home End", Tui::KeySelect {}),
        ("1 2", Tui::KeyHost {}),
        ("x", Tui::KeyBytes {}),
        ("Enter", Tui::KeyFold {}),
        ("i", Tui::KeyExplain {}),
        ("f", Tui::KeyFigures {}),
        ("e", Tui::KeyExport {}),
        ("l", Tui::KeyLanguage {}),
        ("? h", Tui::KeyHelp {}),
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
    panel::draw(model, &say(model, &Tui::Keys {}), &texts, frame, area);
}
