//! The open sockets of a simulated host, and what happens to them between calls.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use lineman_trace::log::Counter;
use lineman_trace::log::Host;
use lineman_trace::log::Queues;
use nix::errno::Errno;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;
use smoltcp::time::Duration;

use crate::hosts::SocketOption;
use crate::namespace::Settings;

use super::sockets::Descriptor;
use super::sockets::Kind;
use super::sockets::listens;
use super::stack::Stack;

/// The open sockets of a host, over its stack.
pub(super) struct SocketTable {
    pub(super) host: Host,
    pub(super) stack: Stack,
    pub(super) fds: BTreeMap<i32, Descriptor>,
    /// Connections that no descriptor leads to any more.
    pub(super) orphans: Vec<Orphan>,
    patience: Patience,
    port: u16,
    /// The highest number that a socket has had.
    highest: i32,
    /// What Linux would have counted since the sampler last looked, and the queues that it is about.
    pub(super) counted: Vec<(Counter, Option<Queues>)>,
}

/// A connection that no descriptor leads to any more.
pub(super) struct Orphan {
    pub(super) handle: SocketHandle,
    /// Whether its program had set `SO_REUSEADDR`.
    reuses: bool,
}

/// How long a peer may be silent, in three situations.
struct Patience {
    syn: Duration,
    synack: Duration,
    data: Duration,
}

impl SocketTable {
    pub(super) fn new(host: Host, stack: Stack, settings: &Settings) -> Self {
        let patience = |retries: Option<u8>, usual| retried(retries.unwrap_or(usual));
        Self {
            host,
            stack,
            fds: BTreeMap::new(),
            orphans: Vec::new(),
            patience: Patience {
                syn: patience(settings.syn_retries, 6),
                synack: patience(settings.synack_retries, 5),
                data: patience(settings.data_retries, 15),
            },
            port: FIRST_PORT,
            highest: FIRST_FD - 1,
            counted: Vec::new(),
        }
    }

    /// An open descriptor.
    pub(super) fn fd(&mut self, fd: i32) -> Result<&mut Descriptor, Errno> {
        self.fds.get_mut(&fd).ok_or(Errno::EBADF)
    }

    /// Gives a socket the lowest number that is free.
    pub(super) fn keep(&mut self, descriptor: Descriptor) -> i32 {
        let free = (FIRST_FD..).find(|number| !self.fds.contains_key(number));
        let number = free.unwrap_or(i32::MAX);
        self.fds.insert(number, descriptor);
        self.highest = self.highest.max(number);
        number
    }

    /// Whether a socket has ever had this number.
    pub(super) fn was_open(&self, number: i32) -> bool {
        (FIRST_FD..=self.highest).contains(&number)
    }

    /// A TCP socket of the stack, with what a descriptor's program has set.
    pub(super) fn tcp_for(&mut self, fd: i32) -> Result<SocketHandle, Errno> {
        let descriptor = self.fd(fd)?;
        let size = |option| usize::try_from(descriptor.option(option)).unwrap_or(0);
        let receive = size(SocketOption::ReceiveBuffer).clamp(1, LARGEST_BUFFER);
        let send = size(SocketOption::SendBuffer).clamp(1, LARGEST_BUFFER);
        let handle = self.stack.add_tcp(receive, send);
        self.apply_options(fd, handle)?;
        Ok(handle)
    }

    /// A port that nobody uses.
    pub(super) fn free_port(&mut self) -> Result<u16, Errno> {
        for _ in FIRST_PORT..=u16::MAX {
            let port = self.port;
            self.port = port.checked_add(1).unwrap_or(FIRST_PORT);
            let mut locals = self.stack.connections().map(|(ends, _)| ends.local.port());
            let bound = |fd: &Descriptor| fd.bound.is_some_and(|bound| bound.port() == port);
            if !locals.any(|local| local == port) && !self.fds.values().any(bound) {
                return Ok(port);
            }
        }
        Err(Errno::EADDRINUSE)
    }

    /// Leaves a connection to itself; `reuses` says whether its program had set `SO_REUSEADDR`.
    pub(super) fn orphan(&mut self, handle: SocketHandle, reuses: bool) {
        self.orphans.push(Orphan { handle, reuses });
    }

    /// Looks after all sockets, when something has happened: a packet has come, or a timer has
    /// expired.
    pub(super) fn tidy(&mut self, packet: bool) {
        let fds: Vec<i32> = self.fds.keys().copied().collect();
        for fd in fds {
            self.note_end(fd, packet);
            self.refill(fd);
        }
        self.tidy_orphans();
        self.set_patience();
    }

