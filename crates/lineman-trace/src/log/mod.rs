//! The event log: append-only, one JSON object a line, readable without any privilege.
//!
//! An event says what happened, where and when, never how to show it. Views deduce; the log does
//! not: what was deduced is marked as such ([`Origin`]).

mod event;
mod hub;
mod reader;
pub mod state_name;
mod visible;
mod writer;

pub use lineman_proto::wire::flow::TcpState;

pub use event::Addresses;
pub use event::Answer;
pub use event::Call;
pub use event::Endpoints;
pub use event::Event;
pub use event::Fault;
pub use event::Host;
pub use event::Kind;
pub use event::Note;
pub use event::Origin;
pub use event::Packet;
pub use event::Queues;
pub use event::Start;
pub use event::State;
pub use event::Timer;
pub use event::TimerKind;
pub use event::Verdict;
pub use hub::Cursor;
pub use hub::Hub;
pub use reader::BadLine;
pub use reader::BadReason;
pub use reader::Ending;
pub use reader::MAX_LINE;
pub use reader::Reader;
pub use writer::Writer;

/// The version of the log's form; it grows when a reader of the old form would misread the new.
pub const VERSION: u32 = 1;

/// The rule that is told of a packet that its sender has not sent.
pub const FORGED: &str = "forged";
