//! The neighbour table of the kernel (arp(7), `ip neighbour`): which link-layer address a peer has.

use std::io;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::PoisonError;

use lineman_netlink::Message;
use lineman_netlink::Netlink;
use lineman_netlink::attribute;
use lineman_proto::wire::Mac;
use rustix::net::AddressFamily;

/// A socket to the kernel that asks for neighbours; opened before the process is confined.
#[derive(Debug)]
pub struct Neighbours(Mutex<Netlink>);

impl Neighbours {
    /// Opens it.
    ///
    /// # Errors
    /// When the system refuses a netlink socket.
    pub fn open() -> io::Result<Self> {
        Netlink::route().map(Mutex::new).map(Self)
    }

    /// The link-layer address of `ip`, as far as the kernel has learned it: it has of a peer in the same
    /// network whose packet came, for the peer had to ask for ours. `None` behind a router, for an address of
    /// this machine, and where the address is not six bytes long. It may wait for other work on the machine's
    /// network, but for no packet. Nothing is remembered: another machine may have the address now.
    pub fn mac(&self, ip: IpAddr) -> Option<Mac> {
        let ip = ip.to_canonical();
        let mut netlink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        // A single entry can be asked for only where its interface is known.
        let dumped = netlink.dump(question(ip), &mut |entry| {
            if found.is_none() && destination(entry) == Some(ip) {
                found = link_layer_address(entry);
            }
        });
        dumped.ok().and(found)
    }
}

/// All neighbours of one version of IP.
fn question(ip: IpAddr) -> Message {
    let family = match ip {
        IpAddr::V4(_) => AddressFamily::INET,
        IpAddr::V6(_) => AddressFamily::INET6,
    };
    let mut fixed = [0; NDMSG];
    fixed[0] = family.as_raw() as u8;
    Message::new(RTM_GETNEIGH, 0, &fixed)
}

fn is_known(entry: &[u8]) -> bool {
    let state = entry.get(8..10).and_then(|it| it.try_into().ok());
    state.is_some_and(|state| u16::from_ne_bytes(state) & NUD_VALID != 0)
}

fn destination(entry: &[u8]) -> Option<IpAddr> {
    let address = attribute(entry.get(NDMSG..)?, NDA_DST)?;
    match address.len() {
        4 => <[u8; 4]>::try_from(address).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(address).ok().map(IpAddr::from),
    }
}

fn link_layer_address(entry: &[u8]) -> Option<Mac> {
    if !is_known(entry) {
        return None;
    }
    let address = attribute(entry.get(NDMSG..)?, NDA_LLADDR)?;
    let mac = address.try_into().ok().map(Mac)?;
    (mac != Mac([0; 6])).then_some(mac) // what has no such address, like loopback
}

/// The size of `struct ndmsg`, in bytes (linux/neighbour.h, as the next four).
const NDMSG: usize = 12;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
/// The states in which the kernel would use an entry: permanent, no ARP, reachable, probe, stale, delay.
const NUD_VALID: u16 = 0x80 | 0x40 | 0x02 | 0x10 | 0x04 | 0x08;
/// linux/rtnetlink.h
const RTM_GETNEIGH: u16 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(state: u16, address: &[u8], link_layer: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; NDMSG];
        bytes[8..10].copy_from_slice(&state.to_ne_bytes());
        for (kind, value) in [(NDA_DST, address), (NDA_LLADDR, link_layer)] {
            bytes.extend((4 + value.len() as u16).to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    #[test]
    fn an_entry_is_believed_where_the_kernel_would_use_it() {
        let mac = [0x52, 0x54, 0, 1, 2, 3];
        let reachable = entry(0x02, &[192, 0, 2, 7], &mac);
        assert!(is_known(&reachable));
        assert_eq!(destination(&reachable), Some([192, 0, 2, 7].into()));
        assert_eq!(link_layer_address(&reachable), Some(Mac(mac)));
        let failed = entry(0x20, &[192, 0, 2, 7], &[]);
        assert!(!is_known(&failed));
        assert_eq!(link_layer_address(&failed), None);
        assert_eq!(
            link_layer_address(&entry(0x40, &[127, 0, 0, 1], &[0; 6])),
            None
        );
        for length in 0..reachable.len() {
            let cut = &reachable[..length];
            let _ = (is_known(cut), destination(cut), link_layer_address(cut));
        }
    }

    #[test]
    fn the_kernel_answers_and_nobody_has_this_machines_own_address() {
        let neighbours = Neighbours::open().expect("a netlink socket");
        assert_eq!(neighbours.mac([127, 0, 0, 1].into()), None);
        assert_eq!(neighbours.mac([0; 16].into()), None);
    }
}
