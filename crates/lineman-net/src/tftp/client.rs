//! The client: one file from, or to, a server.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::ClientConfig;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Stats;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::Wish;
use lineman_proto::tftp::machines::Firmware;

use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::watch;

use super::Ending;
use super::Refusal;
use super::Report;
use super::Sink;
use super::Source;
use super::engine::Engine;
use super::engine::EngineConfig;
use super::engine::EngineFailure;
use super::socket;
use super::transfer;
use super::transfer::Body;
use super::transfer::Command;
use super::transfer::Observer;
use super::transfer::Transfer;
use super::transfer::TransferHandle;
use super::transfer_socket::TransferSocket;
use crate::SystemError;

/// What a client asks of a server.
#[derive(Clone, Copy, Debug)]
pub struct ClientOptions {
    /// The block size; `None` means what the route carries.
    pub blksize: Option<u16>,
    /// The window, in blocks.
    pub windowsize: u16,
    /// The server's time-out, in seconds.
    pub timeout: Option<u8>,
    /// Ask for no options at all.
    pub plain: bool,
    /// What follows block 65535.
    pub rollover: Rollover,
    /// Give up after this long without progress.
    pub patience: Duration,
    /// Ask so often until the server answers, even while the network says that nobody is there: for
    /// devices that listen for a moment after they were switched on.
    pub ask_every: Option<Duration>,
    /// How long to stay awake for a packet before sleeping, while that pays; zero for not at all.
    pub busy_poll: Duration,
}

/// An engine, and why its thread has ended, should it.
type Started = (Engine<Transfer>, mpsc::UnboundedReceiver<EngineFailure>);

/// How far a transfer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that have arrived.
    pub bytes: u64,
    /// The whole length, where the server or the source has told it.
    pub total: Option<u64>,
}

/// A client of one server. Transfers that have ended still answer repetitions of their last block
/// for a while, in the background of those that follow; [`Self::finish`] waits for a moment of it.
#[derive(Debug)]
pub struct Client {
    server: SocketAddr,
    options: ClientOptions,
    stop: watch::Receiver<bool>,
    engine: Option<Started>,
    dallying: Vec<Dallying>,
}

impl Client {
    /// A client of the server at `server`. When `stop` becomes true, the transfer that runs tells
    /// the server and ends.
    pub fn new(server: SocketAddr, options: ClientOptions, stop: watch::Receiver<bool>) -> Self {
        Self {
            server,
            options,
            stop,
            engine: None,
            dallying: Vec::new(),
        }
    }

