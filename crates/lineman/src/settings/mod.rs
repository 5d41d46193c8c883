//! Flag > environment > file > default, by one mechanism for every option of every command.
//!
//! Each option `--max-upload` of `lineman tftp serve` may also be given as
//! `LINEMAN_TFTP_SERVE_MAX_UPLOAD` or, in `lineman.toml`, as `max-upload` under `[tftp.serve]`.
//!
//! What the environment and the file say is turned into the words that would have been typed, put
//! behind the command's name, and parsed with the rest: so every check of the parser holds for all
//! three, and an error that appears only with a setting is that setting's.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Arg;
use clap::ArgAction;
use clap::ArgMatches;
use clap::Command;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use lineman_net::SystemError;

use self::argv::NamedCommand;
use self::file::SettingsFile;
use self::setting::Setting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::help;
use crate::lang::settings::Settings as Words;

mod argv;
mod file;
mod names;
mod setting;

pub use self::file::preferred_lang;

/// Why there is no answer.
#[derive(Debug)]
pub enum Refused {
    /// What was typed makes no sense, or asks for help or the version.
    Typed(clap::Error),
    /// What a setting says makes no sense; the setting is named as people know it.
    Setting {
        /// The variable, or the file and the key.
        origin: String,
        /// What the parser says.
        error: clap::Error,
    },
    /// A setting has the wrong form.
    Form {
        /// The variable, or the file and the key.
        origin: String,
        /// The form it should have.
        wanted: Wanted,
    },
    /// A key that no command has.
    UnknownKey {
        file: String,
        /// Where it stands; the first line is 1.
        line: usize,
        /// The key that may have been meant.
        near: Option<String>,
        /// The key with its table, like `tftp.serve.colour`.
        key: String,
    },
    /// A variable that is named as ours are, and that no command has.
    UnknownVariable {
        name: String,
        /// The one that may have been meant.
        near: Option<String>,
    },
    /// The file cannot be read.
    Unreadable(SystemError),
    /// The file is not TOML.
    BadFile {
        file: String,
        /// What is wrong with it.
        detail: String,
    },
}

impl Refused {
    /// The exit code and the sentence. What was typed is shown by the parser instead.
    pub fn into_failure(self, lang: Lang) -> Failure {
        let say = |message: Words<'_>| Failure::usage(&message, lang);
        match &self {
            Self::Typed(_) => Failure::said(Exit::Usage),
            Self::Setting { origin, error } => say(Words::Bad {
                origin,
                detail: &help::one_line(error, lang),
            }),
            Self::Form { origin, wanted } => say(match wanted {
                Wanted::Truth => Words::NotTruth { origin },
                Wanted::One => Words::NotOne { origin },
                Wanted::Plain => Words::NotPlain { origin },
            }),
            Self::UnknownKey {
                file,
                line,
                key,
                near,
            } => say(match near {
                None => Words::UnknownKey { file, line, key },
                Some(near) => Words::UnknownKeyNear {
                    file,
                    line,
                    key,
                    near,
                },
            }),
            Self::UnknownVariable { name, near } => say(match near {
                None => Words::UnknownVariable { name },
                Some(near) => Words::UnknownVariableNear { name, near },
            }),
            Self::BadFile { file, detail } => say(Words::BadFile { file, detail }),
            Self::Unreadable(error) => Failure::system(error, lang),
        }
    }
}

/// The form that a setting should have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// On or off.
    Truth,
    /// One value, not a list.
    One,
    /// Text, a number or a truth value.
    Plain,
}

