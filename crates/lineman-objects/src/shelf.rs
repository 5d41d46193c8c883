//! What is known of each object: the version that is kept, the one that is being fetched, who waits for
//! an answer, and what the store has refused lately.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use lineman_net::tftp::Answer;
use lineman_net::tftp::StoreFault;
use lineman_net::tftp::StoredFile;
use lineman_proto::tftp::Mode;
use object_store::ObjectMeta;

use crate::cache::Digest;
use crate::cache::Named;
use crate::counts::Counts;
use crate::counts::Found;
use crate::fault::Trouble;

/// All of it, with one lock that is never held for long.
#[derive(Debug)]
pub(crate) struct Shelf {
    state: Mutex<State>,
    /// Bytes that all versions together may have.
    limit: u64,
    counts: Counts,
}

#[derive(Debug, Default)]
struct State {
    objects: HashMap<Digest, Object>,
    /// Bytes of what is kept, and of what is being fetched.
    used: u64,
    /// Counts uses: the least was used longest ago.
    uses: u64,
}

#[derive(Debug, Default)]
struct Object {
    kept: Option<Kept>,
    fetched: Option<Fetched>,
    /// The store is being asked, and these wait for what it says.
    asking: Option<Vec<Waiter>>,
    /// When the store has said that the kept version is the present one.
    checked: Option<Instant>,
    refused: Option<(Instant, Trouble)>,
    last_use: u64,
}

/// A version that is whole.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) meta: ObjectMeta,
    /// Its name on the disk, if it has one.
    pub(crate) named: Option<Named>,
    /// Open, if it has been used lately.
    pub(crate) file: Option<StoredFile>,
}

/// A version that is on its way.
#[derive(Debug)]
struct Fetched {
    file: StoredFile,
    meta: ObjectMeta,
}

/// Who asked, and how.
pub(crate) struct Waiter {
    pub(crate) mode: Mode,
    pub(crate) answer: Answer,
}

/// What is known of an object without asking the store.
pub(crate) enum Known {
    /// Its bytes.
    File(StoredFile),
    /// That there are none.
    Refused(Trouble),
    /// Nothing; the store is being asked already, and the waiter will be told.
    Waiting,
    /// Nothing, and the caller is to ask. The waiter will be told.
    Ask,
}

impl Shelf {
    pub(crate) fn new(limit: u64, counts: Counts) -> Self {
        Self {
            state: Mutex::default(),
            limit,
            counts,
        }
    }

    /// Takes what was found on the disk, that which was used last at the end; and gives back what there is no
    /// room for.
    pub(crate) fn stock(&self, found: Vec<(Named, ObjectMeta)>) -> Vec<Named> {
        let mut state = self.lock();
        let mut surplus = Vec::new();
        for (named, meta) in found.into_iter().rev() {
            let is_known = state.objects.contains_key(&named.digest);
            if is_known || state.used.saturating_add(named.length) > self.limit {
                surplus.push(named);
                continue;
            }
            state.used += named.length;
            let kept = Kept {
                meta,
                named: Some(named.clone()),
                file: None,
            };
            let object = Object {
                kept: Some(kept),
                ..Object::default()
            };
            state.objects.insert(named.digest, object);
        }
        self.counts.set_kept(state.used);
        surplus
    }

    /// What is at hand and known to be the present version. Never blocks for long.
    pub(crate) fn at_hand(&self, digest: Digest) -> Option<StoredFile> {
        let mut state = self.lock();
        let uses = state.use_once();
        let object = state.objects.get_mut(&digest)?;
        object.last_use = uses;
        let file = object.present()?.clone();
        self.counts.note_found(object.found());
        Some(file)
    }

