//! lineman: talk, send and transfer over TCP and UDP, and see every packet it takes.
#![allow(
    unreachable_pub,
    reason = "a binary: nothing outside can reach it, `pub` marks what modules offer each other"
)]

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::FromArgMatches as _;

use crate::args::Args;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::common::Common;
use crate::settings::SettingsError;

mod args;
mod commands;
mod console;
mod exit;
mod failure;
mod lang;
mod runtime;
mod settings;
mod terminal;

fn main() -> ExitCode {
    let lang = Lang::detect(std::env::args().skip(1));
    match run(lang) {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            if !failure.text.is_empty() {
                eprintln!("{}{}", Common::ErrorPrefix {}.render(lang), failure.text);
            }
            failure.exit.into()
        }
    }
}

fn run(lang: Lang) -> Result<(), Failure> {
    let tree = lang::help::localised(Args::command(), lang);
    let tree =
        settings::apply(tree, config_flag()).map_err(|error| settings_failure(&error, lang))?;
    let args = match tree
        .try_get_matches()
        .and_then(|found| Args::from_arg_matches(&found))
    {
        Ok(args) => args,
        Err(error) => return lang::help::show(&error, lang),
    };
    let console = Console {
        lang: args.global.lang.unwrap_or(lang),
        json: args.global.json,
        quiet: args.global.quiet,
    };
    commands::run(args.command, console)
}

/// `--config FILE` is needed before the command line is parsed: the file gives it its defaults.
fn config_flag() -> Option<std::path::PathBuf> {
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--") => return None,
            Some("--config") => return args.next().map(Into::into),
            Some(text) => {
                if let Some(file) = text.strip_prefix("--config=") {
                    return Some(file.into());
                }
            }
            None => {}
        }
    }
    None
}

fn settings_failure(error: &SettingsError, lang: Lang) -> Failure {
    match error {
        SettingsError::UnknownKey { file, key } => {
            Failure::usage(&Common::SettingsUnknown { file, key }, lang)
        }
        SettingsError::Bad { file, detail } => {
            Failure::usage(&Common::SettingsBad { file, detail }, lang)
        }
    }
}
