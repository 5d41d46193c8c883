//! lineman: talk, send and transfer over TCP and UDP, and see every packet it takes.
#![allow(
    unreachable_pub,
    unnameable_types,
    reason = "a binary: nothing outside can reach it, `pub` marks what modules offer each other"
)]

use std::ffi::OsString;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::FromArgMatches as _;
use lineman_proto::text::visible_lines;

use crate::args::Args;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::common::Common;
use crate::settings::Refused;

mod args;
mod commands;
mod console;
mod exit;
mod failure;
mod lang;
mod lines;
mod log;
mod output;
mod programs;
mod runtime;
mod settings;
mod terminal;
mod views;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    // Before any thread: a lab is this program once more.
    if words
        .get(1)
        .is_some_and(|word| word == commands::trace::source::PROGRAM)
    {
        return lineman_lab::serve();
    }
    let lang = Lang::detect(&words, settings::preferred_lang);
    match run(&words, lang) {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            if !failure.text.is_empty() {
                let prefix = Common::ErrorPrefix {}.render(lang);
                eprintln!("{prefix}{}", visible_lines(&failure.text));
            }
            failure.exit.into()
        }
    }
}

fn run(words: &[OsString], lang: Lang) -> Result<(), Failure> {
    let tree = lang::help::localised(Args::command(), lang);
    let found = match settings::parse(&tree, words) {
        Ok(found) => found,
        Err(Refused::Typed(error)) => return lang::help::show(&error, lang),
        Err(refused) => return Err(refused.into_failure(lang)),
    };
    let args = match Args::from_arg_matches(&found) {
        Ok(args) => args,
        Err(error) => return lang::help::show(&error, lang),
    };
    let console = Console {
        lang: args.global.lang.unwrap_or(lang),
        json: args.global.json,
        quiet: args.global.quiet,
        log: None,
    };
    commands::run(args.command, console)
}
