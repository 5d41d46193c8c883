//! The remapping rules of tftpd-hpa (`in.tftpd(8)`, FILENAME REMAPPING), as its `--map-file` has them.
//!
//! Each line is an operation, a regular expression in the style of `egrep` and, for some operations, a
//! replacement. What differs: where alternatives match, the first one counts, not the longest; and an
//! expression that refers back to what it has matched is refused, since its time has no bound. Where the
//! program does otherwise than its manual says, this does as the program.

mod ere;
mod replacement;

use std::borrow::Cow;
use std::fmt;

use regex::bytes::Regex;

use self::replacement::Replacement;
use super::Asking;
use super::PatternError;
use super::pattern;
use crate::tftp::Direction;

/// The rules of a map, in their order.
#[derive(Clone, Debug, Default)]
pub struct NameMap(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    regex: Regex,
    operation: Operation,
    replacement: Replacement,
}

/// The letters in front of a rule.
#[derive(Clone, Copy, Debug, Default)]
struct Operation {
    replaces: bool,
    /// `g`: again and again until it does not match.
    repeats: bool,
    ignores_case: bool,
    /// `e`: no further rule.
    ends: bool,
    /// `s`: from the second rule again. The manual says the first; tftpd-hpa 5.2 skips that one.
    starts_over: bool,
    /// `a`: the request is refused.
    refuses: bool,
    /// `~`: where the expression does not match.
    inverse: bool,
    direction: Option<Direction>,
    /// `4` or `6`: clients of this version of IP only.
    version: Option<u8>,
}

/// What becomes of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mapped<'a> {
    /// It is this one.
    Name(Cow<'a, [u8]>),
    /// A rule with `a` refuses it.
    Refused,
    /// The rules did not come to an end, or the name has grown beyond 4096 bytes.
    Endless,
}

impl NameMap {
    /// Reads the rules.
    ///
    /// # Errors
    /// With the first line that is none.
    pub fn parse(text: &[u8]) -> Result<Self, MapError> {
        let mut rules = Vec::new();
        for (at, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let rule = Rule::parse(line.strip_suffix(b"\r").unwrap_or(line));
            let problem = |problem| MapError {
                line: at + 1,
                problem,
            };
            rules.extend(rule.map_err(problem)?);
        }
        Ok(Self(rules))
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the rules make of the name that is asked for.
    pub fn apply<'a>(&self, asking: &Asking<'a>) -> Mapped<'a> {
        let mut name = Cow::Borrowed(asking.name);
        let mut steps = MOST_STEPS;
        let mut at = 0;
        while let Some(rule) = self.0.get(at) {
            at += 1;
            if !rule.is_for(asking) {
                continue;
            }
            let mut matched = false;
            loop {
                let captures = rule.regex.captures(&name);
                if captures.is_some() == rule.operation.inverse {
                    break;
                }
                matched = true;
                let Some(left) = steps.checked_sub(1) else {
                    return Mapped::Endless;
                };
                steps = left;
                if rule.operation.refuses {
                    return Mapped::Refused;
                }
                if let (true, Some(captures)) = (rule.operation.replaces, captures) {
                    let replaced = rule.replacement.replace(&name, &captures, asking.ip);
                    if replaced.len() > MOST_NAME {
                        return Mapped::Endless;
                    }
                    name = Cow::Owned(replaced);
                }
                if !rule.operation.repeats {
                    break;
                }
            }
            if matched && rule.operation.ends {
                break;
            }
            if matched && rule.operation.starts_over {
                at = 1;
            }
        }
        Mapped::Name(name)
    }
}

