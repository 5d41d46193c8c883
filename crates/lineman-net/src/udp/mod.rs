//! UDP sockets that keep what the kernel knows: where a datagram came from, whether it was cut, and
//! which ones were refused.
//!
//! Nothing here decides what is sent to whom; `lineman_proto::datagram` does.

pub(crate) mod bounce;
mod interface;
mod open;
mod socket;
#[cfg(test)]
mod tests;

pub use bounce::Bounce;
pub use interface::Interface;
pub use interface::UnknownInterface;
pub use interface::interfaces;
pub use interface::zone;
pub use open::At;
pub use open::Group;
pub use open::Listen;
pub use open::Toward;
pub use socket::Arrival;
pub use socket::RECEIVE_BUFFER;
pub use socket::SendError;
pub use socket::Socket;
