//! Puts the model onto a frame: which part is where, by the size of the terminal.

mod ask;
mod bottom;
mod bytes;
mod card;
mod figures;
mod help;
mod panel;
mod top;
mod track;
mod wire;

use lineman_trace::log::Host;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::style::Style;
use ratatui::text::Line;

use super::diagram;
use super::model::Model;
use super::model::Panel;
use crate::lang::Message;
use crate::views::ladder;

/// The smallest terminal on which everything has its place.
const SMALLEST: (u16, u16) = (80, 24);
/// A ladder with states and arrows side by side needs so many columns, its cursor included.
const LADDER: u16 = 66;
/// A card beside it needs so many.
const CARD: u16 = 24;
/// A card above it takes so many lines.
const CARD_LINES: u16 = 7;
/// Bytes and cards together want so many lines.
const ROOMY: u16 = 30;

/// Draws everything.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        small(model, frame, area);
    } else {
        whole(model, frame, area);
    }
    match &model.panel {
        Panel::Help => help::draw(model, frame, area),
        Panel::Scenarios(at) => ask::scenarios(model, *at, frame, area),
        Panel::Guess(question) => ask::question(model, question, frame, area),
        Panel::None | Panel::Export(_) => {}
    }
}

fn whole(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let (head, rest) = cut_top(area, 1);
    top::draw(model, frame, head);
    let (rest, keys) = cut_bottom(rest, 1);
    bottom::keys(model, frame, keys);
    let beside = area.width >= LADDER + 2 * CARD;
    let (rest, below) = cut_bottom(rest, bottom::height(model, area));
    bottom::draw(model, frame, below);
    let middle = if beside {
        let card = CARD + (area.width - LADDER - 2 * CARD) / 4;
        let (left, rest) = cut_left(rest, card);
        let (middle, right) = cut_right(rest, card);
        card::tall(model, Host::Client, frame, left);
        card::tall(model, Host::Server, frame, right);
        middle
    } else if model.field.is_some() && area.height < ROOMY {
        rest
    } else {
        let lines = match model.has_tcp() {
            true => CARD_LINES,
            false => CARD_LINES - diagram::FLAT_LINES,
        };
        let (cards, rest) = cut_top(rest, lines);
        let (left, right) = cut_left(cards, area.width / 2);
        card::flat(model, Host::Client, frame, left);
        card::flat(model, Host::Server, frame, right);
        rest
    };
    let (track, waiting) = cut_bottom(middle, wire::height(model, middle));
    track::draw(model, frame, track);
    wire::draw(model, frame, waiting);
}

/// The list alone, with a word about why.
fn small(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let (rest, keys) = cut_bottom(area, 1.min(area.height));
    let (rest, words) = cut_bottom(rest, 2.min(rest.height / 3));
    track::draw(model, frame, rest);
    bottom::small(model, frame, words);
    bottom::keys(model, frame, keys);
}

/// How a ladder in `columns` columns is drawn.
fn style(model: &Model, columns: u16) -> ladder::Style {
    ladder::Style {
        width: columns.into(),
        lang: model.lang(),
        ascii: model.setup.ascii,
        colour: false,
        absolute: false,
        explain: false,
    }
}

/// A sentence of a table, with no sign that the terminal lacks.
fn say(model: &Model, message: &dyn Message) -> String {
    let text = message.render(model.lang());
    let text = text.replace('·', if model.setup.ascii { "," } else { "·" });
    spelled(model, &text)
}

/// A text with no sign that the terminal lacks.
fn spelled(model: &Model, text: &str) -> String {
    ladder::pieces::spelled(text, style(model, 0))
}

/// A colour, if there are colours.
fn tint(model: &Model, colour: Color) -> Style {
    match model.setup.colour {
        true => Style::new().fg(colour),
        false => Style::new(),
    }
}

/// Draws lines from the top of `area`; what does not fit is left out.
fn put(frame: &mut Frame<'_>, area: Rect, lines: &[Line<'_>]) {
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        frame.buffer_mut().set_line(area.x, y, line, area.width);
    }
}

fn cut_top(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    let top = Rect { height, ..area };
    let rest = Rect {
        y: area.y + height,
        height: area.height - height,
        ..area
    };
    (top, rest)
}

fn cut_bottom(area: Rect, height: u16) -> (Rect, Rect) {
    cut_top(area, area.height.saturating_sub(height))
}

fn cut_left(area: Rect, width: u16) -> (Rect, Rect) {
    let width = width.min(area.width);
    let left = Rect { width, ..area };
    let rest = Rect {
        x: area.x + width,
        width: area.width - width,
        ..area
    };
    (left, rest)
}

fn cut_right(area: Rect, width: u16) -> (Rect, Rect) {
    cut_left(area, area.width.saturating_sub(width))
}