impl Rule {
    /// `None` for a line that is empty or a comment.
    fn parse(line: &[u8]) -> Result<Option<Self>, MapProblem> {
        let (operation, rest) = word(line);
        if operation.is_empty() {
            return Ok(None);
        }
        let operation = Operation::parse(operation)?;
        let (regex, rest) = word(rest);
        let (replacement, rest) = word(rest);
        if regex.is_empty() {
            return Err(MapProblem::NoRegex);
        }
        if !word(rest).0.is_empty() {
            return Err(MapProblem::Excess);
        }
        let translated = ere::translate(regex)?;
        let regex = pattern::compile(&translated, operation.ignores_case);
        let regex = regex.map_err(MapProblem::Regex)?;
        let replacement = Replacement::parse(replacement);
        if replacement.parts() > regex.captures_len() - 1 {
            return Err(MapProblem::NoSuchPart(replacement.parts()));
        }
        Ok(Some(Self {
            regex,
            operation,
            replacement,
        }))
    }

    fn is_for(&self, asking: &Asking<'_>) -> bool {
        let version = if asking.ip.to_canonical().is_ipv4() {
            4
        } else {
            6
        };
        let Operation {
            direction,
            version: only,
            ..
        } = self.operation;
        direction.is_none_or(|only| only == asking.direction)
            && only.is_none_or(|only| only == version)
    }
}

impl Operation {
    fn parse(letters: &[u8]) -> Result<Self, MapProblem> {
        let mut operation = Self::default();
        for &letter in letters {
            match letter {
                b'r' => operation.replaces = true,
                b'g' => operation.repeats = true,
                b'i' => operation.ignores_case = true,
                b'e' => operation.ends = true,
                b's' => operation.starts_over = true,
                b'a' => operation.refuses = true,
                b'G' => operation.direction = Some(Direction::Read),
                b'P' => operation.direction = Some(Direction::Write),
                b'4' => operation.version = Some(4),
                b'6' => operation.version = Some(6),
                b'~' => operation.inverse = true,
                other => return Err(MapProblem::Letter(other.into())),
            }
        }
        match operation {
            Self {
                replaces: true,
                inverse: true,
                ..
            } => Err(MapProblem::InverseReplace),
            Self {
                replaces: false,
                repeats: true,
                ..
            } => Err(MapProblem::RepeatsNothing),
            _ => Ok(operation),
        }
    }
}

/// The next word of a line, up to a blank or a `#` that no backslash stands before; and what is behind it.
fn word(line: &[u8]) -> (&[u8], &[u8]) {
    let line = line.trim_ascii_start();
    let mut is_escaped = false;
    let ends = |&byte: &u8| {
        let ends = !is_escaped && (byte.is_ascii_whitespace() || byte == b'#');
        is_escaped = !is_escaped && byte == b'\\';
        ends
    };
    let end = line.iter().position(ends).unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    // What is behind a `#` is a comment.
    (
        word,
        if rest.first() == Some(&b'#') {
            b""
        } else {
            rest
        },
    )
}

/// A line that is no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: MapProblem,
}

/// What is wrong with a line of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MapProblem {
    /// The operation has a letter that means nothing.
    Letter(char),
    /// There is no expression.
    NoRegex,
    /// Something is behind the replacement.
    Excess,
    /// The expression is none.
    Regex(PatternError),
    /// The expression refers back to what it has matched.
    BackReference,
    /// The expression has a repetition of a repetition, or a group that begins with `?`: POSIX gives
    /// neither a meaning.
    Undefined,
    /// The replacement has a part that the expression has not.
    NoSuchPart(usize),
    /// `~` with `r`: there is nothing to replace.
    InverseReplace,
    /// `g` without `r` would go on for ever.
    RepeatsNothing,
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {:?}", self.line, self.problem)
    }
}

impl std::error::Error for MapError {}

/// Rules that are applied to one name, at most: as many as tftpd-hpa's.
const MOST_STEPS: usize = 1024;
/// The longest name that rules may make, in bytes (`PATH_MAX` of Linux).
const MOST_NAME: usize = 4096;

#[cfg(test)]
mod tests {
    use super::super::tests::asking;
    use super::*;

    fn map(rules: &str) -> NameMap {
        NameMap::parse(rules.as_bytes()).expect(rules)
    }