    /// The same, or else `waiter` is told when the store has said something. It is given back where it need
    /// not wait.
    pub(crate) fn look(&self, digest: Digest, waiter: Waiter) -> (Known, Option<Waiter>) {
        let mut state = self.lock();
        state.sweep();
        let uses = state.use_once();
        let object = state.objects.entry(digest).or_default();
        object.last_use = uses;
        if let Some(file) = object.present() {
            self.counts.note_found(object.found());
            return (Known::File(file.clone()), Some(waiter));
        }
        if let Some(trouble) = object.refusal() {
            self.counts.note_found(Found::Refused);
            return (Known::Refused(trouble.clone()), Some(waiter));
        }
        let known = match object.asking {
            Some(_) => {
                self.counts.note_found(Found::Joined);
                Known::Waiting
            }
            None => Known::Ask,
        };
        object.asking.get_or_insert_default().push(waiter);
        (known, None)
    }

    /// The version that is kept, present or not.
    pub(crate) fn kept(&self, digest: Digest) -> Option<Kept> {
        self.lock().objects.get(&digest)?.kept.clone()
    }

    /// The kept version is the present one, or will do. Gives its file, with those who wait for it.
    pub(crate) fn confirm(&self, digest: Digest, file: &StoredFile) -> Vec<Waiter> {
        let mut state = self.lock();
        let Some(object) = state.objects.get_mut(&digest) else {
            return Vec::new();
        };
        object.checked = Some(Instant::now());
        object.refused = None;
        if let Some(kept) = &mut object.kept {
            kept.file = Some(file.clone());
        }
        object.asking.take().unwrap_or_default()
    }

    /// The store has given no version. Gives those who wait, and what is kept no more: an object that is gone.
    pub(crate) fn refuse(&self, digest: Digest, trouble: &Trouble) -> (Vec<Waiter>, Option<Kept>) {
        let mut state = self.lock();
        let Some(object) = state.objects.get_mut(&digest) else {
            return (Vec::new(), None);
        };
        object.refused = Some((Instant::now(), trouble.clone()));
        object.checked = None;
        let gone = match trouble {
            Trouble::Missing => object.kept.take(),
            _ => None,
        };
        let waiters = object.asking.take().unwrap_or_default();
        state.used -= gone.as_ref().map_or(0, |kept| kept.meta.size);
        self.counts.set_kept(state.used);
        (waiters, gone)
    }

    /// Sets room aside for a version of `length` bytes. Gives what has to leave for it.
    ///
    /// # Errors
    /// When there is no room, because it is read from.
    pub(crate) fn reserve(&self, length: u64) -> Result<Vec<Kept>, StoreFault> {
        let limit = self.limit;
        if length > limit {
            return Err(StoreFault::TooLarge { length, limit });
        }
        let mut state = self.lock();
        let mut leaving = Vec::new();
        while state.used.saturating_add(length) > limit {
            let Some(kept) = state.take_oldest() else {
                // What was taken out leaves all the same: it is being told to the caller only by success.
                state.put_back(leaving);
                return Err(StoreFault::CacheFull { limit });
            };
            leaving.push(kept);
        }
        state.used += length;
        self.counts.note_evicted(leaving.len());
        self.counts.set_kept(state.used);
        Ok(leaving.into_iter().map(|(_, kept)| kept).collect())
    }

    /// Gives back what was set aside.
    pub(crate) fn release(&self, length: u64) {
        let mut state = self.lock();
        state.used -= length;
        self.counts.set_kept(state.used);
    }

    /// A version is on its way, with room set aside for it. Gives those who wait.
    pub(crate) fn begin(&self, digest: Digest, meta: ObjectMeta, file: StoredFile) -> Vec<Waiter> {
        let mut state = self.lock();
        let object = state.objects.entry(digest).or_default();
        object.refused = None;
        object.fetched = Some(Fetched { file, meta });
        object.asking.take().unwrap_or_default()
    }

    /// It has arrived. Gives the one before it, which is kept no more.
    pub(crate) fn finish(&self, digest: Digest, named: Option<Named>) -> Option<Kept> {
        let mut state = self.lock();
        let object = state.objects.get_mut(&digest)?;
        let fetched = object.fetched.take()?;
        object.checked = Some(Instant::now());
        let now = Kept {
            meta: fetched.meta,
            named,
            file: Some(fetched.file),
        };
        let before = object.kept.replace(now);
        state.used -= before.as_ref().map_or(0, |kept| kept.meta.size);
        self.counts.set_kept(state.used);
        before
    }

