//! Where a capture comes from: a file or a pipe, which can be told to end.

use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use lineman_net::FileId;
use lineman_net::Operation;
use lineman_net::SystemError;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::io::Errno;

use crate::console::Console;
use crate::failure::Failure;

/// How often a file that has ended is looked at for more, in nanoseconds: soon enough for a person to see it as
/// it comes.
const LOOK_AGAIN_NS: i64 = 100_000_000;

/// An input that ends when it is told to, whatever more there is.
#[derive(Debug)]
pub struct Input {
    file: File,
    /// The read end of a pipe to which nothing is written: it is closed when the [`Stop`] is dropped.
    stop: OwnedFd,
    /// What is done at its end, if that is not the end.
    follow: Option<Follow>,
    /// How many bytes were read.
    at: Arc<AtomicU64>,
}

/// How far the reading of a file has come.
#[derive(Clone, Debug)]
pub struct Meter {
    at: Arc<AtomicU64>,
    /// How many bytes the file had at the beginning.
    pub total: u64,
}

impl Meter {
    /// How many bytes were read.
    pub fn at(&self) -> u64 {
        self.at.load(Ordering::Relaxed)
    }
}

/// A file that another program still writes.
#[derive(Debug)]
struct Follow {
    path: PathBuf,
    id: Option<FileId>,
    lost: Lost,
}

/// Why a file is followed no further, once that is so.
pub type Lost = Arc<OnceLock<LostFile>>;

/// What has become of a file that was followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostFile {
    /// It is shorter than what was read of it, both in bytes.
    Cut {
        /// What it has now.
        len: u64,
        /// What was read.
        read: u64,
    },
    /// Another file has its name.
    Replaced,
}

/// An input that was opened.
pub struct Opened {
    /// What is read.
    pub input: Input,
    /// What ends it.
    pub stop: Stop,
    /// Which file it is, that nothing else may be written to.
    pub id: Option<FileId>,
    /// Why it is followed no further, once that is so.
    pub lost: Lost,
    /// How far it has come; none of a pipe, which has no end in sight.
    pub meter: Option<Meter>,
}

/// Ends an [`Input`] when it is dropped.
#[derive(Debug)]
pub struct Stop {
    _end: OwnedFd,
}

impl Input {
    /// Opens a file, or stdin if it is called `-`. With `follow` its end is not the end: more may come.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn open(path: &Path, follow: bool, console: Console) -> Result<Opened, Failure> {
        let failed = |error| Failure::system(&error, console.lang);
        let named = path != Path::new("-"); // stdin is not looked for again by its name
        let file = match named {
            true => File::open(path),
            false => io::stdin().as_fd().try_clone_to_owned().map(File::from),
        };
        let file = file.map_err(SystemError::new(Operation::Open, path.display()));
        let file = file.map_err(failed)?;
        let pipe = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC);
        let pipe =
            pipe.map_err(|error| SystemError::new(Operation::Create, "a pipe")(error.into()));
        let (stop, end) = pipe.map_err(failed)?;
        let id = FileId::of(&file);
        let lost = Lost::default();
        let follow = follow.then(|| Follow {
            path: path.to_owned(),
            id: id.clone().filter(|_| named),
            lost: Arc::clone(&lost),
        });
        let at = Arc::new(AtomicU64::new(0));
        let metadata = file.metadata().ok().filter(Metadata::is_file);
        let meter = metadata.map(|metadata| Meter {
            at: Arc::clone(&at),
            total: metadata.len(),
        });
        let input = Self {
            file,
            stop,
            follow,
            at,
        };
        Ok(Opened {
            meter,
            input,
            stop: Stop { _end: end },
            id,
            lost,
        })
    }

    /// Waits until there is something to read, or the end was asked for: then it gives true.
    fn waits(&self) -> io::Result<bool> {
        loop {
            let mut asked = [
                PollFd::new(&self.file, PollFlags::IN),
                PollFd::new(&self.stop, PollFlags::IN),
            ];
            match rustix::event::poll(&mut asked, None) {
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => return Ok(!asked[1].revents().is_empty()),
            }
        }
    }

    /// Waits a while, or until the end is asked for: then it gives true.
    fn rests(&self) -> io::Result<bool> {
        let mut asked = [PollFd::new(&self.stop, PollFlags::IN)];
        let while_ = Timespec {
            tv_sec: 0,
            tv_nsec: LOOK_AGAIN_NS,
        };
        match rustix::event::poll(&mut asked, Some(&while_)) {
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
            Ok(count) => Ok(count > 0),
        }
    }

    /// Whether more may come, now that all is read that is there: then it has waited a while for it.
    fn goes_on(&self) -> io::Result<bool> {
        let Some(follow) = &self.follow else {
            return Ok(false);
        };
        if let Some(why) = follow.is_lost(&self.file, self.at.load(Ordering::Relaxed)) {
            let _ = follow.lost.set(why); // it is looked at once: nothing more is read then
            return Ok(false);
        }
        Ok(!self.rests()?)
    }
}

impl Follow {
    /// What has become of the file of which so many bytes were read, if it cannot be followed any more. A deleted file
    /// can: the program that has it open may write on.
    fn is_lost(&self, file: &File, read: u64) -> Option<LostFile> {
        let metadata = file.metadata().ok()?;
        if metadata.is_file() && metadata.len() < read {
            let len = metadata.len();
            return Some(LostFile::Cut { len, read });
        }
        let now = FileId::at(&self.path)?;
        let before = self.id.as_ref()?;
        (now != *before).then_some(LostFile::Replaced)
    }
}

impl Read for Input {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.waits()? {
                return Ok(0);
            }
            let read = match self.file.read(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            self.at.fetch_add(read as u64, Ordering::Relaxed);
            if read > 0 || bytes.is_empty() || !self.goes_on()? {
                return Ok(read);
            }
        }
    }
}
