//! Where a sender reads its blocks.

use std::fs::File;
use std::io;
use std::io::IoSliceMut;
use std::io::Read;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use lineman_proto::tftp::DataRun;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::netascii;
use rustix::io::Errno;
use rustix::io::ReadWriteFlags;

use super::Refusal;
use super::burst::Burst;
use super::cache::Cache;
use super::fetched::Fetched;
use super::open_files::OpenFile;
use super::stream::Stream;
use super::text::TextFile;

/// What a sender sends.
#[derive(Debug)]
pub struct Source(Kind);

#[derive(Debug)]
enum Kind {
    /// A file whose blocks are read again when they are sent again.
    File {
        /// The file; shared with reads ahead on the pool, and with other transfers.
        file: Arc<OpenFile>,
        /// How to read without waiting for the disk; empty where the file system cannot tell whether it
        /// would wait. Then blocks are read off the loop.
        flags: ReadWriteFlags,
        /// What was read off the loop.
        fetched: Fetched,
    },
    /// A file that is text, translated whenever it is sent.
    Text(TextFile),
    /// A stream, read once; the window is kept until it is acknowledged.
    Stream(Stream),
    /// Bytes as they are sent.
    Bytes(Vec<u8>),
}

/// A source that can be read anywhere.
pub(super) enum Readable {
    /// A file, perhaps one that grows.
    File(Arc<OpenFile>),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Source {
    /// A file in `mode`.
    ///
    /// # Errors
    /// When the system does not tell about the file.
    pub fn file(file: File, mode: Mode) -> io::Result<Self> {
        Ok(Self::shared(Arc::new(OpenFile::new(file)?), mode))
    }

    /// A file that others may be reading too.
    pub(super) fn shared(file: Arc<OpenFile>, mode: Mode) -> Self {
        Self(match mode {
            Mode::Octet => Kind::File {
                file,
                flags: ReadWriteFlags::NOWAIT,
                fetched: Fetched::default(),
            },
            Mode::Netascii => Kind::Text(TextFile::new(file)),
        })
    }

    /// A stream in `mode`, which may pause for as long as it likes: a pipe, a terminal. It is waited
    /// for off the loop, so that the transfer can be ended meanwhile.
    pub fn stream(reader: Box<dyn Read + Send>, mode: Mode) -> Self {
        Self(Kind::Stream(Stream::new(reader, mode)))
    }

    /// These bytes in `mode`: a text that was made for one client. Others do not share its memory.
    pub fn bytes(bytes: Vec<u8>, mode: Mode) -> Self {
        Self(Kind::Bytes(match mode {
            Mode::Octet => bytes,
            Mode::Netascii => {
                let mut encoded = Vec::with_capacity(bytes.len());
                netascii::encode(&bytes, &mut encoded);
                encoded
            }
        }))
    }

    /// What can be read anywhere, if it can: not a stream, not a translated text.
    pub(super) fn into_readable(self) -> Option<Readable> {
        match self.0 {
            Kind::File { file, .. } => Some(Readable::File(file)),
            Kind::Bytes(bytes) => Some(Readable::Bytes(bytes)),
            Kind::Text(_) | Kind::Stream(_) => None,
        }
    }

    /// The length, where it is known before the end.
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes.len() as u64),
            Kind::File { file, .. } => Some(file.len()),
            Kind::Text(_) | Kind::Stream(_) => None,
        }
    }

    /// Reads the blocks of a run into their places in `burst` and gives their bytes; fewer than
    /// the run has room for means that the source ends there.
    ///
    /// # Errors
    /// When the disk has to be waited for, the source cannot be read, or a file is not what it was
    /// when it was opened: a client gets one state of a file, or an error.
    pub(super) fn read(
        &mut self,
        run: &DataRun,
        burst: &mut Burst,
        cache: &mut Cache,
    ) -> Result<usize, ReadError> {
        match &mut self.0 {
            Kind::File {
                file,
                flags,
                fetched,
            } => {
                let left =
                    usize::try_from(file.len().saturating_sub(run.offset())).unwrap_or(usize::MAX);
                let wanted = run.len().min(left);
                file.reach(run.offset() + wanted as u64)?;
                if flags.is_empty() {
                    return fetched.copy(run, wanted, burst);
                }
                if run.count > 1
                    || !file.is_whole()
                    || !copy_block(file, run.offset(), wanted, burst, cache)?
                {
                    read_file(file.file(), run.offset(), wanted, burst, flags)?;
                }
                if wanted < run.len() && !file.is_unchanged() {
                    return Err(Refusal::Changed.into());
                }
                Ok(wanted)
            }
            Kind::Stream(stream) => {
                let bytes = stream.read(run.offset(), run.len())?;
                Ok(lay_in(burst, bytes))
            }
            Kind::Bytes(bytes) => {
                let from = usize::try_from(run.offset()).unwrap_or(usize::MAX);
                let from = from.min(bytes.len());
                let to = from.saturating_add(run.len()).min(bytes.len());
                Ok(lay_in(burst, &bytes[from..to]))
            }
            Kind::Text(text) => {
                let bytes = text.read(run.offset(), run.len())?;
                Ok(lay_in(burst, &bytes))
            }
        }
    }

    /// Work for the pool after [`ReadError::NotCached`]: brings what the run needs, and
    /// what comes behind it, into memory.
    pub(super) fn read_ahead(&self, run: &DataRun) -> Box<dyn FnOnce() + Send> {
        match &self.0 {
            Kind::File {
                file,
                flags,
                fetched,
            } => {
                let fetched = flags.is_empty().then(|| fetched.clone());
                read_file_ahead(Arc::clone(file), fetched, run.offset(), run.len())
            }
            Kind::Text(text) => {
                let (offset, len) = text.wanted();
                read_file_ahead(text.file(), text.fetched(), offset, len)
            }
            Kind::Stream(stream) => Box::new(stream.read_ahead(run.offset(), run.len())),
            Kind::Bytes(_) => Box::new(|| {}), // they are here
        }
    }

    /// Calls `wake` when what [`ReadError::NotArrived`] waits for is there, or never will be.
    pub(super) fn when_arrived(&self, end: u64, wake: Box<dyn FnOnce() + Send>) {
        match &self.0 {
            Kind::File { file, .. } => file.when_arrived(end, wake),
            Kind::Text(text) => text.file().when_arrived(end, wake),
            Kind::Stream(_) | Kind::Bytes(_) => wake(),
        }
    }

    /// Whether dropping it closes a file, which may block.
    pub(super) fn is_last(&self) -> bool {
        match &self.0 {
            Kind::File { file, .. } => Arc::strong_count(file) == 1,
            Kind::Text(text) => text.is_last(),
            Kind::Stream(_) => true,
            Kind::Bytes(_) => false,
        }
    }

    /// Whether reading never waits: it is a file, and the system tells what is in memory.
    pub(super) fn is_at_hand(&self) -> bool {
        match &self.0 {
            Kind::File { flags, .. } => !flags.is_empty(),
            Kind::Bytes(_) => true,
            Kind::Text(_) | Kind::Stream(_) => false,
        }
    }

    /// Reads off the loop from now on: the file system cannot tell what is in memory, or forgets it
    /// faster than it is sent.
    pub(super) fn wait_for_disk(&mut self) {
        match &mut self.0 {
            Kind::File { flags, .. } => *flags = ReadWriteFlags::empty(),
            Kind::Text(text) => text.wait_for_disk(),
            Kind::Stream(_) | Kind::Bytes(_) => {}
        }
    }

    /// Everything before `offset` has arrived and will not be asked for again.
    pub(super) fn release(&mut self, offset: u64) {
        match &mut self.0 {
            Kind::File { .. } | Kind::Bytes(_) => {}
            Kind::Text(text) => text.release(offset),
            Kind::Stream(stream) => stream.release(offset),
        }
    }
}

