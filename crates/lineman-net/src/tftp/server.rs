//! The server: requests in, transfers as tasks, reports out.

use std::io;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::DATA_HEADER;
use lineman_proto::tftp::DEFAULT_BLKSIZE;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::ParseError;
use lineman_proto::tftp::Policy;
use lineman_proto::tftp::Request;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Stats;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::answer;
use lineman_proto::tftp::guard::Ignored;
use lineman_proto::tftp::guard::IgnoredCounts;
use lineman_proto::tftp::guard::Prefix;
use tokio::sync::mpsc;

use super::Ending;
use super::Ports;
use super::Refusal;
use super::Report;
use super::Sink;
use super::Source;
use super::Store;
use super::admission::Admission;
use super::admission::Pulse;
use super::admission::Ticket;
use super::admission::Verdict;
use super::guard::SharedGuard;
use super::socket::Arrival;
use super::socket::Door;
use super::socket::Listener;
use super::socket::route_blksize;
use super::socket::transfer_socket;
use super::transfer;
use super::transfer::Body;
use super::transfer::Command;
use super::transfer::Observer;
use super::workers::Workers;
use crate::Operation;
use crate::SystemError;
use crate::packet_info::Local;

/// How a server serves.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Who is answered; `None` is everybody.
    pub allow: Option<Vec<Prefix>>,
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
    /// How patient to be.
    pub timing: Timing,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            allow: Some(Prefix::local()),
            max_transfers: 4096,
            max_transfers_per_client: 64,
            max_unconfirmed: 1024,
            max_blksize: None,
            max_windowsize: 64,
            rollover: Rollover::ToZero,
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
    /// A datagram was ignored, the first for this reason from these addresses; how many follow is
    /// in [`Server::refused`].
    Ignored {
        /// The neighbourhood of its sender.
        prefix: Prefix,
        /// Why it was ignored.
        why: Ignored,
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
    doors: Vec<Arc<Door>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Store,
    config: ServerConfig,
    admission: Admission,
    workers: Workers,
    guard: SharedGuard,
    events: mpsc::Sender<ServerEvent>,
    ignored: AtomicU64,
    unreported: AtomicU64,
}

impl Server {
    /// Takes the addresses. Reports go to the receiver; what it does not take in time is counted,
    /// not kept.
    ///
    /// # Errors
    /// The first address that the system refuses.
    pub fn bind(
        addrs: &[SocketAddr],
        store: Store,
        config: ServerConfig,
    ) -> Result<(Self, mpsc::Receiver<ServerEvent>), SystemError> {
        Self::on(Ports::bind(addrs)?, store, config)
    }

    /// Serves on addresses that were taken before.
    ///
    /// # Errors
    /// When the runtime cannot wait for a socket.
    pub fn on(
        ports: Ports,
        store: Store,
        config: ServerConfig,
    ) -> Result<(Self, mpsc::Receiver<ServerEvent>), SystemError> {
        let doors = ports
            .into_sockets()
            .into_iter()
            .map(|socket| {
                Door::new(socket)
                    .map(Arc::new)
                    .map_err(SystemError::new(Operation::Listen, "a socket"))
            })
            .collect::<Result<_, _>>()?;
        let workers = Workers::start().map_err(SystemError::new(Operation::Create, "threads"))?;
        let (events, receiver) = mpsc::channel(EVENTS);
        let shared = Arc::new(Shared {
            store,
            admission: Admission::new(config.max_transfers)
                .with_limits(config.max_unconfirmed, config.max_transfers_per_client),
            guard: SharedGuard::new(config.allow.clone()),
            config,
            workers,
            events,
            ignored: AtomicU64::new(0),
            unreported: AtomicU64::new(0),
        });
        Ok((Self { doors, shared }, receiver))
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.doors.iter().map(|door| door.local()).collect()
    }

    /// How many datagrams were no request and were ignored.
    pub fn ignored(&self) -> u64 {
        self.shared.ignored.load(Ordering::Relaxed)
    }

