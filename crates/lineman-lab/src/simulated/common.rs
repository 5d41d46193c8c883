//! The calls that are the same for TCP and UDP, or nearly so.

use std::net::SocketAddr;
use std::time::Duration;

use lineman_trace::log::Counter;
use nix::errno::Errno;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;

use crate::hosts::Call;
use crate::hosts::Family;
use crate::hosts::Outcome;
use crate::hosts::SocketOption;
use crate::hosts::Transport;
use crate::hosts::Use;

use super::socket_table::SocketTable;
use super::sockets::Descriptor;
use super::sockets::Kind;
use super::sockets::own;
use super::task::Answer;

impl SocketTable {
    pub(super) fn open(&mut self, family: Family, transport: Transport) -> Option<Outcome> {
        let kind = match transport {
            Transport::Stream => Kind::Fresh,
            Transport::Datagram => Kind::Datagram(None),
        };
        let fd = self.keep(Descriptor::new(family, kind));
        Some(Outcome::Number(fd.into()))
    }

    pub(super) fn bind(&mut self, fd: i32, address: SocketAddr) -> Answer {
        let host = self.host;
        let descriptor = self.fd(fd)?;
        descriptor.fits(address)?;
        let free = matches!(descriptor.kind, Kind::Fresh | Kind::Datagram(None));
        if !free || descriptor.bound.is_some() {
            return Err(Errno::EINVAL);
        }
        if !address.ip().is_unspecified() && !own(host, address.ip()) {
            return Err(Errno::EADDRNOTAVAIL);
        }
        if address.port() != 0 && self.is_taken(fd, address)? {
            return Err(Errno::EADDRINUSE);
        }
        self.settle_at(fd, address)?;
        Ok(Some(Outcome::Done))
    }

    /// Gives a socket its address; if it asks for port 0, a port that is free.
    pub(super) fn settle_at(
        &mut self,
        fd: i32,
        mut address: SocketAddr,
    ) -> Result<SocketAddr, Errno> {
        if address.port() == 0 {
            address.set_port(self.free_port()?);
        }
        let descriptor = self.fd(fd)?;
        descriptor.bound = Some(address);
        if matches!(descriptor.kind, Kind::Datagram(None)) {
            self.open_datagram(fd, address)?;
        }
        Ok(address)
    }

    /// The number of a descriptor; as in Python, of one that was closed, -1.
    pub(super) fn number_of(&self, fd: i32) -> Answer {
        match (self.fds.contains_key(&fd), self.was_open(fd)) {
            (true, _) => Ok(Some(Outcome::Number(fd.into()))),
            (false, true) => Ok(Some(Outcome::Number(-1))),
            (false, false) => Err(Errno::EBADF),
        }
    }

    /// Makes a file over a socket, unless there is one.
    pub(super) fn make_file(&mut self, fd: i32) -> Answer {
        let descriptor = self.fd(fd)?;
        if descriptor.use_of == Use::Plain {
            descriptor.use_of = Use::File;
        }
        Ok(Some(Outcome::File(fd)))
    }

    /// Closes a socket, unless a file still has it.
    pub(super) fn let_go(&mut self, fd: i32) -> Answer {
        let descriptor = self.fd(fd)?;
        if descriptor.use_of != Use::Plain {
            descriptor.use_of = Use::FileOnly;
            return Ok(Some(Outcome::Done));
        }
        self.close(fd)
    }

    /// Closes a file when it is flushed, and the socket if its program has closed it, too.
    pub(super) fn close_file(&mut self, fd: i32) -> Answer {
        let descriptor = self.fd(fd)?;
        if descriptor.use_of == Use::Plain {
            return Err(Errno::EBADF);
        }
        let flushed = match descriptor.is_datagram() || descriptor.unsent.is_empty() {
            true => Ok(Some(Outcome::Done)),
            false => self.flush(fd),
        };
        if matches!(flushed, Ok(None)) {
            return flushed;
        }
        let descriptor = self.fd(fd)?;
        match std::mem::replace(&mut descriptor.use_of, Use::Plain) {
            Use::FileOnly => self.close(fd).and(flushed),
            _ => flushed,
        }
    }

