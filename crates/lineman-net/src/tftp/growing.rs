//! A file that is read while it is still being written. The writer knows how long it will be, and says how far
//! it is. A transfer that needs more than that waits without a thread, and is woken.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use lineman_proto::tftp::Mode;

use super::Refusal;
use super::Source;
use super::open_files::OpenFile;
use super::open_files::Origin;
use super::source::ReadError;

/// A file of a store, for any number of transfers.
#[derive(Clone, Debug)]
pub struct StoredFile(Arc<OpenFile>);

/// The end of a growing file at which it is written. Dropped before the file is whole, it fails those who
/// read it.
#[derive(Debug)]
pub struct Filling(Arc<Growth>);

/// How far a growing file is.
pub(super) struct Growth {
    length: u64,
    /// Bytes that may be read. It grows only, with the lock held; read without.
    mark: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Why there will be no more.
    failed: Option<Why>,
    /// The transfers that wait, by the mark that each waits for.
    waiting: BTreeMap<u64, Vec<Wake>>,
}

/// Gives the reason to each transfer that it ends.
type Why = Box<dyn Fn() -> Refusal + Send>;
/// Wakes a transfer.
type Wake = Box<dyn FnOnce() + Send>;

impl StoredFile {
    /// A file that is whole, and that nobody is to write into.
    ///
    /// # Errors
    /// When the system does not tell about it.
    pub fn whole(file: File, origin: Origin) -> io::Result<Self> {
        Ok(Self(Arc::new(OpenFile::new(file)?.from(origin))))
    }

    /// A file of which nothing may be read yet, and that will have `length` bytes.
    ///
    /// # Errors
    /// When the system does not tell about it.
    pub fn growing(file: File, length: u64, origin: Origin) -> io::Result<(Self, Filling)> {
        let growth = Arc::new(Growth {
            length,
            mark: AtomicU64::new(0),
            state: Mutex::default(),
        });
        let open = OpenFile::growing(file, length, Arc::clone(&growth))?;
        let open = open.from(origin);
        Ok((Self(Arc::new(open)), Filling(growth)))
    }

    /// Its bytes for one transfer.
    pub fn source(&self, mode: Mode) -> Source {
        Source::shared(Arc::clone(&self.0), mode)
    }

    /// How many bytes it has, or will have.
    pub fn length(&self) -> u64 {
        self.0.len()
    }

    /// Whether the file is held elsewhere, too, besides by the caller: by another clone, or a transfer.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Whether nobody but the filling has written into it.
    pub fn is_unchanged(&self) -> bool {
        self.0.is_unchanged()
    }
}

impl Filling {
    /// Everything before `mark` may be read from now on.
    pub fn arrived(&self, mark: u64) {
        let woken = {
            let mut state = self.0.lock();
            let mark = mark.min(self.0.length).max(self.0.mark());
            self.0.mark.store(mark, Ordering::Release);
            let later = state.waiting.split_off(&mark.saturating_add(1));
            std::mem::replace(&mut state.waiting, later)
        };
        wake(woken);
    }

    /// There will be no more: who needs it is refused for this reason.
    pub fn fail(&self, why: impl Fn() -> Refusal + Send + 'static) {
        let woken = {
            let mut state = self.0.lock();
            if self.0.is_whole() || state.failed.is_some() {
                return;
            }
            state.failed = Some(Box::new(why));
            std::mem::take(&mut state.waiting)
        };
        wake(woken);
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        self.fail(|| Refusal::System(io::Error::other("nobody goes on with it")));
    }
}

impl Growth {
    /// Bytes that may be read.
    pub(super) fn mark(&self) -> u64 {
        self.mark.load(Ordering::Acquire)
    }

    /// Whether all of it may be read.
    pub(super) fn is_whole(&self) -> bool {
        self.mark() == self.length
    }

    /// Whether everything before `end` may be read.
    ///
    /// # Errors
    /// When it has to be waited for, or will never be there.
    pub(super) fn reach(&self, end: u64) -> Result<(), ReadError> {
        if end <= self.mark() {
            return Ok(());
        }
        let state = self.lock();
        match &state.failed {
            _ if end <= self.mark() => Ok(()),
            Some(why) => Err(why().into()),
            None => Err(ReadError::NotArrived { end }),
        }
    }

