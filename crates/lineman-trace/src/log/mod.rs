//! The event log: append-only, one JSON object a line, readable without any privilege.
//!
//! An event says what happened, where and when, never how to show it. Views deduce; the log does
//! not: what was deduced is marked as such ([`Origin`]).
//!
//! A log is of any network: a lab's two hosts, or all that a capture has seen. Its events speak of roles
//! ([`Host`]), its packets are whole frames of any link ([`LinkType`]) or their beginnings, and machines
//! are known by the addresses in them; what is known of machines beside that, [`Start`] tells.
//! A log of version 1 is read as one of this version with two hosts on an Ethernet.

mod event;
mod hex;
mod hub;
mod link_number;
mod queues;
mod reader;
mod segments;
mod start;
pub mod state_name;
mod visible;
mod writer;

pub use lineman_proto::wire::LinkType;
pub use lineman_proto::wire::flow::TcpState;

pub use event::Absent;
pub use event::Answer;
pub use event::Call;
pub use event::Congestion;
pub use event::Counted;
pub use event::Counter;
pub use event::Endpoints;
pub use event::Event;
pub use event::Fault;
pub use event::Host;
pub use event::Kind;
pub use event::Note;
pub use event::Origin;
pub use event::Packet;
pub use event::Queues;
pub use event::State;
pub use event::TcpInfo;
pub use event::Timer;
pub use event::TimerKind;
pub use event::Verdict;
pub use event::unmapped;
pub use hub::Cursor;
pub use hub::Hub;
pub use queues::Numbered;
pub use queues::Queued;
pub use reader::BadLine;
pub use reader::BadReason;
pub use reader::Ending;
pub use reader::MAX_LINE;
pub use reader::Reader;
pub use segments::Passage;
pub use segments::Passing;
pub use segments::Segments;
pub use segments::SentClock;
pub use start::Machine;
pub use start::Start;
pub use start::Translated;
pub use start::TwoCaptures;
pub use writer::Writer;

/// The version of the log's form; it grows when a reader of the old form would misread the new.
pub const VERSION: u32 = 2;

/// The rule that is told of a packet that its sender has not sent.
pub const FORGED: &str = "forged";
