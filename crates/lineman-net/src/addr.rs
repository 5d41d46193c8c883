//! Socket addresses: the kernel's form, and IPv4 as it stands in a socket of both families.

use std::net::SocketAddr;
use std::net::SocketAddrV4;
use std::net::SocketAddrV6;

use nix::sys::socket::SockaddrStorage;

/// The kernel's address as a plain one; a mapped IPv4 address as what it is.
pub(crate) fn plain(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddrV4::from(*v4));
    let v6 = || address.as_sockaddr_in6().map(|v6| SocketAddrV6::from(*v6));
    v4.map(SocketAddr::V4)
        .or_else(|| v6().map(|v6| canonical(SocketAddr::V6(v6))))
}

/// A mapped IPv4 address as what it is.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        v4 if v4.is_ipv4() => SocketAddr::new(v4, address.port()),
        _ => address, // with its scope
    }
}

/// An IPv4 address the way that a socket at `local` wants it: mapped, if it has both families.
pub(crate) fn as_sent_from(local: SocketAddr, to: SocketAddr) -> SocketAddr {
    match to {
        SocketAddr::V4(v4) if local.is_ipv6() => {
            SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port())
        }
        _ => to,
    }
}
