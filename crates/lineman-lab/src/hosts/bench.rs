//! The workbench of a host: its open sockets, and how a call is told.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd as _;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use lineman_trace::log;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;

use crate::kernel::Sampler;
use crate::recorder::Recorder;
use crate::recorder::locked;

use super::Call;
use super::Outcome;
use super::file::Buffers;

/// An open socket, with the buffers of the file over it.
#[derive(Debug)]
pub(super) struct Socket {
    fd: OwnedFd,
    pub(super) file: Buffers,
}

impl Socket {
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Whether a call would return at once.
    fn ready(&self, flags: PollFlags) -> bool {
        let mut source = [PollFd::new(&self.fd, flags)];
        let at_once = Timespec::default();
        rustix::event::poll(&mut source, Some(&at_once)).is_ok_and(|count| count > 0)
    }
}

/// The open sockets of a host.
#[derive(Debug)]
pub(crate) struct Bench {
    host: Host,
    recorder: Recorder,
    sampler: Arc<Mutex<Sampler>>,
    calls: Arc<AtomicU64>,
    sockets: Mutex<BTreeMap<i32, Arc<Socket>>>,
}

/// A call that has begun, and the socket that its descriptor meant then.
pub(super) struct Begun {
    id: u64,
    call: Call,
    socket: Option<Arc<Socket>>,
}

impl Begun {
    /// Whether it may have to wait for the other host.
    pub(super) fn waits(&self) -> bool {
        let ready = |flags| {
            self.socket
                .as_ref()
                .is_none_or(|socket| socket.ready(flags))
        };
        match &self.call {
            Call::Connect { .. } | Call::Readline { .. } | Call::Flush { .. } => true,
            Call::Accept { .. } | Call::Recv { .. } | Call::Recvfrom { .. } => {
                !ready(PollFlags::IN)
            }
            Call::Send { data, .. }
            | Call::Sendall { data, .. }
            | Call::Sendto { data, .. }
            | Call::Write { data, .. } => data.len() > FITS || !ready(PollFlags::OUT),
            _ => false,
        }
    }
}

impl Bench {
    /// One without sockets. `calls` counts those of both hosts.
    pub(crate) fn new(
        host: Host,
        recorder: Recorder,
        sampler: Arc<Mutex<Sampler>>,
        calls: Arc<AtomicU64>,
    ) -> Self {
        Self {
            host,
            recorder,
            sampler,
            calls,
            sockets: Mutex::default(),
        }
    }

    /// Tells that the host is gone.
    pub(super) fn leave(&self, error: &io::Error) {
        let (host, why) = (self.host, error.to_string());
        self.recorder.record(Kind::Left { host, why });
    }

    /// Tells that a call begins.
    pub(super) fn begin(&self, call: Call) -> Begun {
        let id = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let socket = call.fd().and_then(|fd| self.socket(fd));
        let event = self.recorder.record(self.event(id, &call, None));
        locked(&self.sampler).called(self.host, event);
        Begun { id, call, socket }
    }

    /// Makes the call, and tells what came of it. By then the kernel has been asked for what the
    /// packets did that made it return.
    pub(super) fn finish(&self, begun: Begun) -> Outcome {
        let outcome = self
            .perform(&begun.call, begun.socket)
            .unwrap_or_else(|errno| Outcome::Failed(name(errno)));
        let answer = Some(outcome.answer());
        let mut sampler = locked(&self.sampler);
        let event = self.event(begun.id, &begun.call, answer);
        let event = self.recorder.record(event);
        sampler.called(self.host, event);
        sampler.sweep(self.host, Some(event));
        outcome
    }

    fn event(&self, id: u64, call: &Call, answer: Option<log::Answer>) -> Kind {
        Kind::Call(log::Call {
            id,
            host: self.host,
            program: None,
            fd: call.fd(),
            name: call.name().to_owned(),
            args: call.args(),
            answer,
        })
    }

    fn socket(&self, fd: i32) -> Option<Arc<Socket>> {
        locked(&self.sockets).get(&fd).cloned()
    }

    pub(super) fn open_sockets(&self) -> Vec<(i32, Arc<Socket>)> {
        let sockets = locked(&self.sockets);
        let each = sockets.iter();
        each.map(|(fd, socket)| (*fd, Arc::clone(socket))).collect()
    }

    /// Gives a socket the lowest number that is free.
    pub(super) fn keep(&self, fd: OwnedFd) -> i32 {
        let mut sockets = locked(&self.sockets);
        let number = (FIRST..)
            .find(|number| !sockets.contains_key(number))
            .unwrap_or(i32::MAX);
        let file = Buffers::default();
        sockets.insert(number, Arc::new(Socket { fd, file }));
        number
    }

    /// Closes a socket. As in any program, the connection goes on while another call still waits on it.
    pub(super) fn close(&self, number: i32, socket: Arc<Socket>) -> rustix::io::Result<()> {
        locked(&self.sockets).remove(&number);
        match Arc::try_unwrap(socket) {
            Ok(socket) => nix::unistd::close(socket.fd)
                .map_err(|errno| rustix::io::Errno::from_raw_os_error(errno as i32)),
            Err(_) => Ok(()),
        }
    }
}

/// The name of an error, as errno(3) has it.
fn name(errno: rustix::io::Errno) -> String {
    format!("{:?}", nix::errno::Errno::from_raw(errno.raw_os_error()))
}

/// A socket that takes anything takes this much.
const FITS: usize = 16 << 10;
/// The lowest number after standard input, output and error.
const FIRST: i32 = 3;
