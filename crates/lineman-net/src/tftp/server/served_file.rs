//! A file that is open for another protocol, and read from wherever it likes.

use std::fmt;
use std::io;
use std::io::IoSliceMut;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::SystemTime;

use rustix::io::Errno;
use rustix::io::ReadWriteFlags;
use tokio::sync::oneshot;

use crate::tftp::Lane;
use crate::tftp::Refusal;
use crate::tftp::Source;
use crate::tftp::engine::PoolHandle;
use crate::tftp::open_files::OpenFile;
use crate::tftp::source::ReadError;
use crate::tftp::source::Readable;

/// One state of a file, to be read from wherever one likes.
pub struct ServedFile {
    bytes: Bytes,
    /// In which what may block is done.
    lane: Lane,
    pool: PoolHandle,
}

enum Bytes {
    File(Arc<OpenFile>),
    Text(Vec<u8>),
}

impl ServedFile {
    pub(super) fn of(source: Source, lane: Lane, pool: PoolHandle) -> Result<Self, Refusal> {
        let bytes = match source.into_readable() {
            Some(Readable::File(file)) => Bytes::File(file),
            Some(Readable::Bytes(bytes)) => Bytes::Text(bytes),
            None => return Err(Refusal::NotAFile),
        };
        Ok(Self { bytes, lane, pool })
    }

    /// How many bytes it has, or will have.
    pub fn length(&self) -> u64 {
        match &self.bytes {
            Bytes::File(file) => file.len(),
            Bytes::Text(bytes) => bytes.len() as u64,
        }
    }

    /// What no other state of it has, if there is such a thing: opaque, of visible ASCII without quotes.
    pub fn tag(&self) -> Option<String> {
        match &self.bytes {
            Bytes::File(file) => file.tag(),
            Bytes::Text(_) => None,
        }
    }

    /// When it was written last, if that is known.
    pub fn modified(&self) -> Option<SystemTime> {
        match &self.bytes {
            Bytes::File(file) => file.modified(),
            Bytes::Text(_) => None,
        }
    }

    /// Some bytes from `offset` on, `most` of them at most; none behind its end. Where the file is being fetched, it waits
    /// until they are there.
    ///
    /// # Errors
    /// When they cannot be read, will never arrive, or the file has been written to since it was opened.
    pub async fn read(&self, offset: u64, most: usize) -> Result<Vec<u8>, Refusal> {
        let end = offset.saturating_add(most as u64).min(self.length());
        let file = match &self.bytes {
            Bytes::Text(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                let to = usize::try_from(end).unwrap_or(usize::MAX);
                return Ok(bytes.get(from..to).unwrap_or_default().to_vec());
            }
            Bytes::File(file) => file,
        };
        let end = arrived(file, offset, end).await?;
        let mut bytes = vec![0; usize::try_from(end.saturating_sub(offset)).unwrap_or(0)]; // `most` at most
        let read = read_now(file, offset, &mut bytes)?;
        if !read {
            bytes = self.read_on_pool(Arc::clone(file), offset, bytes).await?;
        }
        if !file.is_unchanged() {
            return Err(Refusal::Changed);
        }
        Ok(bytes)
    }

    async fn read_on_pool(
        &self,
        file: Arc<OpenFile>,
        offset: u64,
        mut bytes: Vec<u8>,
    ) -> Result<Vec<u8>, Refusal> {
        let (answer, read) = oneshot::channel();
        let work = move || {
            let done = file.file().read_exact_at(&mut bytes, offset);
            let done = done.map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => Refusal::Changed,
                _ => Refusal::from(error),
            });
            let _ = answer.send(done.map(|()| bytes)); // the client may be gone
        };
        if self.pool.offer(self.lane, work).is_err() {
            return Err(Refusal::Exhausted(io::ErrorKind::ResourceBusy.into()));
        }
        let gone = |_| Refusal::System(io::Error::other("the pool has ended"));
        read.await.map_err(gone)?
    }
}

impl fmt::Debug for ServedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = &self.length();
        f.debug_struct("ServedFile")
            .field("length", length)
            .finish_non_exhaustive()
    }
}

/// Waits until something behind `offset` may be read, and gives how far.
async fn arrived(file: &Arc<OpenFile>, offset: u64, end: u64) -> Result<u64, Refusal> {
    if file.arrived() > offset {
        return Ok(end.min(file.arrived()));
    }
    loop {
        match file.reach(end) {
            Ok(()) => return Ok(end),
            Err(ReadError::Refused(refusal)) => return Err(refusal),
            Err(ReadError::NotArrived { .. } | ReadError::NotCached) => {
                let (wake, woken) = oneshot::channel();
                let wake = move || {
                    let _ = wake.send(()); // the client may be gone
                };
                file.when_arrived(end, Box::new(wake));
                let _ = woken.await; // a waker that is dropped means the same: there is no more to wait for
            }
        }
    }
}

/// Fills `bytes` without waiting for the disk; `false` where that would have to be done.
fn read_now(file: &OpenFile, offset: u64, bytes: &mut [u8]) -> Result<bool, Refusal> {
    let mut done = 0;
    while done < bytes.len() {
        let slot = &mut [IoSliceMut::new(&mut bytes[done..])];
        let at = offset + done as u64;
        match rustix::io::preadv2(file.file(), slot, at, ReadWriteFlags::NOWAIT) {
            Ok(0) => return Err(Refusal::Changed),
            Ok(read) => done += read,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN | Errno::OPNOTSUPP) => return Ok(false),
            Err(error) => return Err(io::Error::from(error).into()),
        }
    }
    Ok(true)
}
