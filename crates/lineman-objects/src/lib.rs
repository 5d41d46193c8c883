//! Files for a TFTP server that are not on this machine: in an object store (S3 and its kin, Google,
//! Azure) or on a web server.
//!
//! What is asked for is fetched once, for however many clients, by the server itself: a client that goes
//! away ends nothing. It goes to the disk as fast as it comes, and transfers read behind it. A transfer
//! keeps the version that it began with. Files that are whole stay in a cache of a bounded size, and are
//! asked for again by their ETag.
//!
//! This crate is the only one with a client of HTTP. No words for people.
#![warn(missing_docs)]

mod cache;
mod client;
mod controllers;
mod counts;
mod fault;
mod fetch;
mod key;
mod location;
mod objects;
mod reach;
mod shelf;
mod upstream;
mod vendors;

pub use controllers::Controllers;
pub use counts::Answered;
pub use counts::Counts;
pub use counts::Found;
pub use location::Location;
pub use location::LocationError;
pub use objects::CacheConfig;
pub use objects::Notice;
pub use objects::Objects;
