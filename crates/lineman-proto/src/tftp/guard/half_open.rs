//! The transfers whose peer has not proved yet that it is where it says it is.

use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Which transfers are half open, oldest first, and no more than may be: an endless stream of forged
/// requests must not make an endless table (as with the SYN of TCP, RFC 4987 §3.3).
#[derive(Debug)]
pub struct HalfOpen {
    limit: usize,
    /// Those of neighbourhoods in which nobody has proved to be there lately; they leave first.
    strangers: BTreeMap<u64, SocketAddr>,
    neighbours: BTreeMap<u64, SocketAddr>,
}

impl HalfOpen {
    /// None yet, and never more than `limit`, which is at least one.
    pub fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            strangers: BTreeMap::new(),
            neighbours: BTreeMap::new(),
        }
    }

    /// A transfer has begun; numbers rise. `is_known` if somebody of its neighbourhood has proved
    /// to be there. Gives the one that has to leave for it.
    pub fn open(
        &mut self,
        number: u64,
        peer: SocketAddr,
        is_known: bool,
    ) -> Option<(u64, SocketAddr)> {
        let leaves = (self.len() >= self.limit).then(|| self.shed());
        let table = match is_known {
            true => &mut self.neighbours,
            false => &mut self.strangers,
        };
        table.insert(number, peer);
        leaves.flatten()
    }

    /// A transfer is confirmed, or over. Whether it had been half open until now.
    pub fn close(&mut self, number: u64) -> bool {
        self.strangers.remove(&number).is_some() || self.neighbours.remove(&number).is_some()
    }

    /// The oldest stranger leaves, or the oldest of all if there is none.
    pub fn shed(&mut self) -> Option<(u64, SocketAddr)> {
        let oldest = self.strangers.pop_first();
        oldest.or_else(|| self.neighbours.pop_first())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.strangers.len() + self.neighbours.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
}
