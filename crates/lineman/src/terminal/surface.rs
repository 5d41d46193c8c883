//! What something is drawn on, as far as that decides how.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use rustix::termios::Winsize;

/// An output to draw on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surface {
    /// It shows colours: it is a terminal, and the user has not switched colours off.
    pub colour: bool,
    /// How many columns it has; `None` if it is no terminal, or one that does not say.
    pub columns: Option<u16>,
    /// It shows no character beyond ASCII.
    pub ascii: bool,
}

impl Surface {
    /// Stdout, stderr or another output, as it is now.
    pub fn of(output: impl AsFd + IsTerminal) -> Self {
        let is_terminal = output.is_terminal();
        Self {
            colour: is_terminal && wants_colour(),
            columns: columns(output).filter(|_| is_terminal),
            ..Self::file()
        }
    }

    /// A file, which a person may read later.
    pub fn file() -> Self {
        Self {
            colour: false,
            columns: None,
            ascii: !crate::lang::is_utf8(),
        }
    }
}

/// How many columns a terminal has.
pub fn columns(output: impl AsFd) -> Option<u16> {
    size(output)
        .map(|size| size.ws_col)
        .filter(|columns| *columns > 0)
}

/// How many columns and rows a terminal has.
pub fn size(output: impl AsFd) -> Option<Winsize> {
    rustix::termios::tcgetwinsize(output).ok()
}

/// Whether the user has not switched colours off (`NO_COLOR`, <https://no-color.org>).
pub fn wants_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether a person types, and sees what is shown: stdin and stdout are a terminal.
pub fn is_a_person_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}
