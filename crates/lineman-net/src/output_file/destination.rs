//! Where a path leads, and which file is there.

use std::ffi::OsString;
use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

use rustix::io::Errno;

/// Which file it is, by whatever name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
    /// Where there is no file yet: its name in the directory of that number.
    name: Option<OsString>,
}

impl FileId {
    /// Of an open file; `None` where nothing is lost by writing into what is read: a terminal, a
    /// pipe, a device.
    pub fn of(file: impl AsFd) -> Option<Self> {
        let metadata = File::from(file.as_fd().try_clone_to_owned().ok()?).metadata();
        Self::from_metadata(&metadata.ok()?)
    }

    /// Of the file at `path`, links followed; `None` as above, or where there is none.
    pub fn at(path: &Path) -> Option<Self> {
        Self::from_metadata(&path.metadata().ok()?)
    }

    /// Of a file that will be at `path`.
    pub(super) fn of_new(path: &Path) -> Option<Self> {
        let dir = directory(path).metadata().ok()?;
        Some(Self {
            device: dir.dev(),
            inode: dir.ino(),
            name: Some(path.file_name()?.to_owned()),
        })
    }

    fn from_metadata(metadata: &Metadata) -> Option<Self> {
        metadata.is_file().then(|| Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            name: None,
        })
    }
}

/// What a path leads to, its symbolic links followed.
pub(super) enum Destination {
    /// No file yet.
    New(PathBuf),
    /// A regular file.
    Existing(PathBuf),
    /// Something that is written as it is.
    Special(PathBuf),
    /// A descriptor of a process, in `/proc`.
    Process(PathBuf),
}

impl Destination {
    /// Follows the links of `path`.
    pub(super) fn find(path: &Path) -> io::Result<Self> {
        // A name that ends in a slash is one of a directory; a path forgets the slash.
        if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let metadata = match path.symlink_metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(Self::New(path));
                }
                other => other?,
            };
            if !metadata.is_symlink() {
                return match metadata {
                    found if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
                    found if found.is_file() => Ok(Self::Existing(path)),
                    _ => Ok(Self::Special(path)),
                };
            }
            if is_descriptor(&path) {
                return Ok(Self::Process(path));
            }
            let to = path.read_link()?;
            path = path.parent().unwrap_or_else(|| Path::new("")).join(to);
        }
        Err(Errno::LOOP.into())
    }
}

/// `/dev/stdout` leads to one: the link tells a name, but what is meant is the open file.
fn is_descriptor(link: &Path) -> bool {
    link.parent()
        .and_then(|dir| dir.canonicalize().ok())
        .is_some_and(|dir| dir.starts_with("/proc") && dir.ends_with("fd"))
}

/// The directory that a path is in.
pub(super) fn directory(path: &Path) -> &Path {
    path.parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

/// As many as the kernel follows.
const MOST_LINKS: usize = 40;
