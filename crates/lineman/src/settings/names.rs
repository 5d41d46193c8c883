//! The names of all settings, and which of them a user may have meant by a name that is none.

use std::ffi::OsString;

use clap::Command;

use super::Refused;
use super::options;
use super::setting::variable;

/// Refuses a variable that is named as ours are and that no option has: the user meant something
/// by it, and it may have been meant to keep strangers out.
pub fn check_environment(
    tree: &Command,
    names: impl Iterator<Item = OsString>,
) -> Result<(), Refused> {
    let mut known = None;
    for name in names {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        let known = known.get_or_insert_with(|| variables(tree));
        if !known.iter().any(|it| it == name) {
            return Err(Refused::UnknownVariable {
                near: nearest(name, known.iter().cloned()),
                name: name.to_owned(),
            });
        }
    }
    Ok(())
}

/// The keys of all settings, with their tables: `tftp.serve.max-upload`; and the tables.
pub fn keys(tree: &Command) -> impl Iterator<Item = String> {
    let mut keys = Vec::new();
    walk(tree, &mut Vec::new(), &mut |path, long| {
        let parts: Vec<&str> = path.iter().map(String::as_str).chain(long).collect();
        if !parts.is_empty() {
            keys.push(parts.join("."));
        }
    });
    keys.into_iter()
}

fn variables(tree: &Command) -> Vec<String> {
    let mut names = vec![FILE.to_owned()];
    walk(tree, &mut Vec::new(), &mut |path, long| {
        names.extend(long.map(|long| variable(path, long)));
    });
    names
}

/// Calls `each` with every command's path, alone and with each of its options.
fn walk(command: &Command, path: &mut Vec<String>, each: &mut impl FnMut(&[String], Option<&str>)) {
    each(path, None);
    for (_, long) in options(command) {
        each(path, Some(long));
    }
    for sub in command.get_subcommands() {
        path.push(sub.get_name().to_owned());
        walk(sub, path, each);
        path.pop();
    }
}

/// The known name that is nearest to `name`, if it is near: a letter or two apart, or the right one
/// in the wrong table.
pub fn nearest(name: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let last = |name: &str| name.rsplit('.').next().map(str::to_owned);
    let most = (name.len() / 5).clamp(1, 3);
    known
        .map(|it| (strsim::damerau_levenshtein(&it, name), it))
        .filter(|(apart, it)| *apart <= most || last(it) == last(name))
        .min()
        .map(|(_, it)| it)
}

const PREFIX: &str = "LINEMAN_";
/// Where the file of settings is: no setting itself.
const FILE: &str = "LINEMAN_CONFIG";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Args;

    fn checked(name: &str) -> Result<(), Refused> {
        check_environment(&Args::command(), std::iter::once(name.into()))
    }

    #[test]
    fn every_variable_that_means_something_is_known() {
        for name in [
            "LINEMAN_CONFIG",
            "LINEMAN_LANG",
            "LINEMAN_CHAT_LISTEN_KEEP",
            "LINEMAN_TFTP_SERVE_MAX_UPLOAD",
            "LINEMANLY",
            "PATH",
        ] {
            assert!(checked(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_misspelt_variable_was_ignored_silently() {
        for (name, meant) in [
            (
                "LINEMAN_TFTP_GET_WINDOWSIZ",
                Some("LINEMAN_TFTP_GET_WINDOWSIZE"),
            ),
            ("LINEMAN_TFTP_SERVE_ALOW", Some("LINEMAN_TFTP_SERVE_ALLOW")),
            ("LINEMAN_LNAG", Some("LINEMAN_LANG")),
            ("LINEMAN_SOMETHING_ELSE", None),
        ] {
            match checked(name) {
                Err(Refused::UnknownVariable { near, .. }) => assert_eq!(near.as_deref(), meant),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
