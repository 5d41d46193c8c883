//! What a server can be asked while it runs elsewhere.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::RefusedCounts;
use super::Shared;
use crate::Durations;

/// A server's counts, from any thread.
#[derive(Clone)]
pub struct Gauges(Arc<Shared>);

impl Gauges {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self(Arc::clone(shared))
    }

    /// How many transfers are not done yet.
    pub fn unfinished(&self) -> usize {
        self.0.admission.unfinished()
    }

    /// How many datagrams were no request and were ignored.
    pub fn ignored(&self) -> u64 {
        self.0.ignored.load(Ordering::Relaxed)
    }

    /// What was not let happen, so far.
    pub fn refused(&self) -> RefusedCounts {
        RefusedCounts {
            ignored: self.0.guard.counts(),
            evicted: self.0.admission.evicted(),
            untold: self.0.unreported.load(Ordering::Relaxed),
        }
    }

    /// How long blocks take to leave: from when an ACK is taken from its socket until the last of the blocks that
    /// it calls for is handed to the kernel, or where transfers share a port to what leaves at the end of the round.
    /// Whatever they wait for meanwhile is in it: a disk, a store, room in the congestion window. What is sent
    /// again for want of an ACK is not.
    pub fn turnaround(&self) -> &Durations {
        &self.0.turnaround
    }

    /// How many threads run transfers.
    pub fn threads(&self) -> usize {
        self.0.config.threads
    }
}

impl fmt::Debug for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauges").finish_non_exhaustive()
    }
}
