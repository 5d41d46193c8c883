//! How long a call waits: as in Python, where a socket has a time-out of its own. With one, the kernel is
//! told not to wait, poll(2) does, and the call is made when it can succeed; without, the kernel waits.

use std::time::Duration;
use std::time::Instant;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::recorder::locked;

use super::socket_table::Socket;

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The kernel says so.
    Errno(Errno),
    /// The socket's time-out expired, of which the kernel knows nothing.
    TimedOut,
}

/// What came of a call.
pub(super) type Result<T> = std::result::Result<T, Failure>;

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl Failure {
    /// Its name: that of the error (errno(3)), or of Python's exception, where there is no error.
    pub(super) fn name(self) -> String {
        match self {
            Self::Errno(errno) => {
                format!("{:?}", nix::errno::Errno::from_raw(errno.raw_os_error()))
            }
            Self::TimedOut => super::TIMED_OUT.to_owned(),
        }
    }
}

/// Until when a call may wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience(Option<Instant>);

impl Patience {
    /// Whether it ends.
    pub(super) fn is_limited(self) -> bool {
        self.0.is_some()
    }
}

impl Socket {
    /// `None` waits for ever, zero does not wait.
    pub(super) fn set_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        let flags = rustix::fs::fcntl_getfl(self.fd())?;
        let flags = match timeout {
            Some(_) => flags | OFlags::NONBLOCK,
            None => flags - OFlags::NONBLOCK,
        };
        rustix::fs::fcntl_setfl(self.fd(), flags)?;
        *locked(&self.timeout) = timeout;
        Ok(())
    }

    /// What was set last.
    pub(super) fn timeout(&self) -> Option<Duration> {
        *locked(&self.timeout)
    }

    /// How long a call that begins now may wait.
    pub(super) fn patience(&self) -> Patience {
        let timeout = self.timeout().filter(|timeout| !timeout.is_zero());
        // What no clock can reach is for ever: the kernel's own limit is not far from it.
        Patience(timeout.map(|timeout| {
            let now = Instant::now();
            now.checked_add(timeout).unwrap_or(now + FOR_EVER)
        }))
    }

    /// Makes a call as soon as the socket is ready for it.
    pub(super) fn once_ready<T>(
        &self,
        flags: PollFlags,
        patience: Patience,
        mut call: impl FnMut() -> rustix::io::Result<T>,
    ) -> Result<T> {
        loop {
            self.await_ready(flags, patience)?;
            match call() {
                // Ready for another call, which was faster.
                Err(Errno::AGAIN) if patience.0.is_some() => {}
                done => return Ok(done?),
            }
        }
    }

    /// Waits until the socket is ready. Without a time-out the call itself will wait, or will not.
    pub(super) fn await_ready(&self, flags: PollFlags, patience: Patience) -> Result<()> {
        let Some(until) = patience.0 else {
            return Ok(());
        };
        let left = until.saturating_duration_since(Instant::now());
        let mut source = [PollFd::from_borrowed_fd(self.fd(), flags)];
        match poll(&mut source, Some(left))? {
            0 => Err(Failure::TimedOut),
            _ => Ok(()),
        }
    }

    /// Whether a call would return at once.
    pub(super) fn is_ready(&self, flags: PollFlags) -> bool {
        let mut source = [PollFd::from_borrowed_fd(self.fd(), flags)];
        poll(&mut source, Some(Duration::ZERO)).is_ok_and(|count| count > 0)
    }
}

/// poll(2), for so long at most.
pub(super) fn poll(
    sources: &mut [PollFd<'_>],
    limit: Option<Duration>,
) -> rustix::io::Result<usize> {
    let limit = limit.map(|limit| Timespec::try_from(limit.min(FOR_EVER)));
    let limit = limit.transpose().map_err(|_| Errno::INVAL)?;
    rustix::event::poll(sources, limit.as_ref())
}

/// A year: no lesson takes as long, and every clock can reach it.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);
