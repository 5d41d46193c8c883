//! The bytes of a transfer: where a sender reads its blocks, and where a receiver puts them.

use std::fmt;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::FileExt as _;

use lineman_proto::tftp::DataRun;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::netascii;

use super::AtomicFile;
use super::Refusal;

/// What a sender sends.
#[derive(Debug)]
pub struct Source(Kind);

#[derive(Debug)]
enum Kind {
    /// A file whose blocks are read again when they are sent again.
    File {
        /// The file.
        file: File,
        /// Its length when it was opened; what is appended later is not sent.
        length: u64,
    },
    /// A stream, read once; the window is kept until it is acknowledged.
    Stream(Stream),
}

impl Source {
    /// A file in `mode`. Netascii changes lengths, so it is a stream.
    pub fn file(file: File, length: u64, mode: Mode) -> Self {
        match mode {
            Mode::Octet => Self(Kind::File { file, length }),
            Mode::Netascii => Self::stream(Box::new(file), mode),
        }
    }

    /// A stream in `mode`: a pipe, or text to be translated.
    pub fn stream(reader: Box<dyn Read + Send>, mode: Mode) -> Self {
        Self(Kind::Stream(Stream {
            reader,
            netascii: mode == Mode::Netascii,
            start: 0,
            kept: Vec::new(),
            ended: false,
        }))
    }

    /// The length, where it is known before the end.
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Kind::File { length, .. } => Some(*length),
            Kind::Stream(_) => None,
        }
    }

    /// Reads the bytes of a run into `out`; fewer than the run has room for means that the source
    /// ends there.
    ///
    /// # Errors
    /// When the source cannot be read, or a file has become shorter than it was.
    pub(super) fn read(&mut self, run: &DataRun, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let wanted = run.count as usize * usize::from(run.blksize);
        match &mut self.0 {
            Kind::File { file, length } => {
                let left = length.saturating_sub(run.offset());
                out.resize(wanted.min(usize::try_from(left).unwrap_or(usize::MAX)), 0);
                file.read_exact_at(out, run.offset())
                    .map_err(|error| match error.kind() {
                        io::ErrorKind::UnexpectedEof => Refusal::Shrunk,
                        _ => error.into(),
                    })
            }
            Kind::Stream(stream) => stream
                .read(run.offset(), wanted, out)
                .map_err(Refusal::from),
        }
    }

    /// Everything before `offset` has arrived and will not be asked for again.
    pub(super) fn release(&mut self, offset: u64) {
        if let Kind::Stream(stream) = &mut self.0 {
            stream.release(offset);
        }
    }
}

/// A reader of which the part that may be asked for again is kept: a window at the most.
struct Stream {
    reader: Box<dyn Read + Send>,
    netascii: bool,
    /// Where `kept` begins in the stream as it is sent.
    start: u64,
    kept: Vec<u8>,
    ended: bool,
}

impl Stream {
    fn read(&mut self, offset: u64, wanted: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let skip = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        while !self.ended && self.kept.len() < skip + wanted {
            self.fill()?;
        }
        let from = skip.min(self.kept.len());
        let to = (skip + wanted).min(self.kept.len());
        out.clear();
        out.extend_from_slice(&self.kept[from..to]);
        Ok(())
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        match self.reader.read(&mut chunk) {
            Ok(0) => self.ended = true,
            Ok(len) if self.netascii => netascii::encode(&chunk[..len], &mut self.kept),
            Ok(len) => self.kept.extend_from_slice(&chunk[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn release(&mut self, offset: u64) {
        let done = usize::try_from(offset.saturating_sub(self.start))
            .unwrap_or(usize::MAX)
            .min(self.kept.len());
        self.kept.drain(..done);
        self.start += done as u64;
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

/// Where a receiver puts a file.
pub struct Sink {
    target: Target,
    decoder: Option<netascii::Decoder>,
    scratch: Vec<u8>,
    written: u64,
    limit: u64,
}

enum Target {
    File(AtomicFile),
    /// A file that must survive a power cut once its arrival has been acknowledged.
    DurableFile(AtomicFile),
    Stream(Box<dyn Write + Send>),
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
            target,
            decoder: (mode == Mode::Netascii).then(netascii::Decoder::default),
            scratch: Vec::new(),
            written: 0,
            limit,
        }
    }

    /// Takes the next block.
    ///
    /// # Errors
    /// When it does not fit, on the disk or in the limit.
    pub(super) fn write(&mut self, block: &[u8]) -> Result<(), Refusal> {
        match &mut self.decoder {
            None => Self::put(&mut self.target, &mut self.written, self.limit, block),
            Some(decoder) => {
                self.scratch.clear();
                decoder.decode(block, &mut self.scratch);
                Self::put(
                    &mut self.target,
                    &mut self.written,
                    self.limit,
                    &self.scratch,
                )
            }
        }
    }

    /// Makes the file permanent. Blocks; run it off the event loop.
    ///
    /// # Errors
    /// When the system cannot, or the name has been taken meanwhile.
    pub(super) fn commit(mut self) -> Result<(), Refusal> {
        if let Some(decoder) = &mut self.decoder {
            self.scratch.clear();
            decoder.finish(&mut self.scratch);
            Self::put(
                &mut self.target,
                &mut self.written,
                self.limit,
                &self.scratch,
            )?;
        }
        match self.target {
            Target::File(file) => file.commit()?,
            Target::DurableFile(file) => {
                file.sync()?;
                file.commit()?;
            }
            Target::Stream(mut writer) => writer.flush()?,
        }
        Ok(())
    }

    fn put(
        target: &mut Target,
        written: &mut u64,
        limit: u64,
        bytes: &[u8],
    ) -> Result<(), Refusal> {
        *written += bytes.len() as u64;
        if *written > limit {
            return Err(Refusal::TooLarge { limit });
        }
        match target {
            Target::File(file) | Target::DurableFile(file) => file.write(bytes)?,
            Target::Stream(writer) => writer.write_all(bytes)?,
        }
        Ok(())
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink")
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_keeps_what_may_be_asked_for_again_and_nothing_else() {
        let text: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        let Source(Kind::Stream(mut stream)) =
            Source::stream(Box::new(io::Cursor::new(text.clone())), Mode::Octet)
        else {
            panic!()
        };
        let mut out = Vec::new();
        for offset in (0..100_000).step_by(1000) {
            for _ in 0..2 {
                stream.read(offset, 1000, &mut out).unwrap();
                assert_eq!(out, text[offset as usize..offset as usize + 1000]);
            }
            stream.release(offset + 1000);
            assert!(stream.kept.len() <= 17 * 1024);
        }
        stream.read(100_000, 1000, &mut out).unwrap();
        assert!(out.is_empty());
    }
}
