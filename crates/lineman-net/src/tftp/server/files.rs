//! The files of a server for those who bring them to clients by another protocol (HTTP): by the same rules, from the
//! same store, read by the same pool.

use std::fmt;
use std::io;
use std::io::IoSliceMut;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt as _;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::Request;
use lineman_proto::tftp::machines::Firmware;
use lineman_proto::tftp::machines::Protocol;
use rustix::io::Errno;
use rustix::io::ReadWriteFlags;
use tokio::sync::oneshot;

use super::ServerEvent;
use super::Shared;
use super::opening::Wanted;
use super::routing::Target;
use crate::tftp::Lane;
use crate::tftp::Refusal;
use crate::tftp::Routed;
use crate::tftp::Source;
use crate::tftp::engine::PoolHandle;
use crate::tftp::open_files::OpenFile;
use crate::tftp::source::ReadError;
use crate::tftp::source::Readable;

/// Where files are opened, from any thread.
#[derive(Clone)]
pub struct Files(Arc<Shared>);

/// What a request by another protocol got.
#[derive(Debug)]
pub struct Found {
    /// What the operator's rules made of the name; `None` where they let it stand.
    pub routed: Option<Routed>,
    /// The file, or why there is none.
    pub file: Result<ServedFile, Refusal>,
}

/// One state of a file, to be read from wherever one likes.
pub struct ServedFile {
    bytes: Bytes,
    /// In which what may block is done.
    lane: Lane,
    pool: PoolHandle,
}

enum Bytes {
    File(Arc<OpenFile>),
    Text(Vec<u8>),
}

/// What became of a request by HTTP.
#[derive(Debug)]
pub struct HttpReport {
    /// The other side.
    pub peer: SocketAddr,
    /// The file's name as requested.
    pub filename: Vec<u8>,
    /// What the operator's rules made of it; `None` where they let it stand.
    pub routed: Option<Routed>,
    /// What was asked for.
    pub method: HttpMethod,
    /// Which program asked, as it says itself.
    pub firmware: Firmware,
    /// When the request came.
    pub at: Instant,
    /// The status of the answer (RFC 9110 §15).
    pub status: u16,
    /// Bytes of the file that have arrived, as far as the client's TCP has said.
    pub bytes: u64,
    /// From the request to the end.
    pub elapsed: Duration,
    /// How it ended.
    pub ending: HttpEnding,
}

/// What a client asks for (RFC 9110 §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpMethod {
    /// The file.
    Get,
    /// What there is to say about it.
    Head,
    /// Something that is not done here.
    Other,
}

impl HttpMethod {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Other => "other",
        }
    }
}

/// How an answer by HTTP ended.
#[derive(Debug)]
pub enum HttpEnding {
    /// The client's TCP has acknowledged everything that it was to get, or there was nothing of a file to send.
    Arrived,
    /// The client closed the connection, or took nothing for too long.
    Left,
    /// There is no such file, or it could not be read to its end.
    Refused(Refusal),
    /// The request itself could not be fulfilled: its method, its name, its range.
    Unfulfillable,
}

