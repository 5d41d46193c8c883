//! What each command does: joins the arguments, the drivers of `lineman-net` and the words.

use crate::args::Command;
use crate::console::Console;
use crate::failure::Failure;

pub mod chat;
pub mod generate;

/// Runs a command.
///
/// # Errors
/// With the exit code and the sentence that say why.
pub fn run(command: Command, console: Console) -> Result<(), Failure> {
    match command {
        Command::Completions(args) => generate::completions(&args, console),
        Command::Man(args) => generate::man(&args, console),
        Command::Chat(args) => chat::run(args, console),
        Command::Tour(_) | Command::Udp(_) | Command::Tftp(_) => {
            unimplemented!("this first commit is the house; the rooms follow")
        }
    }
}
