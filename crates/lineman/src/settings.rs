//! Flag > environment > file > default, by one mechanism for every option of every command.
//!
//! Each option `--max-upload` of `lineman tftp serve` may also be given as
//! `LINEMAN_TFTP_SERVE_MAX_UPLOAD` or, in `lineman.toml`, as `max-upload` under `[tftp.serve]`.
//! This walks the command tree before parsing and gives every option its variable and, from the
//! file, its default; the parser then checks all three in the same way.

use std::path::Path;
use std::path::PathBuf;

use clap::Arg;
use clap::ArgAction;
use clap::Command;
use toml::Table;
use toml::Value;

/// A settings file that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum SettingsError {
    /// A key that no command has.
    UnknownKey {
        /// The file.
        file: String,
        /// The key with its table, like `tftp.serve.colour`.
        key: String,
    },
    /// The file cannot be read, or is not TOML.
    Bad {
        /// The file.
        file: String,
        /// What is wrong with it.
        detail: String,
    },
}

/// Applies the settings file (`named` by `--config`, else the usual place if it exists) and the
/// environment to `command`.
///
/// # Errors
/// When the file cannot be read, is not TOML, or has a key that no command has.
pub fn apply(command: Command, named: Option<PathBuf>) -> Result<Command, SettingsError> {
    let command = with_environment(command, "LINEMAN");
    let explicit = named.or_else(|| std::env::var_os("LINEMAN_CONFIG").map(PathBuf::from));
    let file = match explicit {
        Some(file) => file,
        None => match usual_place().filter(|file| file.exists()) {
            Some(file) => file,
            None => return Ok(command),
        },
    };
    let table = read(&file)?;
    with_file(command, &table, &file, "")
}

/// `$XDG_CONFIG_HOME/lineman/lineman.toml`, else `~/.config/lineman/lineman.toml`.
fn usual_place() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".config")))?;
    Some(base.join("lineman/lineman.toml"))
}

fn read(file: &Path) -> Result<Table, SettingsError> {
    let bad = |detail: String| SettingsError::Bad {
        file: file.display().to_string(),
        detail,
    };
    let text = std::fs::read_to_string(file).map_err(|error| bad(error.to_string()))?;
    text.parse()
        .map_err(|error: toml::de::Error| bad(error.to_string()))
}

fn with_environment(command: Command, prefix: &str) -> Command {
    let ids = option_ids(&command);
    let command = ids.into_iter().fold(command, |command, (id, long)| {
        let variable = variable(prefix, &long);
        command.mut_arg(id, |arg| arg.env(variable).hide_env(true))
    });
    map_subcommands(command, |name, sub| {
        with_environment(sub, &variable(prefix, name))
    })
}

fn variable(prefix: &str, name: &str) -> String {
    format!("{prefix}_{}", name.to_uppercase().replace('-', "_"))
}

fn with_file(
    command: Command,
    table: &Table,
    file: &Path,
    path: &str,
) -> Result<Command, SettingsError> {
    let ids = option_ids(&command);
    let mut command = command;
    for (key, value) in table {
        let full = format!("{path}{key}");
        let unknown = || SettingsError::UnknownKey {
            file: file.display().to_string(),
            key: full.clone(),
        };
        if let Value::Table(inner) = value {
            let sub = command.find_subcommand(key).cloned().ok_or_else(unknown)?;
            let sub = with_file(sub, inner, file, &format!("{full}."))?;
            command = command.mut_subcommand(key, |_| sub);
        } else {
            let (id, _) = ids
                .iter()
                .find(|(_, long)| long == key)
                .ok_or_else(unknown)?;
            let values = words(value).ok_or_else(|| SettingsError::Bad {
                file: file.display().to_string(),
                detail: format!(
                    "`{full}` must be a string, a number, a truth value or a list of them"
                ),
            })?;
            command = command.mut_arg(id, |arg| with_default(arg, values));
        }
    }
    Ok(command)
}

fn with_default(arg: Arg, values: Vec<String>) -> Arg {
    arg.default_values(values)
}

fn words(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Float(number) => Some(vec![number.to_string()]),
        Value::Boolean(truth) => Some(vec![truth.to_string()]),
        Value::Array(items) => items
            .iter()
            .map(|item| {
                words(item)
                    .filter(|words| words.len() == 1)
                    .map(|mut w| w.remove(0))
            })
            .collect(),
        Value::Datetime(_) | Value::Table(_) => None,
    }
}

/// The options (not the positionals) that settings may give a value.
fn option_ids(command: &Command) -> Vec<(String, String)> {
    command
        .get_arguments()
        .filter(|arg| {
            matches!(
                arg.get_action(),
                ArgAction::Set | ArgAction::Append | ArgAction::SetTrue
            )
        })
        .filter_map(|arg| Some((arg.get_id().to_string(), arg.get_long()?.to_owned())))
        .filter(|(_, long)| long != "config")
        .collect()
}

/// Replaces every subcommand by what `change` makes of it.
pub fn map_subcommands(command: Command, change: impl Fn(&str, Command) -> Command) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(&name, |sub| change(&name, sub))
    })
}
