//! A row of the picture.

use std::collections::HashMap;

use lineman_trace::log::Host;
use lineman_trace::story::Arrow;
use lineman_trace::story::Fate;
use lineman_trace::story::Row;
use lineman_trace::story::Stretch;

use super::svg::CLIENT_X;
use super::svg::SERVER_X;
use super::svg::escaped;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::bracketed;
use crate::lang::views::Views;
use crate::views::cells::call;
use crate::views::cells::state_of;
use crate::views::cells::time;
use crate::views::packet::label;
use crate::views::packet::waits;
use crate::views::text::cut;
use crate::views::words::paragraph;

/// How a packet arrives that meets others on its way, and where in the picture.
pub(super) struct Landing<'a> {
    pub(super) arrow: &'a Arrow,
    pub(super) y: f64,
}

/// The row as a group, with its explanation as title; `y` is where it begins. A packet that arrives in
/// a later row is one line from here to there, so that those cross that have crossed.
pub(super) fn draw(row: &Row, y: f64, landings: &HashMap<u64, Landing<'_>>, lang: Lang) -> String {
    let landing = row
        .arrow
        .as_ref()
        .filter(|arrow| crosses(arrow))
        .and_then(|arrow| landings.get(&arrow.id));
    let shown = landing.map(|landing| landing.arrow).or(row.arrow.as_ref());
    let mut out = format!(
        "<g role=\"graphics-object group\" class=\"{}\">",
        class(shown)
    );
    let words = paragraph(row, lang);
    if !words.is_empty() {
        out.push_str(&format!("<title>{}</title>", escaped(&words)));
    }
    out.push_str(&text("t", 8.0, y + 4.0, "start", time(row.t_ns).trim()));
    out.push_str(&end(row, Host::Client, y));
    out.push_str(&end(row, Host::Server, y));
    match (&row.arrow, landing) {
        (_, Some(landing)) => out.push_str(&crossing(landing, y, lang)),
        // It was drawn where it departs.
        (Some(arrow), _)
            if arrow.stretch == Stretch::Landing && !arrow.held && arrow.copy_of.is_none() => {}
        (Some(arrow), _) => out.push_str(&drawn(arrow, y, lang)),
        (None, _) => {}
    }
    out + "</g>\n"
}

/// Whether it is on its way, and a later row shows how it arrives.
fn crosses(arrow: &Arrow) -> bool {
    arrow.stretch == Stretch::Departure && arrow.fate == Fate::Crossing
}

fn class(arrow: Option<&Arrow>) -> &'static str {
    match arrow {
        None => "row",
        Some(arrow) => match arrow.fate {
            Fate::Dropped => "row lost",
            Fate::Held | Fate::Crossing => "row held",
            Fate::Delivered | Fate::Captured if arrow.deduced => "row deduced",
            Fate::Delivered | Fate::Captured if arrow.is_resent() => "row again",
            Fate::Delivered | Fate::Captured => "row",
        },
    }
}

/// What a host called, and its state.
fn end(row: &Row, host: Host, y: f64) -> String {
    let (x, anchor) = match host {
        Host::Client => (CLIENT_X - 10.0, "end"),
        Host::Server => (SERVER_X + 10.0, "start"),
    };
    let mut out = String::new();
    if let Some(cell) = row.states[host] {
        let class = if cell.before == cell.after {
            "s"
        } else {
            "s new"
        };
        out.push_str(&text(class, x, y + 4.0, anchor, &state_of(&cell)));
    }
    if let Some(cell) = &row.calls[host] {
        let shown = cut(&call(cell, "…"), 40, "…");
        out.push_str(&text("c", x, y + 20.0, anchor, &shown));
    }
    out
}

/// From where to where an arrow goes.
struct Way {
    from: (f64, f64),
    to: (f64, f64),
}

