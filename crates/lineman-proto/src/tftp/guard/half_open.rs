//! The transfers whose peer has not proved yet that it is where it says it is.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::Prefix;

/// Which transfers are half open, and no more than may be: an endless stream of forged requests must
/// not make an endless table (as with the SYN of TCP, RFC 4987 §3.3). The transfer that has to leave is of the
/// neighbourhood that has most, and there the oldest: a flood in the names of some neighbours pushes
/// out its own.
#[derive(Debug)]
pub struct HalfOpen {
    limit: usize,
    /// Those of addresses that have not proved lately to be there; they leave first.
    strangers: ByPrefix,
    known: ByPrefix,
    /// Those whose peer has answered, which proves nothing; they leave last.
    answered: ByPrefix,
}

/// Transfers by neighbourhood.
#[derive(Debug, Default)]
struct ByPrefix {
    peers: BTreeMap<u64, SocketAddr>,
    by_prefix: BTreeMap<Prefix, BTreeSet<u64>>,
    /// How many each has; the last has most. Of equals the first is the one whose oldest is oldest.
    by_count: BTreeSet<(usize, Reverse<u64>, Prefix)>,
}

impl HalfOpen {
    /// None yet, and never more than `limit`, which is at least one.
    pub fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            strangers: ByPrefix::default(),
            known: ByPrefix::default(),
            answered: ByPrefix::default(),
        }
    }

    /// A transfer has begun; numbers rise. `is_known` if its address has proved itself lately. Gives
    /// the one that has to leave for it.
    pub fn open(
        &mut self,
        number: u64,
        peer: SocketAddr,
        is_known: bool,
    ) -> Option<(u64, SocketAddr)> {
        let leaves = (self.len() >= self.limit).then(|| self.shed());
        match is_known {
            true => self.known.insert(number, peer),
            false => self.strangers.insert(number, peer),
        }
        leaves.flatten()
    }

    /// The peer of a transfer has answered, which is no proof.
    pub fn note_answer(&mut self, number: u64) {
        let strangers = self.strangers.remove(number);
        if let Some(peer) = strangers.or_else(|| self.known.remove(number)) {
            self.answered.insert(number, peer);
        }
    }

    /// A transfer has proved its peer, or is over. Whether it had been half open until now.
    pub fn close(&mut self, number: u64) -> bool {
        [&mut self.strangers, &mut self.known, &mut self.answered]
            .into_iter()
            .any(|places| places.remove(number).is_some())
    }

    /// The one that is missed least leaves: a stranger, if there is one.
    pub fn shed(&mut self) -> Option<(u64, SocketAddr)> {
        let (number, peer) = self.first_to_leave(None)?;
        self.close(number);
        Some((number, peer))
    }

    /// The one that is missed least, and of those within `whose` the oldest, if that is given.
    pub fn first_to_leave(&self, whose: Option<Prefix>) -> Option<(u64, SocketAddr)> {
        let within = |places: &ByPrefix| match whose {
            Some(whose) => places.oldest_within(whose),
            None => places.oldest_of_most(),
        };
        [&self.strangers, &self.known, &self.answered]
            .into_iter()
            .find_map(within)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        [&self.strangers, &self.known, &self.answered]
            .iter()
            .map(|places| places.peers.len())
            .sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ByPrefix {
    fn insert(&mut self, number: u64, peer: SocketAddr) {
        self.peers.insert(number, peer);
        self.change(Prefix::around(peer.ip()), |numbers| {
            numbers.insert(number);
        });
    }

    fn remove(&mut self, number: u64) -> Option<SocketAddr> {
        let peer = self.peers.remove(&number)?;
        self.change(Prefix::around(peer.ip()), |numbers| {
            numbers.remove(&number);
        });
        Some(peer)
    }

    fn oldest_of_most(&self) -> Option<(u64, SocketAddr)> {
        let (_, Reverse(oldest), _) = *self.by_count.last()?;
        Some((oldest, *self.peers.get(&oldest)?))
    }

    fn oldest_within(&self, whose: Prefix) -> Option<(u64, SocketAddr)> {
        let neighbours = self.by_prefix.get(&Prefix::around(whose.ip()))?;
        let peers = neighbours
            .iter()
            .filter_map(|number| Some((*number, *self.peers.get(number)?)));
        peers
            .into_iter()
            .find(|(_, peer)| whose.contains(peer.ip()))
    }

    fn change(&mut self, prefix: Prefix, change: impl FnOnce(&mut BTreeSet<u64>)) {
        let numbers = self.by_prefix.entry(prefix).or_default();
        if let Some(oldest) = numbers.first() {
            self.by_count
                .remove(&(numbers.len(), Reverse(*oldest), prefix));
        }
        change(numbers);
        match numbers.first() {
            Some(oldest) => {
                self.by_count
                    .insert((numbers.len(), Reverse(*oldest), prefix));
            }
            None => {
                self.by_prefix.remove(&prefix);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_leaves_and_one_that_was_confirmed_does_not() {
        let peer = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let mut table = HalfOpen::new(2);
        assert_eq!(table.open(1, peer(1), false), None);
        assert_eq!(table.open(2, peer(2), false), None);
        assert!(table.close(1));
        assert!(!table.close(1));
        assert_eq!(table.open(3, peer(3), false), None);
        assert_eq!(table.open(4, peer(4), false), Some((2, peer(2))));
        assert_eq!(table.len(), 2);
        assert_eq!(table.open(5, peer(5), true), Some((3, peer(3))));
        assert_eq!(table.open(6, peer(6), true), Some((4, peer(4))));
        assert_eq!(table.open(7, peer(7), true), Some((5, peer(5))));
    }

    #[test]
    fn who_has_answered_leaves_last() {
        let peer = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let mut table = HalfOpen::new(2);
        table.open(1, peer(1), false);
        table.note_answer(1);
        table.open(2, peer(2), true);
        assert_eq!(table.open(3, peer(3), true), Some((2, peer(2))));
        assert_eq!(table.open(4, peer(4), false), Some((3, peer(3))));
        assert_eq!(table.len(), 2);
        assert!(table.close(1));
    }

    #[test]
    fn a_flood_in_the_names_of_a_24_pushes_out_its_own() {
        let mut table = HalfOpen::new(64);
        let bystander = SocketAddr::from(([192, 0, 3, 1], 9));
        table.open(0, bystander, false);
        for number in 1..10_000 {
            let peer = SocketAddr::from(([192, 0, 2, number as u8], 7));
            let gone = table.open(number, peer, false);
            assert_ne!(gone, Some((0, bystander)));
        }
        assert!(table.close(0), "it still has its place");
        assert_eq!(table.len(), 63);
    }

    #[test]
    fn a_host_gives_up_its_own_oldest() {
        let mut table = HalfOpen::new(64);
        let peer = |host, port| SocketAddr::from(([192, 0, 2, host], port));
        table.open(1, peer(1, 1), false);
        table.open(2, peer(2, 1), false);
        table.open(3, peer(2, 2), true);
        let host = Some(Prefix::address([192, 0, 2, 2].into()));
        assert_eq!(table.first_to_leave(host), Some((2, peer(2, 1))));
        table.close(2);
        assert_eq!(table.first_to_leave(host), Some((3, peer(2, 2))));
        table.close(3);
        assert_eq!(table.first_to_leave(host), None);
        assert_eq!(table.len(), 1);
    }
}
