//! A byte stream on its way to a terminal.

use super::incomplete_tail;
use crate::text;

/// Makes a byte stream safe for a terminal and otherwise leaves it as it is: for a pipe whose one
/// end happens to be a terminal.
///
/// Newlines stay; a `\r` before one is dropped; every other control character becomes visible.
/// Bytes are held back only while they may be the first half of something.
#[derive(Debug, Default)]
pub struct Screen {
    held: Vec<u8>,
}

impl Screen {
    /// The next bytes as text that may be shown at once.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.held.extend_from_slice(bytes);
        let half = match self.held.last() {
            Some(b'\r') => 1,
            _ => incomplete_tail(&self.held),
        };
        let ready: Vec<u8> = self.held.drain(..self.held.len() - half).collect();
        shown(&ready)
    }

    /// What was still held back when the stream ended.
    pub fn finish(&mut self) -> String {
        shown(&std::mem::take(&mut self.held))
    }
}

fn shown(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(text) = line.strip_suffix(b"\n") else {
            out.push_str(&text::visible_bytes(line));
            continue;
        };
        out.push_str(&text::visible_bytes(
            text.strip_suffix(b"\r").unwrap_or(text),
        ));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown_in(reads: &[&[u8]]) -> String {
        let mut screen = Screen::default();
        let mut out: String = reads.iter().map(|read| screen.push(read)).collect();
        out.push_str(&screen.finish());
        out
    }

    #[test]
    fn text_passes_and_controls_become_visible() {
        let reads: [&[u8]; 4] = [b"a\r", b"\nb\x1b[2J\rc\n", b"\xe4\xbd", b"\xa0\xff"];
        assert_eq!(shown_in(&reads), "a\nb^[[2J^Mc\n你\\xff");
    }

    proptest! {
        #[test]
        fn any_split_shows_the_same_and_no_control(
            bytes in proptest::collection::vec(any::<u8>(), 0..100),
            cut in any::<proptest::sample::Index>(),
        ) {
            let (one, two) = bytes.split_at(cut.index(bytes.len() + 1));
            let out = shown_in(&[one, two]);
            prop_assert!(!out.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
            prop_assert_eq!(out, shown_in(&[&bytes]));
        }
    }
}
