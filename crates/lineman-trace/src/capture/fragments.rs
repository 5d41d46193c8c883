//! Pieces of packets: only the first has the ports, so that the others are found by what all pieces have.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;

use lineman_proto::wire::Frame;
use lineman_proto::wire::Protocol;

use super::table::Place;

/// How many packets are remembered of which pieces may still come: more than are under way at once.
const MEMORY: usize = 4096;

/// What all pieces of a packet have (RFC 791 §3.2, RFC 8200 §4.5).
type Packet = (IpAddr, IpAddr, Protocol, u32);

/// The conversations of packets in pieces.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    by_packet: HashMap<Packet, (Place, u64)>,
    oldest: VecDeque<Packet>,
}

impl Fragments {
    /// The first piece belongs to the conversation of this number, which is at `place`.
    pub(super) fn note(&mut self, frame: &Frame<'_>, place: Place, number: u64) {
        let first = frame.fragment().is_some_and(|piece| piece.more);
        let Some(packet) = packet(frame).filter(|_| first) else {
            return;
        };
        if self.by_packet.insert(packet, (place, number)).is_none() {
            self.oldest.push_back(packet);
        }
        if self.oldest.len() > MEMORY
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.by_packet.remove(&oldest);
        }
    }

    /// The conversation of a later piece.
    pub(super) fn find(&self, frame: &Frame<'_>) -> Option<(Place, u64)> {
        self.by_packet.get(&packet(frame)?).copied()
    }
}

fn packet(frame: &Frame<'_>) -> Option<Packet> {
    let (from, to) = frame.addresses()?;
    Some((from, to, frame.protocol()?, frame.fragment()?.id))
}
