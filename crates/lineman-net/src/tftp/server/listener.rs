//! The socket that requests come to, in the engine.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::Shared;
use crate::Operation;
use crate::SystemError;
use crate::tftp::engine::Listener;
use crate::tftp::socket::Batch;
use crate::tftp::socket::RequestSocket;
use crate::tftp::transfer::Transfer;
use crate::tftp::transfer::TransferTable;

/// Takes requests at one address.
#[derive(Debug)]
pub(super) struct RequestListener {
    socket: RequestSocket,
    shared: Arc<Shared>,
    batch: Batch,
    /// Hears why it can take no more.
    failed: mpsc::Sender<SystemError>,
}

impl RequestListener {
    pub(super) fn new(
        socket: RequestSocket,
        shared: Arc<Shared>,
        failed: mpsc::Sender<SystemError>,
    ) -> Self {
        Self {
            socket,
            shared,
            batch: Batch::new(),
            failed,
        }
    }

    fn fail(&mut self, error: io::Error) {
        let error = SystemError::new(Operation::Receive, self.socket.local())(error);
        // One failure is enough to end the server.
        let _ = self.failed.try_send(error);
    }
}

impl Listener<Transfer> for RequestListener {
    fn socket(&self) -> BorrowedFd<'_> {
        self.socket.socket()
    }

    fn handle_readable(&mut self, table: &mut TransferTable) -> bool {
        // Transfers that were told to end hold a socket and a file until they have. Under a flood
        // they have their turn before the next request, which waits in the kernel meanwhile.
        if self.shared.admission.lingering() > MAX_LINGERING {
            std::thread::yield_now();
            return true;
        }
        match self.socket.receive(&mut self.batch) {
            Ok(()) => {}
            // An ICMP error about an earlier answer, or memory that is short for a moment.
            Err(error) if is_passing(&error) => return true,
            Err(error) => {
                self.fail(error);
                return false;
            }
        }
        for (arrival, packet) in self.batch.datagrams() {
            self.shared
                .handle_datagram(&self.socket, arrival, packet, table);
        }
        true
    }
}

fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionRefused
            | Kind::ConnectionReset
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
            | Kind::NetworkDown
            | Kind::PermissionDenied
            | Kind::InvalidData
            | Kind::OutOfMemory
            | Kind::Interrupted
    )
}

const MAX_LINGERING: usize = 64;
