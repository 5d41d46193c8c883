//! What a packet tells by itself.

use lineman_proto::wire::Flaw;
use lineman_proto::wire::Frame;
use lineman_proto::wire::flow::Segment;

use super::Captured;

/// What a packet tells by itself, whatever came before it. It can be found out ahead, on another thread than the one
/// that [takes](super::Conversations::take_seen) the packets in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The segment, if it is one of TCP and all there is to know of it: no piece of a packet, no header that
    /// contradicts itself.
    pub(super) segment: Option<Segment>,
}

impl Look {
    /// Takes a packet apart.
    pub fn at(packet: &Captured<'_>) -> Self {
        Self::of(&packet.frame())
    }

    pub(super) fn of(frame: &Frame<'_>) -> Self {
        let plain = frame.fragment().is_none() && !is_malformed(frame);
        Self {
            segment: plain.then(|| Segment::of(frame)).flatten(),
        }
    }
}

/// Whether a header contradicts itself, or is too short.
pub(super) fn is_malformed(frame: &Frame<'_>) -> bool {
    matches!(frame.flaw(), Some((_, Flaw::Malformed(_))))
}
