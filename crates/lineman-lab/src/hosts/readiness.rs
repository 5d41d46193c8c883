//! Which sockets are ready: select and poll.

use std::sync::Arc;
use std::time::Duration;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::io::Errno;

use super::Outcome;
use super::SocketTable;
use super::polled;
use super::socket_table::Socket;
use super::waiting::Result;
use super::waiting::poll;

impl SocketTable {
    /// Waits until one of these sockets is ready, and says which are. The kernel's select(2) asks the
    /// sockets as its poll(2) does; so poll is asked here, which has no limit of 1,024 descriptors.
    pub(super) fn select(
        &self,
        read: &[i32],
        write: &[i32],
        timeout: Option<Duration>,
    ) -> Result<Outcome> {
        let wanted = |(fds, flags): (&[i32], _)| fds.iter().map(|fd| (*fd, flags)).collect();
        let readers: Vec<_> = wanted((read, PollFlags::IN));
        let writers: Vec<_> = wanted((write, PollFlags::OUT));
        let events = self.wait_for(&[readers, writers].concat(), timeout)?;
        let (readers, writers) = events.split_at(read.len());
        let among = |events: &[(i32, PollFlags)], flags| {
            let ready = events.iter().filter(|(_, found)| found.intersects(flags));
            ready.map(|(fd, _)| *fd).collect()
        };
        Ok(Outcome::Ready {
            read: among(readers, READABLE),
            write: among(writers, WRITABLE),
        })
    }

    /// Waits until something happens to one of these sockets, and says what.
    pub(super) fn poll(
        &self,
        read: &[i32],
        write: &[i32],
        timeout: Option<Duration>,
    ) -> Result<Outcome> {
        let wanted = polled(read, write);
        let flags = |(fd, read, write): (i32, bool, bool)| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, read);
            flags.set(PollFlags::OUT, write);
            (fd, flags)
        };
        let wanted: Vec<_> = wanted.into_iter().map(flags).collect();
        let found = self.wait_for(&wanted, timeout)?;
        let found = found.into_iter().filter(|(_, events)| !events.is_empty());
        Ok(Outcome::Events(
            found.map(|(fd, events)| (fd, names(events))).collect(),
        ))
    }

    fn wait_for(
        &self,
        wanted: &[(i32, PollFlags)],
        timeout: Option<Duration>,
    ) -> Result<Vec<(i32, PollFlags)>> {
        let open = |(fd, _): &(i32, _)| self.socket(*fd).ok_or(Errno::BADF);
        let sockets: Vec<Arc<Socket>> =
            wanted.iter().map(open).collect::<rustix::io::Result<_>>()?;
        let sources = sockets.iter().zip(wanted);
        let mut sources: Vec<PollFd<'_>> = sources
            .map(|(socket, (_, flags))| PollFd::from_borrowed_fd(socket.fd(), *flags))
            .collect();
        poll(&mut sources, timeout)?;
        let found = wanted.iter().zip(&sources);
        Ok(found
            .map(|((fd, _), source)| (*fd, source.revents()))
            .collect())
    }
}

fn names(events: PollFlags) -> Vec<String> {
    let all = [
        (PollFlags::IN, "POLLIN"),
        (PollFlags::PRI, "POLLPRI"),
        (PollFlags::OUT, "POLLOUT"),
        (PollFlags::ERR, "POLLERR"),
        (PollFlags::HUP, "POLLHUP"),
        (PollFlags::NVAL, "POLLNVAL"),
    ];
    let set = all.into_iter().filter(|(flag, _)| events.contains(*flag));
    set.map(|(_, name)| name.to_owned()).collect()
}

/// What makes a socket readable to select(2) (`POLLIN_SET` of the kernel).
const READABLE: PollFlags = PollFlags::IN.union(PollFlags::HUP).union(PollFlags::ERR);
/// What makes it writable (`POLLOUT_SET`).
const WRITABLE: PollFlags = PollFlags::OUT.union(PollFlags::ERR);
