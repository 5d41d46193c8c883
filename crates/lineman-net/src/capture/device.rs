//! The interfaces of this machine.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::net::IpAddr;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::net::if_::if_indextoname;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::SockaddrIn;
use nix::sys::socket::SockaddrIn6;
use socket2::Domain;
use socket2::Socket;
use socket2::Type;

use crate::sys;

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Whether it is switched on.
    pub up: bool,
    /// Whether everything that leaves it arrives at it.
    pub loopback: bool,
    /// The largest packet that it takes at once, in bytes.
    pub mtu: Option<u32>,
}

/// All interfaces, by number.
pub fn devices() -> Vec<Device> {
    let mut all: BTreeMap<u32, Device> = BTreeMap::new();
    let probe = Socket::new(Domain::IPV4, Type::DGRAM, None).ok();
    for one in getifaddrs().into_iter().flatten() {
        let name = one.interface_name;
        let Ok(index) = if_nametoindex(name.as_str()) else {
            continue;
        };
        let device = all.entry(index).or_insert_with(|| Device {
            index,
            addresses: Vec::new(),
            up: one.flags.contains(InterfaceFlags::IFF_UP),
            loopback: one.flags.contains(InterfaceFlags::IFF_LOOPBACK),
            mtu: probe.as_ref().and_then(|probe| sys::mtu(probe, &name).ok()),
            name,
        });
        let address = one.address.as_ref();
        let v4 = address
            .and_then(|it| it.as_sockaddr_in())
            .map(SockaddrIn::ip);
        let v6 = address
            .and_then(|it| it.as_sockaddr_in6())
            .map(SockaddrIn6::ip);
        device
            .addresses
            .extend(v4.map(IpAddr::V4).or_else(|| v6.map(IpAddr::V6)));
    }
    all.into_values().collect()
}

/// Names and sizes of interfaces that packets were seen on, looked up once each.
#[derive(Debug, Default)]
pub(super) struct Devices {
    known: HashMap<u32, Known>,
}

#[derive(Debug)]
struct Known {
    name: String,
    mtu: Option<u32>,
}

impl Devices {
    pub(super) fn name(&mut self, index: u32) -> &str {
        &self.known(index).name
    }

    pub(super) fn mtu(&mut self, index: u32) -> Option<u32> {
        self.known(index).mtu
    }

    fn known(&mut self, index: u32) -> &Known {
        self.known.entry(index).or_insert_with(|| {
            let name = if_indextoname(index)
                .ok()
                .and_then(|name| name.into_string().ok());
            let name = name.unwrap_or_else(|| index.to_string());
            let probe = Socket::new(Domain::IPV4, Type::DGRAM, None);
            let mtu = probe.and_then(|probe| sys::mtu(&probe, &name)).ok();
            Known { name, mtu }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_there_and_has_a_size() {
        let all = devices();
        let lo = all
            .iter()
            .find(|device| device.loopback)
            .expect("every Linux has it");
        assert_eq!(lo.name, "lo");
        assert_eq!(lo.mtu, Some(65536));
        assert_eq!(Devices::default().name(lo.index), "lo");
        assert_eq!(Devices::default().mtu(lo.index), Some(65536));
    }
}
