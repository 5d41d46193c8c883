//! Text from strangers, made safe to show.
//!
//! No terminal ever receives a control character that a peer sent: an escape sequence could set
//! its title, clear it, or answer in the user's name, and a bidirectional override could make a
//! line read as something else. Control characters become visible instead.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with every control character but the tab made visible: `^[` for ESC, `^?` for DEL,
/// `<U+009B>` for C1 controls, bidirectional controls, line separators and invisible characters.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_control) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        push_visible(&mut out, c);
    }
    Cow::Owned(out)
}

/// [`visible`] for a text of several lines: its newlines stay.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && is_control(c)) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    Cow::Owned(lines.join("\n"))
}

/// Like [`visible`] for bytes that may not be UTF-8: what is not becomes `\xNN`.
pub fn visible_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_visible(&mut out, c);
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Bytes as a string in quotes, as they stand in a call: `"hello\n"`. A tab is `\t`, not the blank that it would look like.
pub fn quoted(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for piece in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\t')) {
        let (text, end) = match piece {
            [text @ .., b'\n'] => (text, "\\n"),
            [text @ .., b'\t'] => (text, "\\t"),
            text => (text, ""),
        };
        out.push_str(&visible_bytes(text));
        out.push_str(end);
    }
    out.push('"');
    out
}

/// A line of JSON that may be shown on a terminal and means the same. JSON must escape only the
/// controls of ASCII; what else could change a terminal becomes `\uNNNN` too.
pub fn safe_json(json: &str) -> Cow<'_, str> {
    if !json.chars().any(is_control) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        if is_control(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn push_visible(out: &mut String, c: char) {
    match c {
        _ if !is_control(c) => out.push(c),
        '\0'..='\x1f' => out.extend(['^', char::from(c as u8 + 0x40)]),
        '\x7f' => out.push_str("^?"),
        _ => {
            let _ = write!(out, "<U+{:04X}>", c as u32);
        }
    }
}

/// What must not reach a terminal as it is: controls that could move the cursor, change the terminal
/// or change the reading order, and characters that nobody sees, which could carry text past a reader or
/// make two names look alike. The tab only moves right.
///
/// The invisible ones are Unicode's `Default_Ignorable_Code_Point`s (`DerivedCoreProperties.txt`) and
/// the format characters (`Cf`) without a glyph. Those that writing needs stay: the two joiners (emoji
/// and several scripts), the selectors of emoji and text presentation, Mongolian variation selectors.
fn is_control(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c,
            '\u{ad}' // soft hyphen
            | '\u{34f}' // combining grapheme joiner
            | '\u{61c}' | '\u{200e}' | '\u{200f}' // marks of direction
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers
            | '\u{17b4}' | '\u{17b5}' // Khmer inherent vowels
            | '\u{180e}' // Mongolian vowel separator
            | '\u{200b}' // zero-width space
            | '\u{2028}' | '\u{2029}' // line and paragraph separator
            | '\u{202a}'..='\u{202e}' // embeddings and overrides
            | '\u{2060}'..='\u{206f}' // word joiner, invisible operators, isolates, deprecated formats
            | '\u{fe00}'..='\u{fe0d}' // variation selectors but those of emoji
            | '\u{feff}' // byte order mark
            | '\u{fff0}'..='\u{fffb}' // unassigned ignorables, interlinear annotation
            | '\u{13430}'..='\u{1343f}' // Egyptian hieroglyph format controls
            | '\u{1bca0}'..='\u{1bca3}' // shorthand format controls
            | '\u{1d173}'..='\u{1d17a}' // musical format controls
            | '\u{e0000}'..='\u{e0fff}') // tags and variation selectors: text that no one sees
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_left_as_it_is() {
        assert!(matches!(visible("héllo 你好\t👩‍👩‍👧"), Cow::Borrowed(_)));
    }

    #[test]
    fn controls_become_visible() {
        assert_eq!(visible("a\x1b[2Jb\x07\x7f\r"), "a^[[2Jb^G^?^M");
        assert_eq!(
            visible("\u{9b}1m\u{202e}txt\u{2028}"),
            "<U+009B>1m<U+202E>txt<U+2028>"
        );
    }

    /// A tab looked like a blank, so that block 9 of a program that has no opcodes was `"^@ "`; and a caret before a J like a newline.
    #[test]
    fn what_stands_in_quotes_says_which_bytes_there_are() {
        assert_eq!(quoted(b"\0\t"), r#""^@\t""#);
        assert_eq!(quoted(b"one\ntwo\t^J\r\n"), r#""one\ntwo\t^J^M\n""#);
        assert_eq!(quoted("你\t\u{ff}".as_bytes()), "\"你\\t\u{ff}\"");
        assert_eq!(quoted(b"\xff\n\xe4"), r#""\xff\n\xe4""#);
        assert_eq!(quoted(b""), r#""""#);
    }

    #[test]
    fn lines_keep_their_ends_and_nothing_else() {
        assert!(matches!(visible_lines("one\ntwo"), Cow::Borrowed(_)));
        assert_eq!(visible_lines("one\x1b[2J\ntwo\r\n"), "one^[[2J\ntwo^M\n");
    }

    #[test]
    fn what_nobody_sees_becomes_visible() {
        for c in "\u{ad}\u{34f}\u{61c}\u{115f}\u{17b5}\u{180e}\u{200b}\u{2060}\u{2064}\u{206a}\u{206f}\u{3164}\
                  \u{fe00}\u{feff}\u{ffa0}\u{fff9}\u{13430}\u{1bca0}\u{1d173}\u{e0001}\u{e0041}\u{e0100}\u{e01ef}\
                  \u{e0fff}"
            .chars()
        {
            let hidden = format!("a{c}b");
            let shown = format!("a<U+{:04X}>b", c as u32);
            assert_eq!(visible(&hidden), shown);
            assert_eq!(visible_bytes(hidden.as_bytes()), shown);
            assert!(!safe_json(&hidden).contains(c), "{shown}");
        }
    }

    #[test]
    fn what_writing_needs_stays() {
        for text in [
            "می\u{200c}خواهم",
            "❤\u{fe0f}\u{200d}🔥",
            "1\u{fe0f}\u{20e3}",
            "ᠠ\u{180b}",
        ] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn bytes_that_are_no_text_become_hexadecimal() {
        assert_eq!(visible_bytes(b"ok\xff\xe4\xbd\n"), "ok\\xff\\xe4\\xbd^J");
    }
}
