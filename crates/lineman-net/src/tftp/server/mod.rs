//! The server: requests in ([`requests`]), transfers watched ([`observer`]), reports out.

mod files;
mod gauges;
mod listener;
mod observer;
mod opening;
mod refusals;
mod requests;
mod routing;
mod served_file;
mod shared_ports;
mod start;
#[cfg(test)]
mod tests;
mod waiting;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::ClientHistory;
use lineman_proto::tftp::ClientRule;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Request;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Stats;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::guard::Ignored;
use lineman_proto::tftp::guard::IgnoredCounts;
use lineman_proto::tftp::guard::Prefix;
use lineman_proto::tftp::guard::Rules;
use lineman_proto::tftp::machines::Firmware;
use lineman_proto::tftp::machines::Protocol;
use tokio::sync::mpsc;

pub use self::files::Files;
pub use self::files::Found;
pub use self::gauges::Gauges;
use self::listener::RequestListener;
use self::refusals::RefusalReporter;
pub use self::routing::Routing;
pub use self::served_file::ServedFile;
use self::shared_ports::SharedPorts;
use super::ControllerError;
use super::Ending;
use super::HttpReport;
use super::Ports;
use super::Report;
use super::Store;
use super::admission::Admission;
use super::engine::Engine;
use super::engine::EngineConfig;
use super::engine::EngineFailure;
use super::engine::EngineHandle;
use super::guard::SharedGuard;
use super::socket::RequestSocket;
use super::transfer::SharedWindow;
use super::transfer::Transfer;
use crate::Durations;
use crate::Operation;
use crate::SystemError;

/// How a server serves.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Who is answered; `None` is everybody.
    pub allow: Option<Vec<Prefix>>,
    /// Addresses that cannot be forged here, beside those of this machine: they are never limited.
    pub trust: Vec<Prefix>,
    /// How many transfers may run at a time.
    pub max_transfers: usize,
    /// How many of them for one client's address; those of this machine are not counted.
    pub max_transfers_per_client: usize,
    /// How many may wait for a first sign of their client; the oldest leaves for a new one.
    pub max_unconfirmed: usize,
    /// The largest block to agree to; `None` means what the route to the client carries.
    pub max_blksize: Option<u16>,
    /// The largest window to agree to, in blocks.
    pub max_windowsize: u16,
    /// What follows block 65535.
    pub rollover: Rollover,
    /// Answer from the port that is asked: all transfers share one socket.
    pub single_port: bool,
    /// Threads that run transfers; those in lockstep share the first.
    pub threads: usize,
    /// How long a thread stays awake for a packet before it sleeps, while that pays; zero for not at
    /// all.
    pub busy_poll: Duration,
    /// Have an upload on the disk before its last block is acknowledged.
    pub sync_uploads: bool,
    /// Hold windows back while the way to the clients is full.
    pub congestion_control: bool,
    /// Send blocks ahead of their ACKs to clients without `windowsize`.
    pub pipeline: bool,
    /// Clients that are served otherwise than the rest; the first rule that matches holds.
    pub client_rules: Vec<ClientRule>,
    /// Which file a request gets.
    pub routing: Arc<Routing>,
    /// Tell of transfers when they begin, too.
    pub tell_begun: bool,
    /// How patient to be.
    pub timing: Timing,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            allow: Some(Prefix::local()),
            trust: Vec::new(),
            max_transfers: 4096,
            max_transfers_per_client: 64,
            max_unconfirmed: 1024,
            max_blksize: None,
            max_windowsize: 64,
            rollover: Rollover::ToZero,
            single_port: false,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            busy_poll: Duration::from_micros(100),
            sync_uploads: true,
            congestion_control: true,
            pipeline: false,
            client_rules: Vec::new(),
            routing: Arc::default(),
            tell_begun: false,
            timing: Timing {
                patience: Duration::from_secs(20),
                dally: Duration::from_secs(3),
                unconfirmed_resends: Some(1),
            },
        }
    }
}

