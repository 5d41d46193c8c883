//! Files that are open, once for all transfers that read them: a thousand machines that boot the
//! same kernel take one descriptor for it.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rustix::fs::AtFlags;
use rustix::fs::StatxFlags;

/// A file as it was when it was opened.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: File,
    version: Version,
    is_local: bool,
    number: u64,
}

/// Which file, and which state of it. A name may stand for another file at any time; what was
/// opened stays what it was, unless somebody writes into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Version {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Version {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
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
        })
    }
}

/// Whether the kernel always knows the present state of the file without asking anybody: not where
/// others may write into it elsewhere.
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
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Ok(Self {
            version: Version::of(&file)?,
            is_local: is_local(&file),
            file,
            number: NEXT.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// To read from.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Its length when it was opened.
    pub(super) fn len(&self) -> u64 {
        self.version.length
    }

    /// A number that no other opened file of this program has.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether nobody has written into it since it was opened.
    pub(super) fn is_unchanged(&self) -> bool {
        Version::of(&self.file).is_ok_and(|version| version == self.version)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_file_is_open_once_and_another_state_of_it_apart() {
        let dir = tempfile::tempdir().expect("directory");
        let path = dir.path().join("file");
        std::fs::write(&path, "one").expect("write");
        let files = OpenFiles::default();
        let open = || files.share(File::open(&path).expect("open")).expect("told");
        let (first, second) = (open(), open());
        assert!(Arc::ptr_eq(&first, &second));
        assert!(first.is_unchanged());
        std::fs::write(&path, "longer").expect("write");
        assert!(!first.is_unchanged(), "somebody has written into it");
        let third = open();
        assert!(!Arc::ptr_eq(&first, &third));
        assert_eq!((first.len(), third.len()), (3, 6));
    }

    #[test]
    fn a_name_that_is_given_to_another_file_changes_nothing() {
        let dir = tempfile::tempdir().expect("directory");
        let (path, other) = (dir.path().join("file"), dir.path().join("other"));
        std::fs::write(&path, "one").expect("write");
        let opened = OpenFile::new(File::open(&path).expect("open")).expect("told");
        std::fs::write(&other, "two").expect("write");
        std::fs::rename(&other, &path).expect("rename");
        assert!(opened.is_unchanged());
    }
}
