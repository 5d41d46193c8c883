//! Which addresses the hosts of a lab have.

use std::net::IpAddr;
use std::net::SocketAddr;

use super::Ends;
use crate::log::Host;
use crate::log::Start;

/// The addresses of both hosts; none where they are not known, as of a capture.
#[derive(Debug, Default)]
pub(super) struct Addresses(Ends<Vec<IpAddr>>);

impl Addresses {
    pub(super) fn of(start: &Start) -> Self {
        let of = |role| {
            let machine = start.machine(role);
            machine.map_or_else(Vec::new, |machine| machine.addresses.clone())
        };
        Self(Ends {
            client: of(Host::Client),
            server: of(Host::Server),
        })
    }

    /// The address that a packet of `from` is for, if it is known that the other host does not have it.
    pub(super) fn nobody(&self, from: Host, to: Option<SocketAddr>) -> Option<IpAddr> {
        let (theirs, ip) = (&self.0[from.other()], to?.ip());
        let one = !ip.is_multicast() && !ip.is_unspecified() && !is_broadcast(ip);
        (one && !theirs.is_empty() && !theirs.contains(&ip)).then_some(ip)
    }
}

/// Of this network, or of the lab's, which has 24 bits of prefix.
fn is_broadcast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.octets()[3] == 255,
        IpAddr::V6(_) => false,
    }
}
