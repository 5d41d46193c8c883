//! `lineman udp`: datagrams heard and said.

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::udp::Interface;
use tokio::runtime;

use crate::args::udp::Udp;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang;
use crate::lang::Lang;

mod input;
mod listen;
mod resolve;
mod send;
mod session;
mod signals;
mod tally;
mod view;

/// The port when none is named.
const PORT: u16 = 8889;

/// Listens or sends.
pub fn run(args: &Udp, console: Console) -> Result<(), Failure> {
    // A worker besides the session itself: signals are heard while the session writes to a stdout
    // that nobody reads.
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(SystemError::new(Operation::Listen, "signals"))
        .map_err(|error| Failure::system(&error, console.lang))?;
    let result = runtime.block_on(async {
        match args {
            Udp::Listen(args) => listen::run(args, console).await,
            Udp::Send(args) => send::run(args, console).await,
        }
    });
    // Not dropped: that would wait for a name that is still being looked up.
    runtime.shutdown_background();
    result
}

/// The interface that the user named.
fn interface(wanted: &str, lang: Lang) -> Result<Interface, Failure> {
    Interface::find(wanted).map_err(|error| {
        let names = &error.names.join(", ");
        let wanted = &error.wanted;
        Failure::usage(&lang::udp::Udp::UnknownInterface { wanted, names }, lang)
    })
}
