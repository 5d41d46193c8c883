//! The least a server can be: what the generator takes from it is what the generator can take.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::DATA_HEADER;
use lineman_proto::tftp::MAX_BLKSIZE;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::Policy;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::answer;
use nix::sys::socket::SockaddrStorage;
use socket2::Socket;

use super::socket;
use crate::tftp::inbox::Inbox;

/// A thread that sends one file, to any client and for any name: no disk, no timers, one socket
/// for all. Every window is the answer to an ACK, so that a client that repeats its ACK gets the
/// window again, and the thread need remember nothing but what was agreed.
#[derive(Debug)]
pub struct NullServer {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NullServer {
    /// Starts it on a free port of 127.0.0.1; its file has `length` bytes.
    ///
    /// # Errors
    /// When the system has no socket or no thread.
    pub fn start(length: u64) -> io::Result<Self> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let socket = socket::open(any, true)?;
        socket.bind(&any.into())?;
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(Some(LONGEST_WAIT))?;
        let address = socket.local_addr()?.as_socket();
        let stop = Arc::new(AtomicBool::new(false));
        let mut source = Source {
            socket,
            length,
            agreed: HashMap::new(),
            window: Vec::new(),
        };
        let told = stop.clone();
        let thread = std::thread::Builder::new().spawn(move || source.run(&told))?;
        Ok(Self {
            address: address.ok_or(io::ErrorKind::InvalidData)?,
            stop,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for NullServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Source {
    socket: Socket,
    length: u64,
    /// What was agreed, and the last block that was acknowledged.
    agreed: HashMap<SocketAddr, (Agreed, u64)>,
    /// Packets of a window; reused.
    window: Vec<u8>,
}

impl Source {
    fn run(&mut self, stop: &AtomicBool) {
        let mut inbox = Inbox::default();
        let mut asked_at = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            // An error is an ICMP message about a client that is gone.
            let Ok(Some(arrival)) = inbox.receive(&self.socket) else {
                continue;
            };
            if asked_at.elapsed() > FORGET_AFTER {
                self.agreed.clear();
            }
            asked_at = Instant::now();
            for datagram in arrival.datagrams() {
                self.handle(arrival.from, datagram);
            }
        }
    }

    fn handle(&mut self, from: SocketAddr, datagram: &[u8]) {
        match Packet::parse(datagram) {
            Ok(Packet::Request(request)) => {
                let offer = answer(request.direction, request.options, &GENEROUS, None);
                self.agreed.insert(from, (offer.agreed, 0));
                match offer.oack {
                    Some(oack) => {
                        let _ = socket::send(&self.socket, &SockaddrStorage::from(from), &oack);
                    }
                    None => self.send_window(from, 0),
                }
            }
            Ok(Packet::Ack { block }) => self.send_window(from, block),
            Ok(Packet::Error { .. }) => drop(self.agreed.remove(&from)),
            _ => {}
        }
    }

    /// Sends the window behind an acknowledged block.
    fn send_window(&mut self, to: SocketAddr, acknowledged: u16) {
        let Some((agreed, base)) = self.agreed.get_mut(&to) else {
            return;
        };
        let Some(block) = ROLLOVER.index(acknowledged, *base) else {
            return;
        };
        *base = block;
        let blksize = u64::from(agreed.blksize);
        let last = self.length / blksize + 1;
        let until = last.min(block + u64::from(agreed.windowsize));
        if block >= last {
            self.agreed.remove(&to);
            return;
        }
        self.window.clear();
        for next in block + 1..=until {
            let len = (self.length - (next - 1) * blksize).min(blksize);
            self.window.extend_from_slice(&DATA);
            self.window
                .extend_from_slice(&ROLLOVER.wire(next).to_be_bytes());
            self.window.extend_from_slice(&CONTENT[..len as usize]);
        }
        let segment = DATA_HEADER + usize::from(agreed.blksize);
        let to = SockaddrStorage::from(to);
        let _ = socket::send_segments(&self.socket, &to, &self.window, segment);
    }
}

const ROLLOVER: Rollover = Rollover::ToZero;
/// Opcode of DATA (RFC 1350 §5).
const DATA: [u8; 2] = [0, 3];
/// Every block, as far as it goes.
static CONTENT: [u8; MAX_BLKSIZE as usize] = [0x5A; MAX_BLKSIZE as usize];
const GENEROUS: Policy = Policy {
    max_blksize: MAX_BLKSIZE,
    max_windowsize: u16::MAX,
    max_window_bytes: u32::MAX,
};
const LONGEST_WAIT: Duration = Duration::from_millis(50);
/// Clients that leave without a word leave an entry; after such a silence all are gone.
const FORGET_AFTER: Duration = Duration::from_secs(30);
