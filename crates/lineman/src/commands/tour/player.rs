//! The chapters are played, and shown at reading pace.

use std::thread;
use std::time::Duration;

use lineman_lab::scenarios::Stop;
use lineman_lab::scenarios::Tour as Chapters;
use lineman_lab::scenarios::Witness;
use lineman_trace::log::Event;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use super::show::Show;
use crate::args::Tour;
use crate::commands::lab::Ground;
use crate::commands::lab::refusal;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::runtime::Signals;

/// How long the ladder waits for more of a row.
const IDLE: Duration = Duration::from_millis(50);

/// Plays all chapters in a lab.
///
/// # Errors
/// When one does not come to its end, somebody interrupts, or stdout cannot be written to.
pub async fn play(
    ground: Ground,
    mut signals: Signals,
    args: &Tour,
    console: Console,
) -> Result<(), Failure> {
    let Ground {
        mut network,
        witness,
        events,
    } = ground;
    let plays = witness.clone();
    let player = thread::spawn(move || {
        let played = Chapters::play(&mut *network, &plays);
        let _ = network.end(); // it may have ended
        played
    });
    let mut show = Show::new(args, console);
    let told = follow(&mut show, &witness, events, &mut signals).await;
    let played = player.join().unwrap_or(Err(Stop::Late("itself")));
    match told {
        // Whoever was told to leave has left in good order.
        Err(failure) if failure.exit == Exit::Done => return Ok(()),
        told => told?,
    }
    played.map_err(|stop| refusal::stopped(&stop, console))?;
    show.end()?;
    match rest(&mut show, &mut signals).await {
        Err(failure) if failure.exit == Exit::Done => Ok(()),
        told => told,
    }
}

/// Shows what happens until the lab is at its end, which a signal or a closed stdout hastens.
async fn follow(
    show: &mut Show,
    witness: &Witness,
    mut events: UnboundedReceiver<Event>,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut result = Ok(());
    loop {
        let told = tokio::select! {
            exit = signals.next(), if result.is_ok() => Err(Failure::said(exit)),
            event = events.recv() => match event {
                Some(event) if result.is_ok() => show.take(&event),
                Some(_) => continue,
                None => return result,
            },
            () = tokio::time::sleep_until(show.due()), if show.has_lines() => show.put(),
            () = tokio::time::sleep(IDLE), if !show.has_lines() => {
                show.idle(begun.elapsed());
                Ok(())
            }
        };
        if told.is_err() && result.is_ok() {
            result = told;
            show.forget();
            witness.stop();
        }
    }
}

/// Shows what is left.
async fn rest(show: &mut Show, signals: &mut Signals) -> Result<(), Failure> {
    while show.has_lines() {
        tokio::select! {
            exit = signals.next() => return Err(Failure::said(exit)),
            () = tokio::time::sleep_until(show.due()) => show.put()?,
        }
    }
    Ok(())
}
