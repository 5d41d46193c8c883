//! A call held as a byte-exact pipe.

use std::cell::Cell;
use std::io;
use std::io::ErrorKind;
use std::io::Read;
use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use lineman_proto::chat::BusyDetector;
use lineman_proto::chat::Direction;
use lineman_proto::chat::Until;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::link;
use super::link::Settled;
use super::threads;
use super::threads::BLOCK;
use super::threads::Input;
use crate::sys;

/// At the end: how long the peer's TCP may make no progress before the rest counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the peer may take to hang up once everything is delivered.
const HANG_UP_TIME: Duration = Duration::from_millis(500);
/// After this long with nothing heard and nothing taken, a caller is told.
const NOTICE_TIME: Duration = Duration::from_secs(10);
/// How often the kernel is asked whether the call broke.
const WATCH_INTERVAL: Duration = Duration::from_millis(200);

/// How a pipe is held.
#[derive(Clone, Copy, Debug)]
pub struct PipeConfig {
    /// Whose end of sending ends the call.
    pub until: Until,
    /// After our end of input, leave once the peer has been silent for this long.
    pub linger: Option<Duration>,
    /// We are the caller: the peer may turn us away.
    pub calling: bool,
}

/// What is worth saying while a pipe is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipeNotice {
    /// The peer has neither said anything nor, for this long, taken anything: perhaps no program there
    /// has accepted the call. More cannot be known from here.
    Unheard(Duration),
}

/// What a pipe carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PipeTotals {
    /// Bytes taken from the input.
    pub sent: u64,
    /// Bytes that arrived.
    pub received: u64,
}

/// How a pipe ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipeEnd {
    /// Both or whichever was asked for have finished.
    Finished(PipeTotals),
    /// Our output was closed by its reader.
    OutputClosed(PipeTotals),
    /// The peer is in another call, and said so ([`BUSY`](lineman_proto::chat::BUSY)).
    TurnedAway(PipeTotals),
}

/// How a pipe ended badly.
#[derive(Debug, thiserror::Error)]
pub enum PipeError {
    /// The connection broke.
    #[error("the connection broke: {source}")]
    Broken {
        /// Bytes of the input that the peer's TCP had not acknowledged.
        undelivered: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The peer's TCP took nothing for a long time.
    #[error("{undelivered} bytes were not acknowledged")]
    Stalled {
        /// Bytes of the input that the peer's TCP had not acknowledged.
        undelivered: u64,
    },
    /// The input could not be read.
    #[error("cannot read the input: {0}")]
    Input(io::Error),
    /// The output could not be written.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
}

/// The input of one pipe, or of several one after the other.
///
/// It has a thread of its own, because a read of a terminal or a file cannot be cancelled. The
/// thread outlives the pipe if its read does.
#[derive(Debug)]
pub struct PipeInput(Input);

impl PipeInput {
    /// Begins to read.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn new(input: impl Read + Send + 'static) -> io::Result<Self> {
        threads::reader(input).map(Self)
    }
}

/// Carries `input` to the peer and what the peer sends to `output`, byte for byte, each direction
/// until its own end. `notice` hears what is worth saying meanwhile.
///
/// # Errors
/// When not everything was delivered in both directions.
pub async fn pipe(
    stream: TcpStream,
    input: &mut PipeInput,
    output: impl Write + Send + 'static,
    config: PipeConfig,
    notice: impl FnMut(PipeNotice),
) -> Result<PipeEnd, PipeError> {
    let (output, written) = threads::writer(output).map_err(PipeError::Output)?;
    let pipe = Pipe::new(&stream, config);
    let result = match pipe.carry(&mut input.0, output, notice).await {
        // Whatever was sent meanwhile, nobody reads it.
        Ok(()) if pipe.is_turned_away() => Ok(()),
        Ok(()) => pipe.close().await,
        Err(error) => Err(error),
    };
    // What arrived is handed on even if the call has failed.
    match written.await.unwrap_or(Ok(())) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            Ok(PipeEnd::OutputClosed(pipe.totals()))
        }
        Err(error) => Err(PipeError::Output(error)),
        Ok(()) if pipe.is_turned_away() => Ok(PipeEnd::TurnedAway(pipe.totals())),
        Ok(()) => result.map(|()| PipeEnd::Finished(pipe.totals())),
    }
}

