//! What is found about a segment.

use super::Again;
use super::Arrival;
use super::EndState;
use super::Label;
use super::Order;
use super::Way;

/// Numbers of a segment, counted from the beginning of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it begins in its sender's stream.
    pub seq: i64,
    /// What its sender expects next of the peer's stream.
    pub ack: Option<i64>,
    /// The window in bytes, scaled if both SYNs were seen to agree on it.
    pub window: u32,
    /// Whether that is the window: it is known how the connection scales them. A SYN's is never scaled, and 0 is 0.
    pub is_scaled: bool,
    /// Whether the beginning of its sender's stream is known; else the first number seen counts as 1.
    pub from_start: bool,
}

/// What was found about a segment as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Which way it goes.
    pub way: Way,
    /// Its numbers.
    pub place: Place,
    /// What it is.
    pub label: Label,
    /// How it stands to what its sender has sent before.
    pub order: Order,
    /// If it was sent before: how often, and when last.
    pub again: Option<Again>,
    /// Whether it carries the last byte that its receiver has said last it has room for. Not where nobody knows how windows
    /// are scaled.
    pub fills_window: bool,
    /// How long a timer of its sender can have run, in nanoseconds: since it last sent what must be acknowledged, or
    /// a probe; if this is a probe, since the peer was heard, if that was later.
    pub waited_ns: Option<u64>,
    /// Whether it carries new bytes although older ones are missing, after a time-out: only F-RTO does so (RFC 5682
    /// §2.1).
    pub tries_new: bool,
    /// Whether it acknowledges what has come long before, and leaves because a segment has come again that had come already: it
    /// looks like a delayed ACK, and is none.
    pub answers_again: bool,
    /// Whether it acknowledges what was never seen.
    pub acks_unseen: bool,
    /// Whether its receiver may have sent a FIN that was not seen.
    pub peer_may_have_ended: bool,
    /// Whether what it acknowledges has come longer ago than Linux delays any ACK.
    pub acks_late: bool,
    /// The state that its sender is in now, if that is another than before.
    pub moved: Option<EndState>,
}

/// What was found about a segment as it was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// What it is to its receiver.
    pub arrival: Arrival,
    /// The state that its receiver is in now, if that is another than before.
    pub moved: Option<EndState>,
}
