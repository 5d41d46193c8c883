//! Which conversations are the same, and which of two packets goes best with one.

use std::net::SocketAddr;

use super::Matcher;
use crate::log::Host;
use crate::pair::Point;
use crate::pair::Points;
use crate::pair::Sight;
use crate::pair::Tally;
use crate::pair::lane::Gone;
use crate::pair::tally::Way;
use crate::pair::tally::nearer;
use crate::story::Ends;

/// Two conversations that are the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pairing {
    /// Its number in the second.
    pub(super) second: u64,
    pub(super) is_flipped: bool,
    pub(super) ways: Ends<Way>,
    /// Where its client is, if that was found before.
    client: Option<Point>,
    ends: Points<Ends<SocketAddr>>,
}

/// How well two packets go together: the less the better.
pub(super) type Rate = (u8, u8, u64, i64);

impl Pairing {
    pub(super) fn known(tally: &Tally) -> Self {
        Self {
            second: tally.numbers.second,
            is_flipped: tally.is_flipped,
            ways: Ends::default(),
            client: tally.client,
            ends: tally.ends,
        }
    }

    /// The point that its client is nearer to.
    pub(super) fn client(&self) -> Option<Point> {
        self.client.or_else(|| nearer(&self.ways))
    }

    /// Who an end of the first is in the second, and the other way round.
    pub(super) fn role(&self, from: Host) -> Host {
        if self.is_flipped { from.other() } else { from }
    }
}

