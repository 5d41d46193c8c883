//! What a request lacks. Those who answer it may read it nevertheless, as [`Request`](super::Request) does.

use super::options::split_nul;

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed<'a> {
    /// What it is.
    pub fault: Fault,
    /// The file's name, as far as it is there.
    pub file: &'a [u8],
    /// The mode or the option that it is about.
    pub about: &'a [u8],
}

/// What may be wrong with a request (RFC 1350 §5, RFC 2347).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It names no file.
    NoFile,
    /// It ends within the file's name.
    FileEnd,
    /// It has no mode.
    NoMode,
    /// No RFC knows its mode.
    UnknownMode,
    /// It ends within the mode.
    ModeEnd,
    /// An option has no name.
    NoName,
    /// The last option has no value.
    NoValue,
    /// It ends within the value of the last option.
    ValueEnd,
}

impl<'a> Malformed<'a> {
    /// What is wrong with a whole datagram that begins with the opcode of a request; `None` if nothing is, or it does not. Zeros behind
    /// all that are no fault: some ROMs pad requests.
    pub fn of(datagram: &'a [u8]) -> Option<Self> {
        let [0, 1 | 2, rest @ ..] = datagram else {
            return None;
        };
        let (file, rest) = split_nul(rest).unwrap_or((rest, &[]));
        let it = |fault, about| Self { fault, file, about };
        if file.is_empty() {
            return Some(it(Fault::NoFile, file));
        }
        if file.len() + 2 == datagram.len() {
            return Some(it(Fault::FileEnd, file));
        }
        let (mode, options) = split_nul(rest).unwrap_or((rest, &[]));
        let is_known =
            ["netascii", "octet", "mail"].map(|name| mode.eq_ignore_ascii_case(name.as_bytes()));
        match () {
            () if mode.is_empty() => Some(it(Fault::NoMode, mode)),
            () if !is_known.contains(&true) => Some(it(Fault::UnknownMode, mode)),
            () if mode.len() == rest.len() => Some(it(Fault::ModeEnd, mode)),
            () => of_options(options).map(|(fault, name)| it(fault, name)),
        }
    }
}

/// What is wrong with the first option of which something is.
fn of_options(mut rest: &[u8]) -> Option<(Fault, &[u8])> {
    while rest.iter().any(|byte| *byte != 0) {
        let Some((name, behind)) = split_nul(rest) else {
            return Some((Fault::NoValue, rest));
        };
        if name.is_empty() {
            return Some((Fault::NoName, name));
        }
        rest = match split_nul(behind) {
            Some((_, next)) => next,
            None if behind.is_empty() => return Some((Fault::NoValue, name)),
            None => return Some((Fault::ValueEnd, name)),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(rests: &[&[u8]]) -> Vec<Option<Fault>> {
        let whole = |rest: &&[u8]| [&[0, 1], *rest].concat();
        let requests: Vec<_> = rests.iter().map(whole).collect();
        let found = |it: &Vec<u8>| Malformed::of(it).map(|it| it.fault);
        requests.iter().map(found).collect()
    }

    #[test]
    fn what_a_request_lacks_is_named() {
        let rests: [&[u8]; 12] = [
            b"",
            b"\0octet\0",
            b"f",
            b"f\0",
            b"f\0\0",
            b"f\0binary\0",
            b"f\0octet",
            b"f\0octet\0tsize",
            b"f\0octet\0tsize\0",
            b"f\0octet\0tsize\x000",
            b"f\0octet\0tsize\x000\0blksize\x001432",
            b"f\0octet\0\0tsize\x000\0",
        ];
        let wanted = [
            Fault::NoFile,
            Fault::NoFile,
            Fault::FileEnd,
            Fault::NoMode,
            Fault::NoMode,
            Fault::UnknownMode,
            Fault::ModeEnd,
            Fault::NoValue,
            Fault::NoValue,
            Fault::ValueEnd,
            Fault::ValueEnd,
            Fault::NoName,
        ];
        assert_eq!(faults(&rests), wanted.map(Some));
        let found = Malformed::of(b"\0\x02f\0octet\0tsize").expect("a fault");
        assert_eq!((found.file, found.about), (&b"f"[..], &b"tsize"[..]));
    }

    /// iPXE asks for `multicast` with an empty value; ROMs pad; `mail` is obsolete, and of RFC 1350.
    #[test]
    fn a_whole_request_lacks_nothing() {
        let rests: [&[u8]; 5] = [
            b"f\0octet\0",
            b"f\0OCTET\0\0\0\0",
            b"f\0mail\0",
            b"f\0octet\0multicast\0\0tsize\x000\0",
            b"f\0octet\0tsize\x000\0\0\0",
        ];
        assert_eq!(faults(&rests), [None; 5]);
        assert_eq!(Malformed::of(&[0, 3, 0, 1]), None);
    }
}
