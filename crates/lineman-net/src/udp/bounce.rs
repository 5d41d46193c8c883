//! Datagrams that came back as an ICMP error, read from the socket's error queue (`ip(7)`,
//! `IP_RECVERR`).

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::ControlMessageOwned;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::RecvMsg;
use nix::sys::socket::SockaddrIn;
use nix::sys::socket::SockaddrIn6;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::recvmsg;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;
use socket2::Domain;
use socket2::Socket;

use crate::addr::plain;

/// A datagram did not arrive, and the network said so.
#[derive(Debug)]
pub struct Bounce {
    /// To whom it was sent, where the kernel still knows.
    pub to: Option<SocketAddr>,
    /// Who said that it did not arrive: the peer itself, or a router on the way.
    pub by: Option<IpAddr>,
    /// What was said: refused (nobody has that port), unreachable, too large for the path.
    pub error: io::Error,
}

impl Bounce {
    /// A router could not pass it on: it was larger than the next link takes (RFC 1191). The
    /// kernel sends the next one in fragments.
    pub fn is_too_large(&self) -> bool {
        self.error.raw_os_error() == Some(libc::EMSGSIZE)
    }
}

/// Asks the kernel to keep ICMP errors, so that a socket without a fixed peer learns of them too.
pub(super) fn keep(socket: &Socket, domain: Domain) -> io::Result<()> {
    if domain == Domain::IPV6 {
        setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
    }
    // On a dual-stack socket as well: it is this option that counts for mapped IPv4 peers.
    Ok(setsockopt(socket, sockopt::Ipv4RecvErr, &true)?)
}

/// The next bounce in the queue, if there is one.
pub(crate) fn next(socket: &impl AsRawFd) -> io::Result<Option<Bounce>> {
    // The payload that came back is not read: the queue may hold only the front of it.
    let mut control = nix::cmsg_space!(
        (libc::sock_extended_err, libc::sockaddr_in6),
        libc::in_pktinfo, // comes along where `packet_info` asked for it
        libc::in6_pktinfo
    );
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    loop {
        match recvmsg(socket.as_raw_fd(), &mut [], Some(&mut control), flags) {
            Ok(message) => match bounce(&message) {
                Some(bounce) => return Ok(Some(bounce)),
                None => continue,
            },
            Err(Errno::EAGAIN) => return Ok(None),
            Err(Errno::EINTR) => {}
            Err(other) => return Err(other.into()),
        }
    }
}

/// `None` for what this machine itself refused: the send call has said that already.
fn bounce(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Option<Bounce> {
    let (error, by) = message.cmsgs().ok()?.find_map(|part| match part {
        ControlMessageOwned::Ipv4RecvErr(error, by) => Some((error, by.and_then(offender_v4))),
        ControlMessageOwned::Ipv6RecvErr(error, by) => Some((error, by.and_then(offender_v6))),
        _ => None,
    })?;
    if error.ee_origin == libc::SO_EE_ORIGIN_LOCAL {
        return None;
    }
    Some(Bounce {
        to: message.address.as_ref().and_then(plain),
        by,
        error: io::Error::from_raw_os_error(i32::try_from(error.ee_errno).ok()?),
    })
}

fn offender_v4(by: libc::sockaddr_in) -> Option<IpAddr> {
    let known = i32::from(by.sin_family) == libc::AF_INET;
    known.then(|| IpAddr::V4(SockaddrIn::from(by).ip()))
}

fn offender_v6(by: libc::sockaddr_in6) -> Option<IpAddr> {
    let known = i32::from(by.sin6_family) == libc::AF_INET6;
    known.then(|| IpAddr::V6(SockaddrIn6::from(by).ip()).to_canonical())
}
