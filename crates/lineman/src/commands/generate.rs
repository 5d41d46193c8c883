//! `lineman help`, `lineman completions` and `lineman man`: all from the definitions of the command line.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use clap::Command;
use clap::CommandFactory as _;
use clap::builder::PossibleValue;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;
use clap_mangen::Man as Page;
use lineman_lab::scenarios::Scenario;
use lineman_net::Operation;
use lineman_net::SystemError;

use crate::args::Args;
use crate::args::Completions;
use crate::args::Help;
use crate::args::Man;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::help;
use crate::lang::scenarios;
use crate::output::Output;

/// Prints the help of a command, by asking for it as one would with `--help`.
pub fn help(args: &Help, console: Console) -> Result<(), Failure> {
    let words = ["lineman"]
        .into_iter()
        .chain(args.command.iter().map(String::as_str))
        .chain(["--help"]);
    match tree(console).try_get_matches_from(words) {
        Ok(_) => Ok(()), // `--help` always ends the parsing
        Err(error) => help::show(&error, console.lang),
    }
}

/// Prints the completions of a shell.
pub fn completions(args: &Completions, console: Console) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut tree = match args.shell {
        Shell::Elvish | Shell::PowerShell => scenarios_as_commands(tree(console), console),
        _ => with_scenarios(tree(console), console),
    };
    clap_complete::generate(args.shell, &mut tree, "lineman", &mut script);
    if args.shell == Shell::Fish {
        script.extend(for_fish(console).into_bytes());
    }
    console.print(script)
}

/// The command line, with the scenarios as what `lab` may be followed by: a shell completes them. (When one
/// is played, a name that is not quite right is answered with what was perhaps meant.)
fn with_scenarios(tree: Command, console: Console) -> Command {
    let value = |scenario: &Scenario| {
        let title = scenarios::title(scenario.name, console.lang).unwrap_or_default();
        PossibleValue::new(scenario.name).help(title)
    };
    let values: Vec<PossibleValue> = Scenario::all().map(value).collect();
    tree.mut_subcommand("lab", |lab| {
        lab.mut_arg("scenario", |arg| {
            arg.value_parser(PossibleValuesParser::new(values))
        })
    })
}

/// The command line as shells need it for which commands and options are completed, and no values: each scenario is a
/// command of `lab`, with the options of `lab`.
fn scenarios_as_commands(tree: Command, console: Console) -> Command {
    tree.mut_subcommand("lab", |lab| {
        let arguments = lab.get_arguments().filter(|arg| !arg.is_positional());
        let options: Vec<_> = arguments.cloned().collect();
        let command = |scenario: &Scenario| {
            let title = scenarios::title(scenario.name, console.lang).unwrap_or_default();
            Command::new(scenario.name)
                .about(title)
                .disable_help_flag(true)
                .args(options.clone())
        };
        let commands: Vec<Command> = Scenario::all().map(command).collect();
        lab.subcommands(commands)
    })
}

/// What is generated for fish knows no values of arguments that have no option before them.
fn for_fish(console: Console) -> String {
    let line = |scenario: &Scenario| {
        let title = scenarios::title(scenario.name, console.lang).unwrap_or_default();
        let title = title.replace('\\', "\\\\").replace('\'', "\\'");
        let name = scenario.name;
        format!(
            "complete -c lineman -n '__fish_seen_subcommand_from lab' -f -a {name} -d '{title}'\n"
        )
    };
    Scenario::all().map(line).collect()
}

/// Prints the manual page of lineman, or writes one for each command.
pub fn man(args: &Man, console: Console) -> Result<(), Failure> {
    let tree = tree(console);
    match &args.dir {
        None => console.print(page(&tree, console)),
        Some(dir) => {
            fs::create_dir_all(dir)
                .map_err(SystemError::new(Operation::Create, dir.display()))
                .map_err(|error| Failure::system(&error, console.lang))?;
            write_all(&tree, "lineman", dir, console)
        }
    }
}

fn tree(console: Console) -> Command {
    let mut tree = help::localised(Args::command(), console.lang);
    tree.build();
    tree
}

fn write_all(command: &Command, name: &str, dir: &Path, console: Console) -> Result<(), Failure> {
    let file = dir.join(format!("{name}.1"));
    let named = command.clone().name(name.to_owned());
    let mut out = Output::create(Some(&file), &[], console)?;
    out.write_all(&page(&named, console))
        .map_err(|error| out.failure(error))?;
    out.finish()?;
    command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
        .try_for_each(|sub| write_all(sub, &format!("{name}-{}", sub.get_name()), dir, console))
}

fn page(command: &Command, console: Console) -> Vec<u8> {
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    let _ = Page::new(command.clone()).render(&mut text);
    help::manual(&String::from_utf8_lossy(&text), console.lang).into_bytes()
}
