//! The key by which the conversation of a packet is found.

use std::hash::Hash;
use std::hash::Hasher;
use std::net::IpAddr;
use std::net::SocketAddr;

use super::Kind;

/// Two ends and a protocol, the lower end first: both directions have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    addresses: (u128, u128),
    ports: (u16, u16),
    /// The protocol, and whether the addresses are of IPv6.
    what: u16,
}

/// The protocol that has no number in IP.
const ARP: u16 = 0x100;
const TFTP: u16 = 0x200;
const V6: u16 = 0x8000;

impl Key {
    /// Of a conversation between two sockets, or two hosts if their ports are 0.
    pub(super) fn between(kind: Kind, one: SocketAddr, other: SocketAddr) -> Self {
        let (one, other) = (numbers(one), numbers(other));
        let (low, high) = (one.min(other), one.max(other));
        Self::of(kind, low, high)
    }

    /// Of a transfer of TFTP, whose server may answer from any port.
    pub(super) fn transfer(client: SocketAddr, server: IpAddr) -> Self {
        let server = SocketAddr::new(server, 0);
        Self::of(Kind::Tftp, numbers(client), numbers(server))
    }

    fn of(kind: Kind, low: (u128, u16, u16), high: (u128, u16, u16)) -> Self {
        let number = match kind {
            Kind::Tcp => 6,
            Kind::Udp => 17,
            Kind::Icmp => 1,
            Kind::Ip(number) => number.into(),
            Kind::Arp => ARP,
            Kind::Tftp => TFTP,
        };
        Self {
            addresses: (low.0, high.0),
            ports: (low.1, high.1),
            what: number | low.2,
        }
    }
}

/// Hashes few large numbers, because every packet is looked up.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.addresses.0);
        state.write_u128(self.addresses.1);
        let ports = u64::from(self.ports.0) << 16 | u64::from(self.ports.1);
        state.write_u64(u64::from(self.what) << 32 | ports);
    }
}

fn numbers(end: SocketAddr) -> (u128, u16, u16) {
    match end.ip() {
        IpAddr::V4(ip) => (u32::from(ip).into(), end.port(), 0),
        IpAddr::V6(ip) => (u128::from(ip), end.port(), V6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn both_directions_have_one_key_and_nothing_else_has_it() {
        let key = |kind, a, b| Key::between(kind, end(a), end(b));
        let (a, b) = ("10.0.0.1:9000", "10.0.0.2:9001");
        let there = key(Kind::Tcp, a, b);
        assert_eq!(there, key(Kind::Tcp, b, a));
        let others = [
            key(Kind::Udp, a, b),
            key(Kind::Tcp, "10.0.0.1:9001", "10.0.0.2:9000"),
            key(Kind::Tcp, "[::a00:1]:9000", "[::a00:2]:9001"),
            Key::transfer(end(a), end(b).ip()),
        ];
        assert!(!others.contains(&there));
    }
}
