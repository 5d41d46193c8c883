//! A load generator: many clients of one server in few threads, to learn what the server can do.
//!
//! The generator must not be what it measures. So a client is no task and no thread: it is a
//! [`Session`](lineman_proto::tftp::Session) and a socket in a table, and one thread waits for all
//! sockets of its clients with one epoll. What arrives is counted, and compared if that was asked
//! for, and never stored. Sockets receive with UDP GRO: a window that the server hands to its kernel
//! in one piece costs one call here too. The same clients as tasks of a runtime with one thread were
//! measured against the same source: a byte cost them 2.2 times the processor in lockstep, and 3.8
//! times in windows of 64.
//!
//! Every transfer has a socket of its own, as RFC 1350 §4 wants (a TID for each transfer), and each
//! client begins its next transfer when the last one has ended: a closed loop. Packets are lost on
//! purpose by [`Loss`], reproducibly.

mod client;
mod histogram;
mod loss;
mod null_server;
mod options;
mod outcome;
mod report;
mod run;
#[cfg(test)]
mod simulated;
mod slots;
mod socket;
mod worker;

pub use histogram::Histogram;
pub use loss::Dice;
pub use loss::Loss;
pub use null_server::NullServer;
pub use options::LoadOptions;
pub use options::Reference;
pub use report::FailureKind;
pub use report::LoadReport;
pub use report::Tally;
pub use run::LoadError;
pub use run::reference;
pub use run::run;
