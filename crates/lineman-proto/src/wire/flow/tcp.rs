//! A TCP connection, packet by packet.

use std::net::SocketAddr;

use super::Again;
use super::Arrival;
use super::Counts;
use super::EndState;
use super::Ending;
use super::Label;
use super::Order;
use super::Prompt;
use super::Segment;
use super::TcpState;
use super::Way;
use super::accept::Acceptance;
use super::counts::Countable;
use super::judge;
use super::judge::Found;
use super::judge::Packet;
use super::judge::Placed;
use super::life::Departs;
use super::numbers::Numbers;
use super::side::Side;
use crate::wire::Flags;

/// A connection, as far as its packets tell.
///
/// Places count from each direction's SYN, which is 0; the first byte is 1. They do not wrap.
#[derive(Clone, Debug)]
pub struct TcpFlow {
    client: SocketAddr,
    server: SocketAddr,
    from_client: Side,
    from_server: Side,
    /// When the first and the last of its segments were seen, in nanoseconds.
    seen_ns: Option<(u64, u64)>,
    /// Which way the first reset went.
    pub(super) reset: Option<Way>,
    /// Whether both ends have sent a SYN before they had the other's.
    crossed: bool,
}

/// Numbers of a segment, counted from the beginning of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it begins in its sender's stream.
    pub seq: i64,
    /// What its sender expects next of the peer's stream.
    pub ack: Option<i64>,
    /// The window in bytes, scaled if both SYNs were seen to agree on it.
    pub window: u32,
    /// Whether the beginning of its sender's stream is known; else the first number seen counts as 1.
    pub from_start: bool,
}

/// What was found about a segment as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Which way it goes.
    pub way: Way,
    /// Its numbers.
    pub place: Place,
    /// What it is.
    pub label: Label,
    /// How it stands to what its sender has sent before.
    pub order: Order,
    /// If it was sent before: how often, and when last.
    pub again: Option<Again>,
    /// Whether it carries the last byte that its receiver has said last it has room for. Not where nobody knows how windows
    /// are scaled.
    pub fills_window: bool,
    /// How long a timer of its sender can have run, in nanoseconds: since it last sent what must be acknowledged, or
    /// a probe; if this is a probe, since the peer was heard, if that was later.
    pub waited_ns: Option<u64>,
    /// Whether it carries new bytes although older ones are missing, after a time-out: only F-RTO does so (RFC 5682
    /// §2.1).
    pub tries_new: bool,
    /// The state that its sender is in now, if that is another than before.
    pub moved: Option<EndState>,
}

/// What was found about a segment as it was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// What it is to its receiver.
    pub arrival: Arrival,
    /// The state that its receiver is in now, if that is another than before.
    pub moved: Option<EndState>,
}

impl TcpFlow {
    /// A connection that begins with this segment; tell it that segment too. Its sender is the client, unless it is a
    /// SYN-ACK.
    pub fn new(segment: &Segment) -> Self {
        match segment.has(Flags::SYN | Flags::ACK) {
            true => Self::between(segment.to, segment.from),
            false => Self::between(segment.from, segment.to),
        }
    }

    fn between(client: SocketAddr, server: SocketAddr) -> Self {
        Self {
            client,
            server,
            from_client: Side::default(),
            from_server: Side::default(),
            seen_ns: None,
            reset: None,
            crossed: false,
        }
    }

    /// The two ends: client, server.
    pub fn ends(&self) -> (SocketAddr, SocketAddr) {
        (self.client, self.server)
    }

    /// Which way a segment goes, if it belongs to the connection.
    pub fn way(&self, segment: &Segment) -> Option<Way> {
        match (segment.from, segment.to) {
            ends if ends == (self.client, self.server) => Some(Way::Forth),
            ends if ends == (self.server, self.client) => Some(Way::Back),
            _ => None,
        }
    }

    /// The state of the sender of a direction; `None` while nothing tells.
    pub fn state(&self, way: Way) -> Option<EndState> {
        self.side(way).life.now
    }

    /// The TCP of the sender of a direction has said what state it is in.
    pub fn told(&mut self, way: Way, state: TcpState) {
        self.sides(way).0.life.told(state);
    }

    /// The number of the SYN of a direction; `None` while it is unknown or only guessed.
    pub fn isn(&self, way: Way) -> Option<u32> {
        let numbers = self.side(way).numbers?;
        numbers.certain.then_some(numbers.isn)
    }

    /// What the receiver of a direction expects next.
    pub fn expects(&self, way: Way) -> i64 {
        self.side(way.other()).expects
    }

    /// Up to where the receiver of a direction has acknowledged it.
    pub fn acknowledged(&self, way: Way) -> i64 {
        self.side(way.other()).said.map_or(0, |said| said.ack)
    }

