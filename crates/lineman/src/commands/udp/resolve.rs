//! What the user typed as an address, and what that means.

use std::net::IpAddr;

use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::udp::Udp;

/// The address of a multicast group.
pub fn group(text: &str, lang: Lang) -> Result<IpAddr, Failure> {
    let address: Option<IpAddr> = text.parse().ok();
    address
        .filter(IpAddr::is_multicast)
        .ok_or_else(|| Failure::usage(&Udp::NotMulticast { group: &text }, lang))
}
