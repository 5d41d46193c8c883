//! A TCP connection, packet by packet.

use std::net::SocketAddr;

use super::Arrival;
use super::Counts;
use super::Delivered;
use super::EndState;
use super::Ending;
use super::Label;
use super::Order;
use super::Place;
use super::Segment;
use super::Sent;
use super::TcpState;
use super::Way;
use super::arrive::arrive;
use super::depart::depart;
use super::judge::Packet;
use super::numbers::Numbers;
use super::pair::Pair;
use super::side::Side;
use crate::wire::Flags;

/// A connection, as far as its packets tell.
///
/// Places count from each direction's SYN, which is 0; the first byte is 1. They do not wrap.
#[derive(Clone, Debug)]
pub struct TcpFlow {
    pair: Pair,
    /// When the first and the last of its segments were seen, in nanoseconds.
    seen_ns: Option<(u64, u64)>,
    /// Which way the first reset went that was not refused.
    pub(super) reset: Option<Way>,
    /// Whether one has been believed, or may have been.
    is_reset: bool,
    /// Whether both ends have sent a SYN before they had the other's.
    crossed: bool,
}

impl TcpFlow {
    /// A connection that begins with this segment; tell it that segment too. Its sender is the client, unless it is a
    /// SYN-ACK.
    pub fn new(segment: &Segment) -> Self {
        Self {
            pair: Pair::of(segment),
            seen_ns: None,
            reset: None,
            is_reset: false,
            crossed: false,
        }
    }

    /// The two ends: client, server.
    pub fn ends(&self) -> (SocketAddr, SocketAddr) {
        (self.pair.client, self.pair.server)
    }

    /// Which way a segment goes, if it belongs to the connection.
    pub fn way(&self, segment: &Segment) -> Option<Way> {
        self.pair.way(segment)
    }

    pub(super) fn side(&self, way: Way) -> &Side {
        self.pair.side(way)
    }

    /// The state of the sender of a direction; `None` while nothing tells.
    pub fn state(&self, way: Way) -> Option<EndState> {
        self.side(way).life.now
    }

    /// The TCP of the sender of a direction has said what state it is in.
    pub fn told(&mut self, way: Way, state: TcpState) {
        self.pair.sides(way).0.life.told(state);
    }

    /// The number of the SYN of a direction; `None` while it is unknown or only guessed.
    pub fn isn(&self, way: Way) -> Option<u32> {
        self.side(way).isn()
    }

    /// What the receiver of a direction expects next.
    pub fn expects(&self, way: Way) -> i64 {
        self.side(way.other()).received.expects
    }

    /// Up to where an acknowledgment of it has reached the sender of a direction.
    pub fn heard(&self, way: Way) -> i64 {
        self.side(way).heard.ack
    }

    /// Up to where the receiver of a direction has acknowledged it.
    pub fn acknowledged(&self, way: Way) -> i64 {
        self.side(way.other()).said.map_or(0, |said| said.ack)
    }

    /// Whether it is known how windows are scaled, or that they are not: both SYNs were seen, or one that does not offer it.
    pub fn knows_window_scale(&self) -> bool {
        Side::agree_on_scale(self.side(Way::Forth), self.side(Way::Back))
    }

    /// Whether the receiver of a direction has said last that it has no room.
    pub fn has_no_room(&self, way: Way) -> bool {
        let said = self.side(way.other()).said;
        said.is_some_and(|said| said.window == 0)
    }

    /// What the sender of a direction sends next, if nothing is repeated.
    pub fn next(&self, way: Way) -> i64 {
        self.side(way).next
    }

    /// What the sender of a direction has sent, in numbers.
    pub fn counts(&self, way: Way) -> &Counts {
        &self.side(way).counts
    }

    /// When the first and the last of its segments were sent, in nanoseconds; `None` before the first.
    pub fn seen_ns(&self) -> Option<(u64, u64)> {
        self.seen_ns
    }