/// Something that the operator may want to know.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerEvent {
    /// A transfer, or a request that became none, is over.
    Report(Report),
    /// A request by HTTP is over.
    Http(HttpReport),
    /// A client has answered for the first time: its transfer runs. Told where [`ServerConfig::tell_begun`] says so.
    Begun {
        /// The client.
        peer: SocketAddr,
        /// The file's name as requested.
        filename: Vec<u8>,
        /// Which way the file goes, seen from the client.
        direction: Direction,
        /// Which program asked, as far as its request tells.
        firmware: Firmware,
        /// By what it asked.
        protocol: Protocol,
        /// When the request came.
        at: Instant,
    },
    /// A transfer begins that its client, which has stopped at block 65535 before, cannot finish.
    TooManyBlocks {
        /// The client.
        peer: SocketAddr,
        /// The file's name as requested.
        filename: Vec<u8>,
        /// The block size that was agreed.
        agreed: u16,
        /// The smallest with which the file has no more than 65535 blocks.
        blksize: u64,
    },
    /// A datagram was ignored, the first for this reason from these addresses; how many follow is
    /// in [`Server::refused`].
    Ignored {
        /// The neighbourhood of its sender.
        prefix: Prefix,
        /// Why it was ignored.
        why: Ignored,
    },
    /// A controller gave nothing to serve, and the file that is named for that case is served.
    FellBack {
        /// The client.
        peer: SocketAddr,
        /// The file.
        fallback: Vec<u8>,
        /// What the controller did.
        why: ControllerError,
    },
    /// Parts of uploads were removed that an earlier server left when it was killed.
    Cleared {
        /// How many.
        parts: usize,
    },
    /// With one port for all transfers: blocks to these addresses wait, because nothing has proved
    /// yet that they are not forged, and as much as may be sent for that has been.
    Slowed {
        /// The neighbourhood of the client.
        prefix: Prefix,
    },
}

/// What a server did not let happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefusedCounts {
    /// Datagrams that were ignored.
    pub ignored: IgnoredCounts,
    /// Transfers whose client never answered and that left for newer ones.
    pub evicted: u64,
    /// Events that were not told: too many at once, or refusals of a flood.
    pub untold: u64,
}

/// A TFTP server on one or more addresses. Serves while [`Self::run`] is polled.
#[derive(Debug)]
pub struct Server {
    sockets: Vec<RequestSocket>,
    shared: Arc<Shared>,
    /// Dropped, the transfers end.
    _engine: Engine<Transfer>,
    /// Why a thread of the engine has ended.
    engine_failures: tokio::sync::Mutex<mpsc::UnboundedReceiver<EngineFailure>>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<dyn Store>,
    config: ServerConfig,
    admission: Admission,
    engine: EngineHandle<Transfer>,
    guard: Arc<SharedGuard>,
    /// What earlier transfers have shown of their clients.
    clients: Mutex<ClientHistory>,
    shared_ports: SharedPorts,
    /// How much all windows together may have in flight.
    window: Arc<SharedWindow>,
    events: mpsc::Sender<ServerEvent>,
    refusals: RefusalReporter,
    ignored: AtomicU64,
    unreported: Arc<AtomicU64>,
    /// In a place of its own: it is written to with every window.
    turnaround: Box<Durations>,
}

impl Server {
    /// Takes the addresses. Reports go to the receiver; what it does not take in time is counted,
    /// not kept.
    ///
    /// # Errors
    /// The first address that the system refuses.
    pub fn bind(
        addrs: &[SocketAddr],
        store: Arc<dyn Store>,
        config: ServerConfig,
    ) -> Result<(Self, mpsc::Receiver<ServerEvent>), SystemError> {
        Self::on(Ports::bind(addrs)?, store, config)
    }

