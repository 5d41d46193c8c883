//! Sockets of the generator's clients: nonblocking, whole windows in one call where the system can.

use std::io;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;

use nix::errno::Errno;
use nix::sys::socket::ControlMessage;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::sendmsg;
use nix::sys::socket::sendto;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;
use socket2::Domain;
use socket2::Protocol;
use socket2::Socket;
use socket2::Type;

use crate::tftp::inbox::receive_together;

/// A socket that can talk to `peer`, and, if it `takes_bursts`, hands over what came together. The
/// system takes a port for it when the first packet leaves.
pub(super) fn open(peer: SocketAddr, takes_bursts: bool) -> io::Result<Socket> {
    let domain = Domain::for_address(peer);
    let kind = Type::DGRAM.nonblocking().cloexec();
    let socket = Socket::new_raw(domain, kind, Some(Protocol::UDP))?;
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    // An ICMP error ends a transfer that nobody answers.
    if peer.is_ipv6() {
        setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
    } else {
        setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
    }
    if takes_bursts {
        receive_together(&socket);
    }
    Ok(socket)
}

/// Sends one datagram.
pub(super) fn send(socket: &Socket, to: &SockaddrStorage, packet: &[u8]) -> io::Result<()> {
    sendto(socket.as_raw_fd(), packet, to, MsgFlags::empty())?;
    Ok(())
}

/// Sends datagrams of `segment` bytes each (the last may be shorter) in as few calls as the system
/// allows (`UDP_SEGMENT`), one by one where it allows none.
pub(super) fn send_segments(
    socket: &Socket,
    to: &SockaddrStorage,
    packets: &[u8],
    segment: usize,
) -> io::Result<()> {
    let at_once = (LARGEST_SEND / segment).clamp(1, MAX_SEGMENTS);
    for part in packets.chunks(segment * at_once) {
        let size = u16::try_from(segment).unwrap_or(u16::MAX);
        let attached = [ControlMessage::UdpGsoSegments(&size)];
        let attached = if part.len() > segment {
            &attached[..]
        } else {
            &[]
        };
        let pieces = [IoSlice::new(part)];
        let fd = socket.as_raw_fd();
        match sendmsg(fd, &pieces, attached, MsgFlags::empty(), Some(to)) {
            Ok(_) => {}
            Err(Errno::EIO | Errno::EINVAL | Errno::EMSGSIZE) => {
                for one in part.chunks(segment) {
                    send(socket, to, one)?;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

const RECEIVE_BUFFER: usize = 4 << 20;
/// What one call may carry behind the headers of IP and UDP.
const LARGEST_SEND: usize = 65_000;
/// `UDP_MAX_SEGMENTS` of older kernels.
const MAX_SEGMENTS: usize = 64;
