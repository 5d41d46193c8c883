//! Lines out of a byte stream.

use super::incomplete_tail;
use crate::text;

/// A line longer than this is shown in pieces: the peer never decides how much is kept.
pub const MAX_LINE: usize = 64 * 1024;

/// A line, or a piece of one that was shown before its end had arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The text, safe to show: see [`text::visible_bytes`].
    pub text: String,
    /// The line begins here; otherwise earlier pieces of it were shown already.
    pub begins: bool,
    /// The line ends here; otherwise its rest has not arrived.
    pub ends: bool,
}

/// Cuts a byte stream into lines.
///
/// A line ends with `\n`, `\r\n`, `\r\0` (telnet in character mode; RFC 854, "The NVT printer and
/// keyboard") or a lone `\r`. The reads may split the stream anywhere, even inside an ending or
/// inside a character: the pieces are the same.
#[derive(Debug, Default)]
pub struct Lines {
    buffer: Vec<u8>,
    /// The last byte was a `\r`, which has ended a line: a `\n` or `\0` belongs to it.
    after_cr: bool,
    /// A piece of the current line was shown already.
    begun: bool,
}

impl Lines {
    /// Takes the next bytes; `emit` gets each line that is complete now.
    pub fn push(&mut self, mut bytes: &[u8], mut emit: impl FnMut(Piece)) {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_cr) && matches!(first, b'\n' | b'\0') {
                bytes = &bytes[1..];
                continue;
            }
            let room = &bytes[..bytes.len().min(MAX_LINE - self.buffer.len())];
            let end = room.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let taken = end.unwrap_or(room.len());
            self.buffer.extend_from_slice(&room[..taken]);
            bytes = &bytes[taken..];
            if end.is_some() {
                self.after_cr = bytes[0] == b'\r';
                bytes = &bytes[1..];
                emit(self.piece(self.buffer.len(), true));
            } else if self.buffer.len() == MAX_LINE {
                emit(self.piece(self.whole_characters(), false));
            }
        }
    }

    /// What has arrived of the current line, for when nothing has followed for a while. A
    /// character that is only half there is kept back.
    pub fn partial(&mut self) -> Option<Piece> {
        let whole = self.whole_characters();
        (whole > 0).then(|| self.piece(whole, false))
    }

    /// The last line, if the stream ended without a line ending.
    pub fn finish(&mut self) -> Option<Piece> {
        (self.begun || self.is_inside_line()).then(|| self.piece(self.buffer.len(), true))
    }

    /// Whether bytes are waiting for the end of their line.
    pub fn is_inside_line(&self) -> bool {
        !self.buffer.is_empty()
    }

    fn whole_characters(&self) -> usize {
        self.buffer.len() - incomplete_tail(&self.buffer)
    }

    fn piece(&mut self, len: usize, ends: bool) -> Piece {
        let text = text::visible_bytes(&self.buffer[..len]);
        self.buffer.drain(..len);
        let begins = !std::mem::replace(&mut self.begun, !ends);
        Piece { text, begins, ends }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &str) -> Piece {
        piece(text, true, true)
    }

    fn piece(text: &str, begins: bool, ends: bool) -> Piece {
        Piece {
            text: text.to_owned(),
            begins,
            ends,
        }
    }

    fn cut<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> Vec<Piece> {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for read in reads {
            lines.push(read, |piece| out.push(piece));
        }
        out.extend(lines.finish());
        out
    }

    #[test]
    fn every_ending_ends_a_line() {
        assert_eq!(
            cut([&b"a\nb\r\nc\r\0d\re\n\nf"[..]]),
            ["a", "b", "c", "d", "e", "", "f"].map(whole)
        );
    }

    #[test]
    fn an_ending_split_over_two_reads_is_one_ending() {
        assert_eq!(
            cut([&b"a\r"[..], b"\nb\r", b"\0", b"\n"]),
            ["a", "b", ""].map(whole)
        );
    }

    #[test]
    fn a_partial_line_keeps_back_half_a_character() {
        let mut lines = Lines::default();
        lines.push("你好".as_bytes().split_at(4).0, |_| panic!("no line yet"));
        assert_eq!(lines.partial(), Some(piece("你", true, false)));
        assert_eq!(lines.partial(), None);
        let mut rest = Vec::new();
        lines.push(b"\xa5\xbd!\n", |piece| rest.push(piece));
        assert_eq!(rest, [piece("好!", false, true)]);
    }

    #[test]
    fn an_endless_line_comes_in_pieces_and_is_never_kept_whole() {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for _ in 0..40 {
            lines.push("好".repeat(1024).as_bytes(), |piece| out.push(piece));
            assert!(lines.buffer.len() < MAX_LINE);
        }
        out.extend(lines.finish());
        assert!(out.len() > 1 && out.iter().rev().skip(1).all(|piece| !piece.ends));
        let text: String = out.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(text, "好".repeat(40 * 1024));
    }

    #[test]
    fn what_is_no_text_is_shown_as_what_it_is() {
        assert_eq!(cut([&b"\x1b[2J\xff\xe4\n"[..]]), [whole("^[[2J\\xff\\xe4")]);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_lines(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'\r'), Just(b'\n'), Just(0), Just(0xe4), any::<u8>()], 0..200),
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..8),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let reads = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
            prop_assert_eq!(cut(reads), cut([&bytes[..]]));
        }
    }
}
