//! The files of a server for those who bring them to clients by another protocol (HTTP): by the same rules, from the
//! same store, read by the same pool.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::Request;
use lineman_proto::tftp::machines::Firmware;
use lineman_proto::tftp::machines::Protocol;
use tokio::sync::oneshot;

use super::ServerEvent;
use super::Shared;
use super::opening::Wanted;
use super::routing::Target;
use super::served_file::ServedFile;
use crate::tftp::HttpReport;
use crate::tftp::Lane;
use crate::tftp::Listing;
use crate::tftp::Refusal;
use crate::tftp::Routed;
use crate::tftp::Source;

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
            // The job panicked, or the pool has dropped it.
            Ok(Err(_)) => refused(Refusal::System(io::Error::other("nobody answered"))),
            Err(_) => refused(Refusal::System(io::ErrorKind::TimedOut.into())),
        }
    }

    /// What is in the directory that `name` stands for, to a client at `from` that has asked the address `to`; without what the
    /// rules refuse. With an empty name: in the root.
    ///
    /// # Errors
    /// When it is no directory, is refused, or cannot be read.
    pub async fn list(
        &self,
        from: SocketAddr,
        to: IpAddr,
        name: &[u8],
    ) -> Result<Listing, Refusal> {
        if name.contains(&0) {
            return Err(Refusal::NotFound { nearest: None });
        }
        let (answer, listed) = oneshot::channel();
        let (shared, name) = (Arc::clone(&self.0), name.to_vec());
        let work = move || {
            let _ = answer.send(list(&shared, from, to, &name)); // the client may be gone
        };
        // Many names that are looked up one after the other: not beside the files, which do not wait for that.
        if self
            .0
            .engine
            .pool()
            .offer(Lane::of(&"lists"), work)
            .is_err()
        {
            return Err(Refusal::Exhausted(io::ErrorKind::ResourceBusy.into()));
        }
        match tokio::time::timeout(self.0.config.timing.patience, listed).await {
            Ok(Ok(listed)) => listed,
            // It panicked.
            Ok(Err(_)) => Err(Refusal::System(io::Error::other("nobody answered"))),
            Err(_) => Err(Refusal::System(io::ErrorKind::TimedOut.into())),
        }
    }

    /// Tells that a client begins to get a file, where the owner of the server wants to know.
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
            self.0.unreported.fetch_add(1, Ordering::Relaxed);
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
            return self.open(Target::AsAsked);
        }
        let target = routing.decide(self.from, self.to, &request);
        if !target.is_file() {
            return self.open(target);
        }
        let lane = shared.store_of(&target).lane(target.filename(&request));
        let pool = shared.engine.pool().clone();
        pool.submit(lane, move || self.open(target));
    }

    fn open(self, target: Target) {
        let request = request(&self.name);
        let store = Arc::clone(self.shared.store_of(&target));
        let routing = &self.shared.config.routing;
        let target = &routing.decide_found(target, &*store, self.from, self.to, &request);
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

/// On the pool: it may block.
fn list(shared: &Shared, from: SocketAddr, to: IpAddr, name: &[u8]) -> Result<Listing, Refusal> {
    let routing = &shared.config.routing;
    if !routing.has_rules() {
        return shared.store.list(name);
    }
    let decide = |name: &[u8]| routing.decide(from, to, &request(name));
    let target = decide(name);
    if let Some(refusal) = target.refusal() {
        return Err(refusal);
    }
    if !target.is_file() {
        return Err(Refusal::NotAFile);
    }
    let asked = request(name);
    let mut listing = shared.store_of(&target).list(target.filename(&asked))?;
    listing.entries.retain(|entry| {
        let end = if entry.is_directory() { "/" } else { "" };
        let whole = [name, &entry.name, end.as_bytes()].concat();
        decide(&whole).refusal().is_none()
    });
    Ok(listing)
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
