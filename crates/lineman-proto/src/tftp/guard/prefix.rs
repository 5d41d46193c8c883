//! A range of addresses in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3).

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    ip: IpAddr,
    bits: u8,
}

/// Why a text is no [`Prefix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrefixError {
    /// What stands before the `/` is no address.
    Address,
    /// What stands behind the `/` is no number of bits.
    Bits,
    /// Bits behind the prefix are set, so that either part may be the mistake.
    Excess,
}

impl Prefix {
    /// The addresses whose first `bits` are those of `ip`; `None` if `ip` has fewer.
    pub fn new(ip: IpAddr, bits: u8) -> Option<Self> {
        let ip = match ip {
            IpAddr::V4(v4) if bits <= 32 => {
                Ipv4Addr::from_bits(v4.to_bits() & high_bits(bits, 32) as u32).into()
            }
            IpAddr::V6(v6) if bits <= 128 => {
                Ipv6Addr::from_bits(v6.to_bits() & high_bits(bits, 128)).into()
            }
            _ => return None,
        };
        Some(Self { ip, bits })
    }

    /// This address alone.
    pub fn address(ip: IpAddr) -> Self {
        let bits = if ip.is_ipv4() { 32 } else { 128 };
        Self { ip, bits }
    }

    /// The neighbours of `ip`: what one site or one link usually has, a /24 of IPv4 and a /56 of
    /// IPv6 (RFC 6177 §2).
    pub fn around(ip: IpAddr) -> Self {
        let bits = if ip.is_ipv4() { 24 } else { 56 };
        Self::new(ip, bits).unwrap_or(Self { ip, bits })
    }

    /// What one host has: an address of IPv4, a /64 of IPv6, in which it takes as many addresses as it
    /// likes (RFC 4862).
    pub fn host(ip: IpAddr) -> Self {
        let bits = if ip.is_ipv4() { 32 } else { 64 };
        Self::new(ip, bits).unwrap_or(Self { ip, bits })
    }

    /// The first of them.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Whether `ip` is one of them.
    pub fn contains(&self, ip: IpAddr) -> bool {
        Self::new(ip, self.bits).is_some_and(|other| other.ip == self.ip)
            && ip.is_ipv4() == self.ip.is_ipv4()
    }

    /// All addresses of both families.
    pub fn all() -> [Self; 2] {
        let all = |ip| Self { ip, bits: 0 };
        [
            all(Ipv4Addr::UNSPECIFIED.into()),
            all(Ipv6Addr::UNSPECIFIED.into()),
        ]
    }

    /// Where a boot server's clients are: private (RFC 1918, RFC 4193), shared by a provider's
    /// customers (RFC 6598), link-local (RFC 3927, RFC 4291 §2.5.6) and loopback addresses.
    pub fn local() -> Vec<Self> {
        LOCAL.iter().filter_map(|text| text.parse().ok()).collect()
    }
}

/// A number of `width` bits of which the first `bits` are set.
fn high_bits(bits: u8, width: u32) -> u128 {
    let all = u128::MAX >> (128 - width);
    let low = all.checked_shr(bits.into()).unwrap_or(0);
    all & !low
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let ip: IpAddr = address.parse().map_err(|_| PrefixError::Address)?;
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| PrefixError::Bits)?,
            None if ip.is_ipv4() => 32,
            None => 128,
        };
        let prefix = Self::new(ip, bits).ok_or(PrefixError::Bits)?;
        if prefix.ip == ip {
            Ok(prefix)
        } else {
            Err(PrefixError::Excess)
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.bits)
    }
}

const LOCAL: [&str; 9] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse().expect(text)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[test]
    fn contains_its_addresses_and_no_others() {
        for (range, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("172.16.0.0/12", "172.31.0.1", "172.32.0.1"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("fc00::/7", "fdff::1", "fe00::"),
            ("fe80::/10", "febf::1", "fec0::1"),
            ("::1/128", "::1", "::2"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
        ] {
            assert!(prefix(range).contains(ip(inside)), "{range} {inside}");
            assert!(!prefix(range).contains(ip(outside)), "{range} {outside}");
        }
    }

    #[test]
    fn a_site_is_a_24_or_a_56() {
        let around = |text| Prefix::around(ip(text)).to_string();
        assert_eq!(around("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(around("2001:db8:1:23ff::5"), "2001:db8:1:2300::/56");
    }

    #[test]
    fn a_mistake_is_refused_not_guessed_at() {
        let error = |text: &str| text.parse::<Prefix>().expect_err(text);
        assert_eq!(error("10.0.0/8"), PrefixError::Address);
        assert_eq!(error(""), PrefixError::Address);
        assert_eq!(error("10.0.0.0/33"), PrefixError::Bits);
        assert_eq!(error("10.0.0.0/"), PrefixError::Bits);
        assert_eq!(error("::/129"), PrefixError::Bits);
        assert_eq!(error("10.1.0.0/8"), PrefixError::Excess);
    }

    #[test]
    fn the_local_ones_are_all_valid() {
        let local = Prefix::local();
        assert_eq!(local.len(), LOCAL.len());
        let is_local = |text| local.iter().any(|range| range.contains(ip(text)));
        assert!(is_local("192.168.1.9") && is_local("fe80::1") && is_local("100.127.0.1"));
        assert!(!is_local("192.0.2.1") && !is_local("2001:db8::1") && !is_local("8.8.8.8"));
    }
}
