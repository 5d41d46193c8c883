//! What a session wants sent.

use std::net::SocketAddr;

use super::DATA_HEADER;
use super::Rollover;
use super::packet;

/// Something to send, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The receiver's address and TID.
    pub to: SocketAddr,
    /// What to send.
    pub payload: Payload,
}

/// Either a packet made of bytes, or blocks that the caller reads from its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// An ACK; apart because there is one for each window and it needs no memory.
    Ack([u8; 4]),
    /// Any other packet that is complete.
    Packet(Vec<u8>),
    /// Consecutive DATA packets: one datagram each, all of the same size but the file's last, so
    /// that one system call can carry them.
    Data(DataRun),
}

/// Consecutive blocks of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataRun {
    /// The first block, counted from 1.
    pub first: u64,
    /// How many.
    pub count: u32,
    /// Bytes in each block but the file's last.
    pub blksize: u16,
    pub(super) rollover: Rollover,
}

impl DataRun {
    /// `count` blocks from `first` on.
    pub fn new(first: u64, count: u32, blksize: u16, rollover: Rollover) -> Self {
        Self {
            first,
            count,
            blksize,
            rollover,
        }
    }

    /// Splits off the first `count` blocks, or all if there are fewer.
    pub fn take(&mut self, count: u32) -> Self {
        let taken = Self {
            count: self.count.min(count),
            ..*self
        };
        self.first += u64::from(taken.count);
        self.count -= taken.count;
        taken
    }

    /// Bytes in its blocks, if none of them is the file's last.
    pub fn len(&self) -> usize {
        self.count as usize * usize::from(self.blksize)
    }

    /// Whether no block is left.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Where the run's first byte is in the source.
    pub fn offset(&self) -> u64 {
        (self.first - 1) * u64::from(self.blksize)
    }

    /// The bytes in front of the run's `nth` block, counted from 0.
    pub fn header(&self, nth: u32) -> [u8; DATA_HEADER] {
        packet::data_header(self.rollover.wire(self.first + u64::from(nth)))
    }
}
