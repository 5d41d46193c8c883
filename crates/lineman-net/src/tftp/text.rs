//! A text file as a source: netascii is longer than the file, so where a block begins in the file is
//! known only when everything before it has been read. Nothing of the text is kept for that, but positions.

use std::collections::VecDeque;
use std::io;
use std::io::IoSliceMut;
use std::sync::Arc;

use lineman_proto::tftp::netascii;
use rustix::io::Errno;
use rustix::io::ReadWriteFlags;

use super::Refusal;
use super::fetched::Fetched;
use super::open_files::OpenFile;
use super::source::ReadError;

/// A file that is translated while it is read.
#[derive(Debug)]
pub(super) struct TextFile {
    file: Arc<OpenFile>,
    /// How to read without waiting for the disk.
    flags: ReadWriteFlags,
    /// Places that reading may begin at, in order; the first is before all that may be asked for again.
    positions: VecDeque<Position>,
    /// Where in the file the disk had to be waited for, and how much may be needed from there on.
    wanted: (u64, usize),
    /// What was read off the loop, where the file system cannot tell whether reading would wait.
    fetched: Fetched,
}

/// A position in the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Position {
    /// Bytes before it as they are sent.
    sent: u64,
    /// Bytes before it in the file.
    read: u64,
    /// Of the next byte of the file, the first of two that it becomes is before this position.
    is_within_pair: bool,
}

impl TextFile {
    pub(super) fn new(file: Arc<OpenFile>) -> Self {
        Self {
            file,
            flags: ReadWriteFlags::NOWAIT,
            positions: VecDeque::from([Position::default()]),
            wanted: (0, 0),
            fetched: Fetched::default(),
        }
    }

    pub(super) fn file(&self) -> Arc<OpenFile> {
        Arc::clone(&self.file)
    }

    /// Where to read in the file, and how much, so that the next attempt need not wait.
    pub(super) fn wanted(&self) -> (u64, usize) {
        self.wanted
    }

    /// Where to put what is read there, unless the system's own memory will do.
    pub(super) fn fetched(&self) -> Option<Fetched> {
        self.flags.is_empty().then(|| self.fetched.clone())
    }

    /// Whether dropping it closes the file.
    pub(super) fn is_last(&self) -> bool {
        Arc::strong_count(&self.file) == 1
    }

    pub(super) fn wait_for_disk(&mut self) {
        self.flags = ReadWriteFlags::empty();
    }

    /// Reads `len` bytes as they are sent from `offset` on; fewer are the end of the text.
    ///
    /// # Errors
    /// When the disk has to be waited for, the file cannot be read, or it has been written to.
    pub(super) fn read(&mut self, offset: u64, len: usize) -> Result<Vec<u8>, ReadError> {
        let known = self
            .positions
            .partition_point(|position| position.sent <= offset);
        let mut position = self.positions[known.saturating_sub(1)];
        let mut out = Vec::with_capacity(len);
        let ahead = usize::try_from(offset.saturating_sub(position.sent)).unwrap_or(usize::MAX);
        // A byte of the file is one of the text at least.
        let start = (position.read, ahead.saturating_add(len));
        while out.len() < len {
            let mut chunk = [0; CHUNK];
            // No more than can be needed: a byte of the file is one of the text at least.
            let ahead = usize::try_from(offset.saturating_sub(position.sent)).unwrap_or(CHUNK);
            let needed = ahead.saturating_add(len - out.len());
            let count = self.read_file(&mut chunk[..needed.min(CHUNK)], position.read, start)?;
            if count == 0 {
                if !self.file.is_unchanged() {
                    return Err(Refusal::Changed.into());
                }
                return Ok(out);
            }
            for &byte in &chunk[..count] {
                position.send(byte, offset, len, &mut out);
                if out.len() == len {
                    break;
                }
            }
        }
        self.remember(position);
        Ok(out)
    }

    /// Everything before `offset` will not be asked for again.
    pub(super) fn release(&mut self, offset: u64) {
        while self
            .positions
            .get(1)
            .is_some_and(|position| position.sent <= offset)
        {
            self.positions.pop_front();
        }
    }

    fn remember(&mut self, position: Position) {
        let at = self
            .positions
            .partition_point(|known| known.sent < position.sent);
        if self.positions.get(at) == Some(&position) {
            return;
        }
        if self.positions.len() >= MOST_POSITIONS {
            // The first is needed, and so is the farthest.
            self.positions.remove(1);
        }
        let at = self
            .positions
            .partition_point(|known| known.sent < position.sent);
        self.positions.insert(at, position);
    }

