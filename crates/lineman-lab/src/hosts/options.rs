//! The socket options that a lesson sets.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::io::Result;
use rustix::net::sockopt;
use serde::Deserialize;
use serde::Serialize;

/// An option of a socket whose value is a number (socket(7), tcp(7), ipv6(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SocketOption {
    /// `SO_REUSEADDR`.
    ReuseAddress,
    /// `SO_KEEPALIVE`.
    KeepAlive,
    /// `SO_BROADCAST`.
    Broadcast,
    /// `SO_RCVBUF`, in bytes; the kernel doubles what is set.
    ReceiveBuffer,
    /// `SO_SNDBUF`, likewise.
    SendBuffer,
    /// `SO_LINGER`, in seconds; negative is off. Zero makes `close` reset the connection.
    Linger,
    /// `SO_ERROR`; only to be read.
    Error,
    /// `TCP_NODELAY`.
    NoDelay,
    /// `TCP_QUICKACK`.
    QuickAck,
    /// `IPV6_V6ONLY`.
    V6Only,
}

impl SocketOption {
    /// Its name in C.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReuseAddress => "SO_REUSEADDR",
            Self::KeepAlive => "SO_KEEPALIVE",
            Self::Broadcast => "SO_BROADCAST",
            Self::ReceiveBuffer => "SO_RCVBUF",
            Self::SendBuffer => "SO_SNDBUF",
            Self::Linger => "SO_LINGER",
            Self::Error => "SO_ERROR",
            Self::NoDelay => "TCP_NODELAY",
            Self::QuickAck => "TCP_QUICKACK",
            Self::V6Only => "IPV6_V6ONLY",
        }
    }

    pub(super) fn set(self, fd: BorrowedFd<'_>, value: i32) -> Result<()> {
        let (on, size) = (value != 0, usize::try_from(value).unwrap_or(0));
        let time = u64::try_from(value)
            .ok()
            .map(std::time::Duration::from_secs);
        match self {
            Self::ReuseAddress => sockopt::set_socket_reuseaddr(fd, on),
            Self::KeepAlive => sockopt::set_socket_keepalive(fd, on),
            Self::Broadcast => sockopt::set_socket_broadcast(fd, on),
            Self::ReceiveBuffer => sockopt::set_socket_recv_buffer_size(fd, size),
            Self::SendBuffer => sockopt::set_socket_send_buffer_size(fd, size),
            Self::Linger => sockopt::set_socket_linger(fd, time),
            Self::Error => Err(Errno::NOPROTOOPT),
            Self::NoDelay => sockopt::set_tcp_nodelay(fd, on),
            Self::QuickAck => sockopt::set_tcp_quickack(fd, on),
            Self::V6Only => sockopt::set_ipv6_v6only(fd, on),
        }
    }

    pub(super) fn get(self, fd: BorrowedFd<'_>) -> Result<i64> {
        match self {
            Self::ReuseAddress => sockopt::socket_reuseaddr(fd).map(i64::from),
            Self::KeepAlive => sockopt::socket_keepalive(fd).map(i64::from),
            Self::Broadcast => sockopt::socket_broadcast(fd).map(i64::from),
            Self::ReceiveBuffer => sockopt::socket_recv_buffer_size(fd).map(|size| size as i64),
            Self::SendBuffer => sockopt::socket_send_buffer_size(fd).map(|size| size as i64),
            Self::Linger => {
                sockopt::socket_linger(fd).map(|time| time.map_or(-1, |time| time.as_secs() as i64))
            }
            Self::Error => {
                let error = sockopt::socket_error(fd)?;
                Ok(error.map_or_else(|error| error.raw_os_error().into(), |()| 0))
            }
            Self::NoDelay => sockopt::tcp_nodelay(fd).map(i64::from),
            Self::QuickAck => sockopt::tcp_quickack(fd).map(i64::from),
            Self::V6Only => sockopt::ipv6_v6only(fd).map(i64::from),
        }
    }
}
