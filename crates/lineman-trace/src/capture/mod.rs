//! What a capture shows: its packets sorted into conversations, and a log of one of them.
//!
//! [`Conversations`] takes packet after packet, from a file or from a socket, and says of each which
//! conversation it belongs to and which of the two sent it. What it knows of a conversation is
//! a [`Conversation`]: who, how much, how it began and ended, and what went wrong in it. No packet is kept:
//! memory is bounded by [`Limits`], not by the capture.
//!
//! [`Recorder`] makes events of packets, for a log that every view can show.

mod conversation;
mod conversations;
mod ending;
mod folds;
mod fragments;
mod key;
mod kind;
mod look;
mod recorder;
mod table;
mod tcp;
mod tftp;
mod totals;
mod trouble;

use lineman_proto::wire::Frame;
use lineman_proto::wire::LinkType;

pub use conversation::Conversation;
pub use conversations::Conversations;
pub use conversations::Limits;
pub use conversations::Sorted;
pub use conversations::Summary;
pub use ending::Beginning;
pub use ending::Ending;
pub use folds::Fold;
pub use kind::Kind;
pub use look::Look;
pub use recorder::Recorder;
pub use tftp::Transfer;
pub use totals::Totals;
pub use trouble::Trouble;
pub use trouble::Troubles;

/// A packet as it was captured. It borrows its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Captured<'a> {
    /// What it begins with.
    pub link: LinkType,
    /// When it was captured: nanoseconds since 1970, UTC. `None` where the file does not say.
    pub utc_ns: Option<u64>,
    /// How many bytes it had on the wire.
    pub wire_len: u32,
    /// Whether its checksum had still to be computed, as the kernel says of a packet that it captures: it is not wrong.
    pub checksum_pending: bool,
    /// The bytes that were captured.
    pub bytes: &'a [u8],
}

impl<'a> Captured<'a> {
    /// The packet, taken apart.
    pub fn frame(&self) -> Frame<'a> {
        Frame::captured(self.link, self.bytes, self.wire_len as usize)
            .with_checksum_pending(self.checksum_pending)
    }
}
