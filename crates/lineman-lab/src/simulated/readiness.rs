//! Which sockets are ready: select and poll.

use nix::errno::Errno;
use smoltcp::socket::tcp;

use crate::hosts::Outcome;
use crate::hosts::polled;

use super::socket_table::SocketTable;
use super::sockets::Kind;
use super::task::Answer;

/// What poll(2) would say of a socket, whether it was asked or not.
#[derive(Clone, Copy, Debug, Default)]
struct Readiness {
    readable: bool,
    writable: bool,
    /// Both directions are at their end.
    hung_up: bool,
    error: bool,
}

impl SocketTable {
    /// The sockets that are ready; `None` while none is.
    pub(super) fn select(&mut self, read: &[i32], write: &[i32]) -> Answer {
        let mut ready = |fds: &[i32], is: fn(Readiness) -> bool| {
            let mut ready = Vec::new();
            for fd in fds {
                if is(self.readiness(*fd)?) {
                    ready.push(*fd);
                }
            }
            Ok::<_, Errno>(ready)
        };
        let read = ready(read, |it| it.readable || it.hung_up || it.error)?;
        let write = ready(write, |it| it.writable || it.error)?;
        let any = !read.is_empty() || !write.is_empty();
        Ok(any.then_some(Outcome::Ready { read, write }))
    }

    /// What has happened to sockets; `None` while nothing has.
    pub(super) fn poll(&mut self, read: &[i32], write: &[i32]) -> Answer {
        let mut all = Vec::new();
        for (fd, read, write) in polled(read, write) {
            let found = self.readiness(fd)?;
            let names = [
                (read && found.readable, "POLLIN"),
                (write && found.writable, "POLLOUT"),
                (found.error, "POLLERR"),
                (found.hung_up, "POLLHUP"),
            ];
            let set = names.into_iter().filter(|(set, _)| *set);
            let names: Vec<String> = set.map(|(_, name)| name.to_owned()).collect();
            if !names.is_empty() {
                all.push((fd, names));
            }
        }
        Ok((!all.is_empty()).then_some(Outcome::Events(all)))
    }

    fn readiness(&mut self, fd: i32) -> Result<Readiness, Errno> {
        let descriptor = self.fds.get(&fd).ok_or(Errno::EBADF)?;
        let (error, deaf) = (descriptor.error.is_some(), descriptor.deaf);
        Ok(match &descriptor.kind {
            // As Linux says of a socket that is not connected.
            Kind::Fresh => Readiness {
                writable: true,
                hung_up: true,
                ..Readiness::default()
            },
            Kind::Listener { waiting, .. } => {
                use tcp::State::{Closed, Listen, SynReceived};
                let stack = &mut self.stack;
                let mut waiting = waiting.iter();
                let readable = waiting.any(|handle| {
                    !matches!(stack.tcp(*handle).state(), Listen | SynReceived | Closed)
                });
                Readiness {
                    readable,
                    ..Readiness::default()
                }
            }
            Kind::Connection { handle, .. } => {
                let socket = self.stack.tcp(*handle);
                let state = socket.state();
                use tcp::State::{
                    CloseWait, Closed, Closing, LastAck, SynReceived, SynSent, TimeWait,
                };
                let ended = matches!(state, CloseWait | Closing | LastAck | TimeWait | Closed);
                let opens = matches!(state, SynSent | SynReceived);
                Readiness {
                    readable: socket.recv_queue() > 0 || ended || deaf,
                    // A send that fails at once does not wait either.
                    writable: !opens && (socket.can_send() || !socket.may_send()),
                    hung_up: matches!(state, Closing | LastAck | TimeWait | Closed),
                    error,
                }
            }
            Kind::Datagram(handle) => Readiness {
                readable: handle.is_some_and(|handle| self.stack.udp(handle).can_recv()),
                writable: true,
                hung_up: false,
                error,
            },
        })
    }
}
