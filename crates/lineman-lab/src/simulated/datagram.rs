//! The calls on UDP sockets.

use std::net::IpAddr;
use std::net::SocketAddr;

use lineman_trace::log::Host;
use nix::errno::Errno;
use smoltcp::iface::SocketHandle;
use smoltcp::wire::IpEndpoint;

use crate::hosts::Call;
use crate::hosts::Flag;
use crate::hosts::Outcome;
use crate::hosts::SocketOption;

use super::device::IP_MTU;
use super::socket_table::SocketTable;
use super::sockets::Kind;
use super::sockets::is_broadcast;
use super::sockets::itself;
use super::sockets::listens;
use super::sockets::source;
use super::stack;
use super::task::Answer;
use super::task::number;

impl SocketTable {
    pub(super) fn datagram(&mut self, fd: i32, call: &Call) -> Answer {
        let peek = call.flags().contains(&Flag::Peek);
        let truncates = call.flags().contains(&Flag::Truncate);
        match call.plain() {
            Call::Connect { address, .. } => self.face(fd, *address),
            Call::ConnectEx { address, .. } => {
                let done = self.face(fd, *address)?;
                Ok(done.map(|_| number(0)))
            }
            Call::Send { data, .. } | Call::Sendall { data, .. } => {
                let to = self.fd(fd)?.peer.ok_or(Errno::EDESTADDRREQ)?;
                self.throw(fd, data, to)?;
                Ok(Some(match call.plain() {
                    Call::Send { .. } => number(data.len()),
                    _ => Outcome::Done,
                }))
            }
            Call::Sendto { data, address, .. } => {
                self.throw(fd, data, *address)?;
                Ok(Some(number(data.len())))
            }
            Call::Recv { size, .. } => {
                let datagram = self.catch(fd, *size, peek)?;
                Ok(
                    datagram.map(|(bytes, len, _)| match truncates && len > bytes.len() {
                        true => Outcome::Cut(bytes, len, None),
                        false => Outcome::Bytes(bytes),
                    }),
                )
            }
            Call::Recvfrom { size, .. } => {
                let datagram = self.catch(fd, *size, peek)?;
                Ok(
                    datagram.map(|(bytes, len, from)| match truncates && len > bytes.len() {
                        true => Outcome::Cut(bytes, len, Some(from)),
                        false => Outcome::Datagram(bytes, from),
                    }),
                )
            }
            _ => Err(Errno::EOPNOTSUPP),
        }
    }

    /// Talks to one peer only from now on, and hears of its refusals.
    fn face(&mut self, fd: i32, to: SocketAddr) -> Answer {
        let host = self.host;
        let descriptor = self.fd(fd)?;
        descriptor.fits(to)?;
        let from = way(host, to)?;
        descriptor.peer = Some(to);
        if descriptor.bound.is_none() {
            self.settle_at(fd, (from, 0).into())?;
        }
        Ok(Some(Outcome::Done))
    }

    fn throw(&mut self, fd: i32, data: &[u8], to: SocketAddr) -> Result<(), Errno> {
        let host = self.host;
        let descriptor = self.fd(fd)?;
        descriptor.fits(to)?;
        if let Some(error) = descriptor.error.take() {
            return Err(error);
        }
        if to.port() == 0 {
            return Err(Errno::EINVAL);
        }
        way(host, to)?;
        if is_broadcast(to.ip()) && descriptor.option(SocketOption::Broadcast) == 0 {
            return Err(Errno::EACCES);
        }
        let headers = if to.is_ipv4() { 28 } else { 48 };
        if data.len() + headers > IP_MTU {
            return Err(Errno::EMSGSIZE); // nothing here makes fragments
        }
        if descriptor.bound.is_none() {
            let anywhere = descriptor.local();
            self.settle_at(fd, anywhere)?;
        }
        let Kind::Datagram(Some(handle)) = self.fd(fd)?.kind else {
            return Err(Errno::EINVAL);
        };
        let to = IpEndpoint::from(to);
        let socket = self.stack.udp(handle);
        socket.send_slice(data, to).map_err(|_| Errno::ENOBUFS)
    }

    /// The next datagram that is meant for this socket, cut if it is larger than asked for, and how long it
    /// was.
    fn catch(
        &mut self,
        fd: i32,
        size: u32,
        peek: bool,
    ) -> Result<Option<(Vec<u8>, usize, SocketAddr)>, Errno> {
        let descriptor = self.fd(fd)?;
        if let Some(error) = descriptor.error.take() {
            return Err(error);
        }
        let peer = descriptor.peer;
        let Kind::Datagram(Some(handle)) = descriptor.kind else {
            return Ok(None);
        };
        let socket = self.stack.udp(handle);
        while let Ok((data, meta)) = socket.peek() {
            let from = stack::address(meta.endpoint);
            let wanted = peer.is_none_or(|peer| peer == from);
            let len = data.len();
            let data = data[..len.min(size as usize)].to_vec();
            if !(wanted && peek) {
                let _ = socket.recv(); // what was looked at
            }
            if wanted {
                return Ok(Some((data, len, from)));
            }
        }
        Ok(None)
    }

    /// Has a socket receive what comes to its address.
    pub(super) fn open_datagram(&mut self, fd: i32, address: SocketAddr) -> Result<(), Errno> {
        let handle = self.stack.add_udp();
        self.fd(fd)?.kind = Kind::Datagram(Some(handle));
        let bound = self.stack.udp(handle).bind(listens(address));
        bound.map_err(|_| Errno::EINVAL)
    }

    /// What was sent before is on the wire by now: hosts send at the end of each call.
    pub(super) fn close_datagram(&mut self, handle: SocketHandle) {
        self.stack.remove(handle);
    }

    /// Hears that a peer does not want what a socket has sent (RFC 1122 §4.1.3.3). As Linux does, it
    /// tells only those that talk to this peer alone.
    pub(super) fn refused(&mut self, local: SocketAddr, remote: SocketAddr) {
        for descriptor in self.fds.values_mut() {
            let here = descriptor
                .bound
                .is_some_and(|bound| bound.port() == local.port());
            if descriptor.is_datagram() && here && descriptor.peer == Some(remote) {
                descriptor.error = Some(Errno::ECONNREFUSED);
            }
        }
    }
}

/// The address that datagrams to `to` come from. No way leads back to the host itself.
fn way(host: Host, to: SocketAddr) -> Result<IpAddr, Errno> {
    let from = source(host, to.ip()).filter(|_| !itself(host, to.ip()));
    from.ok_or(Errno::ENETUNREACH)
}
