//! Files that are open, once for all transfers that read them: a thousand machines that boot the
//! same kernel take one descriptor for it.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fs::File;
use std::fs::Metadata;
use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::SystemTime;

use rustix::fs::AtFlags;
use rustix::fs::StatxFlags;

use super::growing::Growth;
use super::source::ReadError;

/// A file as it was when it was opened.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: File,
    version: Version,
    is_local: bool,
    /// When something about it was changed last, as far as nobody has written into it.
    circumstances: Mutex<Circumstances>,
    number: u64,
    /// How far it is, if it is written while it is read.
    growth: Option<Arc<Growth>>,
    /// What its store calls this state of it; `None` where it is known by its file alone.
    origin: Option<Origin>,
}

/// A file that was fetched: its present name, times and number on the disk say nothing of it.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// What no other state of it has, as its store says: opaque, of visible ASCII without quotes.
    pub tag: Option<String>,
    /// When it was written, as its store says.
    pub modified: Option<SystemTime>,
}

/// Which file, and which state of it. A name may stand for another file at any time; what was
/// opened stays what it was, unless a program writes into it. Such a program may keep the length and set
/// the time of the last writing back, as `cp -p` and `rsync -t` do; the time of the last change it
/// cannot set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Version {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// What else changes the time of the last change: new names, owners and permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Circumstances {
    changed: (i64, i64),
    links: u64,
    permissions: (u32, u32, u32),
    path: Option<PathBuf>,
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the next change is certain to give it another time: the clock of the file system has
    /// gone on since the last.
    fn is_settled(&self, now: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let changed = Duration::new(seconds.unsigned_abs(), nanoseconds as u32); // below 10^9
        let grain = if nanoseconds == 0 {
            WHOLE_SECONDS
        } else {
            TICK
        };
        now.duration_since(SystemTime::UNIX_EPOCH + changed)
            .is_ok_and(|age| age > grain)
    }
}

impl Circumstances {
    fn of(file: &File, metadata: &Metadata) -> Self {
        Self {
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            links: metadata.nlink(),
            permissions: (metadata.mode(), metadata.uid(), metadata.gid()),
            path: std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok(),
        }
    }

    /// Whether something has changed but the time.
    fn explain(&self, newer: &Self) -> bool {
        (self.links, self.permissions, &self.path) != (newer.links, newer.permissions, &newer.path)
    }
}

impl Version {
    /// The same of a file that is found but not opened, as far as the kernel knows it without asking a
    /// file system.
    fn at_hand(found: &OwnedFd) -> Option<Self> {
        let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
        let statx = rustix::fs::statx(found, "", flags, StatxFlags::BASIC_STATS).ok()?;
        Some(Self {
            device: rustix::fs::makedev(statx.stx_dev_major, statx.stx_dev_minor),
            inode: statx.stx_ino,
            length: statx.stx_size,
            modified: (statx.stx_mtime.tv_sec, statx.stx_mtime.tv_nsec.into()),
            changed: (statx.stx_ctime.tv_sec, statx.stx_ctime.tv_nsec.into()),
        })
    }
}

/// Whether the kernel always knows the present state of the file without asking another machine: not where
/// other machines may write into it.
fn is_local(file: &File) -> bool {
    const NFS: u64 = 0x6969;
    const FUSE: u64 = 0x6573_5546;
    const CIFS: u64 = 0xff53_4d42;
    const SMB2: u64 = 0xfe53_4d42;
    const CEPH: u64 = 0x00c3_6400;
    const NINE_P: u64 = 0x0102_1997;
    const AFS: u64 = 0x5346_414f;
    const REMOTE: [u64; 7] = [NFS, FUSE, CIFS, SMB2, CEPH, NINE_P, AFS];
    // The type is 32 bits wide, and signed on some machines.
    let kind = rustix::fs::fstatfs(file).map(|found| found.f_type as u64 & 0xffff_ffff);
    kind.is_ok_and(|kind| !REMOTE.contains(&kind))
}

