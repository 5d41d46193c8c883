//! `lineman tour`: everything once, between two hosts of a private network, drawn as it happens; between
//! two simulated hosts, where the system allows no such network. At a terminal, each step waits for
//! a key.

mod guide;
mod paced;
mod show;
mod summary;

use lineman_lab::scenarios::Tour as Chapters;

use self::guide::Guide;
use self::paced::Rhythm;
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
use crate::terminal::surface::is_a_person_there;

pub fn run(args: &Tour, console: Console) -> Result<(), Failure> {
    let rhythm = match (args.fast || console.json, is_a_person_there()) {
        (true, _) => Rhythm::AtOnce,
        (false, true) => Rhythm::Keys,
        (false, false) => Rhythm::Pauses,
    };
    if rhythm == Rhythm::Keys {
        runtime::watch_stops(console)?;
    }
    runtime::block_on(console, tour(args, rhythm, console))
}

async fn tour(args: &Tour, rhythm: Rhythm, console: Console) -> Result<(), Failure> {
    // Before there is a lab: a signal must not leave half of one.
    let mut signals = Signals::watch(console.lang)?;
    let (chapters, options) = (Chapters::chapters(), Chapters::options());
    let Ground {
        network,
        log,
        events,
    } = Ground::of(chapters, Whose::default(), &options, console)?;
    let script = Script::play(network, log, Chapters::play, console);
    let mut show = Show::new(args, rhythm, console);
    let mut guide = Guide::new(script, rhythm == Rhythm::Keys, console)?;
    session::run(events, None, &mut guide, &mut show, &mut signals).await
}