    /// Fetches a file into `sink`. `progress` is called often and must be quick.
    pub async fn get(
        &mut self,
        filename: Vec<u8>,
        mode: Mode,
        sink: Sink,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Report {
        let errand = Errand {
            direction: Direction::Read,
            filename,
            mode,
            length: None,
            tsize: (mode == Mode::Octet).then_some(0),
        };
        self.transfer(errand, Body::Receive(Some(sink)), progress)
            .await
    }

    /// Stores a file from `source`.
    pub async fn put(
        &mut self,
        filename: Vec<u8>,
        mode: Mode,
        source: Source,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Report {
        let length = source.length();
        let errand = Errand {
            direction: Direction::Write,
            filename,
            mode,
            length,
            tsize: length,
        };
        self.transfer(errand, Body::Send(source), progress).await
    }

    /// Whether a transfer still answers repetitions of its last block.
    pub fn is_dallying(&mut self) -> bool {
        self.dallying.retain_mut(|it| !it.is_over());
        !self.dallying.is_empty()
    }

    /// Waits for as long as a repetition of a last block is worth waiting for; not at all once the
    /// client was told to stop.
    ///
    /// Nothing of ours depends on it: the file is here and complete, and RFC 1350 §6 lets a host that
    /// sent the last ACK go. It is for the server, which repeats its last block until it gives up if
    /// that ACK was lost, and logs a failure. So a moment has to do, even where blocks were lost
    /// before; only where the server has really asked again is the ACK known to get lost on this
    /// link, and the whole time given that the session asks for.
    pub async fn finish(&mut self) {
        self.dallying.retain_mut(|it| !it.is_over());
        for mut transfer in std::mem::take(&mut self.dallying) {
            tokio::select! {
                () = transfer.over() => {}
                Ok(_) = self.stop.wait_for(|stop| *stop) => {}
            }
            transfer.handle.say(Command::Stop);
        }
    }

    async fn transfer(
        &mut self,
        errand: Errand,
        body: Body,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Report {
        let started = Instant::now();
        let removes = errand.direction == Direction::Read;
        let mut report = errand.report(self.server);
        let prepared = self.handle().and_then(|handle| {
            let told = self.options.ask_every.is_none();
            let socket = socket::client_socket(self.server, told)?;
            Ok((handle, socket, self.wish(errand.tsize)?))
        });
        let (handle, socket, wish) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                report.ending = Ending::Unreachable(error);
                return report;
            }
        };
        let (done, outcome) = oneshot::channel();
        let (present, gone) = oneshot::channel();
        let asked_again = Arc::new(AtomicBool::new(false));
        let watcher = Watcher {
            progress,
            length: errand.length,
            done: Some(done),
            ended: None,
            asked_again: Arc::clone(&asked_again),
            _present: present,
        };
        let mut session = Session::client(started, self.server, self.config(errand, wish));
        if let Some(interval) = self.options.ask_every {
            session = session.asking_every(interval);
        }
        handle.start(Transfer::new(
            TransferSocket::Own(socket),
            session,
            body,
            Agreed::default(),
            Box::new(watcher),
        ));
        match self.outcome(&handle, outcome).await {
            Ok((result, stats, peer)) => {
                report.peer = peer;
                report.agreed = result.agreed;
                report.bytes = result.bytes;
                report.stats = stats;
                report.ending = result.ending;
            }
            Err(error) => report.ending = Ending::Refused(Refusal::System(error)),
        }
        self.dallying.retain_mut(|it| !it.is_over());
        self.dallying.push(Dallying {
            handle,
            since: Instant::now(),
            asked_again,
            gone,
        });
        report.elapsed = started.elapsed();
        if removes && !matches!(report.ending, Ending::Complete { .. }) {
            let _ = tokio::time::timeout(REMOVAL, self.removal()).await;
        }
        report
    }

    /// Waits until what has arrived of the last file is removed.
    async fn removal(&mut self) {
        if let Some(transfer) = self.dallying.last_mut() {
            let _ = (&mut transfer.gone).await;
        }
        let pool = self.engine.as_ref().map(|(engine, _)| engine.handle());
        while pool.as_ref().is_some_and(|engine| !engine.pool().is_idle()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Where the next transfer will be. One thread does for all: they run one after another.
    fn handle(&mut self) -> io::Result<TransferHandle> {
        let alive = |started: &mut Started| started.1.try_recv().is_err();
        let started = match self.engine.take_if(alive) {
            Some(started) => started,
            None => Engine::start(self.engine_config())?,
        };
        Ok(self.engine.insert(started).0.handle().open())
    }

    fn engine_config(&self) -> EngineConfig {
        EngineConfig {
            threads: 1,
            busy_poll: self.options.busy_poll,
            pool_threads: POOL_THREADS,
        }
    }

    /// Waits for the end of a transfer, and tells it when it is to stop.
    async fn outcome(
        &mut self,
        handle: &TransferHandle,
        mut outcome: oneshot::Receiver<Outcome>,
    ) -> io::Result<Outcome> {
        let gone = || io::Error::other("a thread has ended");
        let (_, failures) = self.engine.as_mut().ok_or_else(gone)?;
        tokio::select! {
            biased;
            outcome = &mut outcome => return outcome.map_err(|_| gone()),
            Some(failure) = failures.recv() => return Err(SystemError::from(failure).source),
            Ok(_) = self.stop.wait_for(|stop| *stop) => handle.say(Command::Stop),
        }
        outcome.await.map_err(|_| gone())
    }

    fn config(&self, errand: Errand, wish: Wish) -> ClientConfig {
        ClientConfig {
            direction: errand.direction,
            filename: errand.filename,
            mode: errand.mode,
            wish,
            rollover: self.options.rollover,
            timing: Timing {
                patience: self.options.patience,
                dally: DALLY,
                unconfirmed_resends: None,
            },
            length: errand.length,
        }
    }

    fn wish(&self, tsize: Option<u64>) -> io::Result<Wish> {
        if self.options.plain {
            return Ok(Wish::default());
        }
        let blksize = match self.options.blksize {
            Some(blksize) => blksize,
            None => socket::route_blksize(self.server)?.min(LARGEST_BY_DEFAULT),
        };
        Ok(Wish {
            blksize: Some(blksize),
            windowsize: (self.options.windowsize > 1).then_some(self.options.windowsize),
            timeout: self.options.timeout,
            tsize,
        })
    }
}

/// What one transfer is about.
struct Errand {
    direction: Direction,
    filename: Vec<u8>,
    mode: Mode,
    /// The length of the source, where it is known.
    length: Option<u64>,
    /// What the request says of the length.
    tsize: Option<u64>,
}

impl Errand {
    /// The report of a transfer that has not begun.
    fn report(&self, server: SocketAddr) -> Report {
        Report {
            peer: server,
            direction: self.direction,
            filename: self.filename.clone(),
            routed: None,
            mode: self.mode,
            firmware: Firmware::Unknown,
            at: Instant::now(),
            agreed: Agreed::default(),
            bytes: 0,
            elapsed: Duration::ZERO,
            stats: Stats::default(),
            ending: Ending::Stopped,
        }
    }
}

/// A transfer that has ended, and may still answer repetitions of its last block.
#[derive(Debug)]
struct Dallying {
    handle: TransferHandle,
    since: Instant,
    asked_again: Arc<AtomicBool>,
    /// Closed when the transfer has left its place.
    gone: oneshot::Receiver<()>,
}

impl Dallying {
    fn is_over(&mut self) -> bool {
        matches!(self.gone.try_recv(), Err(TryRecvError::Closed))
    }

    /// Until nothing is worth waiting for.
    async fn over(&mut self) {
        let moment = tokio::time::Instant::from_std(self.since + DALLY);
        if tokio::time::timeout_at(moment, &mut self.gone)
            .await
            .is_err()
            && self.asked_again.load(Ordering::Relaxed)
        {
            let _ = (&mut self.gone).await;
        }
    }
}

type Outcome = (transfer::Result, Stats, SocketAddr);

struct Watcher<P> {
    progress: P,
    length: Option<u64>,
    done: Option<oneshot::Sender<Outcome>>,
    /// When, and after how many duplicates.
    ended: Option<(Instant, u64)>,
    /// Whether the server has repeated its last block since: our last ACK was lost.
    asked_again: Arc<AtomicBool>,
    /// Dropped with this.
    _present: oneshot::Sender<()>,
}

impl<P: FnMut(Progress) + Send> Observer for Watcher<P> {
    fn observe(&mut self, now: Instant, session: &Session, bytes: u64, agreed: &Agreed) {
        if let Some((at, duplicates)) = self.ended {
            // What comes sooner is a copy that the network made: no server's clock runs as short.
            let asked = session.stats().duplicates > duplicates && now > at + COPY;
            self.asked_again.fetch_or(asked, Ordering::Relaxed);
            return;
        }
        (self.progress)(Progress {
            bytes,
            total: self.length.or(agreed.tsize),
        });
    }

    fn ended(&mut self, result: transfer::Result, session: &Session) {
        self.ended = Some((Instant::now(), session.stats().duplicates));
        if let Some(done) = self.done.take() {
            let _ = done.send((result, session.stats(), session.peer()));
        }
    }
}

impl<P> fmt::Debug for Watcher<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").finish_non_exhaustive()
    }
}

/// What a jumbo frame carries: on routes without an MTU worth the name (loopback), sixteen such
/// blocks still fit a socket's receive buffer of the usual size.
const LARGEST_BY_DEFAULT: u16 = 8968;
/// One for the transfer that runs, and one for what the last one has left to do.
const POOL_THREADS: usize = 2;
/// A file system that hangs does not keep a client that is done for longer.
const REMOVAL: Duration = Duration::from_millis(500);
/// For a link that has lost nothing; a lossy one is dallied on for longer.
const DALLY: Duration = Duration::from_millis(100);
/// So soon after a last ACK its block comes again because the network has doubled it.
const COPY: Duration = Duration::from_millis(20);
