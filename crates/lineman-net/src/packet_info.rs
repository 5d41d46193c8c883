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

/// An address of ours, with the interface where that matters (IPv6 link-local, broadcasts).
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
    /// The interface that it came in by; 0 if the kernel did not say.
    pub(crate) interface: u32,
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
            interface: info.ipi_ifindex.unsigned_abs(),
        }
    }

    /// Mapped IPv4 addresses come with their own kind of information, which is the better one.
    fn v6(info: libc::in6_pktinfo) -> Self {
        let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
        let came_in_by = info.ipi6_ifindex;
        if ip.is_multicast() || ip.to_ipv4_mapped().is_some() {
            return Self {
                interface: came_in_by,
                ..Self::default()
            };
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
            interface: came_in_by,
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
    let source = Source::from(from);
    let (fd, to) = (socket.as_raw_fd(), SockaddrStorage::from(to));
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    let parts = [IoSlice::new(payload)];
    match sendmsg(fd, &parts, &[source.control()], flags, Some(&to)) {
        Ok(_) => Ok(()),
        Err(Errno::EAGAIN) => Err(io::ErrorKind::WouldBlock.into()),
        Err(errno) => Err(errno.into()),
    }
}

/// An address of ours as the kernel wants to hear it with a datagram.
pub(crate) enum Source {
    V4(libc::in_pktinfo),
    V6(libc::in6_pktinfo),
}

impl Source {
    /// What to attach.
    pub(crate) fn control(&self) -> ControlMessage<'_> {
        match self {
            Self::V4(info) => ControlMessage::Ipv4PacketInfo(info),
            Self::V6(info) => ControlMessage::Ipv6PacketInfo(info),
        }
    }
}

impl From<Local> for Source {
    fn from(local: Local) -> Self {
        let in_addr = |ip: Ipv4Addr| libc::in_addr {
            s_addr: u32::from_ne_bytes(ip.octets()),
        };
        match local.ip {
            IpAddr::V4(ip) => Self::V4(libc::in_pktinfo {
                ipi_ifindex: local.interface.cast_signed(),
                ipi_spec_dst: in_addr(ip),
                ipi_addr: in_addr(Ipv4Addr::UNSPECIFIED),
            }),
            IpAddr::V6(ip) => Self::V6(libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr {
                    s6_addr: ip.octets(),
                },
                ipi6_ifindex: local.interface,
            }),
        }
    }
}
