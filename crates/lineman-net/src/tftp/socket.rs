//! UDP sockets for TFTP: requests with the address they were sent to, answers from there.

use std::io;
use std::io::IoSliceMut;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::SocketAddrV6;
use std::os::fd::AsRawFd as _;

use nix::sys::socket::ControlMessageOwned;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::recvmsg;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;
use socket2::Domain;
use socket2::Protocol;
use socket2::Socket;
use socket2::Type;
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::addr::as_sent_from;
use crate::addr::plain;
use crate::packet_info;
use crate::packet_info::Destination;
use crate::packet_info::Local;
use crate::sys;

/// An address that was taken for requests.
#[derive(Debug)]
pub(super) struct Door {
    socket: std::net::UdpSocket,
    local: SocketAddr,
}

/// The socket that requests come to.
#[derive(Debug)]
pub(super) struct Listener {
    socket: UdpSocket,
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

impl Door {
    /// A socket that has its address.
    ///
    /// # Errors
    /// When it cannot be made to wait without blocking.
    pub(super) fn new(socket: Socket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = std::net::UdpSocket::from(socket);
        let local = socket.local_addr()?;
        Ok(Self { socket, local })
    }

    /// Where it is.
    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Listens there, in the event loop of this thread.
    ///
    /// # Errors
    /// When the system allows no more descriptors.
    pub(super) fn open(&self) -> io::Result<Listener> {
        Ok(Listener {
            socket: UdpSocket::from_std(self.socket.try_clone()?)?,
            local: self.local,
        })
    }
}

impl Listener {
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
        let to = as_sent_from(self.local, to);
        let _ = self.socket.try_io(Interest::WRITABLE, || {
            packet_info::send(&self.socket, packet, to, from)
        });
    }

    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<Arrival> {
        let mut control = packet_info::control();
        let mut parts = [IoSliceMut::new(buffer)];
        let fd = self.socket.as_raw_fd();
        let message =
            recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut control), MsgFlags::empty())?;
        let from = message.address.as_ref().and_then(plain);
        let destination = Destination::of(&message);
        Ok(Arrival {
            len: message.bytes,
            from: from.ok_or(io::ErrorKind::InvalidData)?,
            // RFC 1123 §4.2.3.5: a request that was broadcast is not answered.
            to: destination.answer_from.filter(|_| destination.is_direct),
        })
    }
}

/// A new socket at `local`: the server's TID for one transfer. It is not ready for waiting yet.
pub(super) fn transfer_socket(local: Local) -> io::Result<std::net::UdpSocket> {
    match local.ip {
        IpAddr::V4(_) => open(SocketAddr::new(local.ip, 0)),
        IpAddr::V6(ip) => open(SocketAddrV6::new(ip, 0, 0, local.interface).into()),
    }
}

/// Has the kernel hand over datagrams of one sender together (`UDP_GRO` in udp(7)): a window comes
/// in one call. Best effort: where it is refused they come one by one.
pub(super) fn receive_together(socket: &UdpSocket) {
    let _ = setsockopt(socket, sockopt::UdpGroSegment, &true);
}

/// Datagrams from one sender, back to back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    /// Their bytes in all.
    pub(super) len: usize,
    /// Bytes of each but the last.
    pub(super) segment: usize,
    /// Who sent them.
    pub(super) from: SocketAddr,
}

/// Waits for datagrams of a transfer.
pub(super) async fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Received> {
    socket
        .async_io(Interest::READABLE, || try_receive(socket, buffer))
        .await
}

fn try_receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Received> {
    let mut control = nix::cmsg_space!(i32);
    let mut parts = [IoSliceMut::new(buffer)];
    let fd = socket.as_raw_fd();
    let message =
        recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut control), MsgFlags::empty())?;
    let from = message.address.as_ref().and_then(plain);
    let segment = message.cmsgs()?.find_map(|part| match part {
        ControlMessageOwned::UdpGroSegments(size) => {
            usize::try_from(size).ok().filter(|&size| size > 0)
        }
        _ => None,
    });
    Ok(Received {
        len: message.bytes,
        segment: segment.unwrap_or(message.bytes).max(1),
        from: from.ok_or(io::ErrorKind::InvalidData)?,
    })
}

/// A client's socket for a server at `server`. The system's word that nobody listens there
/// (ICMP) comes back as an error of the next call.
pub(super) fn client_socket(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::from_std(open(SocketAddr::new(any, 0))?)?;
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

fn open(local: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    // A window must fit; the kernel cuts this to what it allows.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.bind(&local.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// IP, UDP and TFTP.
const IPV4_HEADERS: u32 = 20 + 8 + 4;
const IPV6_HEADERS: u32 = 40 + 8 + 4;
const RECEIVE_BUFFER: usize = 4 << 20;
