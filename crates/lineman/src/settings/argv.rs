//! Where in the words of a command line the command is named.

use std::ffi::OsString;

use clap::Command;

/// The command that a command line names.
pub struct Place<'tree> {
    /// The commands from the root to the one that is named.
    pub chain: Vec<&'tree Command>,
    /// Their names, without the root's.
    pub path: Vec<String>,
    /// The index of the word after the last name.
    after: usize,
}

/// Finds the command that `words` names, the program's own name being the first word.
pub fn place<'tree>(tree: &'tree Command, words: &[OsString]) -> Place<'tree> {
    let mut place = Place {
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
            at += usize::from(value_follows(&place.chain, option));
        } else if let Some(sub) = place.chain.last().and_then(|c| c.find_subcommand(word)) {
            place.chain.push(sub);
            place.path.push(sub.get_name().to_owned());
            place.after = at;
        } else {
            break;
        }
    }
    place
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
    place: &Place<'_>,
    more: impl Iterator<Item = OsString>,
) -> Vec<OsString> {
    let (before, own) = words.split_at(place.after.min(words.len()));
    before
        .iter()
        .cloned()
        .chain(more)
        .chain(own.iter().cloned())
        .collect()
}
