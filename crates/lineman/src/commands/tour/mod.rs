//! `lineman tour`: everything once, between two hosts of a private network, drawn as it happens; between
//! two simulated hosts, where the system allows no such network.

mod paced;
mod show;
mod summary;

use lineman_lab::scenarios::Tour as Chapters;

use self::show::Show;
use crate::args::Tour;
use crate::args::lab::Whose;
use crate::commands::trace::session;
use crate::commands::trace::source::Ground;
use crate::commands::trace::source::Script;
use crate::console::Console;
use crate::failure::Failure;
use crate::runtime;
use crate::runtime::Signals;

pub fn run(args: &Tour, console: Console) -> Result<(), Failure> {
    runtime::block_on(console, tour(args, console))
}

async fn tour(args: &Tour, console: Console) -> Result<(), Failure> {
    // Before there is a lab: a signal must not leave half of one.
    let mut signals = Signals::watch(console.lang)?;
    let (chapters, options) = (Chapters::chapters(), Chapters::options());
    let Ground {
        network,
        log,
        events,
    } = Ground::of(chapters, Whose::default(), &options, console)?;
    let mut script = Script::play(network, log, Chapters::play, console);
    let mut show = Show::new(args, console);
    session::run(events, None, &mut script, &mut show, &mut signals).await
}
