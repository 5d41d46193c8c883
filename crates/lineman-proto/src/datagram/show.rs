//! A payload as a terminal may see it.

use std::fmt::Display;

use crate::text::visible_bytes;

/// `payload` with its sender in front, as whole lines without the last newline.
///
/// Control characters become visible. One line ending at the end is not shown. A payload of
/// several lines keeps them, and all but the first are indented to the width of the sender, so
/// that no payload can look like a message of another sender. `empty` stands for a payload of no
/// bytes.
pub fn show(sender: impl Display, payload: &[u8], empty: &str) -> String {
    let sender = format!("[{sender}] ");
    if payload.is_empty() {
        return sender + empty;
    }
    let indent = format!("\n{:1$}", "", sender.chars().count());
    let body = payload.strip_suffix(b"\n").unwrap_or(payload);
    let lines = body.split(|&byte| byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        visible_bytes(line)
    });
    sender + &lines.collect::<Vec<_>>().join(&indent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(payload: &[u8]) -> String {
        show("192.0.2.7:42", payload, "(empty)")
    }

    #[test]
    fn one_line_with_or_without_its_ending() {
        for payload in ["你好", "你好\n", "你好\r\n"] {
            assert_eq!(shown(payload.as_bytes()), "[192.0.2.7:42] 你好");
        }
        assert_eq!(shown(b"\n"), "[192.0.2.7:42] ");
        assert_eq!(shown(b""), "[192.0.2.7:42] (empty)");
    }

    #[test]
    fn several_lines_are_indented() {
        assert_eq!(
            shown(b"one\n[10.0.0.1:1] two\r\n\n"),
            "[192.0.2.7:42] one\n               [10.0.0.1:1] two\n               "
        );
    }

    #[test]
    fn controls_and_bytes_that_are_no_text_become_visible() {
        assert_eq!(shown(b"\x1b[2J\xff\n"), "[192.0.2.7:42] ^[[2J\\xff");
    }

    proptest! {
        #[test]
        fn no_control_character_survives(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            for (at, line) in shown(&payload).split('\n').enumerate() {
                prop_assert!(line.chars().all(|c| c == '\t' || !c.is_control()));
                prop_assert!(at == 0 || line.starts_with("               "));
            }
        }
    }
}
