//! From what is asked for to bytes at offsets, for frames of one link type.
//!
//! What each word means is what libpcap makes of it (pcap-filter(7)), down to which header is looked at:
//! ports only in first fragments, `tcp` also behind one fragment header of IPv6, `host` in ARP too.

use super::FilterError;
use super::Problem;
use super::expr::Compare;
use super::expr::Dir;
use super::expr::Expr;
use super::expr::Leaf;
use super::expr::Network;
use super::expr::Over;
use super::expr::Proto;
use super::expr::Sum;
use super::expr::Test;
use super::layout::ARP;
use super::layout::IPV4;
use super::layout::IPV6;
use super::layout::Layout;
use super::layout::RARP;
use super::node::Is;
use super::node::Node;
use super::node::Offset;
use super::node::Term;

/// IEEE 802.1Q, 802.1ad, and what came before that.
const VLANS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// The next header that says that a fragment header follows (RFC 8200 §4.5).
const FRAGMENT: u32 = 44;
/// The length of the header of IPv6.
const IPV6_HEADER: u32 = 40;

/// The questions of a filter.
pub(super) fn lower(expr: &Expr, layout: Layout) -> Result<Node, FilterError> {
    Ok(match expr {
        Expr::And(left, right) => lower(left, layout)?.and(lower(right, layout)?),
        Expr::Or(left, right) => lower(left, layout)?.or(lower(right, layout)?),
        Expr::Not(inner) => lower(inner, layout)?.negated(),
        Expr::Leaf(leaf) => {
            let link = Link {
                layout,
                tags: leaf.tags,
            };
            link.test(leaf)?
        }
    })
}

/// A link, and how many VLAN tags are passed over.
#[derive(Clone, Copy)]
struct Link {
    layout: Layout,
    tags: u32,
}

impl Link {
    fn test(self, leaf: &Leaf) -> Result<Node, FilterError> {
        let ethernet = || match self.layout {
            Layout::Ethernet => Ok(()),
            _ => {
                let (text, at) = (leaf.text.clone(), leaf.at.clone());
                Err(FilterError::new(text, at, Problem::NotOnLink))
            }
        };
        Ok(match &leaf.test {
            Test::Proto(proto) => self.proto(*proto),
            Test::IpProto { over, number } => self.ip_proto(*over, *number),
            Test::EtherType(number) => self.carries(*number),
            Test::Host { over, dir, net } => self.host(*over, *dir, *net),
            Test::Port {
                over,
                dir,
                low,
                high,
            } => self.port(*over, *dir, (*low, *high)),
            Test::IpMulticast => self.carries(IPV4).and(self.at_least(16, 224)),
            Test::Ip6Multicast => self.carries(IPV6).and(self.equal(24, 1, 0xff)),
            Test::Relation { left, is, right } => self.relation(left, *is, right),
            Test::Mac { dir, mac } => {
                ethernet()?;
                directed(*dir, hardware(6, *mac), hardware(0, *mac))
            }
            Test::EtherBroadcast => {
                ethernet()?;
                hardware(0, [0xff; 6])
            }
            Test::EtherMulticast => {
                ethernet()?;
                Node::masked(0, 1, 1, 1)
            }
            Test::Vlan(id) => {
                ethernet()?;
                let tagged = VLANS.map(|number| self.carries(number));
                let tagged = tagged.into_iter().fold(Node::Always(false), Node::or);
                let id = id.map_or(Node::Always(true), |id| {
                    Node::masked(self.payload(), 2, 0x0fff, id.into())
                });
                tagged.and(id)
            }
        })
    }

    fn carries(self, ether_type: u16) -> Node {
        self.layout.carries(ether_type, self.tags)
    }

    fn payload(self) -> u32 {
        self.layout.payload(self.tags)
    }

    /// A field of the packet, counted from where that begins.
    fn equal(self, at: u32, size: u8, value: u32) -> Node {
        Node::equal(self.payload() + at, size, value)
    }