impl Files {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self(Arc::clone(shared))
    }

    /// Opens what `name` stands for, to a client at `from` that has asked the address `to`.
    pub async fn open(&self, from: SocketAddr, to: IpAddr, name: &[u8]) -> Found {
        let refused = |refusal| Found {
            routed: None,
            file: Err(refusal),
        };
        if name.is_empty() || name.contains(&0) {
            return refused(Refusal::NotFound { nearest: None });
        }
        let (answer, opened) = oneshot::channel();
        let opening = Opening {
            shared: Arc::clone(&self.0),
            from,
            to,
            name: name.to_vec(),
            answer,
        };
        // Where the rules lead is not known yet.
        let lane = match self.0.config.routing.has_rules() {
            true => Lane::of(&"rules"),
            false => self.0.store.lane(name),
        };
        let begun = self.0.engine.pool().offer(lane, move || opening.decide());
        if begun.is_err() {
            return refused(Refusal::Exhausted(io::ErrorKind::ResourceBusy.into()));
        }
        match tokio::time::timeout(self.0.config.timing.patience, opened).await {
            Ok(Ok(found)) => found,
            // It panicked, or somebody has dropped it.
            Ok(Err(_)) => refused(Refusal::System(io::Error::other("nobody answered"))),
            Err(_) => refused(Refusal::System(io::ErrorKind::TimedOut.into())),
        }
    }

    /// Tells that a client begins to get a file, where somebody wants to know.
    pub fn begins(&self, peer: SocketAddr, filename: &[u8], firmware: Firmware, at: Instant) {
        if self.0.config.tell_begun {
            self.0.send_event(ServerEvent::Begun {
                peer,
                filename: filename.to_vec(),
                direction: Direction::Read,
                firmware,
                protocol: Protocol::Http,
                at,
            });
        }
    }

    /// Tells what became of a request. What costs a client next to nothing is told as long as that does not fill
    /// the log.
    pub fn tell(&self, report: HttpReport) {
        let is_cheap = report.bytes == 0;
        if is_cheap && !self.0.guard.take_report(report.peer) {
            self.0
                .unreported
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            return;
        }
        self.0.send_event(ServerEvent::Http(report));
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

/// A file that is being opened. Dropped, it answers that nobody did.
struct Opening {
    shared: Arc<Shared>,
    from: SocketAddr,
    to: IpAddr,
    name: Vec<u8>,
    answer: oneshot::Sender<Found>,
}

impl Opening {
    /// Asks the rules, and opens the file in the lane that its own name leads to. On the pool: it may block.
    fn decide(self) {
        let request = request(&self.name);
        let shared = Arc::clone(&self.shared);
        let routing = &shared.config.routing;
        if !routing.has_rules() {
            return self.open(&Target::AsAsked);
        }
        let target = routing.decide(self.from, self.to, &request);
        if !target.is_file() {
            return self.open(&target);
        }
        let lane = shared.store_of(&target).lane(target.filename(&request));
        let pool = shared.engine.pool().clone();
        pool.submit(lane, move || self.open(&target));
    }

    fn open(self, target: &Target) {
        let request = request(&self.name);
        let filename = target.filename(&request);
        let wanted = Wanted {
            peer: self.from,
            filename,
            mode: Mode::Octet,
        };
        let routed = target.routed();
        let pool = self.shared.engine.pool().clone();
        let lane = self.shared.store_of(target).lane(filename);
        let answer = move |opened: Result<Source, Refusal>| {
            let file = opened.and_then(|source| ServedFile::of(source, lane, pool));
            let _ = self.answer.send(Found { routed, file }); // the client may be gone
        };
        // A panic drops the answer, and that is one.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            self.shared.open_target(target, wanted, Box::new(answer));
        }));
    }
}

/// What a request for this file would be by TFTP.
fn request(name: &[u8]) -> Request<'_> {
    Request {
        direction: Direction::Read,
        filename: name,
        mode: Mode::Octet,
        options: Options::default(),
    }
}

impl ServedFile {
    fn of(source: Source, lane: Lane, pool: PoolHandle) -> Result<Self, Refusal> {
        let bytes = match source.into_readable() {
            Some(Readable::File(file)) => Bytes::File(file),
            Some(Readable::Bytes(bytes)) => Bytes::Text(bytes),
            None => return Err(Refusal::NotAFile),
        };
        Ok(Self { bytes, lane, pool })
    }

    /// How many bytes it has, or will have.
    pub fn length(&self) -> u64 {
        match &self.bytes {
            Bytes::File(file) => file.len(),
            Bytes::Text(bytes) => bytes.len() as u64,
        }
    }

    /// What no other state of it has, if there is such a thing: opaque, of visible ASCII without quotes.
    pub fn tag(&self) -> Option<String> {
        match &self.bytes {
            Bytes::File(file) => file.tag(),
            Bytes::Text(_) => None,
        }
    }

