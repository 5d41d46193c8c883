//! The layout of every help: what the command is, its own options, then those of every command.

use std::fmt::Write as _;

use clap::Arg;
use clap::ArgAction;
use clap::Command;

use super::below;
use super::house::VALUE_NAMES;
use super::in_table;
use super::text;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::messages;

/// The words of the layout itself, which the parser would write in English.
type Word = Frame<'static>;

/// The tree in `lang`, with lineman's own help and version options.
pub fn arranged(command: Command, lang: Lang) -> Command {
    let command = command
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(house_flag("help", 'h', "Print help", ArgAction::Help).global(true))
        .arg(house_flag(
            "version",
            'V',
            "Print version",
            ArgAction::Version,
        ));
    let command = each_command(command, &|command| in_words(command, lang));
    match lang {
        Lang::En => command,
        Lang::Zh => {
            let mut built = command.clone();
            built.build();
            with_usage(command, &built, lang)
        }
    }
}

fn house_flag(name: &'static str, short: char, help: &'static str, action: ArgAction) -> Arg {
    Arg::new(name)
        .short(short)
        .long(name)
        .help(help)
        .action(action)
        .display_order(usize::MAX)
}

fn each_command(command: Command, change: &dyn Fn(Command) -> Command) -> Command {
    change(command).mut_subcommands(|sub| each_command(sub, change))
}

fn in_words(command: Command, lang: Lang) -> Command {
    let word = |word: Word| word.render(lang);
    let about = command.get_about().map(ToString::to_string);
    let after = command.get_after_help().map(ToString::to_string);
    let command_is_missing = command.is_subcommand_required_set();
    let header = *command.get_styles().get_header();
    let command = command
        .help_template(format!(
            "{{about-with-newline}}\n{header}{}{header:#} {{usage}}\n\n{{all-args}}{{after-help}}",
            word(Word::Usage {})
        ))
        .subcommand_help_heading(word(Word::Commands {}))
        .subcommand_value_name(word(Word::Command {}))
        .mut_args(|arg| arg_in_words(arg, lang))
        .arg_required_else_help(command_is_missing);
    let command = match about {
        Some(about) => command.about(text(&about, lang)),
        None => command,
    };
    match after {
        Some(after) => command.after_help(below(&after, lang)),
        None => command,
    }
}

/// One option or argument. Default and possible values become part of its text: the parser would
/// name them in English, and would lay the help out over twice the lines.
fn arg_in_words(arg: Arg, lang: Lang) -> Arg {
    let heading = match &arg {
        arg if arg.is_global_set() || arg.get_id() == "version" => Word::GlobalOptions {},
        arg if arg.is_positional() => Word::Arguments {},
        _ => Word::Options {},
    };
    let mut help = match arg.get_help() {
        Some(help) => text(&help.to_string(), lang),
        None => String::new(),
    };
    for note in notes(&arg, lang) {
        let _ = write!(help, " {note}");
    }
    let names = value_names(&arg, lang);
    let arg = arg.help(help).help_heading(heading.render(lang));
    if !arg.get_action().takes_values() {
        return arg;
    }
    let arg = arg.hide_default_value(true).hide_possible_values(true);
    match names {
        Some(names) => arg.value_names(names),
        None => arg,
    }
}

fn notes(arg: &Arg, lang: Lang) -> Vec<String> {
    if !arg.get_action().takes_values() {
        return Vec::new();
    }
    let possible: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| value.get_name().to_owned())
        .collect();
    let default: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    let mut notes = Vec::new();
    if !possible.is_empty() {
        let values = &possible.join(", ");
        notes.push(Frame::Possible { values }.render(lang));
    }
    if !default.is_empty() {
        let value = &default.join(" ");
        notes.push(Frame::Default { value }.render(lang));
    }
    notes
}

fn value_names(arg: &Arg, lang: Lang) -> Option<Vec<String>> {
    if lang == Lang::En {
        return None;
    }
    let names = arg.get_value_names()?.iter();
    Some(
        names
            .map(|name| in_table(&[VALUE_NAMES], name).unwrap_or(name).to_owned())
            .collect(),
    )
}

/// The parser writes `[OPTIONS]` into the usage in English; only a finished usage can replace it.
fn with_usage(command: Command, built: &Command, lang: Lang) -> Command {
    let usage = built.clone().render_usage().ansi().to_string();
    let usage = usage.split_once(' ').map_or("", |(_heading, usage)| usage);
    let options = format!("[{}]", Word::Options {}.render(lang));
    command
        .override_usage(usage.trim_end().replace("[OPTIONS]", &options))
        .mut_subcommands(|sub| match built.find_subcommand(sub.get_name()) {
            Some(built) => with_usage(sub, built, lang),
            None => sub,
        })
}

messages! {
    /// The words of the layout.
    Frame;
    Usage {} "Usage:" "用法:"
    Commands {} "Commands" "命令"
    Command {} "COMMAND" "命令"
    Arguments {} "Arguments" "参数"
    Options {} "Options" "选项"
    GlobalOptions {} "Global options" "全局选项"
    Default { value } "[default: {value}]" "[默认：{value}]"
    Possible { values } "[possible values: {values}]" "[可选值：{values}]"
}
