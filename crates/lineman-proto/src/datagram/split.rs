//! A stream of bytes cut into payloads.

use super::MAX_PAYLOAD;

/// Cuts a stream into payloads, holding at most one of them in memory.
///
/// By lines, each line is one payload, its newline included; a last line without one is sent as
/// it is. As a whole, the stream up to its end is one payload. What is longer than
/// [`MAX_PAYLOAD`] is never cut: it is left out and reported with its length.
#[derive(Debug)]
pub struct Splitter {
    by_lines: bool,
    held: Vec<u8>,
    /// Length of what is being read; more than `held.len()` once that has become too long.
    length: u64,
}

/// A piece of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// One payload, of at most [`MAX_PAYLOAD`] bytes.
    Payload(Vec<u8>),
    /// A line, or a whole, that no datagram can carry, and its length in bytes.
    TooLong(u64),
}

impl Piece {
    /// A payload, or that it is too long to be one.
    pub fn new(bytes: Vec<u8>) -> Self {
        match bytes.len() {
            0..=MAX_PAYLOAD => Self::Payload(bytes),
            over => Self::TooLong(over as u64),
        }
    }
}

impl Splitter {
    /// One line, one payload.
    pub fn lines() -> Self {
        Self::new(true)
    }

    /// Everything is one payload, also when it is empty.
    pub fn whole() -> Self {
        Self::new(false)
    }

    fn new(by_lines: bool) -> Self {
        Self {
            by_lines,
            held: Vec::new(),
            length: 0,
        }
    }

    /// The next piece that is complete; takes from `input` what it used. Call until it gives
    /// `None`, which it does when all of `input` was used.
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Piece> {
        let end = self.end_of_piece(input);
        let (now, later) = input.split_at(end.unwrap_or(input.len()));
        *input = later;
        self.hold(now);
        end.map(|_| self.take())
    }

    /// The stream has ended: the last piece, unless nothing is left over.
    pub fn finish(mut self) -> Option<Piece> {
        (self.length > 0 || !self.by_lines).then(|| self.take())
    }

    fn end_of_piece(&self, input: &[u8]) -> Option<usize> {
        let newline = || input.iter().position(|&byte| byte == b'\n');
        self.by_lines.then(newline)?.map(|at| at + 1)
    }

    fn hold(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if self.length <= MAX_PAYLOAD as u64 {
            self.held.extend_from_slice(bytes);
        } else {
            self.held = Vec::new();
        }
    }

    fn take(&mut self) -> Piece {
        let length = std::mem::take(&mut self.length);
        let held = std::mem::take(&mut self.held);
        if length > MAX_PAYLOAD as u64 {
            return Piece::TooLong(length);
        }
        Piece::Payload(held)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(mut splitter: Splitter, chunks: &[&[u8]]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for mut chunk in chunks.iter().copied() {
            while let Some(piece) = splitter.next(&mut chunk) {
                pieces.push(piece);
            }
            assert!(chunk.is_empty());
            assert!(splitter.held.len() <= MAX_PAYLOAD);
        }
        pieces.extend(splitter.finish());
        pieces
    }

    fn payload(bytes: &[u8]) -> Piece {
        Piece::Payload(bytes.to_vec())
    }

    #[test]
    fn a_line_is_a_payload_with_its_newline() {
        let pieces = split(Splitter::lines(), &[b"a\nb", b"b\n", b"\nlast"]);
        let wanted: [&[u8]; 4] = [b"a\n", b"bb\n", b"\n", b"last"];
        assert_eq!(pieces, wanted.map(payload));
        assert_eq!(split(Splitter::lines(), &[b"a\n"]), [payload(b"a\n")]);
        assert_eq!(split(Splitter::lines(), &[]), []);
    }

    #[test]
    fn a_whole_is_one_payload_even_if_empty() {
        assert_eq!(
            split(Splitter::whole(), &[b"a\nb", b"\n"]),
            [payload(b"a\nb\n")]
        );
        assert_eq!(split(Splitter::whole(), &[]), [payload(b"")]);
    }

    #[test]
    fn the_limit_counts_the_newline_and_nothing_is_cut() {
        let mut fits = vec![b'x'; MAX_PAYLOAD - 1];
        fits.push(b'\n');
        let mut over = vec![b'y'; MAX_PAYLOAD];
        over.extend(b"\nz\n");
        assert_eq!(
            split(Splitter::lines(), &[&fits, &over]),
            [payload(&fits), Piece::TooLong(65_508), payload(b"z\n")]
        );
        let whole = vec![0; MAX_PAYLOAD];
        assert_eq!(split(Splitter::whole(), &[&whole]), [payload(&whole)]);
        assert_eq!(
            split(Splitter::whole(), &[&whole, b"\n"]),
            [Piece::TooLong(65_508)]
        );
    }

    proptest! {
        #[test]
        fn pieces_are_the_stream_however_it_was_chunked(
            stream in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..2000),
            chunk in 1usize..97,
        ) {
            let chunks: Vec<&[u8]> = stream.chunks(chunk).collect();
            let pieces = split(Splitter::lines(), &chunks);
            let mut joined = Vec::new();
            for (at, piece) in pieces.iter().enumerate() {
                let Piece::Payload(bytes) = piece else { panic!("too long") };
                let newlines = bytes.iter().filter(|&&byte| byte == b'\n').count();
                let last = at + 1 == pieces.len();
                prop_assert!(bytes.ends_with(b"\n") || last);
                prop_assert!(newlines == 1 || (newlines == 0 && last));
                joined.extend_from_slice(bytes);
            }
            prop_assert_eq!(joined, stream);
        }
    }
}
