//! Files that appear whole or not at all: written under a temporary name, then renamed.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rustix::fs::AtFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::RenameFlags;
use rustix::io::Errno;

/// What the temporary names begin with. The server does not serve them.
pub(crate) const TEMPORARY_PREFIX: &str = ".lineman-part-";

/// A file that is being written and does not have its name yet. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    dir: OwnedFd,
    temporary: OsString,
    target: OsString,
    replace: bool,
    committed: bool,
}

impl AtomicFile {
    /// Begins a file that will be called `target`, a plain name in `dir`. With `replace`, a file
    /// of that name gives way; without, [`Self::commit`] fails if there is one by then.
    ///
    /// # Errors
    /// What the system says to creating a file in `dir`.
    pub fn create(dir: OwnedFd, target: &OsStr, replace: bool) -> io::Result<Self> {
        let (temporary, file) = create_temporary(&dir)?;
        Ok(Self {
            file,
            dir,
            temporary,
            target: target.to_owned(),
            replace,
            committed: false,
        })
    }

    /// Appends to the file.
    ///
    /// # Errors
    /// What the system says, a full disk above all.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Has the system begin to bring to the disk what was written, without waiting for it: the less
    /// [`Self::commit_durably`] will have to wait for. Best effort.
    pub(crate) fn begin_sync(&self) {
        let _ = crate::sys::begin_writeback(&self.file);
    }

    /// Gives the file its name. The one that had it before is still open in what comes back.
    ///
    /// # Errors
    /// What the system says; the temporary is removed then.
    pub fn commit(mut self) -> io::Result<Replaced> {
        let replaced = if self.replace { self.open_old() } else { None };
        let flags = if self.replace {
            RenameFlags::empty()
        } else {
            RenameFlags::NOREPLACE
        };
        rustix::fs::renameat_with(&self.dir, &self.temporary, &self.dir, &self.target, flags)?;
        self.committed = true;
        Ok(Replaced(replaced))
    }

    /// The same, and a power cut will take neither the bytes nor the name. Waits for the disk.
    ///
    /// # Errors
    /// What the system says; if it says it of the directory, the file has its name all the same.
    pub fn commit_durably(self) -> io::Result<Replaced> {
        self.file.sync_all()?;
        let dir = self.dir.try_clone()?;
        let replaced = self.commit()?;
        match rustix::fs::fsync(&dir) {
            Ok(()) | Err(Errno::INVAL) => Ok(replaced), // some file systems know no such thing
            Err(error) => Err(error.into()),
        }
    }

    fn open_old(&self) -> Option<OwnedFd> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.dir, &self.target, flags, Mode::empty()).ok()
    }
}

/// A file whose name has been taken by another. Dropped, its space is given back, for which a large
/// one takes its time.
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
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.committed {
            let _ = rustix::fs::unlinkat(&self.dir, &self.temporary, AtFlags::empty());
        }
    }
}

fn create_temporary(dir: &OwnedFd) -> io::Result<(OsString, File)> {
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = OsString::from(format!("{TEMPORARY_PREFIX}{}-{number}", std::process::id()));
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(dir, &name, flags, Mode::from_raw_mode(0o644)) {
            Ok(fd) => return Ok((name, File::from(fd))),
            Err(Errno::EXIST) => {} // left by a process of our number that crashed
            Err(error) => return Err(error.into()),
        }
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn begin(dir: &Path, replace: bool) -> AtomicFile {
        let dir = OwnedFd::from(File::open(dir).unwrap());
        let mut file = AtomicFile::create(dir, OsStr::new("name"), replace).unwrap();
        file.write(b"new").unwrap();
        file
    }

    fn names(dir: &Path) -> Vec<OsString> {
        let entries = std::fs::read_dir(dir).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn dropped_it_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = begin(dir.path(), false);
        assert_eq!(names(dir.path()).len(), 1);
        drop(file);
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn a_name_taken_meanwhile_is_kept_unless_it_may_be_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (keeps, replaces) = (begin(dir.path(), false), begin(dir.path(), true));
        std::fs::write(dir.path().join("name"), b"old").unwrap();
        let error = keeps.commit().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(dir.path().join("name")).unwrap(), b"old");
        replaces.commit().unwrap();
        assert_eq!(std::fs::read(dir.path().join("name")).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["name"]);
    }

    #[test]
    fn what_a_crash_left_is_stepped_over() {
        let dir = tempfile::tempdir().unwrap();
        let next = NEXT.load(Ordering::Relaxed);
        for number in next..next + 20 {
            let left = format!("{TEMPORARY_PREFIX}{}-{number}", std::process::id());
            std::fs::write(dir.path().join(left), b"left").unwrap();
        }
        begin(dir.path(), false).commit().unwrap();
        assert_eq!(std::fs::read(dir.path().join("name")).unwrap(), b"new");
    }
}
