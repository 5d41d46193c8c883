//! What a client is known by: the names of the options in its request.

use std::net::IpAddr;

use super::Options;

/// A client's address, and the option names of its request in their order: enough to know one
/// program from another at the same address (a boot ROM, then the loader that it has fetched).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint {
    ip: IpAddr,
    /// A hash of the names, so that a request cannot take memory. Who finds two lists of the same
    /// hash has found a way to be mistaken for himself.
    names: u64,
}

impl Fingerprint {
    /// The fingerprint of a request with these options from `ip`.
    pub fn of(ip: IpAddr, options: Options<'_>) -> Self {
        let names = options
            .iter()
            .take(MOST_NAMES)
            .flat_map(|(name, _)| name.iter().map(u8::to_ascii_lowercase).chain([0]))
            .fold(FNV_OFFSET, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
            });
        Self { ip, names }
    }
}

/// More than any client asks.
const MOST_NAMES: usize = 32;
// FNV-1a with 64 bits.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(last: u8, fields: &[u8]) -> Fingerprint {
        Fingerprint::of(IpAddr::from([192, 0, 2, last]), Options::new(fields))
    }

    #[test]
    fn names_and_their_order_count_and_values_do_not() {
        let ipxe = of(1, b"blksize\x001432\0tsize\x000\0");
        assert_eq!(ipxe, of(1, b"BLKSIZE\x001024\0tsize\x005\0"));
        assert_ne!(ipxe, of(1, b"tsize\x000\0blksize\x001432\0"));
        assert_ne!(ipxe, of(1, b"blksizetsize\x000\0"));
        assert_ne!(ipxe, of(2, b"blksize\x001432\0tsize\x000\0"));
    }
}
