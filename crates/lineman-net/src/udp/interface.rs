//! The network interface that a person names.

use std::fmt;
use std::net::IpAddr;

use nix::ifaddrs::InterfaceAddress;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_indextoname;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::SockaddrIn;
use nix::sys::socket::SockaddrIn6;

/// A network interface of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its index, which is how the kernel is told (an address may be on several).
    pub index: u32,
    /// Its name.
    pub name: String,
}

/// No interface has this name or address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownInterface {
    /// What was asked for.
    pub wanted: String,
    /// The names that there are.
    pub names: Vec<String>,
}

impl Interface {
    /// The interface with this name, or with this address.
    ///
    /// # Errors
    /// When there is none; the error lists the names that there are.
    pub fn find(wanted: &str) -> Result<Self, UnknownInterface> {
        let all: Vec<_> = getifaddrs().into_iter().flatten().collect();
        let address: Option<IpAddr> = wanted.parse().ok();
        let fits = |one: &&InterfaceAddress| {
            one.interface_name == wanted || (address.is_some() && ip(one) == address)
        };
        let name = all
            .iter()
            .find(fits)
            .map_or(wanted, |one| one.interface_name.as_str());
        match if_nametoindex(name) {
            Ok(index) => Ok(Self {
                index,
                name: name.to_owned(),
            }),
            Err(_) => Err(UnknownInterface {
                wanted: wanted.to_owned(),
                names: names(all),
            }),
        }
    }
}

/// The interface that the zone of an IPv6 address names: `eth0` or `2` of `fe80::1%2`.
///
/// # Errors
/// When there is none; the error lists the names that there are.
pub fn zone(zone: &str) -> Result<Interface, UnknownInterface> {
    let named = if_nametoindex(zone).map(|index| (index, zone.to_owned()));
    let numbered = || {
        let index: u32 = zone.parse().ok()?;
        let name = if_indextoname(index).ok()?.into_string().ok()?;
        // The wrapper takes some failures for an empty name.
        (!name.is_empty()).then_some((index, name))
    };
    match named.ok().or_else(numbered) {
        Some((index, name)) => Ok(Interface { index, name }),
        None => Err(UnknownInterface {
            wanted: zone.to_owned(),
            names: interfaces(),
        }),
    }
}

/// The names of this machine's interfaces.
pub fn interfaces() -> Vec<String> {
    names(getifaddrs().into_iter().flatten().collect())
}

impl fmt::Display for UnknownInterface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names.join(", ");
        write!(f, "no interface {}; there are {names}", self.wanted)
    }
}

impl std::error::Error for UnknownInterface {}

fn ip(interface: &InterfaceAddress) -> Option<IpAddr> {
    let address = interface.address.as_ref()?;
    let v4 = address.as_sockaddr_in().map(SockaddrIn::ip);
    let v6 = || address.as_sockaddr_in6().map(SockaddrIn6::ip);
    v4.map(IpAddr::V4).or_else(|| v6().map(IpAddr::V6))
}

/// Each once: `getifaddrs` has an entry for each address.
fn names(all: Vec<InterfaceAddress>) -> Vec<String> {
    let mut names: Vec<_> = all.into_iter().map(|one| one.interface_name).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name_and_by_address() {
        let by_name = Interface::find("lo").expect("every Linux has lo");
        assert_eq!(Interface::find("127.0.0.1"), Ok(by_name));
    }

    #[test]
    fn a_zone_is_a_name_or_a_number() {
        let lo = Interface::find("lo").expect("every Linux has lo");
        assert_eq!(zone("lo"), Ok(lo.clone()));
        assert_eq!(zone(&lo.index.to_string()), Ok(lo));
        for wanted in ["nonsense0", "4000000000", ""] {
            let error = zone(wanted).expect_err("no such interface");
            assert!(error.names.iter().any(|name| name == "lo"));
        }
    }

    #[test]
    fn an_unknown_one_lists_those_that_are() {
        for wanted in ["nonsense0", "192.0.2.1", ""] {
            let error = Interface::find(wanted).expect_err("no such interface");
            assert!(error.to_string().contains("lo"), "{error}");
        }
    }
}