    /// When it was written last, if that is known.
    pub fn modified(&self) -> Option<SystemTime> {
        match &self.bytes {
            Bytes::File(file) => file.modified(),
            Bytes::Text(_) => None,
        }
    }

    /// Some bytes from `offset` on, `most` of them at most; none behind its end. Where the file is being fetched, it waits
    /// until they are there.
    ///
    /// # Errors
    /// When they cannot be read, will never arrive, or somebody has written into the file since it was opened.
    pub async fn read(&self, offset: u64, most: usize) -> Result<Vec<u8>, Refusal> {
        let end = offset.saturating_add(most as u64).min(self.length());
        let file = match &self.bytes {
            Bytes::Text(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                let to = usize::try_from(end).unwrap_or(usize::MAX);
                return Ok(bytes.get(from..to).unwrap_or_default().to_vec());
            }
            Bytes::File(file) => file,
        };
        let end = arrived(file, offset, end).await?;
        let mut bytes = vec![0; usize::try_from(end.saturating_sub(offset)).unwrap_or(0)]; // `most` at most
        let read = read_now(file, offset, &mut bytes)?;
        if !read {
            bytes = self.read_on_pool(Arc::clone(file), offset, bytes).await?;
        }
        if !file.is_unchanged() {
            return Err(Refusal::Changed);
        }
        Ok(bytes)
    }

    async fn read_on_pool(
        &self,
        file: Arc<OpenFile>,
        offset: u64,
        mut bytes: Vec<u8>,
    ) -> Result<Vec<u8>, Refusal> {
        let (answer, read) = oneshot::channel();
        let work = move || {
            let done = file.file().read_exact_at(&mut bytes, offset);
            let done = done.map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => Refusal::Changed,
                _ => Refusal::from(error),
            });
            let _ = answer.send(done.map(|()| bytes)); // the client may be gone
        };
        if self.pool.offer(self.lane, work).is_err() {
            return Err(Refusal::Exhausted(io::ErrorKind::ResourceBusy.into()));
        }
        let gone = |_| Refusal::System(io::Error::other("the pool has ended"));
        read.await.map_err(gone)?
    }
}

impl fmt::Debug for ServedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = &self.length();
        f.debug_struct("ServedFile")
            .field("length", length)
            .finish_non_exhaustive()
    }
}

/// Waits until something behind `offset` may be read, and gives how far.
async fn arrived(file: &Arc<OpenFile>, offset: u64, end: u64) -> Result<u64, Refusal> {
    if file.arrived() > offset {
        return Ok(end.min(file.arrived()));
    }
    loop {
        match file.reach(end) {
            Ok(()) => return Ok(end),
            Err(ReadError::Refused(refusal)) => return Err(refusal),
            Err(ReadError::NotArrived { .. } | ReadError::NotCached) => {
                let (wake, woken) = oneshot::channel();
                let wake = move || {
                    let _ = wake.send(()); // the client may be gone
                };
                file.when_arrived(end, Box::new(wake));
                let _ = woken.await; // whoever drops it has no more to say
            }
        }
    }
}

/// Fills `bytes` without waiting for the disk; `false` where that would have to be done.
fn read_now(file: &OpenFile, offset: u64, bytes: &mut [u8]) -> Result<bool, Refusal> {
    let mut done = 0;
    while done < bytes.len() {
        let slot = &mut [IoSliceMut::new(&mut bytes[done..])];
        let at = offset + done as u64;
        match rustix::io::preadv2(file.file(), slot, at, ReadWriteFlags::NOWAIT) {
            Ok(0) => return Err(Refusal::Changed),
            Ok(read) => done += read,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN | Errno::OPNOTSUPP) => return Ok(false),
            Err(error) => return Err(io::Error::from(error).into()),
        }
    }
    Ok(true)
}
