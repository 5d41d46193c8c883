//! Files that are written for the user of the program.
//!
//! A file appears whole or not at all: it is written beside and renamed, as [`AtomicFile`] does it,
//! so that an error in the middle leaves what was there. What has no contents to be replaced (a
//! FIFO, a terminal, a device, a descriptor of the process like `/dev/stdout`) is written directly.
//! And nothing is written over a file that is being read.

mod destination;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::io::Seek as _;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::AtFlags;
use rustix::fs::Mode;
use rustix::fs::StatxAttributes;
use rustix::fs::StatxFlags;
use rustix::io::Errno;

use destination::Destination;
pub use destination::FileId;
use destination::directory;

use crate::Operation;
use crate::SystemError;
use crate::tftp::AtomicFile;

/// A file that is being written. Dropped, it leaves what was there before.
#[derive(Debug)]
pub struct OutputFile {
    target: Target,
    name: String,
    id: Option<FileId>,
}

#[derive(Debug)]
enum Target {
    /// Written as it is.
    Direct(File),
    /// Written beside, then renamed.
    Whole(AtomicFile),
    /// A file that may be written to and not be replaced: gathered elsewhere, then copied.
    InPlace { gathered: File, file: File },
}

/// Why a file is not written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// What the system said.
    #[error(transparent)]
    System(#[from] SystemError),
    /// It is what is being read, or what another output goes to.
    #[error("{0} is in use by this very command")]
    InUse(String),
}

impl OutputFile {
    /// Begins to write a file; `in_use` are the files that the command reads, and those it writes
    /// otherwise. Opening a FIFO waits for its reader.
    ///
    /// A symbolic link is followed: the file that it names is replaced, not the link. A file that
    /// exists keeps its permissions and its owner, and must be one that the user may write to; if
    /// it is its directory that forbids to replace it (or it is a mount point), its contents are
    /// replaced once all the new ones are there.
    ///
    /// # Errors
    /// When it is in use by the command itself, or the system refuses.
    pub fn create(path: &Path, in_use: &[FileId]) -> Result<Self, OutputError> {
        let name = path.display().to_string();
        let refused = |error| SystemError::new(Operation::Create, &name)(error);
        let free = |id: &Option<FileId>| match id {
            Some(id) if in_use.contains(id) => Err(OutputError::InUse(name.clone())),
            _ => Ok(()),
        };
        let open = |path: &Path| File::options().write(true).open(path);
        let (target, id) = match Destination::find(path).map_err(refused)? {
            Destination::Process(path) => {
                let file = open_descriptor(&path).map_err(refused)?;
                let id = FileId::of(&file);
                free(&id)?;
                (Target::Direct(file), id)
            }
            Destination::Special(path) => (Target::Direct(open(&path).map_err(refused)?), None),
            Destination::Existing(path) => {
                // The file's own permissions say who may write, whatever its directory would allow.
                let old = open(&path).map_err(refused)?;
                let id = FileId::of(&old);
                free(&id)?;
                (existing(&path, old).map_err(refused)?, id)
            }
            Destination::New(path) => {
                let id = FileId::of_new(&path);
                free(&id)?;
                (Target::Whole(beside(&path).map_err(refused)?), id)
            }
        };
        Ok(Self { target, name, id })
    }

    /// Begins a file that must not exist, also not by the time of [`Self::commit`].
    ///
    /// # Errors
    /// When it exists, or the system refuses.
    pub fn create_new(path: &Path) -> Result<Self, SystemError> {
        let name = path.display().to_string();
        let begun = match path.symlink_metadata() {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => parts(path)
                .and_then(|(dir, target)| AtomicFile::create(dir, target.as_ref(), false)),
        };
        let file = begun.map_err(SystemError::new(Operation::Create, &name))?;
        Ok(Self {
            target: Target::Whole(file),
            name,
            id: FileId::of_new(path),
        })
    }

    /// Stdout, as a file like the others.
    ///
    /// # Errors
    /// When it is one of `in_use`, or is closed.
    pub fn stdout(in_use: &[FileId]) -> Result<Self, OutputError> {
        let name = "stdout".to_owned();
        let fd = io::stdout()
            .as_fd()
            .try_clone_to_owned()
            .map_err(SystemError::new(Operation::Write, &name))?;
        let file = File::from(fd);
        let id = FileId::of(&file);
        if id.as_ref().is_some_and(|id| in_use.contains(id)) {
            return Err(OutputError::InUse(name));
        }
        let target = Target::Direct(file);
        Ok(Self { target, name, id })
    }