impl<T> Matcher<'_, T> {
    /// What both captures have of conversations, in the order of the first's.
    pub fn tallies(&self) -> Vec<Tally> {
        let mut all: Vec<Tally> = self
            .pairings
            .iter()
            .map(|(first, it)| self.tally(*first, it))
            .collect();
        all.sort_unstable_by_key(|tally| tally.numbers.first);
        all
    }

    fn tally(&self, first: u64, pairing: &Pairing) -> Tally {
        let client = pairing.client();
        let gone = |point: Point, from: Host| -> Gone {
            let (number, from) = match point {
                Point::First => (first, from),
                Point::Second => (pairing.second, pairing.role(from)),
            };
            let lane = self.lanes.get(&(point, number, from));
            lane.map_or_else(Gone::default, |lane| lane.gone)
        };
        let way = |from: Host| {
            let sender = if from == Host::Client {
                client
            } else {
                client.map(Point::other)
            };
            let gone = Points {
                first: gone(Point::First, from),
                second: gone(Point::Second, from),
            };
            pairing.ways[from].told(sender, gone)
        };
        Tally {
            numbers: Points {
                first,
                second: pairing.second,
            },
            is_flipped: pairing.is_flipped,
            client,
            ways: Ends {
                client: way(Host::Client),
                server: way(Host::Server),
            },
            ends: pairing.ends,
        }
    }

    /// The pair of conversations that a packet is of, and which end of the first's has sent it.
    pub(super) fn pairing(&self, sight: &Sight<T>) -> Option<(&Pairing, Host)> {
        let first = match sight.point {
            Point::First => sight.conversation,
            Point::Second => *self.seconds.get(&sight.conversation)?,
        };
        let pairing = self.pairings.get(&first)?;
        let from = match sight.point {
            Point::First => sight.from,
            Point::Second => pairing.role(sight.from),
        };
        Some((pairing, from))
    }

    /// The same conversation and the same sender in the other capture, if they are known.
    pub(super) fn counterpart(&self, sight: &Sight<T>) -> Option<(u64, Host)> {
        let (pairing, _) = self.pairing(sight)?;
        let conversation = match sight.point {
            Point::First => pairing.second,
            Point::Second => *self.seconds.get(&sight.conversation)?,
        };
        Some((conversation, pairing.role(sight.from)))
    }

    /// The point that the sender of a packet is nearer to.
    pub(super) fn sender(&self, sight: &Sight<T>) -> Option<Point> {
        let by_pair = self.pairing(sight).and_then(|(pairing, from)| {
            let client = pairing.client()?;
            Some(if from == Host::Client {
                client
            } else {
                client.other()
            })
        });
        let by_host = || match sight.point {
            Point::First => self.clocks.host(sight.print.from.ip()),
            Point::Second => None,
        };
        by_pair.or_else(by_host)
    }

    /// These are the same packet, and so their conversations are the same.
    pub(super) fn pair(&mut self, first: &Sight<T>, second: &Sight<T>) {
        if self.pairings.contains_key(&first.conversation) {
            return;
        }
        let ends = |sight: &Sight<T>| match first.from {
            Host::Client => Ends {
                client: sight.print.from,
                server: sight.print.to,
            },
            Host::Server => Ends {
                client: sight.print.to,
                server: sight.print.from,
            },
        };
        let pairing = Pairing {
            second: second.conversation,
            is_flipped: first.from != second.from,
            ways: Ends::default(),
            client: None,
            ends: Points {
                first: ends(first),
                second: ends(second),
            },
        };
        self.pairings.insert(first.conversation, pairing);
        self.seconds.insert(second.conversation, first.conversation);
    }

    /// How well a packet that waits goes with another of the same print; `None` if it cannot be the same.
    pub(super) fn rate(&self, one: &Sight<T>, other: &Sight<T>) -> Option<Rate> {
        if !one.print.goes_with(&other.print) {
            return None;
        }
        let (first, second) = in_order(one, other);
        let kinship = self.kinship(first, second)?;
        let ids = one.print.id.zip(other.print.id);
        let way = self
            .pairing(first)
            .map(|(pairing, from)| pairing.ways[from]);
        let id = match ids {
            Some((a, b)) if a == b => 0,
            Some(_) if way.is_some_and(|way| way.keeps_ids()) => return None,
            _ => 1,
        };
        Some((kinship, id, self.odd(first, second, way), first.at_ns))
    }

    /// The same of segments that share bytes.
    pub(super) fn rate_parts(&self, one: &Sight<T>, other: &Sight<T>) -> Option<Rate> {
        if !one.print.goes_with(&other.print) {
            return None;
        }
        let (first, second) = in_order(one, other);
        let way = self
            .pairing(first)
            .map(|(pairing, from)| pairing.ways[from]);
        Some((0, 0, self.odd(first, second, way), first.at_ns))
    }

    /// How unusual the time is that a packet would have taken, in nanoseconds.
    fn odd(&self, first: &Sight<T>, second: &Sight<T>, way: Option<Way>) -> u64 {
        let later = second.at_ns.saturating_sub(first.at_ns);
        match way.and_then(|way| way.late_ns()) {
            Some(usual) => later.abs_diff(usual),
            None => later
                .unsigned_abs()
                .abs_diff(self.clocks.half_trip_ns.unwrap_or_default()),
        }
    }

    /// How surely two conversations are the same: 0 if they are known to be, then by their ends; `None` if they are not.
    fn kinship(&self, first: &Sight<T>, second: &Sight<T>) -> Option<u8> {
        let known = self.pairings.get(&first.conversation);
        if let Some(pairing) = known {
            let same =
                pairing.second == second.conversation && pairing.role(first.from) == second.from;
            return same.then_some(0);
        }
        if self.seconds.contains_key(&second.conversation) {
            return None;
        }
        let (one, other) = (&first.print, &second.print);
        if (one.from, one.to) == (other.from, other.to) {
            return Some(0);
        }
        // Translated, then: between the ends of one, the other capture has nothing.
        let elsewhere = self.clocks.has(Point::Second, one.tuple) != Some(true)
            && self.clocks.has(Point::First, other.tuple) != Some(true);
        if !elsewhere {
            return None;
        }
        if one.from == other.from || one.to == other.to {
            return Some(1);
        }
        (one.is_telling && other.is_telling).then_some(2)
    }
}

fn in_order<'a, T>(one: &'a Sight<T>, other: &'a Sight<T>) -> (&'a Sight<T>, &'a Sight<T>) {
    match one.point {
        Point::First => (one, other),
        Point::Second => (other, one),
    }
}