    /// Whether a segment begins another connection between the same two ends: a SYN whose number is not that
    /// of this one; or, where that was not seen and this one is over, the answer to it.
    pub fn is_succeeded_by(&self, segment: &Segment) -> bool {
        // Asked of every segment: the usual ones are none.
        if !segment.has(Flags::SYN) {
            return false;
        }
        let Some(way) = self.way(segment) else {
            return false;
        };
        let other = |numbers: Numbers| numbers.isn != segment.seq;
        let is_new = self.side(way).numbers.is_some_and(other);
        let is_over = || matches!(self.ending(), Ending::Finished | Ending::Reset(_));
        let peer = self.side(way.other());
        let answers = peer
            .numbers
            .map(|numbers| numbers.place(peer.next, segment.ack));
        let answers_this = answers.is_some_and(|ack| (1..=peer.next).contains(&ack));
        is_new
            && (!segment.has(Flags::ACK) || is_over() && !answers_this)
            && self.inside(way, segment).is_none()
    }

    /// Where a SYN stands within the numbers of a connection that goes on. Its receiver takes it for no new one, and answers by an ACK (RFC 5961
    /// §4). One at any other number may be that of an end that has begun anew, and knows nothing of this connection.
    fn inside(&self, way: Way, segment: &Segment) -> Option<i64> {
        let (sender, peer) = (self.side(way), self.side(way.other()));
        let asks = segment.has(Flags::SYN) && !segment.has(Flags::ACK);
        let goes_on = sender.settled && sender.fin.is_none() && !sender.is(TcpState::Closed);
        let is_open = asks && goes_on && peer.said.is_some() && self.reset.is_none();
        let numbers = sender.numbers.filter(|_| is_open)?;
        let place = numbers.place(sender.next, segment.seq);
        let due = peer.received.expects.max(1);
        let room_to = peer.room_to?;
        (due..=room_to).contains(&place).then_some(place)
    }

    /// A segment was sent; `None` if it is not of this connection, or begins [another](Self::is_succeeded_by).
    /// `id` is what later segments will call it that repeat it.
    pub fn sent(&mut self, id: u64, now_ns: u64, segment: &Segment) -> Option<Sent> {
        let way = self.way(segment)?;
        match self.is_succeeded_by(segment) {
            true => None,
            false => Some(self.sent_by(way, id, now_ns, segment)),
        }
    }

    /// A segment was seen: it was sent, and counts as delivered. `None` as for [`sent`](Self::sent).
    pub fn captured(
        &mut self,
        id: u64,
        now_ns: u64,
        segment: &Segment,
    ) -> Option<(Sent, Delivered)> {
        let way = self.way(segment)?;
        if self.is_succeeded_by(segment) {
            return None;
        }
        let sent = self.sent_by(way, id, now_ns, segment);
        Some((sent, self.delivered_by(way, now_ns, segment)))
    }

    fn sent_by(&mut self, way: Way, id: u64, now_ns: u64, segment: &Segment) -> Sent {
        let (first_ns, _) = self.seen_ns.unwrap_or((now_ns, now_ns));
        self.seen_ns = Some((first_ns, now_ns));
        if is_odd(segment) {
            return self.sent_oddly(way, segment);
        }
        let inside = self.inside(way, segment);
        let bare = self.without_syn(way, segment);
        let segment = inside.map_or(segment, |_| &bare);
        let packet = Packet {
            id,
            ip_id: segment.ip_id,
            point: segment.point,
            now_ns,
        };
        let was_gone = self.side(way).is(TcpState::Closed);
        let mut sent = depart(&mut self.pair, way, packet, segment);
        if let Some(place) = inside {
            (sent.label, sent.place.seq) = (Label::SynInside, place);
            self.pair.sides(way).0.may_begin_anew();
        }
        // One by which an end goes on waiting for the answer to its SYN ends nothing.
        if segment.has(Flags::RST) && sent.label != Label::RstWaiting && !self.shows_none() {
            self.reset.get_or_insert(way);
        }
        if was_gone && !self.side(way).is(TcpState::Closed) && self.reset == Some(way) {
            (self.reset, self.is_reset) = (None, false); // it goes on: somebody else has sent the reset
        }
        self.crossed |= matches!(sent.label, Label::SynCrossed | Label::SynAckCrossed);
        sent
    }

