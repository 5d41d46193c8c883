//! Files that appear whole or not at all: written without a name where the file system knows such
//! files (`O_TMPFILE`), else under a temporary one, and named when they are complete.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd as _;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rustix::fs::AtFlags;
use rustix::fs::CWD;
use rustix::fs::FlockOperation;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::RenameFlags;
use rustix::io::Errno;

use super::reclaim;

/// What the temporary names begin with. The server does not serve them.
pub(crate) const TEMPORARY_PREFIX: &str = ".lineman-part-";

/// A file that is being written and does not have its name yet. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct AtomicFile {
    /// There until it is dropped.
    file: Option<File>,
    dir: OwnedFd,
    target: OsString,
    replace: bool,
    state: State,
    written: u64,
}

/// What the file is called so far, and how it gets its name.
#[derive(Debug)]
enum State {
    /// It has no name, and the system removes it if this process ends.
    Unnamed,
    /// It has a temporary name.
    Named(OsString, Finish),
    /// It has its own.
    Committed,
}

/// How a temporary name becomes one that must not be there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finish {
    /// `renameat2` with `RENAME_NOREPLACE`.
    Rename,
    /// Some network file systems do not know that: a second name, and the first is removed.
    Link,
}

/// What a file system can do.
#[derive(Clone, Copy, Debug)]
struct Abilities {
    /// Files without a name that get one later.
    unnamed: bool,
    /// `RENAME_NOREPLACE`.
    no_replace: bool,
}

impl AtomicFile {
    /// Begins a file that will be called `target`, a plain name in `dir`. With `replace`, a file
    /// of that name gives way; without, [`Self::commit`] fails if there is one by then.
    ///
    /// # Errors
    /// What the system says to creating a file in `dir`; also where the file system has no way to
    /// name a file without replacing another, so that this does not show behind the last byte.
    pub fn create(dir: OwnedFd, target: &OsStr, replace: bool) -> io::Result<Self> {
        let abilities = Abilities {
            unnamed: can_name_later(&dir),
            no_replace: true,
        };
        Self::create_with(dir, target, replace, abilities)
    }

    fn create_with(
        dir: OwnedFd,
        target: &OsStr,
        replace: bool,
        abilities: Abilities,
    ) -> io::Result<Self> {
        let (file, state) = if abilities.unnamed {
            (create_unnamed(&dir)?, State::Unnamed)
        } else {
            create_named(&dir, replace, abilities.no_replace)?
        };
        Ok(Self {
            file: Some(file),
            dir,
            target: target.to_owned(),
            replace,
            state,
            written: 0,
        })
    }

