//! Where a capture comes from: a file or a pipe, which can be told to end.

use std::fs::File;
use std::io;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::path::Path;

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
    /// The end of a pipe to which nobody writes: it ends when the [`Stop`] is dropped.
    stop: OwnedFd,
    follow: bool,
    /// How many bytes were read.
    at: u64,
}

/// Ends an [`Input`] when it is dropped.
#[derive(Debug)]
pub struct Stop {
    _end: OwnedFd,
}

impl Input {
    /// Opens a file, or stdin if it is called `-`. With `follow` its end is not the end: more may come. Says
    /// which file it is too, that nothing else may be written to.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn open(
        path: &Path,
        follow: bool,
        console: Console,
    ) -> Result<(Self, Stop, Option<FileId>), Failure> {
        let failed = |error| Failure::system(&error, console.lang);
        let file = match path == Path::new("-") {
            true => io::stdin().as_fd().try_clone_to_owned().map(File::from),
            false => File::open(path),
        };
        let file = file.map_err(SystemError::new(Operation::Open, path.display()));
        let file = file.map_err(failed)?;
        let pipe = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC);
        let pipe =
            pipe.map_err(|error| SystemError::new(Operation::Create, "a pipe")(error.into()));
        let (stop, end) = pipe.map_err(failed)?;
        let id = FileId::of(&file);
        let input = Self {
            file,
            stop,
            follow,
            at: 0,
        };
        Ok((input, Stop { _end: end }, id))
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

    /// Whether the file is shorter than what was read of it: it was written anew.
    fn has_shrunk(&self) -> bool {
        let metadata = self.file.metadata();
        metadata.is_ok_and(|it| it.is_file() && it.len() < self.at)
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
            self.at += read as u64;
            if read > 0 || bytes.is_empty() || !self.follow || self.has_shrunk() || self.rests()? {
                return Ok(read);
            }
        }
    }
}
