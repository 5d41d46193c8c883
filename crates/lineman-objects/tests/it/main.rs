//! Stores as they are, and as they should not be, behind a real server and real sockets.

mod fetching;
mod keeping;
mod kit;
mod origin;
mod trouble;
