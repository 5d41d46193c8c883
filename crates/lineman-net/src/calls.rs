//! The socket calls one by one, each with its arguments and the kernel's answer: what a lesson
//! about sockets shows. Real calls on real sockets; nothing here is made up.

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::os::fd::OwnedFd;
use std::time::Duration;

use lineman_proto::text::visible_bytes;
use rustix::net::AddressFamily;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use rustix::net::Shutdown;
use rustix::net::SocketAddrAny;
use rustix::net::SocketType;
use rustix::net::sockopt;

/// A call that was made, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who made it.
    pub host: &'static str,
    /// Its name: `socket`, `bind`, …
    pub name: &'static str,
    /// Its arguments as a programmer writes them.
    pub args: String,
    /// What the kernel answered: a value, or the name of the error.
    pub answer: String,
}

/// Hears of every call.
pub type Log<'a> = &'a mut dyn FnMut(&Call);

/// A socket whose calls are told.
#[derive(Debug)]
pub struct TracedSocket {
    host: &'static str,
    fd: OwnedFd,
}

impl TracedSocket {
    /// `socket(AF_INET, SOCK_STREAM)`.
    ///
    /// # Errors
    /// As the kernel answered; it has been told to the log. The same holds for every call below.
    pub fn stream(host: &'static str, log: Log<'_>) -> io::Result<Self> {
        Self::open(host, SocketType::STREAM, "AF_INET, SOCK_STREAM", log)
    }

