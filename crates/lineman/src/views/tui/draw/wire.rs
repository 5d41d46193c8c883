//! The packets that wait on the wire for a decision.

use lineman_trace::log::Host;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::text::Line;

use super::put;
use super::say;
use super::tint;
use crate::lang::tui::Tui;
use crate::lang::wire::Wire;
use crate::views::packet;
use crate::views::scene::Held;
use crate::views::text::cut;
use crate::views::tui::model::Mode;
use crate::views::tui::model::Model;

/// So many are shown at most.
const MOST: usize = 3;

/// How many lines are needed of `area`.
pub(super) fn height(model: &Model, area: Rect) -> u16 {
    let held = waiting(model).len().min(MOST);
    u16::try_from(held).unwrap_or(0).min(area.height / 3)
}

/// Draws them, the next one first.
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let all = waiting(model);
    let shown = usize::from(area.height).min(all.len());
    let next = model.next_held().filter(|_| all.len() > 1);
    let mut texts: Vec<String> = Vec::new();
    for held in &all[..shown] {
        let packet = &text(model, *held);
        texts.push(match next == Some(*held) {
            true => say(model, &Tui::Next { packet }),
            false => packet.clone(),
        });
    }
    let hidden = &(all.len() - shown);
    if *hidden > 0
        && let Some(packet) = texts.pop()
    {
        let packet = &packet;
        texts.push(say(model, &Tui::Crowd { packet, hidden }));
    }
    let (stop, more) = match model.setup.ascii {
        true => ("|", ".."),
        false => ("┃", "…"),
    };
    let look = tint(model, Color::Yellow).add_modifier(Modifier::BOLD);
    let line = |text: &String| {
        let text = cut(&format!(" {stop} {text}"), area.width.into(), more);
        Line::styled(text, look)
    };
    let lines: Vec<Line<'_>> = texts.iter().map(line).collect();
    put(frame, area, &lines);
}

fn waiting(model: &Model) -> Vec<Held> {
    if model.mode == Mode::Walk {
        return Vec::new(); // a rule has held it, and nobody is asked
    }
    let mut all: Vec<Held> = model.scene().held.clone();
    all.retain(|held| !model.following || !model.decided.contains(&held.id));
    let next = model.next_held().map(|held| held.id);
    all.sort_by_key(|held| Some(held.id) != next);
    all
}

fn text(model: &Model, held: Held) -> String {
    let (arrow, sign) = match model.setup.ascii {
        true => ("->", &"x"),
        false => ("→", &"×"),
    };
    let name = |host| match host {
        Host::Client => say(model, &Wire::ClientShort {}),
        Host::Server => say(model, &Wire::ServerShort {}),
    };
    let way = &format!("{} {arrow} {}", name(held.from), name(held.from.other()));
    let label = &model
        .arrow(held.id)
        .map(|arrow| packet::label(arrow, model.lang()))
        .unwrap_or_default();
    let id = &held.id;
    // Before its row is complete a packet has no label yet.
    let packet = say(model, &Tui::OnWire { id, way, label }).replace("  ", " ");
    if held.repeats == 0 {
        return packet;
    }
    let (packet, times) = (&packet, &held.repeats);
    say(
        model,
        &Tui::Swallowed {
            packet,
            sign,
            times,
        },
    )
}
