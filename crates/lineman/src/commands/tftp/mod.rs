//! `lineman tftp`: a server, a client that gets and puts, and many clients at once.

mod client;
mod collected;
mod eyes;
mod files;
mod get;
mod guard;
mod json;
mod launch;
mod load;
mod load_words;
mod machines;
mod metrics;
mod proxydhcp;
mod put;
mod route;
mod serve;
mod store;
pub mod words;

use lineman_proto::tftp::Url;

use crate::args::tftp::Tftp;
use crate::commands::capture::Own;
use crate::commands::capture::Traffic;
use crate::console::Console;
use crate::failure::Failure;
use crate::runtime;

/// Serves, gets, puts or measures.
pub fn run(args: &Tftp, console: Console) -> Result<(), Failure> {
    match args {
        Tftp::Serve(args) => serve::run(args, console),
        Tftp::Get(args) => {
            let traffic = || Some(traffic(&args.urls));
            Own::around(&args.wish.recorded, traffic, console, || {
                runtime::block_on(console, get::run(args, console))
            })
        }
        Tftp::Put(args) => {
            let traffic = || Some(traffic(&args.files));
            Own::around(&args.wish.recorded, traffic, console, || {
                runtime::block_on(console, put::run(args, console))
            })
        }
        Tftp::Route(args) => route::run(args, console),
        Tftp::Machines(args) => {
            runtime::block_on_this_thread(console, machines::run(args, console))
        }
        Tftp::Bench(args) => runtime::block_on(console, load::run(args, console)),
    }
}

/// The transfers at the servers that were named.
fn traffic(words: &[String]) -> Traffic {
    let urls = words.iter().filter_map(|word| word.parse::<Url>().ok());
    Traffic::tftp(urls.map(|url| url.port).collect())
}
