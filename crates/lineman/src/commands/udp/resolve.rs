//! What the user typed as an address, and what that means.

use std::net::IpAddr;
use std::net::SocketAddr;

use lineman_net::Operation;
use lineman_net::SystemError;

use crate::args::address::HostPort;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::udp::Udp;

/// Reads `HOST`, `HOST:PORT`, `:PORT`.
pub fn host_port(text: &str, lang: Lang) -> Result<HostPort, Failure> {
    HostPort::parse(text).map_err(|error| Failure::usage(&error, lang))
}

/// All addresses of a host, in the order in which the system would have them tried.
pub async fn addresses(host: &str, port: u16, lang: Lang) -> Result<Vec<SocketAddr>, Failure> {
    let found = tokio::net::lookup_host((host, port)).await;
    let mut all: Vec<SocketAddr> = found
        .map_err(SystemError::new(Operation::Resolve, host))
        .map_err(|error| Failure::system(&error, lang))?
        .collect();
    all.dedup();
    Ok(all)
}

/// The address of a multicast group.
pub fn group(text: &str, lang: Lang) -> Result<IpAddr, Failure> {
    let address: Option<IpAddr> = text.parse().ok();
    address
        .filter(IpAddr::is_multicast)
        .ok_or_else(|| Failure::usage(&Udp::NotMulticast { group: &text }, lang))
}
