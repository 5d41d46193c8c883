//! Pieces of packets: only the first has the ports, so that the others are found by what all pieces have.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;

use lineman_proto::wire::Frame;
use lineman_proto::wire::Protocol;

use lineman_proto::wire::flow::SlotId;

/// How many packets are remembered of which pieces may still come: more than are under way at once.
const MEMORY: usize = 4096;

/// What all pieces of a packet have (RFC 791 §3.2, RFC 8200 §4.5).
type Packet = (IpAddr, IpAddr, Protocol, u32);

/// The conversations of packets in pieces.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    by_packet: HashMap<Packet, (SlotId, u64)>,
    oldest: VecDeque<Packet>,
}

impl Fragments {
    /// The first piece belongs to the conversation of this number, which is at `slot`.
    pub(super) fn note(&mut self, frame: &Frame<'_>, slot: SlotId, number: u64) {
        let first = frame.fragment().is_some_and(|piece| piece.more);
        let Some(packet) = packet(frame).filter(|_| first) else {
            return;
        };
        if self.by_packet.insert(packet, (slot, number)).is_none() {
            self.oldest.push_back(packet);
        }
        if self.oldest.len() > MEMORY
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.by_packet.remove(&oldest);
        }
    }

    /// The conversation of a later piece.
    pub(super) fn find(&self, frame: &Frame<'_>) -> Option<(SlotId, u64)> {
        self.by_packet.get(&packet(frame)?).copied()
    }
}

fn packet(frame: &Frame<'_>) -> Option<Packet> {
    let (from, to) = frame.addresses()?;
    Some((from, to, frame.protocol()?, frame.fragment()?.id))
}
