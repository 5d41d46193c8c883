//! The system calls that have no safe wrapper: the one module of this crate with `unsafe`.
#![allow(unsafe_code, reason = "each block says why it is sound")]

use std::io;
use std::os::fd::AsRawFd as _;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::libc;
use nix::sys::socket::AddressFamily;
use nix::sys::socket::SockFlag;
use nix::sys::socket::SockType;
use nix::sys::socket::setsockopt;
use nix::sys::socket::socket;
use nix::sys::socket::sockopt;
use rustix::ioctl::Opcode;
use rustix::ioctl::Updater;
use rustix::ioctl::ioctl;
use rustix::process::Signal;
use rustix::process::set_parent_process_death_signal;

/// A socket that sees every frame that arrives on an interface, and none that leaves; what is sent
/// through it leaves by that interface (packet(7)). The kernel says of each when it arrived (`SO_TIMESTAMPNS` of
/// socket(7)).
///
/// # Errors
/// When the system refuses, or there is no such interface in this network namespace.
pub(crate) fn packet_socket(interface: u32) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    // Without a protocol it receives nothing until it is bound.
    let fd = socket(AddressFamily::Packet, SockType::Raw, flags, None)?;
    // More than the windows of both hosts. Who may not have as much gets what the system allows.
    if setsockopt(&fd, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
        setsockopt(&fd, sockopt::RcvBuf, &RECEIVE_BUFFER)?;
    }
    setsockopt(&fd, sockopt::ReceiveTimestampns, &true)?;
    let yes: libc::c_int = 1;
    // SAFETY: the kernel reads one int from the pointer, which is to one.
    check(unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_IGNORE_OUTGOING,
            (&raw const yes).cast(),
            size_of_val(&yes) as libc::socklen_t,
        )
    })?;
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: (libc::ETH_P_ALL as u16).to_be(),
        sll_ifindex: interface as i32,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    // SAFETY: the kernel reads `len` bytes from the pointer, which is to a structure that large.
    check(unsafe {
        libc::bind(
            fd.as_raw_fd(),
            (&raw const address).cast(),
            size_of_val(&address) as libc::socklen_t,
        )
    })?;
    Ok(fd)
}

/// How much a packet socket holds that was not read, in bytes: more than two hosts with large windows can have under way
/// (6 MiB each by `tcp_rmem`), also while the machine does other things. What does not fit, the wire would lose.
const RECEIVE_BUFFER: usize = 16 << 20;

fn check(result: libc::c_int) -> io::Result<()> {
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// An option of a socket as the kernel has it, `size` bytes of it at most (getsockopt(2)).
///
/// # Errors
/// When the system refuses.
pub(crate) fn socket_option(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    size: usize,
) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0_u8; size];
    let mut len = libc::socklen_t::try_from(size).map_err(io::Error::other)?;
    // SAFETY: the kernel writes at most `len` bytes to the first pointer, which is to as many, and says
    // at the second how many these were.
    check(unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            name,
            bytes.as_mut_ptr().cast(),
            &raw mut len,
        )
    })?;
    bytes.truncate(len as usize);
    Ok(bytes)
}

/// Has the kernel kill what `command` starts when the thread that starts it ends (prctl(2),
/// `PR_SET_PDEATHSIG`).
pub(crate) fn die_with_parent(command: &mut Command) {
    let ask = || Ok(set_parent_process_death_signal(Some(Signal::KILL))?);
    // SAFETY: between fork and exec only a system call is made, which allocates nothing and takes no
    // lock.
    unsafe { command.pre_exec(ask) };
}

/// Has what `command` starts have `descriptor`, too, as its descriptor `number`.
pub(crate) fn inherit(command: &mut Command, descriptor: OwnedFd, number: i32) {
    let give = move || {
        let own = descriptor.as_raw_fd();
        // SAFETY: both calls take numbers only. `own` is open as long as `command` has this closure.
        check(unsafe {
            match own == number {
                true => libc::fcntl(own, libc::F_SETFD, 0),
                false => libc::dup2(own, number).min(0),
            }
        })
    };
    // SAFETY: between fork and exec only a system call is made, which allocates nothing and takes no
    // lock.
    unsafe { command.pre_exec(give) };
}

/// Switches a feature of an interface off (`SIOCETHTOOL` of netdevice(7), linux/ethtool.h).
/// `command` is one of those that set a feature, `name` that of the interface.
///
/// # Errors
/// When the system refuses, or there is no such interface in the namespace of `socket`.
pub(crate) fn switch_off(socket: BorrowedFd<'_>, name: &str, command: u32) -> io::Result<()> {
    const SIOCETHTOOL: Opcode = libc::SIOCETHTOOL as Opcode;
    let mut value = EthtoolValue { command, data: 0 };
    let mut request = InterfaceRequest::new(name, &raw mut value);
    // SAFETY: SIOCETHTOOL takes a pointer to a `struct ifreq`, which `InterfaceRequest` is as far
    // as the kernel reads it for this call, with a pointer to a `struct ethtool_value`, which
    // lives until the end of this function.
    unsafe { ioctl(socket, Updater::<SIOCETHTOOL, _>::new(&mut request)) }?;
    Ok(())
}

/// `struct ethtool_value`.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

/// `struct ifreq` with its largest size, and the member `ifr_data`.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; libc::IFNAMSIZ],
    data: *mut EthtoolValue,
    rest: [u8; 16],
}

impl InterfaceRequest {
    fn new(text: &str, data: *mut EthtoolValue) -> Self {
        let mut name = [0; libc::IFNAMSIZ];
        let room = name.len() - 1;
        for (place, byte) in name[..room].iter_mut().zip(text.bytes()) {
            *place = byte;
        }
        let rest = [0; 16];
        Self { name, data, rest }
    }
}

const _: () = assert!(size_of::<InterfaceRequest>() >= size_of::<libc::ifreq>());