/// Parses the words of the command line, then fills in what the settings say.
///
/// # Errors
/// See [`Refused`].
pub fn parse(tree: &Command, words: &[OsString]) -> Result<ArgMatches, Refused> {
    let typed = tree.clone().try_get_matches_from(words);
    let found = match &typed {
        Ok(found) => found.clone(),
        // A setting may provide what is missing, so look at what was typed without insisting.
        Err(error) if error.kind() == ErrorKind::MissingRequiredArgument => tree
            .clone()
            .ignore_errors(true)
            .try_get_matches_from(words)
            .map_err(Refused::Typed)?,
        Err(_) => return typed.map_err(Refused::Typed),
    };
    names::check_environment(tree, std::env::vars_os().map(|(name, _)| name))?;
    let file = SettingsFile::find(found.get_one::<PathBuf>("config"), tree)?;
    let named = argv::named(tree, words);
    let settings = in_force(tree, &named, &found, file.as_ref())?;
    if settings.is_empty() {
        return typed.map_err(Refused::Typed);
    }
    let all = argv::insert(words, &named, settings.iter().flat_map(Setting::words));
    tree.clone()
        .try_get_matches_from(all)
        .map_err(|error| blame(error, typed.err(), &settings))
}

/// The settings that hold beside what was typed: an option that was typed, or that excludes one
/// that was typed, keeps its settings out; so does the environment to the file.
fn in_force(
    tree: &Command,
    named: &NamedCommand<'_>,
    found: &ArgMatches,
    file: Option<&SettingsFile>,
) -> Result<Vec<Setting>, Refused> {
    let mut built = tree.clone();
    built.build();
    let leaf = named.path.iter().fold(&built, |command, name| {
        command.find_subcommand(name).unwrap_or(command)
    });
    let found = deepest(found);
    let mut taken: Vec<&Arg> = leaf
        .get_arguments()
        .filter(|arg| found.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine))
        .collect();
    let mut settings = Vec::new();
    let sources = [
        setting::from_environment(named)?,
        file.map_or(Ok(Vec::new()), |file| setting::from_file(named, file))?,
    ];
    for setting in sources.into_iter().flatten() {
        let Some(arg) = leaf.get_arguments().find(|arg| *arg.get_id() == setting.id) else {
            continue;
        };
        let kept_out = |other: &&Arg| {
            other.get_id() == arg.get_id()
                || excludes(leaf, arg, other)
                || excludes(leaf, other, arg)
        };
        if !taken.iter().any(kept_out) {
            taken.push(arg);
            settings.push(setting);
        }
    }
    Ok(settings)
}

fn deepest(mut found: &ArgMatches) -> &ArgMatches {
    while let Some((_, inner)) = found.subcommand() {
        found = inner;
    }
    found
}

fn excludes(command: &Command, one: &Arg, other: &Arg) -> bool {
    // The parser cannot answer this for a global option; they are excluded by others only.
    !one.is_global_set()
        && command
            .get_arg_conflicts_with(one)
            .iter()
            .any(|arg| arg.get_id() == other.get_id())
}

/// Whose fault `error` is: that of what was typed, if it is refused in the same way without the
/// settings; else that of the setting it mentions, or of all if it mentions none.
fn blame(error: clap::Error, typed: Option<clap::Error>, settings: &[Setting]) -> Refused {
    if let Some(typed) = typed
        && typed.kind() == error.kind()
    {
        return Refused::Typed(typed);
    }
    let text = error.to_string();
    let mentioned = |setting: &&Setting| {
        text.contains(&format!("'--{}'", setting.long))
            || text.contains(&format!("'--{} ", setting.long))
    };
    let mut guilty: Vec<&Setting> = settings.iter().filter(mentioned).collect();
    if guilty.is_empty() {
        guilty = settings.iter().collect();
    }
    let origins: Vec<&str> = guilty
        .iter()
        .map(|setting| setting.origin.as_str())
        .collect();
    Refused::Setting {
        origin: origins.join(", "),
        error,
    }
}

/// The options of `command` that settings may give: those with a long name and a value or a
/// state, but not `--config`, which says where the settings are.
fn options(command: &Command) -> impl Iterator<Item = (&Arg, &str)> {
    command.get_arguments().filter_map(|arg| {
        let settable = matches!(
            arg.get_action(),
            ArgAction::Set | ArgAction::Append | ArgAction::SetTrue
        );
        let long = arg.get_long().filter(|long| *long != "config")?;
        settable.then_some((arg, long))
    })
}

#[cfg(test)]
mod tests;
