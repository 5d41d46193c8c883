//! Which of the usual loaders a directory has.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;

use crate::Operation;
use crate::SystemError;

/// The served directory, as far as a proxy looks into it: nothing in it is opened for reading.
#[derive(Debug)]
pub struct LoaderRoot(OwnedFd);

impl LoaderRoot {
    /// Opens the directory.
    ///
    /// # Errors
    /// When it is none, or may not be used.
    pub fn open(path: &Path) -> Result<Self, SystemError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(path, flags, Mode::empty())
            .map(Self)
            .map_err(io::Error::from)
            .map_err(SystemError::new(Operation::Open, path.display()))
    }

    /// Whether there is a regular file of this name, beneath the directory.
    pub(super) fn has(&self, name: &str) -> bool {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let found = rustix::fs::openat2(&self.0, name, flags, Mode::empty(), resolve);
        let kind = |fd| rustix::fs::fstat(fd).map(|stat| FileType::from_raw_mode(stat.st_mode));
        found.and_then(kind).is_ok_and(FileType::is_file)
    }
}
