//! Boxes in which something is chosen: a scenario, or the state that comes next.

use lineman_lab::scenarios::Scenario;
use lineman_trace::log::Host;
use lineman_trace::log::TcpState;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::panel;
use super::say;
use crate::lang::scenarios;
use crate::lang::tui::Tui;
use crate::views::packet;
use crate::views::text::pad;
use crate::views::tui::model::Model;
use crate::views::tui::quiz::Question;

/// All scenarios, as many as fit around the chosen one.
pub(super) fn scenarios(model: &Model, at: usize, frame: &mut Frame<'_>, area: Rect) {
    let all: Vec<&Scenario> = Scenario::all().collect();
    let room = usize::from(area.height).saturating_sub(AROUND).max(1);
    let first = at
        .saturating_sub(room / 2)
        .min(all.len().saturating_sub(room));
    let line = |(nth, it): (usize, &&Scenario)| {
        let title = scenarios::title(it.name, model.lang()).unwrap_or_default();
        format!("{}{} {title} ", cursor(nth == at), pad(it.name, NAME))
    };
    let lines = all.iter().enumerate().skip(first).take(room).map(line);
    let lines: Vec<String> = lines.map(|line| super::spelled(model, &line)).collect();
    panel::draw(model, &say(model, &Tui::Scenarios {}), &lines, frame, area);
}

/// The packet that is asked about, and what may come of it.
pub(super) fn question(model: &Model, question: &Question, frame: &mut Frame<'_>, area: Rect) {
    let arrow = model.arrow(question.id);
    let label = arrow.map(|arrow| packet::label(arrow, model.lang()));
    let label = &label.unwrap_or_default();
    let id = &question.id;
    let name = |host| match host {
        Host::Client => say(model, &Tui::GuessClient {}),
        Host::Server => say(model, &Tui::GuessServer {}),
    };
    let mut lines = vec![
        format!(
            " {} ",
            super::spelled(model, &say(model, &Tui::GuessAbout { id, label }))
        ),
        format!(
            "{}{} ",
            cursor(question.at == 0),
            say(model, &Tui::GuessNothing {})
        ),
    ];
    for (nth, state) in TcpState::ALL.iter().enumerate() {
        let chosen = question.at == nth + 1;
        let host = if chosen {
            name(question.host)
        } else {
            String::new()
        };
        lines.push(format!(
            "{}{} {host} ",
            cursor(chosen),
            pad(state.name(), STATE)
        ));
    }
    lines.push(format!(" {} ", say(model, &Tui::GuessKeys {})));
    panel::draw(model, &say(model, &Tui::GuessTitle {}), &lines, frame, area);
}

fn cursor(chosen: bool) -> &'static str {
    if chosen { " > " } else { "   " }
}

/// The box, and what is to be seen of the rest.
const AROUND: usize = 4;
const NAME: usize = 20;
const STATE: usize = 13;
