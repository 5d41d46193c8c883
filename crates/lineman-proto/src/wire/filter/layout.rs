//! Where frames of each link type have their parts.

use super::node::Node;
use crate::wire::LinkType;

/// Where frames of a link have their parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Ethernet,
    Cooked,
    Cooked2,
    Loopback,
    /// IPv4 or IPv6, as the first four bits say.
    RawIp,
    Ipv4,
    Ipv6,
    /// A packet socket of the kind `SOCK_DGRAM`: there is no header, and the protocol is told beside.
    CookedSocket,
}

/// What a packet is, by Ethernet's numbers.
pub(super) const IPV4: u16 = 0x0800;
pub(super) const IPV6: u16 = 0x86dd;
pub(super) const ARP: u16 = 0x0806;
pub(super) const RARP: u16 = 0x8035;
/// The length of a VLAN tag.
const TAG: u32 = 4;
/// `SKF_AD_OFF + SKF_AD_PROTOCOL` of linux/filter.h: what the packet carries, by Ethernet's numbers.
const SOCKET_PROTOCOL: u32 = 0xffff_f000;
/// `AF_INET`, and `AF_INET6` of NetBSD and OpenBSD, of FreeBSD, of macOS.
const LOOPBACK_V4: [u32; 1] = [2];
const LOOPBACK_V6: [u32; 3] = [24, 28, 30];

impl Layout {
    pub(super) fn of(link: LinkType) -> Option<Self> {
        Some(match link {
            LinkType::ETHERNET => Self::Ethernet,
            LinkType::LINUX_SLL => Self::Cooked,
            LinkType::LINUX_SLL2 => Self::Cooked2,
            LinkType::NULL | LinkType::LOOP => Self::Loopback,
            LinkType::RAW => Self::RawIp,
            LinkType::IPV4 => Self::Ipv4,
            LinkType::IPV6 => Self::Ipv6,
            _ => return None,
        })
    }

    /// Where the packet begins behind the header and some VLAN tags.
    pub(super) fn payload(self, tags: u32) -> u32 {
        let header = match self {
            Self::Ethernet => 14,
            Self::Cooked => 16,
            Self::Cooked2 => 20,
            Self::Loopback => 4,
            Self::RawIp | Self::Ipv4 | Self::Ipv6 | Self::CookedSocket => 0,
        };
        header + tags * TAG
    }

    /// Whether the packet is of a protocol, by Ethernet's number for it.
    pub(super) fn carries(self, ether_type: u16, tags: u32) -> Node {
        let number = ether_type.into();
        match (self, ether_type) {
            (Self::Ethernet, _) => Node::equal(12 + tags * TAG, 2, number),
            (Self::Cooked, _) => Node::equal(14, 2, number),
            (Self::Cooked2, _) => Node::equal(0, 2, number),
            (Self::CookedSocket, _) => Node::equal(SOCKET_PROTOCOL, 2, number),
            (Self::Loopback, IPV4) => family(&LOOPBACK_V4),
            (Self::Loopback, IPV6) => family(&LOOPBACK_V6),
            (Self::RawIp, IPV4) => Node::masked(0, 1, 0xf0, 0x40),
            (Self::RawIp, IPV6) => Node::masked(0, 1, 0xf0, 0x60),
            (Self::Ipv4, IPV4) | (Self::Ipv6, IPV6) => Node::Always(true),
            _ => Node::Always(false),
        }
    }
}

/// An address family in either byte order: the system that captured has used its own.
fn family(numbers: &[u32]) -> Node {
    let each = |number: &u32| Node::equal(0, 4, *number).or(Node::equal(0, 4, number.swap_bytes()));
    let all = numbers.iter().map(each);
    all.fold(Node::Always(false), Node::or)
}
