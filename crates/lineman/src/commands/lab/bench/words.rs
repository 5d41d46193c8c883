//! The words of a line, one by one.

use super::complaint::Complaint;
use super::options;

/// The first word, and what stands behind it.
pub(super) fn word(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace)
        .map_or((text, ""), |(word, rest)| (word, rest.trim()))
}

/// The number of a packet: `4`, `#4`.
pub(super) fn packet(text: &str) -> Result<u64, Complaint> {
    options::number(text.strip_prefix('#').unwrap_or(text))
}

/// What is left of a line.
pub(super) struct Words<'a>(pub(super) &'a str);

impl<'a> Words<'a> {
    pub(super) fn next(&mut self) -> Option<&'a str> {
        let (word, rest) = word(self.0);
        self.0 = rest;
        Some(word).filter(|word| !word.is_empty())
    }

    pub(super) fn need(&mut self, example: &'static str) -> Result<&'a str, Complaint> {
        self.next().ok_or(Complaint::Missing(example))
    }

    /// `fd 4`, if it stands here.
    pub(super) fn descriptor(&mut self) -> Result<Option<i32>, Complaint> {
        let (first, rest) = word(self.0);
        if first != "fd" {
            return Ok(None);
        }
        self.0 = rest;
        let number = self.need("fd 4")?;
        options::number(number).map(Some)
    }

    pub(super) fn packet(&mut self) -> Result<Option<u64>, Complaint> {
        self.next().map(packet).transpose()
    }

    pub(super) fn end(&mut self) -> Result<(), Complaint> {
        match self.next() {
            Some(word) => Err(Complaint::Extra(word.to_owned())),
            None => Ok(()),
        }
    }
}
