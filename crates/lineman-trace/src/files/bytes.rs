//! Numbers in either byte order, and an input that knows where it is.

use std::io;
use std::io::Read;
use std::ops::Range;

use super::Reason;

/// The order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    /// The lowest byte first.
    Little,
    /// The highest byte first.
    Big,
}

impl Endian {
    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    pub(super) fn i64(self, bytes: [u8; 8]) -> i64 {
        match self {
            Self::Little => i64::from_le_bytes(bytes),
            Self::Big => i64::from_be_bytes(bytes),
        }
    }

    pub(super) fn u64(self, bytes: [u8; 8]) -> u64 {
        self.i64(bytes).cast_unsigned()
    }

    pub(super) fn put16(self, number: u16, out: &mut Vec<u8>) {
        out.extend(match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        });
    }

    pub(super) fn put32(self, number: u32, out: &mut Vec<u8>) {
        out.extend(match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        });
    }

    pub(super) fn put64(self, number: i64, out: &mut Vec<u8>) {
        out.extend(match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        });
    }
}

/// Why something could not be read whole.
#[derive(Debug)]
pub(super) enum Stop {
    /// The file ends in the middle of it.
    Cut,
    /// It cannot be read.
    Bad(Reason),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Bad(reason)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Bad(match error.kind() {
            io::ErrorKind::InvalidData => Reason::Unpacked(error),
            _ => error.into(),
        })
    }
}

/// How many bytes are read at once, and how much memory is taken for bytes that were promised and have not come.
const PORTION: usize = 64 << 10;

/// An input that counts its bytes, and reads them in portions.
#[derive(Debug)]
pub(super) struct Input<R> {
    input: R,
    portion: Vec<u8>,
    /// Which part of the portion was not taken yet.
    rest: Range<usize>,
    /// How many bytes were taken.
    pub(super) at: u64,
}

impl<R> Input<R> {
    pub(super) fn get(&self) -> &R {
        &self.input
    }

    /// What was read and not taken yet.
    pub(super) fn at_hand(&self) -> &[u8] {
        &self.portion[self.rest.clone()]
    }
}

impl<R: Read> Input<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            portion: vec![0; PORTION],
            rest: 0..0,
            at: 0,
        }
    }

    /// The next `N` bytes; `None` if the input ends just here.
    pub(super) fn next<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Stop> {
        if let Some(bytes) = self.at_hand().first_chunk() {
            let bytes = *bytes;
            self.took(N);
            return Ok(Some(bytes));
        }
        let mut bytes = [0; N];
        let mut have = 0;
        while have < N {
            match self.some(&mut bytes[have..])? {
                0 if have == 0 => return Ok(None),
                0 => return Err(Stop::Cut),
                more => have += more,
            }
        }
        Ok(Some(bytes))
    }

    /// The next `N` bytes, which have to be there.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        self.next()?.ok_or(Stop::Cut)
    }

    /// The next `len` bytes, in place of what is in `bytes`. Memory is taken as they come, not by what the
    /// length promises.
    pub(super) fn take(&mut self, len: u64, bytes: &mut Vec<u8>) -> Result<(), Stop> {
        let len = usize::try_from(len).map_err(|_| Stop::Cut)?;
        if let Some(whole) = self.at_hand().get(..len) {
            bytes.clear();
            bytes.extend_from_slice(whole);
            self.took(len);
            return Ok(());
        }
        let mut have = 0;
        // What is there is written over: only what is new has to be filled before.
        while have < len {
            let end = len.min(have + PORTION);
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            match self.some(&mut bytes[have..end])? {
                0 => return Err(Stop::Cut),
                more => have += more,
            }
        }
        bytes.truncate(len);
        Ok(())
    }

    /// Passes over the next `len` bytes.
    pub(super) fn skip(&mut self, mut len: u64) -> Result<(), Stop> {
        while len > 0 {
            if self.rest.is_empty() && !self.fill()? {
                return Err(Stop::Cut);
            }
            let here = usize::try_from(len)
                .unwrap_or(usize::MAX)
                .min(self.rest.len());
            self.took(here);
            len -= here as u64;
        }
        Ok(())
    }

    /// As many of the next bytes as there are without another portion, or of the next portion; 0 at the end.
    fn some(&mut self, bytes: &mut [u8]) -> Result<usize, Stop> {
        if self.rest.is_empty() {
            self.fill()?;
        }
        let here = self.rest.len().min(bytes.len());
        bytes[..here].copy_from_slice(&self.at_hand()[..here]);
        self.took(here);
        Ok(here)
    }

    /// Reads the next portion; false at the end.
    fn fill(&mut self) -> Result<bool, Stop> {
        loop {
            match self.input.read(&mut self.portion) {
                Ok(len) => {
                    self.rest = 0..len;
                    return Ok(len > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn took(&mut self, len: usize) {
        self.rest.start += len;
        self.at += len as u64;
    }
}
