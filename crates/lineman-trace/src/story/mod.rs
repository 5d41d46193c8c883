//! The story that a log tells: rows of a ladder, with what there is to say about each.
//!
//! [`Story`] is a pure function of the log, fed event by event: an arrow is a packet's entry joined
//! with its fate, a call is its entry joined with its return, and each row knows both ends' states.
//! What there is to say is a [`Saying`] with its numbers; the words are the view's, in any language.
//!
//! Rows come out in order and never change afterwards, so a view may print them and forget them.

mod addresses;
mod around;
mod arrivals;
mod arrow;
mod assemble;
mod between;
mod call_answers;
mod calls;
mod change;
mod connections;
mod datagrams;
mod descriptor;
mod descriptors;
mod errno;
mod explain;
mod explain_between;
mod explain_calls;
mod explain_resent;
mod explain_reset;
mod explain_tcp;
mod explain_tftp;
mod flows;
mod handled;
mod json;
mod kept_back;
mod lessons;
mod motives;
mod packets;
mod pending;
mod queue;
mod readiness;
mod reason;
mod row;
mod saying;
mod scope;
mod seen;
mod sending;
mod sockets;
mod value;
mod waits;
mod wire;

use around::Around;
pub use arrow::Arrow;
pub use arrow::Between;
pub use arrow::Fate;
pub use arrow::Repeated;
pub use arrow::Stretch;
pub use assemble::Story;
pub use connections::ConnectionName;
pub use reason::Reason;
pub use row::CallCell;
pub use row::Ends;
pub use row::Expiry;
pub use row::Known;
pub use row::Row;
pub use row::StateCell;
pub use saying::Saying;
pub use seen::Ask;
pub use seen::Datagram;
pub use seen::Flaw;
pub use seen::IcmpError;
pub use seen::Piece;
pub use seen::Seen;
pub use seen::Tftp;
pub use seen::What;
pub use value::Value;
pub use value::millis;
