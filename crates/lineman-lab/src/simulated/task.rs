//! A call that has begun, and whether it can return.

use std::time::Duration;

use nix::errno::Errno;

use crate::hosts::Call;
use crate::hosts::Flag;
use crate::hosts::Outcome;
use crate::hosts::SocketOption;
use crate::hosts::TIMED_OUT;

use super::socket_table::SocketTable;

/// A call that has begun.
#[derive(Debug)]
pub(super) struct Task {
    /// Its number in the log.
    pub(super) id: u64,
    pub(super) call: Call,
    /// How much of its data is gone.
    pub(super) sent: usize,
    /// Whether it has been tried before.
    pub(super) again: bool,
    /// When it has waited for long enough.
    pub(super) until: Option<Duration>,
    /// What ends the call then: the kernel, or the socket's own time-out.
    limit: Limit,
}

/// What ends the wait of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// The kernel, which is told not to wait at all, or for no longer.
    Kernel,
    /// The call itself, by the time-out of its socket.
    Socket,
}

/// What came of a call; `None` while it waits for something to happen.
pub(super) type Answer = Result<Option<Outcome>, Errno>;

impl Task {
    /// One that begins now.
    pub(super) fn new(id: u64, call: Call, table: &SocketTable, now: Duration) -> Self {
        let (wait, limit) = table.patience(&call);
        Self {
            id,
            call,
            sent: 0,
            again: false,
            until: wait.map(|wait| now.saturating_add(wait)),
            limit,
        }
    }
}

impl SocketTable {
    /// How long a call may wait, and who says so.
    fn patience(&self, call: &Call) -> (Option<Duration>, Limit) {
        if let Call::Select { timeout, .. } | Call::Poll { timeout, .. } = call {
            return (*timeout, Limit::Socket);
        }
        let descriptor = call.fd().and_then(|fd| self.fds.get(&fd));
        let timeout = descriptor.and_then(|it| it.timeout);
        let at_once = timeout == Some(Duration::ZERO);
        match timeout {
            Some(timeout) if !at_once => (Some(timeout), Limit::Socket),
            _ if at_once || call.flags().contains(&Flag::DontWait) => {
                (Some(Duration::ZERO), Limit::Kernel)
            }
            _ => {
                let option = match call.plain() {
                    Call::Send { .. } | Call::Sendall { .. } | Call::Connect { .. } => {
                        SocketOption::SendTimeout
                    }
                    _ => SocketOption::ReceiveTimeout,
                };
                let seconds = descriptor.map_or(0, |it| it.option(option));
                let seconds = u64::try_from(seconds).unwrap_or(0);
                let wait = (seconds > 0).then(|| Duration::from_secs(seconds));
                (wait, Limit::Kernel)
            }
        }
    }

    /// Does what can be done of a call by now.
    pub(super) fn attempt(&mut self, task: &mut Task, now: Duration) -> Option<Outcome> {
        let answer = self.work(task);
        task.again = true;
        match answer {
            Ok(Some(outcome)) => Some(outcome),
            Ok(None) if task.until.is_some_and(|until| until <= now) => Some(expired(task)),
            Ok(None) => None,
            Err(errno) => Some(failed(task, errno)),
        }
    }

    fn work(&mut self, task: &mut Task) -> Answer {
        match &task.call {
            Call::Socket { family, transport } => Ok(self.open(*family, *transport)),
            Call::Close { fd } => self.let_go(*fd),
            Call::CloseFile { fd } => self.close_file(*fd),
            Call::Bind { fd, address } => self.bind(*fd, *address),
            Call::Getpeername { fd } => {
                let peer = self.fd(*fd)?.peer.ok_or(Errno::ENOTCONN)?;
                Ok(Some(Outcome::Address(peer)))
            }
            Call::Getsockname { fd } => Ok(Some(Outcome::Address(self.fd(*fd)?.local()))),
            Call::Fileno { fd } => self.number_of(*fd),
            Call::Makefile { fd } => self.make_file(*fd),
            Call::Select { read, write, .. } => self.select(read, write),
            Call::Poll { read, write, .. } => self.poll(read, write),
            Call::Setsockopt { .. }
            | Call::Getsockopt { .. }
            | Call::GetsockoptBytes { .. }
            | Call::Settimeout { .. }
            | Call::Gettimeout { .. }
            | Call::Setblocking { .. } => self.setting(&task.call),
            _ => {
                let fd = task.call.fd().ok_or(Errno::EBADF)?;
                match self.fd(fd)?.is_datagram() {
                    true => self.datagram(fd, &task.call),
                    false => self.stream(fd, task),
                }
            }
        }
    }
}

/// What a call says whose time is up.
fn expired(task: &Task) -> Outcome {
    let connects = matches!(task.call, Call::Connect { .. } | Call::ConnectEx { .. });
    let errno = match connects {
        true => Errno::EINPROGRESS,
        false => Errno::EAGAIN,
    };
    match (task.call.plain(), task.limit) {
        (Call::Send { .. }, _) if task.sent > 0 => number(task.sent),
        (Call::Select { .. }, _) => Outcome::Ready {
            read: Vec::new(),
            write: Vec::new(),
        },
        (Call::Poll { .. }, _) => Outcome::Events(Vec::new()),
        // Python has no other number for it.
        (Call::ConnectEx { .. }, Limit::Socket) => Outcome::Number(Errno::EAGAIN as i64),
        (_, Limit::Socket) => Outcome::Failed(TIMED_OUT.to_owned()),
        (_, Limit::Kernel) => failed(task, errno),
    }
}

/// What a call says that has met an error.
fn failed(task: &Task, errno: Errno) -> Outcome {
    match task.call {
        Call::ConnectEx { .. } => Outcome::Number(errno as i64),
        _ => Outcome::Failed(format!("{errno:?}")),
    }
}

/// A number of bytes.
pub(super) fn number(len: usize) -> Outcome {
    Outcome::Number(i64::try_from(len).unwrap_or(i64::MAX))
}
