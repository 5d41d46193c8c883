//! The six packets, as views of the bytes that arrived.

use std::fmt;

use super::DATA_HEADER;
use super::Direction;
use super::ErrorCode;
use super::Options;
use super::Request;
use super::options;
use crate::text::visible_bytes;

/// A TFTP packet (RFC 1350 §5, RFC 2347). Parsing copies nothing; no input makes it panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// RRQ (1) or WRQ (2).
    Request(Request<'a>),
    /// DATA (3).
    Data {
        /// The block's number on the wire.
        block: u16,
        /// The block; shorter than `blksize` means that it is the last.
        payload: &'a [u8],
    },
    /// ACK (4).
    Ack {
        /// The block's number on the wire.
        block: u16,
    },
    /// ERROR (5).
    Error {
        /// What kind of error.
        code: ErrorCode,
        /// The sender's words, not trusted to be text.
        message: &'a [u8],
    },
    /// OACK (6).
    Oack(Options<'a>),
}

/// Why some bytes are no TFTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// A request for a file without a name.
    EmptyFilename,
    /// A transfer mode that is neither `octet` nor `netascii`.
    Mode,
    /// An opcode that no RFC defines.
    Opcode(u16),
    /// It ends too early.
    Truncated,
}

impl<'a> Packet<'a> {
    /// Parses a datagram. Bytes behind what the packet needs are ignored (a Windows boot manager
    /// sends ACKs of five bytes, some ROMs pad requests with zeros).
    ///
    /// # Errors
    /// When it is too short, has an unknown opcode, or is a request without name or known mode.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let (opcode, rest) = split_u16(bytes)?;
        match opcode {
            1 => Request::parse(Direction::Read, rest).map(Self::Request),
            2 => Request::parse(Direction::Write, rest).map(Self::Request),
            3 => split_u16(rest).map(|(block, payload)| Self::Data { block, payload }),
            4 => split_u16(rest).map(|(block, _)| Self::Ack { block }),
            5 => split_u16(rest).map(|(code, text)| Self::Error {
                code: ErrorCode(code),
                message: options::split_nul(text).map_or(text, |(message, _)| message),
            }),
            6 => Ok(Self::Oack(Options::new(rest))),
            _ => Err(ParseError::Opcode(opcode)),
        }
    }

    /// The packet's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        match self {
            Self::Request(request) => request.encode(&mut out),
            Self::Data { block, payload } => {
                out.extend_from_slice(&data_header(*block));
                out.extend_from_slice(payload);
            }
            Self::Ack { block } => out.extend_from_slice(&ack(*block)),
            Self::Error { code, message } => {
                out.extend_from_slice(&[0, 5]);
                out.extend_from_slice(&code.0.to_be_bytes());
                out.extend_from_slice(message);
                out.push(0);
            }
            Self::Oack(options) => {
                out.extend_from_slice(&[0, 6]);
                for (name, value) in *options {
                    options::push(&mut out, name, value);
                }
            }
        }
        out
    }
}

/// The four bytes in front of a block.
pub(super) fn data_header(block: u16) -> [u8; DATA_HEADER] {
    let [high, low] = block.to_be_bytes();
    [0, 3, high, low]
}

/// A whole ACK.
pub(super) fn ack(block: u16) -> [u8; 4] {
    let [high, low] = block.to_be_bytes();
    [0, 4, high, low]
}

/// The byte behind an ACK: with `msftwindow`, the size of the next window.
pub(super) fn next_window(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [0, 4, _, _, window, ..] => Some(*window),
        _ => None,
    }
}

fn split_u16(bytes: &[u8]) -> Result<(u16, &[u8]), ParseError> {
    match bytes {
        [high, low, rest @ ..] => Ok((u16::from_be_bytes([*high, *low]), rest)),
        _ => Err(ParseError::Truncated),
    }
}

impl fmt::Display for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(request) => request.fmt(f),
            Self::Data { block, payload } => write!(f, "DATA block={block} len={}", payload.len()),
            Self::Ack { block } => write!(f, "ACK block={block}"),
            Self::Error { code, message } => {
                write!(f, "ERROR {} \"{}\"", code.0, visible_bytes(message))
            }
            Self::Oack(options) => {
                f.write_str("OACK")?;
                fmt_options(*options, f)
            }
        }
    }
}

