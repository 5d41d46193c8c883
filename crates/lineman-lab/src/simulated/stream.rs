//! The calls on TCP sockets.

use std::net::SocketAddr;

use nix::errno::Errno;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;

use crate::hosts::Call;
use crate::hosts::Direction;
use crate::hosts::Flag;
use crate::hosts::Outcome;

use super::socket_table::SocketTable;
use super::sockets::Descriptor;
use super::sockets::Kind;
use super::sockets::itself;
use super::sockets::source;
use super::stack;
use super::task::Answer;
use super::task::Task;
use super::task::number;

impl SocketTable {
    pub(super) fn stream(&mut self, fd: i32, task: &mut Task) -> Answer {
        let flags = task.call.flags();
        match task.call.plain() {
            Call::Listen { backlog, .. } => self.listen(fd, *backlog),
            Call::Accept { .. } => self.accept(fd),
            Call::Connect { address, .. } => self.connect(fd, *address, task.again),
            Call::ConnectEx { address, .. } => {
                let done = self.connect(fd, *address, task.again)?;
                Ok(done.map(|_| number(0)))
            }
            Call::Shutdown { direction, .. } => self.shutdown(fd, *direction),
            Call::Send { data, .. } => {
                let done = self.push(fd, data, &mut task.sent)?;
                Ok(done.then(|| number(data.len())))
            }
            Call::Sendall { data, .. } => {
                let done = self.push(fd, data, &mut task.sent)?;
                Ok(done.then_some(Outcome::Done))
            }
            Call::Recv { size, .. } | Call::Recvfrom { size, .. } => {
                let bytes = self.pull(fd, *size, flags)?;
                Ok(bytes.map(|bytes| match flags.contains(&Flag::Truncate) {
                    true => number(bytes.len()), // they are thrown away
                    false => Outcome::Bytes(bytes),
                }))
            }
            Call::Readline { .. } => self.read_line(fd),
            Call::Write { data, .. } => {
                self.fd(fd)?.unsent.extend(data);
                Ok(Some(number(data.len())))
            }
            Call::Flush { .. } => self.flush(fd),
            Call::Sendto { .. } => Err(Errno::EISCONN),
            _ => Err(Errno::EOPNOTSUPP),
        }
    }

    fn listen(&mut self, fd: i32, backlog: i32) -> Answer {
        let wanted = usize::try_from(backlog).unwrap_or(MOST).min(MOST);
        let local = self.fd(fd)?.local();
        match &mut self.fd(fd)?.kind {
            Kind::Listener { backlog, .. } => *backlog = wanted,
            Kind::Fresh => {
                self.settle_at(fd, local)?;
                self.fd(fd)?.kind = Kind::Listener {
                    backlog: wanted,
                    waiting: Vec::new(),
                };
            }
            _ => return Err(Errno::EINVAL),
        }
        self.tidy(false); // only now the stack listens
        Ok(Some(Outcome::Done))
    }

    fn accept(&mut self, fd: i32) -> Answer {
        let descriptor = self.fds.get_mut(&fd).ok_or(Errno::EBADF)?;
        let family = descriptor.family;
        let options = descriptor.options.clone();
        let Kind::Listener { waiting, .. } = &mut descriptor.kind else {
            return Err(Errno::EINVAL);
        };
        use tcp::State::{Closed, Listen, SynReceived};
        let stack = &mut self.stack;
        let ready = |handle: &SocketHandle| {
            !matches!(stack.tcp(*handle).state(), Listen | SynReceived | Closed)
        };
        let Some(handle) = waiting.iter().position(ready).map(|at| waiting.remove(at)) else {
            return Ok(None);
        };
        let socket = self.stack.tcp(handle);
        let last = socket.state();
        let mut accepted = Descriptor::new(family, Kind::Connection { handle, last });
        accepted.options = options;
        accepted.bound = socket.local_endpoint().map(stack::address);
        accepted.peer = socket.remote_endpoint().map(stack::address);
        let peer = accepted.peer.ok_or(Errno::ECONNABORTED)?;
        let fd = self.keep(accepted);
        self.apply_options(fd, handle)?;
        Ok(Some(Outcome::Accepted(fd, peer)))
    }

    fn connect(&mut self, fd: i32, to: SocketAddr, again: bool) -> Answer {
        let descriptor = self.fd(fd)?;
        match descriptor.kind {
            Kind::Fresh => self.call(fd, to).map(|()| None),
            Kind::Connection { handle, .. } if again => self.connected(fd, handle),
            Kind::Connection {
                last: tcp::State::SynSent | tcp::State::SynReceived,
                ..
            } => Err(Errno::EALREADY),
            _ => Err(Errno::EISCONN),
        }
    }

    fn call(&mut self, fd: i32, to: SocketAddr) -> Result<(), Errno> {
        let host = self.host;
        self.fd(fd)?.fits(to)?;
        if itself(host, to.ip()) {
            return Err(match self.is_listened_to(to.port()) {
                true => Errno::ENETUNREACH, // there is no way that leads back
                false => Errno::ECONNREFUSED,
            });
        }
        let descriptor = self.fd(fd)?;
        let from = source(host, to.ip()).ok_or(Errno::ENETUNREACH)?;
        let mut local = descriptor.local();
        local.set_ip(from);
        let local = self.settle_at(fd, local)?;
        let handle = self.tcp_for(fd)?;
        if !self.stack.connect(handle, to, local) {
            self.stack.remove(handle);
            return Err(Errno::ECONNREFUSED); // port 0: nobody can listen there
        }
        let descriptor = self.fd(fd)?;
        let last = tcp::State::SynSent;
        (descriptor.kind, descriptor.peer) = (Kind::Connection { handle, last }, Some(to));
        Ok(())
    }