    /// Calls `wake` when [`Self::reach`] has another answer; now, if it has one already.
    pub(super) fn when_arrived(&self, end: u64, wake: Wake) {
        let mut state = self.lock();
        if state.failed.is_none() && end > self.mark() {
            state.waiting.entry(end).or_default().push(wake);
            return;
        }
        drop(state);
        wake();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // It is whole after every statement, and nobody is woken with it held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Growth")
            .field("mark", &self.mark)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

fn wake(woken: BTreeMap<u64, Vec<Wake>>) {
    woken.into_values().flatten().for_each(|wake| wake());
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;
    use std::sync::mpsc;

    use lineman_proto::tftp::DataRun;
    use lineman_proto::tftp::Rollover;

    use super::*;
    use crate::tftp::burst::Burst;
    use crate::tftp::cache::Cache;

    const LENGTH: u64 = 1000;

    struct Growing {
        file: File,
        filling: Filling,
        stored: StoredFile,
    }

    fn growing() -> Growing {
        let file = tempfile::tempfile().expect("file");
        file.set_len(LENGTH).expect("room"); // what has not arrived reads as zeros
        let (stored, filling) =
            StoredFile::growing(file.try_clone().expect("clone"), LENGTH, Origin::default())
                .expect("told");
        Growing {
            file,
            filling,
            stored,
        }
    }

    fn read(source: &mut Source, block: u64, cache: &mut Cache) -> Result<usize, ReadError> {
        let run = DataRun::new(block, 1, 512, Rollover::ToZero);
        let mut burst = Burst::default();
        burst.lay_out(&run);
        source.read(&run, &mut burst, cache)
    }

    #[test]
    fn what_has_not_arrived_is_never_sent_as_zeros() {
        for mode in [Mode::Octet, Mode::Netascii] {
            let it = growing();
            let (mut source, mut cache) = (it.stored.source(mode), Cache::default());
            for mark in [0, 511] {
                it.filling.arrived(mark);
                let early = read(&mut source, 1, &mut cache);
                assert!(
                    matches!(early, Err(ReadError::NotArrived { .. })),
                    "{mode:?}"
                );
            }
            it.file.write_all_at(&[b'x'; 1000], 0).expect("write");
            it.filling.arrived(512);
            assert_eq!(
                mode == Mode::Octet,
                read(&mut source, 1, &mut cache).is_ok()
            );
            assert!(matches!(
                read(&mut source, 2, &mut cache),
                Err(ReadError::NotArrived { .. })
            ));
            it.filling.arrived(LENGTH);
            assert_eq!(read(&mut source, 1, &mut cache).ok(), Some(512), "{mode:?}");
            assert_eq!(read(&mut source, 2, &mut cache).ok(), Some(488), "{mode:?}");
        }
    }

    #[test]
    fn who_waits_is_woken_when_his_bytes_are_there_and_not_before() {
        let it = growing();
        let (woken, wakes) = mpsc::channel();
        for end in [100, 600, 600, LENGTH] {
            let woken = woken.clone();
            let wake = Box::new(move || woken.send(end).expect("receiver"));
            it.filling.0.when_arrived(end, wake);
        }
        it.filling.arrived(99);
        assert_eq!(wakes.try_iter().count(), 0);
        it.filling.arrived(600);
        assert_eq!(wakes.try_iter().collect::<Vec<_>>(), [100, 600, 600]);
        it.filling.fail(|| Refusal::Changed);
        assert_eq!(wakes.try_iter().collect::<Vec<_>>(), [LENGTH]);
        it.filling
            .0
            .when_arrived(LENGTH, Box::new(move || woken.send(1).expect("receiver")));
        assert_eq!(wakes.try_iter().collect::<Vec<_>>(), [1], "at once");
    }

    #[test]
    fn a_writer_that_goes_away_fails_those_who_need_more() {
        let it = growing();
        it.filling.arrived(512);
        drop(it.filling);
        let (mut source, mut cache) = (it.stored.source(Mode::Octet), Cache::default());
        assert!(read(&mut source, 1, &mut cache).is_ok());
        let more = read(&mut source, 2, &mut cache);
        assert!(matches!(more, Err(ReadError::Refused(Refusal::System(_)))));
    }

    #[test]
    fn one_that_is_whole_does_not_fail() {
        let it = growing();
        it.filling.arrived(LENGTH);
        drop(it.filling);
        let mut source = it.stored.source(Mode::Octet);
        assert_eq!(read(&mut source, 2, &mut Cache::default()).ok(), Some(488));
    }
}
