//! Help and the parser's errors, in both languages.
//!
//! The command tree is written in English (`args`). Here every text of it is looked up in the
//! Chinese tables under the English text itself: when the English changes, the row no longer
//! matches, a test fails, and a stale translation is never shown. At run time a text without a
//! row stays English.

use std::borrow::Cow;

use clap::Command;
use lineman_proto::text::visible_lines;

use super::Lang;
use crate::exit::Exit;
use crate::failure::Failure;

mod chat;
mod errors;
mod habits;
pub(crate) mod house;
mod lab;
mod lab_bench;
mod layout;
mod read;
mod tftp;
mod tftp_load;
mod udp;
mod watch;

pub use self::errors::one_line;

/// An English text and its Chinese translation.
type Row = (&'static str, &'static str);

/// Texts of the tree: what a command does, what an option means, comments on examples.
const TEXTS: [&[Row]; 9] = [
    house::TEXTS,
    chat::TEXTS,
    lab::TEXTS,
    lab_bench::TEXTS,
    read::TEXTS,
    udp::TEXTS,
    watch::TEXTS,
    tftp::TEXTS,
    tftp_load::TEXTS,
];

/// The command tree in `lang`, laid out as every help of lineman is.
pub fn localised(command: Command, lang: Lang) -> Command {
    layout::arranged(command, lang)
}

/// Shows what the parser has to say: help and version on stdout, an error on stderr.
pub fn show(error: &clap::Error, lang: Lang) -> Result<(), Failure> {
    match lang {
        Lang::Zh if errors::is_complaint(error) => {
            eprintln!("{}", visible_lines(&errors::complaint(error)));
        }
        _ => print(error),
    }
    if error.use_stderr() {
        Err(Failure::said(Exit::Usage))
    } else {
        Ok(())
    }
}

/// Prints as the parser would, unless it repeats control characters that were typed.
fn print(error: &clap::Error) {
    let typed = error.to_string();
    let mut plain = errors::plain(&typed);
    if let Some(tip) = habits::instead(error, Lang::En) {
        plain = habits::with_tip(&plain, tip);
    }
    match visible_lines(&plain) {
        Cow::Borrowed(_) if plain == typed => drop(error.print()),
        Cow::Borrowed(plain) => eprint!("{plain}"),
        Cow::Owned(visible) => eprint!("{visible}"),
    }
}

/// `page`, a page of the manual in roff, with the headings of its generator as people expect them.
pub fn manual(page: &str, lang: Lang) -> String {
    let line = |line: &str| {
        let heading = line.strip_prefix(".SH ").and_then(|heading| {
            let (_, en, zh) = house::HEADINGS.iter().find(|(made, ..)| *made == heading)?;
            Some(match lang {
                Lang::En => *en,
                Lang::Zh => *zh,
            })
        });
        match heading {
            Some(heading) => format!(".SH {heading}\n"),
            None => format!("{line}\n"),
        }
    };
    page.lines().map(line).collect()
}

/// `english` in `lang`, if there is a translation.
fn text(english: &str, lang: Lang) -> String {
    let found = match lang {
        Lang::En => None,
        Lang::Zh => in_table(&TEXTS, english),
    };
    found.unwrap_or(english).to_owned()
}

fn in_table(table: &[&[Row]], english: &str) -> Option<&'static str> {
    let row = |rows: &&[Row]| rows.iter().find(|(en, _)| *en == english).copied();
    table.iter().find_map(row).map(|(_, zh)| zh)
}

/// The texts below a help: each line is a text of its own; in an example only the comment is one.
fn below(english: &str, lang: Lang) -> String {
    let lines: Vec<String> = english
        .lines()
        .map(|line| match example(line) {
            Some((_, "")) => line.to_owned(),
            Some((command, comment)) => {
                let padding = line.len() - command.len() - comment.len();
                format!("{command}{:padding$}{}", "", text(comment, lang))
            }
            None => text(line, lang),
        })
        .collect();
    lines.join("\n")
}

/// An example, which is indented, as its command and its comment: `  lineman tour   in Chinese`.
fn example(line: &str) -> Option<(&str, &str)> {
    let command = line.strip_prefix("  ")?;
    Some(match command.find("  ") {
        Some(at) => {
            let (command, comment) = line.split_at(at + 2);
            (command, comment.trim_start())
        }
        None => (line, ""),
    })
}

#[cfg(test)]
mod tests;