    /// Appends to the file.
    ///
    /// # Errors
    /// What the system says, a full disk above all.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.file()?.write_all(bytes)
    }

    /// Has the owner and the permissions of the file whose place it will take. The owner as far as
    /// the system lets us; what the new file must not do is let in a user whom the old one kept out.
    pub(crate) fn take_after(&self, old: &File) -> io::Result<()> {
        let old = old.metadata()?;
        let file = self.file()?;
        let _ = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
        let mode = Mode::from_raw_mode(old.mode() & 0o777);
        Ok(rustix::fs::fchmod(file, mode)?)
    }

    /// Has the system begin to bring to the disk what was written, without waiting for it: the less
    /// [`Self::commit_durably`] will have to wait for. Best effort.
    pub(crate) fn begin_sync(&self) {
        if let Some(file) = &self.file {
            let _ = crate::sys::begin_writeback(file);
        }
    }

    /// The same file, to be written on when it has its name.
    ///
    /// # Errors
    /// What the system says.
    pub fn try_clone(&self) -> io::Result<File> {
        self.file()?.try_clone()
    }

    /// Gives the file its name. The one that had it before is still open in what comes back.
    ///
    /// # Errors
    /// What the system says; the temporary is removed then.
    pub fn commit(mut self) -> io::Result<Replaced> {
        let replaced = if self.replace { self.open_old() } else { None };
        if self.replace {
            self.take_name_of_another()?;
        } else {
            self.take_new_name()?;
        }
        self.state = State::Committed;
        Ok(Replaced(replaced))
    }

    /// The same, and a power cut will take neither the bytes nor the name. Waits for the disk.
    ///
    /// # Errors
    /// What the system says; if it says it of the directory, the file has its name all the same.
    pub fn commit_durably(self) -> io::Result<Replaced> {
        self.file()?.sync_all()?;
        let dir = self.dir.try_clone()?;
        let replaced = self.commit()?;
        match rustix::fs::fsync(&dir) {
            Ok(()) | Err(Errno::INVAL) => Ok(replaced), // some file systems know no such thing
            Err(error) => Err(error.into()),
        }
    }

    fn take_new_name(&mut self) -> io::Result<()> {
        match &self.state {
            State::Committed => Ok(()),
            State::Unnamed => Ok(name_file(self.file()?.as_fd(), &self.dir, &self.target)?),
            State::Named(temporary, Finish::Rename) => {
                let flags = RenameFlags::NOREPLACE;
                let (dir, target) = (&self.dir, &self.target);
                Ok(rustix::fs::renameat_with(
                    dir, temporary, dir, target, flags,
                )?)
            }
            State::Named(temporary, Finish::Link) => {
                link_and_unlink(&self.dir, temporary, &self.target)
            }
        }
    }

    fn take_name_of_another(&mut self) -> io::Result<()> {
        if let State::Unnamed = self.state {
            // No call replaces a name by a file that has none.
            let file = self.file()?.try_clone()?;
            let temporary = with_free_name(|name| name_file(file.as_fd(), &self.dir, name))?.0;
            self.state = State::Named(temporary, Finish::Rename);
        }
        if let State::Named(temporary, _) = &self.state {
            rustix::fs::renameat(&self.dir, temporary, &self.dir, &self.target)?;
        }
        Ok(())
    }

    fn file(&self) -> io::Result<&File> {
        self.file
            .as_ref()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn open_old(&self) -> Option<OwnedFd> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.dir, &self.target, flags, Mode::empty()).ok()
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        // The space is given back when the last of name and descriptor goes: not by this call.
        if let State::Named(temporary, _) = &self.state {
            let _ = rustix::fs::unlinkat(&self.dir, temporary, AtFlags::empty());
        }
        if let (Some(file), false) = (self.file.take(), matches!(self.state, State::Committed)) {
            reclaim::close(file.into(), self.written);
        }
    }
}

/// A file whose name has been taken by another. Dropped, its space is given back; a large one is
/// closed on a thread of its own.
#[derive(Debug)]
pub struct Replaced(Option<OwnedFd>);

impl Replaced {
    /// No file.
    pub(crate) fn nothing() -> Self {
        Self(None)
    }

    /// Whether there was none.
    pub(crate) fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    /// How many bytes the replaced file had, if it has no other name: then they become free.
    pub(super) fn len(&self) -> u64 {
        let told = self
            .0
            .as_ref()
            .and_then(|file| rustix::fs::fstat(file).ok());
        told.filter(|file| file.st_nlink == 0)
            .map_or(0, |file| file.st_size.unsigned_abs())
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        let bytes = self.len();
        if let Some(file) = self.0.take() {
            reclaim::close(file, bytes);
        }
    }
}

/// Whether files in this directory can be made without a name and named later; asked once for each
/// file system, by trying.
fn can_name_later(dir: &OwnedFd) -> bool {
    static KNOWN: Mutex<Option<HashMap<u64, bool>>> = Mutex::new(None);
    let Ok(told) = rustix::fs::fstat(dir) else {
        return false;
    };
    let device = told.st_dev;
    // It is whole after every statement.
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(can) = known().as_ref().and_then(|known| known.get(&device)) {
        return *can;
    }
    let can = match try_name_later(dir) {
        Ok(()) => true,
        // The directory is closed or the disk full: that tells nothing about others.
        Err(Errno::ACCESS | Errno::NOSPC | Errno::DQUOT | Errno::MFILE | Errno::NFILE) => {
            return false;
        }
        Err(_) => false,
    };
    let mut known = known();
    let known = known.get_or_insert_default();
    if known.len() < MOST_DEVICES {
        known.insert(device, can);
    }
    can
}