    /// Why a connection is no more, for the next call.
    fn note_end(&mut self, fd: i32, packet: bool) {
        let Some(descriptor) = self.fds.get_mut(&fd) else {
            return;
        };
        let Kind::Connection { handle, last } = &mut descriptor.kind else {
            return;
        };
        let state = self.stack.tcp(*handle).state();
        let before = std::mem::replace(last, state);
        if state != tcp::State::Closed || before == tcp::State::Closed {
            return;
        }
        use tcp::State::{CloseWait, Closing, LastAck, SynSent, TimeWait};
        descriptor.finished |= matches!(before, CloseWait | LastAck | Closing | TimeWait);
        // As Linux' tcp_reset: whom a FIN has reached before the RST can only have gone on sending.
        descriptor.error = match (before, packet) {
            (LastAck | Closing | TimeWait, _) => None,
            (_, false) => Some(Errno::ETIMEDOUT),
            (SynSent, true) => Some(Errno::ECONNREFUSED),
            (CloseWait, true) => Some(Errno::EPIPE),
            (_, true) => Some(Errno::ECONNRESET),
        };
    }

    /// Has a listener listen, unless its queue is full.
    fn refill(&mut self, fd: i32) {
        let Some(descriptor) = self.fds.get_mut(&fd) else {
            return;
        };
        let bound = descriptor.local();
        let Kind::Listener { backlog, waiting } = &mut descriptor.kind else {
            return;
        };
        let full = *backlog;
        let mut kept = Vec::new();
        let mut listens_now = false;
        for handle in std::mem::take(waiting) {
            let state = self.stack.tcp(handle).state();
            let surplus = state == tcp::State::Listen && listens_now;
            listens_now |= state == tcp::State::Listen;
            match surplus || state == tcp::State::Closed {
                true => self.stack.remove(handle),
                false => kept.push(handle),
            }
        }
        // Linux has one more than it was told (`sk_acceptq_is_full`).
        let room = kept.len() <= full;
        *waiting = kept;
        if !listens_now
            && room
            && let Ok(handle) = self.tcp_for(fd)
        {
            let _ = self.stack.tcp(handle).listen(listens(bound));
            if let Some(Kind::Listener { waiting, .. }) =
                self.fds.get_mut(&fd).map(|descriptor| &mut descriptor.kind)
            {
                waiting.push(handle);
            }
        }
    }

    /// Forgets connections that are over.
    fn tidy_orphans(&mut self) {
        let stack = &mut self.stack;
        self.orphans.retain(|orphan| {
            let handle = orphan.handle;
            let socket = stack.tcp(handle);
            // One that was aborted has its reset to send yet.
            let dead = socket.state() == tcp::State::Closed && socket.remote_endpoint().is_none();
            if dead {
                stack.remove(handle);
            }
            !dead
        });
    }

    /// smoltcp's one time-out is for idle connections too, so it is on only while an answer is due.
    fn set_patience(&mut self) {
        let Patience { syn, synack, data } = self.patience;
        for socket in self.stack.all_tcp() {
            let patience = match socket.state() {
                tcp::State::SynSent => Some(syn),
                tcp::State::SynReceived => Some(synack),
                _ => (socket.send_queue() > 0).then_some(data),
            };
            socket.set_timeout(patience);
        }
    }

    /// Whether this address cannot be bound because another socket has it. As on Linux, a connection has
    /// it to the end of its TIME-WAIT, unless both programs have set `SO_REUSEADDR`.
    pub(super) fn is_taken(&mut self, fd: i32, address: SocketAddr) -> Result<bool, Errno> {
        let (reuse, datagram) = {
            let descriptor = self.fd(fd)?;
            (descriptor.reuses(), descriptor.is_datagram())
        };
        let clash = |other: SocketAddr| {
            let anywhere = other.ip().is_unspecified() || address.ip().is_unspecified();
            other.port() == address.port() && (anywhere || other.ip() == address.ip())
        };
        let held = self.fds.values().any(|other| {
            let listens = matches!(other.kind, Kind::Listener { .. });
            let shares = reuse && other.reuses() && !listens;
            other.is_datagram() == datagram && !shares && other.bound.is_some_and(clash)
        });
        let mut orphans = self.orphans.iter();
        let remembered = orphans.any(|orphan| {
            let shares = reuse && orphan.reuses;
            !datagram && !shares && self.stack.local(orphan.handle).is_some_and(clash)
        });
        Ok(held || remembered)
    }
}

/// How long it takes to send something again so often, beginning with smoltcp's first time-out of a
/// second, and with its longest of a minute.
fn retried(times: u8) -> Duration {
    let wait = |time: u8| 1_u64.checked_shl(time.into()).unwrap_or(60).min(60);
    Duration::from_secs((0..=times).map(wait).sum())
}

/// The lowest descriptor after standard input, output and error.
const FIRST_FD: i32 = 3;
/// From here on are the ports for those who do not care (RFC 6335 §6).
const FIRST_PORT: u16 = 49_152;
/// How many bytes a buffer has at most, whatever a program asks for: memory is given for it at once.
const LARGEST_BUFFER: usize = 1 << 20;