    /// Whether it is known how windows are scaled, or that they are not: both SYNs were seen, or one that does not offer it.
    pub fn knows_window_scale(&self) -> bool {
        Side::agree_on_scale(&self.from_client, &self.from_server)
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
        is_new && (!segment.has(Flags::ACK) || is_over() && !answers_this)
    }

    pub(super) fn side(&self, way: Way) -> &Side {
        match way {
            Way::Forth => &self.from_client,
            Way::Back => &self.from_server,
        }
    }

    /// The sender of a direction, and its peer.
    fn sides(&mut self, way: Way) -> (&mut Side, &mut Side) {
        match way {
            Way::Forth => (&mut self.from_client, &mut self.from_server),
            Way::Back => (&mut self.from_server, &mut self.from_client),
        }
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
        self.begin(way, segment);
        let (first_ns, _) = self.seen_ns.unwrap_or((now_ns, now_ns));
        self.seen_ns = Some((first_ns, now_ns));
        let placed = self.place(way, segment);
        let window = self.window(way, segment);
        let packet = Packet {
            id,
            ip_id: segment.ip_id,
            now_ns,
        };
        if segment.has(Flags::RST) {
            self.reset.get_or_insert(way);
        }
        let (sender, peer) = self.sides(way);
        let (next, had_settled, prompt) = (sender.next, sender.settled, sender.prompt);
        let fills_window = placed.bytes > 0
            && Some(placed.end) == peer.offers_to
            && Side::agree_on_scale(sender, peer);
        let had_room = sender.said.is_none_or(|said| said.window > 0);
        let acks_unseen = placed.ack.is_some_and(|ack| ack > peer.next);
        sender.looks_back(peer, &placed);
        let (asked_ns, heard_ns) = (sender.asked_ns, sender.heard.at_ns);
        let tries_new = placed.bytes > 0 && sender.tries_new(placed.seq);
        let Found {
            label,
            order,
            again,
        } = match placed.has(Flags::RST) {
            true => Found {
                label: judge::of_reset(sender, peer, &placed),
                order: Order::Next,
                again: None,
            },
            false => judge::judge(sender, peer, &placed, packet),
        };
        let crossed = matches!(label, Label::SynCrossed | Label::SynAckCrossed);
        sender.counts.add(&Countable {
            label,
            order,
            again,
            bytes: placed.bytes,
            resets: placed.has(Flags::RST),
            closes_window: had_room && placed.closes_window(),
            acks_unseen,
        });
        let how = Departs {
            next,
            again,
            had_settled,
            prompt,
            now_ns,
        };
        let moved = sender.lives_by_sending(peer, &placed, how);
        if let Some(ack) = placed.ack.filter(|_| !placed.has(Flags::RST)) {
            let room_to = ack + i64::from(window);
            sender.room_to = sender.room_to.max(Some(room_to));
            let is_newest = sender.said.is_some_and(|said| said.ack == ack);
            if is_newest {
                sender.offers_to = Some(room_to);
            }
        }
        self.crossed |= crossed;
        let since_ns = match label {
            Label::Probe { .. } | Label::KeepAlive => asked_ns.map(|asked| asked.max(heard_ns)),
            _ => asked_ns,
        };
        Sent {
            way,
            place: Place {
                seq: placed.seq,
                ack: placed.ack,
                window,
                from_start: self.isn(way).is_some(),
            },
            label,
            order,
            again,
            fills_window,
            waited_ns: since_ns.map(|since| now_ns.saturating_sub(since)),
            tries_new,
            moved,
        }
    }

    /// A segment was delivered; tell it as it arrived. `None` if it is not of this connection.
    pub fn delivered(&mut self, now_ns: u64, segment: &Segment) -> Option<Delivered> {
        let way = self.way(segment)?;
        Some(self.delivered_by(way, now_ns, segment))
    }

