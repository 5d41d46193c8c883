//! Receiving datagrams: one, or as many of one sender as the kernel hands over together.

use std::io;
use std::io::IoSliceMut;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::ControlMessageOwned;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::recvmsg;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;

use rustix::net::RecvFlags;

use crate::addr::canonical;
use crate::addr::plain;

/// Memory that receiving uses again and again.
#[derive(Debug)]
pub(super) struct Inbox {
    buffer: Vec<u8>,
    control: Vec<u8>,
}

/// One or several datagrams of one sender, back to back.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    pub(super) from: SocketAddr,
    bytes: &'a [u8],
    /// Bytes of each but the last.
    segment: usize,
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            buffer: vec![0; LARGEST],
            control: nix::cmsg_space!(i32),
        }
    }
}

/// Has the kernel hand over datagrams of one sender together (`UDP_GRO` in udp(7)): a window comes
/// in one call. Best effort: kernels before 5.0 know no such thing, and they come one by one.
pub(super) fn receive_together(socket: &impl AsFd) {
    let _ = setsockopt(socket, sockopt::UdpGroSegment, &true);
}

impl Inbox {
    /// One datagram, if any has arrived: for sockets that [`receive_together`] was not asked for.
    ///
    /// # Errors
    /// As [`Self::receive`].
    pub(super) fn receive_one(&mut self, socket: &impl AsFd) -> io::Result<Option<Arrival<'_>>> {
        let flags = RecvFlags::DONTWAIT;
        match rustix::net::recvfrom(socket, &mut self.buffer[..], flags) {
            Ok((len, _, from)) => {
                let from = from.and_then(|from| SocketAddr::try_from(from).ok());
                Ok(Some(Arrival {
                    from: from.map(canonical).ok_or(io::ErrorKind::InvalidData)?,
                    bytes: &self.buffer[..len],
                    segment: len.max(1),
                }))
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What has arrived, if anything has.
    ///
    /// # Errors
    /// The network's answer to something sent earlier, or the system's failure.
    pub(super) fn receive(&mut self, socket: &impl AsRawFd) -> io::Result<Option<Arrival<'_>>> {
        let (len, from, segment) = {
            let mut parts = [IoSliceMut::new(&mut self.buffer)];
            let fd = socket.as_raw_fd();
            let received = recvmsg::<SockaddrStorage>(
                fd,
                &mut parts,
                Some(&mut self.control),
                MsgFlags::empty(),
            );
            let message = match received {
                Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
                other => other?,
            };
            let segment = message.cmsgs()?.find_map(|attached| match attached {
                ControlMessageOwned::UdpGroSegments(size) => usize::try_from(size).ok(),
                _ => None,
            });
            let from = message.address.as_ref().and_then(plain);
            (message.bytes, from, segment)
        };
        Ok(Some(Arrival {
            from: from.ok_or(io::ErrorKind::InvalidData)?,
            bytes: &self.buffer[..len],
            segment: segment.unwrap_or(len).max(1),
        }))
    }
}

impl<'a> Arrival<'a> {
    /// The datagrams, in order. An empty one is none.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.bytes.chunks(self.segment)
    }
}

/// Takes the messages out of a socket's error queue: what they say comes as an error of the next
/// call as well, but as long as they lie there the socket counts as ready.
pub(super) fn drop_errors(socket: &impl AsRawFd) {
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let mut none = [];
    while recvmsg::<()>(socket.as_raw_fd(), &mut none, None, flags).is_ok() {}
}

/// No datagram, and no row of them that GRO joins, is larger.
const LARGEST: usize = 65_536;
