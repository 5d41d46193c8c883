//! UDP sockets for TFTP: requests with the address they were sent to, answers from there.

use std::io;
use std::io::IoSlice;
use std::io::IoSliceMut;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::SocketAddrV6;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;

use nix::libc;
use nix::sys::socket::ControlMessage;
use nix::sys::socket::ControlMessageOwned;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;
use socket2::Domain;
use socket2::Protocol;
use socket2::Socket;
use socket2::Type;
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::sys;

/// The socket that requests come to.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    socket: Arc<UdpSocket>,
    local: SocketAddr,
}

/// A datagram at the listening socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// Its length.
    pub(super) len: usize,
    /// Who sent it.
    pub(super) from: SocketAddr,
    /// The address of ours that it was sent to; `None` if it was a broadcast or for a group.
    pub(super) to: Option<Local>,
}

/// An address of ours, with the interface where that matters (IPv6 link-local).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Local {
    ip: IpAddr,
    scope: u32,
}

impl Listener {
    /// Listens at `addr`; `[::]` means IPv4 too.
    ///
    /// # Errors
    /// What the system says to the address.
    pub(super) fn bind(addr: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
        if addr.is_ipv6() {
            socket.set_only_v6(!addr.ip().is_unspecified())?;
            setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
        }
        // For IPv6 too: of an IPv4 datagram to `[::]` only this tells whether it was a broadcast.
        if addr.is_ipv4() || addr.ip().is_unspecified() {
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        }
        socket.bind(&addr.into())?;
        let socket = Arc::new(into_tokio(socket)?);
        let local = socket.local_addr()?;
        Ok(Self { socket, local })
    }

    /// Where it listens.
    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Waits for a datagram.
    pub(super) async fn receive(&self, buffer: &mut [u8]) -> io::Result<Arrival> {
        self.socket
            .async_io(Interest::READABLE, || self.try_receive(buffer))
            .await
    }

    /// Sends an answer from the address that was asked. Best effort: whoever asked asks again.
    pub(super) fn answer(&self, to: SocketAddr, from: Local, packet: &[u8]) {
        let mapped = if self.local.is_ipv6() { map(to) } else { to };
        let _ = self.socket.try_io(Interest::WRITABLE, || {
            let iov = [IoSlice::new(packet)];
            let to = SockaddrStorage::from(mapped);
            let fd = self.socket.as_raw_fd();
            let flags = MsgFlags::empty();
            if self.local.is_ipv6() {
                let info = from.v6_info();
                nix::sys::socket::sendmsg(
                    fd,
                    &iov,
                    &[ControlMessage::Ipv6PacketInfo(&info)],
                    flags,
                    Some(&to),
                )
            } else {
                let info = from.v4_info();
                nix::sys::socket::sendmsg(
                    fd,
                    &iov,
                    &[ControlMessage::Ipv4PacketInfo(&info)],
                    flags,
                    Some(&to),
                )
            }
            .map_err(io::Error::from)
        });
    }

    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<Arrival> {
        let mut space = nix::cmsg_space!(libc::in6_pktinfo, libc::in_pktinfo);
        let mut iov = [IoSliceMut::new(buffer)];
        let message = nix::sys::socket::recvmsg::<SockaddrStorage>(
            self.socket.as_raw_fd(),
            &mut iov,
            Some(&mut space),
            MsgFlags::empty(),
        )?;
        let from = message
            .address
            .as_ref()
            .and_then(socket_addr)
            .ok_or(io::ErrorKind::InvalidData)?;
        let mut to = None;
        for control in message.cmsgs()? {
            match control {
                ControlMessageOwned::Ipv4PacketInfo(info) => {
                    to = Local::v4(info);
                    break; // it knows better than its IPv6 likeness
                }
                ControlMessageOwned::Ipv6PacketInfo(info) => to = Local::v6(info),
                _ => {}
            }
        }
        Ok(Arrival {
            len: message.bytes,
            from,
            to,
        })
    }
}

