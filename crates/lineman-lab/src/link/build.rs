//! The messages of rtnetlink(7) that make and configure interfaces.

use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::os::fd::AsRawFd as _;
use std::os::fd::BorrowedFd;

use lineman_netlink::Message;
use lineman_netlink::NLM_F_CREATE;
use lineman_netlink::NLM_F_EXCL;
use lineman_netlink::attribute;
use lineman_netlink::attributes;

/// One end of a cable.
pub(super) struct End {
    pub(super) index: u32,
    pub(super) name: &'static str,
    pub(super) hardware: [u8; 6],
}

/// Makes a cable, one end here, the other in `namespace` (veth(4)).
pub(super) fn cable(near: &End, far: &End, namespace: BorrowedFd<'_>) -> Message {
    let number = namespace.as_raw_fd().to_ne_bytes();
    let mut peer = interface(far.index, 0, 0);
    peer.extend(attributes([
        (IFLA_IFNAME, far.name.as_bytes()),
        (IFLA_ADDRESS, &far.hardware),
        (IFLA_MTU, &MTU.to_ne_bytes()),
        (IFLA_NET_NS_FD, &number),
    ]));
    let data = attributes([(VETH_INFO_PEER, &peer)]);
    let info = attributes([(IFLA_INFO_KIND, b"veth"), (IFLA_INFO_DATA, &data)]);
    Message::new(RTM_NEWLINK, MAKE, &interface(near.index, 0, 0))
        .with(IFLA_IFNAME, near.name.as_bytes())
        .with(IFLA_ADDRESS, &near.hardware)
        .with_u32(IFLA_MTU, MTU)
        .with(IFLA_LINKINFO, &info)
}

/// Keeps an interface from giving itself an IPv6 address, and so from soliciting routers.
pub(super) fn no_address_of_its_own(index: u32) -> Message {
    let mode = attributes([(IFLA_INET6_ADDR_GEN_MODE, &[IN6_ADDR_GEN_MODE_NONE])]);
    let families = attributes([(AF_INET6, &mode)]);
    Message::new(RTM_NEWLINK, 0, &interface(index, 0, 0)).with(IFLA_AF_SPEC, &families)
}

/// Switches an interface on, with address resolution or without.
pub(super) fn up(index: u32, resolving: bool) -> Message {
    let flags = if resolving {
        IFF_UP
    } else {
        IFF_UP | IFF_NOARP
    };
    let fixed = interface(index, flags, IFF_UP | IFF_NOARP);
    Message::new(RTM_NEWLINK, 0, &fixed)
}

/// Asks for all that is known of an interface.
pub(super) fn state(index: u32) -> Message {
    Message::new(RTM_GETLINK, 0, &interface(index, 0, 0))
}

/// Whether the answer to [`state`] says that frames pass.
pub(super) fn carries(answer: &[u8]) -> bool {
    let attributes = answer.get(INTERFACE..).unwrap_or_default();
    attribute(attributes, IFLA_OPERSTATE) == Some(&[IF_OPER_UP])
}

/// Asks where an address is.
pub(super) fn route(to: Ipv6Addr) -> Message {
    let mut fixed = [0; ROUTE];
    (fixed[0], fixed[1]) = (AF_INET6 as u8, 128);
    Message::new(RTM_GETROUTE, 0, &fixed).with(RTA_DST, &to.octets())
}

/// Whether the answer to [`route`] says that it is here.
pub(super) fn local(answer: &[u8]) -> bool {
    answer.get(7) == Some(&RTN_LOCAL)
}

/// Gives an interface an address that may be used at once: it is not asked whether another host has it (no duplicate
/// address detection).
pub(super) fn address(index: u32, address: IpAddr, prefix: u8) -> Message {
    let (family, octets) = parts(address);
    let mut fixed = vec![family, prefix, IFA_F_NODAD, 0];
    fixed.extend(index.to_ne_bytes());
    Message::new(RTM_NEWADDR, MAKE, &fixed)
        .with(IFA_LOCAL, &octets)
        .with(IFA_ADDRESS, &octets)
}

/// Tells an interface for good whose hardware address this is.
pub(super) fn neighbour(index: u32, address: IpAddr, hardware: [u8; 6]) -> Message {
    let (family, octets) = parts(address);
    let mut fixed = vec![family, 0, 0, 0];
    fixed.extend(index.to_ne_bytes());
    fixed.extend(NUD_PERMANENT.to_ne_bytes());
    fixed.extend([0, 0]);
    Message::new(RTM_NEWNEIGH, NLM_F_CREATE, &fixed)
        .with(NDA_DST, &octets)
        .with(NDA_LLADDR, &hardware)
}

/// `struct ifinfomsg`.
fn interface(index: u32, flags: u32, change: u32) -> Vec<u8> {
    [0, index, flags, change]
        .into_iter()
        .flat_map(u32::to_ne_bytes)
        .collect()
}

fn parts(address: IpAddr) -> (u8, Vec<u8>) {
    match address {
        IpAddr::V4(address) => (AF_INET as u8, address.octets().to_vec()),
        IpAddr::V6(address) => (AF_INET6 as u8, address.octets().to_vec()),
    }
}

/// The size of `struct ifinfomsg`, in bytes (linux/rtnetlink.h).
const INTERFACE: usize = 16;
/// The size of `struct rtmsg`, in bytes (linux/rtnetlink.h).
const ROUTE: usize = 12;
/// The largest IP packet that a cable takes, in bytes: that of Ethernet (RFC 894), which the textbook's numbers follow.
const MTU: u32 = 1500;
/// Flags of requests: something new is to be made.
const MAKE: u16 = NLM_F_CREATE | NLM_F_EXCL;
// linux/rtnetlink.h, if_link.h, if_addr.h, neighbour.h, if.h, veth.h, socket.h
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_NEWNEIGH: u16 = 28;
const RTM_GETROUTE: u16 = 26;
const RTA_DST: u16 = 1;
const RTN_LOCAL: u8 = 2;
const RTM_GETLINK: u16 = 18;
const IFLA_OPERSTATE: u16 = 16;
const IF_OPER_UP: u8 = 6;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINKINFO: u16 = 18;
const IFLA_AF_SPEC: u16 = 26;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
const IN6_ADDR_GEN_MODE_NONE: u8 = 1;
const IFF_UP: u32 = 1;
const IFF_NOARP: u32 = 0x80;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_F_NODAD: u8 = 2;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
const NUD_PERMANENT: u16 = 0x80;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