pub(super) fn fmt_options(options: Options<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    options.iter().try_for_each(|(name, value)| {
        write!(f, " {}={}", visible_bytes(name), visible_bytes(value))
    })
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyFilename => f.write_str("a request without a file name"),
            Self::Mode => f.write_str("an unknown transfer mode"),
            Self::Opcode(opcode) => write!(f, "unknown opcode {opcode}"),
            Self::Truncated => f.write_str("a truncated packet"),
        }
    }
}

impl std::error::Error for ParseError {}

#[cfg(test)]
mod tests {
    use super::super::Mode;
    use super::*;

    #[test]
    fn an_ack_may_carry_the_size_of_the_next_window() {
        assert_eq!(
            Packet::parse(b"\0\x04\0\x07\x10"),
            Ok(Packet::Ack { block: 7 })
        );
        assert_eq!(next_window(b"\0\x04\0\x07\x10"), Some(16));
        assert_eq!(next_window(b"\0\x04\0\x07\x10padding"), Some(16));
        assert_eq!(next_window(b"\0\x04\0\x07"), None);
        assert_eq!(next_window(b"\0\x03\0\x07\x10"), None);
    }

    /// Bytes as RFC 1350, 2347 and 7440 print them, with what they mean.
    #[test]
    fn the_rfcs_own_packets() {
        let rrq = b"\0\x01foobar\0octet\0blksize\x001432\0";
        let Ok(Packet::Request(request)) = Packet::parse(rrq) else {
            panic!()
        };
        assert_eq!(
            (request.direction, request.filename),
            (Direction::Read, &b"foobar"[..])
        );
        assert_eq!(
            (request.mode, request.options.number("blksize")),
            (Mode::Octet, Some(1432))
        );
        assert_eq!(Packet::Request(request).encode(), rrq);
        assert_eq!(
            Packet::parse(b"\0\x03\0\x01hi"),
            Ok(Packet::Data {
                block: 1,
                payload: b"hi"
            })
        );
        assert_eq!(
            Packet::parse(b"\0\x04\xff\xff"),
            Ok(Packet::Ack { block: 65535 })
        );
        assert_eq!(
            Packet::parse(b"\0\x05\0\x01File not found\0"),
            Ok(Packet::Error {
                code: ErrorCode::NOT_FOUND,
                message: b"File not found"
            })
        );
        let Ok(Packet::Oack(options)) = Packet::parse(b"\0\x06windowsize\x004\0") else {
            panic!()
        };
        assert_eq!(options.number("windowsize"), Some(4));
    }

    #[test]
    fn what_sloppy_clients_send_still_parses() {
        let mode = |bytes| match Packet::parse(bytes) {
            Ok(Packet::Request(request)) => request.mode,
            other => panic!("{other:?}"),
        };
        assert_eq!(mode(b"\0\x01x\0OCTET\0"), Mode::Octet);
        assert_eq!(mode(b"\0\x01x\0netASCII"), Mode::Netascii);
        assert_eq!(mode(b"\0\x02x\0octet\0\0\0\0\0\0\0"), Mode::Octet);
        assert_eq!(
            Packet::parse(b"\0\x04\0\x07\x20"),
            Ok(Packet::Ack { block: 7 })
        );
        assert_eq!(
            Packet::parse(b"\0\x05\0\0no NUL"),
            Ok(Packet::Error {
                code: ErrorCode(0),
                message: b"no NUL"
            })
        );
    }

    #[test]
    fn what_is_no_packet_is_told_apart() {
        assert_eq!(Packet::parse(b""), Err(ParseError::Truncated));
        assert_eq!(Packet::parse(b"\0\x04\0"), Err(ParseError::Truncated));
        assert_eq!(Packet::parse(b"\0\x01no-nul"), Err(ParseError::Truncated));
        assert_eq!(
            Packet::parse(b"\0\x01\0octet\0"),
            Err(ParseError::EmptyFilename)
        );
        assert_eq!(Packet::parse(b"\0\x01x\0mail\0"), Err(ParseError::Mode));
        assert_eq!(
            Packet::parse(b"GET / HTTP/1.1"),
            Err(ParseError::Opcode(0x4745))
        );
    }

    #[test]
    fn one_line_for_each_packet() {
        let line = |bytes| Packet::parse(bytes).map(|packet| packet.to_string());
        assert_eq!(
            line(b"\0\x01a\x1bb\0octet\0tsize\x000\0"),
            Ok("RRQ \"a^[b\" octet tsize=0".into())
        );
        assert_eq!(line(b"\0\x03\x01\0xyz"), Ok("DATA block=256 len=3".into()));
        assert_eq!(line(b"\0\x06tsize\x009\0"), Ok("OACK tsize=9".into()));
    }
}
