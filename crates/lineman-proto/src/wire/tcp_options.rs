//! The options of a segment (RFC 9293 §3.2, RFC 7323, RFC 2018).

use std::fmt;
use std::ops::Range;

use super::part::be16;
use super::part::be32;

/// An option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpOption<'a> {
    /// No more options follow (kind 0).
    End,
    /// Fills a byte (kind 1).
    Nop,
    /// The largest segment that the sender takes (kind 2).
    Mss(u16),
    /// By how many bits its windows will be shifted (kind 3, RFC 7323 §2).
    WindowScale(u8),
    /// It understands selective acknowledgments (kind 4, RFC 2018 §2).
    SackPermitted,
    /// What it has received beyond a gap (kind 5, RFC 2018 §3).
    Sack(SackBlocks<'a>),
    /// The sender's clock, and the last one it heard (kind 8, RFC 7323 §3).
    Timestamps {
        /// Its clock.
        value: u32,
        /// Its peer's, echoed.
        echo: u32,
    },
    /// Any other, or one of the above with a wrong length.
    Other {
        /// The option's number.
        kind: u8,
        /// What it says.
        data: &'a [u8],
    },
    /// From here on the bytes are no options: a length is too small, or leads out of the header.
    Malformed(&'a [u8]),
}

/// The blocks of a SACK: from the first byte to behind the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SackBlocks<'a>(&'a [[u8; 8]]);

impl<'a> SackBlocks<'a> {
    /// For a frame to make: the blocks as they stand on the wire.
    pub fn new(blocks: &'a [[u8; 8]]) -> Self {
        Self(blocks)
    }

    /// The blocks: first number, and the number behind the last.
    pub fn iter(self) -> impl Iterator<Item = (u32, u32)> + 'a {
        let pair = |&[a, b, c, d, e, f, g, h]: &[u8; 8]| (be32([a, b, c, d]), be32([e, f, g, h]));
        self.0.iter().map(pair)
    }
}

/// The options of one segment, in order.
#[derive(Clone, Copy, Debug)]
pub struct TcpOptions<'a> {
    rest: &'a [u8],
}

impl<'a> TcpOptions<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// Each with its place behind the fixed header.
    pub(super) fn placed(self) -> impl Iterator<Item = (Range<usize>, TcpOption<'a>)> {
        let len = self.rest.len();
        let mut options = self;
        std::iter::from_fn(move || {
            let from = len - options.rest.len();
            let option = options.next()?;
            Some((from..len - options.rest.len(), option))
        })
    }
}

impl<'a> Iterator for TcpOptions<'a> {
    type Item = TcpOption<'a>;

    fn next(&mut self) -> Option<TcpOption<'a>> {
        match *self.rest {
            [] => None,
            [0, ..] => {
                self.rest = &[];
                Some(TcpOption::End)
            }
            [1, ref rest @ ..] => {
                self.rest = rest;
                Some(TcpOption::Nop)
            }
            [kind, len, ref rest @ ..] if usize::from(len).wrapping_sub(2) <= rest.len() => {
                let (data, rest) = rest.split_at(usize::from(len) - 2);
                self.rest = rest;
                Some(TcpOption::read(kind, data))
            }
            ref bytes => {
                self.rest = &[];
                Some(TcpOption::Malformed(bytes))
            }
        }
    }
}

impl<'a> TcpOption<'a> {
    fn read(kind: u8, data: &'a [u8]) -> Self {
        match (kind, data) {
            (2, &[high, low]) => Self::Mss(be16([high, low])),
            (3, &[shift]) => Self::WindowScale(shift),
            (4, []) => Self::SackPermitted,
            (5, blocks) if !blocks.is_empty() && blocks.len() % 8 == 0 => {
                Self::Sack(SackBlocks(blocks.as_chunks().0))
            }
            (8, &[a, b, c, d, e, f, g, h]) => Self::Timestamps {
                value: be32([a, b, c, d]),
                echo: be32([e, f, g, h]),
            },
            _ => Self::Other { kind, data },
        }
    }

    /// Its bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::End => out.push(0),
            Self::Nop => out.push(1),
            Self::Mss(mss) => push(out, 2, &mss.to_be_bytes()),
            Self::WindowScale(shift) => push(out, 3, &[*shift]),
            Self::SackPermitted => push(out, 4, &[]),
            Self::Sack(blocks) => push(out, 5, blocks.0.as_flattened()),
            Self::Timestamps { value, echo } => {
                push(
                    out,
                    8,
                    [value.to_be_bytes(), echo.to_be_bytes()].as_flattened(),
                );
            }
            Self::Other { kind, data } => push(out, *kind, data),
            Self::Malformed(bytes) => out.extend_from_slice(bytes),
        }
    }

    /// The field's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::End => "end of options",
            Self::Nop => "no operation",
            Self::Mss(_) => "maximum segment size",
            Self::WindowScale(_) => "window scale",
            Self::SackPermitted => "sack permitted",
            Self::Sack(_) => "sack",
            Self::Timestamps { .. } => "timestamps",
            Self::Other { .. } => "unknown option",
            Self::Malformed(_) => "malformed options",
        }
    }
}

fn push(out: &mut Vec<u8>, kind: u8, data: &[u8]) {
    let data = data.get(..38).unwrap_or(data); // no header has room for more
    out.extend_from_slice(&[kind, data.len() as u8 + 2]);
    out.extend_from_slice(data);
}

impl fmt::Display for TcpOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => f.write_str("end"),
            Self::Nop => f.write_str("nop"),
            Self::Mss(mss) => write!(f, "mss {mss}"),
            Self::WindowScale(shift) => write!(f, "wscale {shift}"),
            Self::SackPermitted => f.write_str("sackOK"),
            Self::Sack(blocks) => {
                f.write_str("sack")?;
                let mut blocks = blocks.iter();
                blocks.try_for_each(|(from, to)| write!(f, " {from}-{to}"))
            }
            Self::Timestamps { value, echo } => write!(f, "ts {value} echo {echo}"),
            Self::Other { kind, data } => write!(f, "option {kind} of {} bytes", data.len()),
            Self::Malformed(bytes) => write!(f, "malformed, {} bytes", bytes.len()),
        }
    }
}
