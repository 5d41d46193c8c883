//! What one setting says, from a variable or from the file.

use std::ffi::OsString;

use clap::Arg;
use clap::ArgAction;
use clap::Command;
use clap::Id;
use toml::Value;

use super::Refused;
use super::Wanted;
use super::argv::NamedCommand;
use super::file::SettingsFile;
use super::options;
use crate::args::parse::PART_SEPARATOR;

/// A value that a setting gives to an option.
pub struct Setting {
    /// The option.
    pub id: Id,
    /// Its long name.
    pub long: String,
    /// What people know the setting by: the variable, or the file and the key.
    pub origin: String,
    values: Vec<OsString>,
    is_flag: bool,
}

impl Setting {
    /// The words that would have been typed.
    pub fn words(&self) -> Vec<OsString> {
        if self.is_flag {
            return vec![format!("--{}", self.long).into()];
        }
        let word = |value: &OsString| {
            let mut word = OsString::from(format!("--{}=", self.long));
            word.push(value);
            word
        };
        self.values.iter().map(word).collect()
    }
}

/// What the environment says about the options of a command.
pub fn from_environment(named: &NamedCommand<'_>) -> Result<Vec<Setting>, Refused> {
    let mut settings = Vec::new();
    for (depth, command) in levels(named) {
        for (arg, long) in options(command) {
            // A variable that is set but empty counts as absent, as with the locale's.
            let set = places(&named.path[..depth], long).find_map(|path| {
                let name = variable(&path, long);
                let value = std::env::var_os(&name).filter(|value| !value.is_empty())?;
                Some((name, value))
            });
            let Some((name, value)) = set else {
                continue;
            };
            let form = values_of_variable(arg, value);
            settings.extend(setting(arg, long, name, form)?);
        }
    }
    Ok(settings)
}

/// What the file says about the options of a command.
pub fn from_file(named: &NamedCommand<'_>, file: &SettingsFile) -> Result<Vec<Setting>, Refused> {
    let mut settings = Vec::new();
    for (depth, command) in levels(named) {
        let path = &named.path[..depth];
        for (arg, long) in options(command) {
            let set = places(path, long).find_map(|path| Some((file.value(&path, long)?, path)));
            if let Some((value, path)) = set {
                let origin = file.origin(&path, long);
                settings.extend(setting(arg, long, origin, values_of_key(arg, value))?);
            }
        }
    }
    Ok(settings)
}

/// The command that is named and all above it, whose options hold for it too.
fn levels<'a>(named: &'a NamedCommand<'_>) -> impl Iterator<Item = (usize, &'a Command)> {
    named.chain.iter().copied().enumerate()
}

/// Where an option of the command at `path` may be set: under its own name, and what the rules of a server are
/// under the server's, for `lineman tftp route` shows those.
fn places(path: &[String], long: &str) -> impl Iterator<Item = Vec<String>> {
    let shows_rules = path == ["tftp", "route"] && matches!(long, "route" | "map");
    let server = shows_rules.then(|| vec!["tftp".to_owned(), "serve".to_owned()]);
    std::iter::once(path.to_vec()).chain(server)
}

/// The variable of an option.
pub fn variable(path: &[String], long: &str) -> String {
    let mut name = String::from("lineman");
    for part in path.iter().map(String::as_str).chain([long]) {
        name.push('_');
        name.push_str(part);
    }
    name.to_uppercase().replace('-', "_")
}

/// `form` as a setting; none if it says of a flag that it is off.
fn setting(
    arg: &Arg,
    long: &str,
    origin: String,
    form: Result<Form, Wanted>,
) -> Result<Option<Setting>, Refused> {
    let (values, is_flag) = match form {
        Err(wanted) => return Err(Refused::Form { origin, wanted }),
        Ok(Form::Off) => return Ok(None),
        Ok(Form::On) => (Vec::new(), true),
        Ok(Form::Values(values)) => (values, false),
    };
    Ok(Some(Setting {
        id: arg.get_id().clone(),
        long: long.to_owned(),
        origin,
        values,
        is_flag,
    }))
}

