//! Where a receiver puts its blocks.
//!
//! Blocks are gathered and written in large pieces, off the loop: while one piece is being written,
//! the next one is gathered. What is to be on the disk in the end starts on its way there at once.

use std::fmt;
use std::io::Write;

use lineman_proto::tftp::Mode;
use lineman_proto::tftp::netascii;

use super::AtomicFile;
use super::Refusal;
use super::Replaced;

/// Where a receiver puts a file.
pub struct Sink {
    /// Away while a piece is being written.
    target: Option<Target>,
    decoder: Option<netascii::Decoder>,
    /// What has arrived and is not written yet.
    pending: Vec<u8>,
    /// Memory for the next piece.
    room: Vec<u8>,
    taken: u64,
    limit: u64,
}

/// What the bytes are written to.
pub(super) enum Target {
    /// A file that appears when it is complete.
    File(AtomicFile),
    /// One that must survive a power cut once its arrival has been acknowledged.
    DurableFile(AtomicFile),
    /// Anything else.
    Stream(Box<dyn Write + Send>),
}

/// What comes back when a piece has been written: the target, and the memory of the piece.
#[derive(Debug)]
pub(super) struct Written {
    target: Target,
    room: Vec<u8>,
}

impl Sink {
    /// A file that appears when it is complete, of `limit` bytes at the most.
    pub fn file(file: AtomicFile, mode: Mode, limit: u64) -> Self {
        Self::new(Target::File(file), mode, limit)
    }

    /// The same, and on the disk before the last block is acknowledged: what a client is told is
    /// stored must be.
    pub fn durable_file(file: AtomicFile, mode: Mode, limit: u64) -> Self {
        Self::new(Target::DurableFile(file), mode, limit)
    }

    /// A stream: stdout, a pipe, a device.
    pub fn stream(writer: Box<dyn Write + Send>, mode: Mode) -> Self {
        Self::new(Target::Stream(writer), mode, u64::MAX)
    }

    fn new(target: Target, mode: Mode, limit: u64) -> Self {
        Self {
            target: Some(target),
            decoder: (mode == Mode::Netascii).then(netascii::Decoder::default),
            pending: Vec::new(),
            room: Vec::new(),
            taken: 0,
            limit,
        }
    }

    /// Takes the next block.
    ///
    /// # Errors
    /// When the file becomes larger than it may.
    pub(super) fn take(&mut self, block: &[u8]) -> Result<(), Refusal> {
        let before = self.pending.len();
        match &mut self.decoder {
            None => self.pending.extend_from_slice(block),
            Some(decoder) => decoder.decode(block, &mut self.pending),
        }
        self.count(before)
    }

    /// Work that blocks: writes what was gathered, if that is enough for a piece and none is being
    /// written. It gives the target back, for [`Self::give_back`].
    pub(super) fn write_behind(
        &mut self,
    ) -> Option<impl FnOnce() -> Result<Written, Refusal> + Send + 'static> {
        if self.pending.len() < PIECE {
            return None;
        }
        let mut target = self.target.take()?;
        let mut piece = std::mem::replace(&mut self.pending, std::mem::take(&mut self.room));
        Some(move || {
            target.write(&piece)?;
            piece.clear();
            Ok(Written {
                target,
                room: piece,
            })
        })
    }

    /// A piece has been written.
    pub(super) fn give_back(&mut self, written: Written) {
        self.target = Some(written.target);
        // A slow upload needs no second piece of memory.
        if self.pending.len() >= PIECE / 8 {
            self.room = written.room;
        }
    }

    /// Whether a piece is being written.
    pub(super) fn is_writing(&self) -> bool {
        self.target.is_none()
    }

    /// Whether the writing has fallen behind, so that no more should be taken for the moment.
    pub(super) fn is_full(&self) -> bool {
        self.is_writing() && self.pending.len() >= PIECE
    }

    /// Makes the file permanent. Blocks, and so does dropping the file that it replaces.
    ///
    /// # Errors
    /// When the system cannot, or the name has been taken meanwhile.
    pub(super) fn commit(mut self) -> Result<Replaced, Refusal> {
        let before = self.pending.len();
        if let Some(decoder) = &mut self.decoder {
            decoder.finish(&mut self.pending);
        }
        self.count(before)?;
        let Some(mut target) = self.target else {
            return Ok(Replaced::nothing()); // whoever takes it away brings it back before this
        };
        target.write(&self.pending)?;
        target.commit()
    }

    fn count(&mut self, pending_before: usize) -> Result<(), Refusal> {
        self.taken += (self.pending.len() - pending_before) as u64;
        if self.taken > self.limit {
            return Err(Refusal::TooLarge { limit: self.limit });
        }
        Ok(())
    }
}

impl Target {
    fn write(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::File(file) => file.write(piece)?,
            Self::DurableFile(file) => {
                file.write(piece)?;
                file.begin_sync();
            }
            Self::Stream(writer) => writer.write_all(piece)?,
        }
        Ok(())
    }

    fn commit(self) -> Result<Replaced, Refusal> {
        match self {
            Self::File(file) => Ok(file.commit()?),
            Self::DurableFile(file) => Ok(file.commit_durably()?),
            Self::Stream(mut writer) => {
                writer.flush()?;
                Ok(Replaced::nothing())
            }
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").finish_non_exhaustive()
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink")
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

/// What is written at a time.
const PIECE: usize = 512 << 10;
