//! What goes into the view beside the log, and what comes out of it.

use std::path::PathBuf;

use lineman_lab::wire::Command;
use lineman_trace::learn::Change;

use crate::lang::Lang;
use crate::views::export::Format;

/// How it begins.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The language, until it is changed.
    pub lang: Lang,
    /// No character beyond ASCII is drawn; sentences may have some.
    pub ascii: bool,
    /// Colours, as an addition to signs.
    pub colour: bool,
    /// Whether there is a lab to drive; else it is a recorded log.
    pub live: bool,
    /// Whether the lab holds packets from the start.
    pub step: bool,
    /// Whether time stands still for the reader: what has happened is shown row by row, at his keys.
    pub walk: bool,
    /// Whether packets come from a live capture, and not from a lab.
    pub captured: bool,
    /// Whether another scenario may be played after this one.
    pub choices: bool,
    /// The rules of the wire, in their text form.
    pub rules: String,
    /// What is shown, by the command that shows it; where it is empty, what the log says.
    pub subject: String,
}

/// What the view wants of the command that shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// The wire is to do something.
    Wire(Command),
    /// The log is to be written to a file.
    Export {
        /// In which form.
        format: Format,
        /// To which file.
        path: PathBuf,
    },
    /// Another lab is to begin.
    Restart {
        /// With which scenario; the same if that is not said.
        scenario: Option<&'static str>,
        /// Whether it holds packets from the start.
        hold: bool,
    },
    /// Nothing more is wanted.
    Leave,
}

/// Something to say below the ladder, until the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// No packet is held.
    NothingHeld,
    /// There is no lab in a replay.
    OnlyRecorded,
    /// Packets are not held in this lab, but can be in the next.
    OnlyWalked,
    /// Nothing more has happened yet.
    NothingMore,
    /// From now on it is asked which state comes next, or no longer.
    Asks(bool),
    /// A guess was right or not; what has changed.
    Guessed {
        /// Whether it was right.
        right: bool,
        /// The changes of both hosts.
        changes: Vec<Change>,
    },
    /// The wire was told.
    Told(Command),
    /// The log is in a file.
    Exported(PathBuf),
    /// It is not.
    NotExported(PathBuf, String),
    /// Something about the log, in words that are ready.
    Said(String),
}
