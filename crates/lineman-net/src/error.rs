//! What the operating system refused, with the call and its operand.

use std::fmt;
use std::io;

/// A system call that failed: what was tried, on what, and what the system said.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {target}: {source}")]
pub struct SystemError {
    /// What was tried.
    pub operation: Operation,
    /// On what: an address, a name, a file as the user wrote it.
    pub target: String,
    /// What the system said.
    pub source: io::Error,
}

impl SystemError {
    /// For `map_err`: remembers the operation and its operand.
    pub fn new(operation: Operation, target: impl fmt::Display) -> impl FnOnce(io::Error) -> Self {
        let target = target.to_string();
        move |source| Self {
            operation,
            target,
            source,
        }
    }
}

/// What lineman asks of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Change to a user with fewer rights.
    Become,
    /// Take an address for a socket.
    Bind,
    /// Limit to a part of the file system.
    Confine,
    /// Open a TCP connection, or fix the peer of a UDP socket.
    Connect,
    /// Make a file or a directory entry.
    Create,
    /// Join a multicast group.
    Join,
    /// Wait for callers.
    Listen,
    /// Open a file or a directory.
    Open,
    /// Read from a file or a terminal.
    Read,
    /// Take from a socket.
    Receive,
    /// Look up a host name.
    Resolve,
    /// Keep a thread of this program going.
    Run,
    /// Hand to a socket.
    Send,
    /// Change a socket option.
    SetOption,
    /// Wait for something to happen.
    Wait,
    /// Write to a file or a terminal.
    Write,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Become => "become",
            Self::Bind => "bind",
            Self::Confine => "confine to",
            Self::Connect => "connect to",
            Self::Create => "create",
            Self::Join => "join",
            Self::Listen => "listen on",
            Self::Open => "open",
            Self::Read => "read",
            Self::Receive => "receive from",
            Self::Resolve => "resolve",
            Self::Run => "run",
            Self::Send => "send to",
            Self::SetOption => "set an option of",
            Self::Wait => "wait for",
            Self::Write => "write",
        })
    }
}
