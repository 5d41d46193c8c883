//! A transfer as a task of the engine.

use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use super::Body;
use super::Command;
use super::Scratch;
use super::Transfer;
use super::TransferHandle;
use super::Waited;
use crate::tftp::Refusal;
use crate::tftp::engine::PoolHandle;
use crate::tftp::engine::Task;
use crate::tftp::inbox::Inbox;

/// What the transfers of a thread share.
#[derive(Debug)]
pub(in crate::tftp) struct ThreadScratch {
    /// Where they receive.
    inbox: Inbox,
    /// What they send from.
    scratch: Scratch,
}

impl Task for Transfer {
    type Command = Command;
    type Outcome = Waited;
    type Scratch = ThreadScratch;

    fn scratch(pool: PoolHandle) -> ThreadScratch {
        ThreadScratch {
            inbox: Inbox::default(),
            scratch: Scratch::new(pool),
        }
    }

    fn is_last(command: Command) -> bool {
        matches!(command, Command::Supersede | Command::Stop)
    }

    fn begin(&mut self, handle: TransferHandle, shared: &mut ThreadScratch) {
        self.begin(handle, &mut shared.scratch);
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.transfer_socket.own()
    }

    fn is_receiving(&self) -> bool {
        self.takes_packets()
    }

    fn is_writing(&self) -> bool {
        self.body.is_writing()
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline()
    }

    fn is_over(&self) -> bool {
        self.is_over()
    }

    fn handle_readable(&mut self, error: bool, shared: &mut ThreadScratch) -> bool {
        self.handle_readable(error, &mut shared.inbox, &mut shared.scratch)
    }

    fn handle_packet(&mut self, from: SocketAddr, packet: &[u8], shared: &mut ThreadScratch) {
        self.handle_packet(from, packet, &mut shared.scratch);
    }

    fn handle_send_error(&mut self, error: io::Error, shared: &mut ThreadScratch) {
        self.handle_socket_error(error);
        self.advance(&[], &mut shared.scratch);
    }

    fn answer(&mut self, shared: &mut ThreadScratch) {
        self.answer(&mut shared.scratch);
    }

    fn handle_timeout(&mut self, shared: &mut ThreadScratch) {
        self.handle_timeout(&mut shared.scratch);
    }

    fn handle_command(&mut self, command: Command, shared: &mut ThreadScratch) {
        self.handle_command(command, &mut shared.scratch);
    }

    fn handle_outcome(&mut self, waited: Waited, shared: &mut ThreadScratch) {
        self.handle_waited(waited, &mut shared.scratch);
    }

    fn look_ahead(&mut self, shared: &mut ThreadScratch) {
        self.look_ahead(&mut shared.scratch);
    }

    fn fail(&mut self, why: &io::Error, shared: &mut ThreadScratch) {
        self.forget_stall();
        let why = io::Error::new(why.kind(), why.to_string());
        self.refuse(Refusal::System(why));
        self.advance(&[], &mut shared.scratch);
    }

    /// Removing an incomplete file, and closing the last descriptor of one, may block.
    fn retire(self: Box<Self>, shared: &mut ThreadScratch) {
        let Self { body, lane, .. } = *self;
        let may_block = match &body {
            Body::Send(source) => source.is_last(),
            Body::Receive(sink) => sink.is_some(),
        };
        if may_block {
            shared.scratch.drop_off_the_loop(lane, body);
        }
    }

    fn discard(waited: Waited, shared: &mut ThreadScratch) {
        shared.scratch.discard(waited);
    }
}
