//! Sending and receiving.

use std::io;
use std::io::IoSliceMut;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use lineman_proto::datagram::MAX_PAYLOAD;
use lineman_proto::datagram::Peer;
use nix::errno::Errno;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::recvmsg;
use socket2::Socket as Raw;
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::bounce;
use super::bounce::Bounce;
use crate::Operation;
use crate::SystemError;
use crate::addr::as_sent_from;
use crate::addr::canonical;
use crate::addr::plain;
use crate::packet_info;
use crate::packet_info::Destination;
use crate::packet_info::Local;

/// How large a buffer [`Socket::receive`] needs in bytes so that no datagram is cut: more than the
/// 65,527 bytes that IPv6 can carry without jumbograms.
pub const RECEIVE_BUFFER: usize = 65_536;

/// How long the interface's queue may stay full (`ENOBUFS`) before a datagram is given up.
const QUEUE_PATIENCE: Duration = Duration::from_secs(1);
const QUEUE_PAUSE: Duration = Duration::from_millis(5);

/// A UDP socket. Its addresses are plain: an IPv4 peer of a dual-stack socket is IPv4.
#[derive(Debug)]
pub struct Socket {
    udp: UdpSocket,
    local: SocketAddr,
    /// Where datagrams without an address go.
    toward: Option<SocketAddr>,
    /// The kernel knows where.
    connected: bool,
}

/// What arrived.
#[derive(Debug)]
pub enum Arrival {
    /// A datagram; its payload is at the front of the buffer.
    Datagram {
        /// Who sent it, and to which of our addresses.
        from: Peer,
        /// How many bytes of the buffer it fills.
        bytes: usize,
        /// How many bytes it had; more than `bytes` only if the buffer was too small.
        full: usize,
    },
    /// A datagram of ours came back.
    Bounce(Bounce),
}

/// Why a datagram was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No datagram can be so large (`EMSGSIZE`).
    #[error("{bytes} bytes do not fit in a datagram, {MAX_PAYLOAD} do")]
    TooLong {
        /// The size in bytes.
        bytes: usize,
    },
    /// It is a broadcast address, and the socket may not broadcast (`EACCES`).
    #[error("{0} is a broadcast address")]
    Broadcast(SocketAddr),
    /// Anything else.
    #[error(transparent)]
    System(#[from] SystemError),
}

impl Socket {
    pub(super) fn new(raw: Raw, toward: Option<SocketAddr>) -> Result<Self, SystemError> {
        let open = || {
            let udp = UdpSocket::from_std(raw.into())?;
            let local = canonical(udp.local_addr()?);
            Ok(Self {
                connected: udp.peer_addr().is_ok(),
                udp,
                local,
                toward,
            })
        };
        open().map_err(SystemError::new(Operation::Listen, "a UDP socket"))
    }

