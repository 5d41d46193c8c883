//! Netascii as a stream: text whose line ends are CR LF on the wire (RFC 1350 §1, RFC 764).

/// Appends local text (lines end with LF) to `out` as netascii: LF becomes CR LF and a bare CR
/// becomes CR NUL. A byte becomes two at the most, so this needs no state between calls.
pub fn encode(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        let (first, second) = encode_byte(byte);
        out.push(first);
        out.extend(second);
    }
}

/// What a byte of local text is on the wire.
pub fn encode_byte(byte: u8) -> (u8, Option<u8>) {
    match byte {
        b'\n' => (b'\r', Some(b'\n')),
        b'\r' => (b'\r', Some(0)),
        _ => (byte, None),
    }
}

/// Turns netascii back into local text, however the blocks cut it.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// A CR was the last byte so far; what follows decides what it means.
    after_cr: bool,
}

impl Decoder {
    /// Appends the text of one more piece to `out`. A CR followed by anything but LF or NUL is
    /// kept as it is: some senders forget the NUL.
    pub fn decode(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for &byte in piece {
            match (std::mem::take(&mut self.after_cr), byte) {
                (true, b'\n') => out.push(b'\n'),
                (true, 0) => out.push(b'\r'),
                (after_cr, _) => {
                    if after_cr {
                        out.push(b'\r');
                    }
                    if byte == b'\r' {
                        self.after_cr = true;
                    } else {
                        out.push(byte);
                    }
                }
            }
        }
    }

    /// The end of the text: a CR that nothing followed is kept.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.after_cr) {
            out.push(b'\r');
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(pieces: &[&[u8]]) -> Vec<u8> {
        let mut decoder = Decoder::default();
        let mut out = Vec::new();
        for piece in pieces {
            decoder.decode(piece, &mut out);
        }
        decoder.finish(&mut out);
        out
    }

    #[test]
    fn line_ends_and_bare_returns() {
        let mut wire = Vec::new();
        encode(b"a\nb\rc\r\n", &mut wire);
        assert_eq!(wire, b"a\r\nb\r\0c\r\0\r\n");
    }

    #[test]
    fn a_pair_cut_by_the_edge_of_a_block() {
        assert_eq!(decode(&[b"a\r", b"\nb\r", b"\0c\r"]), b"a\nb\rc\r");
        assert_eq!(decode(&[b"x\ry\r\r\n"]), b"x\ry\r\n");
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded_however_it_is_cut(
            text in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(0), any::<u8>()], 0..200),
            cut in 1usize..50,
        ) {
            let mut wire = Vec::new();
            encode(&text, &mut wire);
            let pieces: Vec<&[u8]> = wire.chunks(cut).collect();
            prop_assert_eq!(decode(&pieces), text);
        }
    }
}
