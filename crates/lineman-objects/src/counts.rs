//! What a store is asked, and what is kept of it, in numbers.

use std::collections::HashMap;
use std::mem::Discriminant;
use std::mem::discriminant;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lineman_net::Durations;
use lineman_net::tftp::StoreFault;

use crate::fault::Trouble;

/// The numbers of one store, from any thread. They only grow, but for [`Self::kept`].
#[derive(Clone, Debug, Default)]
pub struct Counts(Arc<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    found: [AtomicU64; Found::ALL.len()],
    answers: [AtomicU64; Answered::ALL.len()],
    faults: Mutex<HashMap<Discriminant<StoreFault>, (StoreFault, u64)>>,
    seconds: Durations,
    fetched: AtomicU64,
    evicted: AtomicU64,
    kept: AtomicU64,
}

/// What became of a request for a file, seen from the cache. Each request is one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// It was kept, and known to be the present version: the store was not asked.
    Hit,
    /// The store was being asked for it, or it was on its way, for another request.
    Joined,
    /// It was kept, and the store has said that it is the present version.
    Revalidated,
    /// It was kept, and the store did not answer.
    Stale,
    /// It was fetched.
    Miss,
    /// There was none, or none could be had; the store may have said so a moment before.
    Refused,
}

/// What came of a question to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answered {
    /// An object, or the rest of one.
    Object,
    /// The version that is kept is the present one.
    NotModified,
    /// There is none.
    NotFound,
    /// It is another version than the one of which the rest was asked for.
    Changed,
    /// Anything else, or nothing; [`Counts::faults`] says what.
    Fault,
}

impl Found {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::Hit,
        Self::Joined,
        Self::Revalidated,
        Self::Stale,
        Self::Miss,
        Self::Refused,
    ];
}

impl Answered {
    /// All there are.
    pub const ALL: [Self; 5] = [
        Self::Object,
        Self::NotModified,
        Self::NotFound,
        Self::Changed,
        Self::Fault,
    ];
}

impl Counts {
    /// Requests of clients.
    pub fn found(&self, found: Found) -> u64 {
        self.0.found[found as usize].load(Ordering::Relaxed)
    }

    /// Questions to the store.
    pub fn answered(&self, answered: Answered) -> u64 {
        self.0.answers[answered as usize].load(Ordering::Relaxed)
    }

    /// What the store did wrong, one of each kind, with how often: for a question, or in the middle of an object.
    pub fn faults(&self) -> Vec<(StoreFault, u64)> {
        let faults = self.0.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.values().cloned().collect()
    }

    /// How long the store took from a question to the head of its answer, or to its failure.
    pub fn seconds(&self) -> &Durations {
        &self.0.seconds
    }

    /// Bytes of objects that have come from the store.
    pub fn fetched(&self) -> u64 {
        self.0.fetched.load(Ordering::Relaxed)
    }

    /// Files that have left the cache for others.
    pub fn evicted(&self) -> u64 {
        self.0.evicted.load(Ordering::Relaxed)
    }

    /// Bytes that the cache has now, with those that are being fetched.
    pub fn kept(&self) -> u64 {
        self.0.kept.load(Ordering::Relaxed)
    }

    pub(crate) fn note_found(&self, found: Found) {
        self.0.found[found as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_answer<T>(&self, answer: &Result<T, Trouble>, took: Duration) {
        let answered = match answer {
            Ok(_) => Answered::Object,
            Err(Trouble::NotModified) => Answered::NotModified,
            Err(Trouble::Missing) => Answered::NotFound,
            Err(Trouble::Changed) => Answered::Changed,
            Err(trouble) => {
                self.note_fault(trouble);
                Answered::Fault
            }
        };
        self.0.answers[answered as usize].fetch_add(1, Ordering::Relaxed);
        self.0.seconds.record(took);
    }

    pub(crate) fn note_fault(&self, trouble: &Trouble) {
        let Trouble::Fault(fault) = trouble else {
            return;
        };
        let mut faults = self.0.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, count) = faults
            .entry(discriminant(fault))
            .or_insert_with(|| (fault.clone(), 0));
        *count += 1;
    }

    pub(crate) fn note_fetched(&self, bytes: u64) {
        self.0.fetched.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn note_evicted(&self, files: usize) {
        self.0.evicted.fetch_add(files as u64, Ordering::Relaxed);
    }

    pub(crate) fn set_kept(&self, bytes: u64) {
        self.0.kept.store(bytes, Ordering::Relaxed);
    }
}
