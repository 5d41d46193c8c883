//! Packets of few addresses and ports, so that filters meet them.

use std::net::Ipv6Addr;

use lineman_proto::wire::LinkType;

use crate::chance::Chance;

/// A packet that any link can carry.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    macs: [[u8; 6]; 2],
    tags: Vec<u16>,
    ether_type: u16,
    body: Vec<u8>,
    /// How much of a frame was captured.
    captured: usize,
}

const MACS: [[u8; 6]; 4] = [
    [2, 0, 0, 0, 0, 1],
    [2, 0, 0, 0, 0, 2],
    [0xff; 6],
    [1, 0, 0x5e, 0, 0, 5],
];
const V4: [[u8; 4]; 6] = [
    [10, 0, 0, 1],
    [10, 0, 0, 2],
    [10, 7, 0, 1],
    [192, 0, 2, 7],
    [192, 168, 0, 1],
    [224, 0, 0, 5],
];
const V6: [&str; 4] = ["2001:db8::1", "2001:db8:0:1::2", "fe80::1", "ff02::1"];
const PORTS: [u16; 9] = [22, 53, 69, 80, 100, 443, 6969, 0, 65535];
const PROTOCOLS: [u8; 8] = [1, 2, 6, 17, 132, 47, 58, 6];
/// Longer than everything that a filter of the tests looks at.
const LEAST: usize = 160;

impl Packet {
    pub(crate) fn random(chance: &mut Chance) -> Self {
        let (ether_type, mut body) = match chance.below(12) {
            0..5 => (0x0800, v4(chance)),
            5..9 => (0x86dd, v6(chance)),
            9 => (0x0806, arp(chance)),
            10 => (0x8035, arp(chance)),
            _ => (0x88cc, Vec::new()),
        };
        let len = LEAST + chance.below(100) as usize;
        noise(&mut body, len, chance);
        let tags = match chance.below(4) {
            0 => vec![0x8100],
            1 => vec![chance.of(&[0x88a8, 0x9100]), 0x8100],
            _ => Vec::new(),
        };
        let macs = [chance.of(&MACS), chance.of(&MACS)];
        Self {
            macs,
            tags,
            ether_type,
            body,
            captured: usize::MAX,
        }
    }

    pub(crate) fn cut(&self, chance: &mut Chance) -> Self {
        let captured = chance.below(80) as usize;
        Self {
            captured,
            ..self.clone()
        }
    }

    /// A frame for us, and one for tcpdump: the number of IPv6 on a loopback is that of each system, and tcpdump
    /// knows only that of the system on which it was built.
    pub(crate) fn on(&self, link: LinkType) -> (Vec<u8>, Vec<u8>) {
        let ether_type = self.ether_type.to_be_bytes();
        let [to, from] = self.macs;
        let family = |v6: u32| match self.ether_type {
            0x0800 => 2,
            0x86dd => v6,
            _ => 7,
        };
        let heads = match link {
            LinkType::ETHERNET => {
                let tags = self.tags.iter().zip([100_u16, 7]);
                let tags = tags.flat_map(|(tag, id)| [tag.to_be_bytes(), id.to_be_bytes()]);
                same([to.as_slice(), &from, &tags.flatten_all(), &ether_type].concat())
            }
            LinkType::LINUX_SLL => {
                same([&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], &ether_type[..]].concat())
            }
            LinkType::LINUX_SLL2 => same(
                [
                    &ether_type[..],
                    &[0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0],
                ]
                .concat(),
            ),
            LinkType::NULL => (
                family(30).to_le_bytes().to_vec(),
                family(10).to_le_bytes().to_vec(),
            ),
            LinkType::LOOP => (
                family(24).to_be_bytes().to_vec(),
                family(10).to_be_bytes().to_vec(),
            ),
            _ => same(Vec::new()),
        };
        let whole = |mut head: Vec<u8>| {
            head.extend(&self.body);
            head.truncate(self.captured);
            head
        };
        (whole(heads.0), whole(heads.1))
    }
}

fn same(head: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
    (head.clone(), head)
}

trait FlattenAll {
    fn flatten_all(self) -> Vec<u8>;
}

impl<I: Iterator<Item = [u8; 2]>> FlattenAll for I {
    fn flatten_all(self) -> Vec<u8> {
        self.flatten().collect()
    }
}

fn noise(bytes: &mut Vec<u8>, len: usize, chance: &mut Chance) {
    while bytes.len() < len {
        bytes.push(chance.next() as u8);
    }
}

fn v4(chance: &mut Chance) -> Vec<u8> {
    let words = 5 + chance.below(3) as u8 * u8::from(chance.once_in(3));
    let protocol = chance.of(&PROTOCOLS);
    let fragment = [0_u16, 0, 0, 0x2000, 0x00b9][chance.below(5) as usize].to_be_bytes();
    let mut out = vec![
        0x40 | words,
        0,
        0,
        100,
        0,
        1,
        fragment[0],
        fragment[1],
        64,
        protocol,
        0,
        0,
    ];
    out.extend(chance.of(&V4));
    out.extend(chance.of(&V4));
    out.resize(usize::from(words) * 4, 1);
    transport(&mut out, chance);
    out
}

fn v6(chance: &mut Chance) -> Vec<u8> {
    let address = |chance: &mut Chance| {
        let address: Ipv6Addr = chance.of(&V6).parse().expect("an address");
        address.octets()
    };
    let protocol = chance.of(&PROTOCOLS);
    let fragment = chance.once_in(4);
    let mut out = vec![
        0x60,
        0,
        0,
        0,
        0,
        100,
        if fragment { 44 } else { protocol },
        64,
    ];
    out.extend(address(chance));
    out.extend(address(chance));
    if fragment {
        out.extend([protocol, 0, 0, 1, 0, 0, 0, 9]);
    }
    transport(&mut out, chance);
    out
}

/// Ports, and a type of ICMP where they would be.
fn transport(out: &mut Vec<u8>, chance: &mut Chance) {
    match chance.once_in(4) {
        true => out.extend([chance.of(&[0, 3, 8, 128, 135]), 0, 1, 1]),
        false => {
            out.extend(chance.of(&PORTS).to_be_bytes());
            out.extend(chance.of(&PORTS).to_be_bytes());
        }
    }
    out.extend([0, chance.next() as u8, 0, 1, 0, 0, 0, 1]);
    out.extend([
        0x50 + 0x10 * chance.below(3) as u8,
        chance.of(&[2, 0x12, 0x10, 0x18, 4, 1]),
    ]);
}

fn arp(chance: &mut Chance) -> Vec<u8> {
    let mut out = vec![0, 1, 8, 0, 6, 4, 0, 1 + chance.below(2) as u8];
    for _ in 0..2 {
        out.extend(chance.of(&MACS));
        out.extend(chance.of(&V4));
    }
    out
}