    fn at_least(self, at: u32, value: u32) -> Node {
        let offset = Offset::At(self.payload() + at);
        let (size, mask, is) = (1, u32::MAX, Is::AtLeast);
        Node::Field {
            offset,
            size,
            mask,
            is,
            value,
        }
    }

    fn proto(self, proto: Proto) -> Node {
        match proto {
            Proto::Ether => Node::Always(true),
            Proto::Ip => self.carries(IPV4),
            Proto::Ip6 => self.carries(IPV6),
            Proto::Arp => self.carries(ARP),
            Proto::Rarp => self.carries(RARP),
            Proto::Tcp => self.ip_proto(Over::Any, 6),
            Proto::Udp => self.ip_proto(Over::Any, 17),
            Proto::Sctp => self.ip_proto(Over::Any, 132),
            Proto::Icmp => self.ip_proto(Over::Ip, 1),
            Proto::Icmp6 => self.ip_proto(Over::Ip6, 58),
            Proto::Igmp => self.ip_proto(Over::Ip, 2),
        }
    }

    fn ip_proto(self, over: Over, number: u8) -> Node {
        let number = number.into();
        let v4 = || self.carries(IPV4).and(self.equal(9, 1, number));
        let v6 = || {
            let behind = self
                .equal(6, 1, FRAGMENT)
                .and(self.equal(IPV6_HEADER, 1, number));
            self.carries(IPV6).and(self.equal(6, 1, number).or(behind))
        };
        match over {
            Over::Any => v4().or(v6()),
            Over::Ip => v4(),
            Over::Ip6 => v6(),
            Over::Arp | Over::Rarp => Node::Always(false), // no filter says that
        }
    }

    fn host(self, over: Over, dir: Dir, net: Network) -> Node {
        let v4 = |ether_type: u16, places: (u32, u32)| match net {
            Network::V4 { address, mask } => {
                let number = u32::from(address);
                let at = |at: u32| Node::masked(self.payload() + at, 4, mask, number);
                self.carries(ether_type)
                    .and(directed(dir, at(places.0), at(places.1)))
            }
            Network::V6 { .. } => Node::Always(false),
        };
        let v6 = || match net {
            Network::V6 { address, mask } => {
                let at = |at: u32| words(self.payload() + at, u128::from(address), mask);
                self.carries(IPV6).and(directed(dir, at(8), at(24)))
            }
            Network::V4 { .. } => Node::Always(false),
        };
        // Of ARP the addresses of sender and target (RFC 826).
        let (ip, arp) = ((12, 16), (14, 24));
        match over {
            Over::Any => v4(IPV4, ip).or(v4(ARP, arp)).or(v4(RARP, arp)).or(v6()),
            Over::Ip => v4(IPV4, ip),
            Over::Arp => v4(ARP, arp),
            Over::Rarp => v4(RARP, arp),
            Over::Ip6 => v6(),
        }
    }

    /// Ports of TCP, UDP and SCTP, which are at the same offset in all three.
    fn port(self, over: Option<u8>, dir: Dir, range: (u16, u16)) -> Node {
        let (low, high) = (range.0.min(range.1), range.0.max(range.1));
        let numbers: &[u8] = match &over {
            Some(number) => std::slice::from_ref(number),
            None => &[6, 17, 132],
        };
        let any = |at: u32| {
            let each = numbers
                .iter()
                .map(|number| self.equal(at, 1, (*number).into()));
            each.fold(Node::Always(false), Node::or)
        };
        let within = |offset: Offset| {
            let field = |is: Is, value: u16| {
                let (size, mask, value) = (2, u32::MAX, value.into());
                Node::Field {
                    offset,
                    size,
                    mask,
                    is,
                    value,
                }
            };
            match low == high {
                true => field(Is::Equal, low),
                false => field(Is::AtLeast, low).and(field(Is::Greater, high).negated()),
            }
        };
        let header = self.payload();
        let v4 = |at: u32| within(Offset::BehindIpv4 { header, at });
        let v6 = |at: u32| within(Offset::At(header + IPV6_HEADER + at));
        let v4 = self
            .carries(IPV4)
            .and(any(9))
            .and(self.first_fragment())
            .and(directed(dir, v4(0), v4(2)));
        let v6 = self
            .carries(IPV6)
            .and(any(6))
            .and(directed(dir, v6(0), v6(2)));
        v4.or(v6)
    }

