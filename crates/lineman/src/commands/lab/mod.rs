//! `lineman lab`.

pub mod bench;
pub mod driven;
mod exercise;
mod list;
pub mod live;
mod play;
mod replay;
mod run;
pub mod tui;

use crate::args::lab::Lab;
use crate::args::lab::LabCommand;
use crate::console::Console;
use crate::failure::Failure;

pub fn run(args: &Lab, console: Console) -> Result<(), Failure> {
    match &args.command {
        Some(LabCommand::Replay(args)) => replay::run(args, console),
        Some(LabCommand::List) => list::run(console),
        Some(LabCommand::Exercise(args)) => exercise::run(args, console),
        Some(LabCommand::Bench(args)) => bench::run(args, console),
        Some(LabCommand::Run(args)) => run::run(args, console),
        None => play::run(&args.play, console),
    }
}