impl OpenFile {
    /// A file by itself.
    ///
    /// # Errors
    /// When the system does not tell about it.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self::in_version(
            file,
            &metadata,
            Version::of(&metadata),
            None,
        ))
    }

    /// One that will have `length` bytes.
    ///
    /// # Errors
    /// When the system does not tell about it.
    pub(super) fn growing(file: File, length: u64, growth: Arc<Growth>) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let version = Version {
            length,
            ..Version::of(&metadata)
        };
        Ok(Self::in_version(file, &metadata, version, Some(growth)))
    }

    fn in_version(
        file: File,
        metadata: &Metadata,
        version: Version,
        growth: Option<Arc<Growth>>,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            version,
            growth,
            origin: None,
            is_local: is_local(&file),
            circumstances: Mutex::new(Circumstances::of(&file, metadata)),
            file,
            number: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// The same, as its store knows it.
    pub(super) fn from(self, origin: Origin) -> Self {
        Self {
            origin: Some(origin),
            ..self
        }
    }

    /// What no other state of it has. `None` as long as it may still get another state that looks the same.
    pub(super) fn tag(&self) -> Option<String> {
        if let Some(origin) = &self.origin {
            return origin.tag.clone();
        }
        // Not the numbers themselves: that of the inode is nobody's business.
        let mut hasher = DefaultHasher::new();
        self.version.hash(&mut hasher);
        let is_settled = self.growth.is_none() && self.version.is_settled(SystemTime::now());
        is_settled.then(|| format!("{:x}-{:016x}", self.len(), hasher.finish()))
    }

    /// When it was written last, if that is known.
    pub(super) fn modified(&self) -> Option<SystemTime> {
        if let Some(origin) = &self.origin {
            return origin.modified;
        }
        self.growth.is_none().then_some(())?;
        self.file.metadata().ok()?.modified().ok()
    }

    /// To read from.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Its length when it was opened.
    pub(super) fn len(&self) -> u64 {
        self.version.length
    }

    /// How many bytes of it may be read by now.
    pub(super) fn arrived(&self) -> u64 {
        self.growth
            .as_ref()
            .map_or(self.len(), |growth| growth.mark())
    }

    /// Whether all of it may be read.
    pub(super) fn is_whole(&self) -> bool {
        self.growth.as_ref().is_none_or(|growth| growth.is_whole())
    }

    /// Whether everything before `end` may be read.
    ///
    /// # Errors
    /// When it has to be waited for, or will never be there.
    pub(super) fn reach(&self, end: u64) -> Result<(), ReadError> {
        self.growth
            .as_ref()
            .map_or(Ok(()), |growth| growth.reach(end))
    }

    /// Calls `wake` when [`Self::reach`] has another answer.
    pub(super) fn when_arrived(&self, end: u64, wake: Box<dyn FnOnce() + Send>) {
        match &self.growth {
            Some(growth) => growth.when_arrived(end, wake),
            None => wake(),
        }
    }

    /// A number that no other opened file of this program has.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether nobody has written into it since it was opened. That its name was given to another file,
    /// or that it got other permissions, is no writing.
    pub(super) fn is_unchanged(&self) -> bool {
        let Ok(metadata) = self.file.metadata() else {
            return false;
        };
        let version = Version::of(&metadata);
        if self.growth.is_some() {
            // It is written into, by its owner; nobody else knows its name.
            return !self.is_whole() || version.length == self.version.length;
        }
        if version == self.version {
            return true;
        }
        let changed = self.version.changed;
        if (Version { changed, ..version }) != self.version {
            return false;
        }
        // It is whole after every statement.
        let mut before = self
            .circumstances
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if before.changed == version.changed {
            return true;
        }
        let now = Circumstances::of(&self.file, &metadata);
        let is_explained = before.explain(&now);
        if is_explained {
            *before = now; // the next change needs a reason of its own
        }
        is_explained
    }
}

/// The files that some transfer reads.
#[derive(Debug, Default)]
pub(super) struct OpenFiles(Mutex<HashMap<Version, Weak<OpenFile>>>);

impl OpenFiles {
    /// The file that was found, if it is open in this very state. Never blocks.
    pub(super) fn find(&self, found: &OwnedFd) -> Option<Arc<OpenFile>> {
        let version = Version::at_hand(found)?;
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = files.get(&version).and_then(Weak::upgrade)?;
        drop(files); // the last one to drop it would close it
        open.is_local.then_some(open)
    }

    /// The file that was opened, or the same one opened before.
    ///
    /// # Errors
    /// When the system does not tell about it.
    pub(super) fn share(&self, file: File) -> io::Result<Arc<OpenFile>> {
        let opened = OpenFile::new(file)?;
        if !opened.version.is_settled(SystemTime::now()) {
            return Ok(Arc::new(opened)); // another state may come to look the same
        }
        // It is whole after every statement.
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = files.get(&opened.version).and_then(Weak::upgrade) {
            return Ok(before);
        }
        if files.len() >= SWEEP_AT {
            files.retain(|_, file| file.strong_count() > 0);
        }
        let (version, opened) = (opened.version, Arc::new(opened));
        files.insert(version, Arc::downgrade(&opened));
        Ok(opened)
    }
}

