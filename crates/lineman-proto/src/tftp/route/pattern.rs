//! What a route claims names by: a glob or a regular expression.

use regex::bytes::Captures;
use regex::bytes::Regex;
use regex::bytes::RegexBuilder;

/// A pattern of names. Names are bytes, as clients send them; matching takes time in proportion to the
/// name, whatever the pattern is.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// A glob that must match the whole name: `*` is any text without `/`, `**` any text, `?` one byte but
    /// `/`, `[abc]`, `[a-z]` and `[!a]` one of a set. What each of them matched has a number from 1.
    ///
    /// # Errors
    /// Where a set has no end, or the glob is longer than [`MOST_PATTERN`].
    pub(super) fn glob(text: &str) -> Result<Self, PatternError> {
        Self::build(&format!("^(?:{})$", glob_to_regex(text)?), text.len())
    }

    /// A regular expression, in the syntax of the crate `regex` and without Unicode classes, which need
    /// not match the whole name.
    ///
    /// # Errors
    /// With what is wrong with it.
    pub(super) fn regex(text: &str) -> Result<Self, PatternError> {
        Self::build(text, text.len())
    }

    fn build(regex: &str, length: usize) -> Result<Self, PatternError> {
        if length > MOST_PATTERN {
            return Err(PatternError::TooLong);
        }
        compile(regex, false).map(Self)
    }

    /// What the pattern and its numbered parts matched of `name`; `None` where it does not match.
    pub(super) fn captures(&self, name: &[u8]) -> Option<Vec<Vec<u8>>> {
        let captures = self.0.captures(name)?;
        Some((0..captures.len()).map(|n| part(&captures, n)).collect())
    }

    /// How many numbered parts there are.
    pub(super) fn parts(&self) -> usize {
        self.0.captures_len() - 1
    }
}

fn part(captures: &Captures<'_>, n: usize) -> Vec<u8> {
    let part = captures.get(n);
    part.map_or_else(Vec::new, |part| part.as_bytes().to_vec())
}

/// Compiles what an operator wrote; a program that would take more memory than [`MOST_PROGRAM`] is refused.
pub(super) fn compile(regex: &str, ignore_case: bool) -> Result<Regex, PatternError> {
    RegexBuilder::new(regex)
        .unicode(false)
        .dot_matches_new_line(true)
        .case_insensitive(ignore_case)
        .size_limit(MOST_PROGRAM)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternError::TooLong,
            error => PatternError::Syntax(last_line(&error.to_string())),
        })
}

/// The parser draws the place over several lines; its last one says what is wrong.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

fn glob_to_regex(glob: &str) -> Result<String, PatternError> {
    let mut regex = String::new();
    let mut rest = glob;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => match rest.strip_prefix('*') {
                Some(behind) => {
                    rest = behind;
                    regex.push_str("(.*)");
                }
                None => regex.push_str("([^/]*)"),
            },
            '?' => regex.push_str("([^/])"),
            '[' => {
                let (set, behind) = set(rest)?;
                regex.push_str(&set);
                rest = behind;
            }
            c => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    Ok(regex)
}

/// A set without its `[`, as a numbered part, and what is behind it.
fn set(text: &str) -> Result<(String, &str), PatternError> {
    let (not, inside) = match text.strip_prefix(['!', '^']) {
        Some(inside) => ("^/", inside),
        None => ("", text),
    };
    let end = inside
        .char_indices()
        .skip(1) // `]` in the first place is one of the set
        .find_map(|(at, c)| (c == ']').then_some(at))
        .ok_or(PatternError::OpenSet)?;
    let mut regex = format!("([{not}");
    let members: Vec<char> = inside[..end].chars().collect();
    for (nth, &c) in members.iter().enumerate() {
        let is_range = c == '-' && nth > 0 && nth + 1 < members.len();
        if !is_range && c.is_ascii_punctuation() {
            regex.push('\\');
        }
        regex.push(c);
    }
    regex.push_str("])");
    Ok((regex, &inside[end + 1..]))
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternError {
    /// A `[` without its `]`.
    OpenSet,
    /// Longer, or larger when it is compiled, than patterns may be.
    TooLong,
    /// What the parser of regular expressions says.
    Syntax(String),
}

/// The longest pattern, in bytes: four times the longest name that a request has room for.
const MOST_PATTERN: usize = 2048;
/// The largest compiled pattern, in bytes: `(a{1000}){1000}` would take a gigabyte.
const MOST_PROGRAM: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(pattern: &Pattern, name: &str) -> Option<Vec<String>> {
        let parts = pattern.captures(name.as_bytes())?;
        let text = |part: &Vec<u8>| String::from_utf8_lossy(part).into_owned();
        Some(parts.iter().map(text).collect())
    }

    #[test]
    fn a_glob_claims_whole_names_and_numbers_what_its_wildcards_matched() {
        for (glob, name, parts) in [
            ("pxelinux.0", "pxelinux.0", Some(vec![])),
            ("pxelinux.0", "pxelinuxx0", None),
            ("pxelinux.0", "a/pxelinux.0", None),
            ("*.cfg", "grub.cfg", Some(vec!["grub"])),
            ("*.cfg", "grub/grub.cfg", None),
            ("**.cfg", "grub/grub.cfg", Some(vec!["grub/grub"])),
            ("*/*", "a/b", Some(vec!["a", "b"])),
            ("a?c", "abc", Some(vec!["b"])),
            ("a?c", "a/c", None),
            ("v[0-9]/k", "v7/k", Some(vec!["7"])),
            ("v[!0-9]/k", "v7/k", None),
            ("v[!0-9]k", "v/k", None),
            ("v[]]", "v]", Some(vec!["]"])),
            ("v[a&&-]", "v-", Some(vec!["-"])),
            ("(a|b)+.$", "(a|b)+.$", Some(vec![])),
        ] {
            let pattern = Pattern::glob(glob).expect(glob);
            let wanted = parts.map(|parts| {
                let all = std::iter::once(name).chain(parts);
                all.map(str::to_owned).collect::<Vec<_>>()
            });
            assert_eq!(captured(&pattern, name), wanted, "{glob} {name}");
        }
        assert_eq!(
            Pattern::glob("a[b").expect_err("open"),
            PatternError::OpenSet
        );
        assert_eq!(
            Pattern::glob("a[]").expect_err("open"),
            PatternError::OpenSet
        );
    }

    #[test]
    fn a_regular_expression_that_explodes_is_refused_or_ends() {
        for huge in ["(a{1000}){1000}", &"a".repeat(MOST_PATTERN + 1)] {
            assert_eq!(Pattern::regex(huge).expect_err(huge), PatternError::TooLong);
        }
        // Takes backtracking parsers longer than the universe is old.
        let pattern = Pattern::regex("^(a+)+$").expect("pattern");
        let name = "a".repeat(500) + "b";
        assert_eq!(pattern.captures(name.as_bytes()), None);
        assert!(matches!(
            Pattern::regex("(a").expect_err("open"),
            PatternError::Syntax(_)
        ));
    }

    #[test]
    fn names_that_are_no_utf8_are_matched_byte_by_byte() {
        let pattern = Pattern::glob("caf?").expect("glob");
        assert!(pattern.captures(b"caf\xe9").is_some());
    }
}
