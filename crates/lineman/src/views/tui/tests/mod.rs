//! Screens from logs, and what keys do. No lab, no terminal.

mod keys;
mod quiz;
mod screens;
mod walk;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::Model;
use super::Setup;
use super::draw;
use crate::lang::Lang;
use crate::views::logs::events;
use crate::views::text::width;

fn setup(lang: Lang) -> Setup {
    Setup {
        lang,
        ascii: false,
        colour: false,
        live: false,
        step: false,
        walk: false,
        captured: false,
        choices: false,
        rules: String::new(),
        subject: String::new(),
    }
}

/// A lab that holds packets.
fn stepping(lang: Lang) -> Setup {
    Setup {
        live: true,
        step: true,
        rules: "c>s:#1 delay 10ms".to_owned(),
        ..setup(lang)
    }
}

/// A lab that is walked through.
fn walking(lang: Lang) -> Setup {
    Setup {
        live: true,
        walk: true,
        choices: true,
        ..setup(lang)
    }
}

/// A lab in which all of a log has happened before the reader has pressed a key.
fn walk(name: &str) -> Model {
    let mut model = Model::new(walking(Lang::En));
    events(name).into_iter().for_each(|event| model.push(event));
    model.finish();
    model
}

/// A recorded log, at its first row.
fn replay(name: &str, lang: Lang) -> Model {
    let mut model = Model::new(setup(lang));
    for event in events(name) {
        model.push(event);
    }
    model.finish();
    model
}

/// A lab in which the first events of a log have happened, and nothing since.
fn lab(name: &str, count: usize, lang: Lang) -> Model {
    let mut model = Model::new(stepping(lang));
    for event in events(name).into_iter().take(count) {
        model.push(event);
    }
    model.idle(u64::MAX);
    model
}

/// The characters of the screen, as a person sees them.
fn screen(model: &Model, columns: u16, rows: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a terminal");
    terminal.draw(|frame| draw(model, frame)).expect("draws");
    let buffer = terminal.backend().buffer();
    let line = |y: u16| {
        let mut line = String::new();
        let mut x = 0;
        while x < columns {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(width(symbol)).expect("a small number").max(1);
        }
        line.trim_end().to_owned()
    };
    let lines: Vec<String> = (0..rows).map(line).collect();
    lines.join("\n")
}
