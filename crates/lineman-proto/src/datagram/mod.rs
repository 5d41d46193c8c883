//! Datagrams: what becomes one, to whom it goes, who sent one, and how it is shown.
//!
//! UDP (RFC 768) keeps the boundaries of what is sent and promises nothing else, so there is no
//! state machine here: no time-out, no retransmission, no connection. What is left to think about
//! without a socket is [`Splitter`] (a stream of bytes into payloads), [`Addressed`] (`@n text`),
//! [`PeerBook`] (who was heard) and [`show()`] (a stranger's payload on a terminal).

mod address;
mod peers;
mod show;
mod split;

pub use address::Addressed;
pub use peers::Heard;
pub use peers::Peer;
pub use peers::PeerBook;
pub use show::show;
pub use split::Piece;
pub use split::Splitter;

/// The largest payload in bytes: the 16-bit total length of IPv4 (RFC 791 §3.1) less 20 bytes of
/// IP header and 8 of UDP header. IPv6 could carry 20 more, which no one should depend on.
pub const MAX_PAYLOAD: usize = 65_535 - 20 - 8;
