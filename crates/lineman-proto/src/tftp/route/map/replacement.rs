//! What a rule puts in the place of what it has matched.

use std::net::IpAddr;

use regex::bytes::Captures;

use crate::tftp::route::template::ip_hex;

/// A replacement with its escape sequences.
#[derive(Clone, Debug)]
pub(super) struct Replacement(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Byte(u8),
    /// `\0` to `\9`.
    Part(usize),
    /// `\i`.
    Ip,
    /// `\x`.
    IpHex,
    /// `\U`, `\L`, `\E`.
    Case(Case),
}

/// What becomes of the letters that follow.
#[derive(Clone, Copy, Debug)]
enum Case {
    Upper,
    Lower,
    Same,
}

impl Case {
    fn of(self, byte: u8) -> u8 {
        match self {
            Self::Upper => byte.to_ascii_uppercase(),
            Self::Lower => byte.to_ascii_lowercase(),
            Self::Same => byte,
        }
    }
}

impl Replacement {
    /// Reads a replacement; a backslash before anything else stands for that.
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut pieces = Vec::new();
        let mut bytes = text.iter().copied();
        while let Some(byte) = bytes.next() {
            let escaped = (byte == b'\\').then(|| bytes.next()).flatten();
            pieces.push(match escaped {
                None => Piece::Byte(byte),
                Some(digit @ b'0'..=b'9') => Piece::Part(usize::from(digit - b'0')),
                Some(b'i') => Piece::Ip,
                Some(b'x') => Piece::IpHex,
                Some(b'U') => Piece::Case(Case::Upper),
                Some(b'L') => Piece::Case(Case::Lower),
                Some(b'E') => Piece::Case(Case::Same),
                Some(other) => Piece::Byte(other),
            });
        }
        Self(pieces)
    }

    /// The highest number of a part.
    pub(super) fn parts(&self) -> usize {
        let part = |piece: &Piece| match piece {
            Piece::Part(part) => *part,
            _ => 0,
        };
        self.0.iter().map(part).max().unwrap_or(0)
    }

    /// `name` with this in the place of what was matched of it.
    pub(super) fn replace(&self, name: &[u8], matched: &Captures<'_>, ip: IpAddr) -> Vec<u8> {
        let whole = matched.get(0).map_or(0..0, |whole| whole.range());
        let mut replaced = name[..whole.start].to_vec();
        let mut case = Case::Same;
        for piece in &self.0 {
            match piece {
                Piece::Byte(byte) => replaced.push(case.of(*byte)),
                Piece::Part(part) => {
                    let part = matched.get(*part).map_or(&[][..], |part| part.as_bytes());
                    replaced.extend(part.iter().map(|byte| case.of(*byte)));
                }
                Piece::Ip => {
                    let ip = ip.to_canonical().to_string();
                    replaced.extend(ip.bytes().map(|byte| case.of(byte)));
                }
                Piece::IpHex => replaced.extend(ip_hex(ip).bytes().map(|byte| case.of(byte))),
                Piece::Case(new) => case = *new,
            }
        }
        replaced.extend_from_slice(&name[whole.end..]);
        replaced
    }
}
