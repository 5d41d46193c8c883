//! TFTP over real sockets and files: a server, and a client that gets and puts.

mod admission;
#[cfg(test)]
mod admission_tests;
mod atomic_file;
mod burst;
mod cache;
mod client;
mod engine;
mod fetched;
mod guard;
mod inbox;
pub mod load;
mod open_files;
mod places;
mod ports;
mod reclaim;
mod report;
mod server;
mod sink;
mod socket;
mod source;
mod store;
mod text;
mod timers;
mod transfer;
mod transfer_socket;

pub use atomic_file::AtomicFile;
pub use atomic_file::Replaced;
pub use client::Client;
pub use client::ClientOptions;
pub use client::Progress;
pub use ports::Ports;
pub use report::BadLink;
pub use report::Ending;
pub use report::Refusal;
pub use report::Report;
pub use server::RefusedCounts;
pub use server::Server;
pub use server::ServerConfig;
pub use server::ServerEvent;
pub use sink::NewFile;
pub use sink::Sink;
pub use source::Source;
pub use store::Store;
pub use store::Upload;
pub use store::WritePolicy;
