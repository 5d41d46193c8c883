//! The lab: two hosts, one wire between them, and everything that happens told as one log of events.
//!
//! The log (`lineman_trace::log`) is the centre: each part that makes something happen (a host, the wire, the
//! kernel) appends to it, and every view and export is a pure function of it. Nothing in this crate draws
//! or has words for a reader.
//!
//! [`Lab::start`] starts a process that is the lab: `namespace` takes it out of the system's network
//! and makes one for each host, `link` lays the cables, [`wire`] carries the frames, `kernel` knows
//! what state each socket is in, and [`hosts`] make socket calls. It needs no privilege, and nothing
//! of it is left when its owner is gone.
//!
//! Where the system refuses that, [`Simulated`] has the same calls, wire and log over two TCP/IP stacks
//! in user space. [`Network`] is what both have in common.

mod error;
pub mod hosts;
mod kernel;
mod lab;
mod link;
mod namespace;
mod network;
mod programs;
mod recorder;
pub mod rules;
pub mod scenarios;
mod simulated;
mod sys;
mod trace;
pub mod wire;

pub use error::Refusal;
pub use error::Rung;
pub use kernel::Figures;
pub use kernel::OwnConnections;
pub use kernel::figures_of_own_connection;
pub use lab::Lab;
pub use lab::LabError;
pub use lab::Options;
pub use lab::Program;
pub use lab::Ticket;
pub use lab::serve;
pub use lab::system;
pub use namespace::Settings;
pub use network::Kernel;
pub use network::Network;
pub use programs::Ended;
pub use programs::RunRequest;
pub use programs::Untraceable;
pub use programs::try_tracing;
pub use recorder::Recorder;
pub use simulated::Difference;
pub use simulated::Paced;
pub use simulated::Simulated;
