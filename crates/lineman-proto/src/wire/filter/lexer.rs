//! Words and signs of a filter, each with its place.

use std::ops::Range;

use super::FilterError;
use super::Problem;
use super::words;

/// A word or a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) text: &'t str,
    /// Where it begins, in bytes.
    pub(super) at: usize,
    pub(super) kind: Kind,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a number or an address.
    Word,
    /// A word with a backslash before it: never one of the language's own.
    Quoted,
    /// A sign.
    Sign,
}

impl<'t> Token<'t> {
    pub(super) fn range(&self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }

    pub(super) fn error(&self, problem: Problem) -> FilterError {
        FilterError::new(self.text.to_owned(), self.range(), problem)
    }

    /// Its text if it is a word that may be one of the language's own.
    pub(super) fn keyword(&self) -> Option<&'t str> {
        (self.kind == Kind::Word).then_some(self.text)
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }
}

/// The signs, longer ones first.
const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<<", ">>", "(", ")", "[", "]", "!", "&", "|", "^", "=",
    "<", ">", "+", "-", "*", "/", "%",
];

/// The tokens of a text. Between brackets a colon is a sign; elsewhere it belongs to an address.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, FilterError> {
    let mut tokens = Vec::new();
    let (mut at, mut brackets) = (0, 0_u32);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let quoted = rest.strip_prefix('\\').map_or(0, |rest| word(rest, false));
        let (len, kind) = match word(rest, brackets > 0) {
            0 if quoted > 0 => {
                at += 1;
                (quoted, Kind::Quoted)
            }
            0 => (sign(rest, brackets > 0), Kind::Sign),
            len => (len, Kind::Word),
        };
        if len == 0 {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (word, place) = (rest[..end].to_owned(), at..at + end);
            let problem = Problem::Unknown(words::OPERATORS.to_vec());
            return Err(FilterError::new(word, place, problem));
        }
        let text = &text[at..at + len];
        match text {
            "[" => brackets += 1,
            "]" => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        tokens.push(Token { text, at, kind });
        at += len;
    }
    Ok(tokens)
}

fn sign(rest: &str, in_brackets: bool) -> usize {
    if in_brackets && rest.starts_with(':') {
        return 1;
    }
    let mut signs = SIGNS.into_iter();
    signs
        .find(|sign| rest.starts_with(sign))
        .map_or(0, str::len)
}

/// How long the word is that the text begins with. A hyphen belongs to it where letters or digits stand on
/// both sides: `tcp-syn`, `6000-6010`; behind a number between brackets it subtracts.
fn word(rest: &str, in_brackets: bool) -> usize {
    let bytes = rest.as_bytes();
    let is_plain = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let number = in_brackets && bytes.first().is_some_and(u8::is_ascii_digit);
    let belongs = |at: usize| match bytes[at] {
        b'_' | b'.' => at > 0 || is_plain(at + 1),
        b':' => !in_brackets,
        b'-' => !number && at > 0 && is_plain(at - 1) && is_plain(at + 1),
        _ => is_plain(at),
    };
    (0..bytes.len())
        .find(|at| !belongs(*at))
        .unwrap_or(bytes.len())
}
