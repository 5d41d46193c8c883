//! Bytes that know their place.

use std::fmt;
use std::ops::Range;

/// Some bytes of a frame, with their place in it, and with how many there were on the wire: a
/// capture may have kept fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    bytes: &'a [u8],
    at: usize,
    wire_len: usize,
}

/// Why a layer could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The capture ends before it does.
    Cut,
    /// It contradicts itself, or is shorter than it may be.
    Malformed(Wrong),
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// There are fewer bytes than the shortest has.
    Short {
        /// How many there are.
        there: usize,
        /// How many the shortest has.
        least: usize,
    },
    /// It states fewer bytes than it has itself.
    StatesLess {
        /// What it states.
        stated: usize,
        /// What it has at least.
        least: usize,
    },
    /// It states more bytes than there are.
    StatesMore {
        /// What it states.
        stated: usize,
        /// How many there are.
        there: usize,
    },
    /// It is of another version of the protocol than what carries it says.
    Version(u8),
    /// It is about other kinds of addresses than IPv4's and Ethernet's (ARP).
    Kinds,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { there, least } => write!(f, "{there} bytes of at least {least}"),
            Self::StatesLess { stated, least } => {
                write!(f, "states {stated} bytes, has at least {least}")
            }
            Self::StatesMore { stated, there } => {
                write!(f, "states {stated} bytes, {there} are there")
            }
            Self::Version(version) => write!(f, "version {version}"),
            Self::Kinds => f.write_str("not of IPv4 and Ethernet"),
        }
    }
}

impl<'a> Part<'a> {
    pub(super) fn whole(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            wire_len: bytes.len(),
        }
    }

    /// The beginning of a frame that had so many bytes on the wire; never fewer than there are here.
    pub(super) fn captured(bytes: &'a [u8], wire_len: usize) -> Self {
        Self {
            bytes,
            at: 0,
            wire_len: wire_len.max(bytes.len()),
        }
    }

    /// The bytes that were captured.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where they are in the frame.
    pub fn range(&self) -> Range<usize> {
        self.at..self.at + self.bytes.len()
    }

    /// How many bytes there were on the wire.
    pub fn wire_len(&self) -> usize {
        self.wire_len
    }

    /// Whether bytes are missing.
    pub fn is_cut(&self) -> bool {
        self.bytes.len() < self.wire_len
    }

    /// Where the part begins in the frame.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The same beginning, of a length that a header states; it may exceed what was captured.
    pub(super) fn stated(self, len: usize) -> Self {
        Self {
            bytes: self.bytes.get(..len).unwrap_or(self.bytes),
            wire_len: len,
            ..self
        }
    }

    /// The first `N` bytes, and the rest.
    pub(super) fn head<const N: usize>(self) -> Result<(&'a [u8; N], Self), Flaw> {
        match self.bytes.first_chunk() {
            Some(head) => Ok((head, self.split(N).1)),
            None if self.is_cut() && self.wire_len >= N => Err(Flaw::Cut),
            None => Err(Flaw::Malformed(Wrong::Short {
                there: self.wire_len,
                least: N,
            })),
        }
    }

    /// Whether a header of `stated` bytes may be, which has at least so many.
    pub(super) fn check_header(&self, stated: usize, least: usize) -> Result<(), Flaw> {
        let there = self.wire_len;
        if stated < least {
            return Err(Flaw::Malformed(Wrong::StatesLess { stated, least }));
        }
        if stated > there {
            return Err(Flaw::Malformed(Wrong::StatesMore { stated, there }));
        }
        Ok(())
    }

    /// What comes before and after `len` bytes; nothing that is not there.
    pub(super) fn split(self, len: usize) -> (Self, Self) {
        let len = len.min(self.wire_len);
        let (head, tail) = self.bytes.split_at(len.min(self.bytes.len()));
        let before = Self {
            bytes: head,
            at: self.at,
            wire_len: len,
        };
        let after = Self {
            bytes: tail,
            at: self.at + head.len(),
            wire_len: self.wire_len - len,
        };
        (before, after)
    }
}

/// Big-endian numbers of a header; the arrays make wrong places a compile error.
pub(super) fn be16(bytes: [u8; 2]) -> u16 {
    u16::from_be_bytes(bytes)
}

pub(super) fn be32(bytes: [u8; 4]) -> u32 {
    u32::from_be_bytes(bytes)
}
