//! System calls that no library of ours offers safely: the one module with `unsafe`.
#![allow(unsafe_code, reason = "see above; each block says why it is sound")]

use std::io;
use std::os::fd::AsRawFd;

/// The MTU of the route of a connected IPv6 socket (`IPV6_MTU` in ipv6(7)).
///
/// # Errors
/// When the socket is not connected.
pub(crate) fn ipv6_mtu(socket: &impl AsRawFd) -> io::Result<u32> {
    let mut mtu: nix::libc::c_int = 0;
    let mut len = size_of_val(&mtu) as nix::libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes to `mtu`, which is that large and lives
    // through the call.
    let result = unsafe {
        nix::libc::getsockopt(
            socket.as_raw_fd(),
            nix::libc::IPPROTO_IPV6,
            nix::libc::IPV6_MTU,
            (&raw mut mtu).cast(),
            &raw mut len,
        )
    };
    if result == 0 {
        Ok(mtu.try_into().unwrap_or(0))
    } else {
        Err(io::Error::last_os_error())
    }
}
