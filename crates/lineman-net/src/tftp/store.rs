//! The served directory: the only place that opens files for strangers.
//!
//! Names are resolved by the kernel beneath the root (`openat2` with `RESOLVE_BENEATH`), never by
//! looking at their text: `..`, links and races are its business, and it does not let them out.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use lineman_proto::text::visible_bytes;
use lineman_proto::tftp::Mode as TransferMode;
use lineman_proto::tftp::clean;
use rustix::fs::Access;
use rustix::fs::AtFlags;
use rustix::fs::Dir;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::io::Errno;

use super::AtomicFile;
use super::Refusal;
use super::Source;
use super::atomic_file::TEMPORARY_PREFIX;
use super::open_files::OpenFiles;
use crate::Confinement;
use crate::Operation;
use crate::SystemError;
use crate::confine;

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

/// A directory that strangers may read from, and write to if that was allowed.
#[derive(Debug)]
pub struct Store {
    root: OwnedFd,
    write: WritePolicy,
    max_upload: u64,
    ignore_case: bool,
    open_files: OpenFiles,
}

impl Store {
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
        let root = rustix::fs::open(root, flags, Mode::empty())
            .map_err(io::Error::from)
            .map_err(SystemError::new(Operation::Open, root.display()))?;
        Ok(Self {
            root,
            write,
            max_upload,
            ignore_case,
            open_files: OpenFiles::default(),
        })
    }

    /// May this process, whoever it is by now, open what is in the root?
    ///
    /// # Errors
    /// What the system says.
    pub fn check(&self) -> io::Result<()> {
        let (access, flags) = (Access::EXEC_OK, AtFlags::EACCESS);
        Ok(rustix::fs::accessat(&self.root, ".", access, flags)?)
    }

    /// Confines the calling thread, and those that it starts later, to what this store needs.
    ///
    /// # Errors
    /// When the kernel can, and refuses.
    pub fn confine(&self) -> io::Result<Confinement> {
        confine::to_directory(&self.root, self.write != WritePolicy::Refuse)
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// With what the client may be told.
    pub(super) fn read(&self, requested: &[u8], mode: TransferMode) -> Result<Source, Refusal> {
        let file = self.open_for_reading(requested)?;
        Ok(match mode {
            TransferMode::Octet => Source::shared(self.open_files.share(file)?),
            TransferMode::Netascii => Source::file(file, mode)?,
        })
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
        self.open_files.find(&found).map(Source::shared)
    }

    fn open_for_reading(&self, requested: &[u8]) -> Result<File, Refusal> {
        let path = clean(requested).ok_or(Refusal::NotAFile)?;
        if names_temporary(&path) {
            return Err(Refusal::NotFound { nearest: None });
        }
        let file = match self.open_file(&path) {
            Err(Refusal::NotFound { .. }) => self.open_almost(&path)?,
            other => other?,
        };
        if !file.metadata()?.is_file() {
            return Err(Refusal::NotAFile);
        }
        Ok(file)
    }

    /// Begins an upload. `announced` is the length that the client gave, to refuse early what
    /// cannot succeed; nothing is sized by it.
    ///
    /// # Errors
    /// With what the client may be told.
    pub fn write(&self, requested: &[u8], announced: Option<u64>) -> Result<AtomicFile, Refusal> {
        if self.write == WritePolicy::Refuse {
            return Err(Refusal::ReadOnly);
        }
        if announced.is_some_and(|length| length > self.max_upload) {
            return Err(Refusal::TooLarge {
                limit: self.max_upload,
            });
        }
        let path = clean(requested).ok_or(Refusal::NotAFile)?;
        let (parent, name) = split_last(&path);
        if names_temporary(&path) {
            return Err(Refusal::NotPermitted);
        }
        if name == b".." {
            return Err(Refusal::OutsideRoot);
        }
        let dir = self.open_dir(parent)?;
        if announced.is_some_and(|length| length > free_bytes(&dir)) {
            return Err(Refusal::DiskFull);
        }
        let name = OsStr::from_bytes(name);
        match rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) if self.write == WritePolicy::Create => return Err(Refusal::Exists),
            Ok(found) if rustix::fs::FileType::from_raw_mode(found.st_mode).is_dir() => {
                return Err(Refusal::NotAFile);
            }
            Ok(_) | Err(Errno::NOENT) => {}
            // Whatever else is wrong with the name would only show when the whole file is here.
            Err(error) => return Err(io::Error::from(error).into()),
        }
        Ok(AtomicFile::create(
            dir,
            name,
            self.write == WritePolicy::Overwrite,
        )?)
    }

    /// How many bytes an upload may have.
    pub fn max_upload(&self) -> u64 {
        self.max_upload
    }

    /// A name was not found as it stands. Some boot ROMs append 0xFF to it; some systems do not
    /// distinguish upper and lower case.
    fn open_almost(&self, path: &[u8]) -> Result<File, Refusal> {
        let trimmed = path.strip_suffix(b"\xff").unwrap_or(path);
        if trimmed.len() < path.len()
            && let Ok(file) = self.open_file(trimmed)
        {
            return Ok(file);
        }
        if self.ignore_case
            && let Some(found) = self.find_ignoring_case(trimmed)
        {
            return self.open_file(&found);
        }
        Err(Refusal::NotFound {
            nearest: self.nearest(trimmed),
        })
    }

    fn find_ignoring_case(&self, path: &[u8]) -> Option<Vec<u8>> {
        let mut found: Vec<u8> = Vec::new();
        for component in path.split(|&byte| byte == b'/') {
            let wanted = String::from_utf8_lossy(component).to_lowercase();
            let dir = self.open_dir(&found).ok()?;
            let name = entries(dir)
                .filter(|name| {
                    name == component || String::from_utf8_lossy(name).to_lowercase() == wanted
                })
                .min_by_key(|name| (name != component, name.clone()))?;
            if !found.is_empty() {
                found.push(b'/');
            }
            found.extend_from_slice(&name);
        }
        Some(found)
    }

    /// The name in the same directory that is most like the one asked for, for the log only.
    fn nearest(&self, path: &[u8]) -> Option<String> {
        let (parent, name) = split_last(path);
        let wanted = String::from_utf8_lossy(name);
        let close = wanted.chars().count() / 3 + 1;
        entries(self.open_dir(parent).ok()?)
            .filter(|entry| !names_temporary(entry))
            .map(|entry| visible_bytes(&entry))
            .map(|entry| {
                (
                    strsim::damerau_levenshtein(&entry.to_lowercase(), &wanted.to_lowercase()),
                    entry,
                )
            })
            .filter(|(distance, _)| *distance <= close)
            .min()
            .map(|(_, entry)| entry)
    }

    fn open_file(&self, path: &[u8]) -> Result<File, Refusal> {
        // Without NONBLOCK, opening a pipe would wait for its writer.
        let fd = self.beneath(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        Ok(File::from(fd))
    }

    fn open_dir(&self, path: &[u8]) -> Result<OwnedFd, Refusal> {
        let path = if path.is_empty() { b"." } else { path };
        self.beneath(path, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    fn beneath(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Refusal> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        for _ in 0..RACES {
            match rustix::fs::openat2(
                self.root.as_fd(),
                path,
                flags | OFlags::CLOEXEC,
                Mode::empty(),
                resolve,
            ) {
                // Something was renamed while the kernel walked a `..`: it cannot tell, so again.
                Err(Errno::AGAIN) => {}
                other => return Ok(other.map_err(io::Error::from)?),
            }
        }
        Err(Refusal::OutsideRoot)
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

/// The names in a directory, up to a number that keeps a wrong request cheap.
fn entries(dir: OwnedFd) -> impl Iterator<Item = Vec<u8>> {
    Dir::new(dir)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_bytes().to_vec())
        .filter(|name| name != b"." && name != b"..")
        .take(MOST_ENTRIES)
}

fn free_bytes(dir: &OwnedFd) -> u64 {
    rustix::fs::fstatvfs(dir).map_or(u64::MAX, |stat| stat.f_bavail.saturating_mul(stat.f_frsize))
}

const RACES: u32 = 16;
const MOST_ENTRIES: usize = 10_000;
