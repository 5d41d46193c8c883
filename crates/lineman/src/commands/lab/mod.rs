//! `lineman lab`.

mod bench;
mod follow;
pub mod refusal;
mod replay;
mod run;

use crate::args::lab::Lab;
use crate::console::Console;
use crate::failure::Failure;

/// How this program is asked to be a lab; nobody types it.
pub const PROGRAM: &str = "__lab";

/// Runs a command of the lab.
///
/// # Errors
/// With the exit code and the sentence that say why.
pub fn run(args: &Lab, console: Console) -> Result<(), Failure> {
    match args {
        Lab::Replay(args) => replay::run(args, console),
        Lab::Bench(args) => bench::run(args, console),
        Lab::Run(args) => run::run(args, console),
    }
}
