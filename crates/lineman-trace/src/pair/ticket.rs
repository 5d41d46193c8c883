//! A packet that waits for the other capture, and what becomes of it.

use std::rc::Rc;

use super::Point;
use super::Print;
use super::pieces::Pieces;
use crate::log::Absent;
use crate::log::Host;

/// A packet, where one capture has it.
#[derive(Clone, Debug)]
pub struct Sight<T> {
    /// Which capture.
    pub point: Point,
    /// When, in nanoseconds since 1970 by the clock of the first capture.
    pub at_ns: i64,
    /// Which packet of it: packets count from 1.
    pub number: u64,
    /// Its conversation there.
    pub conversation: u64,
    /// Which end of that has sent it.
    pub from: Host,
    /// By what it is recognised.
    pub print: Print,
    /// What is kept of it.
    pub kept: T,
}

/// What became of a packet, or of a part of it.
#[derive(Clone, Debug)]
pub struct Outcome<T> {
    /// Where it was seen: once, or twice, at the point that has it earlier first.
    pub seen: (Rc<Sight<T>>, Option<Rc<Sight<T>>>),
    /// Which bytes of the stream it is about, where both have them in segments that are not the same: hardware has joined or cut them.
    pub part: Option<Part>,
    /// What became of it.
    pub met: Met,
}

/// Bytes of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The number of the first.
    pub seq: u32,
    /// How many.
    pub len: u32,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// Both have it.
    Both,
    /// Both have it, and one of them has it twice: this is the second time. What was seen first is the one that the other has.
    Copy,
    /// It was lost between the two.
    Lost,
    /// The other capture does not have it, and it need not have been lost.
    Only(Absent),
}

/// A packet that waits.
#[derive(Debug)]
pub(super) struct Ticket<T> {
    pub(super) sight: Rc<Sight<T>>,
    /// Which of its bytes the other has not had yet; `None` if it has none.
    pub(super) pieces: Option<Pieces>,
    /// Whether the other has had some of them.
    pub(super) is_begun: bool,
    /// Whether it may have been one that was equal to it, of which nobody knows which it was.
    pub(super) is_doubtful: bool,
}

impl<T> Ticket<T> {
    pub(super) fn new(sight: Rc<Sight<T>>) -> Self {
        let pieces = sight.print.data().map(Pieces::all);
        Self {
            sight,
            pieces,
            is_begun: false,
            is_doubtful: false,
        }
    }
}
