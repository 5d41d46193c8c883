//! Gives the terminal back as it was found, on every path out of the program.
//!
//! The line editor puts the terminal in raw mode and restores it when a line is finished. Leaving
//! in the middle of a line (the peer hung up, a signal, a panic) skips that, so the state found at
//! the start is kept here and put back by [`restore`].

use std::io;
use std::io::Write as _;
use std::sync::OnceLock;

use rustix::termios::InputModes;
use rustix::termios::LocalModes;
use rustix::termios::OptionalActions;
use rustix::termios::SpecialCodeIndex;
use rustix::termios::Termios;

/// Remembers the terminal's state, has a panic restore it, and keeps the terminal from cooking what
/// is typed between two lines. Call before the editor starts.
///
/// The editor leaves raw mode when a line is finished and enters it again for the next. A key pressed
/// in between would be echoed in the wrong place, and ^D would be taken by the terminal and lost; so
/// what the editor returns to is a state in which keys just wait for it.
///
/// # Errors
/// When stdin is not a terminal.
pub fn remember() -> io::Result<()> {
    let state = rustix::termios::tcgetattr(io::stdin())?;
    let mut waiting = state.clone();
    waiting
        .local_modes
        .remove(LocalModes::ICANON | LocalModes::ECHO);
    waiting.input_modes.remove(InputModes::ICRNL);
    waiting.special_codes[SpecialCodeIndex::VMIN] = 1;
    waiting.special_codes[SpecialCodeIndex::VTIME] = 0;
    rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &waiting)?;
    if FOUND.set(state).is_ok() {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            next(panic);
        }));
    }
    Ok(())
}

/// Puts the terminal back as [`remember`] found it; does nothing if it was never called.
pub fn restore() {
    let Some(state) = FOUND.get() else { return };
    // The modes that the editor sets by escape code rather than by termios: synchronized output
    // (it may have been stopped in the middle of a frame) and bracketed paste.
    let mut out = io::stdout();
    let _ = out.write_all(b"\x1b[?2026l\x1b[?2004l\r\x1b[K");
    let _ = out.flush();
    let _ = rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, state);
}

/// The editor's mode that is set by escape code: what is pasted comes in brackets.
pub fn paste_in_brackets() {
    let mut out = io::stdout();
    let _ = out.write_all(b"\x1b[?2004h");
    let _ = out.flush();
}

static FOUND: OnceLock<Termios> = OnceLock::new();
