//! Frames of a wire, taken apart: Ethernet and other links, ARP, IPv4, IPv6, TCP, UDP, ICMP, and TFTP above
//! UDP.
//!
//! [`Frame::parse`] takes any bytes and never fails: it goes as deep as they carry it, and
//! [`Frame::flaw`] says where and why it stopped. [`Frame::captured`] is for frames of other links than
//! Ethernet ([`LinkType`]), and for those of which a capture has kept only the beginning. Every view borrows from the frame and was checked
//! when it was made. [`Frame::fields`] names every field with its place in the frame, for a view
//! that shows the bytes; `Display` is one line.
//!
//! [`compose`] makes frames, [`checksum`] checks and repairs them, [`Conversations`] recognises TFTP
//! beyond its well-known port.

mod arp;
pub mod checksum;
pub mod compose;
mod conversations;
mod cooked;
mod ethernet;
mod field;
pub mod filter;
pub mod flow;
mod frame;
mod icmp;
mod ip;
mod ipv4;
mod ipv6;
mod kind;
mod layers;
mod line;
mod link;
mod loopback;
mod part;
mod places;
mod read;
mod tcp;
mod tcp_options;
mod tftp;
mod udp;

#[cfg(test)]
mod tests;

pub use arp::Arp;
pub use checksum::Checksum;
pub use conversations::Conversations;
pub use cooked::Cooked;
pub use cooked::PacketType;
pub use ethernet::Ethernet;
pub use ethernet::Mac;
pub use field::Field;
pub use field::Layer;
pub use frame::Frame;
pub use icmp::Icmp;
pub use icmp::Problem;
pub use icmp::Quoted;
pub use ip::Fragment;
pub use ip::Protocol;
pub use ipv4::Ipv4;
pub use ipv6::Ipv6;
pub use kind::Kind;
pub use kind::Kinds;
pub use link::LinkType;
pub use part::Flaw;
pub use part::Part;
pub use part::Wrong;
pub use places::Carries;
pub use tcp::Flags;
pub use tcp::Tcp;
pub use tcp_options::SackBlocks;
pub use tcp_options::TcpOption;
pub use tcp_options::TcpOptions;
pub use udp::Udp;
