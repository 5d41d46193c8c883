//! What each command does: joins the arguments, the drivers of `lineman-net` and the words.

use crate::args::Command;
use crate::console::Console;
use crate::failure::Failure;

pub mod capture;
pub mod chat;
pub mod doctor;
pub mod generate;
pub mod lab;
pub mod page;
mod progress;
pub mod read;
pub mod signals;
pub mod tftp;
pub mod tour;
pub mod trace;
pub mod udp;
pub mod watch;

pub fn run(command: Command, console: Console) -> Result<(), Failure> {
    match command {
        Command::Doctor => doctor::run(console),
        Command::Help(args) => generate::help(&args, console),
        Command::Completions(args) => generate::completions(&args, console),
        Command::Man(args) => generate::man(&args, console),
        Command::Read(args) => read::run(&args, console),
        Command::Lab(args) => lab::run(&args, console),
        Command::Watch(args) => watch::run(&args, console),
        Command::Tour(args) => tour::run(&args, console),
        Command::Tftp(args) => tftp::run(&args, console),
        Command::Udp(args) => udp::run(&args, console),
        Command::Chat(args) => chat::run(args, console),
    }
}
