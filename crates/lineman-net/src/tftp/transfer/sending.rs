//! Blocks on their way out: read into the datagrams of a burst, sent in one call.

use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::DataRun;

use super::Body;
use super::Stall;
use super::Transfer;
use super::TransferHandle;
use super::Waited;
use super::ahead::Ahead;
use super::unproven::Permit;
use crate::tftp::Refusal;
use crate::tftp::Source;
use crate::tftp::burst::Burst;
use crate::tftp::cache::Cache;
use crate::tftp::engine::Lane;
use crate::tftp::engine::PoolHandle;
use crate::tftp::source::ReadError;

/// What the transfers of a thread share: between two waits a burst is read and sent, and nothing of
/// it is kept but what was read ahead for the next window.
#[derive(Debug)]
pub(in crate::tftp) struct Scratch {
    burst: Burst,
    ahead: Ahead,
    cache: Cache,
    pool: PoolHandle,
}

impl Scratch {
    /// Scratch buffers; work that may block runs on `pool`.
    pub(super) fn new(pool: PoolHandle) -> Self {
        Self {
            burst: Burst::default(),
            ahead: Ahead::default(),
            cache: Cache::default(),
            pool,
        }
    }

    /// Does `work`, which may block, and hands what it gives over to the transfer at `handle`.
    pub(super) fn run_off_the_loop(
        &self,
        handle: TransferHandle,
        lane: Lane,
        work: impl FnOnce() -> Waited + Send + 'static,
    ) {
        self.pool.submit(lane, move || {
            let waited = catch_unwind(AssertUnwindSafe(work)).unwrap_or(Waited::Panicked);
            handle.hand_over(waited);
        });
    }

    /// Drops something that may block: giving back the space of a large file takes time.
    pub(super) fn drop_off_the_loop(&self, lane: Lane, what: impl Send + 'static) {
        self.pool.submit(lane, move || drop(what));
    }

    /// Drops what is not waited for any more.
    pub(super) fn discard(&self, waited: Waited) {
        let may_block = match &waited {
            Waited::Written(written) => written.is_ok(),
            Waited::Stored(stored) => stored.as_ref().is_ok_and(|file| !file.is_nothing()),
            Waited::ReadAhead | Waited::Panicked => false,
        };
        if may_block {
            self.drop_off_the_loop(Lane::default(), waited);
        }
    }
}

/// A run that has not left yet, or only in part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsent {
    to: SocketAddr,
    run: DataRun,
    /// How often its blocks were not in memory.
    misses: u32,
    /// Since when the socket takes none of them.
    full_since: Option<Instant>,
}

impl Unsent {
    pub(super) fn new(to: SocketAddr, run: DataRun) -> Self {
        Self {
            to,
            run,
            misses: 0,
            full_since: None,
        }
    }
}

/// What came of sending a burst.
enum Step {
    /// So many blocks have left.
    Sent { blocks: u32 },
    /// The source ends here, and everything has left.
    Ended { length: u64 },
    /// The socket takes no more for the moment.
    SocketFull,
    /// The blocks are not in memory.
    NotCached,
    /// The file is not there up to here.
    NotArrived { end: u64 },
    /// The source failed.
    Refused(Refusal),
    /// The network refused; the blocks count as lost.
    Failed(io::Error),
}

impl Step {
    /// How many blocks of `run` have left.
    fn sent(&self, run: &DataRun) -> Option<u32> {
        match self {
            Self::Sent { blocks } => Some(*blocks),
            Self::Ended { length } => {
                let behind = length.saturating_sub(run.offset()) / u64::from(run.blksize);
                Some(behind as u32 + 1) // no more than the run has
            }
            _ => None,
        }
    }
}

impl Transfer {
    /// Sends what is unsent, burst by burst, until all of it has left, the source has ended or
    /// failed, or something has to be waited for.
    pub(super) fn send_rest(&mut self, scratch: &mut Scratch) {
        while let Some(mut unsent) = self.unsent.take() {
            if unsent.run.is_empty() {
                return;
            }
            if let Some(until) = self.hold_back(&unsent.run) {
                self.stall = Some(Stall::SocketFull { until });
                self.unsent = Some(unsent);
                return;
            }
            let mut rest = unsent.run;
            let next = rest.take(Burst::capacity(unsent.run.blksize));
            let step = self.send_burst(unsent.to, &next, scratch);
            if let Some(blocks) = step.sent(&next) {
                self.answered = self.heard.take().or(self.answered);
                if let Some(peer) = &mut self.unproven {
                    peer.note_sent(Instant::now(), &next, blocks);
                }
            }
            match step {
                Step::Sent { blocks } => {
                    unsent.run.take(blocks);
                    unsent.full_since = None;
                    self.unsent = Some(unsent);
                }
                Step::Ended { length } => {
                    self.length = Some(length);
                    self.session.handle_end(length);
                }
                Step::SocketFull => {
                    let now = Instant::now();
                    let full_since = *unsent.full_since.get_or_insert(now);
                    if now >= full_since + LONGEST_FULL {
                        return; // lost, as on any other link: the session hears and asks again
                    }
                    let until = now + SOCKET_PAUSE;
                    self.stall = Some(Stall::SocketFull { until });
                    self.unsent = Some(unsent);
                    return;
                }
                Step::NotCached => {
                    unsent.misses += 1;
                    self.unsent = Some(unsent);
                    return self.read_ahead(&next, unsent.misses, scratch);
                }
                Step::NotArrived { end } => {
                    self.unsent = Some(unsent);
                    return self.wait_for_arrival(end);
                }
                Step::Refused(refusal) => self.refuse(refusal),
                Step::Failed(error) => self.handle_unsent(error),
            }
        }
    }

