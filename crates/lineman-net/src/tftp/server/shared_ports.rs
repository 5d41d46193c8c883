//! Ports that crowds of transfers in lockstep share, and who listens there.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use lineman_proto::tftp::ErrorCode;
use lineman_proto::tftp::Packet;

use super::Shared;
use crate::packet_info::Local;
use crate::tftp::engine::EngineHandle;
use crate::tftp::engine::Forwarded;
use crate::tftp::engine::Listener;
use crate::tftp::engine::Registration;
use crate::tftp::shared_port::Membership;
use crate::tftp::shared_port::Sender;
use crate::tftp::shared_port::SharedPort;
use crate::tftp::socket::Batch;
use crate::tftp::socket::transfer_socket;
use crate::tftp::transfer::Transfer;
use crate::tftp::transfer::TransferTable;

/// The shared ports of a server, each for some of the transfers at one of its addresses.
#[derive(Debug, Default)]
pub(super) struct SharedPorts(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    local: Local,
    port: Arc<SharedPort>,
    /// Dropped, nobody listens there any more.
    _registration: Registration<Transfer>,
}

impl SharedPorts {
    /// A share of a port for the transfer `number`, which runs on the first thread of the engine.
    ///
    /// # Errors
    /// When the system allows no more sockets.
    pub(super) fn join(
        &self,
        shared: &Arc<Shared>,
        local: Local,
        peer: SocketAddr,
        number: u64,
    ) -> io::Result<Option<Membership>> {
        // It is whole after every statement.
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut here = entries.iter().filter(|entry| entry.local == local);
        if let Some(membership) = here.find_map(|entry| entry.port.join(peer, number)) {
            return Ok(Some(membership));
        }
        if entries.len() >= MOST_PORTS {
            entries.retain(|entry| !entry.port.is_empty());
            if entries.len() >= MOST_PORTS {
                return Ok(None);
            }
        }
        let port = Arc::new(SharedPort::new(transfer_socket(local)?));
        let membership = port.join(peer, number);
        let listener = PortListener::new(Arc::clone(&port), Arc::clone(shared));
        entries.push(Entry {
            local,
            port,
            _registration: admit(&shared.engine, listener),
        });
        Ok(membership)
    }
}

/// Transfers in lockstep all run on the first thread.
fn admit(engine: &EngineHandle<Transfer>, listener: PortListener) -> Registration<Transfer> {
    engine.admit(0, Box::new(listener))
}

/// Takes the ACKs at one port, and sends the blocks.
#[derive(Debug)]
struct PortListener {
    port: Arc<SharedPort>,
    shared: Arc<Shared>,
    batch: Batch,
}

impl PortListener {
    fn new(port: Arc<SharedPort>, shared: Arc<Shared>) -> Self {
        Self {
            port,
            shared,
            batch: Batch::of_acks(),
        }
    }

    /// RFC 1350 §4: an unknown TID is told so. What answers an ERROR with an ERROR never ends.
    fn rebuke(&self, from: SocketAddr, packet: &[u8]) {
        let is_error = matches!(Packet::parse(packet), Ok(Packet::Error { .. }));
        if !is_error && self.shared.guard.take_error(from).is_ok() {
            let error = Packet::Error {
                code: ErrorCode::UNKNOWN_TID,
                message: b"Unknown transfer ID",
            };
            let _ = self.port.socket().send_to(&error.encode(), from);
        }
    }
}

impl Listener<Transfer> for PortListener {
    fn socket(&self) -> BorrowedFd<'_> {
        self.port.socket().as_fd()
    }

    fn handle_readable(&mut self, table: &mut TransferTable) -> bool {
        // An error is about a packet that was sent, or memory that is short for a moment: what the
        // transfers do not get is repeated.
        if self.batch.receive(self.port.socket()).is_err() {
            return true;
        }
        for (arrival, packet) in self.batch.datagrams() {
            let from = arrival.from;
            match self.port.find(from) {
                Sender::Member(number) => table.forward(Forwarded {
                    number,
                    from,
                    packet,
                }),
                Sender::Former => {}
                Sender::Stranger => self.rebuke(from, packet),
            }
        }
        true
    }

    fn has_work(&self) -> bool {
        self.port.has_unsent()
    }

    fn work(&mut self, _table: &mut TransferTable) {
        // The socket takes no more for the moment; the link has work for as long.
        std::thread::yield_now();
    }

    fn flush(&mut self, table: &mut TransferTable) {
        let Self { port, .. } = self;
        let mut failed = Vec::new();
        port.flush(|peer, error| failed.push((peer, error)));
        for (peer, error) in failed {
            if let Sender::Member(number) = port.find(peer) {
                table.send_failed(number, error);
            }
        }
    }
}

/// Shared ports at a time: room for more transfers than a server runs.
const MOST_PORTS: usize = 64;