/// Why blocks could not be read.
#[derive(Debug)]
pub(super) enum ReadError {
    /// They are not in memory: [`Source::read_ahead`] brings them there.
    NotCached,
    /// The file is being written, and they are not there yet: [`Source::when_arrived`] tells when they are.
    NotArrived {
        /// How far it has to be.
        end: u64,
    },
    /// The transfer cannot go on.
    Refused(Refusal),
}

impl From<Refusal> for ReadError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Puts what was read into its places, and gives how much it is.
fn lay_in(burst: &mut Burst, bytes: &[u8]) -> usize {
    let mut rest = bytes;
    for mut slot in burst.slots(bytes.len()) {
        let (now, later) = rest.split_at(slot.len());
        slot.copy_from_slice(now);
        rest = later;
    }
    bytes.len()
}

/// Copies one block out of what has been read before. Gives `false` where it has to be read.
fn copy_block(
    file: &OpenFile,
    offset: u64,
    len: usize,
    burst: &mut Burst,
    cache: &mut Cache,
) -> Result<bool, ReadError> {
    let mut slot = burst.slots(len).pop();
    let room = slot.as_deref_mut().unwrap_or_default();
    let mut done = 0;
    while done < len {
        // The second part is in the next piece. Errors come again when the block itself is read.
        match cache.read(file, offset + done as u64, len - done) {
            Ok(Some([])) => return Err(Refusal::Changed.into()),
            Ok(Some(part)) => {
                room[done..done + part.len()].copy_from_slice(part);
                done += part.len();
            }
            Ok(None) | Err(_) => return Ok(false),
        }
    }
    Ok(true)
}

