//! Where in the words of a command line the command is named.

use std::ffi::OsString;

use clap::Command;

/// The command that a command line names.
pub struct NamedCommand<'tree> {
    /// The commands from the root to the one that is named.
    pub chain: Vec<&'tree Command>,
    /// Their names, without the root's.
    pub path: Vec<String>,
    /// The index of the word after the last name.
    after: usize,
}

/// Finds the command that `words` names, the program's own name being the first word.
pub fn named<'tree>(tree: &'tree Command, words: &[OsString]) -> NamedCommand<'tree> {
    let mut named = NamedCommand {
        chain: vec![tree],
        path: Vec::new(),
        after: 1,
    };
    let mut at = 1;
    while let Some(word) = words.get(at).and_then(|word| word.to_str()) {
        at += 1;
        if let Some(option) = word.strip_prefix('-') {
            if option == "-" {
                break;
            }
            at += usize::from(value_follows(&named.chain, option));
        } else if let Some(sub) = named.chain.last().and_then(|c| c.find_subcommand(word)) {
            named.chain.push(sub);
            named.path.push(sub.get_name().to_owned());
            named.after = at;
        } else {
            break;
        }
    }
    named
}

/// Whether the word after `option` (one dash taken off) is its value.
fn value_follows(chain: &[&Command], option: &str) -> bool {
    let arguments = || chain.iter().flat_map(|command| command.get_arguments());
    let arg = match option.strip_prefix('-') {
        Some(long) => arguments().find(|arg| arg.get_long() == Some(long)),
        None => arguments().find(|arg| arg.get_short() == option.chars().last()),
    };
    arg.is_some_and(|arg| arg.get_action().takes_values())
}

/// `words` with `more` behind the command's name, before everything that is the command's own.
pub fn insert(
    words: &[OsString],
    named: &NamedCommand<'_>,
    more: impl Iterator<Item = OsString>,
) -> Vec<OsString> {
    let (before, own) = words.split_at(named.after.min(words.len()));
    before
        .iter()
        .cloned()
        .chain(more)
        .chain(own.iter().cloned())
        .collect()
}
