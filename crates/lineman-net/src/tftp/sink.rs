//! Where a receiver puts its blocks.
//!
//! Blocks are gathered and written in large pieces, off the loop: while one piece is being written,
//! the next one is gathered. Neither is larger than a bound, whatever was agreed with the peer, and an
//! upload's file is made when its first piece is written. What is to be on the disk in the end starts on its way there at once.

use std::fmt;
use std::io::Write;

use lineman_proto::tftp::Mode;
use lineman_proto::tftp::netascii;

use super::AtomicFile;
use super::Refusal;
use super::Replaced;
use super::Upload;
use super::store::Shares;
use super::store::Unbegun;
use crate::OutputFile;

/// Where a receiver puts a file.
pub struct Sink {
    /// Away while a piece is being written.
    target: Option<Target>,
    decoder: Option<netascii::Decoder>,
    /// What has arrived and is not written yet.
    pending: Vec<u8>,
    /// Memory for the next piece.
    room: Vec<u8>,
    /// How large `pending` may become, in bytes.
    most: usize,
    /// The largest block so far.
    largest: usize,
    taken: u64,
    limit: u64,
    /// What an upload takes of what there is for all.
    shares: Option<Shares>,
}

/// A file to be received: one that is begun, or an upload that is not yet.
#[derive(Debug)]
pub enum NewFile {
    /// It is there, without its name.
    Begun(AtomicFile),
    /// It will be made when its first bytes are here.
    Upload(Upload),
}

impl From<AtomicFile> for NewFile {
    fn from(file: AtomicFile) -> Self {
        Self::Begun(file)
    }
}

impl From<Upload> for NewFile {
    fn from(upload: Upload) -> Self {
        Self::Upload(upload)
    }
}

/// What the bytes are written to.
pub(super) enum Target {
    /// A file that is not made yet, and whether it is to be durable.
    Unbegun(Unbegun, bool),
    /// A file that appears when it is complete.
    File(AtomicFile),
    /// One that must survive a power cut once its arrival has been acknowledged, and how many bytes of
    /// it have not been sent on their way to the disk.
    DurableFile(AtomicFile, usize),
    /// One of the user of the program.
    Output(OutputFile),
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
    pub fn file(file: impl Into<NewFile>, mode: Mode, limit: u64) -> Self {
        Self::new_file(file.into(), mode, limit, false)
    }

    /// The same, and on the disk before the last block is acknowledged: what a client is told is
    /// stored must be.
    pub fn durable_file(file: impl Into<NewFile>, mode: Mode, limit: u64) -> Self {
        Self::new_file(file.into(), mode, limit, true)
    }

    /// A file of the user of the program.
    pub fn output(file: OutputFile, mode: Mode) -> Self {
        Self::new(Target::Output(file), mode, u64::MAX)
    }

    /// A stream.
    pub fn stream(writer: Box<dyn Write + Send>, mode: Mode) -> Self {
        Self::new(Target::Stream(writer), mode, u64::MAX)
    }

    fn new_file(file: NewFile, mode: Mode, limit: u64, durable: bool) -> Self {
        match file {
            NewFile::Begun(file) => Self::new(Target::begun(file, durable), mode, limit),
            NewFile::Upload(upload) => {
                let (unbegun, shares) = upload.into_parts();
                Self {
                    most: MOST_MEMORY as usize / 2,
                    shares: Some(shares),
                    ..Self::new(Target::Unbegun(unbegun, durable), mode, limit)
                }
            }
        }
    }

    fn new(target: Target, mode: Mode, limit: u64) -> Self {
        Self {
            target: Some(target),
            decoder: (mode == Mode::Netascii).then(netascii::Decoder::default),
            pending: Vec::new(),
            room: Vec::new(),
            most: OWN_MEMORY,
            largest: 0,
            taken: 0,
            limit,
            shares: None,
        }
    }

    /// Takes the next block.
    ///
    /// # Errors
    /// When the file becomes larger than it may, or there is no memory left for uploads.
    pub(super) fn take(&mut self, block: &[u8]) -> Result<(), Refusal> {
        if let Some(shares) = &mut self.shares
            && shares.memory.is_empty()
        {
            let share = shares.memory.take(MOST_MEMORY);
            share.map_err(|limit| Refusal::BusyMemory { limit })?;
        }
        if self.is_busy() && self.taken >= SHORT {
            self.grow();
        }
        self.largest = self.largest.max(block.len());
        let before = self.pending.len();
        self.make_room(block.len());
        match &mut self.decoder {
            None => self.pending.extend_from_slice(block),
            Some(decoder) => decoder.decode(block, &mut self.pending),
        }
        self.count(before)
    }

    /// Blocks come faster than they are written: larger pieces cost fewer changes of threads, and the next one is
    /// gathered while one is written. Where there is memory in abundance, this upload takes twice as much.
    fn grow(&mut self) {
        let Some(shares) = &mut self.shares else {
            return; // what is no upload has large pieces from the start
        };
        let more = 2 * self.most as u64; // of the piece that is written, and of the next
        if self.most < OWN_MEMORY && shares.memory.take_spare(more) {
            self.most *= 2;
        }
    }

