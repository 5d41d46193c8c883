//! POSIX extended regular expressions (POSIX.1-2017, XBD 9.4), with what glibc adds, in the syntax of the
//! crate `regex`.

use super::MapProblem;

/// Translates an expression.
///
/// # Errors
/// Where it refers back, which would take time without bound, or has no meaning in POSIX.
pub(super) fn translate(ere: &[u8]) -> Result<String, MapProblem> {
    let mut regex = String::new();
    let mut rest = ere;
    let mut before = Before::Nothing;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'\\' => {
                let (&escaped, behind) = rest.split_first().ok_or(MapProblem::Undefined)?;
                rest = behind;
                match escaped {
                    b'0'..=b'9' => return Err(MapProblem::BackReference),
                    b'w' | b'W' | b's' | b'S' | b'b' | b'B' | b'<' | b'>' => {
                        regex.push('\\');
                        regex.push(escaped.into());
                    }
                    b'`' => regex.push_str(r"\A"),
                    b'\'' => regex.push_str(r"\z"),
                    other => push_literal(other, &mut regex),
                }
                before = Before::Atom;
            }
            b'[' => {
                rest = bracket(rest, &mut regex)?;
                before = Before::Atom;
            }
            b'*' | b'+' | b'?' => {
                before.repeat()?;
                regex.push(byte.into());
                before = Before::Repetition;
            }
            b'{' => match interval(rest) {
                Some((interval, behind)) => {
                    before.repeat()?;
                    regex.push_str(&interval);
                    rest = behind;
                    before = Before::Repetition;
                }
                None => {
                    push_literal(byte, &mut regex);
                    before = Before::Atom;
                }
            },
            b'(' | b'|' | b'^' => {
                regex.push(byte.into());
                before = Before::Nothing;
            }
            b')' | b'.' | b'$' => {
                regex.push(byte.into());
                before = Before::Atom;
            }
            other => {
                push_literal(other, &mut regex);
                before = Before::Atom;
            }
        }
    }
    Ok(regex)
}

/// What stands before a place in an expression.
#[derive(Clone, Copy)]
enum Before {
    /// Nothing that could be repeated.
    Nothing,
    /// Something that may be repeated.
    Atom,
    /// Something that is repeated already.
    Repetition,
}

impl Before {
    fn repeat(self) -> Result<(), MapProblem> {
        match self {
            Self::Atom => Ok(()),
            Self::Nothing | Self::Repetition => Err(MapProblem::Undefined),
        }
    }
}

/// `{2}`, `{2,}` or `{2,5}`, of a text without its first brace, and what is behind it.
fn interval(text: &[u8]) -> Option<(String, &[u8])> {
    let end = text.iter().position(|&byte| byte == b'}')?;
    let inside = std::str::from_utf8(&text[..end]).ok()?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_interval = match inside.split_once(',') {
        Some((least, most)) => is_number(least) && (most.is_empty() || is_number(most)),
        None => is_number(inside),
    };
    is_interval.then(|| (format!("{{{inside}}}"), &text[end + 1..]))
}

/// A bracket expression without its `[`; gives what is behind it. A backslash is one of the set, as POSIX
/// has it; `[:alpha:]` and its like stay as they are.
fn bracket<'a>(text: &'a [u8], regex: &mut String) -> Result<&'a [u8], MapProblem> {
    let mut rest = text;
    regex.push('[');
    if let Some(behind) = rest.strip_prefix(b"^") {
        regex.push('^');
        rest = behind;
    }
    let mut is_first = true;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b']' if !is_first => {
                regex.push(']');
                return Ok(rest);
            }
            b'[' if rest.starts_with(b":") => {
                let end = rest.windows(2).position(|two| two == b":]");
                let class = &rest[..end.ok_or(MapProblem::Undefined)? + 2];
                regex.push('[');
                regex.extend(class.iter().map(|&byte| char::from(byte)));
                rest = &rest[class.len()..];
            }
            // Equivalence classes and collating symbols depend on the locale of the machine.
            b'[' if rest.starts_with(b"=") || rest.starts_with(b".") => {
                return Err(MapProblem::Undefined);
            }
            b'-' if !is_first && !rest.starts_with(b"]") => regex.push('-'),
            other => push_literal(other, regex),
        }
        is_first = false;
    }
    Err(MapProblem::Undefined)
}

/// One byte that stands for itself.
fn push_literal(byte: u8, regex: &mut String) {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'_' => regex.push(byte.into()),
        other => regex.push_str(&format!(r"\x{other:02x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::pattern::compile;
    use super::*;

    fn found(ere: &str, text: &str) -> Option<String> {
        let regex = translate(ere.as_bytes()).expect(ere);
        let regex = compile(&regex, false).expect(&regex);
        let found = regex.find(text.as_bytes())?;
        Some(String::from_utf8_lossy(found.as_bytes()).into_owned())
    }

    #[test]
    fn what_posix_means_otherwise_is_translated() {
        for (ere, text, wanted) in [
            (r"[\.]", r"\", Some(r"\")),
            (r"[^\/]+", r"a\b", Some("a")),
            ("[]a]+", "x]a]", Some("]a]")),
            ("[^]a]", "]a", None),
            ("[a&&b]+", "x&&", Some("&&")),
            ("[a[b]+", "[b", Some("[b")),
            ("[[:digit:]x]+", "a12x", Some("12x")),
            ("[a-c-]+", "-bd", Some("-b")),
            ("[-a]+", "a-b", Some("a-")),
            ("a{", "a{", Some("a{")),
            ("a{2}", "aaa", Some("aa")),
            ("a{1,}b{,2}", "aab{,2}", Some("aab{,2}")),
            (r"\.\/\-\%", "./-%", Some("./-%")),
            (r"\<k\w*", "a-kernel", Some("kernel")),
            (r"\`a.*z\'", "az", Some("az")),
            ("a.c", "a\nc", Some("a\nc")),
            ("~#&", "~#&", Some("~#&")),
            ("caf.", "caf\u{e9}", Some("caf\u{fffd}")),
        ] {
            assert_eq!(found(ere, text).as_deref(), wanted, "{ere} {text:?}");
        }
        for undefined in ["*a", "a**", "(?i)a", "a|*", "[a", "[[:x]", "[[=a=]]", "a\\"] {
            let translated = translate(undefined.as_bytes());
            assert_eq!(translated, Err(MapProblem::Undefined), "{undefined}");
        }
    }
}
