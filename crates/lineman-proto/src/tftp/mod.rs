//! TFTP: RFC 1350, with RFC 1123 §4.2.3 (Sorcerer's Apprentice, adaptive time-out), RFC 2347
//! (options), RFC 2348 (`blksize`), RFC 2349 (`timeout`, `tsize`) and RFC 7440 (`windowsize`).
//!
//! A [`Session`] is one transfer on either side, from the first packet to the last; the opening exchange,
//! [`Sender`] and [`Receiver`] are its parts. A session never holds file bytes: it says "send
//! blocks 33 to 48" ([`DataRun`]) and "bytes 4.. of the packet you just handed in are block 7"
//! ([`Event::Deliver`]), and its caller reads or writes them. A retransmission is another read.
//!
//! Block numbers are counted in `u64` from 1 and never wrap in here; what 16 bits of them look
//! like on the wire is known to [`Rollover`] alone.

mod block;
mod client_history;
mod client_rules;
mod code;
mod congestion;
mod event;
mod filename;
mod fingerprint;
mod gate;
pub mod guard;
pub mod machines;
mod malformed;
mod negotiate;
pub mod netascii;
mod opening;
mod options;
mod packet;
mod receiver;
mod request;
pub mod route;
mod rto;
mod sender;
mod session;
mod transmit;
mod url;

pub use block::Rollover;
pub use client_history::ClientHistory;
pub use client_history::Learned;
pub use client_rules::ClientRule;
pub use client_rules::ClientRuleError;
pub use code::ErrorCode;
pub use congestion::CongestionWindow;
pub use event::Event;
pub use event::Failure;
pub use event::Pipelining;
pub use event::Stats;
pub use event::Violation;
pub use filename::clean;
pub use filename::unpadded;
pub use filename::without_dots;
pub use filename::without_root;
pub use fingerprint::Fingerprint;
pub use malformed::Fault;
pub use malformed::Malformed;
pub use negotiate::Agreed;
pub use negotiate::Offer;
pub use negotiate::Policy;
pub use negotiate::Wish;
pub use negotiate::answer;
pub use options::Options;
pub use options::OptionsIter;
pub use packet::Packet;
pub use packet::ParseError;
pub use receiver::Receiver;
pub use request::Direction;
pub use request::Mode;
pub use request::Request;
pub use rto::Rto;
pub use sender::FlightChange;
pub use sender::Sender;
pub use session::ClientConfig;
pub use session::Session;
pub use session::Timing;
pub use transmit::DataRun;
pub use transmit::Payload;
pub use transmit::Transmit;
pub use url::Url;
pub use url::UrlError;

/// Bytes in a block when nothing else was agreed (RFC 1350 §2).
pub const DEFAULT_BLKSIZE: u16 = 512;
/// The smallest block that may be agreed (RFC 2348).
pub const MIN_BLKSIZE: u16 = 8;
/// The largest block that may be agreed (RFC 2348).
pub const MAX_BLKSIZE: u16 = 65464;
/// Opcode and block number in front of each block (RFC 1350 §5).
pub const DATA_HEADER: usize = 4;
/// The port that requests are sent to (RFC 1350 §4).
pub const PORT: u16 = 69;
