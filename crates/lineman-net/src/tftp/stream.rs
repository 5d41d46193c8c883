//! A source that is read once and may pause: a pipe, a FIFO, a terminal.
//!
//! Nothing tells how long its next byte takes. So it is read off the loop, by the pool; the loop takes
//! what has been read and never waits.

use std::fmt;
use std::io;
use std::io::Read;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::TryLockError;

use lineman_proto::tftp::Mode;
use lineman_proto::tftp::netascii;

use super::Refusal;
use super::source::ReadError;

/// A reader of which the part that may be asked for again is kept: a window at the most.
pub(super) struct Stream {
    feed: Arc<Mutex<Feed>>,
    netascii: bool,
    /// Where `kept` begins in the stream as it is sent.
    start: u64,
    kept: Vec<u8>,
    ended: bool,
}

/// What has been read off the loop. The thread that reads has the lock, for as long as that takes.
struct Feed {
    reader: Box<dyn Read + Send>,
    /// As it was read.
    fresh: Vec<u8>,
    /// Whether nothing more will come, or why.
    ended: io::Result<bool>,
}

impl Stream {
    pub(super) fn new(reader: Box<dyn Read + Send>, mode: Mode) -> Self {
        Self {
            feed: Arc::new(Mutex::new(Feed {
                reader,
                fresh: Vec::new(),
                ended: Ok(false),
            })),
            netascii: mode == Mode::Netascii,
            start: 0,
            kept: Vec::new(),
            ended: false,
        }
    }

    /// Gives `wanted` bytes from `offset` on; fewer are the end of the stream.
    ///
    /// # Errors
    /// When they have to be waited for, or could not be read.
    pub(super) fn read(&mut self, offset: u64, wanted: usize) -> Result<&[u8], ReadError> {
        let skip = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        while !self.ended && self.kept.len() < skip + wanted {
            self.take_fresh()?;
        }
        let from = skip.min(self.kept.len());
        let to = (skip + wanted).min(self.kept.len());
        Ok(&self.kept[from..to])
    }

    /// Work for the pool after [`ReadError::NotCached`]: waits until such a read finds its bytes.
    pub(super) fn read_ahead(
        &self,
        offset: u64,
        wanted: usize,
    ) -> impl FnOnce() + Send + use<> + 'static {
        let end = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        let missing = end.saturating_add(wanted).saturating_sub(self.kept.len());
        let feed = Arc::clone(&self.feed);
        // After a panic of the reader it is whole: each statement leaves it so.
        move || {
            feed.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .fill(missing);
        }
    }

    /// Everything before `offset` will not be asked for again.
    pub(super) fn release(&mut self, offset: u64) {
        let done = usize::try_from(offset.saturating_sub(self.start))
            .unwrap_or(usize::MAX)
            .min(self.kept.len());
        self.kept.drain(..done);
        self.start += done as u64;
    }

    fn take_fresh(&mut self) -> Result<(), ReadError> {
        let mut feed = match self.feed.try_lock() {
            Ok(feed) => feed,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(ReadError::NotCached),
        };
        let fresh = std::mem::take(&mut feed.fresh);
        if fresh.is_empty() {
            // What came before an error is sent first.
            match std::mem::replace(&mut feed.ended, Ok(true)) {
                Ok(true) => self.ended = true,
                Ok(false) => {
                    feed.ended = Ok(false);
                    return Err(ReadError::NotCached);
                }
                Err(error) => return Err(Refusal::from(error).into()),
            }
        }
        match self.netascii {
            true => netascii::encode(&fresh, &mut self.kept),
            false => self.kept.extend_from_slice(&fresh),
        }
        Ok(())
    }
}

impl Feed {
    /// Waits until there are so many bytes, or no more.
    fn fill(&mut self, missing: usize) {
        let mut chunk = [0; CHUNK];
        while matches!(self.ended, Ok(false)) && self.fresh.len() < missing {
            match self.reader.read(&mut chunk) {
                Ok(0) => self.ended = Ok(true),
                Ok(len) => self.fresh.extend_from_slice(&chunk[..len]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.ended = Err(error),
            }
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

/// What is read at a time, in bytes.
const CHUNK: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Reads as a transfer does: off the loop whatever is not there.
    fn read(stream: &mut Stream, offset: u64, wanted: usize) -> Vec<u8> {
        if let Err(ReadError::NotCached) = stream.read(offset, wanted) {
            stream.read_ahead(offset, wanted)();
        }
        stream.read(offset, wanted).expect("bytes").to_vec()
    }

    #[test]
    fn a_stream_keeps_what_may_be_asked_for_again_and_nothing_else() {
        let text: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        let mut stream = Stream::new(Box::new(io::Cursor::new(text.clone())), Mode::Octet);
        for offset in (0..100_000).step_by(1000) {
            for _ in 0..2 {
                let expected = &text[offset as usize..offset as usize + 1000];
                assert_eq!(read(&mut stream, offset, 1000), expected);
            }
            stream.release(offset + 1000);
            assert!(stream.kept.len() <= 17 * 1024);
        }
        assert!(read(&mut stream, 100_000, 1000).is_empty());
    }

    /// A pipe that pauses held up the loop, and with it ^C.
    #[test]
    fn a_pipe_is_waited_for_off_the_loop() {
        for mode in [Mode::Octet, Mode::Netascii] {
            let (reader, mut writer) = io::pipe().expect("pipe");
            let mut stream = Stream::new(Box::new(reader), mode);
            let unread = stream.read(0, 600);
            assert!(matches!(unread, Err(ReadError::NotCached)));
            let work = std::thread::spawn(stream.read_ahead(0, 600));
            while stream.feed.try_lock().is_ok() && !work.is_finished() {
                std::thread::yield_now();
            }
            let unread = stream.read(0, 600);
            assert!(
                matches!(unread, Err(ReadError::NotCached)),
                "while another reads"
            );
            writer.write_all(&[b'a'; 500]).expect("write");
            writer.write_all(&[b'b'; 100]).expect("write");
            work.join().expect("read");
            let bytes = stream.read(0, 600).expect("bytes");
            assert_eq!((bytes.len(), bytes[499], bytes[500]), (600, b'a', b'b'));
            stream.release(600);
            drop(writer);
            assert!(read(&mut stream, 600, 512).is_empty());
        }
    }

    #[test]
    fn what_came_before_an_error_is_sent_first() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let reader = io::Cursor::new(vec![7; 600]).chain(Broken);
        let mut stream = Stream::new(Box::new(reader), Mode::Octet);
        assert_eq!(read(&mut stream, 0, 512).len(), 512);
        stream.read_ahead(512, 512)();
        assert!(matches!(
            stream.read(512, 512),
            Err(ReadError::Refused(Refusal::System(_)))
        ));
    }
}