    /// Closes a socket: unread data, or a linger time of zero, make it a reset.
    fn close(&mut self, fd: i32) -> Answer {
        let descriptor = self.fds.remove(&fd).ok_or(Errno::EBADF)?;
        let reuses = descriptor.reuses();
        match descriptor.kind {
            Kind::Fresh | Kind::Datagram(None) => {}
            Kind::Datagram(Some(handle)) => self.close_datagram(handle),
            Kind::Listener { waiting, .. } => {
                for handle in waiting {
                    self.stack.tcp(handle).abort();
                    self.orphan(handle, reuses);
                }
            }
            Kind::Connection { handle, .. } if self.is_calling(handle) => {
                self.stack.remove(handle); // smoltcp would send a reset to a host that has never answered it
            }
            Kind::Connection { handle, .. } => {
                let linger = descriptor.option(SocketOption::Linger);
                let socket = self.stack.tcp(handle);
                let abort = match (socket.recv_queue(), linger) {
                    (1.., _) => Some(Counter::AbortOnClose),
                    (0, 0) => Some(Counter::AbortOnData),
                    _ => None,
                };
                match abort {
                    Some(counter) => {
                        socket.abort();
                        self.counted.push((counter, None));
                    }
                    None => socket.close(),
                }
                self.orphan(handle, reuses);
            }
        }
        Ok(Some(Outcome::Done))
    }

    fn is_calling(&mut self, handle: SocketHandle) -> bool {
        self.stack.tcp(handle).state() == tcp::State::SynSent
    }

    pub(super) fn setting(&mut self, call: &Call) -> Answer {
        let fd = call.fd().ok_or(Errno::EBADF)?;
        let descriptor = self.fd(fd)?;
        let mut set_timeout = |timeout| {
            descriptor.timeout = timeout;
            Outcome::Done
        };
        Ok(Some(match call {
            Call::Settimeout { timeout, .. } => set_timeout(*timeout),
            Call::Setblocking { blocking, .. } => set_timeout((!blocking).then_some(NONE)),
            Call::Gettimeout { .. } => Outcome::Timeout(descriptor.timeout),
            Call::Getsockopt { option, .. } => Outcome::Number(descriptor.take(*option).into()),
            // The kernel has an int for each but this.
            Call::GetsockoptBytes { option, buflen, .. } => {
                let value = descriptor.take(*option);
                let ints = match option {
                    SocketOption::Linger => vec![i32::from(value >= 0), value.max(0)],
                    _ => vec![value],
                };
                let bytes = ints.into_iter().flat_map(i32::to_ne_bytes);
                Outcome::Option(bytes.take(*buflen as usize).collect())
            }
            Call::Setsockopt { option, value, .. } => {
                self.set_option(fd, *option, *value)?;
                Outcome::Done
            }
            _ => return Err(Errno::EOPNOTSUPP),
        }))
    }

    fn set_option(&mut self, fd: i32, option: SocketOption, value: i32) -> Result<(), Errno> {
        if matches!(option, SocketOption::Error | SocketOption::Type) {
            return Err(Errno::ENOPROTOOPT);
        }
        let descriptor = self.fd(fd)?;
        descriptor.options.retain(|(name, _)| *name != option);
        descriptor.options.push((option, value));
        match descriptor.kind {
            Kind::Connection { handle, .. } => self.apply_options(fd, handle),
            _ => Ok(()),
        }
    }

    /// Tells the stack what a program has set. The sizes of buffers it takes only when a socket is
    /// made there, which is when it connects or listens.
    pub(super) fn apply_options(&mut self, fd: i32, handle: SocketHandle) -> Result<(), Errno> {
        let descriptor = self.fd(fd)?;
        let on = |option| descriptor.option(option) != 0;
        let nagle = !on(SocketOption::NoDelay);
        let idle = u64::try_from(descriptor.option(SocketOption::KeepIdle)).unwrap_or(0);
        let idle = smoltcp::time::Duration::from_secs(idle);
        let alive = on(SocketOption::KeepAlive).then_some(idle);
        let quick = on(SocketOption::QuickAck);
        let socket = self.stack.tcp(handle);
        socket.set_nagle_enabled(nagle);
        socket.set_keep_alive(alive);
        if quick {
            socket.set_ack_delay(None);
        }
        Ok(())
    }
}

/// The time-out of a socket that does not wait.
const NONE: Duration = Duration::ZERO;
