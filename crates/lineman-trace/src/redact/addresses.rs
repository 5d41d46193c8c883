//! Other addresses in place of those that there are.

use std::hash::BuildHasher;

/// Replaces addresses by a key. The same address becomes the same, different ones become different.
#[derive(Debug)]
pub(super) struct Addresses<S> {
    key: S,
}

/// What a hash is about: an address must not become what a name becomes.
#[derive(Hash)]
enum About<'a> {
    Bit { of: usize, prefix: u128, len: u32 },
    Station([u8; 6]),
    Name(&'a [u8], usize),
}

/// The bits of the first byte of a station's address that say whether it is a group, and whether it was given
/// by its maker (IEEE 802).
const KIND_OF_STATION: u8 = 0b11;

impl<S: BuildHasher> Addresses<S> {
    pub(super) fn new(key: S) -> Self {
        Self { key }
    }

    /// An address of IPv4 or IPv6, four bytes or sixteen. Two addresses that begin alike still do, for as many bits
    /// (the scheme of Crypto-PAn: whether a bit is turned depends on those before it). What is no address of one
    /// host stays: everybody, groups, this host.
    pub(super) fn host(&self, bytes: &mut [u8]) {
        if is_special(bytes) {
            return;
        }
        loop {
            self.turned(bytes);
            // An address of a host stays one: it is turned again, until it is.
            if !is_special(bytes) {
                return;
            }
        }
    }

    fn turned(&self, bytes: &mut [u8]) {
        let of = bytes.len();
        let bits = of as u32 * 8;
        let address = number(bytes);
        let mut turned = address;
        for at in 0..bits {
            let below = bits - at - 1;
            let prefix = address.checked_shr(below + 1).unwrap_or(0);
            let about = About::Bit {
                of,
                prefix,
                len: at,
            };
            turned ^= u128::from(self.key.hash_one(about) & 1) << below;
        }
        let all = turned.to_be_bytes();
        bytes.copy_from_slice(&all[16 - of..]);
    }

    /// A station's address; groups stay.
    pub(super) fn station(&self, bytes: &mut [u8]) {
        let Ok(station) = <[u8; 6]>::try_from(&*bytes) else {
            return;
        };
        if station[0] & 1 == 1 || station == [0; 6] {
            return;
        }
        let hash = self.key.hash_one(About::Station(station)).to_be_bytes();
        bytes.copy_from_slice(&hash[..6]);
        bytes[0] = bytes[0] & !KIND_OF_STATION | station[0] & KIND_OF_STATION;
    }

    /// Letters in place of a name, as many as it has.
    pub(super) fn name(&self, bytes: &mut [u8]) {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let name = bytes.to_vec();
        for (at, byte) in bytes.iter_mut().enumerate() {
            let hash = self.key.hash_one(About::Name(&name, at));
            *byte = LETTERS[(hash % 32) as usize];
        }
    }
}

fn number(bytes: &[u8]) -> u128 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// Whether an address is not that of one host among others.
fn is_special(bytes: &[u8]) -> bool {
    match *bytes {
        [0 | 127 | 224.., ..] if bytes.len() == 4 => true,
        [0xff, ..] if bytes.len() == 16 => true,
        _ if bytes.len() == 16 => number(bytes) <= 1,
        _ => bytes.len() != 4,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::RandomState;
    use std::net::Ipv4Addr;

    use super::*;

    fn common(one: u32, other: u32) -> u32 {
        (one ^ other).leading_zeros()
    }

    #[test]
    fn addresses_that_begin_alike_still_do_and_stay_different() {
        let addresses = Addresses::new(RandomState::new());
        let turned = |ip: u32| {
            let mut bytes = ip.to_be_bytes();
            addresses.host(&mut bytes);
            u32::from_be_bytes(bytes)
        };
        let base = u32::from(Ipv4Addr::new(10, 20, 30, 40));
        let all: Vec<u32> = (0..500).map(|n: u32| base ^ n.wrapping_mul(7)).collect();
        for pair in all.windows(2) {
            let [one, other] = [pair[0], pair[1]].map(turned);
            assert_eq!(common(one, other), common(pair[0], pair[1]));
        }
        let different: BTreeSet<u32> = all.iter().copied().map(turned).collect();
        assert_eq!(different.len(), all.len());
        assert_ne!(turned(base), base, "one in 2³² runs");
    }

    #[test]
    fn a_host_stays_a_host_and_what_is_none_stays_what_it_is() {
        let addresses = Addresses::new(RandomState::new());
        for special in [
            [127, 0, 0, 1],
            [0, 0, 0, 0],
            [255, 255, 255, 255],
            [224, 0, 0, 251],
        ] {
            let mut bytes = special;
            addresses.host(&mut bytes);
            assert_eq!(bytes, special);
        }
        let mut group = [0; 16];
        (group[0], group[15]) = (0xff, 1);
        let before = group;
        addresses.host(&mut group);
        assert_eq!(group, before);
        for first in 1..=223_u8 {
            let mut bytes = [first, 1, 2, 3];
            addresses.host(&mut bytes);
            assert_eq!(is_special(&bytes), first == 127, "{bytes:?}");
        }
    }

    #[test]
    fn stations_keep_what_kind_they_are_and_names_their_length() {
        let addresses = Addresses::new(RandomState::new());
        let mut station = [0x02, 1, 2, 3, 4, 5];
        addresses.station(&mut station);
        assert_eq!(station[0] & 3, 2);
        assert_ne!(station, [0x02, 1, 2, 3, 4, 5]);
        let mut everybody = [0xff; 6];
        addresses.station(&mut everybody);
        assert_eq!(everybody, [0xff; 6]);
        let (mut one, mut again) = (*b"secret.img", *b"secret.img");
        addresses.name(&mut one);
        addresses.name(&mut again);
        assert_eq!(one, again);
        assert!(one != *b"secret.img" && one.iter().all(u8::is_ascii_alphanumeric));
    }
}