    /// No more memory than is needed: growing twofold would go beyond the bound.
    fn make_room(&mut self, more: usize) {
        // A CR that was kept back may come before a block.
        let needed = self.pending.len() + more + 1;
        if self.pending.capacity() < needed {
            let wanted = needed.max((2 * self.pending.capacity()).min(self.most));
            self.pending.reserve_exact(wanted - self.pending.len());
        }
    }

    /// Work that blocks: writes what was gathered, if that is enough for a piece and none is being
    /// written. It gives the target back, for [`Self::give_back`].
    pub(super) fn write_behind(
        &mut self,
    ) -> Option<impl FnOnce() -> Result<Written, Refusal> + Send + 'static> {
        if self.takes_another() {
            return None;
        }
        let target = self.target.take()?;
        let mut piece = std::mem::replace(&mut self.pending, std::mem::take(&mut self.room));
        Some(move || {
            let mut target = target.begin()?;
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
        if self.pending.len() >= self.most / 4 {
            self.room = written.room;
        } else {
            // A slow upload needs no second piece of memory. It keeps the one that has its size already: growing
            // a new one with every piece would leave gaps in the heap.
            let few = std::mem::replace(&mut self.pending, written.room);
            self.pending.extend_from_slice(&few);
        }
    }

    /// Whether a piece is being written.
    pub(super) fn is_writing(&self) -> bool {
        self.target.is_none()
    }

    /// Whether the writing has fallen behind, so that what comes together in one call may be more than
    /// there is room for.
    pub(super) fn is_busy(&self) -> bool {
        self.is_writing() && self.pending.len() + LARGEST_ARRIVAL > self.most
    }

    /// Whether there is no room for another block.
    pub(super) fn is_full(&self) -> bool {
        self.is_writing() && !self.takes_another()
    }

    /// Whether a block fits, and a CR that was kept back.
    fn takes_another(&self) -> bool {
        self.pending.len() + self.largest < self.most
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
        let Some(target) = self.target else {
            return Ok(Replaced::nothing()); // the code that takes it away brings it back before this
        };
        let mut target = target.begin()?;
        target.write(&self.pending)?;
        let replaced = target.commit()?;
        if let Some(shares) = self.shares {
            shares.space.keep(replaced.len());
        }
        Ok(replaced)
    }

    fn count(&mut self, pending_before: usize) -> Result<(), Refusal> {
        let more = (self.pending.len() - pending_before) as u64;
        self.taken += more;
        if self.taken > self.limit {
            return Err(Refusal::TooLarge { limit: self.limit });
        }
        if let Some(shares) = &mut self.shares {
            let share = shares.space.take(more);
            share.map_err(|limit| Refusal::QuotaUsed { limit })?;
        }
        Ok(())
    }
}

impl Target {
    fn begun(file: AtomicFile, durable: bool) -> Self {
        if durable {
            Self::DurableFile(file, 0)
        } else {
            Self::File(file)
        }
    }

    /// Makes the file, if it is not made yet.
    fn begin(self) -> Result<Self, Refusal> {
        match self {
            Self::Unbegun(unbegun, durable) => Ok(Self::begun(unbegun.begin()?, durable)),
            begun => Ok(begun),
        }
    }

    fn write(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Unbegun(..) => {} // `begin` comes before
            Self::File(file) => file.write(piece)?,
            Self::DurableFile(file, unsynced) => {
                file.write(piece)?;
                *unsynced += piece.len();
                if *unsynced >= SYNC_EVERY {
                    *unsynced = 0;
                    file.begin_sync();
                }
            }
            Self::Output(file) => file.write_all(piece)?,
            Self::Stream(writer) => writer.write_all(piece)?,
        }
        Ok(())
    }