/// Entries of files that nobody reads any more are swept out when there are so many in all.
const SWEEP_AT: usize = 1024;
/// Two ticks of the slowest clock that kernels give files their times by.
const TICK: Duration = Duration::from_millis(20);
/// The same where a file system knows whole seconds only.
const WHOLE_SECONDS: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::fs::FileTimes;
    use std::os::unix::fs::FileExt as _;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::thread::sleep;

    use super::*;

    /// Writes a file, and lets the clock of the file system go on.
    fn write(path: &Path, text: &str) {
        std::fs::write(path, text).expect("write");
        sleep(TICK * 3);
    }

    fn open(path: &Path) -> OpenFile {
        OpenFile::new(File::open(path).expect("open")).expect("told")
    }

    /// As `cp -p` and `rsync --inplace -t` do.
    fn rewrite_in_place(path: &Path, bytes: &[u8]) {
        let file = File::options().write(true).open(path).expect("open");
        let modified = file.metadata().expect("told").modified().expect("a time");
        file.write_all_at(bytes, 0).expect("write");
        let times = FileTimes::new().set_modified(modified);
        file.set_times(times).expect("set back");
        assert_eq!(
            file.metadata().expect("told").modified().ok(),
            Some(modified)
        );
    }

    #[test]
    fn the_same_file_is_open_once_and_another_state_of_it_apart() {
        let dir = tempfile::tempdir().expect("directory");
        let path = dir.path().join("file");
        write(&path, "one");
        let files = OpenFiles::default();
        let open = || files.share(File::open(&path).expect("open")).expect("told");
        let (first, second) = (open(), open());
        assert!(Arc::ptr_eq(&first, &second));
        assert!(first.is_unchanged());
        write(&path, "longer");
        assert!(!first.is_unchanged(), "it was written to");
        let third = open();
        assert!(!Arc::ptr_eq(&first, &third));
        assert_eq!((first.len(), third.len()), (3, 6));
    }

    /// A later client got the old blocks, and was told that they were all.
    #[test]
    fn a_file_rewritten_with_its_length_and_time_kept_is_another_state() {
        let dir = tempfile::tempdir().expect("directory");
        let path = dir.path().join("file");
        write(&path, "old");
        let files = OpenFiles::default();
        let open = || files.share(File::open(&path).expect("open")).expect("told");
        let first = open();
        rewrite_in_place(&path, b"new");
        assert!(!first.is_unchanged());
        assert!(!Arc::ptr_eq(&first, &open()));
    }

    #[test]
    fn what_may_come_to_look_the_same_is_not_shared() {
        let dir = tempfile::tempdir().expect("directory");
        let path = dir.path().join("file");
        write(&path, "text");
        let version = Version::of(&std::fs::metadata(&path).expect("told"));
        let (seconds, nanoseconds) = version.changed;
        let at = SystemTime::UNIX_EPOCH + Duration::new(seconds as u64, nanoseconds as u32);
        assert!(version.is_settled(SystemTime::now()));
        assert!(!version.is_settled(at + TICK / 2));
        assert!(!version.is_settled(at - TICK), "a clock that was set back");
        let coarse = Version {
            changed: (seconds, 0),
            ..version
        };
        assert!(!coarse.is_settled(at));
    }

    #[test]
    fn a_name_that_is_given_to_another_file_changes_nothing() {
        let dir = tempfile::tempdir().expect("directory");
        let (path, other) = (dir.path().join("file"), dir.path().join("other"));
        write(&path, "one");
        let opened = open(&path);
        std::fs::rename(&path, dir.path().join("old")).expect("rename");
        assert!(opened.is_unchanged(), "renamed");
        std::fs::rename(dir.path().join("old"), &path).expect("rename");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("chmod");
        assert!(opened.is_unchanged(), "other permissions");
        write(&other, "two");
        std::fs::rename(&other, &path).expect("rename");
        assert!(opened.is_unchanged(), "replaced");
        assert!(opened.is_unchanged());
    }

    #[test]
    fn a_reason_holds_for_one_change_only() {
        let dir = tempfile::tempdir().expect("directory");
        let path = dir.path().join("file");
        write(&path, "old");
        let opened = open(&path);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("chmod");
        assert!(opened.is_unchanged());
        sleep(TICK * 3);
        rewrite_in_place(&path, b"new");
        assert!(!opened.is_unchanged());
    }
}
