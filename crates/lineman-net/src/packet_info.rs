//! Answering from the address that was written to (`ip(7)`, `IP_PKTINFO`; `ipv6(7)`,
//! `IPV6_PKTINFO`).
//!
//! A socket of all addresses would answer from the one that the route prefers. A peer that wrote to
//! another one and connected its socket, as most do, would refuse that answer.

use std::io;
use std::io::IoSlice;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::ControlMessage;
use nix::sys::socket::ControlMessageOwned;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::RecvMsg;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::sendmsg;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;
use socket2::Domain;
use socket2::Socket;

/// Asks the kernel to tell with each datagram to which address it was sent.
pub(crate) fn keep(socket: &Socket, domain: Domain) -> io::Result<()> {
    if domain == Domain::IPV6 {
        setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    }
    // On a dual-stack socket as well, for mapped IPv4 peers.
    Ok(setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?)
}

/// Room for what [`Destination::of`] reads.
pub(crate) fn control() -> Vec<u8> {
    nix::cmsg_space!(libc::in_pktinfo, libc::in6_pktinfo)
}

/// An address of ours, with the interface where that matters (IPv6 link-local).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Local {
    pub(crate) ip: IpAddr,
    pub(crate) interface: u32,
}

/// What the kernel tells of a datagram's destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Destination {
    /// The address to answer from. For a broadcast or an IPv4 group it is that of the interface;
    /// for an IPv6 group there is none.
    pub(crate) answer_from: Option<Local>,
    /// Whether it was sent to that very address, not to everybody or to a group.
    pub(crate) is_direct: bool,
}

impl Destination {
    /// Reads what the kernel attached to a datagram.
    pub(crate) fn of(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Self {
        let Ok(parts) = message.cmsgs() else {
            return Self::default();
        };
        let mut found = Self::default();
        for part in parts {
            match part {
                ControlMessageOwned::Ipv4PacketInfo(info) => return Self::v4(info),
                ControlMessageOwned::Ipv6PacketInfo(info) => found = Self::v6(info),
                _ => {}
            }
        }
        found
    }

    fn v4(info: libc::in_pktinfo) -> Self {
        let address = |address: libc::in_addr| Ipv4Addr::from(address.s_addr.to_ne_bytes());
        let ours = address(info.ipi_spec_dst);
        Self {
            answer_from: Some(Local {
                ip: ours.into(),
                interface: 0,
            }),
            is_direct: address(info.ipi_addr) == ours,
        }
    }

    /// Mapped IPv4 addresses come with their own kind of information, which is the better one.
    fn v6(info: libc::in6_pktinfo) -> Self {
        let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
        if ip.is_multicast() || ip.to_ipv4_mapped().is_some() {
            return Self::default();
        }
        // An address of more than one link needs no interface; naming one would bypass the route.
        let interface = if ip.is_unicast_link_local() {
            info.ipi6_ifindex
        } else {
            0
        };
        Self {
            answer_from: Some(Local {
                ip: ip.into(),
                interface,
            }),
            is_direct: true,
        }
    }
}

/// Sends `payload` to `to` from our address `from`.
pub(crate) fn send(
    socket: &impl AsRawFd,
    payload: &[u8],
    to: SocketAddr,
    from: Local,
) -> io::Result<()> {
    let (v4, v6) = infos(from);
    let source = match from.ip {
        IpAddr::V4(_) => ControlMessage::Ipv4PacketInfo(&v4),
        IpAddr::V6(_) => ControlMessage::Ipv6PacketInfo(&v6),
    };
    let (fd, to) = (socket.as_raw_fd(), SockaddrStorage::from(to));
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    match sendmsg(fd, &[IoSlice::new(payload)], &[source], flags, Some(&to)) {
        Ok(_) => Ok(()),
        Err(Errno::EAGAIN) => Err(io::ErrorKind::WouldBlock.into()),
        Err(errno) => Err(errno.into()),
    }
}

/// The kernel's form of `from`, of which one is used.
fn infos(from: Local) -> (libc::in_pktinfo, libc::in6_pktinfo) {
    let (v4, v6) = match from.ip {
        IpAddr::V4(v4) => (v4, Ipv6Addr::UNSPECIFIED),
        IpAddr::V6(v6) => (Ipv4Addr::UNSPECIFIED, v6),
    };
    let in_addr = |ip: Ipv4Addr| libc::in_addr {
        s_addr: u32::from_ne_bytes(ip.octets()),
    };
    let v4 = libc::in_pktinfo {
        ipi_ifindex: 0,
        ipi_spec_dst: in_addr(v4),
        ipi_addr: in_addr(Ipv4Addr::UNSPECIFIED),
    };
    let v6 = libc::in6_pktinfo {
        ipi6_addr: libc::in6_addr {
            s6_addr: v6.octets(),
        },
        ipi6_ifindex: from.interface,
    };
    (v4, v6)
}
