//! The calls themselves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::io::Result;
use rustix::net::AddressFamily;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use rustix::net::Shutdown;
use rustix::net::SocketAddrAny;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::sockopt;
use rustix::net::sockopt::Timeout;

use super::Call;
use super::Direction;
use super::Family;
use super::Outcome;
use super::Transport;
use super::bench::Bench;
use super::bench::Socket;
use super::file;

impl Bench {
    /// Makes the call. A descriptor that is not open is `EBADF`, as the kernel would say.
    pub(super) fn perform(&self, call: &Call, socket: Option<Arc<Socket>>) -> Result<Outcome> {
        if let Call::Socket { family, transport } = call {
            return self.open(*family, *transport);
        }
        let socket = socket.ok_or(Errno::BADF)?;
        match call {
            Call::Accept { .. } => self.accept(&socket),
            Call::Close { fd } => self.close(*fd, socket).map(done),
            Call::Fileno { fd } | Call::Makefile { fd } => Ok(Outcome::Number((*fd).into())),
            Call::Bind { .. }
            | Call::Listen { .. }
            | Call::Connect { .. }
            | Call::Shutdown { .. }
            | Call::Getpeername { .. }
            | Call::Getsockname { .. } => connection(&socket, call),
            Call::Setsockopt { .. }
            | Call::Getsockopt { .. }
            | Call::Settimeout { .. }
            | Call::Gettimeout { .. }
            | Call::Setblocking { .. } => setting(&socket, call),
            _ => transfer(&socket, call),
        }
    }

    fn open(&self, family: Family, transport: Transport) -> Result<Outcome> {
        let family = match family {
            Family::Inet => AddressFamily::INET,
            Family::Inet6 => AddressFamily::INET6,
        };
        let kind = match transport {
            Transport::Stream => SocketType::STREAM,
            Transport::Datagram => SocketType::DGRAM,
        };
        let fd = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
        Ok(Outcome::Number(self.keep(fd).into()))
    }

    fn accept(&self, socket: &Socket) -> Result<Outcome> {
        let (fd, peer) = rustix::net::acceptfrom_with(socket.fd(), SocketFlags::CLOEXEC)?;
        let peer = address(peer)?;
        Ok(Outcome::Accepted(self.keep(fd), peer))
    }
}

fn connection(socket: &Socket, call: &Call) -> Result<Outcome> {
    let fd = socket.fd();
    match call {
        Call::Bind { address, .. } => rustix::net::bind(fd, address).map(done),
        Call::Listen { backlog, .. } => rustix::net::listen(fd, *backlog).map(done),
        Call::Connect { address, .. } => rustix::net::connect(fd, address).map(done),
        Call::Shutdown { direction, .. } => {
            let how = match direction {
                Direction::Read => Shutdown::Read,
                Direction::Write => Shutdown::Write,
                Direction::Both => Shutdown::Both,
            };
            rustix::net::shutdown(fd, how).map(done)
        }
        Call::Getpeername { .. } => address(rustix::net::getpeername(fd)?).map(Outcome::Address),
        _ => address(Some(rustix::net::getsockname(fd)?)).map(Outcome::Address),
    }
}

fn setting(socket: &Socket, call: &Call) -> Result<Outcome> {
    let fd = socket.fd();
    match call {
        Call::Setsockopt { option, value, .. } => option.set(fd, *value).map(done),
        Call::Getsockopt { option, .. } => option.get(fd).map(Outcome::Number),
        Call::Settimeout { timeout, .. } => set_timeout(socket, *timeout).map(done),
        Call::Setblocking { blocking, .. } => {
            set_timeout(socket, (!blocking).then_some(NONE)).map(done)
        }
        _ => timeout(socket).map(Outcome::Timeout),
    }
}

fn transfer(socket: &Socket, call: &Call) -> Result<Outcome> {
    let (fd, flags) = (socket.fd(), SendFlags::NOSIGNAL);
    match call {
        Call::Send { data, .. } => rustix::net::send(fd, data, flags).map(number),
        Call::Sendto { data, address, .. } => {
            rustix::net::sendto(fd, data, flags, address).map(number)
        }
        Call::Sendall { data, .. } => file::send_all(socket, data).map(done),
        Call::Recv { size, .. } => receive(socket, *size).map(|(bytes, _)| Outcome::Bytes(bytes)),
        Call::Recvfrom { size, .. } => {
            let (bytes, from) = receive(socket, *size)?;
            Ok(Outcome::Datagram(bytes, address(from)?))
        }
        Call::Readline { .. } => socket.file.read_line(socket).map(Outcome::Bytes),
        Call::Write { data, .. } => socket.file.write(socket, data).map(number),
        Call::Flush { .. } => socket.file.flush(socket).map(done),
        _ => Err(Errno::OPNOTSUPP),
    }
}

fn receive(socket: &Socket, size: u32) -> Result<(Vec<u8>, Option<SocketAddrAny>)> {
    let mut buffer = vec![0; (size as usize).min(LARGEST_RECEIVE)];
    let (len, _, from) = rustix::net::recvfrom(socket.fd(), &mut buffer[..], RecvFlags::empty())?;
    buffer.truncate(len);
    Ok((buffer, from))
}

/// The kernel takes a time-out of zero for none; a socket that does not wait is another thing to it.
fn set_timeout(socket: &Socket, timeout: Option<Duration>) -> Result<()> {
    let flags = rustix::fs::fcntl_getfl(socket.fd())?;
    let waits = timeout != Some(NONE);
    rustix::fs::fcntl_setfl(
        socket.fd(),
        (flags - OFlags::NONBLOCK) | nonblocking(!waits),
    )?;
    let timeout = timeout.filter(|_| waits);
    sockopt::set_socket_timeout(socket.fd(), Timeout::Recv, timeout)?;
    sockopt::set_socket_timeout(socket.fd(), Timeout::Send, timeout)
}

fn nonblocking(yes: bool) -> OFlags {
    match yes {
        true => OFlags::NONBLOCK,
        false => OFlags::empty(),
    }
}

fn timeout(socket: &Socket) -> Result<Option<Duration>> {
    match rustix::fs::fcntl_getfl(socket.fd())?.contains(OFlags::NONBLOCK) {
        true => Ok(Some(NONE)),
        false => sockopt::socket_timeout(socket.fd(), Timeout::Recv),
    }
}

fn address(address: Option<SocketAddrAny>) -> Result<SocketAddr> {
    address
        .and_then(|address| address.try_into().ok())
        .ok_or(Errno::AFNOSUPPORT)
}

fn done((): ()) -> Outcome {
    Outcome::Done
}

fn number(len: usize) -> Outcome {
    Outcome::Number(i64::try_from(len).unwrap_or(i64::MAX))
}

/// The time-out of a socket that does not wait.
const NONE: Duration = Duration::ZERO;
/// Whatever a lesson asks for, this is enough: no datagram is larger.
const LARGEST_RECEIVE: usize = 1 << 20;
