//! Options as they stand in a packet: names and values, each ended by a NUL (RFC 2347).

/// A view of the option fields of a request or an OACK. Nothing is copied and nothing can fail:
/// whatever does not parse as name and value is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options<'a>(&'a [u8]);

impl<'a> Options<'a> {
    /// A view of the bytes behind the mode of a request, or behind the opcode of an OACK.
    pub fn new(fields: &'a [u8]) -> Self {
        Self(fields)
    }

    /// Names and values in the order of the packet. Ends at the first empty name (padding) and at
    /// a name without a value; a value may be empty (iPXE asks `multicast ""`).
    pub fn iter(self) -> OptionsIter<'a> {
        OptionsIter(self.0)
    }

    /// The first `count` options, as if the packet ended behind them.
    pub(super) fn first(self, count: usize) -> Self {
        let mut iter = self.iter();
        iter.by_ref().take(count).for_each(drop);
        Self(&self.0[..self.0.len() - iter.0.len()])
    }

    /// The value of the first option of this name; names compare without regard to case.
    pub fn value(self, name: &str) -> Option<&'a [u8]> {
        self.iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// Whether the options have these names and no others, in this order and any case: what one program asks
    /// is seldom what another does.
    pub(super) fn are_named<Name: AsRef<str>>(self, names: &[Name]) -> bool {
        let asked = self.iter().map(|(name, _)| name);
        asked.clone().count() == names.len()
            && asked
                .zip(names)
                .all(|(asked, name)| asked.eq_ignore_ascii_case(name.as_ref().as_bytes()))
    }

    /// The value as a decimal number, if it is one and nothing else: no sign, no blanks.
    pub fn number(self, name: &str) -> Option<u64> {
        self.value(name).and_then(number)
    }
}

impl<'a> IntoIterator for Options<'a> {
    type IntoIter = OptionsIter<'a>;
    type Item = (&'a [u8], &'a [u8]);

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterates over names and values; see [`Options::iter`].
#[derive(Clone, Debug)]
pub struct OptionsIter<'a>(&'a [u8]);

impl<'a> Iterator for OptionsIter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = split_nul(self.0)?;
        if name.is_empty() {
            return None;
        }
        // The last value may lack its NUL; that is how truncated requests arrive from old ROMs.
        let (value, rest) =
            split_nul(rest).or_else(|| (!rest.is_empty()).then_some((rest, &[])))?;
        self.0 = rest;
        Some((name, value))
    }
}

/// What stands before the first NUL and what behind it; `None` without a NUL.
pub(super) fn split_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == 0)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// Digits only, and no more than fit.
pub(super) fn number(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Appends a name and a value with their NULs.
pub(super) fn push(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.push(0);
    out.extend_from_slice(value);
    out.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_does_not_pair_the_rest_wrongly() {
        let options = Options::new(b"blksize\x001432\x00multicast\x00\x00tsize\x000\x00");
        assert_eq!(options.number("tsize"), Some(0));
        assert_eq!(options.value("MULTICAST"), Some(&b""[..]));
        assert_eq!(options.iter().count(), 3);
    }

    #[test]
    fn padding_and_a_name_without_value_are_left_out() {
        assert_eq!(
            Options::new(b"tsize\x000\x00\x00\x00\x00\x00")
                .iter()
                .count(),
            1
        );
        assert_eq!(Options::new(b"tsize\x000\x00junk").iter().count(), 1);
        assert_eq!(Options::new(b"tsize\x000\x00junk\x00").iter().count(), 1);
        assert_eq!(Options::new(b"tsize\x0012").number("tsize"), Some(12));
    }

    #[test]
    fn only_digits_are_a_number() {
        for bad in ["", "+8", " 8", "8 ", "-1", "0x10", "99999999999999999999"] {
            assert_eq!(number(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(number(b"0008"), Some(8));
    }
}
