//! An upload that was accepted.

use std::ffi::OsString;
use std::os::fd::OwnedFd;

use lineman_proto::text::visible_bytes;
use rustix::io::Errno;

use super::Share;
use super::links::closed;
use crate::tftp::AtomicFile;
use crate::tftp::Refusal;

/// An upload that may begin: nothing is in the directory yet, because the client that asked for it may not be
/// there.
#[derive(Debug)]
pub struct Upload {
    pub(super) dir: OwnedFd,
    /// The path of `dir` beneath the root, for the log.
    pub(super) directory: Vec<u8>,
    pub(super) name: OsString,
    pub(super) replace: bool,
    pub(super) space: Share,
    pub(super) memory: Share,
}

/// What an upload takes of what there is for all of them.
#[derive(Debug)]
pub(in crate::tftp) struct Shares {
    pub(in crate::tftp) space: Share,
    pub(in crate::tftp) memory: Share,
}

/// A file that is begun when the first bytes are to be written.
#[derive(Debug)]
pub(in crate::tftp) struct Unbegun {
    dir: OwnedFd,
    directory: Vec<u8>,
    name: OsString,
    replace: bool,
}

impl Upload {
    pub(in crate::tftp) fn into_parts(self) -> (Unbegun, Shares) {
        let unbegun = Unbegun {
            dir: self.dir,
            directory: self.directory,
            name: self.name,
            replace: self.replace,
        };
        let shares = Shares {
            space: self.space,
            memory: self.memory,
        };
        (unbegun, shares)
    }
}

impl Unbegun {
    /// Begins the file. Blocks.
    ///
    /// # Errors
    /// With what the client may be told.
    pub(in crate::tftp) fn begin(self) -> Result<AtomicFile, Refusal> {
        AtomicFile::create(self.dir, &self.name, self.replace).map_err(|error| {
            match Errno::from_io_error(&error) {
                Some(Errno::ACCESS | Errno::ROFS) => closed(&self.directory),
                // It has been removed meanwhile.
                Some(Errno::NOENT) => Refusal::NoDirectory {
                    directory: visible_bytes(&self.directory),
                },
                _ => error.into(),
            }
        })
    }
}
