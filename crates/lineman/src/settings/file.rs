//! The settings file: where it is, and that every key of it means something.

use std::path::Path;
use std::path::PathBuf;

use clap::Command;
use lineman_net::Operation;
use lineman_net::SystemError;
use toml::Table;
use toml::Value;
use toml::de::DeTable;

use super::Refused;
use super::names;
use super::options;

/// A settings file whose keys are all known.
#[derive(Debug)]
pub struct SettingsFile {
    name: String,
    text: String,
    table: Table,
}

impl SettingsFile {
    /// The file that was `named`, else the one of `LINEMAN_CONFIG`, else the one at the usual
    /// place if there is one.
    pub fn find(named: Option<&PathBuf>, tree: &Command) -> Result<Option<Self>, Refused> {
        let asked_for = named.cloned().or_else(variable);
        let Some(path) = asked_for.or_else(|| usual_place().filter(|path| path.exists())) else {
            return Ok(None);
        };
        let file = Self::read(&path)?;
        file.check(&file.table, tree, tree, &mut Vec::new())?;
        Ok(Some(file))
    }

    fn read(path: &Path) -> Result<Self, Refused> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(SystemError::new(Operation::Open, &name))
            .map_err(Refused::Unreadable)?;
        match text.parse() {
            Ok(table) => Ok(Self { name, text, table }),
            Err(error) => Err(Refused::BadFile {
                detail: one_line(&error, &text),
                file: name,
            }),
        }
    }

    /// Refuses a key that no option has and a table that no command has.
    fn check(
        &self,
        table: &Table,
        command: &Command,
        tree: &Command,
        path: &mut Vec<String>,
    ) -> Result<(), Refused> {
        for (key, value) in table {
            path.push(key.clone());
            match (value, command.find_subcommand(key)) {
                (Value::Table(inner), Some(sub)) => self.check(inner, sub, tree, path)?,
                _ if options(command).any(|(_, long)| long == key) => {}
                _ => {
                    let key = path.join(".");
                    return Err(Refused::UnknownKey {
                        file: self.name.clone(),
                        line: self.line_of(path).unwrap_or(1),
                        near: names::nearest(&key, names::keys(tree)),
                        key,
                    });
                }
            }
            path.pop();
        }
        Ok(())
    }

    /// The line of a key.
    fn line_of(&self, path: &[String]) -> Option<usize> {
        let (last, tables) = path.split_last()?;
        let parsed = DeTable::parse(&self.text).ok()?;
        let mut table = parsed.get_ref();
        for name in tables {
            table = table.get(name.as_str())?.get_ref().as_table()?;
        }
        let (key, _) = table.get_key_value(last.as_str())?;
        Some(line_at(&self.text, key.span().start))
    }

    /// What the file says about the option `long` of the command at `path`.
    pub fn value(&self, path: &[String], long: &str) -> Option<&Value> {
        path.iter()
            .try_fold(&self.table, |table, name| table.get(name)?.as_table())?
            .get(long)
    }

    /// What people know that setting by.
    pub fn origin(&self, path: &[String], long: &str) -> String {
        let mut key = path.to_vec();
        key.push(long.to_owned());
        format!("{}: {}", self.name, key.join("."))
    }
}

/// The `lang` of the settings file, before the command line is parsed: help and the parser's
/// errors need it. Whatever is wrong with the file is said later.
pub fn preferred_lang() -> Option<String> {
    let file = SettingsFile::read(&variable().or_else(usual_place)?).ok()?;
    file.table.get("lang")?.as_str().map(str::to_owned)
}

fn variable() -> Option<PathBuf> {
    std::env::var_os("LINEMAN_CONFIG")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// `$XDG_CONFIG_HOME/lineman/lineman.toml`, else `~/.config/lineman/lineman.toml`.
fn usual_place() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = set("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".config")))?;
    Some(base.join("lineman/lineman.toml"))
}

/// `line 3: what is wrong`.
fn one_line(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().lines().next().unwrap_or_default();
    match error.span() {
        Some(span) => format!("line {}: {message}", line_at(text, span.start)),
        None => message.to_owned(),
    }
}

fn line_at(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.matches('\n').count() + 1
}
