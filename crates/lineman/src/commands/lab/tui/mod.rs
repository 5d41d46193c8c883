//! The lab on a whole terminal: keys, the log and signals come in, and the view is drawn after each. The view
//! decides; here its orders are carried out.

mod input;
mod keys;
mod play;
mod screen;

use std::io;
use std::io::IsTerminal as _;

use lineman_trace::log::Cursor;

use self::keys::Keys;
use self::screen::Whole;
use crate::commands::trace::session;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::tui::Tui;
use crate::runtime;
use crate::runtime::Signals;
use crate::terminal::surface::Surface;
use crate::views::tui::Model;
use crate::views::tui::Setup;

pub use input::Input;
pub use input::listen;
pub use play::play;

/// Shows a log in which everything has happened, until the person leaves.
///
/// # Errors
/// When there is no terminal to draw on, or a signal asks to leave.
pub fn look(model: Model, events: Cursor, console: Console) -> Result<(), Failure> {
    follow(model, events, || (), console)
}

/// Shows a log that may still grow, until the person leaves; then `end` has it end.
///
/// # Errors
/// When there is no terminal to draw on, or a signal asks to leave.
pub fn follow(
    model: Model,
    events: Cursor,
    end: impl FnMut() + 'static,
    console: Console,
) -> Result<(), Failure> {
    runtime::block_on(console, async {
        let mut signals = Signals::watch(console.lang)?;
        let mut whole = Whole::take(model, console)?;
        let mut keys = Keys::of(None, console)?.ending(end);
        session::run(events, None, &mut keys, &mut whole, &mut signals).await
    })
}

/// How a view begins at this terminal.
///
/// # Errors
/// When there is no terminal, or lines of JSON were asked for.
pub fn setup(ascii: bool, console: Console) -> Result<Setup, Failure> {
    if console.json {
        return Err(Failure::usage(&Tui::NotJson {}, console.lang));
    }
    if !io::stdout().is_terminal() {
        return Err(Failure::usage(&Tui::NoTerminal {}, console.lang));
    }
    runtime::watch_stops(console)?;
    let surface = Surface::of(io::stdout());
    Ok(Setup {
        lang: console.lang,
        ascii: ascii || surface.ascii,
        colour: surface.colour,
        live: false,
        step: false,
        walk: false,
        captured: false,
        choices: false,
        rules: String::new(),
        subject: String::new(),
    })
}
