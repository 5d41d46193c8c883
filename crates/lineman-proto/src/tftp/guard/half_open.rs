//! The transfers whose peer has not proved yet that it is where it says it is.

use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Which transfers are half open, oldest first, and no more than may be: an endless stream of forged
/// requests must not make an endless table (as with the SYN of TCP, RFC 4987 §3.3).
#[derive(Debug)]
pub struct HalfOpen {
    limit: usize,
    by_number: BTreeMap<u64, SocketAddr>,
}

impl HalfOpen {
    /// None yet, and never more than `limit`, which is at least one.
    pub fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            by_number: BTreeMap::new(),
        }
    }

    /// A transfer has begun; numbers rise. Gives the one that has to leave for it.
    pub fn open(&mut self, number: u64, peer: SocketAddr) -> Option<(u64, SocketAddr)> {
        let leaves = (self.by_number.len() >= self.limit).then(|| self.shed());
        self.by_number.insert(number, peer);
        leaves.flatten()
    }

    /// A transfer is confirmed, or over. Whether it had been half open until now.
    pub fn close(&mut self, number: u64) -> bool {
        self.by_number.remove(&number).is_some()
    }

    /// The oldest leaves.
    pub fn shed(&mut self) -> Option<(u64, SocketAddr)> {
        self.by_number.pop_first()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_number.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_number.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_leaves_and_one_that_was_confirmed_does_not() {
        let peer = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let mut table = HalfOpen::new(2);
        assert_eq!(table.open(1, peer(1)), None);
        assert_eq!(table.open(2, peer(2)), None);
        assert!(table.close(1));
        assert!(!table.close(1));
        assert_eq!(table.open(3, peer(3)), None);
        assert_eq!(table.open(4, peer(4)), Some((2, peer(2))));
        assert_eq!(table.len(), 2);
    }
}
