//! What the engine runs, as the engine knows it.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use super::PoolHandle;
use super::TaskHandle;

/// Something with a socket and a deadline, run by one event loop: nothing in it may wait. Work that
/// may block goes to the pool, and its outcome comes back as a message.
///
/// The engine is generic over it. One call of the engine is a few system calls, so calls by a table
/// of functions would cost nothing either; but the types of its messages stay plain this way.
pub(in crate::tftp) trait Task: Send + Debug + Sized + 'static {
    /// What others may say to it.
    type Command: Copy + Debug + Send + Sync;
    /// What work off the loop gives.
    type Outcome: Debug + Send;
    /// What all tasks of a thread share.
    type Scratch: Debug + Send;

    /// Scratch buffers for one thread.
    fn scratch(pool: PoolHandle) -> Self::Scratch;

    /// Whether nothing that is said after `command` matters.
    fn is_last(command: Self::Command) -> bool;

    /// Sends the first packet. Outcomes of work off the loop come back by `handle`.
    fn begin(&mut self, handle: TaskHandle<Self>, scratch: &mut Self::Scratch);

    /// Its own socket, if it has one.
    fn socket(&self) -> Option<BorrowedFd<'_>>;

    /// Whether it takes packets now.
    fn is_receiving(&self) -> bool;

    /// Whether it keeps another thread busy, which is to get the processor.
    fn is_writing(&self) -> bool;

    /// When [`Self::handle_timeout`] is due.
    fn deadline(&self) -> Option<Instant>;

    /// Whether nothing is left to do; [`Self::retire`] is to follow.
    fn is_over(&self) -> bool;

    /// There is something at its socket, or an error. Takes one burst; others have their turn then.
    /// Gives `true` when [`Self::answer`] is to follow, before anything else.
    fn handle_readable(&mut self, error: bool, scratch: &mut Self::Scratch) -> bool;

    /// A packet came by a shared socket.
    fn handle_packet(&mut self, from: SocketAddr, packet: &[u8], scratch: &mut Self::Scratch);

    /// The system refuses to send a packet that it had sent by a shared socket.
    fn handle_send_error(&mut self, error: io::Error, scratch: &mut Self::Scratch);

    /// Sends what there is to send to what was received.
    fn answer(&mut self, scratch: &mut Self::Scratch);

    /// The time that [`Self::deadline`] named has come.
    fn handle_timeout(&mut self, scratch: &mut Self::Scratch);

    /// A command has come from outside the task, perhaps from another thread.
    fn handle_command(&mut self, command: Self::Command, scratch: &mut Self::Scratch);

    /// Work off the loop is done.
    fn handle_outcome(&mut self, outcome: Self::Outcome, scratch: &mut Self::Scratch);

    /// There is time until the next packet.
    fn look_ahead(&mut self, scratch: &mut Self::Scratch);

    /// Its thread can go on no more: it tells its peer and ends.
    fn fail(&mut self, why: &io::Error, scratch: &mut Self::Scratch);

    /// It is over and leaves the table. What may block to drop is dropped off the loop.
    fn retire(self: Box<Self>, scratch: &mut Self::Scratch);

    /// An outcome came too late for its task. What may block to drop is dropped off the loop.
    fn discard(outcome: Self::Outcome, scratch: &mut Self::Scratch);
}
