//! The whole load, from one transfer alone to the sum of all threads.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Failure;
use rustix::process::Resource;
use rustix::process::getrlimit;
use rustix::process::setrlimit;

use super::LoadOptions;
use super::LoadReport;
use super::Loss;
use super::Reference;
use super::Tally;
use super::client::Transfer;
use super::outcome::File;
use super::outcome::Outcome;
use super::outcome::Why;
use super::worker::Shared;
use super::worker::Worker;
use crate::tftp::inbox::Inbox;

/// Why there was no load at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The first transfer, alone, failed.
    #[error("the first transfer failed: {0:?}")]
    Failed(Failure),
    /// The system refused.
    #[error(transparent)]
    System(#[from] io::Error),
    /// It was ended from outside before it began.
    #[error("stopped")]
    Stopped,
}

/// Transfers the file once, alone and without loss on purpose: what it shows is what the load's
/// transfers are measured by. `stop` ends it.
///
/// # Errors
/// When this transfer fails.
pub fn reference(options: &LoadOptions, stop: &AtomicBool) -> Result<Reference, LoadError> {
    let keep = options.verify && options.upload.is_none();
    let file = match &options.upload {
        Some(content) => File::Upload(content.clone()),
        None => File::Unknown(keep.then(Vec::new)),
    };
    let dice = Loss::default().dice(0, 0);
    let mut transfer = Transfer::begin(options, 0, dice, file)?;
    let outcome = alone(&mut transfer, stop)?;
    match outcome.result {
        Ok(()) => Ok(Reference {
            agreed: outcome.agreed,
            length: outcome.bytes,
            elapsed: outcome.elapsed,
            content: transfer.into_content().map(Arc::new),
        }),
        Err((_, Why::Session(failure))) => Err(LoadError::Failed(failure)),
        Err((_, Why::System(error))) => Err(error.into()),
        Err((_, Why::Content)) => Err(io::Error::from(io::ErrorKind::InvalidData).into()),
    }
}

/// Makes the load. `stop` ends it early; what was counted by then is reported.
///
/// # Errors
/// When the system refuses what the generator cannot do without.
pub fn run(
    options: &LoadOptions,
    reference: &Reference,
    stop: &AtomicBool,
) -> Result<LoadReport, LoadError> {
    allow_sockets(options.clients);
    let threads = options.threads.clamp(1, options.clients.max(1));
    let shared = Shared {
        options,
        reference,
        begin: Instant::now(),
        left: AtomicU64::new(options.count.unwrap_or(u64::MAX)),
        stop,
    };
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let workers = (0..threads)
            .map(|first| Worker::new(&shared, first, threads))
            .collect::<io::Result<Vec<_>>>()?;
        let running: Vec<_> = workers
            .into_iter()
            .map(|worker| scope.spawn(move || worker.run()))
            .collect();
        for thread in running {
            let counted = thread.join().map_err(|_| io::Error::other("a panic"))??;
            tally.merge(&counted);
        }
        Ok::<_, io::Error>(())
    })?;
    Ok(LoadReport {
        elapsed: tally.last_end,
        tally,
        threads,
        stopped: stop.load(Ordering::Relaxed),
    })
}

/// Runs one transfer by itself, and gives its outcome.
fn alone(transfer: &mut Transfer, stop: &AtomicBool) -> Result<Outcome, LoadError> {
    let (mut inbox, mut tally) = (Inbox::default(), Tally::default());
    transfer.socket.set_nonblocking(false)?;
    transfer.drain(Instant::now(), &[], &mut tally);
    loop {
        if let Some(outcome) = transfer.outcome() {
            return Ok(outcome);
        }
        if stop.load(Ordering::Relaxed) {
            transfer.stop(&mut tally);
            return Err(LoadError::Stopped);
        }
        let now = Instant::now();
        let left = transfer
            .deadline()
            .map(|at| at.saturating_duration_since(now));
        let wait = left.unwrap_or_default().clamp(SHORTEST_WAIT, LONGEST_WAIT);
        transfer.socket.set_read_timeout(Some(wait))?;
        match inbox.receive(&transfer.socket) {
            Ok(Some(arrival)) => {
                let now = Instant::now();
                for datagram in arrival.datagrams() {
                    transfer.handle_packet(now, arrival.from, datagram, &mut tally);
                }
            }
            Ok(None) => transfer.handle_timeout(Instant::now(), &mut tally),
            Err(error) => transfer.handle_error(error),
        }
    }
}

/// A socket for each client, and for the end of its previous transfer: as many descriptors as that
/// takes, if the hard limit allows it. Beyond it, transfers fail and are counted.
fn allow_sockets(clients: usize) {
    let wanted = clients as u64 * 4 + SPARE_DESCRIPTORS;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

const SPARE_DESCRIPTORS: u64 = 256;
/// A time-out of zero would mean to wait for ever.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_millis(50);
