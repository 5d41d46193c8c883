//! A served directory: the only place that opens files of this machine for strangers.
//!
//! Names are resolved by the kernel beneath the root (`openat2` with `RESOLVE_BENEATH`), never by
//! looking at their text: `..`, links and races are its business, and it does not let them out.

mod as_store;
mod branch;
mod leftovers;
mod links;
mod list;
mod names;
mod nearest;
mod quota;
mod similar;
mod upload;
mod walk;

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use lineman_proto::text::visible_bytes;
use lineman_proto::tftp::Mode as TransferMode;
use lineman_proto::tftp::clean;
use rustix::fs::Access;
use rustix::fs::AtFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::io::Errno;

use crate::Operation;
use crate::SystemError;
use crate::tftp::Refusal;
use crate::tftp::Source;
use crate::tftp::atomic_file::TEMPORARY_PREFIX;
use crate::tftp::open_files::OpenFiles;
use crate::tftp::sink::MOST_MEMORY;
pub(in crate::tftp) use quota::Quota;
pub(in crate::tftp) use quota::Share;
pub(in crate::tftp) use upload::Shares;
pub(in crate::tftp) use upload::Unbegun;
pub use upload::Upload;
pub use walk::Budget;

/// Which uploads a store accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WritePolicy {
    /// None.
    #[default]
    Refuse,
    /// Under new names.
    Create,
    /// Under new names and in place of files that exist.
    Overwrite,
}

/// A directory that strangers may read from, and write to if that was allowed. All of it may be called
/// from any thread, and waits for the disk.
#[derive(Debug)]
pub struct Directory {
    root: OwnedFd,
    /// The paths that the root has on this machine: as it was typed, and without links.
    own_paths: Vec<PathBuf>,
    write: WritePolicy,
    max_upload: u64,
    ignore_case: bool,
    open_files: OpenFiles,
    /// Bytes of all uploads.
    space: Arc<Quota>,
    /// Bytes of memory of the uploads that run.
    memory: Arc<Quota>,
}