/// A pipe at work. Both directions run in one task, so that plain cells can count.
struct Pipe<'a> {
    stream: &'a TcpStream,
    config: PipeConfig,
    /// Bytes taken from the input, and how many of them the kernel has.
    taken: Cell<u64>,
    handed: Cell<u64>,
    received: Cell<u64>,
    heard_at: Cell<Instant>,
    outgoing: Cell<Direction>,
    incoming: Cell<Direction>,
    busy: Cell<BusyDetector>,
}

impl<'a> Pipe<'a> {
    fn new(stream: &'a TcpStream, config: PipeConfig) -> Self {
        Self {
            stream,
            config,
            taken: Cell::new(0),
            handed: Cell::new(0),
            received: Cell::new(0),
            heard_at: Cell::new(Instant::now()),
            outgoing: Cell::new(Direction::Open),
            incoming: Cell::new(Direction::Open),
            busy: Cell::default(),
        }
    }

    /// Runs both directions until the call is over.
    async fn carry(
        &self,
        input: &mut Input,
        output: mpsc::Sender<Vec<u8>>,
        mut notice: impl FnMut(PipeNotice),
    ) -> Result<(), PipeError> {
        let config = self.config;
        let mut up = pin!(self.send(input));
        let mut down = pin!(self.receive(output));
        let mut watch = pin!(self.watch(&mut notice));
        while !config
            .until
            .is_over(self.outgoing.get(), self.incoming.get())
        {
            tokio::select! {
                sent = &mut up, if self.outgoing.get().is_open() => {
                    if let Err(error) = sent {
                        // What arrived before the connection broke is still to be read.
                        if self.incoming.get().is_open()
                            && let Ok(Ok(true)) = tokio::time::timeout(HANG_UP_TIME, &mut down).await
                        {
                            self.incoming.set(Direction::Finished);
                        }
                        return Err(error);
                    }
                    self.outgoing.set(Direction::Finished);
                }
                received = &mut down, if self.incoming.get().is_open() => {
                    if !received? {
                        return Ok(());
                    }
                    self.incoming.set(Direction::Finished);
                    if self.is_turned_away() {
                        return Ok(());
                    }
                }
                error = &mut watch => return Err(error),
                () = self.silence(config.linger), if !self.outgoing.get().is_open() => return Ok(()),
            }
        }
        Ok(())
    }

    async fn send(&self, input: &mut Input) -> Result<(), PipeError> {
        while let Some(block) = input.recv().await {
            let block = block.map_err(PipeError::Input)?;
            self.taken.set(self.taken.get() + block.len() as u64);
            self.write_all(&block)
                .await
                .map_err(|error| self.broken(error))?;
        }
        link::finish(self.stream).map_err(|error| self.broken(error))
    }

