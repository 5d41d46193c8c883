//! The system calls that have no safe wrapper: the one module of this crate with `unsafe`.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::AsFd;

use nix::libc;
use rustix::ioctl::Getter;
use rustix::ioctl::Opcode;
use rustix::ioctl::ioctl;

/// How many bytes the peer's TCP has not acknowledged; the end of sending counts as one.
///
/// `SIOCOUTQ` of tcp(7), which Linux defines as `TIOCOUTQ`. After a reset it still tells what was
/// lost. Neither `nix` nor `rustix` offers it.
///
/// # Errors
/// When `socket` is not a connected TCP socket.
pub(crate) fn unacknowledged(socket: impl AsFd) -> io::Result<u64> {
    const SIOCOUTQ: Opcode = libc::TIOCOUTQ as Opcode;
    // SAFETY: SIOCOUTQ takes a pointer to an int and writes nothing but that int (tcp(7)), which
    // is what `Getter` with this output type hands it and reads back.
    let bytes: libc::c_int = unsafe { ioctl(socket, Getter::<SIOCOUTQ, libc::c_int>::new()) }?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}
