//! `lineman lab`.

mod replay;
pub mod tui;

use crate::args::lab::Lab;
use crate::console::Console;
use crate::failure::Failure;

/// Runs a command of the lab.
///
/// # Errors
/// With the exit code and the sentence that say why.
pub fn run(args: &Lab, console: Console) -> Result<(), Failure> {
    match args {
        Lab::Replay(args) => replay::run(args, console),
    }
}
