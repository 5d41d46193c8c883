//! The HTTP front of lineman: connections that are bounded in number and patience, what a browser may do with an answer,
//! which `Host` a page answers to, and what an operator can see of a TFTP server.
//!
//! It holds nothing of what it tells: that comes through [`Eyes`]. Routes of others are added to the [`axum::Router`]
//! that [`eyes()`] gives.

mod connections;
mod eyes;
mod host;
mod safety;
mod stall;

pub use connections::Limits;
pub use connections::serve;
pub use eyes::Eyes;
pub use eyes::MOST_MACHINES;
pub use eyes::eyes;
pub use host::Hosts;
pub use safety::make_safe;
