//! A call that has begun, and whether it can return.

use std::time::Duration;

use nix::errno::Errno;

use crate::hosts::Call;
use crate::hosts::Outcome;

use super::bench::Bench;

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
}

/// What came of a call; `None` while it waits for something to happen.
pub(super) type Answer = Result<Option<Outcome>, Errno>;

impl Bench {
    /// Does what can be done of a call by now.
    pub(super) fn attempt(&mut self, task: &mut Task, now: Duration) -> Option<Outcome> {
        let answer = self.work(task);
        task.again = true;
        match answer {
            Ok(Some(outcome)) => Some(outcome),
            Ok(None) if task.until.is_some_and(|until| until <= now) => Some(expired(task)),
            Ok(None) => None,
            Err(errno) => Some(Outcome::Failed(format!("{errno:?}"))),
        }
    }

    fn work(&mut self, task: &mut Task) -> Answer {
        match &task.call {
            Call::Socket { family, transport } => Ok(self.open(*family, *transport)),
            Call::Close { fd } => self.close(*fd),
            Call::Bind { fd, address } => self.bind(*fd, *address),
            Call::Getpeername { fd } => {
                let peer = self.fd(*fd)?.peer.ok_or(Errno::ENOTCONN)?;
                Ok(Some(Outcome::Address(peer)))
            }
            Call::Getsockname { fd } => Ok(Some(Outcome::Address(self.fd(*fd)?.local()))),
            Call::Fileno { fd } | Call::Makefile { fd } => {
                self.fd(*fd)?;
                Ok(Some(Outcome::Number((*fd).into())))
            }
            Call::Setsockopt { .. }
            | Call::Getsockopt { .. }
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
    let errno = match task.call {
        Call::Connect { .. } => Errno::EINPROGRESS,
        Call::Send { .. } if task.sent > 0 => return number(task.sent),
        _ => Errno::EAGAIN,
    };
    Outcome::Failed(format!("{errno:?}"))
}

/// A number of bytes.
pub(super) fn number(len: usize) -> Outcome {
    Outcome::Number(i64::try_from(len).unwrap_or(i64::MAX))
}
