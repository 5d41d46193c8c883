//! Ports that crowds of transfers in lockstep share, and who listens there.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::hash::RandomState;
use std::io;
use std::net::IpAddr;
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

/// The shared ports of a server: a set of them for each of its addresses.
///
/// Which port of the set a client is answered from depends on its address and a secret, so that who
/// forges that address hits the right one with one ACK in [`SET`]. Each ACK makes one block leave, which
/// is less than [`SET`] ACKs are long: there is nothing to be gained, though all the ports may be known.
#[derive(Debug, Default)]
pub(super) struct SharedPorts {
    entries: Mutex<HashMap<(Key, u64), Entry>>,
    secret: RandomState,
}

/// An address of ours, and its interface.
type Key = (IpAddr, u32);

#[derive(Debug)]
struct Entry {
    port: Arc<SharedPort>,
    /// Dropped, nobody listens there any more.
    _registration: Registration<Transfer>,
}

impl SharedPorts {
    /// A share of a port for the transfer `number`, which runs on the first thread of the engine; `None`
    /// where the port has no room for it.
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
        let key = (
            (local.ip, local.interface),
            self.secret.hash_one(peer) % SET,
        );
        // It is whole after every statement.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(&key) {
            return Ok(entry.port.join(peer, number));
        }
        if entries.len() >= MOST_PORTS {
            entries.retain(|_, entry| !entry.port.is_empty());
            if entries.len() >= MOST_PORTS {
                return Ok(None);
            }
        }
        let port = Arc::new(SharedPort::new(transfer_socket(local)?));
        let membership = port.join(peer, number);
        let listener = PortListener::new(Arc::clone(&port), Arc::clone(shared));
        let entry = Entry {
            port,
            _registration: admit(&shared.engine, listener),
        };
        entries.insert(key, entry);
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

/// Ports of a set. A block of the largest size that Ethernet carries is 46 times as long as its ACK.
const SET: u64 = 64;
/// Shared ports at a time: four addresses of ours may have whole sets.
const MOST_PORTS: usize = 256;
