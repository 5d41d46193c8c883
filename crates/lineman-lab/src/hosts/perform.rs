//! The calls themselves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::Shutdown;
use rustix::net::SocketAddrAny;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::sockopt;

use super::Call;
use super::Direction;
use super::Family;
use super::Flag;
use super::Outcome;
use super::Transport;
use super::file;
use super::file::Use;
use super::flag;
use super::socket_table::Socket;
use super::socket_table::SocketTable;
use super::waiting::Failure;
use super::waiting::Result;

impl SocketTable {
    /// Makes the call. A descriptor that is not open is `EBADF`, as the kernel would say.
    pub(super) fn perform(&self, call: &Call, socket: Option<Arc<Socket>>) -> Result<Outcome> {
        match (call, socket) {
            (Call::Socket { family, transport }, _) => self.open(*family, *transport),
            (
                Call::Select {
                    read,
                    write,
                    timeout,
                },
                _,
            ) => self.select(read, write, *timeout),
            (
                Call::Poll {
                    read,
                    write,
                    timeout,
                },
                _,
            ) => self.poll(read, write, *timeout),
            // Python's answer for one that was closed.
            (Call::Fileno { fd }, None) if self.was_open(*fd) => Ok(Outcome::Number(-1)),
            (_, None) => Err(Errno::BADF.into()),
            (Call::Flagged { flags, of }, Some(socket)) => transfer(&socket, of, flags),
            (call, Some(socket)) => self.perform_on(call, socket),
        }
    }

