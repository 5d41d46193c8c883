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
pub(super) fn keep(socket: &Socket, domain: Domain) -> io::Result<()> {
    if domain == Domain::IPV6 {
        setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    }
    // On a dual-stack socket as well, for mapped IPv4 peers.
    Ok(setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?)
}

/// Room for what [`of`] reads.
pub(super) fn control() -> Vec<u8> {
    nix::cmsg_space!(libc::in_pktinfo, libc::in6_pktinfo)
}

/// Our address that a datagram was sent to. For a broadcast or an IPv4 group that is the one to
/// answer from; for an IPv6 group there is none.
pub(super) fn of(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Option<IpAddr> {
    let parts = message.cmsgs().ok()?;
    let mut v6 = None;
    for part in parts {
        match part {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                let octets = info.ipi_spec_dst.s_addr.to_ne_bytes();
                return Some(Ipv4Addr::from(octets).into());
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                v6 = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr));
            }
            _ => {}
        }
    }
    let source = v6.filter(|ip| !ip.is_multicast() && ip.to_ipv4_mapped().is_none());
    source.map(IpAddr::V6)
}

/// Sends `payload` to `to` from our address `from`.
pub(super) fn send(
    socket: &impl AsRawFd,
    payload: &[u8],
    to: SocketAddr,
    from: IpAddr,
) -> io::Result<()> {
    let (v4, v6) = infos(from);
    let source = match from {
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

/// The kernel's form of `from`, of which one is used. Interface 0: the route decides.
fn infos(from: IpAddr) -> (libc::in_pktinfo, libc::in6_pktinfo) {
    let (v4, v6) = match from {
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
        ipi6_ifindex: 0,
    };
    (v4, v6)
}