enum Form {
    On,
    Off,
    Values(Vec<OsString>),
}

impl From<bool> for Form {
    fn from(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

fn values_of_variable(arg: &Arg, value: OsString) -> Result<Form, Wanted> {
    match arg.get_action() {
        ArgAction::SetTrue => match value.to_str() {
            Some("1" | "true" | "yes" | "on") => Ok(Form::On),
            Some("0" | "false" | "no" | "off") => Ok(Form::Off),
            _ => Err(Wanted::Truth),
        },
        ArgAction::Append => Ok(Form::Values(match value.to_str() {
            Some(text) => text.split_whitespace().map(Into::into).collect(),
            None => vec![value],
        })),
        _ => Ok(Form::Values(vec![value])),
    }
}

fn values_of_key(arg: &Arg, value: &Value) -> Result<Form, Wanted> {
    match (arg.get_action(), value) {
        (ArgAction::SetTrue, Value::Boolean(on)) => Ok((*on).into()),
        (ArgAction::SetTrue, _) => Err(Wanted::Truth),
        (ArgAction::Append, Value::Array(items)) => {
            let values: Result<Vec<OsString>, Wanted> =
                items.iter().map(|value| item(arg, value)).collect();
            values.map(Form::Values)
        }
        (ArgAction::Append, value) => item(arg, value).map(|value| Form::Values(vec![value])),
        (_, Value::Array(_)) => Err(Wanted::One),
        (_, value) => plain(value).map(|value| Form::Values(vec![value])),
    }
}

/// A table in a list is the parts of one value, as they would have been typed with commas between:
/// `key=value`, `key=one+two`, or `key` alone for what is on. Where parts may hold commas themselves, something
/// that they cannot hold is between them.
fn item(arg: &Arg, value: &Value) -> Result<OsString, Wanted> {
    let is_free = arg.get_id() == "route";
    let Value::Table(parts) = value else {
        return plain(value);
    };
    let mut words = Vec::new();
    for (key, value) in parts {
        match value {
            Value::Boolean(true) => words.push(key.clone()),
            Value::Boolean(false) => {}
            Value::Array(names) => words.push(format!("{key}={}", joined(names)?)),
            value if is_free => words.push(format!("{key}={}", free_part(value)?)),
            value => words.push(format!("{key}={}", part(value)?)),
        }
    }
    if is_free {
        // One part alone needs the separator as well: its commas are its own.
        let separator = PART_SEPARATOR.to_string();
        return Ok((separator.clone() + &words.join(&separator)).into());
    }
    Ok(words.join(",").into())
}

fn joined(names: &[Value]) -> Result<String, Wanted> {
    let names: Result<Vec<String>, Wanted> = names.iter().map(part).collect();
    names.map(|names| names.join("+"))
}

fn free_part(value: &Value) -> Result<String, Wanted> {
    let text = plain(value)?.into_string().map_err(|_| Wanted::Plain)?;
    Some(text)
        .filter(|text| !text.contains(PART_SEPARATOR))
        .ok_or(Wanted::Plain)
}

/// A comma or a plus would fall apart when the whole is read again.
fn part(value: &Value) -> Result<String, Wanted> {
    let text = plain(value)?.into_string().map_err(|_| Wanted::Plain)?;
    Some(text)
        .filter(|text| !text.contains([',', '+']))
        .ok_or(Wanted::Plain)
}

fn plain(value: &Value) -> Result<OsString, Wanted> {
    match value {
        Value::String(text) => Ok(text.into()),
        Value::Integer(number) => Ok(number.to_string().into()),
        Value::Float(number) => Ok(number.to_string().into()),
        Value::Boolean(truth) => Ok(truth.to_string().into()),
        Value::Array(_) | Value::Datetime(_) | Value::Table(_) => Err(Wanted::Plain),
    }
}
