//! Where to export to: a form and a file's name.

use std::path::PathBuf;

use clap::ValueEnum as _;

use super::key::Key;
use crate::views::export::Format;

/// A question that is being answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prompt {
    pub(super) format: Format,
    pub(super) file: String,
}

/// What a key made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The question stands.
    Open,
    /// It was withdrawn.
    Withdrawn,
    /// It is answered.
    Given(Format, PathBuf),
}

impl Prompt {
    /// A question with a name that fits `scenario`.
    pub(super) fn new(scenario: &str) -> Self {
        let format = Format::Pcapng;
        Self {
            format,
            file: format!("{scenario}.{}", ending(format)),
        }
    }

    /// Takes a key.
    pub(super) fn key(&mut self, key: Key) -> Answer {
        match key {
            Key::Escape => return Answer::Withdrawn,
            Key::Enter if !self.file.is_empty() => {
                return Answer::Given(self.format, PathBuf::from(&self.file));
            }
            Key::Tab | Key::Down | Key::Right => self.turn(1),
            Key::Up | Key::Left => self.turn(formats().len() - 1),
            Key::Backspace => drop(self.file.pop()),
            Key::Char(c) => self.file.push(c),
            _ => {}
        }
        Answer::Open
    }

    /// Another form, and the file's ending with it, unless the name has one of its own.
    fn turn(&mut self, by: usize) {
        let all = formats();
        let at = all.iter().position(|format| *format == self.format);
        let next = all[(at.unwrap_or(0) + by) % all.len()];
        let old = format!(".{}", ending(self.format));
        if let Some(stem) = self.file.strip_suffix(&old) {
            self.file = format!("{stem}.{}", ending(next));
        }
        self.format = next;
    }

    /// The form's name.
    pub(super) fn name(&self) -> String {
        let value = self.format.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

fn formats() -> &'static [Format] {
    Format::value_variants()
}

fn ending(format: Format) -> &'static str {
    match format {
        Format::Pcapng => "pcapng",
        Format::Svg => "svg",
        Format::Mermaid => "mmd",
        Format::Text => "txt",
        Format::Jsonl => "jsonl",
        Format::Rows => "rows.jsonl",
        Format::Perfetto => "perfetto.json",
        Format::Figures => "figures.svg",
    }
}
