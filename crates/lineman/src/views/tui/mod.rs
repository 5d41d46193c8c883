//! The lab on a whole terminal: hosts left and right, the ladder between them, keys to drive it.
//!
//! [`Model`] is a function of the log's events and of keys. It owns neither a lab nor a terminal: what
//! it wants comes out as an [`Order`], and [`draw()`] puts it on any ratatui frame. What a lab does
//! about an order is seen in the log, like everything else.

mod choice;
mod control;
mod diagram;
mod draw;
mod hex;
mod key;
mod model;
mod order;
mod prompt;
mod quiz;
mod walk;

#[cfg(test)]
mod tests;

pub use draw::draw;
pub use key::Key;
pub use model::Model;
pub use order::Notice;
pub use order::Order;
pub use order::Setup;