    /// Which file this is: for the `in_use` of others.
    pub fn id(&self) -> Option<&FileId> {
        self.id.as_ref()
    }

    /// Gives the file its name now, and writes on: what is read while it grows, or by whom may open no file any more.
    ///
    /// # Errors
    /// What the system says.
    pub fn appear(self) -> Result<Self, SystemError> {
        let Self { target, name, id } = self;
        let appeared = match target {
            Target::Direct(file) => Ok(file),
            Target::Whole(file) => file
                .try_clone()
                .and_then(|open| file.commit().map(|_| open)),
            Target::InPlace { mut gathered, file } => replace_contents(&mut gathered, file),
        };
        let file = appeared.map_err(SystemError::new(Operation::Write, &name))?;
        let target = Target::Direct(file);
        Ok(Self { target, name, id })
    }

    /// Gives the file its name: everything is written.
    ///
    /// # Errors
    /// What the system says; the old file is as it was, unless it had to be written in place.
    pub fn commit(self) -> Result<(), SystemError> {
        let done = match self.target {
            Target::Direct(mut file) => file.flush(),
            Target::Whole(file) => file.commit().map(drop),
            Target::InPlace { mut gathered, file } => {
                replace_contents(&mut gathered, file).map(drop)
            }
        };
        done.map_err(SystemError::new(Operation::Write, self.name))
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Direct(file) | Target::InPlace { gathered: file, .. } => file.write(bytes),
            Target::Whole(file) => file.write(bytes).map(|()| bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // nothing is kept back
    }
}

/// Writes what was gathered into a file in place of what it has.
fn replace_contents(gathered: &mut File, mut file: File) -> io::Result<File> {
    gathered.rewind()?;
    file.set_len(0)?;
    io::copy(gathered, &mut file)?;
    Ok(file)
}

/// Opens what a descriptor of a process leads to. A file is appended to, as who gave it to the
/// process would have it: opened anew it would be written from its beginning.
fn open_descriptor(path: &Path) -> io::Result<File> {
    let metadata = path.metadata()?;
    for standard in [io::stdout().as_fd(), io::stderr().as_fd()] {
        let own = File::from(standard.try_clone_to_owned()?);
        let same = own.metadata()?;
        if (same.dev(), same.ino()) == (metadata.dev(), metadata.ino()) {
            return Ok(own);
        }
    }
    let append = metadata.is_file();
    File::options().write(true).append(append).open(path)
}

/// How a file is written that is there, and `old`.
fn existing(path: &Path, old: File) -> io::Result<Target> {
    let begun = match may_be_replaced(path, &old) {
        Ok(true) => beside(path),
        Ok(false) => Err(Errno::BUSY.into()),
        Err(error) => Err(error),
    };
    match begun {
        Ok(file) => {
            file.take_after(&old)?;
            Ok(Target::Whole(file))
        }
        Err(error) if is_the_directorys(&error) => Ok(Target::InPlace {
            gathered: tempfile::tempfile()?,
            file: old,
        }),
        Err(error) => Err(error),
    }
}

/// Whether the directory is what stands in the way, or what is mounted there.
fn is_the_directorys(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    [Errno::ACCESS, Errno::PERM, Errno::ROFS, Errno::BUSY]
        .into_iter()
        .any(|it| errno == Some(it))
}

/// Whether a rename may take the place of a file: not where another file system begins (a file
/// mounted into a container), nor in a sticky directory where both are others'.
fn may_be_replaced(path: &Path, old: &File) -> io::Result<bool> {
    let found = rustix::fs::statx(old, "", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS)?;
    if found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return Ok(false);
    }
    let dir = directory(path).metadata()?;
    let me = rustix::process::geteuid().as_raw();
    let sticky = dir.permissions().mode() & Mode::SVTX.as_raw_mode() != 0;
    Ok(!sticky || me == 0 || dir.uid() == me || old.metadata()?.uid() == me)
}

fn beside(path: &Path) -> io::Result<AtomicFile> {
    let (dir, target) = parts(path)?;
    AtomicFile::create(dir, target.as_ref(), true)
}

fn parts(path: &Path) -> io::Result<(OwnedFd, &Path)> {
    let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let dir = OwnedFd::from(File::open(directory(path))?);
    Ok((dir, Path::new(name)))
}
