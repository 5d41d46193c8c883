//! The open sockets of a host, and how a call on one of them is told.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd as _;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lineman_trace::log;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use rustix::event::PollFlags;

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
    /// How long its calls wait, where its program has said so.
    pub(super) timeout: Mutex<Option<Duration>>,
    /// Whether it has listened, or tried to connect: to the kernel one whose connection is no more looks
    /// like one that never had any.
    pub(super) was_used: AtomicBool,
}

impl Socket {
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The open sockets of a host.
#[derive(Debug)]
pub(crate) struct SocketTable {
    host: Host,
    recorder: Recorder,
    sampler: Arc<Mutex<Sampler>>,
    calls: Arc<AtomicU64>,
    sockets: Mutex<BTreeMap<i32, Arc<Socket>>>,
    /// The highest number that a socket has had.
    highest: AtomicI32,
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
        match self.call.plain() {
            Call::Connect { .. }
            | Call::ConnectEx { .. }
            | Call::Select { .. }
            | Call::Poll { .. }
            | Call::Readline { .. }
            | Call::Flush { .. }
            | Call::CloseFile { .. } => true,
            Call::Accept { .. } | Call::Recv { .. } | Call::Recvfrom { .. } => {
                // With MSG_WAITALL more may have to come than is there.
                !self.call.flags().is_empty() || !self.is_ready(PollFlags::IN)
            }
            Call::Send { data, .. }
            | Call::Sendall { data, .. }
            | Call::Sendto { data, .. }
            | Call::Write { data, .. } => data.len() > FITS || !self.is_ready(PollFlags::OUT),
            _ => false,
        }
    }

    fn is_ready(&self, flags: PollFlags) -> bool {
        let socket = self.socket.as_ref();
        socket.is_none_or(|socket| socket.is_ready(flags))
    }
}

impl SocketTable {
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
            highest: AtomicI32::new(FIRST - 1),
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
            .unwrap_or_else(|failure| Outcome::Failed(failure.name()));
        let answer = Some(begun.call.answer(&outcome));
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
            socket: None,
            name: call.name().to_owned(),
            args: call.args(),
            answer,
        })
    }

    pub(super) fn socket(&self, fd: i32) -> Option<Arc<Socket>> {
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
        self.highest.fetch_max(number, Ordering::Relaxed);
        let socket = Socket {
            fd,
            file: Buffers::default(),
            timeout: Mutex::default(),
            was_used: AtomicBool::default(),
        };
        sockets.insert(number, Arc::new(socket));
        number
    }

    /// Whether a socket has ever had this number.
    pub(super) fn was_open(&self, number: i32) -> bool {
        (FIRST..=self.highest.load(Ordering::Relaxed)).contains(&number)
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

/// How many bytes a socket is taken to accept at once where poll(2) calls it writable, which it does while a third of
/// its send buffer is free. Of more it is assumed that they may have to wait.
const FITS: usize = 16 << 10;
/// The lowest number after standard input, output and error.
const FIRST: i32 = 3;
