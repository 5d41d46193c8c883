//! The lab on a whole terminal: keys, the log and signals come in at one desk, and the view is drawn
//! after each. The view decides; here its orders are carried out.

mod desk;
mod driven;
mod input;
mod live;

use std::io;
use std::io::IsTerminal as _;

use crate::console::Console;
use crate::failure::Failure;
use crate::lang::tui::Tui;
use crate::runtime;
use crate::views::tui::Setup;

pub use desk::Desk;
pub use live::play;

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
    let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    Ok(Setup {
        lang: console.lang,
        ascii: ascii || !crate::lang::is_utf8(),
        colour,
        live: false,
        step: false,
        rules: String::new(),
    })
}
