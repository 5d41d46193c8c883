//! Both ends of a connection, and what a segment's numbers are between them.

use std::net::SocketAddr;

use super::Segment;
use super::Way;
use super::judge::Placed;
use super::numbers::Numbers;
use super::sacks::Sacks;
use super::side::Side;
use crate::wire::Flags;

/// Both ends.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub client: SocketAddr,
    pub server: SocketAddr,
    from_client: Side,
    from_server: Side,
}

impl Pair {
    /// Of a connection that begins with this segment. Its sender is the client, unless it is an answer to a SYN: a SYN-ACK, or a reset with
    /// an acknowledgment and no number of its own (RFC 9293 §3.10.7.1).
    pub(super) fn of(segment: &Segment) -> Self {
        let refuses = segment.has(Flags::RST | Flags::ACK) && segment.seq == 0;
        let (client, server) = match segment.has(Flags::SYN | Flags::ACK) || refuses {
            true => (segment.to, segment.from),
            false => (segment.from, segment.to),
        };
        Self {
            client,
            server,
            from_client: Side::default(),
            from_server: Side::default(),
        }
    }

    /// Which way a segment goes, if it is between the two.
    pub(super) fn way(&self, segment: &Segment) -> Option<Way> {
        match (segment.from, segment.to) {
            // Of a socket that is connected with itself nobody can tell what is sent and what is answered.
            (one, other) if one == other => None,
            ends if ends == (self.client, self.server) => Some(Way::Forth),
            ends if ends == (self.server, self.client) => Some(Way::Back),
            _ => None,
        }
    }

    /// The sender of a direction.
    pub(super) fn side(&self, way: Way) -> &Side {
        match way {
            Way::Forth => &self.from_client,
            Way::Back => &self.from_server,
        }
    }

    /// The sender of a direction, and its peer.
    pub(super) fn sides(&mut self, way: Way) -> (&mut Side, &mut Side) {
        match way {
            Way::Forth => (&mut self.from_client, &mut self.from_server),
            Way::Back => (&mut self.from_server, &mut self.from_client),
        }
    }

    /// A SYN begins to count; one with another number makes void what its sender has sent.
    pub(super) fn begin(&mut self, way: Way, segment: &Segment) {
        if !segment.has(Flags::SYN) {
            return;
        }
        self.asks(way, segment);
        let (sender, peer) = self.sides(way);
        if sender.numbers.is_some_and(|it| it.isn != segment.seq) {
            sender.begins_anew(peer);
        }
        sender.scale = segment.scale;
        sender.mss = segment.mss;
        sender.sack = Some(segment.sack_permitted);
        sender.stamps.asks(segment);
        sender.numbers = Some(Numbers {
            isn: segment.seq,
            certain: true,
        });
    }

    /// Notes the number of a SYN without ACK.
    pub(super) fn asks(&mut self, way: Way, segment: &Segment) {
        if segment.has(Flags::SYN) && !segment.has(Flags::ACK) {
            self.sides(way).0.asked_isn = Some(segment.seq);
        }
    }

    /// The segment in places. Where numbers are unknown, they are taken to begin just here.
    pub(super) fn place(&mut self, way: Way, segment: &Segment) -> Placed {
        let flags = segment.flags;
        let ack = flags.has(Flags::ACK).then(|| {
            let (sender, peer) = self.sides(way);
            // What it acknowledges first of all, right behind its SYN, is a SYN, seen or not.
            let first = sender.isn().map(|isn| isn.wrapping_add(1));
            let is_third =
                sender.syn == Some(false) && sender.said.is_none() && first == Some(segment.seq);
            peer.numbers_before(sender, segment.ack, flags.has(Flags::SYN) || is_third)
                .place(peer.next, segment.ack)
        });
        let (sender, peer) = self.sides(way);
        let seq = match flags.has(Flags::RST) && sender.numbers.is_none() {
            true => 0, // the answer of nobody, who has no numbers
            false => sender
                .numbers_before(peer, segment.seq, false)
                .place(sender.next, segment.seq),
        };
        let end = seq + i64::from(segment.takes());
        Placed {
            flags,
            seq,
            end,
            is_old: end < 0 && sender.numbers.is_some_and(|numbers| numbers.certain),
            ack,
            window: segment.window,
            bytes: segment.len,
            sacks: self.sacks(way, segment, ack),
            stamps: segment.time_stamps,
        }
    }

    /// Windows are scaled only if both SYNs offer it, and never in a SYN (RFC 7323 §2.2).
    pub(super) fn window(&self, way: Way, segment: &Segment) -> u32 {
        let shift = match (self.side(way).scale, self.side(way.other()).scale) {
            (Some(shift), Some(_)) if !segment.has(Flags::SYN) => shift,
            _ => 0,
        };
        u32::from(segment.window) << shift
    }

    fn sacks(&self, way: Way, segment: &Segment, ack: Option<i64>) -> Sacks {
        let peer = self.side(way.other());
        let Some((numbers, ack)) = peer.numbers.zip(ack) else {
            return Sacks::default();
        };
        let place = |number| numbers.place(peer.next, number);
        let blocks = segment.sacked();
        Sacks::new(
            ack,
            blocks.map(|it| it.map(|it| (place(it.0), place(it.1)))),
        )
    }
}