    fn perform_on(&self, call: &Call, socket: Arc<Socket>) -> Result<Outcome> {
        match call {
            Call::Accept { .. } => self.accept(&socket),
            Call::Close { fd } => self.let_go(*fd, socket).map(done),
            Call::CloseFile { fd } => self.close_file(*fd, socket).map(done),
            Call::Makefile { fd } => {
                let mut use_of = socket.file.use_of();
                if *use_of == Use::Plain {
                    *use_of = Use::File;
                }
                Ok(Outcome::File(*fd))
            }
            Call::Fileno { fd } => Ok(Outcome::Number((*fd).into())),
            Call::Connect { .. } | Call::ConnectEx { .. } => connecting(&socket, call),
            Call::Bind { .. }
            | Call::Listen { .. }
            | Call::Shutdown { .. }
            | Call::Getpeername { .. }
            | Call::Getsockname { .. } => connection(&socket, call),
            Call::Setsockopt { .. }
            | Call::Getsockopt { .. }
            | Call::GetsockoptBytes { .. }
            | Call::Settimeout { .. }
            | Call::Gettimeout { .. }
            | Call::Setblocking { .. } => setting(&socket, call),
            Call::Readline { .. } => socket.file.read_line(&socket).map(Outcome::Bytes),
            Call::Write { data, .. } => socket.file.write(&socket, data).map(number),
            Call::Flush { .. } => socket.file.flush(&socket).map(done),
            _ => transfer(&socket, call, &[]),
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
        let accept = || rustix::net::acceptfrom_with(socket.fd(), SocketFlags::CLOEXEC);
        let (fd, peer) = socket.once_ready(PollFlags::IN, socket.patience(), accept)?;
        let peer = address(peer)?;
        let number = self.keep(fd);
        if let Some(accepted) = self.socket(number) {
            accepted.was_used.store(true, Ordering::Relaxed);
        }
        Ok(Outcome::Accepted(number, peer))
    }

    /// Closes a socket, unless a file still has it.
    fn let_go(&self, number: i32, socket: Arc<Socket>) -> Result<()> {
        {
            let mut use_of = socket.file.use_of();
            if *use_of != Use::Plain {
                *use_of = Use::FileOnly;
                return Ok(());
            }
        }
        Ok(self.close(number, socket)?)
    }

    /// Closes a file, and the socket if its program has closed it, too.
    fn close_file(&self, number: i32, socket: Arc<Socket>) -> Result<()> {
        let flushed = socket.file.flush(&socket);
        let before = std::mem::replace(&mut *socket.file.use_of(), Use::Plain);
        match before {
            Use::Plain => return Err(Errno::BADF.into()),
            Use::File => {}
            Use::FileOnly => self.close(number, socket)?,
        }
        flushed
    }
}

fn connecting(socket: &Socket, call: &Call) -> Result<Outcome> {
    match call {
        Call::ConnectEx { address, .. } => {
            let errno = match connect(socket, *address) {
                Ok(()) => 0,
                Err(Failure::Errno(errno)) => errno.raw_os_error(),
                // Python has no other number for it.
                Err(Failure::TimedOut) => Errno::AGAIN.raw_os_error(),
            };
            Ok(Outcome::Number(errno.into()))
        }
        Call::Connect { address, .. } => connect(socket, *address).map(done),
        _ => Err(Errno::OPNOTSUPP.into()),
    }
}

fn connect(socket: &Socket, address: SocketAddr) -> Result<()> {
    let patience = socket.patience();
    socket.was_used.store(true, Ordering::Relaxed);
    match rustix::net::connect(socket.fd(), &address) {
        Err(Errno::INPROGRESS) if patience.is_limited() => {
            socket.await_ready(PollFlags::OUT, patience)?;
            Ok(sockopt::socket_error(socket.fd())??)
        }
        done => Ok(done?),
    }
}

fn connection(socket: &Socket, call: &Call) -> Result<Outcome> {
    let fd = socket.fd();
    match call {
        Call::Bind { address, .. } => Ok(rustix::net::bind(fd, address).map(done)?),
        Call::Listen { backlog, .. } => {
            rustix::net::listen(fd, *backlog)?;
            socket.was_used.store(true, Ordering::Relaxed);
            Ok(Outcome::Done)
        }
        Call::Shutdown { direction, .. } => {
            let how = match direction {
                Direction::Read => Shutdown::Read,
                Direction::Write => Shutdown::Write,
                Direction::Both => Shutdown::Both,
            };
            Ok(rustix::net::shutdown(fd, how).map(done)?)
        }
        Call::Getpeername { .. } => address(rustix::net::getpeername(fd)?).map(Outcome::Address),
        _ => address(Some(rustix::net::getsockname(fd)?)).map(Outcome::Address),
    }
}

fn setting(socket: &Socket, call: &Call) -> Result<Outcome> {
    let fd = socket.fd();
    match call {
        Call::Setsockopt { option, value, .. } => Ok(option.set(fd, *value).map(done)?),
        Call::Getsockopt { option, .. } => Ok(option.get(fd).map(Outcome::Number)?),
        Call::GetsockoptBytes { option, buflen, .. } => {
            Ok(option.bytes(fd, *buflen).map(Outcome::Option)?)
        }
        Call::Settimeout { timeout, .. } => socket.set_timeout(*timeout).map(done),
        Call::Setblocking { blocking, .. } => {
            let timeout = (!blocking).then_some(Duration::ZERO);
            socket.set_timeout(timeout).map(done)
        }
        _ => Ok(Outcome::Timeout(socket.timeout())),
    }
}

fn transfer(socket: &Socket, call: &Call, flags: &[Flag]) -> Result<Outcome> {
    let (fd, patience) = (socket.fd(), socket.patience());
    let sending = flag::sending(flags);
    match call {
        Call::Send { data, .. } => {
            let send = || rustix::net::send(fd, data, sending);
            socket
                .once_ready(PollFlags::OUT, patience, send)
                .map(number)
        }
        Call::Sendto { data, address, .. } => {
            let send = || rustix::net::sendto(fd, data, sending, address);
            socket
                .once_ready(PollFlags::OUT, patience, send)
                .map(number)
        }
        Call::Sendall { data, .. } => file::send_all(socket, data, flags, patience).map(done),
        Call::Recv { size, .. } => Ok(match receive(socket, *size, flags)? {
            Received {
                bytes,
                len,
                from: Some(_),
            } if len > bytes.len() => Outcome::Cut(bytes, len, None),
            received => stream(received, flags),
        }),
        Call::Recvfrom { size, .. } => match receive(socket, *size, flags)? {
            Received {
                bytes,
                len,
                from: Some(from),
            } => {
                let from = address(Some(from))?;
                Ok(match len > bytes.len() {
                    true => Outcome::Cut(bytes, len, Some(from)),
                    false => Outcome::Datagram(bytes, from),
                })
            }
            received => Ok(stream(received, flags)),
        },
        _ => Err(Errno::OPNOTSUPP.into()),
    }
}

/// What was received.
struct Received {
    bytes: Vec<u8>,
    /// How long it was, which is more than there was room for only with `MSG_TRUNC`.
    len: usize,
    /// The sender's address; `None` for a stream, whose peer is known.
    from: Option<SocketAddrAny>,
}

fn receive(socket: &Socket, size: u32, flags: &[Flag]) -> Result<Received> {
    let mut bytes = vec![0; (size as usize).min(LARGEST_RECEIVE)];
    let receiving = flag::receiving(flags);
    let receive = || rustix::net::recvfrom(socket.fd(), &mut bytes[..], receiving);
    let (had_room, len, from) = socket.once_ready(PollFlags::IN, socket.patience(), receive)?;
    bytes.truncate(had_room);
    Ok(Received { bytes, len, from })
}

/// Of a stream, or where nobody asks for the sender. With `MSG_TRUNC` the bytes of a stream are thrown
/// away, and only their number is known (tcp(7)).
fn stream(received: Received, flags: &[Flag]) -> Outcome {
    match received.from.is_none() && flags.contains(&Flag::Truncate) {
        true => number(received.len),
        false => Outcome::Bytes(received.bytes),
    }
}

fn address(address: Option<SocketAddrAny>) -> Result<SocketAddr> {
    let address = address.and_then(|address| address.try_into().ok());
    Ok(address.ok_or(Errno::AFNOSUPPORT)?)
}

fn done((): ()) -> Outcome {
    Outcome::Done
}

fn number(len: usize) -> Outcome {
    Outcome::Number(i64::try_from(len).unwrap_or(i64::MAX))
}

/// How many bytes are received at once at most, whatever a call asks for: no datagram is larger, and memory is given
/// before they are there.
const LARGEST_RECEIVE: usize = 1 << 20;
