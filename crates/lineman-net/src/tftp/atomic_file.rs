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

    /// Waits until the bytes are on the disk.
    ///
    /// # Errors
    /// What the system says.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// What the system says; the temporary is removed then.
    pub fn commit(mut self) -> io::Result<()> {
        let flags = if self.replace {
            RenameFlags::empty()
        } else {
            RenameFlags::NOREPLACE
        };
        rustix::fs::renameat_with(&self.dir, &self.temporary, &self.dir, &self.target, flags)?;
        self.committed = true;
        Ok(())
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
            Err(rustix::io::Errno::EXIST) => {} // left by a process of our number that crashed
            Err(error) => return Err(error.into()),
        }
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);
