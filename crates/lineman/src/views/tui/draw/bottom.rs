//! Below the ladder: the selected row in words or in bytes, what was just done, and the keys.

use std::time::Duration;

use lineman_lab::wire::Command;
use lineman_trace::learn::Change;
use lineman_trace::log::Host;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;
use ratatui::text::Line;

use super::bytes;
use super::cut_left;
use super::cut_top;
use super::figures;
use super::help;
use super::put;
use super::say;
use super::style;
use super::tint;
use crate::lang::tui::Tui;
use crate::views::ladder::pieces;
use crate::views::text::clean;
use crate::views::text::cut;
use crate::views::text::pad;
use crate::views::text::width;
use crate::views::text::wrap;
use crate::views::tui::model::Model;
use crate::views::tui::model::Panel;
use crate::views::tui::order::Notice;
use crate::views::words::paragraph;

/// Beside bytes there are words too, if they have so many columns.
const SENTENCE: u16 = 30;

/// What else is on the screen takes so many lines: the cards, the keys and some rows.
const REST: u16 = 16;

/// How many lines it takes of `area`, which is the whole terminal.
pub(super) fn height(model: &Model, area: Rect) -> u16 {
    let usual = match area.height {
        30.. => 6,
        _ => 4,
    };
    if model.figures_of.is_some() {
        // The ladder and the hosts keep more than half.
        return 1 + figures::HEIGHT.min(area.height / 2 - 2);
    }
    // A sentence that needs more has it, as long as a few rows of the ladder are left.
    let needed = u16::try_from(sentence(model, area).len()).unwrap_or(u16::MAX);
    let words = needed.clamp(usual, usual.max(area.height.saturating_sub(REST)));
    match (model.field, model.explain) {
        (Some(_), _) => 1 + bytes::height(area),
        (None, true) => 1 + words,
        (None, false) => 1,
    }
}

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let (rule, rest) = cut_top(area, 1);
    put(frame, rule, &[rule_line(model, rule.width)]);
    if let Some(host) = model.figures_of {
        figures::draw(model, host, frame, rest);
    } else if model.field.is_some() {
        let (left, right) = cut_left(rest, bytes::WIDTH);
        bytes::draw(model, frame, left);
        if model.explain && right.width >= SENTENCE {
            put(frame, right, &words(model, right));
        }
    } else {
        put(frame, rest, &words(model, rest));
    }
}

/// What a small terminal says instead.
pub(super) fn small(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let whole = frame.area();
    let (columns, rows) = (&whole.width, &whole.height);
    let text = match &model.notice {
        Some(notice) => noticed(model, notice),
        None => say(model, &Tui::Small { columns, rows }),
    };
    let lines: Vec<Line<'_>> = wrap(&text, area.width.into())
        .into_iter()
        .map(|line| Line::styled(line, tint(model, Color::Yellow)))
        .collect();
    put(frame, area, &lines);
}

/// A line with the row's number, or with what was just done.
fn rule_line(model: &Model, columns: u16) -> Line<'static> {
    let (at, count) = (&(model.selected + 1), &model.rows.len());
    let (text, look) = match &model.notice {
        Some(notice) => {
            let look = tint(model, Color::Yellow).add_modifier(Modifier::BOLD);
            (noticed(model, notice), look)
        }
        None if *count == 0 => (String::new(), Style::new()),
        None => (say(model, &Tui::RowOf { at, count }), Style::new()),
    };
    let (stroke, more) = match model.setup.ascii {
        true => ("-", ".."),
        false => ("─", "…"),
    };
    let columns = usize::from(columns);
    let text = cut(&text, columns.saturating_sub(6), more);
    let lead = stroke.repeat(2);
    let rest = columns.saturating_sub(width(&text) + 4);
    let text = match text.is_empty() {
        true => stroke.repeat(columns),
        false => format!("{lead} {text} {}", stroke.repeat(rest)),
    };
    Line::styled(text, look)
}

