//! Proxy DHCP over real sockets: `lineman_proto::dhcp` on ports 67 and 4011.
//!
//! It has a thread of its own, because looking for a loader may wait for the disk: a file system that hangs then
//! keeps neither transfers nor the log.

mod exchange;
mod ports;
mod root;
#[cfg(test)]
mod tests;

use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Instant;

use lineman_proto::dhcp::Client;
use lineman_proto::dhcp::Counts;
use lineman_proto::dhcp::Loaders;
use lineman_proto::dhcp::ProxyDhcp;
use lineman_proto::dhcp::Refused;
use lineman_proto::dhcp::Service;
use lineman_proto::tftp::guard::Prefix;
use rustix::pipe::PipeFlags;
use tokio::sync::mpsc;

use crate::Operation;
use crate::SystemError;

pub use ports::ProxyPorts;
pub use root::LoaderRoot;

/// How a proxy answers.
#[derive(Debug)]
pub struct ProxyConfig {
    /// What firmware is told to load, where that was set.
    pub loaders: Loaders,
    /// Whose relays are answered, and who is answered at port 4011; `None` is everybody.
    pub allow: Option<Vec<Prefix>>,
    /// Where the usual loaders are looked for; `None` looks for none.
    pub root: Option<LoaderRoot>,
    /// Where the TFTP server listens: a machine is sent there, and on networks without such an address nobody is
    /// answered. `0.0.0.0` and `[::]` are all addresses.
    pub tftp: Vec<IpAddr>,
}

/// Something that the operator may want to know.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProxyEvent {
    /// A machine is told what to load. The same again within seconds is no event.
    Told {
        /// The machine.
        client: Client,
        /// The file, or a URL.
        file: String,
        /// The server that it was told to load it from.
        server: IpAddr,
        /// The port that it asked.
        service: Service,
    },
    /// A machine has asked and gets no answer.
    Refused {
        /// The machine.
        client: Client,
        /// Why.
        why: Refused,
    },
    /// The system did not send an answer.
    Unsent {
        /// The machine.
        client: Client,
        /// What the system said.
        error: io::Error,
    },
    /// A socket has failed for good: nobody is answered any more.
    Failed(SystemError),
}

/// A proxy that runs, until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    counts: Arc<Mutex<Counts>>,
    untold: Arc<AtomicU64>,
    /// Dropped, the thread hears that it is to end.
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Answers from now on. Events that the receiver does not take in time are counted, not kept.
    ///
    /// # Errors
    /// When there is no thread or no pipe to be had.
    pub fn start(
        ports: ProxyPorts,
        config: ProxyConfig,
    ) -> Result<(Self, mpsc::Receiver<ProxyEvent>), SystemError> {
        let refused = SystemError::new(Operation::Create, "a thread");
        let started = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(io::Error::from);
        let (events, receiver) = mpsc::channel(EVENTS);
        let (counts, untold) = (Arc::<Mutex<Counts>>::default(), Arc::<AtomicU64>::default());
        let started = started.and_then(|(stopped, stop)| {
            let machine = ProxyDhcp::new(Instant::now(), config.loaders, config.allow);
            let mut exchange = exchange::Exchange {
                ports,
                machine,
                root: config.root,
                tftp: config.tftp,
                events,
                counts: Arc::clone(&counts),
                untold: Arc::clone(&untold),
            };
            let thread = std::thread::Builder::new()
                .name("proxydhcp".to_owned())
                .spawn(move || exchange.run(&stopped))?;
            Ok((stop, thread))
        });
        let (stop, thread) = started.map_err(refused)?;
        let proxy = Self {
            counts,
            untold,
            stop: Some(stop),
            thread: Some(thread),
        };
        Ok((proxy, receiver))
    }

    /// What there was so far.
    pub fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Events that nobody was told of: too many at once.
    pub fn untold(&self) -> u64 {
        self.untold.load(Ordering::Relaxed)
    }
}

/// The thread is not waited for: where a file system hangs it may never end.
impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.take();
        self.thread.take();
    }
}

/// How many events wait for the task that writes the log.
const EVENTS: usize = 1024;
