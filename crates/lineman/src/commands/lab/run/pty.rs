//! A terminal of its own for a program that has not the user's: many programs ask, buffer and colour otherwise where
//! they find no terminal (pty(7)).

use std::io;
use std::os::fd::OwnedFd;

use rustix::pty::OpenptFlags;
use rustix::termios::InputModes;
use rustix::termios::LocalModes;
use rustix::termios::OptionalActions;
use rustix::termios::Winsize;

use crate::terminal::surface;

/// Both ends of a pseudo-terminal.
pub(super) struct Pty {
    /// What the program has for a terminal.
    pub(super) program: OwnedFd,
    /// What is read of it, and written to it.
    pub(super) ours: OwnedFd,
}

impl Pty {
    /// A terminal whose lines are as long as those of ours behind the name of a host. It repeats nothing that is
    /// typed, because ours has done so, and cannot be stopped by ^S, because the user could not type ^Q.
    ///
    /// # Errors
    /// When the system has no terminal left.
    pub(super) fn open() -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = rustix::pty::openpt(flags)?;
        rustix::pty::unlockpt(&ours)?;
        let program = rustix::pty::ioctl_tiocgptpeer(&ours, flags)?;
        let mut modes = rustix::termios::tcgetattr(&program)?;
        modes.local_modes.remove(LocalModes::ECHO);
        modes.input_modes.remove(InputModes::IXON);
        rustix::termios::tcsetattr(&program, OptionalActions::Now, &modes)?;
        let outer = surface::size(io::stdout());
        let columns = outer.map_or(0, |size| size.ws_col);
        let rows = outer.map_or(0, |size| size.ws_row);
        let size = Winsize {
            ws_col: if columns > NAME {
                columns - NAME
            } else {
                COLUMNS
            },
            ws_row: if rows > 0 { rows } else { ROWS },
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&program, size)?;
        Ok(Self { program, ours })
    }
}

/// The character that ends a file at a terminal (VEOF): what was typed before it is handed over; if that is nothing, it is
/// the end.
pub(super) const END_OF_FILE: u8 = 0x04;
/// How many columns the name of a host takes before a program's line: `client: `.
const NAME: u16 = 8;
/// Columns where ours does not say.
const COLUMNS: u16 = 80;
/// Rows where ours does not say.
const ROWS: u16 = 24;
