//! `lineman tour`: everything once, in a private network of two hosts, drawn as it happens; on
//! loopback, where the system allows no such network.

mod loopback;
mod player;
mod show;
mod summary;

use lineman_lab::scenarios::Tour as Chapters;

use crate::args::Tour;
use lineman_lab::scenarios::Witness;

use crate::commands::lab::Ground;
use crate::commands::lab::refusal;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::tour::Tour as Words;
use crate::runtime;
use crate::runtime::Signals;

/// Runs the tour.
///
/// # Errors
/// With the exit code and the sentence that say why.
pub fn run(args: &Tour, console: Console) -> Result<(), Failure> {
    let tried = runtime::block_on(console, async {
        // Before there is a lab: a signal must not leave half of one.
        let signals = Signals::watch(console.lang)?;
        match Ground::kernel(&Chapters::options(), Witness::default()) {
            Ok(ground) => {
                let shown = player::play(ground, signals, args, console).await;
                shown.map(|()| None)
            }
            Err(error) if refusal::is_refusal(&error) => Ok(Some(error)),
            Err(error) => Err(refusal::no_lab(&error, console)),
        }
    })?;
    let Some(refused) = tried else {
        return Ok(());
    };
    let why = &refusal::why(&refused, console.lang);
    console.note(&Words::Instead { why });
    loopback::run(args, console)
}
