//! `lineman tour`: everything once, between two hosts of a private network, drawn as it happens; between
//! two simulated hosts, where the system allows no such network.

mod player;
mod show;
mod summary;

use lineman_lab::scenarios::Tour as Chapters;
use lineman_lab::scenarios::Witness;

use crate::args::Tour;
use crate::args::lab::Whose;
use crate::commands::lab::Ground;
use crate::console::Console;
use crate::failure::Failure;
use crate::runtime;
use crate::runtime::Signals;

/// Runs the tour.
///
/// # Errors
/// With the exit code and the sentence that say why.
pub fn run(args: &Tour, console: Console) -> Result<(), Failure> {
    runtime::block_on(console, async {
        // Before there is a lab: a signal must not leave half of one.
        let signals = Signals::watch(console.lang)?;
        let (chapters, options) = (Chapters::chapters(), Chapters::options());
        let whose = Whose::default();
        let ground = Ground::of(chapters, whose, &options, Witness::default, console)?;
        player::play(ground, signals, args, console).await
    })
}