    /// A segment that is of no connection has left: it changes nothing.
    fn sent_oddly(&mut self, way: Way, segment: &Segment) -> Sent {
        let sender = self.pair.sides(way).0;
        sender.is_odd = true;
        sender.counts.segments += 1;
        sender.counts.bytes += u64::from(segment.len);
        let place = |numbers: Numbers| numbers.place(sender.next, segment.seq);
        Sent {
            way,
            place: Place {
                seq: sender.numbers.map_or(0, place),
                ack: None,
                window: self.pair.window(way, segment),
                is_scaled: segment.window == 0 || self.knows_window_scale(),
                from_start: self.isn(way).is_some(),
            },
            label: Label::NoAck,
            order: Order::Next,
            again: None,
            fills_window: false,
            waited_ns: None,
            tries_new: false,
            answers_again: false,
            acks_unseen: false,
            peer_may_have_ended: false,
            acks_late: false,
            moved: None,
        }
    }

    /// Whether nothing was seen but segments of no connection, and resets.
    pub fn shows_none(&self) -> bool {
        let sides = [self.side(Way::Forth), self.side(Way::Back)];
        let is_silent = |side: &&Side| side.syn.is_none() && !side.settled;
        sides.iter().all(is_silent) && sides.iter().any(|side| side.is_odd)
    }

    /// A segment was delivered; tell it as it arrived. `None` if it is not of this connection.
    pub fn delivered(&mut self, now_ns: u64, segment: &Segment) -> Option<Delivered> {
        let way = self.way(segment)?;
        Some(self.delivered_by(way, now_ns, segment))
    }

    /// A segment was sent of which nobody knows whether it arrives: the state that it would change is not known any more.
    pub fn may_arrive(&mut self, segment: &Segment) {
        if let Some(way) = self.way(segment).filter(|_| !segment.damaged) {
            let placed = self.pair.place(way, segment);
            self.pair.sides(way.other()).0.may_have_got(&placed);
        }
    }

    fn delivered_by(&mut self, way: Way, now_ns: u64, segment: &Segment) -> Delivered {
        if segment.damaged {
            return Delivered {
                arrival: Arrival::Damaged,
                moved: None,
            };
        }
        if is_odd(segment) {
            return Delivered {
                arrival: Arrival::InOrder,
                moved: None,
            };
        }
        let bare = self.without_syn(way, segment);
        let segment = self.inside(way, segment).map_or(segment, |_| &bare);
        let delivered = arrive(&mut self.pair, way, now_ns, segment);
        if segment.has(Flags::RST) {
            self.is_reset |= !matches!(delivered.arrival, Arrival::ResetIgnored(_));
            // It ends nothing.
            self.reset = self.reset.filter(|by| self.is_reset || *by != way);
        }
        delivered
    }

    /// What a SYN that stands [inside](Self::inside) a connection changes in it: nothing, as an empty segment of its sender.
    fn without_syn(&self, way: Way, segment: &Segment) -> Segment {
        let sender = self.side(way);
        let next = u32::try_from(sender.next & i64::from(u32::MAX)).unwrap_or_default();
        segment.empty_at(sender.numbers.map_or(0, |it| it.isn.wrapping_add(next)))
    }

    /// Whether it is a FIN, and something before it has not arrived.
    pub(super) fn is_early_fin(&mut self, segment: &Segment) -> bool {
        let Some(way) = self.way(segment).filter(|_| segment.has(Flags::FIN)) else {
            return false;
        };
        let seq = self.pair.place(way, segment).seq;
        !segment.damaged && seq > self.expects(way)
    }

    /// A segment was delivered to an end that discards its FIN.
    pub(super) fn delivered_without_fin(
        &mut self,
        now_ns: u64,
        segment: &Segment,
    ) -> Option<Delivered> {
        let mut rest = *segment;
        rest.flags = Flags(segment.flags.0 & !Flags::FIN.0);
        let delivered = self.delivered(now_ns, &rest)?;
        let arrival = Arrival::FinTooEarly;
        Some(Delivered {
            arrival,
            ..delivered
        })
    }

    /// Whether the SYNs of both ends have crossed.
    pub(super) fn has_crossed(&self) -> bool {
        self.crossed
    }
}

/// Whether it is none that a connection has: all but the first SYN and a reset have ACK.
fn is_odd(segment: &Segment) -> bool {
    !segment.flags.any(Flags::SYN | Flags::ACK | Flags::RST)
}