impl Directory {
    /// Opens the root. Whatever happens to its path later, this directory is what is served.
    ///
    /// # Errors
    /// When it is no directory, or may not be opened.
    pub fn open(
        root: &Path,
        write: WritePolicy,
        max_upload: u64,
        ignore_case: bool,
    ) -> Result<Self, SystemError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(root, flags, Mode::empty())
            .map_err(io::Error::from)
            .map_err(SystemError::new(Operation::Open, root.display()))?;
        // What cannot be found out is not recognised in names and links, and nothing else.
        let own_paths = [std::path::absolute(root), root.canonicalize()];
        Ok(Self {
            root: fd,
            own_paths: own_paths.into_iter().flatten().collect(),
            write,
            max_upload,
            ignore_case,
            open_files: OpenFiles::default(),
            space: Quota::new(u64::MAX),
            memory: Quota::new(DEFAULT_MEMORY),
        })
    }

    /// Bounds what all uploads together may add to the disk, counted from now on, in bytes.
    #[must_use]
    pub fn with_upload_quota(mut self, bytes: u64) -> Self {
        self.space = Quota::new(bytes);
        self
    }

    /// Bounds the memory that uploads which run may take together, in bytes.
    #[must_use]
    pub fn with_upload_memory(mut self, bytes: u64) -> Self {
        self.memory = Quota::new(bytes);
        self
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// With what the client may be told. No nearest name is looked for: [`Self::nearest`] does.
    pub(super) fn read(&self, requested: &[u8], mode: TransferMode) -> Result<Source, Refusal> {
        let file = self.open_files.share(self.open_for_reading(requested)?)?;
        Ok(Source::shared(file, mode))
    }

    /// The same for a file that another transfer has open, as long as nobody has written into it: this
    /// never blocks. `None` where finding out could, or where nobody has it open.
    pub(super) fn read_opened(&self, requested: &[u8], mode: TransferMode) -> Option<Source> {
        let path = clean(requested).filter(|path| !names_temporary(path))?;
        if mode != TransferMode::Octet {
            return None;
        }
        // CACHED: the kernel says EAGAIN where it would have to ask a file system (Linux 5.12). PATH: it
        // finds the file and does not open it, which some file systems would be asked about.
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::CACHED;
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let found =
            rustix::fs::openat2(self.root.as_fd(), path, flags, Mode::empty(), resolve).ok()?;
        let file = self.open_files.find(&found)?;
        Some(Source::shared(file, mode))
    }

    /// Accepts an upload; its file is begun when the client has shown that it is there. `announced`
    /// is the length that the client gave, to refuse early what cannot succeed; nothing is sized by
    /// it.
    ///
    /// # Errors
    /// With what the client may be told.
    pub fn write(&self, requested: &[u8], announced: Option<u64>) -> Result<Upload, Refusal> {
        if self.write == WritePolicy::Refuse {
            return Err(Refusal::ReadOnly);
        }
        if announced.is_some_and(|length| length > self.max_upload) {
            return Err(Refusal::TooLarge {
                limit: self.max_upload,
            });
        }
        let path = clean(requested).ok_or(Refusal::NotAFile)?;
        if names_temporary(&path) {
            return Err(Refusal::NotPermitted);
        }
        let (dir, path) = self.open_parent(&path)?;
        let (parent, name) = split_last(path);
        if name == b".." {
            return Err(Refusal::OutsideRoot);
        }
        self.check_writable(&dir, parent)?;
        self.check_room(&dir, announced)?;
        let name = OsStr::from_bytes(name);
        match rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            // First: `--write overwrite` would not replace a directory.
            Ok(found) if rustix::fs::FileType::from_raw_mode(found.st_mode).is_dir() => {
                return Err(Refusal::NotAFile);
            }
            Ok(_) if self.write == WritePolicy::Create => return Err(Refusal::Exists),
            Ok(_) | Err(Errno::NOENT) => {}
            // Whatever else is wrong with the name would only show when the whole file is here.
            Err(error) => return Err(io::Error::from(error).into()),
        }
        Ok(Upload {
            directory: parent.to_vec(),
            dir,
            name: name.to_owned(),
            replace: self.write == WritePolicy::Overwrite,
            space: self.space.share(),
            memory: self.memory.share(),
        })
    }

    /// How many bytes an upload may have.
    pub fn max_upload(&self) -> u64 {
        self.max_upload
    }

    /// The directory that an upload is for, and the path beneath the root.
    fn open_parent<'a>(&self, path: &'a [u8]) -> Result<(OwnedFd, &'a [u8]), Refusal> {
        let open = |path: &'a [u8]| Ok((self.open_dir(split_last(path).0)?, path));
        match open(path) {
            Err(Refusal::NotFound { .. }) => {
                let missing = Refusal::NoDirectory {
                    directory: visible_bytes(split_last(path).0),
                };
                self.without_root(path)
                    .and_then(|path| open(path).ok())
                    .ok_or(missing)
            }
            Err(Refusal::NotPermitted) => Err(links::closed(split_last(path).0)),
            other => other,
        }
    }

    fn check_writable(&self, dir: &OwnedFd, parent: &[u8]) -> Result<(), Refusal> {
        let access = Access::WRITE_OK | Access::EXEC_OK;
        match rustix::fs::accessat(dir, ".", access, AtFlags::EACCESS) {
            Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => Err(links::closed(parent)),
            // Where the kernel cannot tell, the first byte will.
            _ => Ok(()),
        }
    }

    fn check_room(&self, dir: &OwnedFd, announced: Option<u64>) -> Result<(), Refusal> {
        if announced.unwrap_or(1) > self.space.left() {
            return Err(Refusal::QuotaUsed {
                limit: self.space.limit(),
            });
        }
        if self.memory.left() < MOST_MEMORY {
            return Err(Refusal::BusyMemory {
                limit: self.memory.limit(),
            });
        }
        if announced.is_some_and(|length| length > free_bytes(dir)) {
            return Err(Refusal::DiskFull);
        }
        Ok(())
    }

    fn open_dir(&self, path: &[u8]) -> Result<OwnedFd, Refusal> {
        let path = if path.is_empty() { b"." } else { path };
        self.open_following(path, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    /// Opens what is at `path`, which links may lead to. Where the kernel does not follow them, or finds
    /// nothing, it is looked why.
    fn open_following(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Refusal> {
        use Errno as E;
        match self.beneath(path, flags, ResolveFlags::empty()) {
            Err(E::XDEV | E::LOOP | E::NOENT | E::NOTDIR | E::NAMETOOLONG | E::ACCESS) => {
                let path = self.follow(path)?;
                let path = if path.is_empty() { b"." } else { &path[..] };
                self.beneath(path, flags, ResolveFlags::empty())
            }
            other => other,
        }
        .map_err(|error| io::Error::from(error).into())
    }

    fn beneath(&self, path: &[u8], flags: OFlags, more: ResolveFlags) -> Result<OwnedFd, Errno> {
        for _ in 0..RACES {
            match self.open_beneath(path, flags, more) {
                // Something was renamed while the kernel walked a `..`: it cannot tell, so again.
                Err(Errno::AGAIN) => {}
                other => return other,
            }
        }
        Err(Errno::XDEV)
    }

    fn open_beneath(
        &self,
        path: &[u8],
        flags: OFlags,
        more: ResolveFlags,
    ) -> Result<OwnedFd, Errno> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | more;
        let flags = flags | OFlags::CLOEXEC;
        rustix::fs::openat2(self.root.as_fd(), path, flags, Mode::empty(), resolve)
    }
}

fn split_last(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

fn names_temporary(path: &[u8]) -> bool {
    split_last(path).1.starts_with(TEMPORARY_PREFIX.as_bytes())
}

fn free_bytes(dir: &OwnedFd) -> u64 {
    rustix::fs::fstatvfs(dir).map_or(u64::MAX, |stat| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// How often it is tried again when names are exchanged while they are looked up.
const RACES: u32 = 16;
/// Bytes; two thousand uploads at a time.
const DEFAULT_MEMORY: u64 = 256 << 20;

#[cfg(test)]
mod tests;