    /// Until when a run has to wait because its peer has proved nothing.
    fn hold_back(&mut self, run: &DataRun) -> Option<Instant> {
        let unproven = self.unproven.as_mut()?;
        let length = match &self.body {
            Body::Send(source) => source.length(),
            Body::Receive(_) => None,
        };
        match unproven.permit(Instant::now(), run, length) {
            Permit::Now => None,
            Permit::Later(until) => Some(until),
            Permit::Short(until) => {
                self.observer.slowed(self.session.peer());
                Some(until)
            }
        }
    }

    /// Reads and sends a burst, without waiting for anything.
    fn send_burst(&mut self, to: SocketAddr, run: &DataRun, scratch: &mut Scratch) -> Step {
        let number = self.handle.as_ref().map_or(0, TransferHandle::number);
        let Scratch {
            burst,
            ahead,
            cache,
            ..
        } = scratch;
        let Body::Send(source) = &mut self.body else {
            return Step::Sent { blocks: run.count }; // a receiver has no blocks to send
        };
        let bytes = match ahead.take(number, run, burst) {
            Some(bytes) => Ok(bytes),
            None => read(source, run, burst, cache),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(ReadError::NotCached) => return Step::NotCached,
            Err(ReadError::NotArrived { end }) => return Step::NotArrived { end },
            Err(ReadError::Refused(refusal)) => return Step::Refused(refusal),
        };
        let ends = bytes < run.len();
        let blocks = if ends {
            (bytes / usize::from(run.blksize)) as u32 + 1
        } else {
            run.count
        };
        match burst.send(&self.transfer_socket, to, &mut self.method) {
            Ok(sent) if sent == blocks && ends => Step::Ended {
                length: run.offset() + bytes as u64,
            },
            Ok(sent) => Step::Sent { blocks: sent },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Step::SocketFull,
            Err(error) => Step::Failed(error),
        }
    }

    /// Uses the time until the next ACK to read what it will ask for.
    pub(super) fn look_ahead(&mut self, scratch: &mut Scratch) {
        let (Body::Send(source), Some(handle), None) = (&mut self.body, &self.handle, self.stall)
        else {
            return;
        };
        if let Some(run) = self.session.expected_run().filter(|_| source.is_at_hand()) {
            let Scratch { ahead, cache, .. } = scratch;
            // An error comes again, and is told, when the blocks are due.
            ahead.fill(handle.number(), run, |run, burst| {
                read(source, run, burst, cache).ok()
            });
        }
    }

    /// Waits for blocks that are still on their way here.
    fn wait_for_arrival(&mut self, end: u64) {
        if let (Body::Send(source), Some(handle)) = (&self.body, self.handle.clone()) {
            self.stall = Some(Stall::Disk);
            let wake = Box::new(move || handle.hand_over(Waited::ReadAhead));
            source.when_arrived(end, wake);
        }
    }

    /// Has the blocks brought into memory.
    fn read_ahead(&mut self, run: &DataRun, misses: u32, scratch: &Scratch) {
        let (Body::Send(source), Some(handle)) = (&mut self.body, self.handle.clone()) else {
            return;
        };
        if misses > PATIENT_MISSES {
            source.wait_for_disk();
        }
        let work = source.read_ahead(run);
        self.stall = Some(Stall::Disk);
        scratch.run_off_the_loop(handle, self.lane, move || {
            work();
            Waited::ReadAhead
        });
    }
}

/// Lays out a run with its blocks in a burst and gives their bytes.
fn read(
    source: &mut Source,
    run: &DataRun,
    burst: &mut Burst,
    cache: &mut Cache,
) -> Result<usize, ReadError> {
    burst.lay_out(run);
    let bytes = source.read(run, burst, cache)?;
    if bytes < run.len() {
        burst.end_at(bytes);
    }
    Ok(bytes)
}

/// After so many misses for the same burst, blocks are read off the loop and kept.
const PATIENT_MISSES: u32 = 3;
/// A link that takes nothing for so long (a machine that does not read its interface) must not make a
/// transfer deaf and mute: a transfer that waits for a full socket does not hear its client.
const LONGEST_FULL: Duration = Duration::from_millis(100);
/// When a socket has taken all that it can hold, the link has work for at least as long.
const SOCKET_PAUSE: Duration = Duration::from_micros(500);
