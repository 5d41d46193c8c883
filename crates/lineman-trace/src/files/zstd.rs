//! Frames of Zstandard, one behind the other.

use std::io;
use std::io::Cursor;
use std::io::ErrorKind;
use std::io::Read;

use ruzstd::decoding::BlockDecodingStrategy;
use ruzstd::decoding::FrameDecoder;

/// What is not compressed data, and is passed over (RFC 8878 §3.1.2): the lowest four bits are anything.
const SKIPPABLE: u32 = 0x184d_2a50;

/// Reads what is in the frames.
pub(super) struct Zstd<R> {
    source: Source<R>,
    decoder: FrameDecoder,
    in_frame: bool,
}

/// An input that remembers that it has ended.
struct Source<R> {
    input: R,
    ended: bool,
}

impl<R: Read> Zstd<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            source: Source {
                input,
                ended: false,
            },
            decoder: FrameDecoder::new(),
            in_frame: false,
        }
    }

    /// Begins the next frame that has data; false if there is none.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            let mut magic = Vec::new();
            (&mut self.source).take(4).read_to_end(&mut magic)?;
            let magic: [u8; 4] = match magic.try_into() {
                Ok(magic) => magic,
                Err(begun) if begun.is_empty() => return Ok(false),
                Err(_) => return Err(ErrorKind::UnexpectedEof.into()),
            };
            if u32::from_le_bytes(magic) & !0xf == SKIPPABLE {
                let mut len = [0; 4];
                self.source.read_exact(&mut len)?;
                let len = u32::from_le_bytes(len).into();
                io::copy(&mut (&mut self.source).take(len), &mut io::sink())?;
                continue;
            }
            let begun = self
                .decoder
                .reset(Cursor::new(magic).chain(&mut self.source));
            begun.map_err(|error| self.source.failed(&error))?;
            self.in_frame = true;
            return Ok(true);
        }
    }
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.in_frame && !self.begin()? {
                return Ok(0);
            }
            if self.decoder.can_collect() > 0 || bytes.is_empty() {
                return self.decoder.read(bytes);
            }
            if self.decoder.is_finished() {
                self.in_frame = false;
                continue;
            }
            // A block, which has 128 KiB at most, or more of them.
            let more = BlockDecodingStrategy::UptoBytes(bytes.len());
            let decoded = self.decoder.decode_blocks(&mut self.source, more);
            decoded.map_err(|error| self.source.failed(&error))?;
        }
    }
}

impl<R> Source<R> {
    /// What an error of the decoder is: what has no end is cut, what has one is damaged.
    fn failed(&self, error: &dyn std::fmt::Display) -> io::Error {
        match self.ended {
            true => ErrorKind::UnexpectedEof.into(),
            false => io::Error::new(ErrorKind::InvalidData, error.to_string()),
        }
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(bytes)?;
        self.ended |= read == 0 && !bytes.is_empty();
        Ok(read)
    }
}
