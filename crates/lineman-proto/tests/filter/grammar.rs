//! Random filters: everything that ours and tcpdump's languages have in common.

use crate::chance::Chance;

/// A filter of a few parts.
pub(crate) fn filter(chance: &mut Chance, ethernet: bool) -> String {
    expr(chance, ethernet, 3)
}

fn expr(chance: &mut Chance, ethernet: bool, depth: u64) -> String {
    let mut out = term(chance, ethernet, depth);
    for _ in 0..chance.below(1 + depth) {
        out += chance.of(&[" and ", " or ", " && ", " || "]);
        out += &term(chance, ethernet, depth);
    }
    out
}

fn term(chance: &mut Chance, ethernet: bool, depth: u64) -> String {
    match chance.below(8) {
        0 => format!(
            "{}{}",
            chance.of(&["not ", "! "]),
            term(chance, ethernet, depth)
        ),
        1 | 2 if depth > 0 => format!("({})", expr(chance, ethernet, depth - 1)),
        _ => primitive(chance, ethernet),
    }
}

fn primitive(chance: &mut Chance, ethernet: bool) -> String {
    match chance.below(if ethernet { 18 } else { 14 }) {
        0 | 1 => chance.of(&PROTOCOLS).to_owned(),
        2..5 => {
            let over = chance.of(&["", "tcp ", "udp ", "sctp "]);
            let dir = dir(chance);
            format!("{over}{dir}port {}", values(chance, &PORTS))
        }
        5 => format!(
            "{}portrange {}",
            dir(chance),
            values(chance, &["22-80", "443-69", "0-65535"])
        ),
        6 | 7 => {
            let over = chance.of(&["", "ip ", "arp ", "rarp "]);
            format!("{over}{}host {}", dir(chance), values(chance, &V4))
        }
        8 => format!(
            "{}{}host {}",
            chance.of(&["", "ip6 "]),
            dir(chance),
            values(chance, &V6)
        ),
        9 => {
            let over = chance.of(&["", "ip ", "arp "]);
            format!("{over}{}net {}", dir(chance), values(chance, &V4_NETS))
        }
        10 => format!(
            "{}net {}",
            dir(chance),
            chance.of(&["2001:db8::/32", "fe80::/10", "::/0", "2001:db8::1/128"])
        ),
        11 => format!(
            "{}proto {}",
            chance.of(&["ip ", "ip6 ", ""]),
            chance.of(&["6", "17", "47", "0x3a"])
        ),
        12 => format!(
            "{} {}",
            chance.of(&["less", "greater"]),
            150 + chance.below(120)
        ),
        13 => relation(chance),
        14 | 15 => chance.of(&["vlan", "vlan 100", "vlan 7"]).to_owned(),
        16 => {
            let dir = chance.of(&["src", "dst", "host", "src or dst"]);
            format!(
                "ether {dir} {}",
                chance.of(&["02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff"])
            )
        }
        _ => chance
            .of(&[
                "ether broadcast",
                "ether multicast",
                "ether proto 0x88cc",
                "ether proto \\ip",
            ])
            .to_owned(),
    }
}

const PROTOCOLS: [&str; 14] = [
    "tcp",
    "udp",
    "icmp",
    "icmp6",
    "arp",
    "rarp",
    "ip",
    "ip6",
    "sctp",
    "igmp",
    "ip multicast",
    "ip6 multicast",
    "tcp",
    "udp",
];
const PORTS: [&str; 6] = ["22", "53", "69", "80", "443", "0x50"];
const V4: [&str; 4] = ["10.0.0.1", "10.0.0.2", "192.0.2.7", "224.0.0.5"];
const V6: [&str; 3] = ["2001:db8::1", "fe80::1", "ff02::1"];
const V4_NETS: [&str; 5] = [
    "10.0.0.0/8",
    "10.0.0.0/30",
    "192.0.2.0/24",
    "0.0.0.0/0",
    "10.0",
];

fn dir(chance: &mut Chance) -> &'static str {
    chance.of(&["", "", "src ", "dst ", "src or dst ", "src and dst "])
}

/// One value, or some that take over what was said.
fn values(chance: &mut Chance, all: &[&'static str]) -> String {
    match chance.below(5) {
        0 => format!("{} or {}", chance.of(all), chance.of(all)),
        1 => format!("({} or {})", chance.of(all), chance.of(all)),
        2 => format!("{} and not {}", chance.of(all), chance.of(all)),
        _ => chance.of(all).to_owned(),
    }
}

fn relation(chance: &mut Chance) -> String {
    let (left, is) = (
        sum(chance, 2),
        chance.of(&["=", "==", "!=", "<", "<=", ">", ">="]),
    );
    match chance.below(3) {
        0 => format!("{left} {is} {}", sum(chance, 1)),
        _ => format!("{left} {is} {}", chance.below(260)),
    }
}

/// Of the operands of a sign only the left one loads from a packet: that a packet has the protocol of the right one
/// too, libpcap forgets to ask.
fn sum(chance: &mut Chance, depth: u64) -> String {
    match chance.below(7) {
        0 if depth > 0 => {
            let sign = chance.of(&["+", "-", "&", "|", "*"]);
            let right = ["len".to_owned(), chance.below(300).to_string()];
            let right = &right[chance.below(2) as usize];
            format!("{} {sign} {right}", sum(chance, depth - 1))
        }
        1 if depth > 0 => format!(
            "(({}) {} {})",
            sum(chance, depth - 1),
            chance.of(&["<<", ">>"]),
            chance.below(9)
        ),
        2 if depth > 0 => format!("({}) / {}", sum(chance, depth - 1), 1 + chance.below(9)),
        3 => "len".to_owned(),
        4 => chance
            .of(&[
                "tcp[tcpflags] & tcp-syn",
                "tcp[13] & 0x12",
                "icmp[icmptype]",
                "icmp6[icmp6type]",
            ])
            .to_owned(),
        5 => format!("ip[{}:{}] & 0xf", chance.below(16), chance.of(&[1, 2, 4])),
        _ => {
            let proto = chance.of(&["ip", "ip6", "arp", "tcp", "udp", "ether", "icmp", "sctp"]);
            format!("{proto}[{}:{}]", chance.below(16), chance.of(&[1, 2, 4]))
        }
    }
}
