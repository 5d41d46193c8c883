//! A block as it is read: nothing is taken beyond the length that it states.

use std::io::Read;

use super::END_OF_OPTIONS;
use super::Endian;
use super::FRAMING;
use super::Input;
use super::Reason;
use super::Stop;
use crate::files::MAX_OPTIONS;

/// A block, from behind its first length on.
pub(super) struct Block<'a, R> {
    input: &'a mut Input<R>,
    endian: Endian,
    len: u32,
    left: u64,
}

/// An option of a block.
pub(super) struct BlockOption {
    pub(super) code: u16,
    pub(super) value: Vec<u8>,
}

impl<'a, R: Read> Block<'a, R> {
    pub(super) fn new(input: &'a mut Input<R>, endian: Endian, len: u32) -> Result<Self, Reason> {
        let left = len.checked_sub(FRAMING).ok_or(Reason::BlockLength(len))?;
        if !len.is_multiple_of(4) {
            return Err(Reason::BlockLength(len));
        }
        Ok(Self {
            input,
            endian,
            len,
            left: left.into(),
        })
    }

    pub(super) fn endian(&self) -> Endian {
        self.endian
    }

    /// So many bytes of it have been read already.
    pub(super) fn passed(&mut self, bytes: usize) -> Result<(), Reason> {
        let left = self.left.checked_sub(bytes as u64);
        self.left = left.ok_or(Reason::BlockLength(self.len))?;
        Ok(())
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        self.passed(N)?;
        self.input.array()
    }

    pub(super) fn u16(&mut self) -> Result<u16, Stop> {
        Ok(self.endian.u16(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, Stop> {
        Ok(self.endian.u32(self.array()?))
    }

    /// So many bytes, in place of what is in `bytes`; those that fill them up to a multiple of four are passed
    /// over.
    pub(super) fn padded(&mut self, len: u32, bytes: &mut Vec<u8>) -> Result<(), Stop> {
        let padded = len.next_multiple_of(4);
        self.passed(padded as usize)?;
        self.input.take(len.into(), bytes)?;
        self.input.skip((padded - len).into())
    }

    /// Its options, which take up all that is left.
    pub(super) fn options(&mut self) -> Result<Vec<BlockOption>, Stop> {
        if self.left > MAX_OPTIONS {
            return Err(Reason::BlockLength(self.len).into());
        }
        let mut options = Vec::new();
        while self.left > 0 {
            let (code, len) = (self.u16()?, self.u16()?);
            if code == END_OF_OPTIONS {
                break;
            }
            let mut value = Vec::new();
            self.padded(len.into(), &mut value)?;
            options.push(BlockOption { code, value });
        }
        Ok(options)
    }

    /// Passes over what was not read, and checks the length behind it.
    pub(super) fn finish(self) -> Result<(), Stop> {
        self.input.skip(self.left)?;
        let again = self.endian.u32(self.input.array()?);
        match again == self.len {
            true => Ok(()),
            false => Err(Reason::BlockLength(again).into()),
        }
    }
}
