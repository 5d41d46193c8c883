use std::collections::BTreeSet;

use clap::CommandFactory as _;

use super::*;
use crate::args::Args;

/// Value names that are the same in both languages.
const SAME_NAMES: [&str; 2] = ["N", "URL"];

fn han(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Every command of the tree, the root included.
fn commands(command: &Command, all: &mut Vec<Command>) {
    all.push(command.clone());
    for sub in command.get_subcommands() {
        commands(sub, all);
    }
}

fn every_command(lang: Lang) -> Vec<Command> {
    let mut tree = localised(Args::command(), lang);
    tree.build();
    let mut all = Vec::new();
    commands(&tree, &mut all);
    all
}

/// Every English text that help shows and that is not an example's command.
fn english_texts() -> BTreeSet<String> {
    let mut all = Vec::new();
    commands(&Args::command(), &mut all);
    let mut texts = BTreeSet::from(["Print help", "Print version"].map(str::to_owned));
    for command in &all {
        texts.extend(command.get_about().map(ToString::to_string));
        let after = command.get_after_help().map(ToString::to_string);
        for line in after.unwrap_or_default().lines() {
            let text = example(line).map_or(line, |(_, comment)| comment);
            texts.insert(text.to_owned());
        }
        for arg in command.get_arguments() {
            let help = arg.get_help().map(ToString::to_string);
            assert!(help.is_some(), "{} has no help", arg.get_id());
            texts.extend(help);
        }
    }
    texts.remove("");
    texts
}

fn english_value_names() -> BTreeSet<String> {
    let mut all = Vec::new();
    commands(&Args::command(), &mut all);
    all.iter()
        .flat_map(Command::get_arguments)
        .filter(|arg| arg.get_action().takes_values())
        .flat_map(|arg| arg.get_value_names().unwrap_or_default().iter())
        .map(ToString::to_string)
        .filter(|name| !SAME_NAMES.contains(&name.as_str()))
        .collect()
}

fn assert_covered(wanted: &BTreeSet<String>, table: &[&[Row]]) {
    let rows: Vec<Row> = table.concat();
    let missing: Vec<&String> = wanted
        .iter()
        .filter(|text| !rows.iter().any(|(en, _)| en == text))
        .collect();
    assert!(missing.is_empty(), "without translation: {missing:#?}");
    let unused: Vec<&str> = rows
        .iter()
        .map(|(en, _)| *en)
        .filter(|en| !wanted.contains(*en))
        .collect();
    assert!(unused.is_empty(), "rows that match nothing: {unused:#?}");
    let keys: BTreeSet<&str> = rows.iter().map(|(en, _)| *en).collect();
    assert_eq!(keys.len(), rows.len(), "a text has two rows");
    for (en, zh) in rows {
        assert!(han(zh), "no Chinese in the translation of {en}");
    }
}

#[test]
fn every_text_has_a_translation_and_every_translation_a_text() {
    assert_covered(&english_texts(), &TEXTS);
}

#[test]
fn every_value_name_has_a_translation_and_every_translation_a_value_name() {
    assert_covered(&english_value_names(), &[house::VALUE_NAMES]);
}

#[test]
fn nothing_in_a_chinese_help_is_english_but_commands_and_names() {
    for mut command in every_command(Lang::Zh) {
        let name = command.get_name().to_owned();
        command = command.term_width(0); // no line is broken: a part of one may be English
        for line in command.render_help().to_string().lines() {
            let prose = line.contains(' ') && !line.trim_start().starts_with(['-', '<', '[']);
            let is_example = example(line).is_some_and(|(_, comment)| comment.is_empty());
            assert!(!prose || is_example || han(line), "{name}: English: {line}");
        }
    }
}

#[test]
fn the_tree_is_consistent_in_both_languages() {
    for lang in [Lang::En, Lang::Zh] {
        localised(Args::command(), lang).debug_assert();
    }
}

#[test]
fn what_stands_below_keeps_its_commands_and_its_columns() {
    assert_eq!(
        below(
            "Examples:\n  lineman tour   some words\n  tar c dir | x\n",
            Lang::En
        ),
        "Examples:\n  lineman tour   some words\n  tar c dir | x"
    );
    assert_eq!(example("  a b   c d"), Some(("  a b", "c d")));
    assert_eq!(example("a b   c d"), None);
}
