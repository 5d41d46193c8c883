//! A store behind a network, as a TFTP server's own.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lineman_net::Needs;
use lineman_net::Rights;
use lineman_net::tftp::Answer;
use lineman_net::tftp::Lane;
use lineman_net::tftp::Origin;
use lineman_net::tftp::Refusal;
use lineman_net::tftp::Source;
use lineman_net::tftp::Store;
use lineman_net::tftp::StoreFault;
use lineman_net::tftp::StoredFile;
use lineman_proto::tftp::Mode;
use object_store::ObjectMeta;
use object_store::path::Path;
use tokio::runtime::Runtime;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::cache::Cache;
use crate::cache::Digest;
use crate::cache::Named;
use crate::counts::Counts;
use crate::counts::Found;
use crate::fault::Trouble;
use crate::fetch::Fetch;
use crate::key::key;
use crate::location::Location;
use crate::shelf::Kept;
use crate::shelf::Known;
use crate::shelf::Shelf;
use crate::shelf::Waiter;
use crate::upstream;
use crate::upstream::Body;

/// What is kept of a store on this machine.
#[derive(Clone, Debug)]
pub struct CacheConfig {
    /// The directory; without one nothing outlives the server.
    pub dir: Option<PathBuf>,
    /// Bytes that all of it may have.
    pub size: u64,
    /// Serve the version that is kept where the store does not answer.
    pub stale_ok: bool,
}

/// Something that the operator may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The store does not answer as it should, and what is kept is served instead. Told once.
    Stale(StoreFault),
    /// It answers again.
    Back,
    /// A file could not be kept: it is served while this server runs, and then gone.
    NotKept(String),
}

type Listener = Box<dyn Fn(Notice) + Send + Sync>;

/// An object store, or a web server, to read from.
pub struct Objects {
    shared: Arc<Shared>,
    /// Its threads, once it has begun.
    runtime: OnceLock<Runtime>,
}

struct Shared {
    location: Location,
    cache: Cache,
    shelf: Shelf,
    counts: Counts,
    stale_ok: bool,
    /// The store does not answer, and that was told.
    away: AtomicBool,
    fetches: Arc<Semaphore>,
    tell: OnceLock<Listener>,
}

impl Objects {
    /// A store, with its cache. Nobody is asked yet, and no thread begins.
    ///
    /// # Errors
    /// When there can be no cache.
    pub fn open(location: Location, config: &CacheConfig) -> io::Result<Self> {
        let cache = Cache::open(config.dir.as_deref())?;
        let counts = Counts::default();
        Ok(Self {
            shared: Arc::new(Shared {
                location,
                cache,
                shelf: Shelf::new(config.size, counts.clone()),
                counts,
                stale_ok: config.stale_ok,
                away: AtomicBool::new(false),
                fetches: Arc::new(Semaphore::new(MOST_FETCHES)),
                tell: OnceLock::new(),
            }),
            runtime: OnceLock::new(),
        })
    }

    /// The same; `tell` hears what there is to notice, from any thread.
    #[must_use]
    pub fn with_listener(self, tell: impl Fn(Notice) + Send + Sync + 'static) -> Self {
        let _ = self.shared.tell.set(Box::new(tell));
        self
    }

    /// What it is asked, and what is kept of it, in numbers.
    pub fn counts(&self) -> Counts {
        self.shared.counts.clone()
    }

    /// Ports of TCP that it will connect to, as far as that is known in advance.
    pub fn ports(&self) -> &[u16] {
        &self.shared.location.reach.elsewhere().ports
    }
}

impl Store for Objects {
    fn open(&self, requested: &[u8], mode: Mode, answer: Answer) {
        let key = match key(&self.shared.location.prefix, requested) {
            Ok(key) => key,
            Err(refusal) => {
                self.shared.counts.note_found(Found::Refused);
                return answer(Err(refusal));
            }
        };
        let digest = self.shared.digest(&key);
        let (known, waiter) = self.shared.shelf.look(digest, Waiter { mode, answer });
        match (known, waiter) {
            (Known::File(file), Some(waiter)) => waiter.give(&file),
            (Known::Refused(trouble), Some(waiter)) => waiter.refuse(trouble.refusal()),
            (Known::Ask, None) => match self.runtime.get() {
                Some(runtime) => {
                    let shared = Arc::clone(&self.shared);
                    runtime.spawn(async move { Asking::new(&shared, digest).ask(&key).await });
                }
                None => drop(Asking::new(&self.shared, digest)), // it was not begun
            },
            _ => {}
        }
    }

    fn read_opened(&self, requested: &[u8], mode: Mode) -> Option<Source> {
        let key = key(&self.shared.location.prefix, requested).ok()?;
        let file = self.shared.shelf.at_hand(self.shared.digest(&key))?;
        Some(file.source(mode))
    }

