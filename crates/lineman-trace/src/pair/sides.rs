//! At which point a host is nearer: packets that it sends are seen there first.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::net::IpAddr;

use super::Point;
use crate::log::Host;

/// A packet that both captures have: when the first has it, and how much later the second, by its own clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) at_ns: u64,
    pub(super) later_ns: i64,
    pub(super) conversation: u64,
    pub(super) from: Host,
    pub(super) sender: IpAddr,
    /// Its TTL at the first and at the second.
    pub(super) ttl: (u8, u8),
}

/// Two packets this far apart, in nanoseconds, count half as much as two of one moment: clocks drift.
const APART_NS: f64 = 1_000_000.0;

/// At which point the clients of conversations are nearer, as far as that is known.
#[derive(Debug, Default)]
pub(super) struct Sides {
    clients: HashMap<u64, Point>,
    hosts: HashMap<IpAddr, Point>,
    ways: HashMap<(u64, Host), Point>,
}

impl Sides {
    /// From packets, in the order of time.
    ///
    /// What goes from the first point to the second comes there later by the offset of the clocks and the delay; what goes
    /// the other way, by the offset less the delay. So of two packets of one moment the one with the greater difference
    /// goes from the first to the second, whatever the offset is.
    pub(super) fn of(pairs: &[Pair]) -> Self {
        let mut sides = Self::default();
        let mut last: HashMap<u64, (Option<Pair>, Option<Pair>)> = HashMap::new();
        let mut votes: HashMap<u64, f64> = HashMap::new();
        for pair in pairs {
            let (client, server) = last.entry(pair.conversation).or_default();
            match pair.from {
                Host::Client => *client = Some(*pair),
                Host::Server => *server = Some(*pair),
            }
            if let (Some(client), Some(server)) = (client, server) {
                let apart = client.at_ns.abs_diff(server.at_ns) as f64;
                // Where both are equal, neither is told: the sign of a zero would be one.
                let more = match client.later_ns.cmp(&server.later_ns) {
                    Ordering::Greater => 1.0,
                    Ordering::Equal => 0.0,
                    Ordering::Less => -1.0,
                };
                *votes.entry(pair.conversation).or_default() +=
                    more * APART_NS / (APART_NS + apart);
            }
        }
        for (conversation, vote) in votes {
            match vote {
                vote if vote > 0.0 => _ = sides.clients.insert(conversation, Point::First),
                vote if vote < 0.0 => _ = sides.clients.insert(conversation, Point::Second),
                _ => {}
            }
        }
        sides.by_hosts(pairs);
        sides.by_ttl(pairs);
        sides
    }

    /// Where a host was found by one conversation, it is in others, too.
    fn by_hosts(&mut self, pairs: &[Pair]) {
        let mut votes: HashMap<IpAddr, i64> = HashMap::new();
        for pair in pairs {
            match self.known(pair) {
                Some(Point::First) => *votes.entry(pair.sender).or_default() += 1,
                Some(Point::Second) => *votes.entry(pair.sender).or_default() -= 1,
                None => {}
            }
        }
        for (host, vote) in votes {
            match vote {
                1.. => _ = self.hosts.insert(host, Point::First),
                ..=-1 => _ = self.hosts.insert(host, Point::Second),
                0 => {}
            }
        }
    }

    /// For packets that go one way only: their sender is nearer to the point at which their TTL is greater.
    fn by_ttl(&mut self, pairs: &[Pair]) {
        let mut votes: HashMap<(u64, Host), i64> = HashMap::new();
        for pair in pairs.iter().filter(|pair| self.sender(pair).is_none()) {
            let way = (pair.conversation, pair.from);
            *votes.entry(way).or_default() += i64::from(pair.ttl.0) - i64::from(pair.ttl.1);
        }
        for (way, vote) in votes {
            match vote {
                1.. => _ = self.ways.insert(way, Point::First),
                ..=-1 => _ = self.ways.insert(way, Point::Second),
                0 => {}
            }
        }
    }

    fn known(&self, pair: &Pair) -> Option<Point> {
        let client = *self.clients.get(&pair.conversation)?;
        Some(match pair.from {
            Host::Client => client,
            Host::Server => client.other(),
        })
    }

    /// The point that a packet's sender is nearer to.
    pub(super) fn sender(&self, pair: &Pair) -> Option<Point> {
        self.known(pair)
            .or_else(|| self.hosts.get(&pair.sender).copied())
            .or_else(|| self.ways.get(&(pair.conversation, pair.from)).copied())
    }

    /// The same of any host.
    pub(super) fn host(&self, address: IpAddr) -> Option<Point> {
        self.hosts.get(&address).copied()
    }
}
