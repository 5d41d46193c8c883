//! To whom a typed line goes.

/// A typed line and the peer it is for.
///
/// `@2 text` is for peer 2, everything else for the one last heard. A line that shall begin with
/// `@` itself is typed with two: `@@home` says `@home`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addressed<'a> {
    /// The number of the peer, or `None` for the one last heard.
    pub peer: Option<u64>,
    /// What to send.
    pub payload: &'a [u8],
}

impl<'a> Addressed<'a> {
    /// Reads the address off the front of `line`. A number too large to be one is kept as
    /// `u64::MAX`, which no peer has.
    pub fn parse(line: &'a [u8]) -> Self {
        let Some(rest) = line.strip_prefix(b"@") else {
            return Self::to_last(line);
        };
        if rest.starts_with(b"@") {
            return Self::to_last(rest);
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, text) = rest.split_at(digits);
        let payload = match text.first() {
            _ if number.is_empty() => return Self::to_last(line),
            Some(b' ' | b'\t') => &text[1..],
            Some(b'\n' | b'\r') | None => text,
            Some(_) => return Self::to_last(line),
        };
        let peer = number.iter().fold(0u64, |sum, digit| {
            sum.saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'))
        });
        Self {
            peer: Some(peer),
            payload,
        }
    }

    fn to_last(payload: &'a [u8]) -> Self {
        Self {
            peer: None,
            payload,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(line: &str) -> (Option<u64>, &str) {
        let found = Addressed::parse(line.as_bytes());
        let text = std::str::from_utf8(found.payload).expect("a part of a str");
        (found.peer, text)
    }

    #[test]
    fn a_number_addresses_a_peer() {
        assert_eq!(parsed("@2 你好\n"), (Some(2), "你好\n"));
        assert_eq!(parsed("@12\ttext"), (Some(12), "text"));
        assert_eq!(parsed("@2  two blanks\n"), (Some(2), " two blanks\n"));
        assert_eq!(parsed("@3\n"), (Some(3), "\n"));
        assert_eq!(parsed("@3"), (Some(3), ""));
        let (huge, _) = parsed("@99999999999999999999999 x\n");
        assert_eq!(huge, Some(u64::MAX));
    }

    #[test]
    fn everything_else_goes_to_the_last_heard() {
        for line in ["hi\n", "@ 2 x\n", "@2x\n", "@home\n", "mail@2 x\n", "", "@"] {
            assert_eq!(parsed(line), (None, line));
        }
        assert_eq!(parsed("@@2 x\n"), (None, "@2 x\n"));
        assert_eq!(parsed("@@@\n"), (None, "@@\n"));
    }

    proptest! {
        #[test]
        fn any_text_can_be_said_to_any_peer(peer: u64, text in "\\PC*") {
            let line = format!("@{peer} {text}\n");
            let found = Addressed::parse(line.as_bytes());
            prop_assert_eq!(found.peer, Some(peer));
            let wanted = format!("{text}\n");
            prop_assert_eq!(found.payload, wanted.as_bytes());
        }

        #[test]
        fn any_text_can_be_said_to_the_last(text in "\\PC*") {
            let escaped = if text.starts_with('@') { format!("@{text}") } else { text.clone() };
            let found = Addressed::parse(escaped.as_bytes());
            prop_assert_eq!(found.peer, None);
            prop_assert_eq!(found.payload, text.as_bytes());
        }
    }
}