fn try_name_later(dir: &OwnedFd) -> Result<(), Errno> {
    let file = create_unnamed(dir)?;
    let (name, ()) = with_free_name(|name| name_file(file.as_fd(), dir, name))?;
    rustix::fs::unlinkat(dir, name, AtFlags::empty())
}

fn create_unnamed(dir: &OwnedFd) -> Result<File, Errno> {
    let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
    let file = rustix::fs::openat(dir, ".", flags, MODE)?;
    mark_as_ours(file.as_fd());
    Ok(File::from(file))
}

fn create_named(dir: &OwnedFd, replace: bool, no_replace: bool) -> io::Result<(File, State)> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    loop {
        let (name, fd) = with_free_name(|name| rustix::fs::openat(dir, name, flags, MODE))?;
        mark_as_ours(fd.as_fd());
        // Another server that clears temporary files left behind may have deleted this one before it was marked.
        if rustix::fs::fstat(&fd)?.st_nlink == 0 {
            continue;
        }
        let mut state = State::Named(name, Finish::Rename);
        if !replace {
            state = try_to_finish(dir, state, no_replace)?;
        }
        return Ok((File::from(fd), state));
    }
}

/// Finds out now how a name is given that must not be there yet, by giving another temporary one.
fn try_to_finish(dir: &OwnedFd, state: State, no_replace: bool) -> io::Result<State> {
    let State::Named(name, _) = state else {
        return Ok(state);
    };
    let renamed = if no_replace {
        let flags = RenameFlags::NOREPLACE;
        with_free_name(|new| rustix::fs::renameat_with(dir, &name, dir, new, flags))
    } else {
        Err(Errno::INVAL)
    };
    let linked = match renamed {
        Ok((new, ())) => return Ok(State::Named(new, Finish::Rename)),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            with_free_name(|new| rustix::fs::linkat(dir, &name, dir, new, AtFlags::empty()))
        }
        Err(error) => Err(error),
    };
    // Either one name is one too many, or both are.
    let _ = rustix::fs::unlinkat(dir, &name, AtFlags::empty());
    let (new, ()) = linked?;
    Ok(State::Named(new, Finish::Link))
}

fn link_and_unlink(dir: &OwnedFd, temporary: &OsStr, target: &OsStr) -> io::Result<()> {
    rustix::fs::linkat(dir, temporary, dir, target, AtFlags::empty())?;
    // The file has its name; a second one that cannot be removed is removed at the next start.
    let _ = rustix::fs::unlinkat(dir, temporary, AtFlags::empty());
    Ok(())
}

/// Gives a file without a name this one, which must not be there yet.
fn name_file(file: BorrowedFd<'_>, dir: &OwnedFd, name: &OsStr) -> Result<(), Errno> {
    // Newer kernels allow it by the descriptor to the process that opened the file, older ones by /proc.
    match rustix::fs::linkat(file, "", dir, name, AtFlags::EMPTY_PATH) {
        Err(Errno::NOENT | Errno::PERM | Errno::INVAL) => {
            let path = format!("/proc/self/fd/{}", file.as_raw_fd());
            rustix::fs::linkat(CWD, path, dir, name, AtFlags::SYMLINK_FOLLOW)
        }
        other => other,
    }
}

/// Does `work` with temporary names until one is free.
fn with_free_name<T>(
    mut work: impl FnMut(&OsStr) -> Result<T, Errno>,
) -> Result<(OsString, T), Errno> {
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = OsString::from(format!("{TEMPORARY_PREFIX}{}-{number}", std::process::id()));
        match work(&name) {
            Ok(done) => return Ok((name, done)),
            Err(Errno::EXIST) => {} // left by a process of our number that crashed
            Err(error) => return Err(error),
        }
    }
}

/// Whether a name is one that is made here: the prefix, a process, a number.
pub(super) fn is_temporary_name(name: &[u8]) -> bool {
    let numbers = name.strip_prefix(TEMPORARY_PREFIX.as_bytes());
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    numbers.is_some_and(|numbers| {
        let mut parts = numbers.split(|&byte| byte == b'-');
        parts.clone().count() == 2 && parts.all(is_number)
    })
}