    fn mapped(rules: &str, name: &str) -> String {
        shown(map(rules).apply(&asking(name.as_bytes(), "192.0.2.169")))
    }

    fn shown(mapped: Mapped<'_>) -> String {
        match mapped {
            Mapped::Name(name) => String::from_utf8_lossy(&name).into_owned(),
            Mapped::Refused => "(refused)".to_owned(),
            Mapped::Endless => "(endless)".to_owned(),
        }
    }

    #[test]
    fn the_letters_mean_what_the_manual_of_tftpd_hpa_says() {
        for (rules, name, result) in [
            ("", "a", "a"),
            ("# r a b\n\n  \n", "a", "a"),
            ("r a b", "aa", "ba"),
            ("rg a b", "aa", "bb"),
            ("ri A b", "aa", "ba"),
            ("r ^/tftpboot/ /", "/tftpboot/x", "/x"),
            (r"rg \\ /", r"\boot\bcd", "/boot/bcd"),
            ("r ^([^/]*)$ boards/\\1", "kernel", "boards/kernel"),
            ("re a b\nr b c", "a", "b"),
            ("r a b\nr b c", "a", "c"),
            ("rs a b\nr b c", "aa", "ca"),
            ("r q q\nrs a b\nr b c", "aa", "cb"),
            ("a ^secret", "secret/x", "(refused)"),
            ("a ^secret", "x", "x"),
            ("~a ^public/", "x", "(refused)"),
            ("~a ^public/", "public/x", "public/x"),
            ("~e ^x\nr a b", "a", "a"),
            (r"r ^ \i/", "f", "192.0.2.169/f"),
            (r"r ^ \x/", "f", "C00002A9/f"),
            (r"r ^(.*)$ \U\1\E.\1", "aB", "AB.aB"),
            (r"r ^(.)(.*)$ \L\2-\1", "ABC", "bc-a"),
            (r"r ^.*$ a\ b\#c", "x", "a b#c"),
            (r"r ^x$", "x", ""),
            ("4r a b", "a", "b"),
            ("6r a b", "a", "a"),
            ("Pr a b", "a", "a"),
            ("Gr a b", "a", "b"),
            ("r a b # comment", "a", "b"),
        ] {
            assert_eq!(mapped(rules, name), result, "{rules:?} {name}");
        }
        let write = Asking {
            direction: Direction::Write,
            ..asking(b"a", "2001:db8::1")
        };
        assert_eq!(
            shown(map("PGr a b").apply(&write)),
            "a",
            "the last of both counts"
        );
        assert_eq!(
            shown(map("6Pr a \\x").apply(&write)),
            "20010DB8000000000000000000000001"
        );
    }

    #[test]
    fn rules_that_do_not_end_refuse_the_name() {
        for rules in ["rg a aa", "rg a a", "r q q\nrs a a", "r q q\nrs ^ x"] {
            assert_eq!(mapped(rules, "a"), "(endless)", "{rules}");
        }
    }

    #[test]
    fn a_line_that_is_no_rule_is_named() {
        for (rules, line, problem) in [
            ("r a b\nx a b", 2, MapProblem::Letter('x')),
            ("r", 1, MapProblem::NoRegex),
            ("r a b c", 1, MapProblem::Excess),
            (r"r (a)\1 b", 1, MapProblem::BackReference),
            ("r a b\\1", 1, MapProblem::NoSuchPart(1)),
            ("r~ a b", 1, MapProblem::InverseReplace),
            ("g a b", 1, MapProblem::RepeatsNothing),
            ("r (?:a) b", 1, MapProblem::Undefined),
            ("r a+? b", 1, MapProblem::Undefined),
            ("r (a{250}){250}{250} b", 1, MapProblem::Undefined),
            (
                "r ((a{250}){250}){250} b",
                1,
                MapProblem::Regex(PatternError::TooLong),
            ),
        ] {
            let error = NameMap::parse(rules.as_bytes()).expect_err(rules);
            assert_eq!(error, MapError { line, problem }, "{rules:?}");
        }
    }
}