    /// IPv4 whose transport header is there.
    fn first_fragment(self) -> Node {
        Node::masked(self.payload() + 6, 2, 0x1fff, 0)
    }

    fn relation(self, left: &Sum, is: Compare, right: &Sum) -> Node {
        let (is, negated) = match is {
            Compare::Equal => (Is::Equal, false),
            Compare::Unequal => (Is::Equal, true),
            Compare::Greater => (Is::Greater, false),
            Compare::AtMost => (Is::Greater, true),
            Compare::AtLeast => (Is::AtLeast, false),
            Compare::Less => (Is::AtLeast, true),
        };
        let guard = self.guard(left).and(self.guard(right));
        let (left, right) = (self.term(left), self.term(right));
        let relation = Node::Relation { left, is, right };
        guard.and(if negated {
            relation.negated()
        } else {
            relation
        })
    }

    /// That the packet has every protocol that a calculation loads from.
    fn guard(self, sum: &Sum) -> Node {
        match sum {
            Sum::Number(_) | Sum::Length => Node::Always(true),
            Sum::Apply { left, right, .. } => self.guard(left).and(self.guard(right)),
            Sum::Load { proto, offset, .. } => self.guard(offset).and(match proto {
                Proto::Tcp | Proto::Udp | Proto::Sctp | Proto::Icmp | Proto::Igmp => {
                    let number = proto.ip_number().unwrap_or_default();
                    self.ip_proto(Over::Ip, number).and(self.first_fragment())
                }
                Proto::Icmp6 => self.carries(IPV6).and(self.equal(6, 1, 58)),
                _ => self.proto(*proto),
            }),
        }
    }

    fn term(self, sum: &Sum) -> Term {
        match sum {
            Sum::Number(number) => Term::Number(*number),
            Sum::Length => Term::Length,
            Sum::Apply { sign, left, right } => Term::Apply {
                sign: *sign,
                left: self.term(left).into(),
                right: self.term(right).into(),
            },
            Sum::Load {
                proto,
                offset,
                size,
            } => Term::Load {
                base: self.base(*proto),
                index: self.term(offset).into(),
                size: *size,
            },
        }
    }

    /// Where a protocol's header begins.
    fn base(self, proto: Proto) -> Offset {
        let header = self.payload();
        match proto {
            Proto::Ether => Offset::At(0),
            Proto::Ip | Proto::Ip6 | Proto::Arp | Proto::Rarp => Offset::At(header),
            Proto::Icmp6 => Offset::At(header + IPV6_HEADER),
            Proto::Tcp | Proto::Udp | Proto::Sctp | Proto::Icmp | Proto::Igmp => {
                Offset::BehindIpv4 { header, at: 0 }
            }
        }
    }
}

fn directed(dir: Dir, source: Node, destination: Node) -> Node {
    match dir {
        Dir::Either => source.or(destination),
        Dir::Both => source.and(destination),
        Dir::Source => source,
        Dir::Destination => destination,
    }
}

fn hardware(at: u32, mac: [u8; 6]) -> Node {
    let [a, b, c, d, e, f] = mac;
    let (high, low) = (u16::from_be_bytes([a, b]), u32::from_be_bytes([c, d, e, f]));
    Node::equal(at + 2, 4, low).and(Node::equal(at, 2, high.into()))
}

/// 128 bits under a mask, by words of 32 bits.
fn words(at: u32, value: u128, mask: u128) -> Node {
    let word = |number: u128, index: u32| (number >> (96 - 32 * index)) as u32;
    let all = (0..4).filter(|index| word(mask, *index) != 0);
    let all =
        all.map(|index| Node::masked(at + 4 * index, 4, word(mask, index), word(value, index)));
    all.fold(Node::Always(true), Node::and)
}