    /// The address of this end. Both families are heard if it is `[::]`.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Where datagrams without an address go.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.toward
    }

    /// Waits for a datagram, or for one of ours to come back. Nothing is lost when the future is
    /// dropped.
    ///
    /// # Errors
    /// When the socket is of no more use.
    pub async fn receive(&self, buffer: &mut [u8]) -> Result<Arrival, SystemError> {
        let failed = |error| SystemError::new(Operation::Receive, self.local)(error);
        loop {
            let ready = self.udp.ready(Interest::READABLE | Interest::ERROR);
            ready.await.map_err(failed)?;
            if let Some(arrival) = self.try_receive(buffer).map_err(failed)? {
                return Ok(arrival);
            }
        }
    }

    /// Sends one datagram: to `to`, else to where the socket points.
    ///
    /// # Errors
    /// When the system did not take it.
    pub async fn send(&self, payload: &[u8], to: Option<Peer>) -> Result<(), SendError> {
        let mut pauses = 0;
        let mut bounces = 0;
        loop {
            let Err(error) = self.try_send(payload, to) else {
                return Ok(());
            };
            match errno(&error) {
                Errno::EAGAIN => self.writable().await?,
                Errno::EINTR => {}
                Errno::ENOBUFS if QUEUE_PAUSE * pauses < QUEUE_PATIENCE => {
                    pauses += 1;
                    tokio::time::sleep(QUEUE_PAUSE).await;
                }
                // The answer to an earlier datagram, which took the place of this one: it is in
                // the error queue, and this one was not tried yet.
                errno if is_bounce(errno) && bounces < 3 => bounces += 1,
                _ => {
                    let to = to.map(|peer| peer.address);
                    return Err(self.send_error(error, payload, to));
                }
            }
        }
    }

    fn try_send(&self, payload: &[u8], to: Option<Peer>) -> io::Result<()> {
        let from = to.and_then(|peer| peer.at);
        let to = to.map(|peer| peer.address);
        let to = to.or_else(|| self.toward.filter(|_| !self.connected));
        match (to.map(|to| as_sent_from(self.local, to)), from) {
            (Some(to), Some(from)) => self.udp.try_io(Interest::WRITABLE, || {
                packet_info::send(
                    &self.udp,
                    payload,
                    to,
                    Local {
                        ip: from,
                        interface: 0,
                    },
                )
            }),
            (Some(to), None) => self.udp.try_send_to(payload, to).map(|_| ()),
            (None, _) => self.udp.try_send(payload).map(|_| ()),
        }
    }

    async fn writable(&self) -> Result<(), SystemError> {
        let writable = self.udp.writable().await;
        writable.map_err(SystemError::new(Operation::Send, self.local))
    }

    /// What is there already; clears the readiness of what is not.
    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<Option<Arrival>> {
        let bounce = || bounce::next(&self.udp)?.ok_or_else(|| io::ErrorKind::WouldBlock.into());
        match self.udp.try_io(Interest::ERROR, bounce) {
            Ok(bounce) => return Ok(Some(Arrival::Bounce(bounce))),
            Err(error) if errno(&error) == Errno::EAGAIN => {}
            Err(error) => return Err(error),
        }
        match self
            .udp
            .try_io(Interest::READABLE, || Ok(self.datagram(buffer)?))
        {
            Ok(arrival) => Ok(Some(arrival)),
            Err(error) => match errno(&error) {
                // The kernel reports a bounce twice, here and in its error queue.
                errno if is_bounce(errno) => Ok(None),
                Errno::EAGAIN | Errno::EINTR => Ok(None),
                _ => Err(error),
            },
        }
    }

    fn send_error(&self, error: io::Error, payload: &[u8], to: Option<SocketAddr>) -> SendError {
        let to = to
            .or_else(|| self.udp.peer_addr().ok())
            .unwrap_or(self.local);
        match errno(&error) {
            Errno::EMSGSIZE => SendError::TooLong {
                bytes: payload.len(),
            },
            Errno::EACCES if to.is_ipv4() => SendError::Broadcast(to),
            _ => SystemError::new(Operation::Send, to)(error).into(),
        }
    }

    fn datagram(&self, buffer: &mut [u8]) -> Result<Arrival, Errno> {
        let room = buffer.len();
        let mut parts = [IoSliceMut::new(buffer)];
        // MSG_TRUNC as a flag of the call: the result is the full length, even beyond the buffer.
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC;
        let mut control = packet_info::control();
        let fd = self.udp.as_raw_fd();
        let message = recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut control), flags)?;
        let address = message.address.as_ref().and_then(plain);
        let address = address.ok_or(Errno::EPROTO)?;
        let at = Destination::of(&message).answer_from.map(|local| local.ip);
        Ok(Arrival::Datagram {
            from: Peer { address, at },
            bytes: message.bytes.min(room),
            full: message.bytes,
        })
    }
}

fn errno(error: &io::Error) -> Errno {
    if error.kind() == io::ErrorKind::WouldBlock {
        return Errno::EAGAIN; // tokio makes one without a number
    }
    Errno::from_raw(error.raw_os_error().unwrap_or_default())
}

/// What the kernel makes of the ICMP errors (`icmp_err_convert`, `tab_unreach` of Linux).
fn is_bounce(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::ECONNREFUSED
            | Errno::EHOSTUNREACH
            | Errno::ENETUNREACH
            | Errno::EHOSTDOWN
            | Errno::ENONET
            | Errno::EPROTO
            | Errno::ENOPROTOOPT
            | Errno::EOPNOTSUPP
            | Errno::EACCES // forbidden by a router (IPv6)
    )
}
