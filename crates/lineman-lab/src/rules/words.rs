//! The words of a rule, with their places.

use std::iter::Peekable;
use std::ops::Range;
use std::vec::IntoIter;

use super::ParseError;
use super::Value;

/// A word and its place.
#[derive(Clone, Debug)]
pub(super) struct Word<'t> {
    pub text: &'t str,
    pub at: usize,
}

pub(super) struct Words<'t> {
    pub words: Peekable<IntoIter<Word<'t>>>,
    pub last: Word<'t>,
}

/// The words of a rule. A colon ends a word and stays with it.
pub(super) fn words(text: &str, offset: usize) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut begin = 0;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let end = if c == ':' { at + 1 } else { at };
        if !c.is_whitespace() && c != ':' {
            continue;
        }
        if let Some(word) = text.get(begin..end).filter(|word| !word.is_empty()) {
            let at = offset + begin;
            words.push(Word { text: word, at });
        }
        begin = (at + c.len_utf8()).min(text.len());
    }
    words
}

impl Word<'_> {
    pub(super) fn range(&self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }

    pub(super) fn unknown(&self, choices: Vec<&'static str>) -> ParseError {
        ParseError::Unknown {
            token: self.text.into(),
            at: self.range(),
            choices,
        }
    }

    pub(super) fn twice(&self) -> ParseError {
        ParseError::Twice {
            token: self.text.into(),
            at: self.range(),
        }
    }

    pub(super) fn too_many(&self) -> ParseError {
        ParseError::TooMany {
            token: self.text.into(),
            at: self.range(),
        }
    }

    pub(super) fn wrong(&self, want: Value) -> ParseError {
        ParseError::Value {
            token: self.text.into(),
            at: self.range(),
            want,
        }
    }
}

impl<'t> Words<'t> {
    pub(super) fn next(&mut self) -> Result<Word<'t>, ParseError> {
        self.next_of(Vec::new)
    }

    pub(super) fn next_of(
        &mut self,
        choices: impl Fn() -> Vec<&'static str>,
    ) -> Result<Word<'t>, ParseError> {
        let Some(word) = self.words.next() else {
            return Err(ParseError::Missing {
                token: self.last.text.into(),
                at: self.last.range(),
                choices: choices(),
            });
        };
        self.last = word.clone();
        Ok(word)
    }

    pub(super) fn end(&mut self) -> Result<(), ParseError> {
        match self.words.next() {
            Some(word) => Err(word.unknown(Vec::new())),
            None => Ok(()),
        }
    }

    pub(super) fn value<T>(
        &mut self,
        want: Value,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ParseError> {
        let word = self.next_of(|| want.examples().to_vec())?;
        read(word.text).ok_or_else(|| word.wrong(want))
    }

    /// The value, or what is meant where the rule ends without it.
    pub(super) fn value_or<T>(
        &mut self,
        or: T,
        want: Value,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ParseError> {
        match self.words.peek() {
            Some(_) => self.value(want, read),
            None => Ok(or),
        }
    }
}
