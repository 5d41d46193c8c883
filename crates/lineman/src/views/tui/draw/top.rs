//! The first line: what is played, who decides, whose TCP it is.

use lineman_trace::log::Origin;
use lineman_trace::log::Start;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::style::Style;
use ratatui::text::Line;

use super::say;
use crate::lang::tui::Tui;
use crate::lang::views::Views;
use crate::views::text::clean;
use crate::views::text::cut;
use crate::views::text::pad;
use crate::views::tui::model::Mode;
use crate::views::tui::model::Model;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let mut parts = vec![subject(model), mode(model)];
    if model.quiz.on {
        let (right, asked) = (&model.quiz.right, &model.quiz.asked);
        parts.push(say(model, &Tui::GuessScore { right, asked }));
    }
    parts.extend(model.start.as_ref().map(|start| origin(model, start)));
    if !model.setup.rules.is_empty() {
        let rules = &clean(&model.setup.rules);
        parts.push(say(model, &Tui::Rules { rules }));
    }
    let (between, more) = match model.setup.ascii {
        true => (" | ", ".."),
        false => (" │ ", "…"),
    };
    let columns = usize::from(area.width);
    let text = format!(" {}", parts.join(between));
    let text = pad(&cut(&text, columns, more), columns);
    let style = Style::new().add_modifier(Modifier::REVERSED);
    super::put(frame, area, &[Line::styled(text, style)]);
}

fn subject(model: &Model) -> String {
    let start = model.start.as_ref();
    if let Some(both) = start.and_then(|it| it.captures.as_ref()) {
        return clean(&format!("lineman read: {} {}", both.client, both.server));
    }
    if !model.setup.subject.is_empty() {
        return clean(&model.setup.subject);
    }
    let program = match is_capture(model) {
        true => "lineman read",
        false => "lineman lab",
    };
    format!("{program}: {}", title(model))
}

fn title(model: &Model) -> String {
    let scenario = model.start.as_ref().and_then(|it| it.scenario.as_deref());
    let unnamed = match is_capture(model) {
        true => Views::UnnamedCapture {},
        false => Views::Unnamed {},
    };
    scenario.map_or_else(|| say(model, &unnamed), clean)
}

/// Whether the log has nothing but the packets of a capture.
pub(super) fn is_capture(model: &Model) -> bool {
    let start = model.start.as_ref();
    start.is_some_and(|it| it.origin == Origin::Inferred && it.scenario.is_none())
}

fn mode(model: &Model) -> String {
    let word = match model.mode {
        Mode::Run | Mode::Step if model.ended => Tui::Ended {},
        Mode::Run => Tui::Run {},
        Mode::Step => Tui::Step {},
        Mode::Walk => Tui::Walk {},
        Mode::Replay if model.setup.captured && model.ended => Tui::Ended {},
        Mode::Replay if model.setup.captured => Tui::Captured {},
        Mode::Replay => Tui::Replay {},
    };
    say(model, &word)
}

fn origin(model: &Model, start: &Start) -> String {
    let system = &clean(&start.system);
    let word = match start.origin {
        Origin::Kernel => Tui::Kernel { system },
        Origin::Inferred => Tui::Inferred {},
        Origin::Simulated => Tui::Simulated {},
    };
    say(model, &word)
}
