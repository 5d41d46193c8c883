//! `lineman udp`: receives and sends datagrams.

use lineman_net::udp::Interface;
use lineman_net::udp::UnknownInterface;

use crate::args::udp::Udp;
use crate::commands::capture::Own;
use crate::commands::capture::Traffic;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang;
use crate::lang::Lang;
use crate::runtime;

mod input;
mod listen;
mod resolve;
mod send;
mod session;
mod tally;
mod view;

/// The port when none is named.
const PORT: u16 = 8889;

/// Listens or sends.
pub fn run(args: &Udp, console: Console) -> Result<(), Failure> {
    runtime::watch_stops(console)?;
    let form = match args {
        Udp::Listen(args) => &args.form,
        Udp::Send(args) => &args.form,
    };
    Own::around(
        &form.recorded,
        || traffic(args),
        console,
        || {
            runtime::block_on(console, async {
                match args {
                    Udp::Listen(args) => listen::run(args, console).await,
                    Udp::Send(args) => send::run(args, console).await,
                }
            })
        },
    )
}

/// What goes out and comes in.
fn traffic(args: &Udp) -> Option<Traffic> {
    match args {
        Udp::Listen(args) => Traffic::udp(&args.address, None, PORT),
        Udp::Send(args) => {
            let peer = args.host.as_deref().or(args.multicast.as_deref())?;
            Traffic::udp(peer, args.port, PORT)
        }
    }
}

/// The interface that the user named.
fn interface(wanted: &str, lang: Lang) -> Result<Interface, Failure> {
    Interface::find(wanted).map_err(|error| unknown_interface(&error, lang))
}

fn unknown_interface(error: &UnknownInterface, lang: Lang) -> Failure {
    let names = &error.names.join(", ");
    let wanted = &error.wanted;
    Failure::usage(&lang::udp::Udp::UnknownInterface { wanted, names }, lang)
}