/// All that there is to say about the selected row.
fn sentence(model: &Model, area: Rect) -> Vec<String> {
    let Some(row) = model.greeting().or_else(|| model.row()) else {
        return Vec::new();
    };
    let columns = usize::from(area.width).saturating_sub(2);
    let text = pieces::spelled(&paragraph(row, model.lang()), style(model, 0));
    wrap(&text, columns)
}

fn words(model: &Model, area: Rect) -> Vec<Line<'static>> {
    let columns = usize::from(area.width).saturating_sub(2);
    let mut lines = sentence(model, area);
    let room = usize::from(area.height);
    if lines.len() > room {
        let more = if model.setup.ascii { ".." } else { "…" };
        lines.truncate(room);
        if let Some(last) = lines.last_mut() {
            *last = cut(&format!("{} {more}", pad(last, columns)), columns, more);
        }
    }
    let lines = lines.into_iter().map(|line| Line::raw(format!(" {line}")));
    lines.collect()
}

/// The last line: the keys, or the question that is being answered.
pub(super) fn keys(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let line = match &model.panel {
        Panel::Export(prompt) => {
            let file = &format!("{}_", clean(&prompt.file));
            let format = &prompt.name();
            let question = say(model, &Tui::Export { format, file });
            let keys = say(model, &Tui::ExportKeys {});
            Line::styled(
                format!(" {question}   {keys}"),
                Style::new().add_modifier(Modifier::BOLD),
            )
        }
        _ => help::line(model, area.width.into()),
    };
    put(frame, area, &[line]);
}

fn noticed(model: &Model, notice: &Notice) -> String {
    let text = match notice {
        Notice::NothingHeld => say(model, &Tui::NothingHeld {}),
        Notice::OnlyWalked => say(model, &Tui::OnlyWalked {}),
        Notice::NothingMore => say(model, &Tui::NothingMore {}),
        Notice::Asks(true) => say(model, &Tui::GuessOn {}),
        Notice::Asks(false) => say(model, &Tui::GuessOff {}),
        Notice::Guessed { right, changes } => guessed(model, *right, changes),
        Notice::OnlyRecorded => say(model, &Tui::OnlyRecorded {}),
        Notice::Told(command) => told(model, command),
        Notice::Exported(path) => {
            let file = &path.display();
            say(model, &Tui::Exported { file })
        }
        Notice::NotExported(path, why) => {
            let file = &path.display();
            say(model, &Tui::NotExported { file, why })
        }
        Notice::Said(text) => text.clone(),
    };
    clean(&text)
}

fn told(model: &Model, command: &Command) -> String {
    let word = match command {
        Command::Deliver(id) => Tui::ToldDeliver { id },
        Command::Drop(id) => Tui::ToldDrop { id },
        Command::Duplicate(id) => Tui::ToldDuplicate { id },
        Command::Delay(id, time) => return delayed(model, *id, *time),
        Command::Step => Tui::ToldStep {},
        Command::Run => Tui::ToldRun {},
        Command::Rules(_) | Command::Forge(..) => Tui::ToldOther {},
    };
    say(model, &word)
}

fn delayed(model: &Model, id: u64, time: Duration) -> String {
    let (id, millis) = (&id, &time.as_millis());
    say(model, &Tui::ToldDelay { id, millis })
}

/// Whether a guess was right, and what has changed.
fn guessed(model: &Model, right: bool, changes: &[Change]) -> String {
    let each = changes.iter().map(|change| {
        let state = &change.state.name();
        match change.host {
            Host::Client => say(model, &Tui::ChangedClient { state }),
            Host::Server => say(model, &Tui::ChangedServer { state }),
        }
    });
    let mut all = each.collect::<Vec<_>>().join(", ");
    if all.is_empty() {
        all = say(model, &Tui::GuessNothing {});
    }
    let changes = &all;
    match right {
        true => say(model, &Tui::GuessRight { changes }),
        false => say(model, &Tui::GuessWrong { changes }),
    }
}
