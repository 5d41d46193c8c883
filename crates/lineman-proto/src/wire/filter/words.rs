//! The words of the language, and what the names in it stand for.

use super::expr::Proto;

/// What may stand between two parts of a filter.
pub(super) const OPERATORS: [&str; 2] = ["and", "or"];

/// What may follow a protocol.
pub(super) const BEHIND_PROTO: [&str; 7] =
    ["port", "host", "net", "portrange", "src", "dst", "proto"];

/// What a part of a filter may begin with.
pub(super) const STARTS: [&str; 28] = [
    "host",
    "net",
    "port",
    "portrange",
    "src",
    "dst",
    "tcp",
    "udp",
    "icmp",
    "icmp6",
    "arp",
    "ip",
    "ip6",
    "ether",
    "vlan",
    "proto",
    "not",
    "less",
    "greater",
    "len",
    "sctp",
    "igmp",
    "rarp",
    "broadcast",
    "multicast",
    "(",
    "!",
    "tcp[tcpflags]",
];

/// Words that cannot be a value.
pub(super) fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "host"
            | "net"
            | "port"
            | "portrange"
            | "src"
            | "dst"
            | "proto"
            | "vlan"
            | "less"
            | "greater"
            | "len"
            | "and"
            | "or"
            | "not"
            | "mask"
            | "broadcast"
            | "multicast"
    ) || proto(word).is_some()
}

/// The protocol of a name.
pub(super) fn proto(word: &str) -> Option<Proto> {
    Some(match word {
        "ether" | "link" => Proto::Ether,
        "ip" => Proto::Ip,
        "ip6" => Proto::Ip6,
        "arp" => Proto::Arp,
        "rarp" => Proto::Rarp,
        "tcp" => Proto::Tcp,
        "udp" => Proto::Udp,
        "sctp" => Proto::Sctp,
        "icmp" => Proto::Icmp,
        "icmp6" => Proto::Icmp6,
        "igmp" => Proto::Igmp,
        _ => return None,
    })
}

/// The number that IP has for a protocol (IANA's "Protocol Numbers").
pub(super) fn ip_number(name: &str) -> Option<u8> {
    Some(match name {
        "icmp" => 1,
        "igmp" => 2,
        "tcp" => 6,
        "udp" => 17,
        "gre" => 47,
        "esp" => 50,
        "ah" => 51,
        "icmp6" => 58,
        "ospf" => 89,
        "pim" => 103,
        "vrrp" => 112,
        "sctp" => 132,
        _ => return None,
    })
}

/// The number that Ethernet has for a protocol.
pub(super) fn ether_type(name: &str) -> Option<u16> {
    Some(match name {
        "ip" => 0x0800,
        "arp" => 0x0806,
        "rarp" => 0x8035,
        "ip6" => 0x86dd,
        _ => return None,
    })
}

/// Numbers that have names in calculations (pcap-filter(7)): offsets, types of ICMP, flags of TCP.
pub(super) fn constant(name: &str) -> Option<u32> {
    let mut all = CONSTANTS.iter();
    all.find(|(known, _)| *known == name)
        .map(|(_, number)| *number)
}

pub(super) const CONSTANTS: [(&str, u32); 50] = [
    ("tcpflags", 13),
    ("tcp-fin", 0x01),
    ("tcp-syn", 0x02),
    ("tcp-rst", 0x04),
    ("tcp-push", 0x08),
    ("tcp-ack", 0x10),
    ("tcp-urg", 0x20),
    ("tcp-ece", 0x40),
    ("tcp-cwr", 0x80),
    ("icmptype", 0),
    ("icmpcode", 1),
    ("icmp-echoreply", 0),
    ("icmp-unreach", 3),
    ("icmp-sourcequench", 4),
    ("icmp-redirect", 5),
    ("icmp-echo", 8),
    ("icmp-routeradvert", 9),
    ("icmp-routersolicit", 10),
    ("icmp-timxceed", 11),
    ("icmp-paramprob", 12),
    ("icmp-tstamp", 13),
    ("icmp-tstampreply", 14),
    ("icmp-ireq", 15),
    ("icmp-ireqreply", 16),
    ("icmp-maskreq", 17),
    ("icmp-maskreply", 18),
    ("icmp6type", 0),
    ("icmp6code", 1),
    ("icmp6-destinationunreach", 1),
    ("icmp6-packettoobig", 2),
    ("icmp6-timeexceeded", 3),
    ("icmp6-parameterproblem", 4),
    ("icmp6-echo", 128),
    ("icmp6-echoreply", 129),
    ("icmp6-multicastlistenerquery", 130),
    ("icmp6-multicastlistenerreportv1", 131),
    ("icmp6-multicastlistenerdone", 132),
    ("icmp6-routersolicit", 133),
    ("icmp6-routeradvert", 134),
    ("icmp6-neighborsolicit", 135),
    ("icmp6-neighboradvert", 136),
    ("icmp6-redirect", 137),
    ("icmp6-routerrenum", 138),
    ("icmp6-nodeinformationquery", 139),
    ("icmp6-nodeinformationresponse", 140),
    ("icmp6-ineighbordiscoverysolicit", 141),
    ("icmp6-ineighbordiscoveryadvert", 142),
    ("icmp6-multicastlistenerreportv2", 143),
    ("icmp6-homeagentdiscoveryrequest", 144),
    ("icmp6-homeagentdiscoveryreply", 145),
];

/// The port of a service whose name is often typed, for the error that asks for the number.
pub(super) fn service(name: &str) -> Option<u16> {
    Some(match name {
        "ftp" => 21,
        "ssh" => 22,
        "telnet" => 23,
        "smtp" => 25,
        "domain" | "dns" => 53,
        "bootps" | "dhcp" => 67,
        "bootpc" => 68,
        "tftp" => 69,
        "http" => 80,
        "ntp" => 123,
        "snmp" => 161,
        "https" => 443,
        "syslog" => 514,
        "mdns" => 5353,
        _ => return None,
    })
}