/// Reads `len` bytes at `offset`, or more, into memory of the system's, or into `fetched`.
fn read_file_ahead(
    file: Arc<OpenFile>,
    fetched: Option<Fetched>,
    offset: u64,
    len: usize,
) -> Box<dyn FnOnce() + Send> {
    Box::new(move || match fetched {
        Some(fetched) => fetched.fetch(&file, offset, len),
        None => {
            let mut chunk = vec![0; READ_AHEAD];
            // An error here comes again, and is told, when the blocks themselves are read.
            let _ = file.file().read_at(&mut chunk, offset);
        }
    })
}

/// Reads `len` bytes at `offset` into their places, without waiting for the disk if `flags` say so.
fn read_file(
    file: &File,
    offset: u64,
    len: usize,
    burst: &mut Burst,
    flags: &mut ReadWriteFlags,
) -> Result<(), ReadError> {
    let mut slots = burst.slots(len);
    let mut slots = &mut slots[..];
    let mut done = 0;
    while done < len {
        match rustix::io::preadv2(file, slots, offset + done as u64, *flags) {
            Ok(0) => return Err(Refusal::Changed.into()),
            Ok(read) => {
                done += read;
                IoSliceMut::advance_slices(&mut slots, read);
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Err(ReadError::NotCached),
            Err(Errno::OPNOTSUPP) => {
                *flags = ReadWriteFlags::empty();
                return Err(ReadError::NotCached);
            }
            Err(error) => return Err(Refusal::from(io::Error::from(error)).into()),
        }
    }
    Ok(())
}

/// What is read from the disk at a time when it has to be waited for.
const READ_AHEAD: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use lineman_proto::tftp::Rollover;

    use super::*;

    fn waiting(bytes: &[u8]) -> (tempfile::NamedTempFile, Source) {
        let mut named = tempfile::NamedTempFile::new().expect("file");
        named.write_all(bytes).expect("write");
        let file = named.reopen().expect("open");
        let mut source = Source::file(file, Mode::Octet).expect("told");
        source.wait_for_disk();
        (named, source)
    }

    fn read(source: &mut Source, run: &DataRun) -> Result<usize, ReadError> {
        let mut burst = Burst::default();
        burst.lay_out(run);
        source.read(run, &mut burst, &mut Cache::default())
    }

    /// A file system that cannot tell whether it would wait (FUSE) was waited for on the loop.
    #[test]
    fn where_reading_may_wait_it_is_done_off_the_loop() {
        let (_named, mut source) = waiting(&vec![7; 1000]);
        for (first, expected) in [(1, 512), (2, 488)] {
            let run = DataRun::new(first, 1, 512, Rollover::ToZero);
            if first == 1 {
                assert!(matches!(read(&mut source, &run), Err(ReadError::NotCached)));
                source.read_ahead(&run)();
            }
            assert_eq!(read(&mut source, &run).expect("fetched"), expected);
        }
    }

    #[test]
    fn a_file_that_was_changed_is_noticed_off_the_loop_too() {
        let (named, mut source) = waiting(&vec![7; 1000]);
        named.as_file().set_len(600).expect("cut");
        let run = DataRun::new(2, 1, 512, Rollover::ToZero);
        source.read_ahead(&run)();
        let changed = read(&mut source, &run);
        assert!(matches!(changed, Err(ReadError::Refused(Refusal::Changed))));
    }
}