/// A lock tells a part that is being written from one that a crash left. Best effort: where there
/// are no locks, nothing is ever cleared.
fn mark_as_ours(file: BorrowedFd<'_>) {
    let _ = rustix::fs::flock(file, FlockOperation::LockExclusive);
}

static NEXT: AtomicU64 = AtomicU64::new(0);
/// Read by everybody, but for what the umask takes away.
const MODE: Mode = Mode::from_raw_mode(0o644);
/// More file systems than this beneath one root are asked again each time.
const MOST_DEVICES: usize = 1024;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const FULL: Abilities = Abilities {
        unnamed: true,
        no_replace: true,
    };
    const WITHOUT_UNNAMED: Abilities = Abilities {
        unnamed: false,
        ..FULL
    };
    /// Some network file systems.
    const NEITHER: Abilities = Abilities {
        unnamed: false,
        no_replace: false,
    };
    const ALL: [Abilities; 3] = [FULL, WITHOUT_UNNAMED, NEITHER];

    fn open(dir: &Path) -> OwnedFd {
        OwnedFd::from(File::open(dir).unwrap())
    }

    fn begin(dir: &Path, replace: bool, abilities: Abilities) -> AtomicFile {
        let name = OsStr::new("name");
        let mut file = AtomicFile::create_with(open(dir), name, replace, abilities).unwrap();
        file.write(b"new").unwrap();
        file
    }

    fn names(dir: &Path) -> Vec<OsString> {
        let entries = std::fs::read_dir(dir).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn dropped_it_leaves_nothing() {
        for (abilities, meanwhile) in [(FULL, 0), (WITHOUT_UNNAMED, 1), (NEITHER, 1)] {
            let dir = tempfile::tempdir().unwrap();
            let file = begin(dir.path(), false, abilities);
            assert_eq!(names(dir.path()).len(), meanwhile, "{abilities:?}");
            drop(file);
            assert!(names(dir.path()).is_empty(), "{abilities:?}");
        }
    }

    #[test]
    fn a_name_taken_meanwhile_is_kept_unless_it_may_be_replaced() {
        for abilities in ALL {
            let dir = tempfile::tempdir().unwrap();
            let keeps = begin(dir.path(), false, abilities);
            let replaces = begin(dir.path(), true, abilities);
            std::fs::write(dir.path().join("name"), b"old").unwrap();
            let error = keeps.commit().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(std::fs::read(dir.path().join("name")).unwrap(), b"old");
            let replaced = replaces.commit().unwrap();
            assert_eq!(replaced.len(), 3);
            assert_eq!(std::fs::read(dir.path().join("name")).unwrap(), b"new");
            assert_eq!(names(dir.path()), ["name"], "{abilities:?}");
        }
    }

    /// NFS and others: `renameat2` knows no RENAME_NOREPLACE there, which showed behind the last byte.
    #[test]
    fn a_file_gets_its_name_where_the_file_system_cannot_rename_without_replacing() {
        let dir = tempfile::tempdir().unwrap();
        let file = begin(dir.path(), false, NEITHER);
        assert!(matches!(file.state, State::Named(_, Finish::Link)));
        assert!(file.commit().unwrap().is_nothing());
        assert_eq!(std::fs::read(dir.path().join("name")).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["name"]);
    }

    #[test]
    fn the_file_system_of_this_test_has_files_without_names() {
        let dir = tempfile::tempdir().unwrap();
        assert!(can_name_later(&open(dir.path())));
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn what_a_crash_left_is_stepped_over() {
        let dir = tempfile::tempdir().unwrap();
        let next = NEXT.load(Ordering::Relaxed);
        for number in next..next + 200 {
            let left = format!("{TEMPORARY_PREFIX}{}-{number}", std::process::id());
            std::fs::write(dir.path().join(left), b"left").unwrap();
        }
        for abilities in ALL {
            let mut file = begin(dir.path(), true, abilities);
            file.write(b"er").unwrap();
            file.commit().unwrap();
            assert_eq!(std::fs::read(dir.path().join("name")).unwrap(), b"newer");
        }
    }
}