    /// Nothing here waits for a network on the server's threads; the disk is one.
    fn lane(&self, _requested: &[u8]) -> Lane {
        Lane::default()
    }

    fn check(&self) -> io::Result<()> {
        self.shared.cache.check()
    }

    fn needs(&self) -> io::Result<Needs> {
        let cache = &self.shared.cache;
        let needs = Needs::default()
            .beneath(cache.dir().try_clone()?, Rights::Write)
            .elsewhere(self.shared.location.reach.elsewhere());
        // Without the right to remove it, an empty directory stays.
        let parent = cache
            .parent()
            .and_then(|path| std::fs::File::open(path).ok());
        Ok(match parent {
            Some(parent) => needs.beneath(parent.into(), Rights::RemoveDirectories),
            None => needs,
        })
    }

    fn start(&self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("tftp-objects")
            .enable_all()
            .build()?;
        self.shared.stock()?;
        let _ = self.runtime.set(runtime); // it is begun once
        Ok(())
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background(); // the thread that drops it may belong to another runtime
        }
    }
}

impl Waiter {
    fn give(self, file: &StoredFile) {
        (self.answer)(Ok(file.source(self.mode)));
    }

    fn refuse(self, refusal: Refusal) {
        (self.answer)(Err(refusal));
    }
}

impl Shared {
    fn digest(&self, key: &Path) -> Digest {
        Digest::of(&self.location.identity, key)
    }

    fn tell(&self, notice: Notice) {
        if let Some(tell) = self.tell.get() {
            tell(notice);
        }
    }

    /// Takes what an earlier server has left in the cache.
    fn stock(&self) -> io::Result<()> {
        let found = self.cache.find()?.into_iter().map(|named| {
            let meta = ObjectMeta {
                location: Path::default(),
                last_modified: Default::default(),
                size: named.length,
                e_tag: Some(named.e_tag.clone()),
                version: None,
            };
            (named, meta)
        });
        for surplus in self.shelf.stock(found.collect()) {
            self.cache.remove(&surplus);
        }
        Ok(())
    }

    fn remove(&self, kept: impl IntoIterator<Item = Kept>) {
        for kept in kept {
            if let Some(named) = &kept.named {
                self.cache.remove(named);
            }
        }
    }
}

/// A question that clients wait for the answer to. Dropped, it has one.
struct Asking<'a> {
    shared: &'a Arc<Shared>,
    digest: Digest,
    is_answered: bool,
}

impl<'a> Asking<'a> {
    fn new(shared: &'a Arc<Shared>, digest: Digest) -> Self {
        Self {
            shared,
            digest,
            is_answered: false,
        }
    }

    async fn ask(mut self, key: &Path) {
        let Some(permit) = self.permit().await else {
            let fault = StoreFault::Busy {
                limit: MOST_FETCHES,
            };
            return self.refuse(&Trouble::Fault(fault)).await;
        };
        let kept = self.open_kept().await;
        let known = kept.as_ref().map(|(meta, _)| meta);
        let asked = upstream::get(
            &self.shared.location,
            key,
            known,
            ANSWER,
            &self.shared.counts,
        )
        .await;
        match (asked, kept) {
            (Ok(body), _) => {
                self.answers();
                self.fetch(key, body, permit).await;
            }
            (Err(Trouble::NotModified), Some((_, file))) => {
                self.answers();
                self.confirm(&file, Found::Revalidated);
            }
            (Err(Trouble::Fault(fault)), Some((_, file)))
                if self.shared.stale_ok && is_away(&fault) =>
            {
                if !self.shared.away.swap(true, Ordering::Relaxed) {
                    self.shared.tell(Notice::Stale(fault));
                }
                self.confirm(&file, Found::Stale);
            }
            (Err(trouble), _) => {
                if matches!(trouble, Trouble::Missing) {
                    self.answers();
                }
                self.refuse(&trouble).await;
            }
        }
    }

