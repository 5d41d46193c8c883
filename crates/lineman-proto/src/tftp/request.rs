//! Read and write requests.

use std::fmt;

use super::Options;
use super::options;
use super::packet::ParseError;
use crate::text::visible_bytes;

/// RRQ or WRQ (RFC 1350 §5, RFC 2347).
///
/// ```text
///  2 bytes     string    1 byte     string   1 byte   string  1 byte   string  1 byte
/// ┌────────┬────────────┬──────┬────────────┬──────┬─────────┬──────┬─────────┬──────┐
/// │ Opcode │  Filename  │  0   │    Mode    │  0   │  opt1   │  0   │ value1  │  0   │ …
/// └────────┴────────────┴──────┴────────────┴──────┴─────────┴──────┴─────────┴──────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Which way the file goes.
    pub direction: Direction,
    /// The file's name, as sent: any bytes but NUL, never empty.
    pub filename: &'a [u8],
    /// The transfer mode.
    pub mode: Mode,
    /// What the client asks for beyond RFC 1350.
    pub options: Options<'a>,
}

/// Which way a file goes, seen from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// RRQ: from the server.
    Read,
    /// WRQ: to the server.
    Write,
}

/// The transfer mode. `mail` is obsolete and parses as an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Bytes as they are.
    Octet,
    /// Text, with line ends as in TELNET (RFC 764): CR LF, and CR NUL for a bare CR.
    Netascii,
}

impl<'a> Request<'a> {
    /// Parses what follows the opcode.
    pub(super) fn parse(direction: Direction, rest: &'a [u8]) -> Result<Self, ParseError> {
        let (filename, rest) = options::split_nul(rest).ok_or(ParseError::Truncated)?;
        if filename.is_empty() {
            return Err(ParseError::EmptyFilename);
        }
        // A mode without its NUL is complete enough when nothing follows it.
        let (mode, rest) = options::split_nul(rest).unwrap_or((rest, &[]));
        Ok(Self {
            direction,
            filename,
            mode: Mode::parse(mode)?,
            options: Options::new(rest),
        })
    }

    /// Appends the request as a packet, with the option fields as they are.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.direction.opcode().to_be_bytes());
        options::push(out, self.filename, self.mode.name().as_bytes());
        for (name, value) in self.options {
            options::push(out, name, value);
        }
    }
}

impl Direction {
    pub(super) fn opcode(self) -> u16 {
        match self {
            Self::Read => 1,
            Self::Write => 2,
        }
    }
}

impl Mode {
    fn parse(name: &[u8]) -> Result<Self, ParseError> {
        if name.eq_ignore_ascii_case(b"octet") || name.eq_ignore_ascii_case(b"binary") {
            Ok(Self::Octet)
        } else if name.eq_ignore_ascii_case(b"netascii") {
            Ok(Self::Netascii)
        } else {
            Err(ParseError::Mode)
        }
    }

    /// The mode's name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Octet => "octet",
            Self::Netascii => "netascii",
        }
    }
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.direction {
            Direction::Read => "RRQ",
            Direction::Write => "WRQ",
        };
        write!(
            f,
            "{verb} \"{}\" {}",
            visible_bytes(self.filename),
            self.mode.name()
        )?;
        super::packet::fmt_options(self.options, f)
    }
}
