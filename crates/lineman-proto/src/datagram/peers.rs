//! Who was heard.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::net::SocketAddr;

/// A peer from which a datagram has come, and which can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The peer's address.
    pub address: SocketAddr,
    /// Our address that the peer wrote to, where that is known. An answer from another one would
    /// be refused by a peer that has connected its socket.
    pub at: Option<IpAddr>,
}

/// The peers heard, numbered from 1 in the order in which they were first heard.
///
/// Source addresses cost a stranger nothing, so the book holds [`PeerBook::CAPACITY`] of them: when
/// it is full, the peer that has been silent for longest leaves. Numbers are never used again.
#[derive(Debug, Default)]
pub struct PeerBook {
    /// The one last heard is at the back.
    peers: VecDeque<(u64, Peer)>,
    numbered: u64,
}

/// What the book knew of a peer that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The number of the peer.
    pub number: u64,
    /// Heard for the first time, or for the first time since it left the book.
    pub new: bool,
}

impl PeerBook {
    /// How many peers are remembered.
    pub const CAPACITY: usize = 1024;

    /// A datagram has come from a peer. A peer is known by its address; `at` may change.
    pub fn hear(&mut self, from: Peer) -> Heard {
        // From the back: the last sender is likely to go on.
        let mut peers = self.peers.iter();
        let known = peers.rposition(|(_, peer)| peer.address == from.address);
        let entry = known.and_then(|at| self.peers.remove(at));
        let number = entry.map_or(self.numbered + 1, |(number, _)| number);
        if entry.is_none() {
            self.numbered = number;
            if self.peers.len() == Self::CAPACITY {
                self.peers.pop_front();
            }
        }
        self.peers.push_back((number, from));
        Heard {
            number,
            new: entry.is_none(),
        }
    }

    /// The peer with this number, if it is in the book.
    pub fn get(&self, number: u64) -> Option<Peer> {
        let mut peers = self.peers.iter();
        peers.find(|peer| peer.0 == number).map(|peer| peer.1)
    }

    /// The peer last heard.
    pub fn last(&self) -> Option<Peer> {
        self.peers.back().map(|peer| peer.1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn peer(port: u16) -> Peer {
        Peer {
            address: SocketAddr::from(([192, 0, 2, 7], port)),
            at: None,
        }
    }

    #[test]
    fn the_address_that_was_written_to_last_is_the_one_to_answer_from() {
        let mut book = PeerBook::default();
        let at = |last: u8| Some(IpAddr::from([192, 0, 2, last]));
        book.hear(Peer {
            at: at(1),
            ..peer(5)
        });
        assert!(
            !book
                .hear(Peer {
                    at: at(2),
                    ..peer(5)
                })
                .new
        );
        assert_eq!(book.get(1).map(|peer| peer.at), Some(at(2)));
    }

    #[test]
    fn numbers_are_in_the_order_of_first_hearing() {
        let mut book = PeerBook::default();
        assert_eq!(book.last(), None);
        let heard: Vec<_> = [5, 6, 5, 7].map(|port| book.hear(peer(port))).to_vec();
        let numbers: Vec<_> = heard
            .iter()
            .map(|heard| (heard.number, heard.new))
            .collect();
        assert_eq!(numbers, [(1, true), (2, true), (1, false), (3, true)]);
        assert_eq!(book.last(), Some(peer(7)));
        assert_eq!(book.get(2), Some(peer(6)));
        assert_eq!(book.get(0), None);
        assert_eq!(book.get(4), None);
    }

    #[test]
    fn a_flood_of_strangers_does_not_grow_the_book_or_drive_out_who_talks() {
        let mut book = PeerBook::default();
        book.hear(peer(1));
        book.hear(peer(2));
        for port in 1000..4000 {
            book.hear(peer(port));
            assert_eq!(book.hear(peer(1)).number, 1);
        }
        assert_eq!(book.peers.len(), PeerBook::CAPACITY);
        assert_eq!(book.get(2), None, "silent for longest");
        assert_eq!(
            book.hear(peer(2)),
            Heard {
                number: 3003,
                new: true
            }
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))] // each is a flood of its own
        #[test]
        fn a_number_always_means_the_same_peer(ports in proptest::collection::vec(0u16..1500, 0..4000)) {
            let mut book = PeerBook::default();
            let mut given: HashMap<u64, Peer> = HashMap::new();
            for port in ports {
                let heard = book.hear(peer(port));
                let meant = given.entry(heard.number).or_insert_with(|| peer(port));
                prop_assert_eq!(*meant, peer(port));
                prop_assert_eq!(book.last(), Some(peer(port)));
                prop_assert!(book.peers.len() <= PeerBook::CAPACITY);
            }
        }
    }
}