    fn delivered_by(&mut self, way: Way, now_ns: u64, segment: &Segment) -> Delivered {
        if segment.damaged {
            return Delivered {
                arrival: Arrival::Damaged,
                moved: None,
            };
        }
        let was_sent_before = segment.has(Flags::SYN) && self.side(way).numbers.is_none();
        if was_sent_before {
            self.begin(way, segment);
        }
        let placed = self.place(way, segment);
        if was_sent_before {
            let (sender, peer) = self.sides(way);
            sender.began_before(peer, &placed);
        }
        let resets = placed.has(Flags::RST);
        let (sender, receiver) = self.sides(way);
        if receiver.expects == 0 && sender.numbers.is_some_and(|it| !it.certain) {
            receiver.expects = placed.seq; // the connection is older than what was seen of it
            receiver.first_seen = Some(placed.seq);
        }
        let due = receiver.expects;
        let acceptance = receiver.acceptance(sender, &placed, now_ns);
        let is_taken = !resets && acceptance == Acceptance::Taken;
        // What acknowledges something that was never sent is not believed (RFC 9293 §3.10.7.4).
        let ack = placed.ack.filter(|ack| is_taken && *ack <= receiver.next);
        if let Some(ack) = ack {
            let bare = placed.seq == placed.end && !sender.probed;
            receiver.hear((ack, segment.window), bare, placed.sacked, now_ns);
        }
        if is_taken && ack == placed.ack && ack.is_none_or(|ack| ack == receiver.heard.ack) {
            receiver.hears_stamp(&placed, now_ns);
        }
        if resets {
            receiver.heard.at_ns = now_ns;
        }
        let arrival = match acceptance {
            _ if resets => Arrival::InOrder,
            _ if receiver.is(TcpState::Closed) => Arrival::Gone,
            Acceptance::Unexpected => Acceptance::unexpected(&placed),
            Acceptance::Stale => Arrival::Stale,
            Acceptance::Taken | Acceptance::Old => match receiver.receive(placed.seq, placed.end) {
                Arrival::Known if placed.has(Flags::SYN) => Arrival::SynAgain,
                Arrival::Known if placed.has(Flags::FIN) && receiver.is(TcpState::TimeWait) => {
                    Arrival::FinAgain
                }
                arrival => arrival,
            },
        };
        if is_taken && arrival == Arrival::Early && placed.has(Flags::FIN) {
            receiver.hears_fin_early(sender);
        }
        if receiver.expects > due {
            receiver.owed.arrived(receiver.expects, now_ns);
            sender.has_shown_all_to(receiver.expects);
        }
        receiver.asked_again |= arrival == Arrival::SynAgain;
        receiver.prompt = match arrival {
            _ if sender.probed => Prompt::Probe,
            Arrival::Known | Arrival::SynAgain | Arrival::FinAgain => Prompt::Known,
            _ => Prompt::Unseen,
        };
        receiver.fed_after_end |=
            placed.bytes > 0 && receiver.fin.is_some() && receiver.expects > due;
        let moved = receiver.lives_by_hearing(sender, &placed, (due, is_taken));
        Delivered { arrival, moved }
    }

    /// Whether it is a FIN, and something before it has not arrived.
    pub(super) fn is_early_fin(&mut self, segment: &Segment) -> bool {
        let Some(way) = self.way(segment).filter(|_| segment.has(Flags::FIN)) else {
            return false;
        };
        let seq = self.place(way, segment).seq;
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

    /// A SYN begins to count; one with another number makes void what its sender has sent.
    fn begin(&mut self, way: Way, segment: &Segment) {
        if !segment.has(Flags::SYN) {
            return;
        }
        let (sender, peer) = self.sides(way);
        if sender.numbers.is_some_and(|it| it.isn != segment.seq) {
            sender.begins_anew(peer);
        }
        sender.scale = segment.scale;
        sender.sack = Some(segment.sack_permitted);
        sender.stamps.offered = Some(segment.time_stamps.is_some());
        sender.numbers = Some(Numbers {
            isn: segment.seq,
            certain: true,
        });
    }

    /// Whether the SYNs of both ends have crossed.
    pub(super) fn has_crossed(&self) -> bool {
        self.crossed
    }

    /// The segment in places. Where numbers are unknown, they are taken to begin just here.
    fn place(&mut self, way: Way, segment: &Segment) -> Placed {
        let flags = segment.flags;
        let ack = flags.has(Flags::ACK).then(|| {
            let (sender, peer) = self.sides(way);
            // What it acknowledges first of all is a SYN, seen or not.
            let is_third = sender.syn == Some(false) && sender.said.is_none();
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
            sacked: self.highest_sack(way, segment),
            stamp: segment.time_stamps.map(|(clock, _)| clock),
        }
    }

    /// Windows are scaled only if both SYNs offer it, and never in a SYN (RFC 7323 §2.2).
    fn window(&self, way: Way, segment: &Segment) -> u32 {
        let shift = match (self.side(way).scale, self.side(way.other()).scale) {
            (Some(shift), Some(_)) if !segment.has(Flags::SYN) => shift,
            _ => 0,
        };
        u32::from(segment.window) << shift
    }

    fn highest_sack(&self, way: Way, segment: &Segment) -> Option<i64> {
        let peer = self.side(way.other());
        let numbers = peer.numbers?;
        let places = segment.sacked().map(|to| numbers.place(peer.next, to));
        places.max()
    }
}
