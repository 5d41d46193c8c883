//! The exit codes: one table for all commands, part of the interface (`docs/exit-codes.md`).

use std::process::ExitCode;

/// How a command ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was asked for was done. A closed pipe on stdout counts as done.
    Done = 0,
    /// A fault of lineman itself.
    Internal = 1,
    /// The command line or the settings make no sense.
    Usage = 2,
    /// The peer, or the system on its behalf, refused; or nothing could reach it.
    Refused = 3,
    /// The peer did not answer in time.
    TimeOut = 4,
    /// Data was not delivered, or a transfer is incomplete.
    Incomplete = 5,
    /// The peer broke the protocol.
    PeerFault = 6,
    /// The system does not permit it.
    NotPermitted = 7,
    /// The user interrupted with ^C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