    /// Whether a socket of this host listens on this port.
    fn is_listened_to(&self, port: u16) -> bool {
        let listens =
            |fd: &Descriptor| matches!(fd.kind, Kind::Listener { .. }) && fd.local().port() == port;
        self.fds.values().any(listens)
    }

    /// Whether a call was answered. After a refusal the program may try again.
    fn connected(&mut self, fd: i32, handle: SocketHandle) -> Answer {
        let state = self.stack.tcp(handle).state();
        if matches!(state, tcp::State::SynSent | tcp::State::SynReceived) {
            return Ok(None);
        }
        let descriptor = self.fd(fd)?;
        let Some(error) = descriptor.error.take() else {
            return Ok(Some(Outcome::Done));
        };
        let reuses = descriptor.reuses();
        (descriptor.kind, descriptor.peer) = (Kind::Fresh, None);
        descriptor.was_used = true;
        self.orphan(handle, reuses);
        Err(error)
    }

    fn shutdown(&mut self, fd: i32, direction: Direction) -> Answer {
        let handle = self.connection(fd)?.ok_or(Errno::ENOTCONN)?;
        use tcp::State::{Closed, SynReceived, SynSent};
        if matches!(
            self.stack.tcp(handle).state(),
            SynSent | SynReceived | Closed
        ) {
            return Err(Errno::ENOTCONN);
        }
        if direction != Direction::Read {
            self.stack.tcp(handle).close();
        }
        self.fd(fd)?.deaf |= direction != Direction::Write;
        Ok(Some(Outcome::Done))
    }

    /// The connection of a descriptor; `None` if it has none.
    fn connection(&mut self, fd: i32) -> Result<Option<SocketHandle>, Errno> {
        Ok(match self.fd(fd)?.kind {
            Kind::Connection { handle, .. } => Some(handle),
            _ => None,
        })
    }

    /// Hands over what fits; whether that is all by now.
    fn push(&mut self, fd: i32, data: &[u8], sent: &mut usize) -> Result<bool, Errno> {
        let handle = self.connection(fd)?.ok_or(Errno::EPIPE)?;
        if let Some(error) = self.fd(fd)?.error.take() {
            return Err(error);
        }
        let socket = self.stack.tcp(handle);
        if matches!(
            socket.state(),
            tcp::State::SynSent | tcp::State::SynReceived
        ) {
            return Ok(false);
        }
        let rest = data.get(*sent..).unwrap_or_default();
        *sent += socket.send_slice(rest).map_err(|_| Errno::EPIPE)?;
        Ok(*sent >= data.len())
    }

    /// Takes what has come; nothing at the end, `None` while there may be more.
    fn pull(&mut self, fd: i32, size: u32, flags: &[Flag]) -> Result<Option<Vec<u8>>, Errno> {
        let handle = self.connection(fd)?.ok_or(Errno::ENOTCONN)?;
        let deaf = self.fd(fd)?.deaf;
        let finished = self.fd(fd)?.finished;
        let socket = self.stack.tcp(handle);
        use tcp::State::{CloseWait, Closed, Closing, LastAck, TimeWait};
        let ended = matches!(
            socket.state(),
            CloseWait | Closing | LastAck | TimeWait | Closed
        );
        let there = socket.recv_queue();
        let all = flags.contains(&Flag::WaitAll) && !ended && !deaf;
        if all && there < (size as usize).min(socket.recv_capacity()) {
            return Ok(None);
        }
        let mut bytes = vec![0; there.min(size as usize)];
        if !bytes.is_empty() {
            let len = match flags.contains(&Flag::Peek) {
                true => socket.peek_slice(&mut bytes),
                false => socket.recv_slice(&mut bytes),
            };
            bytes.truncate(len.unwrap_or(0));
            return Ok(Some(bytes));
        }
        if finished {
            return Ok(Some(bytes));
        }
        if let Some(error) = self.fd(fd)?.error.take() {
            return Err(error);
        }
        Ok((ended || deaf || size == 0).then_some(bytes))
    }

    /// The next line with its end, or what is left when the peer has finished.
    fn read_line(&mut self, fd: i32) -> Answer {
        loop {
            let unread = &mut self.fd(fd)?.unread;
            if let Some(end) = unread.iter().position(|&byte| byte == b'\n') {
                return Ok(Some(Outcome::Bytes(unread.drain(..=end).collect())));
            }
            let Some(more) = self.pull(fd, CHUNK, &[])? else {
                return Ok(None);
            };
            let unread = &mut self.fd(fd)?.unread;
            unread.extend(&more);
            if more.is_empty() || unread.len() > LONGEST_LINE {
                return Ok(Some(Outcome::Bytes(std::mem::take(unread))));
            }
        }
    }

    pub(super) fn flush(&mut self, fd: i32) -> Answer {
        let unsent = std::mem::take(&mut self.fd(fd)?.unsent);
        let mut sent = 0;
        let done = self.push(fd, &unsent, &mut sent)?;
        let left = unsent.get(sent..).unwrap_or_default();
        self.fd(fd)?.unsent = left.to_vec();
        Ok(done.then_some(Outcome::Done))
    }
}

/// How many connections wait for `accept` at most, whatever is asked for: `SOMAXCONN` of Linux before 5.4.
const MOST: usize = 128;
/// How many bytes a file asks its socket for at once: as Python's (`io.DEFAULT_BUFFER_SIZE` was 8192).
const CHUNK: u32 = 8192;
/// How many bytes a line has at most: what is longer is given in parts.
const LONGEST_LINE: usize = 1 << 20;