    /// The store answers, whatever it says.
    fn answers(&self) {
        if self.shared.away.swap(false, Ordering::Relaxed) {
            self.shared.tell(Notice::Back);
        }
    }

    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        let fetches = Arc::clone(&self.shared.fetches);
        timeout(ANSWER, fetches.acquire_owned()).await.ok()?.ok()
    }

    /// The version that is kept, opened; `None` also where it is not what it was.
    async fn open_kept(&self) -> Option<(ObjectMeta, StoredFile)> {
        let kept = self.shared.shelf.kept(self.digest)?;
        if let Some(file) = kept.file {
            return file.is_unchanged().then_some((kept.meta, file));
        }
        let (shared, named) = (Arc::clone(self.shared), kept.named?);
        let origin = origin(&kept.meta);
        let open = move || StoredFile::whole(shared.cache.open_named(&named)?, origin);
        Some((kept.meta, spawn_blocking(open).await.ok()?.ok()?))
    }

    fn confirm(&mut self, file: &StoredFile, found: Found) {
        self.is_answered = true;
        self.shared.counts.note_found(found);
        let waiters = self.shared.shelf.confirm(self.digest, file);
        waiters.into_iter().for_each(|waiter| waiter.give(file));
    }

    async fn refuse(&mut self, trouble: &Trouble) {
        let gone = self.refuse_waiters(trouble);
        if let Some(gone) = gone {
            let shared = Arc::clone(self.shared);
            let _ = spawn_blocking(move || shared.remove([gone])).await;
        }
    }

    fn refuse_waiters(&mut self, trouble: &Trouble) -> Option<Kept> {
        self.is_answered = true;
        self.shared.counts.note_found(Found::Refused);
        let (waiters, gone) = self.shared.shelf.refuse(self.digest, trouble);
        waiters
            .into_iter()
            .for_each(|waiter| waiter.refuse(trouble.refusal()));
        gone
    }

    /// Fetches a version, for those who wait and those who will ask meanwhile.
    async fn fetch(mut self, key: &Path, body: Body, _permit: OwnedSemaphorePermit) {
        let meta = body.meta.clone();
        let leaving = match self.shared.shelf.reserve(meta.size) {
            Ok(leaving) => leaving,
            Err(fault) => return self.refuse(&Trouble::Fault(fault)).await,
        };
        let named = meta
            .e_tag
            .as_deref()
            .and_then(|tag| Named::new(self.digest, meta.size, tag));
        let (shared, length) = (Arc::clone(self.shared), meta.size);
        let origin = origin(&meta);
        let begun = spawn_blocking(move || {
            shared.remove(leaving);
            let (part, file) = shared.cache.begin(named, length)?;
            let (stored, filling) = StoredFile::growing(file.try_clone()?, length, origin)?;
            Ok((part, file, stored, filling))
        });
        let begun = begun
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)));
        let (part, file, stored, filling) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                self.shared.shelf.release(meta.size);
                self.refuse_waiters(&Trouble::from(error));
                return;
            }
        };
        self.is_answered = true;
        self.shared.counts.note_found(Found::Miss);
        let waiters = self
            .shared
            .shelf
            .begin(self.digest, meta.clone(), stored.clone());
        // The disk begins while the clients are answered: a thousand of them take a moment.
        let give = spawn_blocking(move || waiters.into_iter().for_each(|it| it.give(&stored)));
        let fetched = Fetch {
            location: &self.shared.location,
            key,
            meta: &meta,
            file: Arc::new(file),
            filling: &filling,
            counts: &self.shared.counts,
        };
        let ended = fetched.run(body).await;
        let _ = give.await;
        match ended {
            Ok(()) => {
                let kept = spawn_blocking(move || part.keep()).await;
                let kept = kept.unwrap_or_else(|error| Err(io::Error::other(error)));
                let named = kept.unwrap_or_else(|error| {
                    self.shared.tell(Notice::NotKept(error.to_string()));
                    None
                });
                let kept_name = named.clone();
                let before = self.shared.shelf.finish(self.digest, named);
                // The same version under the same name is the one that was just kept.
                let before = before.filter(|before| before.named != kept_name);
                let shared = Arc::clone(self.shared);
                let _ = spawn_blocking(move || shared.remove(before)).await;
            }
            Err(trouble) => {
                self.shared.shelf.abandon(self.digest, &trouble);
                filling.fail(move || trouble.refusal());
            }
        }
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            let ended = io::Error::other("nobody goes on with it");
            self.refuse_waiters(&Trouble::from(ended));
        }
    }
}

/// Whether it is the store that is not there, and not the object.
fn is_away(fault: &StoreFault) -> bool {
    matches!(
        fault,
        StoreFault::Unreachable { .. } | StoreFault::Silent { .. } | StoreFault::Failed { .. }
    )
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects")
            .field("location", &self.shared.location)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").finish_non_exhaustive()
    }
}

/// How long the store may take to begin its answer. Firmware repeats its request for about as long, and an
/// ERROR behind that reaches nobody.
const ANSWER: Duration = Duration::from_secs(5);
/// Objects that are fetched at a time.
const MOST_FETCHES: usize = 64;
/// Threads that hear the store: TLS is work.
const THREADS: usize = 2;
/// Threads that write.
const BLOCKING_THREADS: usize = 16;

/// What a client may be told of a version. A weak tag (RFC 9110 §8.8.1) may have other bytes elsewhere: it is none.
fn origin(meta: &ObjectMeta) -> Origin {
    let tag = meta.e_tag.as_deref().and_then(|tag| {
        let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
        let is_plain = tag
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"');
        is_plain.then(|| tag.to_owned())
    });
    Origin {
        tag,
        modified: upstream::has_date(meta).then(|| meta.last_modified.into()),
    }
}
