//! Why a capture file cannot be read on.

use std::io;

use super::MAX_INTERFACES;
use super::MAX_PACKET;

/// A place in a file from which it cannot be read on. What stands before it was read.
#[derive(Debug, thiserror::Error)]
#[error("byte {at}: {reason}")]
pub struct BadFile {
    /// Where what cannot be read begins, in bytes from the start of the file.
    pub at: u64,
    /// Why.
    pub reason: Reason,
}

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The file itself.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What is compressed in it is damaged.
    #[error("what is compressed is damaged: {0}")]
    Unpacked(io::Error),
    /// It is empty, or shorter than any capture.
    #[error("too short for a capture")]
    TooShort,
    /// It begins as neither form does.
    #[error("neither pcap nor pcapng: it begins with {0:02x?}")]
    NotACapture([u8; 4]),
    /// A version of the form that no specification defines.
    #[error("version {major}.{minor} of the form is not known")]
    Version {
        /// Which.
        major: u16,
        /// Which.
        minor: u16,
    },
    /// A packet longer than [`MAX_PACKET`].
    #[error("a packet of {0} bytes; no packet has more than {MAX_PACKET}")]
    TooLong(u32),
    /// A block whose lengths contradict each other, or that is too short for what it is.
    #[error("a block of {0} bytes, which cannot be")]
    BlockLength(u32),
    /// Neither byte order.
    #[error("a section whose byte order is not to be told")]
    ByteOrder,
    /// A packet of an interface that the section has not described.
    #[error("a packet of interface {0}, which is not described")]
    NoInterface(u32),
    /// More than [`MAX_INTERFACES`].
    #[error("more than {MAX_INTERFACES} interfaces")]
    TooManyInterfaces,
}