    /// It has not, for this reason. What was kept before stays.
    pub(crate) fn abandon(&self, digest: Digest, trouble: &Trouble) {
        let mut state = self.lock();
        let Some(object) = state.objects.get_mut(&digest) else {
            return;
        };
        object.refused = Some((Instant::now(), trouble.clone()));
        object.checked = None;
        let length = object.fetched.take().map_or(0, |it| it.meta.size);
        state.used -= length;
        self.counts.set_kept(state.used);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner) // it is whole after every statement
    }
}

impl Object {
    fn present(&self) -> Option<&StoredFile> {
        if let Some(fetched) = &self.fetched {
            return Some(&fetched.file);
        }
        let is_fresh = self.checked.is_some_and(|at| at.elapsed() < FRESH);
        self.kept.as_ref()?.file.as_ref().filter(|_| is_fresh)
    }

    /// How a request found the file that [`Self::present`] gives it.
    fn found(&self) -> Found {
        match self.fetched {
            Some(_) => Found::Joined,
            None => Found::Hit,
        }
    }

    fn refusal(&self) -> Option<&Trouble> {
        let (at, trouble) = self.refused.as_ref()?;
        let holds = match trouble {
            Trouble::Missing => MISSING,
            _ => FAILED,
        };
        (at.elapsed() < holds).then_some(trouble)
    }

    fn is_idle(&self) -> bool {
        let is_read = self.kept.as_ref().and_then(|kept| kept.file.as_ref());
        self.asking.is_none()
            && self.fetched.is_none()
            && !is_read.is_some_and(StoredFile::is_shared)
    }
}

impl State {
    fn use_once(&mut self) -> u64 {
        self.uses += 1;
        self.uses
    }

    /// Takes out what was used longest ago and nobody reads.
    fn take_oldest(&mut self) -> Option<(Digest, Kept)> {
        let idle = self
            .objects
            .iter()
            .filter(|(_, it)| it.kept.is_some() && it.is_idle());
        let digest = *idle.min_by_key(|(_, it)| it.last_use)?.0;
        let kept = self.objects.remove(&digest)?.kept?;
        self.used -= kept.meta.size;
        Some((digest, kept))
    }

    fn put_back(&mut self, taken: Vec<(Digest, Kept)>) {
        for (digest, kept) in taken {
            self.used += kept.meta.size;
            self.objects.entry(digest).or_default().kept = Some(kept);
        }
    }

    /// Forgets what was refused, and closes what is not read, when there is much of it: strangers can ask
    /// for as many names as they like.
    fn sweep(&mut self) {
        if self.objects.len() < MOST_KNOWN || !self.uses.is_multiple_of(SWEEP_EVERY) {
            return;
        }
        self.objects
            .retain(|_, it| it.kept.is_some() || !it.is_idle() || it.refusal().is_some());
        if self.objects.len() >= MOST_REFUSED {
            self.objects
                .retain(|_, it| it.kept.is_some() || !it.is_idle());
        }
        for object in self.objects.values_mut().filter(|it| it.is_idle()) {
            if let Some(kept) = object.kept.as_mut().filter(|kept| kept.named.is_some()) {
                kept.file = None;
            }
        }
    }
}

/// How long the store's word holds that a version is the present one. A crowd that boots together asks once.
pub(crate) const FRESH: Duration = Duration::from_secs(2);
/// The same for its word that there is no such object.
const MISSING: Duration = Duration::from_secs(3);
/// The same for what was wrong with it.
const FAILED: Duration = Duration::from_secs(1);
/// So many objects may be known, and files open, before it is looked which need not be.
const MOST_KNOWN: usize = 1024;
/// So many with those that were refused a moment ago.
const MOST_REFUSED: usize = 16_384;
/// How many questions are between two such looks.
const SWEEP_EVERY: u64 = 256;
