//! UDP sockets for TFTP: requests with the address they were sent to, answers from there.

use std::io;
use std::io::IoSliceMut;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::SocketAddrV6;
use std::net::UdpSocket;
use std::os::fd::AsFd as _;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::MultiHeaders;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::recvmmsg;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;
use socket2::Domain;
use socket2::Protocol;
use socket2::Socket;
use socket2::Type;

use super::transfer_socket::TransferSocket;
use crate::addr::plain;
use crate::packet_info;
use crate::packet_info::Destination;
use crate::packet_info::Local;
use crate::sys;
use crate::udp::bounce;

/// The socket that requests come to.
#[derive(Clone, Debug)]
pub(super) struct RequestSocket {
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

/// Datagrams that came in one call.
#[derive(Debug)]
pub(super) struct Batch {
    buffer: Vec<u8>,
    /// The bytes that are kept of each datagram.
    size: usize,
    most: usize,
    /// Whether the kernel tells to which address of ours each was sent.
    has_destinations: bool,
    arrivals: Vec<Arrival>,
}

impl Batch {
    /// Room for requests, which may be as large as any datagram.
    pub(super) fn of_requests() -> Self {
        Self::new(BATCH, LARGEST, true)
    }

    /// Room for ACKs; of an ERROR it keeps enough.
    pub(super) fn of_acks() -> Self {
        Self::new(ACKS, ACK_ROOM, false)
    }

    fn new(most: usize, size: usize, has_destinations: bool) -> Self {
        Self {
            // Pages that no datagram ever touches cost nothing.
            buffer: vec![0; most * size],
            size,
            most,
            has_destinations,
            arrivals: Vec::with_capacity(most),
        }
    }

    /// Whether there may be more where these came from.
    pub(super) fn is_full(&self) -> bool {
        self.arrivals.len() >= self.most
    }

    /// Whether nothing came.
    pub(super) fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// The datagrams, in the order in which they came.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = (Arrival, &[u8])> {
        let rooms = self.buffer.chunks(self.size);
        self.arrivals
            .iter()
            .zip(rooms)
            .map(|(arrival, room)| (*arrival, &room[..arrival.len.min(self.size)]))
    }

    /// Takes what is there at `socket`, as much as one call gives. What has no sender that can be
    /// answered is left out.
    ///
    /// # Errors
    /// What the system says; that nothing is there is no error.
    pub(super) fn receive(&mut self, socket: &impl AsRawFd) -> io::Result<()> {
        self.arrivals.clear();
        let mut rooms: Vec<[IoSliceMut<'_>; 1]> = self
            .buffer
            .chunks_mut(self.size)
            .map(|room| [IoSliceMut::new(room)])
            .collect();
        let control = self.has_destinations.then(packet_info::control);
        let mut headers = MultiHeaders::preallocate(self.most, control);
        let flags = MsgFlags::MSG_DONTWAIT;
        let fd = socket.as_raw_fd();
        let messages = match recvmmsg(fd, &mut headers, rooms.iter_mut(), flags, None) {
            Err(Errno::EAGAIN) => return Ok(()),
            other => other?,
        };
        for message in messages {
            let destination = match self.has_destinations {
                true => Destination::of(&message),
                false => Destination::default(),
            };
            let address: Option<SockaddrStorage> = message.address;
            self.arrivals.push(Arrival {
                len: message.bytes,
                from: address.as_ref().and_then(plain).unwrap_or(NOWHERE),
                // RFC 1123 §4.2.3.5: a request that was broadcast is not answered.
                to: destination.answer_from.filter(|_| destination.is_direct),
            });
        }
        Ok(())
    }
}

impl RequestSocket {
    /// A socket that has its address.
    ///
    /// # Errors
    /// When it cannot be made to wait without blocking.
    pub(super) fn new(socket: Socket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from(socket);
        let local = socket.local_addr()?;
        Ok(Self {
            socket: Arc::new(socket),
            local,
        })
    }

    /// Where it listens.
    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    /// The socket itself.
    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Has the kernel keep what other machines say of answers that did not arrive.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn hear_errors(&self) -> io::Result<()> {
        if self.local.is_ipv6() {
            setsockopt(&*self.socket, sockopt::Ipv6RecvErr, &true)?;
        }
        // On a dual-stack socket as well, for mapped IPv4 peers.
        Ok(setsockopt(&*self.socket, sockopt::Ipv4RecvErr, &true)?)
    }

    /// The next peer of which its machine says that nobody has its port. Everything else that was
    /// said is dropped.
    pub(super) fn next_gone(&self) -> Option<SocketAddr> {
        while let Ok(Some(bounce)) = bounce::next(&*self.socket) {
            if bounce.error.kind() == io::ErrorKind::ConnectionRefused && bounce.to.is_some() {
                return bounce.to;
            }
        }
        None
    }

    /// Takes what is there, as much as one call gives.
    ///
    /// # Errors
    /// As [`Batch::receive`].
    pub(super) fn receive(&self, batch: &mut Batch) -> io::Result<()> {
        batch.receive(&self.socket)
    }

    /// Sends an answer from the address that was asked.
    ///
    /// # Errors
    /// What the system says; the client asks again.
    pub(super) fn answer(&self, to: SocketAddr, from: Local, packet: &[u8]) -> io::Result<()> {
        self.transfer_socket(from).send(to, packet)
    }

    /// This socket as the socket of a transfer whose client wrote to `local`.
    pub(super) fn transfer_socket(&self, local: Local) -> TransferSocket {
        TransferSocket::Shared {
            socket: Arc::clone(&self.socket),
            bound: self.local,
            local,
        }
    }
}

/// A new socket at `local`: the server's TID for one transfer.
pub(super) fn transfer_socket(local: Local) -> io::Result<UdpSocket> {
    match local.ip {
        IpAddr::V4(_) => open(SocketAddr::new(local.ip, 0)),
        IpAddr::V6(ip) => open(SocketAddrV6::new(ip, 0, 0, local.interface).into()),
    }
}

/// A client's socket for a server at `server`. If it is to be `told`, the system's word that nobody
/// listens there (ICMP) comes back as an error of the next call.
pub(super) fn client_socket(server: SocketAddr, told: bool) -> io::Result<UdpSocket> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = open(SocketAddr::new(any, 0))?;
    if server.is_ipv6() {
        setsockopt(&socket, sockopt::Ipv6RecvErr, &told)?;
    } else {
        setsockopt(&socket, sockopt::Ipv4RecvErr, &told)?;
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

fn open(local: SocketAddr) -> io::Result<UdpSocket> {
    let kind = Type::DGRAM.nonblocking().cloexec();
    let socket = Socket::new_raw(Domain::for_address(local), kind, Some(Protocol::UDP))?;
    // A window must fit; the kernel cuts this to what it allows.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.bind(&local.into())?;
    Ok(socket.into())
}

/// IP, UDP and TFTP.
const IPV4_HEADERS: u32 = 20 + 8 + 4;
const IPV6_HEADERS: u32 = 40 + 8 + 4;
const RECEIVE_BUFFER: usize = 4 << 20;
/// Datagrams taken at a time.
const BATCH: usize = 64;
/// ACKs taken at a time: more would make the first client wait for the last one's block.
const ACKS: usize = 64;
/// Bytes kept of each; an ACK has four or five, an ERROR a sentence.
const ACK_ROOM: usize = 512;
/// No datagram is larger.
const LARGEST: usize = 65_536;
/// A sender that cannot be answered.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
