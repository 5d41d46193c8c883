//! Where requests come in, as the engine knows it.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

use super::Task;
use super::TaskTable;

/// A socket for requests. Its thread calls it when there is something to read.
pub(in crate::tftp) trait Listener<T: Task>: Send + Debug {
    /// The socket.
    fn socket(&self) -> BorrowedFd<'_>;

    /// Takes in what is there; what is left comes up again. Gives `false` when the socket has failed
    /// for good.
    fn handle_readable(&mut self, table: &mut TaskTable<T>) -> bool;

    /// Whether something has been taken in that [`Self::work`] is to do.
    fn has_work(&self) -> bool;

    /// Does some of the work; tasks have their turn then.
    fn work(&mut self, table: &mut TaskTable<T>);

    /// Every task has answered what it has received: sends what they have left to be sent together.
    fn flush(&mut self, _table: &mut TaskTable<T>) {}
}

/// A datagram that a listener takes for a task which has no socket of its own.
#[derive(Clone, Copy, Debug)]
pub(in crate::tftp) struct Forwarded<'a> {
    /// The task's number.
    pub(in crate::tftp) number: u64,
    /// Who sent it.
    pub(in crate::tftp) from: SocketAddr,
    /// The datagram.
    pub(in crate::tftp) packet: &'a [u8],
}
