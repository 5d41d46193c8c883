//! Drivers of lineman: the sockets, files and clocks behind the state machines of
//! `lineman-proto`. No user interface: what happened is reported as values, and the program that
//! uses this crate puts them into words.
#![warn(missing_docs)]

mod addr;
pub mod capture;
pub mod chat;
mod confine;
mod durations;
mod error;
pub mod machine;
mod neighbours;
mod output_file;
mod packet_info;
mod privileges;
pub mod proxydhcp;
mod supervisor;
mod sys;
pub mod tftp;
pub mod udp;

pub use confine::Confinement;
pub use confine::Elsewhere;
pub use confine::Needs;
pub use confine::Rights;
pub use durations::CountedDurations;
pub use durations::Durations;
pub use error::Operation;
pub use error::SystemError;
pub use neighbours::Neighbours;
pub use output_file::FileId;
pub use output_file::OutputError;
pub use output_file::OutputFile;
pub use privileges::Account;
pub use privileges::AccountError;
pub use privileges::give_up_capturing;
pub use supervisor::Notifier;
pub use sys::undelivered;
