//! Packet sockets (packet(7)), as far as no library offers them safely.

use std::io;
use std::os::fd::AsRawFd;

use nix::libc;
use rustix::ioctl::Opcode;
use rustix::ioctl::Updater;
use rustix::ioctl::ioctl;

use super::AsFd;

/// Binds a packet socket to an interface, or to all of them (0). With the protocol 0 it receives nothing.
///
/// # Errors
/// When there is no such interface, or it is down.
pub(crate) fn bind_packet(socket: &impl AsRawFd, interface: u32, protocol: u16) -> io::Result<()> {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: protocol.to_be(),
        sll_ifindex: interface as i32,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    // SAFETY: the kernel reads `len` bytes from the pointer, which is to a structure that large.
    check(unsafe {
        libc::bind(
            socket.as_raw_fd(),
            (&raw const address).cast(),
            size_of_val(&address) as libc::socklen_t,
        )
    })
}

/// The kind of hardware of the interface that a packet socket is bound to (`ARPHRD_…` of linux/if_arp.h).
///
/// # Errors
/// When it is no packet socket.
pub(crate) fn packet_hardware(socket: &impl AsRawFd) -> io::Result<u16> {
    let mut address = libc::sockaddr_ll {
        sll_family: 0,
        sll_protocol: 0,
        sll_ifindex: 0,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let mut len = size_of_val(&address) as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes to the first pointer, which is to a structure that
    // large and of integers only, and says at the second how many there would have been.
    check(unsafe {
        libc::getsockname(socket.as_raw_fd(), (&raw mut address).cast(), &raw mut len)
    })?;
    Ok(address.sll_hatype)
}

/// Switches an option of packet sockets on that is an int (`PACKET_AUXDATA`, `PACKET_IGNORE_OUTGOING`).
///
/// # Errors
/// When the kernel does not know it.
pub(crate) fn packet_option(socket: &impl AsRawFd, name: libc::c_int) -> io::Result<()> {
    let yes: libc::c_int = 1;
    // SAFETY: the kernel reads one int from the pointer, which is to one.
    check(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            name,
            (&raw const yes).cast(),
            size_of_val(&yes) as libc::socklen_t,
        )
    })
}

/// Has an interface take frames that are not for it, for as long as the socket is open.
///
/// # Errors
/// When there is no such interface.
pub(crate) fn promiscuous(socket: &impl AsRawFd, interface: u32) -> io::Result<()> {
    let request = libc::packet_mreq {
        mr_ifindex: interface as i32,
        mr_type: libc::PACKET_MR_PROMISC as u16,
        mr_alen: 0,
        mr_address: [0; 8],
    };
    // SAFETY: the kernel reads `len` bytes from the pointer, which is to a structure that large.
    check(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_ADD_MEMBERSHIP,
            (&raw const request).cast(),
            size_of_val(&request) as libc::socklen_t,
        )
    })
}

/// How many packets a socket could not take since this was last asked: asking sets the kernel's count to zero.
///
/// # Errors
/// When it is no packet socket.
pub(crate) fn packets_lost(socket: &impl AsRawFd) -> io::Result<u32> {
    let mut counts = libc::tpacket_stats {
        tp_packets: 0,
        tp_drops: 0,
    };
    let mut len = size_of_val(&counts) as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes to the first pointer, which is to a structure that
    // large and of integers only.
    check(unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            (&raw mut counts).cast(),
            &raw mut len,
        )
    })?;
    Ok(counts.tp_drops)
}

/// The largest packet that an interface takes at once (`SIOCGIFMTU` of netdevice(7)).
///
/// # Errors
/// When there is no such interface in the network namespace of the socket.
pub(crate) fn mtu(socket: &impl AsFd, name: &str) -> io::Result<u32> {
    const SIOCGIFMTU: Opcode = libc::SIOCGIFMTU as Opcode;
    let mut request = InterfaceRequest {
        name: [0; libc::IFNAMSIZ],
        mtu: 0,
        rest: [0; 20],
    };
    let room = libc::IFNAMSIZ - 1;
    for (place, byte) in request.name[..room].iter_mut().zip(name.bytes()) {
        *place = byte;
    }
    // SAFETY: SIOCGIFMTU takes a pointer to a `struct ifreq`, which `InterfaceRequest` is with the member
    // `ifr_mtu`, at its largest size.
    unsafe { ioctl(socket, Updater::<SIOCGIFMTU, _>::new(&mut request)) }?;
    Ok(request.mtu.try_into().unwrap_or(0))
}

/// `struct ifreq` with its largest size, and the member `ifr_mtu`.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; libc::IFNAMSIZ],
    mtu: libc::c_int,
    rest: [u8; 20],
}

const _: () = assert!(size_of::<InterfaceRequest>() >= size_of::<libc::ifreq>());

fn check(result: libc::c_int) -> io::Result<()> {
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
