//! The socket options that a lesson sets.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::libc;
use rustix::io::Errno;
use rustix::io::Result;
use rustix::net::sockopt;
use rustix::net::sockopt::Timeout;
use serde::Deserialize;
use serde::Serialize;

use crate::sys;

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
    /// `SO_TYPE`: 1 is TCP, 2 is UDP; only to be read.
    Type,
    /// `SO_REUSEPORT`.
    ReusePort,
    /// `SO_RCVTIMEO`, in seconds; zero is for ever. The kernel waits, not the call as with `settimeout`.
    ReceiveTimeout,
    /// `SO_SNDTIMEO`, likewise.
    SendTimeout,
    /// `TCP_KEEPIDLE`: seconds of silence before the first probe.
    KeepIdle,
    /// `TCP_KEEPINTVL`: seconds between two probes.
    KeepInterval,
    /// `TCP_KEEPCNT`: how many probes go unanswered before the connection is given up.
    KeepCount,
}

impl SocketOption {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::ReuseAddress,
        Self::ReusePort,
        Self::KeepAlive,
        Self::Broadcast,
        Self::ReceiveBuffer,
        Self::SendBuffer,
        Self::ReceiveTimeout,
        Self::SendTimeout,
        Self::Linger,
        Self::Error,
        Self::Type,
        Self::NoDelay,
        Self::QuickAck,
        Self::KeepIdle,
        Self::KeepInterval,
        Self::KeepCount,
        Self::V6Only,
    ];

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
            Self::Type => "SO_TYPE",
            Self::ReusePort => "SO_REUSEPORT",
            Self::ReceiveTimeout => "SO_RCVTIMEO",
            Self::SendTimeout => "SO_SNDTIMEO",
            Self::KeepIdle => "TCP_KEEPIDLE",
            Self::KeepInterval => "TCP_KEEPINTVL",
            Self::KeepCount => "TCP_KEEPCNT",
        }
    }

    /// A value of it as it is passed to the kernel: all but one take an int.
    pub(super) fn shown(self, value: i32) -> String {
        match self {
            Self::Linger => {
                let (on, seconds) = (i32::from(value >= 0), value.max(0));
                format!("{{l_onoff={on}, l_linger={seconds}}}")
            }
            _ => value.to_string(),
        }
    }

    pub(super) fn set(self, fd: BorrowedFd<'_>, value: i32) -> Result<()> {
        let (on, size) = (value != 0, usize::try_from(value).unwrap_or(0));
        let time = u64::try_from(value).ok().map(Duration::from_secs);
        let some_time = time.ok_or(Errno::INVAL);
        match self {
            Self::ReuseAddress => sockopt::set_socket_reuseaddr(fd, on),
            Self::KeepAlive => sockopt::set_socket_keepalive(fd, on),
            Self::Broadcast => sockopt::set_socket_broadcast(fd, on),
            Self::ReceiveBuffer => sockopt::set_socket_recv_buffer_size(fd, size),
            Self::SendBuffer => sockopt::set_socket_send_buffer_size(fd, size),
            Self::Linger => sockopt::set_socket_linger(fd, time),
            Self::Error | Self::Type => Err(Errno::NOPROTOOPT),
            Self::NoDelay => sockopt::set_tcp_nodelay(fd, on),
            Self::QuickAck => sockopt::set_tcp_quickack(fd, on),
            Self::V6Only => sockopt::set_ipv6_v6only(fd, on),
            Self::ReusePort => sockopt::set_socket_reuseport(fd, on),
            Self::ReceiveTimeout => sockopt::set_socket_timeout(fd, Timeout::Recv, limit(time)),
            Self::SendTimeout => sockopt::set_socket_timeout(fd, Timeout::Send, limit(time)),
            Self::KeepIdle => sockopt::set_tcp_keepidle(fd, some_time?),
            Self::KeepInterval => sockopt::set_tcp_keepintvl(fd, some_time?),
            Self::KeepCount => {
                let count = u32::try_from(value).map_err(|_| Errno::INVAL)?;
                sockopt::set_tcp_keepcnt(fd, count)
            }
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
            Self::Type => sockopt::socket_type(fd).map(|kind| kind.as_raw().into()),
            Self::ReusePort => sockopt::socket_reuseport(fd).map(i64::from),
            Self::ReceiveTimeout => sockopt::socket_timeout(fd, Timeout::Recv).map(limited),
            Self::SendTimeout => sockopt::socket_timeout(fd, Timeout::Send).map(limited),
            Self::KeepIdle => sockopt::tcp_keepidle(fd).map(whole),
            Self::KeepInterval => sockopt::tcp_keepintvl(fd).map(whole),
            Self::KeepCount => sockopt::tcp_keepcnt(fd).map(i64::from),
        }
    }

    /// The option as the kernel has it, so many bytes of it at most.
    pub(super) fn bytes(self, fd: BorrowedFd<'_>, buflen: u32) -> Result<Vec<u8>> {
        let (level, name) = self.number();
        let buflen = (buflen as usize).min(LARGEST_OPTION);
        let bytes = sys::socket_option(fd, level, name, buflen);
        bytes.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::INVAL))
    }

    /// Level and name, as numbers.
    fn number(self) -> (i32, i32) {
        match self {
            Self::ReuseAddress => (libc::SOL_SOCKET, libc::SO_REUSEADDR),
            Self::KeepAlive => (libc::SOL_SOCKET, libc::SO_KEEPALIVE),
            Self::Broadcast => (libc::SOL_SOCKET, libc::SO_BROADCAST),
            Self::ReceiveBuffer => (libc::SOL_SOCKET, libc::SO_RCVBUF),
            Self::SendBuffer => (libc::SOL_SOCKET, libc::SO_SNDBUF),
            Self::Linger => (libc::SOL_SOCKET, libc::SO_LINGER),
            Self::Error => (libc::SOL_SOCKET, libc::SO_ERROR),
            Self::Type => (libc::SOL_SOCKET, libc::SO_TYPE),
            Self::ReusePort => (libc::SOL_SOCKET, libc::SO_REUSEPORT),
            Self::ReceiveTimeout => (libc::SOL_SOCKET, libc::SO_RCVTIMEO),
            Self::SendTimeout => (libc::SOL_SOCKET, libc::SO_SNDTIMEO),
            Self::NoDelay => (libc::IPPROTO_TCP, libc::TCP_NODELAY),
            Self::QuickAck => (libc::IPPROTO_TCP, libc::TCP_QUICKACK),
            Self::KeepIdle => (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE),
            Self::KeepInterval => (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL),
            Self::KeepCount => (libc::IPPROTO_TCP, libc::TCP_KEEPCNT),
            Self::V6Only => (libc::IPPROTO_IPV6, libc::IPV6_V6ONLY),
        }
    }
}

/// The kernel's zero is for ever.
fn limit(time: Option<Duration>) -> Option<Duration> {
    time.filter(|time| !time.is_zero())
}

fn limited(limit: Option<Duration>) -> i64 {
    limit.map_or(0, whole)
}

fn whole(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// Python's own limit for the `buflen` of `getsockopt`, in bytes.
const LARGEST_OPTION: usize = 1024;