    /// Serves on addresses that were taken before.
    ///
    /// # Errors
    /// When the runtime cannot wait for a socket, or the system allows no more threads.
    pub fn on(
        ports: Ports,
        store: Arc<dyn Store>,
        config: ServerConfig,
    ) -> Result<(Self, mpsc::Receiver<ServerEvent>), SystemError> {
        let sockets = ports
            .into_sockets()
            .into_iter()
            .map(|socket| {
                RequestSocket::new(socket).map_err(SystemError::new(Operation::Listen, "a socket"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if config.single_port {
            for socket in &sockets {
                socket
                    .hear_errors()
                    .map_err(SystemError::new(Operation::Listen, "a socket"))?;
            }
        }
        for store in config.routing.sources().chain([&store]) {
            store
                .start()
                .map_err(SystemError::new(Operation::Create, "threads"))?;
        }
        if let Some(controller) = &config.routing.controller {
            controller
                .start()
                .map_err(SystemError::new(Operation::Create, "threads"))?;
        }
        let (engine, engine_failures) = Engine::start(EngineConfig {
            threads: config.threads,
            busy_poll: config.busy_poll,
            pool_threads: POOL_THREADS,
        })
        .map_err(SystemError::new(Operation::Create, "threads"))?;
        let (events, receiver) = mpsc::channel(EVENTS);
        let unreported = Arc::<AtomicU64>::default();
        let refusals = RefusalReporter::start(&store, &events, &unreported)
            .map_err(SystemError::new(Operation::Create, "threads"))?;
        let shared = Arc::new(Shared {
            store,
            admission: Admission::new(config.max_transfers)
                .with_limits(config.max_unconfirmed, config.max_transfers_per_client)
                .with_shared_port(config.single_port),
            guard: Arc::new(SharedGuard::new(Rules {
                allow: config.allow.clone(),
                trust: config.trust.clone(),
                listening: sockets.iter().map(RequestSocket::local).collect(),
            })),
            config,
            engine: engine.handle(),
            clients: Mutex::default(),
            shared_ports: SharedPorts::default(),
            window: Arc::default(),
            events,
            refusals,
            ignored: AtomicU64::new(0),
            unreported,
            turnaround: Box::default(),
        });
        let server = Self {
            sockets,
            shared,
            _engine: engine,
            engine_failures: tokio::sync::Mutex::new(engine_failures),
        };
        Ok((server, receiver))
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().map(RequestSocket::local).collect()
    }

    /// How many datagrams were no request and were ignored.
    pub fn ignored(&self) -> u64 {
        self.gauges().ignored()
    }

    /// What was not let happen, so far.
    pub fn refused(&self) -> RefusedCounts {
        self.gauges().refused()
    }

    /// How many transfers are not done yet.
    pub fn unfinished(&self) -> usize {
        self.gauges().unfinished()
    }

    /// What it can be asked from elsewhere, also after its end.
    pub fn gauges(&self) -> Gauges {
        Gauges::new(&self.shared)
    }

    /// Its files, for those who bring them to clients by another protocol.
    pub fn files(&self) -> Files {
        Files::new(&self.shared)
    }

    /// Serves for ever.
    ///
    /// # Errors
    /// When a socket fails for good, or a thread can go on no more; the transfers of that thread have
    /// been told. [`Self::finish`] tells the others.
    pub async fn run(&self) -> Result<(), SystemError> {
        let (failed, mut failures) = mpsc::channel(1);
        // Not polling this any more drops the listeners, and that ends the listening.
        let mut listeners = Vec::new();
        for (nth, socket) in self.sockets.iter().enumerate() {
            let shared = Arc::clone(&self.shared);
            let listener = RequestListener::new(socket.clone(), shared, failed.clone());
            listeners.push(self.shared.engine.admit(nth, Box::new(listener)));
        }
        drop(failed);
        let mut engine_failures = self.engine_failures.lock().await;
        tokio::select! {
            Some(failure) = engine_failures.recv() => Err(failure.into()),
            Some(failure) = failures.recv() => Err(failure),
            else => Ok(()),
        }
    }

    /// Lets running transfers finish for `grace`, then stops them. New requests are not taken:
    /// stop polling [`Self::run`] first.
    pub async fn finish(&self, grace: Duration) {
        let end = Instant::now() + grace;
        while self.unfinished() > 0 && Instant::now() < end {
            tokio::time::sleep(POLL).await;
        }
        self.shared.admission.stop_all();
        let last = Instant::now() + LAST_PACKETS;
        let is_busy = || {
            self.unfinished() > 0
                || self.shared.refusals.are_waiting()
                // The pool still removes what has arrived of uploads.
                || !self.shared.engine.pool().is_idle()
        };
        while is_busy() && Instant::now() < last {
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Shared {
    fn turn_away(&self, from: SocketAddr, why: Ignored) {
        if let Some(prefix) = self.guard.note(why, from.ip()) {
            self.send_event(ServerEvent::Ignored { prefix, why });
        }
    }

    fn note_slowed(&self, peer: SocketAddr) {
        if let Some(prefix) = self.guard.note_slowed(peer.ip()) {
            self.send_event(ServerEvent::Slowed { prefix });
        }
    }

    fn ignore(&self) {
        self.ignored.fetch_add(1, Ordering::Relaxed);
    }

    /// What is known of clients; it is whole after every statement.
    fn clients(&self) -> MutexGuard<'_, ClientHistory> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report_refusal(&self, report: Report) {
        self.send_report_of_unproven(report);
    }

    /// Tells what a forger can bring about, as long as that does not fill the log.
    fn send_report_of_unproven(&self, report: Report) {
        if self.guard.take_report(report.peer) {
            if let Some(report) = self.refusals.take(report) {
                self.send_report(report);
            }
        } else {
            self.unreported.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn send_report(&self, report: Report) {
        self.send_event(ServerEvent::Report(report));
    }

    fn send_event(&self, event: ServerEvent) {
        if self.events.try_send(event).is_err() {
            self.unreported.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn report(peer: SocketAddr, request: &Request<'_>, ending: Ending) -> Report {
    Report {
        peer,
        direction: request.direction,
        filename: request.filename.to_vec(),
        routed: None,
        mode: request.mode,
        firmware: Firmware::of(request.options),
        at: Instant::now(),
        agreed: Agreed::default(),
        bytes: 0,
        elapsed: Duration::ZERO,
        stats: Stats::default(),
        ending,
    }
}

const EVENTS: usize = 4096;
const POLL: Duration = Duration::from_millis(10);
/// For the ERROR packets of transfers that are stopped, and for removing what has arrived of uploads.
const LAST_PACKETS: Duration = Duration::from_millis(200);
/// Threads that open, read and write files: a file system that hangs takes half of them at the most.
const POOL_THREADS: usize = 16;
