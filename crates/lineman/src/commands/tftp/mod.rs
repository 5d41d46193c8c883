//! `lineman tftp`: a server, a client that gets and puts, and many clients at once.

mod bench;
mod bench_words;
mod client;
mod get;
mod json;
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
    runtime::block_on(console, async {
        match args {
            Tftp::Serve(args) => serve::run(args, console).await,
            Tftp::Get(args) => get::run(args, console).await,
            Tftp::Put(args) => put::run(args, console).await,
            Tftp::Bench(args) => bench::run(args, console).await,
        }
    })
}