    fn commit(self) -> Result<Replaced, Refusal> {
        match self {
            Self::Unbegun(..) => Ok(Replaced::nothing()), // `begin` comes before
            Self::File(file) => Ok(file.commit()?),
            Self::DurableFile(file, _) => Ok(file.commit_durably()?),
            Self::Output(file) => {
                file.commit().map_err(|error| error.source)?;
                Ok(Replaced::nothing())
            }
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

/// What an upload may take of memory at first, in bytes: a piece that is being written and one that is gathered,
/// each as large as the largest block at least.
pub(super) const MOST_MEMORY: u64 = 128 << 10;
/// How large a piece of a client's own file may be, in bytes, and one of an upload that is faster than its disk:
/// there are few of them, and each costs a change of threads.
const OWN_MEMORY: usize = 512 << 10;
/// An upload of fewer bytes is over before larger pieces would have paid: it is ten of the first pieces.
const SHORT: u64 = 640 << 10;
/// Bytes that may come in one call: the payload of the largest datagram.
const LARGEST_ARRIVAL: usize = 65_507;
/// After so many bytes the system is asked to begin to bring them to the disk: each asking costs time.
const SYNC_EVERY: usize = 512 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tftp::Directory;
    use crate::tftp::WritePolicy;

    fn upload(root: &std::path::Path, mode: Mode) -> Sink {
        let store = Directory::open(root, WritePolicy::Create, u64::MAX, false).expect("root");
        Sink::file(
            store.write(b"name", None).expect("accepted"),
            mode,
            u64::MAX,
        )
    }

    fn memory(sink: &Sink, piece: usize) -> usize {
        sink.pending.capacity() + sink.room.capacity() + piece
    }

    /// Uploads held up to two megabytes each.
    #[test]
    fn an_upload_takes_no_more_memory_than_it_may_whatever_the_blocks() {
        let root = tempfile::tempdir().expect("directory");
        for blksize in [1, 8, 512, 1428, 9000, 32_767, 65_464] {
            for mode in [Mode::Octet, Mode::Netascii] {
                let mut sink = upload(root.path(), mode);
                let block = vec![b'\r'; blksize];
                let mut piece: Option<Box<dyn FnOnce() -> Result<Written, Refusal>>> = None;
                for nth in 0..(1 << 20) / blksize {
                    if sink.is_full() {
                        let write = piece.take().expect("a piece is being written");
                        sink.give_back(write().expect("written"));
                        piece = sink.write_behind().map(|work| Box::new(work) as _);
                    }
                    sink.take(&block).expect("taken");
                    if let Some(work) = sink.write_behind() {
                        piece = Some(Box::new(work));
                    }
                    let out = if piece.is_some() { sink.most } else { 0 };
                    let memory = memory(&sink, out) as u64;
                    let most = match sink.taken {
                        ..SHORT => MOST_MEMORY,
                        _ => 2 * sink.most.min(OWN_MEMORY) as u64,
                    };
                    assert!(memory <= most, "{memory} {blksize} {nth}");
                }
            }
        }
    }

    /// Pieces of 64 KiB left no room for the next window while one was being written: client and disk took turns.
    #[test]
    fn an_upload_that_is_faster_than_its_disk_takes_more_memory_of_what_is_in_abundance() {
        let root = tempfile::tempdir().expect("directory");
        let store =
            Directory::open(root.path(), WritePolicy::Create, u64::MAX, false).expect("root");
        let store = store.with_upload_memory(64 << 20);
        let begin = |name: &[u8]| {
            let upload = store.write(name, None).expect("accepted");
            Sink::file(upload, Mode::Octet, u64::MAX)
        };
        let block = vec![7; 1428];
        let receive = |sink: &mut Sink, writes_at_once: bool| {
            let mut piece: Option<Box<dyn FnOnce() -> Result<Written, Refusal>>> = None;
            for _ in 0..(4 << 20) / block.len() {
                if sink.is_full() || writes_at_once {
                    let written = piece.take().map(|write| write().expect("written"));
                    written.into_iter().for_each(|it| sink.give_back(it));
                }
                sink.take(&block).expect("taken");
                if let Some(work) = sink.write_behind() {
                    piece = Some(Box::new(work));
                }
            }
            if let Some(write) = piece.take() {
                sink.give_back(write().expect("written"));
            }
        };
        let mut slow = begin(b"slow");
        receive(&mut slow, true);
        assert_eq!(
            slow.most as u64,
            MOST_MEMORY / 2,
            "nobody waits for the disk"
        );
        let mut fast = begin(b"fast");
        receive(&mut fast, false);
        assert_eq!(fast.most, OWN_MEMORY);
        // A quarter of 64 MiB is taken then, and the others have what they need.
        let mut more: Vec<Sink> = (0..30).map(|nth: u8| begin(&[b'a' + nth])).collect();
        more.iter_mut().for_each(|sink| receive(sink, false));
        let sizes: Vec<usize> = more.iter().map(|sink| sink.most).collect();
        let grown = sizes.iter().filter(|most| **most as u64 > MOST_MEMORY / 2);
        assert!((10..20).contains(&grown.count()), "{sizes:?}");
    }

    /// Ten forged requests made ten files, each for as long as a client is waited for.
    #[test]
    fn nothing_is_made_before_the_first_bytes_are_written() {
        let root = tempfile::tempdir().expect("directory");
        let is_empty = || std::fs::read_dir(root.path()).expect("lists").count() == 0;
        let mut sink = upload(root.path(), Mode::Octet);
        assert!(is_empty());
        assert!(matches!(sink.target, Some(Target::Unbegun(..))));
        sink.take(b"bytes").expect("taken");
        assert!(matches!(sink.target, Some(Target::Unbegun(..))));
        sink.commit().expect("made");
        let made = std::fs::read(root.path().join("name"));
        assert_eq!(made.expect("reads"), b"bytes");
    }
}
