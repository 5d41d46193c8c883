//! What a filter asks for, before it is known what frames begin with.

use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::ops::Range;

/// A filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expr {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Leaf(Leaf),
}

/// One question about a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) test: Test,
    /// How many VLAN tags the words before it have passed over.
    pub(super) tags: u32,
    /// Where it stands, and what it says there.
    pub(super) at: Range<usize>,
    pub(super) text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Proto(Proto),
    /// A protocol by the number that IP has for it.
    IpProto {
        over: Over,
        number: u8,
    },
    EtherType(u16),
    Host {
        over: Over,
        dir: Dir,
        net: Network,
    },
    Port {
        over: Option<u8>,
        dir: Dir,
        low: u16,
        high: u16,
    },
    Mac {
        dir: Dir,
        mac: [u8; 6],
    },
    EtherBroadcast,
    EtherMulticast,
    IpMulticast,
    Ip6Multicast,
    Vlan(Option<u16>),
    Relation {
        left: Sum,
        is: Compare,
        right: Sum,
    },
}

/// A protocol that has a word of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proto {
    Ether,
    Ip,
    Ip6,
    Arp,
    Rarp,
    Tcp,
    Udp,
    Sctp,
    Icmp,
    Icmp6,
    Igmp,
}

impl Proto {
    /// Whether its packets name ports.
    pub(super) fn has_ports(self) -> bool {
        matches!(self, Self::Tcp | Self::Udp | Self::Sctp)
    }
}

/// In which protocol addresses are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Any,
    Ip,
    Ip6,
    Arp,
    Rarp,
}

/// Which of two addresses or ports is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dir {
    Either,
    Both,
    Source,
    Destination,
}

/// Addresses that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    V4 { address: Ipv4Addr, mask: u32 },
    V6 { address: Ipv6Addr, mask: u128 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// A calculation with numbers of 32 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    Number(u32),
    /// How long the packet was on the wire.
    Length,
    /// `size` bytes of a packet at an offset, where it has the protocol.
    Load {
        proto: Proto,
        offset: Box<Self>,
        size: u8,
    },
    Apply {
        sign: Sign,
        left: Box<Self>,
        right: Box<Self>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

impl Proto {
    /// The number that IP has for it.
    pub(super) fn ip_number(self) -> Option<u8> {
        Some(match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
            Self::Icmp => 1,
            Self::Icmp6 => 58,
            Self::Igmp => 2,
            _ => return None,
        })
    }
}

impl Expr {
    pub(super) fn asks_for_vlan(&self) -> bool {
        self.any(&|leaf| matches!(leaf.test, Test::Vlan(_)))
    }

    pub(super) fn indexes_transport(&self) -> bool {
        self.loads(&|proto| matches!(proto, Proto::Tcp | Proto::Udp | Proto::Sctp))
    }

    /// Whether the header of the link, or the length with it, is needed to answer.
    pub(super) fn needs_link_header(&self) -> bool {
        let length = |sum: &Sum| matches!(sum, Sum::Length);
        self.loads(&|proto| proto == Proto::Ether)
            || self.any(&|leaf| match &leaf.test {
                Test::Relation { left, right, .. } => left.any(&length) || right.any(&length),
                Test::Vlan(_) | Test::Mac { .. } => true,
                Test::EtherBroadcast | Test::EtherMulticast => true,
                _ => false,
            })
    }

    fn loads(&self, wanted: &dyn Fn(Proto) -> bool) -> bool {
        let fits = |sum: &Sum| matches!(sum, Sum::Load { proto, .. } if wanted(*proto));
        self.any(&|leaf| match &leaf.test {
            Test::Relation { left, right, .. } => left.any(&fits) || right.any(&fits),
            _ => false,
        })
    }

    fn any(&self, wanted: &dyn Fn(&Leaf) -> bool) -> bool {
        match self {
            Self::And(left, right) | Self::Or(left, right) => left.any(wanted) || right.any(wanted),
            Self::Not(inner) => inner.any(wanted),
            Self::Leaf(leaf) => wanted(leaf),
        }
    }
}

impl Sum {
    pub(super) fn any(&self, wanted: &dyn Fn(&Self) -> bool) -> bool {
        wanted(self)
            || match self {
                Self::Load { offset, .. } => offset.any(wanted),
                Self::Apply { left, right, .. } => left.any(wanted) || right.any(wanted),
                Self::Number(_) | Self::Length => false,
            }
    }
}
