//! How a listener that is in a call turns a further caller away.

/// What a further caller hears before the end. It is a whole sentence, so that a person with nc can
/// read it, and nobody says just this and hangs up by chance.
pub const BUSY: &[u8] = b"busy: this listener is in another call\n";

/// Whether all that a peer has sent is [`BUSY`], however it was split.
#[derive(Clone, Copy, Debug, Default)]
pub struct BusyDetector {
    /// How much of it was heard.
    heard: usize,
    /// Something else was.
    other: bool,
}

impl BusyDetector {
    /// The peer has sent these bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.other |= !BUSY[self.heard..].starts_with(bytes);
        if !self.other {
            self.heard += bytes.len();
        }
    }

    /// Whether it was exactly this: if the peer has finished now, it turned us away.
    pub fn is_busy(&self) -> bool {
        !self.other && self.heard == BUSY.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_busy(reads: &[&[u8]]) -> bool {
        let mut detector = BusyDetector::default();
        for read in reads {
            detector.push(read);
        }
        detector.is_busy()
    }

    #[test]
    fn only_exactly_this_is_busy() {
        assert!(is_busy(&[BUSY]));
        for at in 0..BUSY.len() {
            let (one, two) = BUSY.split_at(at);
            assert!(is_busy(&[one, two]));
            assert!(!is_busy(&[one]));
            assert!(!is_busy(&[two]) || at == 0);
        }
        assert!(!is_busy(&[b"busy\n"]));
        assert!(!is_busy(&[BUSY, b"x"]));
        assert!(!is_busy(&[b"x", BUSY]));
        assert!(!is_busy(&[BUSY, BUSY]));
        assert!(!is_busy(&[]));
    }
}
