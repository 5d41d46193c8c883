//! A part of a file that was read off the loop, because its file system cannot tell whether reading
//! would wait.

use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use lineman_proto::tftp::DataRun;

use super::Refusal;
use super::burst::Burst;
use super::open_files::OpenFile;
use super::source::ReadError;

/// What was read last, shared with the thread that reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Fetched(Arc<Mutex<Option<Part>>>);

/// A part of a file that was read off the loop.
#[derive(Debug)]
struct Part {
    offset: u64,
    bytes: io::Result<Vec<u8>>,
    /// Whether nobody had written into the file by then.
    unchanged: bool,
}

impl Part {
    /// Reads up to `len` bytes. Blocks.
    fn read(file: &OpenFile, offset: u64, len: usize) -> Self {
        let left = usize::try_from(file.arrived().saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; len.min(left)];
        let mut done = 0;
        let mut failed = None;
        while done < bytes.len() && failed.is_none() {
            match file
                .file()
                .read_at(&mut bytes[done..], offset + done as u64)
            {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => failed = Some(error),
            }
        }
        bytes.truncate(done);
        Self {
            offset,
            bytes: failed.map_or(Ok(bytes), Err),
            unchanged: file.is_unchanged(),
        }
    }

    fn copy(&self, run: &DataRun, wanted: usize, burst: &mut Burst) -> Result<usize, ReadError> {
        let bytes = self.bytes.as_deref().unwrap_or_default();
        let from = usize::try_from(run.offset() - self.offset).unwrap_or(usize::MAX);
        let Some(mut rest) = bytes.get(from..from.saturating_add(wanted)) else {
            // The whole of it was asked for, so there was no more.
            return Err(match from {
                0 => Refusal::Changed.into(),
                _ => ReadError::NotCached,
            });
        };
        if wanted < run.len() && !self.unchanged {
            return Err(Refusal::Changed.into());
        }
        for mut slot in burst.slots(wanted) {
            let (now, later) = rest.split_at(slot.len());
            slot.copy_from_slice(now);
            rest = later;
        }
        Ok(wanted)
    }
}

impl Fetched {
    /// Reads `len` bytes or more at `offset`, in place of what was read before. Blocks.
    pub(super) fn fetch(&self, file: &OpenFile, offset: u64, len: usize) {
        let part = Part::read(file, offset, len.max(FETCHED));
        *self.lock() = Some(part);
    }

    /// Copies the blocks of a run into a burst.
    ///
    /// # Errors
    /// When they have to be fetched first, could not be read, or the file is not what it was.
    pub(super) fn copy(
        &self,
        run: &DataRun,
        wanted: usize,
        burst: &mut Burst,
    ) -> Result<usize, ReadError> {
        match &*self.usable(run.offset())? {
            Some(part) => part.copy(run, wanted, burst),
            None => Err(ReadError::NotCached),
        }
    }

    /// Copies `room.len()` bytes at `offset`, or fewer at the end of what was fetched.
    ///
    /// # Errors
    /// As [`Self::copy`].
    pub(super) fn copy_bytes(&self, offset: u64, room: &mut [u8]) -> Result<usize, ReadError> {
        let fetched = self.usable(offset)?;
        let part = fetched.as_ref().ok_or(ReadError::NotCached)?;
        let bytes = part.bytes.as_deref().unwrap_or_default();
        let from = usize::try_from(offset - part.offset).unwrap_or(usize::MAX);
        match bytes.get(from..).unwrap_or_default() {
            // The whole of it was asked for, so there was no more.
            [] if from == 0 => Err(Refusal::Changed.into()),
            [] => Err(ReadError::NotCached),
            rest => {
                let len = rest.len().min(room.len());
                room[..len].copy_from_slice(&rest[..len]);
                Ok(len)
            }
        }
    }

    /// What may hold something from `offset` on. An error is told once, and earlier blocks are read anew.
    fn usable(&self, offset: u64) -> Result<MutexGuard<'_, Option<Part>>, ReadError> {
        let mut fetched = self.lock();
        match fetched.take_if(|part| part.bytes.is_err() || offset < part.offset) {
            None => Ok(fetched),
            Some(part) => match part.bytes {
                Err(error) => Err(Refusal::from(error).into()),
                Ok(_) => Err(ReadError::NotCached),
            },
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Part>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // it is whole after every statement
    }
}

/// What is read off the loop at a time and kept.
const FETCHED: usize = 128 << 10;
