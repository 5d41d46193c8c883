//! The lab: two hosts, one wire between them, and everything that happens told as one log of events.
//!
//! [`log`] is the centre: whoever makes something happen (a host, the wire, the kernel) appends to
//! it, and every view and export is a pure function of it. Nothing in here draws or speaks.

mod error;
pub mod hosts;
mod kernel;
mod lab;
mod link;
pub mod log;
mod namespace;
mod netlink;
mod recorder;
mod sys;
pub mod wire;

pub use error::Refusal;
pub use error::Rung;
pub use kernel::Figures;
pub use lab::Lab;
pub use lab::LabError;
pub use lab::Options;
pub use lab::Program;
pub use lab::Ticket;
pub use lab::serve;
pub use namespace::Settings;
pub use recorder::Recorder;
