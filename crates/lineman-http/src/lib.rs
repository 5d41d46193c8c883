//! The HTTP front of lineman: connections that are bounded in number and patience, what a browser may do with an answer,
//! which `Host` a page answers to, what an operator can see of a TFTP server, and the files of that server.
//!
//! It holds nothing of what it tells: that comes through [`Eyes`] and [`Files`].

mod connections;
mod eyes;
mod files;
mod host;
mod safety;
mod stall;

pub use connections::Limits;
pub use connections::serve;
pub use eyes::Eyes;
pub use eyes::MOST_MACHINES;
pub use eyes::front;
pub use files::Answered;
pub use files::Asked;
pub use files::Description;
pub use files::Ending;
pub use files::Files;
pub use files::Listed;
pub use files::Undelivered;
pub use files::listing;
pub use host::Hosts;
pub use safety::make_safe;
