//! Where a transfer's packets leave: a socket of its own, or one that it shares.

use std::io;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::RawFd;
use std::sync::Arc;

use rustix::net::SendFlags;

use super::shared_port::Membership;
use crate::addr::as_sent_from;
use crate::packet_info;
use crate::packet_info::Local;

/// A transfer's end of the network.
#[derive(Debug)]
pub(super) enum TransferSocket {
    /// Its own socket: its port is the transfer's TID (RFC 1350 §4).
    Own(UdpSocket),
    /// The socket that requests come to, for networks in which an answer from another port is lost
    /// (NAT, containers).
    Shared {
        /// The socket.
        socket: Arc<UdpSocket>,
        /// Its address.
        bound: SocketAddr,
        /// The address of ours that the client wrote to.
        local: Local,
    },
    /// A port that many transfers in lockstep share.
    Member(Membership),
}

impl TransferSocket {
    /// Sends one packet. It never waits.
    ///
    /// # Errors
    /// `WouldBlock` when the socket takes no more for the moment; else what the system says.
    pub(super) fn send(&self, to: SocketAddr, packet: &[u8]) -> io::Result<()> {
        match self {
            Self::Own(socket) => {
                let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
                rustix::net::sendto(socket, packet, flags, &to)?;
                Ok(())
            }
            Self::Shared { socket, local, .. } => {
                let send = || packet_info::send(socket, packet, self.address(to), *local);
                // What another peer's machine has said comes as an error of any next call.
                send().or_else(|error| match error.kind() {
                    io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable => send(),
                    _ => Err(error),
                })
            }
            Self::Member(membership) => {
                membership.send(to, packet);
                Ok(())
            }
        }
    }

    /// The socket to hear at, if it is the transfer's own.
    pub(super) fn own(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Own(socket) => Some(socket.as_fd()),
            Self::Shared { .. } | Self::Member(_) => None,
        }
    }

    /// A peer's address the way that the socket wants it.
    pub(super) fn address(&self, to: SocketAddr) -> SocketAddr {
        match self {
            Self::Own(_) | Self::Member(_) => to,
            Self::Shared { bound, .. } => as_sent_from(*bound, to),
        }
    }

    /// The address of ours to name with each packet, if the socket has several.
    pub(super) fn local(&self) -> Option<Local> {
        match self {
            Self::Own(_) | Self::Member(_) => None,
            Self::Shared { local, .. } => Some(*local),
        }
    }
}

impl AsFd for TransferSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Own(socket) => socket.as_fd(),
            Self::Shared { socket, .. } => socket.as_fd(),
            Self::Member(membership) => membership.as_fd(),
        }
    }
}

impl AsRawFd for TransferSocket {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Self::Own(socket) => socket.as_raw_fd(),
            Self::Shared { socket, .. } => socket.as_raw_fd(),
            Self::Member(membership) => membership.as_raw_fd(),
        }
    }
}
