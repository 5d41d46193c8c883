//! The form of a netlink message: a header, a structure, attributes; all aligned to four bytes.

/// A message being written: its kind's structure, then attributes.
#[derive(Debug)]
pub struct Message {
    kind: u16,
    flags: u16,
    body: Vec<u8>,
}

impl Message {
    /// A message of this kind (`RTM_…`, `SOCK_DIAG_…`) with the structure that belongs to the kind and these
    /// flags, to which those of the question are added.
    pub fn new(kind: u16, flags: u16, fixed: &[u8]) -> Self {
        let mut body = fixed.to_vec();
        pad(&mut body);
        Self { kind, flags, body }
    }

    /// Appends an attribute.
    pub fn with(mut self, kind: u16, value: &[u8]) -> Self {
        put(&mut self.body, kind, value);
        self
    }

    /// Appends an attribute that is a number.
    pub fn with_u32(self, kind: u16, value: u32) -> Self {
        self.with(kind, &value.to_ne_bytes())
    }

    /// The whole message with its header.
    pub(super) fn finish(self, flags: u16) -> Vec<u8> {
        let len = (HEADER + self.body.len()) as u32;
        let mut bytes = Vec::with_capacity(len as usize);
        bytes.extend(len.to_ne_bytes());
        bytes.extend(self.kind.to_ne_bytes());
        bytes.extend((self.flags | flags).to_ne_bytes());
        bytes.extend([0; 8]); // sequence number and port: each question has one answer, in order
        bytes.extend(self.body);
        bytes
    }
}

/// Attributes one after the other, as the value of an attribute that has some inside.
pub fn attributes<const N: usize>(list: [(u16, &[u8]); N]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, value) in list {
        put(&mut bytes, kind, value);
    }
    bytes
}

fn put(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    bytes.extend(((ATTRIBUTE + value.len()) as u16).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    pad(bytes);
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
}

/// What stands at the head of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) kind: u16,
}

/// The first message of an answer, its body, and the rest; `None` at the end or if it is cut short.
pub(super) fn take(bytes: &[u8]) -> Option<(Header, &[u8], &[u8])> {
    let len = u32::from_ne_bytes(*bytes.first_chunk()?) as usize;
    let kind = u16::from_ne_bytes(*bytes.get(4..)?.first_chunk()?);
    let body = bytes.get(HEADER..len)?;
    let rest = bytes.get(len.next_multiple_of(ALIGN)..).unwrap_or_default();
    Some((Header { kind }, body, rest))
}

/// The value of the first attribute of this kind.
pub fn attribute(mut bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let len = usize::from(u16::from_ne_bytes(*bytes.first_chunk()?));
        let kind = u16::from_ne_bytes(*bytes.get(2..)?.first_chunk()?);
        let value = bytes.get(ATTRIBUTE..len)?;
        if kind == wanted {
            return Some(value);
        }
        bytes = bytes.get(len.next_multiple_of(ALIGN)..)?;
    }
}

/// The size of `struct nlmsghdr`, in bytes (linux/netlink.h, as the next two).
const HEADER: usize = 16;
/// The size of `struct nlattr`, in bytes.
const ATTRIBUTE: usize = 4;
/// At multiples of so many bytes attributes begin (`NLA_ALIGNTO`).
const ALIGN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_form_of_netlink_7() {
        let bytes = Message::new(16, 0x400, &[1; 2]).with(3, b"a").finish(1);
        let mut wanted = 28_u32.to_ne_bytes().to_vec();
        wanted.extend([16_u16.to_ne_bytes(), 0x401_u16.to_ne_bytes()].concat());
        wanted.extend([0; 8]);
        wanted.extend([1, 1, 0, 0]);
        wanted.extend([5_u16.to_ne_bytes(), 3_u16.to_ne_bytes()].concat());
        wanted.extend(b"a\0\0\0");
        assert_eq!(bytes, wanted);
        let (header, body, rest) = take(&bytes).expect("a message");
        assert_eq!((header.kind, rest), (16, &[][..]));
        assert_eq!(attribute(&body[4..], 3), Some(&b"a"[..]));
        assert_eq!(attribute(&body[4..], 4), None);
    }

    #[test]
    fn nonsense_ends_and_does_not_panic() {
        for len in 0..64 {
            for byte in [0, 1, 4, 17, 255] {
                let bytes = vec![byte; len];
                let _ = take(&bytes);
                assert_eq!(attribute(&bytes, 0xfffe), None);
            }
        }
    }
}