    /// What was not let happen, so far.
    pub fn refused(&self) -> RefusedCounts {
        RefusedCounts {
            ignored: self.shared.guard.counts(),
            evicted: self.shared.admission.evicted(),
            untold: self.shared.unreported.load(Ordering::Relaxed),
        }
    }

    /// How many transfers are not done yet.
    pub fn unfinished(&self) -> usize {
        self.shared.admission.unfinished()
    }

    /// Serves for ever.
    ///
    /// # Errors
    /// When a socket fails for good.
    pub async fn run(&self) -> Result<(), SystemError> {
        let mut loops = tokio::task::JoinSet::new();
        for door in &self.doors {
            let (door, shared) = (Arc::clone(door), Arc::clone(&self.shared));
            let mut task = self
                .shared
                .workers
                .spawn(async move { listen(&door, &shared).await });
            // Not polling this any more drops the task, and that ends the listening.
            loops.spawn(async move { task.join().await });
        }
        match loops.join_next().await {
            Some(Ok(Some(Err(error)))) => Err(error),
            _ => Ok(()),
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
        let last = Instant::now() + LAST_WORDS;
        while self.unfinished() > 0 && Instant::now() < last {
            tokio::time::sleep(POLL).await;
        }
    }
}

async fn listen(door: &Door, shared: &Arc<Shared>) -> Result<(), SystemError> {
    let listener = &door
        .open()
        .map_err(SystemError::new(Operation::Listen, door.local()))?;
    let mut buffer = vec![0; 65536];
    loop {
        match listener.receive(&mut buffer).await {
            Ok(arrival) => {
                shared.handle(listener, arrival, &buffer[..arrival.len]);
                shared.let_others_end().await;
            }
            // An ICMP error about an earlier answer, or memory that is short for a moment.
            Err(error) if is_passing(&error) => tokio::task::yield_now().await,
            Err(error) => {
                return Err(SystemError::new(Operation::Receive, listener.local())(
                    error,
                ));
            }
        }
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

impl Shared {
    fn handle(self: &Arc<Self>, listener: &Listener, arrival: Arrival, packet: &[u8]) {
        let Some(local) = arrival.to else {
            return self.ignore();
        };
        let from = arrival.from;
        let to = SocketAddr::new(local.ip, listener.local().port());
        if let Err(why) = self.guard.look(from, to) {
            return self.turn_away(from, why);
        }
        let request = match Packet::parse(packet) {
            Ok(Packet::Request(request)) => request,
            Err(ParseError::Mode | ParseError::EmptyFilename | ParseError::Truncated)
                if is_request(packet) =>
            {
                if self.admission.may_rebuke(from) && self.guard.take_error(from).is_ok() {
                    refuse(listener, from, local, &Refusal::Malformed);
                }
                return self.ignore();
            }
            _ => return self.ignore(),
        };
        if let Err(why) = self.take_price(from, packet, &request) {
            return self.turn_away(from, why);
        }
        let refusal = match self
            .admission
            .judge_known(from, packet, self.guard.is_known(from))
        {
            Verdict::Repeated => return,
            Verdict::Start(ticket) => {
                match self.start(from, local, &request, packet.len(), ticket) {
                    Ok(()) => return,
                    Err(Unstarted::Ignored(why)) => return self.turn_away(from, why),
                    Err(Unstarted::Refused(refusal)) => refusal,
                }
            }
            Verdict::Busy => Refusal::Busy {
                limit: self.config.max_transfers,
            },
            Verdict::BusyClient => Refusal::BusyClient {
                limit: self.config.max_transfers_per_client,
            },
        };
        if let Refusal::Exhausted(_) = refusal {
            self.admission.shed();
        }
        self.guard.refuse(from);
        refuse(listener, from, local, &refusal);
        self.report_refusal(from, &request, refusal);
    }

    /// Takes from its neighbourhood what a request costs, and what it costs to repeat an answer for
    /// it, however often it is asked for.
    fn take_price(
        &self,
        from: SocketAddr,
        packet: &[u8],
        request: &Request<'_>,
    ) -> Result<(), Ignored> {
        self.guard.take_request(from)?;
        if let Some(answer) = self.admission.would_repeat(from, packet) {
            self.guard.take_answer(from, packet.len(), answer, 1)?;
        } else if request.direction == Direction::Read && request.options.iter().next().is_none() {
            let answer = first_answer(request.direction, None, None);
            self.guard
                .look_ahead(from, packet.len(), answer, self.first_sends())?;
        }
        Ok(())
    }

    /// Opens the file before anything is answered, so that a refusal is the first thing the client
    /// hears (PXELINUX mishandles an ERROR behind an OACK).
    fn start(
        self: &Arc<Self>,
        peer: SocketAddr,
        local: Local,
        request: &Request<'_>,
        question: usize,
        ticket: Ticket,
    ) -> Result<(), Unstarted> {
        let prepared = self.prepare(peer, local, request);
        let prepared = prepared.map_err(Unstarted::Refused)?;
        let taken = self
            .guard
            .take_answer(peer, question, prepared.answer, self.first_sends())
            .map_err(Unstarted::Ignored)?;
        ticket.will_answer(prepared.answer);
        let job = Job {
            shared: Arc::clone(self),
            ticket,
            taken,
            report: report(peer, request, Ending::Stopped),
            started: Instant::now(),
        };
        self.workers.spawn(job.run(prepared)).detach();
        Ok(())
    }

    fn prepare(
        &self,
        peer: SocketAddr,
        local: Local,
        request: &Request<'_>,
    ) -> Result<Prepared, Refusal> {
        let (body, length) = match request.direction {
            Direction::Read => {
                let (file, length) = self.store.read(request.filename)?;
                let source = Source::file(file, length, request.mode);
                let length = source.length();
                (Body::Send(source), length)
            }
            Direction::Write => {
                let announced = request.options.number("tsize");
                let file = self.store.write(request.filename, announced)?;
                let sink = Sink::durable_file(file, request.mode, self.store.max_upload());
                (Body::Receive(Some(sink)), None)
            }
        };
        let socket = transfer_socket(local)?;
        let offer = answer(
            request.direction,
            request.options,
            &self.policy(peer),
            length,
        );
        let agreed = offer.agreed;
        let answer = first_answer(request.direction, offer.oack.as_deref(), length);
        let (now, rollover, timing) = (Instant::now(), self.config.rollover, self.config.timing);
        let session = match request.direction {
            Direction::Read => Session::serve_read(now, peer, offer, rollover, timing, length),
            Direction::Write => Session::serve_write(now, peer, offer, rollover, timing),
        };
        Ok(Prepared {
            socket,
            session,
            body,
            agreed,
            answer,
        })
    }

    /// How often the first answer is sent to a peer that says nothing.
    fn first_sends(&self) -> u32 {
        1 + self.config.timing.unconfirmed_resends.unwrap_or(0)
    }

    fn policy(&self, peer: SocketAddr) -> Policy {
        let max_blksize = self
            .config
            .max_blksize
            .unwrap_or_else(|| route_blksize(peer).unwrap_or(DEFAULT_BLKSIZE));
        Policy {
            max_blksize,
            max_windowsize: self.config.max_windowsize,
            max_window_bytes: MAX_WINDOW_BYTES,
        }
    }

    fn turn_away(&self, from: SocketAddr, why: Ignored) {
        if let Some(prefix) = self.guard.note(why, from.ip()) {
            self.send_event(ServerEvent::Ignored { prefix, why });
        }
    }

    /// Transfers that were told to end hold a socket and a file until they have. Under a flood they
    /// must get their turn before the next request, which waits in the kernel meanwhile.
    async fn let_others_end(&self) {
        for _ in 0..PATIENT_TURNS {
            if self.admission.lingering() <= MAX_LINGERING {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn ignore(&self) {
        self.ignored.fetch_add(1, Ordering::Relaxed);
    }

    fn report_refusal(&self, peer: SocketAddr, request: &Request<'_>, refusal: Refusal) {
        if self.guard.take_report(peer) {
            self.send_report(report(peer, request, Ending::Refused(refusal)));
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

/// A transfer that could begin.
struct Prepared {
    socket: UdpSocket,
    session: Session,
    body: Body,
    agreed: Agreed,
    /// How long its first answer is.
    answer: usize,
}

/// Why none begins.
enum Unstarted {
    Refused(Refusal),
    Ignored(Ignored),
}

/// One transfer, as a task.
struct Job {
    shared: Arc<Shared>,
    ticket: Ticket,
    /// What the guard took for its answer.
    taken: u64,
    report: Report,
    started: Instant,
}

impl Job {
    async fn run(self, prepared: Prepared) {
        let Self {
            shared,
            ticket,
            taken,
            mut report,
            started,
        } = self;
        let Prepared {
            socket,
            mut session,
            body,
            agreed,
            ..
        } = prepared;
        let Ok(socket) = tokio::net::UdpSocket::from_std(socket) else {
            let limit = shared.config.max_transfers;
            report.ending = Ending::Refused(Refusal::Busy { limit });
            return shared.send_report(report);
        };
        let quiet = ticket.quiet();
        let mut watched = Watched {
            ticket,
            taken,
            shared: &shared,
        };
        transfer::run(
            &socket,
            &mut session,
            body,
            agreed,
            agreed.blksize,
            &mut watched,
            |result, session| {
                report.agreed = result.agreed;
                report.bytes = result.bytes;
                report.elapsed = started.elapsed();
                report.stats = session.stats();
                report.ending = result.ending;
                if !quiet.load(Ordering::Relaxed) {
                    shared.send_report(report);
                }
            },
        )
        .await;
    }
}

/// Tells the table and the guard how a transfer is doing.
struct Watched<'a> {
    ticket: Ticket,
    taken: u64,
    shared: &'a Shared,
}

impl Observer for Watched<'_> {
    async fn command(&mut self) -> Command {
        // Without a sender the table has dropped it, perhaps with no room left for the word.
        let command = self.ticket.commands.recv().await;
        command.unwrap_or(Command::Supersede)
    }

    fn observe(&mut self, session: &Session, _bytes: u64, _agreed: &Agreed) {
        let is_proof = self.ticket.note(Pulse {
            confirmed: session.is_confirmed(),
            ending: session.is_ending(),
            dallying: session.is_dallying(),
            at: Instant::now(),
        });
        if is_proof {
            self.shared.guard.confirm(session.peer(), self.taken);
        }
    }
}

fn report(peer: SocketAddr, request: &Request<'_>, ending: Ending) -> Report {
    Report {
        peer,
        direction: request.direction,
        filename: request.filename.to_vec(),
        mode: request.mode,
        agreed: Agreed::default(),
        bytes: 0,
        elapsed: Duration::ZERO,
        stats: Stats::default(),
        ending,
    }
}

fn refuse(listener: &Listener, peer: SocketAddr, local: Local, refusal: &Refusal) {
    let error = Packet::Error {
        code: refusal.code(),
        message: refusal.words().as_bytes(),
    };
    listener.answer(peer, local, &error.encode());
}

/// How long the first answer is: the OACK, ACK 0, or the first block.
fn first_answer(direction: Direction, oack: Option<&[u8]>, length: Option<u64>) -> usize {
    let block = u64::from(DEFAULT_BLKSIZE);
    match (oack, direction) {
        (Some(oack), _) => oack.len(),
        (None, Direction::Write) => DATA_HEADER,
        (None, Direction::Read) => DATA_HEADER + length.unwrap_or(block).min(block) as usize,
    }
}

fn is_request(packet: &[u8]) -> bool {
    matches!(packet, [0, 1 | 2, _, ..])
}

/// What one peer can make us have in flight.
const MAX_WINDOW_BYTES: u32 = 1 << 20;
const EVENTS: usize = 4096;
const MAX_LINGERING: usize = 64;
const PATIENT_TURNS: usize = 1000;
const POLL: Duration = Duration::from_millis(10);
/// For the ERROR packets of transfers that are stopped.
const LAST_WORDS: Duration = Duration::from_millis(200);