    /// `socket(AF_INET, SOCK_DGRAM)`.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn datagram(host: &'static str, log: Log<'_>) -> io::Result<Self> {
        Self::open(host, SocketType::DGRAM, "AF_INET, SOCK_DGRAM", log)
    }

    fn open(host: &'static str, kind: SocketType, args: &str, log: Log<'_>) -> io::Result<Self> {
        let made = rustix::net::socket(AddressFamily::INET, kind, None).map(|fd| Self { host, fd });
        tell(
            host,
            "socket",
            args.to_owned(),
            &made,
            |socket| socket.number().to_string(),
            log,
        );
        Ok(made?)
    }

    /// `bind(fd, address)`.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn bind(&self, addr: SocketAddr, log: Log<'_>) -> io::Result<()> {
        self.done(
            "bind",
            format!("{}, {addr}", self.number()),
            rustix::net::bind(&self.fd, &addr),
            log,
        )
    }

    /// `listen(fd, backlog)`.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn listen(&self, backlog: i32, log: Log<'_>) -> io::Result<()> {
        let args = format!("{}, {backlog}", self.number());
        self.done("listen", args, rustix::net::listen(&self.fd, backlog), log)
    }

    /// `connect(fd, address)`.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn connect(&self, addr: SocketAddr, log: Log<'_>) -> io::Result<()> {
        let args = format!("{}, {addr}", self.number());
        self.done("connect", args, rustix::net::connect(&self.fd, &addr), log)
    }

    /// `accept(fd)`: a new socket, and who is at its other end.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn accept(&self, log: Log<'_>) -> io::Result<(Self, SocketAddr)> {
        let host = self.host;
        let taken = rustix::net::acceptfrom(&self.fd)
            .and_then(|(fd, peer)| Ok((Self { host, fd }, address(peer)?)));
        let show = |(socket, peer): &(Self, SocketAddr)| format!("{}, {peer}", socket.number());
        tell(host, "accept", self.number().to_string(), &taken, show, log);
        Ok(taken?)
    }

    /// `getsockname(fd)`.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn local(&self, log: Log<'_>) -> io::Result<SocketAddr> {
        let name = rustix::net::getsockname(&self.fd).and_then(|addr| address(Some(addr)));
        self.value("getsockname", self.number().to_string(), name, log)
    }

    /// `getpeername(fd)`.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn peer(&self, log: Log<'_>) -> io::Result<SocketAddr> {
        let name = rustix::net::getpeername(&self.fd).and_then(address);
        self.value("getpeername", self.number().to_string(), name, log)
    }

    /// `settimeout(fd, seconds)` (`SO_RCVTIMEO`): no receive waits for longer.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn set_timeout(&self, limit: Duration, log: Log<'_>) -> io::Result<()> {
        let set = sockopt::set_socket_timeout(&self.fd, sockopt::Timeout::Recv, Some(limit));
        self.done(
            "settimeout",
            format!("{}, {} s", self.number(), limit.as_secs_f64()),
            set,
            log,
        )
    }

    /// `send(fd, bytes)`.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn send(&self, bytes: &[u8], log: Log<'_>) -> io::Result<usize> {
        let args = format!("{}, {}", self.number(), quoted(bytes));
        self.value(
            "send",
            args,
            rustix::net::send(&self.fd, bytes, SendFlags::NOSIGNAL),
            log,
        )
    }

    /// `recv(fd, size)`: no bytes mean that the peer has finished sending.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn recv(&self, size: usize, log: Log<'_>) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; size];
        let got = rustix::net::recv(&self.fd, &mut buffer[..], RecvFlags::empty())
            .map(|(len, _)| buffer[..len].to_vec());
        let args = format!("{}, {size}", self.number());
        tell(self.host, "recv", args, &got, |bytes| counted(bytes), log);
        Ok(got?)
    }

    /// `sendto(fd, bytes, address)`; `shown` is what the log says of the bytes.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn send_to(
        &self,
        bytes: &[u8],
        addr: SocketAddr,
        shown: &str,
        log: Log<'_>,
    ) -> io::Result<usize> {
        let args = format!("{}, {shown}, {addr}", self.number());
        self.value(
            "sendto",
            args,
            rustix::net::sendto(&self.fd, bytes, SendFlags::empty(), &addr),
            log,
        )
    }

    /// `recvfrom(fd, size)`; `show` says what the log says of the bytes.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn recv_from(
        &self,
        size: usize,
        show: impl Fn(&[u8]) -> String,
        log: Log<'_>,
    ) -> io::Result<(Vec<u8>, SocketAddr)> {
        let mut buffer = vec![0; size];
        let got = rustix::net::recvfrom(&self.fd, &mut buffer[..], RecvFlags::empty());
        let got = got.and_then(|(len, _, from)| Ok((buffer[..len].to_vec(), address(from)?)));
        let args = format!("{}, {size}", self.number());
        let answer = |(bytes, from): &(Vec<u8>, SocketAddr)| format!("{}, {from}", show(bytes));
        tell(self.host, "recvfrom", args, &got, answer, log);
        Ok(got?)
    }

    /// `shutdown(fd, SHUT_WR)`: we have finished sending, and go on receiving.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn finish_sending(&self, log: Log<'_>) -> io::Result<()> {
        let args = format!("{}, SHUT_WR", self.number());
        self.done(
            "shutdown",
            args,
            rustix::net::shutdown(&self.fd, Shutdown::Write),
            log,
        )
    }

    /// `close(fd)`.
    #[allow(clippy::missing_errors_doc, reason = "said at `stream`, for all")]
    pub fn close(self, log: Log<'_>) -> io::Result<()> {
        let (host, number) = (self.host, self.number());
        let closed = nix::unistd::close(self.fd)
            .map_err(|error| rustix::io::Errno::from_raw_os_error(error as i32));
        tell(
            host,
            "close",
            number.to_string(),
            &closed,
            |()| "0".to_owned(),
            log,
        );
        Ok(closed?)
    }

    fn number(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    fn done(
        &self,
        name: &'static str,
        args: String,
        result: rustix::io::Result<()>,
        log: Log<'_>,
    ) -> io::Result<()> {
        tell(self.host, name, args, &result, |()| "0".to_owned(), log);
        Ok(result?)
    }

    fn value<T: Display>(
        &self,
        name: &'static str,
        args: String,
        result: rustix::io::Result<T>,
        log: Log<'_>,
    ) -> io::Result<T> {
        tell(self.host, name, args, &result, ToString::to_string, log);
        Ok(result?)
    }
}

/// The bytes as a string in quotes, safe to show.
pub fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", visible_bytes(bytes).replace("^J", "\\n"))
}

/// How many bytes, and which: `6 "hello\n"`; `0` for none.
pub fn counted(bytes: &[u8]) -> String {
    match bytes.len() {
        0 => "0".to_owned(),
        len => format!("{len} {}", quoted(bytes)),
    }
}

fn address(addr: Option<SocketAddrAny>) -> rustix::io::Result<SocketAddr> {
    addr.and_then(|addr| addr.try_into().ok())
        .ok_or(rustix::io::Errno::AFNOSUPPORT)
}

fn tell<T>(
    host: &'static str,
    name: &'static str,
    args: String,
    result: &rustix::io::Result<T>,
    show: impl FnOnce(&T) -> String,
    log: Log<'_>,
) {
    let answer = match result {
        Ok(value) => show(value),
        Err(error) => format!("-1 {:?}", nix::errno::Errno::from_raw(error.raw_os_error())),
    };
    log(&Call {
        host,
        name,
        args,
        answer,
    });
}