    async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(bytes) {
                Ok(written) => {
                    self.handed.set(self.handed.get() + written as u64);
                    bytes = &bytes[written..];
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether the output is still open when the peer has finished; ends early if it is not.
    async fn receive(&self, output: mpsc::Sender<Vec<u8>>) -> Result<bool, PipeError> {
        loop {
            let block = tokio::select! {
                block = self.read() => block.map_err(|error| self.broken(error))?,
                () = output.closed() => return Ok(false),
            };
            if block.is_empty() {
                return Ok(true);
            }
            self.received.set(self.received.get() + block.len() as u64);
            let mut busy = self.busy.get();
            busy.push(&block);
            self.busy.set(busy);
            self.heard_at.set(Instant::now());
            if output.send(block).await.is_err() {
                return Ok(false);
            }
        }
    }

    async fn read(&self) -> io::Result<Vec<u8>> {
        let mut block = vec![0; BLOCK];
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut block) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
                Ok(len) => {
                    block.truncate(len);
                    return Ok(block);
                }
            }
        }
    }

    /// Waits until the connection breaks: no read would tell once the peer has finished, and none tells
    /// soon that the peer's host is gone.
    async fn watch(&self, notice: &mut impl FnMut(PipeNotice)) -> PipeError {
        let mut unheard = Unheard::default();
        loop {
            tokio::time::sleep(WATCH_INTERVAL).await;
            let error = match self.incoming.get().is_open() {
                true => None, // a read is under way, and gets all that came before the error
                false => self.stream.take_error().unwrap_or_else(Some),
            };
            if let Some(error) = error {
                return self.broken(error);
            }
            if link::is_lost(self.stream).unwrap_or(false) {
                return self.broken(ErrorKind::TimedOut.into());
            }
            let heard = !self.config.calling || self.received.get() > 0;
            if !heard && unheard.is_due(self.undelivered(), self.handed.get()) {
                notice(PipeNotice::Unheard(NOTICE_TIME));
            }
        }
    }

    /// Waits until the peer has been silent for as long as was asked for.
    async fn silence(&self, linger: Option<Duration>) {
        let Some(linger) = linger else {
            return std::future::pending().await;
        };
        let finished_at = Instant::now();
        loop {
            let due = self.heard_at.get().max(finished_at) + linger;
            if Instant::now() >= due {
                return;
            }
            tokio::time::sleep_until(due).await;
        }
    }

    /// Finishes sending if that is not done, and waits for delivery and for the peer to hang up.
    async fn close(&self) -> Result<(), PipeError> {
        if self.outgoing.get().is_open() {
            link::finish(self.stream).map_err(|error| self.broken(error))?;
        }
        self.outgoing.set(Direction::Finished);
        let mut drain = pin!(self.drain());
        let mut settle = pin!(link::settle(self.stream, PATIENCE));
        let settled = tokio::select! {
            settled = &mut settle => settled,
            () = &mut drain, if self.incoming.get().is_open() => {
                self.incoming.set(Direction::Finished);
                settle.await
            }
        };
        if self.incoming.get().is_open() {
            let _ = tokio::time::timeout(HANG_UP_TIME, drain).await;
        }
        match settled.map_err(|error| self.broken(error))? {
            Settled::Delivered => Ok(()),
            // All was delivered and the peer had finished: it only missed our goodbye.
            Settled::Broken(1, _) if self.incoming.get() == Direction::Finished => Ok(()),
            Settled::Broken(_, error) => Err(self.broken(error)),
            Settled::Stalled => Err(PipeError::Stalled {
                undelivered: self.undelivered(),
            }),
        }
    }

    async fn drain(&self) {
        while self.read().await.is_ok_and(|block| !block.is_empty()) {}
    }

    fn broken(&self, source: io::Error) -> PipeError {
        PipeError::Broken {
            undelivered: self.undelivered(),
            source,
        }
    }

    /// Whether the peer has said that it is in another call, and nothing else.
    fn is_turned_away(&self) -> bool {
        let finished = self.incoming.get() == Direction::Finished;
        self.config.calling && finished && self.busy.get().is_busy()
    }

    /// Bytes of the input that the peer's TCP has not acknowledged.
    fn undelivered(&self) -> u64 {
        let finish = u64::from(!self.outgoing.get().is_open());
        let waiting = sys::unacknowledged(self.stream).unwrap_or(0);
        self.taken.get() - self.handed.get() + waiting.saturating_sub(finish)
    }

    fn totals(&self) -> PipeTotals {
        PipeTotals {
            sent: self.taken.get(),
            received: self.received.get(),
        }
    }
}

/// Whether what is on its way has stood still for so long that the user should know; once.
#[derive(Debug, Default)]
struct Unheard {
    /// Since when, and how many bytes wait and had been handed over then.
    still: Option<(Instant, u64, u64)>,
    told: bool,
}

impl Unheard {
    fn is_due(&mut self, waiting: u64, handed: u64) -> bool {
        let now = Instant::now();
        let same = |still: &(Instant, u64, u64)| (still.1, still.2) == (waiting, handed);
        let still = self.still.filter(same).unwrap_or((now, waiting, handed));
        self.still = Some(still);
        let due = waiting > 0 && !self.told && now - still.0 >= NOTICE_TIME;
        self.told |= due;
        due
    }
}
