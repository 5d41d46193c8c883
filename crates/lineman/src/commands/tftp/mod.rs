//! `lineman tftp`: a server, a client that gets and puts, and many clients at once.

mod client;
mod get;
mod guard;
mod json;
mod launch;
mod load;
mod load_words;
mod progress;
mod put;
mod serve;
pub mod words;

use crate::args::tftp::Tftp;
use crate::console::Console;
use crate::failure::Failure;
use crate::runtime;

/// Serves, gets, puts or measures.
pub fn run(args: &Tftp, console: Console) -> Result<(), Failure> {
    match args {
        Tftp::Serve(args) => serve::run(args, console),
        Tftp::Get(args) => runtime::block_on(console, get::run(args, console)),
        Tftp::Put(args) => runtime::block_on(console, put::run(args, console)),
        Tftp::Bench(args) => runtime::block_on(console, load::run(args, console)),
    }
}
