//! What a thread has read of files lately: lockstep takes a block at a time, the disk's pages hold
//! many, and clients that boot together read the same ones.

use std::io;

use rustix::io::Errno;
use rustix::io::ReadWriteFlags;

use super::open_files::OpenFile;

/// Pieces of files, each as it was read once.
#[derive(Debug)]
pub(super) struct Cache {
    pieces: Vec<Piece>,
    /// Whether reading more than is asked for has paid lately: hits fill it, reads drain it.
    credit: u32,
}

#[derive(Debug)]
struct Piece {
    /// The file's number, and which piece of it.
    what: Option<(u64, u64)>,
    bytes: Vec<u8>,
}

impl Default for Cache {
    fn default() -> Self {
        let empty = || Piece {
            what: None,
            bytes: Vec::new(),
        };
        Self {
            pieces: (0..PIECES).map(|_| empty()).collect(),
            credit: MOST_CREDIT,
        }
    }
}

impl Cache {
    /// The bytes of a file from `offset` on, as many as lie in one piece and `len` at the most.
    /// `None` where they are not here and reading a whole piece does not pay; then the caller reads
    /// what he needs. An empty slice is the end of the file.
    ///
    /// # Errors
    /// `EAGAIN` when the disk would have to be waited for; else what the system says.
    pub(super) fn read(
        &mut self,
        file: &OpenFile,
        offset: u64,
        len: usize,
    ) -> io::Result<Option<&[u8]>> {
        let nth = offset / PIECE as u64;
        let what = (file.number(), nth);
        let slot = slot(what);
        if self.pieces[slot].what == Some(what) {
            self.credit = (self.credit + 1).min(MOST_CREDIT);
        } else {
            if self.credit < PRICE {
                self.credit += 1;
                return Ok(None);
            }
            self.credit -= PRICE;
            self.pieces[slot].fill(file, what)?;
        }
        let within = (offset % PIECE as u64) as usize; // less than a piece
        let bytes = &self.pieces[slot].bytes;
        let from = within.min(bytes.len());
        let to = (within + len).min(bytes.len());
        Ok(Some(&bytes[from..to]))
    }
}

impl Piece {
    fn fill(&mut self, file: &OpenFile, what: (u64, u64)) -> io::Result<()> {
        self.what = None;
        self.bytes.resize(PIECE, 0);
        let at = what.1 * PIECE as u64;
        let wanted = file.len().saturating_sub(at).min(PIECE as u64) as usize;
        let mut done = 0;
        while done < wanted {
            let mut parts = [io::IoSliceMut::new(&mut self.bytes[done..wanted])];
            let flags = ReadWriteFlags::NOWAIT;
            match rustix::io::preadv2(file.file(), &mut parts, at + done as u64, flags) {
                Ok(0) => break, // it has become shorter, and a transfer that needs the rest will see
                Ok(read) => done += read,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.bytes.truncate(done);
        self.what = Some(what);
        Ok(())
    }
}

/// Neighbours lie in different slots.
fn slot((file, nth): (u64, u64)) -> usize {
    (file.wrapping_mul(SPREAD).wrapping_add(nth) % PIECES as u64) as usize
}

/// Bytes of a piece.
const PIECE: usize = 32 << 10;
const PIECES: usize = 32;
const SPREAD: u64 = 7;
/// A piece costs about what so many blocks do.
const PRICE: u32 = 16;
const MOST_CREDIT: u32 = 256;

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;

    use super::*;

    fn file(len: usize) -> (tempfile::NamedTempFile, OpenFile, Vec<u8>) {
        let bytes: Vec<u8> = (0..len).map(|at| (at / 7) as u8).collect();
        let mut named = tempfile::NamedTempFile::new().expect("file");
        named.write_all(&bytes).expect("write");
        let opened = File::open(named.path()).expect("open");
        (named, OpenFile::new(opened).expect("told"), bytes)
    }

    #[test]
    fn gives_what_the_file_has_piece_by_piece() {
        let (_named, file, bytes) = file(3 * PIECE + 100);
        let mut cache = Cache::default();
        let mut read = Vec::new();
        loop {
            let part = cache.read(&file, read.len() as u64, 1000).expect("read");
            match part.expect("it pays") {
                [] => break,
                part => read.extend_from_slice(part),
            }
        }
        assert_eq!(read, bytes);
    }

    #[test]
    fn where_every_read_is_elsewhere_it_soon_leaves_reading_to_the_caller() {
        let named = tempfile::NamedTempFile::new().expect("file");
        named
            .as_file()
            .set_len(10_007 * PIECE as u64)
            .expect("sparse");
        let file = OpenFile::new(named.reopen().expect("open")).expect("told");
        let mut cache = Cache::default();
        let mut asked = 0;
        for round in 0..1000_u64 {
            let at = (round * 3571 % 10_007) * PIECE as u64;
            asked += u32::from(cache.read(&file, at, 512).expect("read").is_some());
        }
        assert!(asked < 100, "{asked} of 1000 read a piece for one block");
    }
}
