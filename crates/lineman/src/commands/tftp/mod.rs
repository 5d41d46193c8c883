//! `lineman tftp`: a server, and a client that gets and puts.

mod client;
mod get;
mod guard;
mod json;
mod progress;
mod put;
mod serve;
pub mod words;

use crate::args::tftp::Tftp;
use crate::console::Console;
use crate::failure::Failure;
use crate::runtime;

/// Serves, gets or puts.
pub fn run(args: &Tftp, console: Console) -> Result<(), Failure> {
    runtime::block_on(console, async {
        match args {
            Tftp::Serve(args) => serve::run(args, console).await,
            Tftp::Get(args) => get::run(args, console).await,
            Tftp::Put(args) => put::run(args, console).await,
        }
    })
}
