//! What a session reports.

use std::ops::Range;

use super::Agreed;
use super::ErrorCode;
use super::Rollover;

/// Something that happened to a transfer. Handle each before the next `handle_*` call: ranges
/// point into the packet that was handed in last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The server answered the request: these parameters hold (client only).
    Opened(Agreed),
    /// These bytes of the packet just handled are the next block of the file.
    Deliver(Range<usize>),
    /// The block just delivered was the last. Make the file permanent, then call
    /// [`Session::handle_stored`](super::Session::handle_stored), or `abort`: the last ACK waits
    /// for it, so that the sender never believes in a file that is not there.
    Store,
    /// The receiver has every block up to this one; none of them will be asked for again.
    Acknowledged(u64),
    /// The transfer is complete. A receiver goes on answering repetitions of the last block until
    /// [`Session::poll_timeout`](super::Session::poll_timeout) is `None`.
    Finished {
        /// `false`: everything was sent but the last block was never acknowledged. Some clients
        /// never do.
        confirmed: bool,
    },
    /// The transfer has failed; nothing more will come.
    Failed(Failure),
}

/// Why a transfer failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The peer sent an ERROR.
    PeerError {
        /// Its code.
        code: ErrorCode,
        /// Its words, not trusted to be text.
        message: Vec<u8>,
        /// How many blocks had been acknowledged, or received, by then.
        block: u64,
    },
    /// The peer was heard and then fell silent; `block` is the first that is missing.
    Silent {
        /// The first block not acknowledged, or not received.
        block: u64,
    },
    /// The peer never answered the opening packet, or the first block.
    Unanswered,
    /// The peer broke the protocol.
    Protocol(Violation),
    /// This side gave up, by [`Session::abort`](super::Session::abort).
    Aborted,
}

impl Failure {
    /// Whether the first block that is missing is the first whose number rolls over: a client that stops
    /// there cannot count on (RFC 1350 says nothing of it), and larger blocks would help.
    pub fn is_at_rollover(&self) -> bool {
        matches!(self, Self::Silent { block } if *block == Rollover::FIRST_BEYOND)
    }
}

/// How a peer broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// A block larger than agreed.
    BlockTooLarge,
    /// An OACK with an option that was not asked for.
    OptionNotAsked,
    /// An OACK with a larger value than was asked for, or none that makes sense.
    OptionValue,
    /// A packet that has no place in the opening of a transfer.
    UnexpectedOpening,
}

/// What a transfer cost, beyond its blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// DATA packets sent, repetitions included.
    pub data_sent: u64,
    /// DATA packets sent more than once.
    pub resent: u64,
    /// Time-outs that expired.
    pub timeouts: u64,
    /// Gaps in a window that were repaired without waiting for a time-out.
    pub gaps: u64,
    /// DATA packets that arrived although they were there already.
    pub duplicates: u64,
    /// Packets that did not come from the peer.
    pub strays: u64,
}

/// What became of sending blocks ahead of their ACKs to a client without `windowsize`; see
/// [`Sender::pipelined`](super::Sender::pipelined).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pipelining {
    /// One block at a time: not wanted, or the file ended before it began.
    #[default]
    Off,
    /// Blocks were sent ahead until the end.
    Held,
    /// The client threw early blocks away, or the network did: one at a time since then.
    GaveUp,
}
