//! Proxy DHCP: telling machines that boot from the network what to load, beside a DHCP server that only gives
//! addresses (Preboot Execution Environment 2.1, §2.2 and §2.3; RFC 2131, 2132, 4578).
//!
//! A machine's DHCPDISCOVER says in option 60 that firmware is asking, and in option 93 for which processor. The DHCP
//! server offers an address; a proxy offers, with no address (`yiaddr` 0), where the loader is. A machine that wants to hear that
//! again, from the boot server's port ([`BOOT_SERVER_PORT`]), gets a DHCPACK with the same. [`ProxyDhcp`] answers
//! nothing else: no address is ever given out, and no client that is not firmware notices that it is there.
//!
//! It is a function of packets and times, without a timer: one datagram in, an [`Outcome`] out.

mod arch;
mod client;
mod limits;
mod loaders;
mod message;
mod proxy;
mod reply;
#[cfg(test)]
mod tests;

pub use arch::Arch;
pub use client::Class;
pub use client::Client;
pub use client::HardwareAddress;
pub use client::MachineId;
pub use loaders::Loader;
pub use loaders::LoaderError;
pub use loaders::LoaderKey;
pub use loaders::Loaders;
pub use message::Message;
pub use message::Options;
pub use message::option;
pub use proxy::Answer;
pub use proxy::Arrival;
pub use proxy::Counts;
pub use proxy::Ignored;
pub use proxy::Outcome;
pub use proxy::ProxyDhcp;
pub use proxy::Refused;
pub use proxy::Service;
pub use proxy::To;

/// Where DHCP servers, relays and proxies listen (RFC 2131 §4.1).
pub const SERVER_PORT: u16 = 67;
/// Where DHCP clients listen (RFC 2131 §4.1).
pub const CLIENT_PORT: u16 = 68;
/// Where boot servers and proxies listen that clients ask directly (PXE 2.1 §2.2.4).
pub const BOOT_SERVER_PORT: u16 = 4011;