impl Local {
    /// A broadcast is sent to another address than ours; RFC 1123 §4.2.3.5 says to ignore it.
    fn v4(info: libc::in_pktinfo) -> Option<Self> {
        let header = Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr));
        let ours = Ipv4Addr::from(u32::from_be(info.ipi_spec_dst.s_addr));
        (header == ours).then_some(Self {
            ip: ours.into(),
            scope: 0,
        })
    }

    fn v6(info: libc::in6_pktinfo) -> Option<Self> {
        let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
        if ip.is_multicast() {
            return None;
        }
        match ip.to_ipv4_mapped() {
            Some(v4) if v4.is_broadcast() || v4.is_multicast() => None,
            Some(v4) => Some(Self {
                ip: v4.into(),
                scope: 0,
            }),
            None => Some(Self {
                ip: ip.into(),
                scope: info.ipi6_ifindex,
            }),
        }
    }

    fn v4_info(self) -> libc::in_pktinfo {
        let ip = match self.ip {
            IpAddr::V4(ip) => ip,
            IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
        };
        libc::in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: libc::in_addr {
                s_addr: u32::from(ip).to_be(),
            },
            ipi_addr: libc::in_addr { s_addr: 0 },
        }
    }

    fn v6_info(self) -> libc::in6_pktinfo {
        let ip = match self.ip {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        libc::in6_pktinfo {
            ipi6_addr: libc::in6_addr {
                s6_addr: ip.octets(),
            },
            ipi6_ifindex: self.scope,
        }
    }

    /// A new socket at this address: the server's TID for one transfer.
    pub(super) fn transfer_socket(self) -> io::Result<UdpSocket> {
        match self.ip {
            IpAddr::V4(_) => open(SocketAddr::new(self.ip, 0)),
            IpAddr::V6(ip) => {
                let scope = if ip.is_unicast_link_local() {
                    self.scope
                } else {
                    0
                };
                open(SocketAddrV6::new(ip, 0, 0, scope).into())
            }
        }
    }
}

/// A client's socket for a server at `server`. The system's word that nobody listens there
/// (ICMP) comes back as an error of the next call.
pub(super) fn client_socket(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = open(SocketAddr::new(any, 0))?;
    if server.is_ipv6() {
        setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
    } else {
        setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
    }
    Ok(socket)
}

/// The largest block that reaches `peer` in one piece, by the MTU of the route from here.
pub(super) fn route_blksize(peer: SocketAddr) -> io::Result<u16> {
    let probe = Socket::new(Domain::for_address(peer), Type::DGRAM, Some(Protocol::UDP))?;
    probe.connect(&peer.into())?;
    let (mtu, headers) = if peer.is_ipv6() {
        (sys::ipv6_mtu(&probe)?, IPV6_HEADERS)
    } else {
        let mtu = nix::sys::socket::getsockopt(&probe, sockopt::IpMtu)?;
        (u32::try_from(mtu).unwrap_or(0), IPV4_HEADERS)
    };
    let room = mtu
        .saturating_sub(headers)
        .clamp(512, lineman_proto::tftp::MAX_BLKSIZE.into());
    Ok(room as u16) // clamped to what fits
}

/// A mapped IPv4 address as what it is.
pub(super) fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::new(v4.into(), v6.port()),
            None => addr,
        },
        SocketAddr::V4(_) => addr,
    }
}

fn open(local: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    // A window must fit; the kernel cuts this to what it allows.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.bind(&local.into())?;
    into_tokio(socket)
}

fn into_tokio(socket: Socket) -> io::Result<UdpSocket> {
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket.into())
}

fn map(addr: SocketAddr) -> SocketAddr {
    match addr {
        SocketAddr::V4(v4) => SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port()),
        SocketAddr::V6(_) => addr,
    }
}

fn socket_addr(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = storage.as_sockaddr_in() {
        return Some(SocketAddr::new(v4.ip().into(), v4.port()));
    }
    let v6 = storage.as_sockaddr_in6()?;
    let addr = SocketAddrV6::new(v6.ip(), v6.port(), v6.flowinfo(), v6.scope_id());
    Some(canonical(addr.into()))
}

/// IP, UDP and TFTP.
const IPV4_HEADERS: u32 = 20 + 8 + 4;
const IPV6_HEADERS: u32 = 40 + 8 + 4;
const RECEIVE_BUFFER: usize = 4 << 20;
