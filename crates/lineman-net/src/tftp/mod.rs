//! TFTP over real sockets and files: a server, and a client that gets and puts.

mod admission;
mod atomic_file;
mod body;
mod client;
pub mod load;
mod report;
mod server;
mod socket;
mod store;
mod transfer;

pub use atomic_file::AtomicFile;
pub use body::Sink;
pub use body::Source;
pub use client::Client;
pub use client::ClientOptions;
pub use client::Progress;
pub use report::Ending;
pub use report::Refusal;
pub use report::Report;
pub use server::Server;
pub use server::ServerConfig;
pub use server::ServerEvent;
pub use store::Store;
pub use store::WritePolicy;
