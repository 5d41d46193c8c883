//! The socket that requests come to, in the engine.
//!
//! A thousand machines that are switched on together ask in one moment. Their requests are taken out of
//! the socket before any of them is worked on, because the kernel drops what the socket cannot hold,
//! and a client repeats a lost request after a second at the earliest.

use std::collections::VecDeque;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::Shared;
use crate::Operation;
use crate::SystemError;
use crate::tftp::engine::Listener;
use crate::tftp::socket::Arrival;
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
    queue: Queue,
    /// Where to say why it can take no more.
    failed: mpsc::Sender<SystemError>,
}

/// Requests that have been taken in and not been worked on, within bounds.
#[derive(Debug, Default)]
struct Queue {
    requests: VecDeque<(Arrival, Vec<u8>)>,
    bytes: usize,
}

impl Queue {
    fn is_full(&self) -> bool {
        self.requests.len() >= MOST_REQUESTS || self.bytes >= MOST_BYTES
    }

    fn push(&mut self, arrival: Arrival, packet: &[u8]) {
        self.bytes += packet.len();
        self.requests.push_back((arrival, packet.to_vec()));
    }

    fn pop(&mut self) -> Option<(Arrival, Vec<u8>)> {
        let (arrival, packet) = self.requests.pop_front()?;
        self.bytes -= packet.len();
        Some((arrival, packet))
    }
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
            batch: Batch::of_requests(),
            queue: Queue::default(),
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
        while !self.queue.is_full() {
            let received = self.socket.receive(&mut self.batch);
            // As long as one lies there the socket counts as readable.
            if self.shared.config.single_port && (received.is_err() || self.batch.is_empty()) {
                while let Some(peer) = self.socket.next_gone() {
                    self.shared.note_gone(peer);
                }
            }
            match received {
                Ok(()) => {}
                // An ICMP error about an earlier answer, or memory that is short for a moment.
                Err(error) if is_transient(&error) => return true,
                Err(error) => {
                    self.fail(error);
                    return false;
                }
            }
            for (arrival, packet) in self.batch.datagrams() {
                // What is for a transfer that runs does not wait behind requests.
                if !self.shared.forward_packet(arrival, packet, table) {
                    self.queue.push(arrival, packet);
                }
            }
            if !self.batch.is_full() {
                return true;
            }
        }
        true
    }

    fn has_work(&self) -> bool {
        !self.queue.requests.is_empty()
    }

    fn work(&mut self, table: &mut TransferTable) {
        for _ in 0..REQUESTS_AT_A_TIME {
            // Transfers that were told to end hold a socket and a file until they have. Under a flood
            // they have their turn before the next request, which waits meanwhile.
            if self.shared.admission.lingering() > MAX_LINGERING {
                std::thread::yield_now();
                return;
            }
            let Some((arrival, packet)) = self.queue.pop() else {
                return;
            };
            self.shared
                .handle_datagram(&self.socket, arrival, &packet, table);
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
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
/// Requests that wait, for each address of the server: more than machines are switched on together.
const MOST_REQUESTS: usize = 4096;
/// Bytes of them; a request has a hundred or so.
const MOST_BYTES: usize = 4 << 20;
/// Requests that are worked on before transfers have their turn again: as many as machines are switched on
/// together, so that none of them waits for the windows of others. That is some 40 ms, a fifth of what a
/// transfer waits at least before it repeats anything.
const REQUESTS_AT_A_TIME: usize = 1024;