    /// Reads at `at`; where the disk has to be waited for, all from `start` on is wanted.
    fn read_file(
        &mut self,
        chunk: &mut [u8],
        at: u64,
        start: (u64, usize),
    ) -> Result<usize, ReadError> {
        // What was written behind its end since it was opened is not of this state of it.
        let left = usize::try_from(self.file.len().saturating_sub(at)).unwrap_or(usize::MAX);
        let room = chunk.len().min(left);
        if room == 0 {
            return Ok(0);
        }
        // Where its blocks begin is known only of a text that can be read from the start: all of it is waited
        // for. Files of that mode are small.
        self.file.reach(self.file.len())?;
        loop {
            if self.flags.is_empty() {
                self.wanted = start;
                return self.fetched.copy_bytes(at, &mut chunk[..room]);
            }
            let mut parts = [IoSliceMut::new(&mut chunk[..room])];
            match rustix::io::preadv2(self.file.file(), &mut parts, at, self.flags) {
                Ok(0) => return Err(Refusal::Changed.into()),
                Ok(count) => return Ok(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.wanted = start;
                    return Err(ReadError::NotCached);
                }
                Err(Errno::OPNOTSUPP) if !self.flags.is_empty() => self.wait_for_disk(),
                Err(error) => return Err(Refusal::from(io::Error::from(error)).into()),
            }
        }
    }
}

impl Position {
    /// Goes on by a byte of the file, as far as there is room in `out`, which begins at `offset` and may
    /// have `len` bytes; there is room for one.
    fn send(&mut self, byte: u8, offset: u64, len: usize, out: &mut Vec<u8>) {
        let (first, second) = netascii::encode_byte(byte);
        if !self.is_within_pair {
            self.put(first, offset, out);
            self.is_within_pair = true;
        }
        match second {
            Some(_) if out.len() == len => return,
            Some(second) => self.put(second, offset, out),
            None => {}
        }
        self.is_within_pair = false;
        self.read += 1;
    }

    fn put(&mut self, byte: u8, offset: u64, out: &mut Vec<u8>) {
        if self.sent >= offset {
            out.push(byte);
        }
        self.sent += 1;
    }
}

/// What is read of the file in one call, in bytes.
const CHUNK: usize = 16 << 10;
/// Places that are remembered: what is read anew when a block is sent again begins at one.
const MOST_POSITIONS: usize = 64;

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;

    use super::*;

    fn text(bytes: &[u8]) -> (tempfile::NamedTempFile, TextFile) {
        let mut named = tempfile::NamedTempFile::new().expect("file");
        named.write_all(bytes).expect("write");
        let open = OpenFile::new(File::open(named.path()).expect("open")).expect("told");
        (named, TextFile::new(Arc::new(open)))
    }

    fn read(text: &mut TextFile, offset: usize, len: usize) -> Vec<u8> {
        match text.read(offset as u64, len) {
            Ok(bytes) => bytes,
            Err(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn any_part_may_be_read_again_and_nothing_but_places_is_kept() {
        let bytes: Vec<u8> = (0..60_000_u32)
            .map(|n| b"\n\rabc\n"[(n * n / 7 % 6) as usize])
            .collect();
        let mut whole = Vec::new();
        netascii::encode(&bytes, &mut whole);
        for blksize in [1, 7, 512, 1428] {
            let (_named, mut text) = text(&bytes);
            let steps = (whole.len() / blksize).min(2000);
            for block in 0..steps {
                for again in [0, block % 9, 0] {
                    let offset = (block - again) * blksize;
                    let expected = &whole[offset..whole.len().min(offset + blksize)];
                    assert_eq!(
                        read(&mut text, offset, blksize),
                        expected,
                        "{block} {again}"
                    );
                }
                text.release((block.saturating_sub(9) * blksize) as u64);
                assert!(text.positions.len() <= MOST_POSITIONS);
            }
        }
        let (_named, mut text) = text(&bytes);
        assert_eq!(read(&mut text, 0, 2 * whole.len()), whole, "in one piece");
        assert!(read(&mut text, whole.len(), 512).is_empty());
    }

    #[test]
    fn however_many_places_there_are_the_first_and_the_last_are_kept() {
        let (_named, mut text) = text(&[b'x'; 5000]);
        for at in 0..1000 {
            read(&mut text, at, 1);
        }
        assert!(text.positions.len() <= MOST_POSITIONS);
        assert_eq!(text.positions.front(), Some(&Position::default()));
        assert_eq!(
            text.positions.back().map(|position| position.sent),
            Some(1000)
        );
        assert_eq!(read(&mut text, 3, 2), b"xx");
    }

    /// A text was sent half old and half new, and reported complete.
    #[test]
    fn a_text_that_is_written_into_while_it_is_sent_is_an_error() {
        let (mut named, mut text) = text(&[b'x'; 1000]);
        assert_eq!(read(&mut text, 0, 512).len(), 512);
        named.write_all(b"more").expect("write");
        let error = text.read(512, 512);
        assert!(matches!(error, Err(ReadError::Refused(Refusal::Changed))));
    }
}
