//! Parts of uploads that a process left which was killed, where files cannot be without a name.

use std::os::fd::OwnedFd;

use rustix::fs::AtFlags;
use rustix::fs::FileType;
use rustix::fs::FlockOperation;
use rustix::fs::Mode;
use rustix::fs::OFlags;

use super::Directory;
use super::WritePolicy;
use super::walk::Budget;
use crate::tftp::atomic_file::is_temporary_name;

impl Directory {
    /// Removes what uploads have left that nobody writes any more, and gives how much it was. Only what
    /// is ours beyond doubt: a regular file of this user with a single name, which is one that is made
    /// here, and with the lock that a writer holds free.
    pub(in crate::tftp) fn clear_leftovers(&self, mut budget: Budget) -> usize {
        if self.write == WritePolicy::Refuse {
            return 0;
        }
        let mut cleared = 0;
        self.walk(&mut budget, |found| {
            if found.file_type == FileType::RegularFile && is_temporary_name(found.name) {
                cleared += usize::from(clear(found.dir, found.name).is_ok());
            }
        });
        cleared
    }
}

fn clear(dir: &OwnedFd, name: &[u8]) -> rustix::io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(dir, name, flags, Mode::empty())?;
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    let told = rustix::fs::fstat(&file)?;
    let named = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let is_ours = told.st_uid == rustix::process::geteuid().as_raw() && told.st_nlink == 1;
    if !is_ours || (told.st_dev, told.st_ino) != (named.st_dev, named.st_ino) {
        return Err(rustix::io::Errno::PERM);
    }
    rustix::fs::unlinkat(dir, name, AtFlags::empty())
}
