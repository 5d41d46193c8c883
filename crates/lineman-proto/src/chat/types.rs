//! The words of a [`Session`](super::Session): its settings, directions and events.

use std::time::Duration;

use super::Piece;

/// How a call is held.
#[derive(Clone, Copy, Debug, Default)]
pub struct Config {
    /// End lines with CR LF from the start, not only after telnet was detected.
    pub crlf: bool,
    /// We are the caller: the peer may be a listener that turns us away.
    pub calling: bool,
    /// After our end of sending, report a peer that has been silent for this long.
    pub linger: Option<Duration>,
}

/// Whose end of sending ends the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The peer's.
    Peer,
    /// Both.
    Both,
    /// One of the two.
    Either,
}

impl Until {
    /// Whether the call is over.
    pub fn is_over(self, outgoing: Direction, incoming: Direction) -> bool {
        let (ours, theirs) = (!outgoing.is_open(), !incoming.is_open());
        match self {
            Self::Peer => theirs,
            Self::Both => ours && theirs,
            Self::Either => ours || theirs,
        }
    }
}

/// One of the two directions of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More may follow.
    Open,
    /// Its sender has finished (FIN).
    Finished,
    /// The connection broke: a reset, or nobody answered.
    Broken,
}

impl Direction {
    /// Whether more may follow.
    pub fn is_open(self) -> bool {
        self == Self::Open
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The peer said something.
    Line(Piece),
    /// The peer speaks telnet; from now on our lines end with CR LF.
    TelnetDetected,
    /// The peer has finished sending. We still can.
    PeerFinished,
    /// The peer has finished sending, and all that it sent is [`BUSY`](super::BUSY).
    TurnedAway,
    /// We have finished sending and the peer has been silent for [`Config::linger`].
    PeerSilent,
    /// The connection broke.
    Broken,
    /// What we sent did not reach the peer's TCP.
    NotDelivered(Undelivered),
}

/// What the peer's TCP did not acknowledge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// The lines, safe to show.
    pub lines: Vec<String>,
    /// Bytes, of these lines and otherwise.
    pub bytes: u64,
}

/// What must leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// Bytes.
    Data(Vec<u8>),
    /// The end of sending: `shutdown(Write)`.
    Finish,
}

/// Why a line cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// We have finished sending.
    Finished,
    /// The connection broke.
    Broken,
}

/// What a call came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Lines given to [`Session::send_line`](super::Session::send_line).
    pub lines_sent: u64,
    /// Bytes handed to the driver, telnet's included.
    pub bytes_sent: u64,
    /// Lines that arrived.
    pub lines_received: u64,
    /// Bytes that arrived, telnet's included.
    pub bytes_received: u64,
}
