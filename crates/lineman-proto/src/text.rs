//! Text from strangers, made safe to show.
//!
//! No terminal ever receives a control character that a peer sent: an escape sequence could set
//! its title, clear it, or answer in the user's name, and a bidirectional override could make a
//! line read as something else. Control characters become visible instead.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with every control character but the tab made visible: `^[` for ESC, `^?` for DEL,
/// `<U+009B>` for C1 controls, bidirectional controls and line separators.
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

/// Controls that could move the cursor, change the terminal or change the reading order. The tab
/// only moves right. Joiners stay: emoji and several scripts need them.
fn is_control(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c,
            '\u{061c}' | '\u{200e}' | '\u{200f}' // marks of direction
            | '\u{2028}' | '\u{2029}' // line and paragraph separator
            | '\u{202a}'..='\u{202e}' // embeddings and overrides
            | '\u{2066}'..='\u{2069}' // isolates
            | '\u{feff}' // byte order mark
            | '\u{e0000}'..='\u{e007f}') // tags: text that no one sees
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

    #[test]
    fn bytes_that_are_no_text_become_hexadecimal() {
        assert_eq!(visible_bytes(b"ok\xff\xe4\xbd\n"), "ok\\xff\\xe4\\xbd^J");
    }
}