fn way(arrow: &Arrow, y: f64) -> Way {
    let (sender, receiver) = match arrow.from {
        Host::Client => (CLIENT_X, SERVER_X),
        Host::Server => (SERVER_X, CLIENT_X),
    };
    let flight = arrow
        .decided_ns
        .map_or(0, |at| at.saturating_sub(arrow.sent_ns));
    let slant = 12.0 + (flight as f64 / 1e6).min(24.0).round();
    let across = |part: f64| sender + (receiver - sender) * part;
    let begin = if arrow.stretch == Stretch::Landing {
        0.5
    } else {
        0.0
    };
    let reach = match (arrow.fate, arrow.stretch) {
        (Fate::Delivered | Fate::Captured, _) => 1.0,
        (Fate::Dropped, Stretch::Landing) => 0.8,
        (Fate::Dropped, _) => 0.7,
        (Fate::Held | Fate::Crossing, _) => 0.5,
    };
    Way {
        from: (across(begin), y + slant * begin),
        to: (across(reach), y + slant * reach),
    }
}

/// From the row where it departs, at `y`, to the one where it arrives. Its label is at its sender's end,
/// where no other arrow is.
fn crossing(landing: &Landing<'_>, y: f64, lang: Lang) -> String {
    let arrow = landing.arrow;
    let (sender, receiver, x, anchor) = match arrow.from {
        Host::Client => (CLIENT_X, SERVER_X, CLIENT_X + 8.0, "start"),
        Host::Server => (SERVER_X, CLIENT_X, SERVER_X - 8.0, "end"),
    };
    let part = match arrow.fate {
        Fate::Dropped => 0.8,
        _ => 1.0,
    };
    let to = (
        sender + (receiver - sender) * part,
        y + (landing.y - y) * part,
    );
    let line = format!(
        "<line x1=\"{sender}\" y1=\"{y}\" x2=\"{}\" y2=\"{}\"/>",
        to.0, to.1
    );
    let words = format!("{}{}", label(arrow, lang), note(arrow, lang));
    let words = text("l", x, y - 4.0, anchor, &cut(&words, 58, "…"));
    format!("{line}{}{words}", tip(arrow, to))
}

fn drawn(arrow: &Arrow, y: f64, lang: Lang) -> String {
    let Way { from, to } = way(arrow, y);
    let line = format!(
        "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
        from.0, from.1, to.0, to.1
    );
    let middle = (CLIENT_X + SERVER_X) / 2.0;
    let words = format!("{}{}", label(arrow, lang), note(arrow, lang));
    let words = text("l", middle, y - 4.0, "middle", &cut(&words, 58, "…"));
    format!("{line}{}{words}", tip(arrow, to))
}

/// A head, a cross or a bar: the shape tells what the colour tells.
fn tip(arrow: &Arrow, (x, y): (f64, f64)) -> String {
    let back = match arrow.from {
        Host::Client => -9.0,
        Host::Server => 9.0,
    };
    let path = match arrow.fate {
        Fate::Delivered | Fate::Captured => {
            format!("M{} {}L{x} {y}L{} {}", x + back, y - 6.0, x + back, y + 4.0)
        }
        Fate::Dropped => format!(
            "M{} {}L{} {}M{} {}L{} {}",
            x - 6.0,
            y - 6.0,
            x + 6.0,
            y + 6.0,
            x - 6.0,
            y + 6.0,
            x + 6.0,
            y - 6.0
        ),
        Fate::Held | Fate::Crossing => format!("M{x} {}L{x} {}", y - 7.0, y + 7.0),
    };
    format!("<path d=\"{path}\"/>")
}

fn note(arrow: &Arrow, lang: Lang) -> String {
    let fate = match arrow.fate {
        Fate::Delivered | Fate::Captured => None,
        Fate::Dropped => Some(Views::Dropped {}),
        Fate::Held => Some(waits(arrow)),
        Fate::Crossing => Some(Views::Crossing {}),
    };
    let again = arrow.is_resent().then_some(Views::Again {});
    let copy = arrow.is_copy().then_some(Views::Copy {});
    let words = [fate, again, copy];
    let words = words.iter().flatten();
    words
        .map(|word| bracketed(&word.render(lang), lang))
        .collect()
}

fn text(class: &str, x: f64, y: f64, anchor: &str, content: &str) -> String {
    format!(
        "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(content)
    )
}
