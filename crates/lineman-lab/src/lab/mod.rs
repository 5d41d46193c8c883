//! The lab as its owner sees it: a child process, and a socket to it.
//!
//! The owner (a terminal, a page, a test) stays where it is, in the host's network and without any
//! privilege. The lab is a process of its own, the owner's program started once more, because only
//! a process without threads may enter a user namespace, because it must never come back, and because
//! nothing that happens in there may take the owner's terminal with it. Between them is one socket:
//! orders go in, the log comes out, both as JSON lines.
//!
//! The lab ends when that socket does, so also when its owner is killed; and the kernel then removes
//! all of it, since namespaces, cables and sockets live as long as the processes in them.

mod build;
mod child;
mod orders;
mod owner;
mod protocol;
mod sorter;
mod woken;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::Refusal;
use crate::hosts::Family;
use crate::namespace::Settings;
use crate::rules::Rules;

pub use build::system;
pub use child::serve;
pub use owner::Lab;
pub use owner::Ticket;
pub(crate) use protocol::Answer;

/// How the lab is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// The name of the scenario that will be played, for the log.
    pub scenario: Option<String>,
    /// The family of the addresses that the hosts are known by; they have one of each.
    pub family: Family,
    /// How long every frame is on its way. States that last for less are not seen.
    pub delay: Duration,
    /// Whether hosts must find each other's hardware addresses by ARP and neighbour discovery, on
    /// the wire like everything else. If not, they know them.
    pub resolving: bool,
    /// How the client's TCP behaves.
    pub client: Settings,
    /// How the server's TCP behaves.
    pub server: Settings,
    /// Which rules of the wire hold from the start.
    pub rules: Rules,
    /// Whether packets are held from the start.
    pub step: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scenario: None,
            family: Family::Inet,
            delay: Duration::from_millis(2),
            resolving: false,
            client: Settings::default(),
            server: Settings::default(),
            rules: Rules::default(),
            step: false,
        }
    }
}

/// What to start as the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The program, which calls [`serve`] before it does anything else, if it is asked to.
    pub path: PathBuf,
    /// How it is asked to.
    pub args: Vec<OsString>,
}

impl Program {
    /// This program itself, asked by one argument.
    pub fn this(argument: &str) -> Self {
        Self {
            path: "/proc/self/exe".into(),
            args: vec![argument.into()],
        }
    }
}

/// Why there is no lab.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// The system did not start the lab's process.
    #[error("cannot start the process of the lab: {0}")]
    Process(#[from] io::Error),
    /// The system refused what a lab is made of; its rung says what would help.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The lab's process has ended.
    #[error("the lab has ended")]
    Ended,
}
