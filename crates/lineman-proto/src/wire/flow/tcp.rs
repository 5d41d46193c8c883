//! A TCP connection, packet by packet.

use std::net::SocketAddr;

use super::Again;
use super::Arrival;
use super::EndState;
use super::Label;
use super::Order;
use super::Prompt;
use super::Segment;
use super::TcpState;
use super::Way;
use super::judge;
use super::judge::Found;
use super::judge::Packet;
use super::judge::Placed;
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

    /// What the sender of a direction sends next, if nothing is repeated.
    pub fn next(&self, way: Way) -> i64 {
        self.side(way).next
    }

    fn side(&self, way: Way) -> &Side {
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

    /// A segment was sent; `None` if it is not of this connection. `id` is what later segments will
    /// call it that repeat it.
    pub fn sent(&mut self, id: u64, now_ns: u64, segment: &Segment) -> Option<Sent> {
        self.begin(self.way(segment)?, segment);
        let way = self.way(segment)?; // a new connection may have changed the ends' places
        let placed = self.place(way, segment);
        let window = self.window(way, segment);
        let packet = Packet {
            id,
            ip_id: segment.ip_id,
            now_ns,
        };
        let (sender, peer) = self.sides(way);
        let next = sender.next;
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
        let moved = sender.lives_by_sending(peer, &placed, next);
        Some(Sent {
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
            moved,
        })
    }

    /// A segment was delivered; tell it as it arrived. `None` if it is not of this connection.
    pub fn delivered(&mut self, now_ns: u64, segment: &Segment) -> Option<Delivered> {
        let way = self.way(segment)?;
        if segment.damaged {
            return Some(Delivered {
                arrival: Arrival::Damaged,
                moved: None,
            });
        }
        let placed = self.place(way, segment);
        let sacked = self.highest_sack(way, segment);
        let (sender, receiver) = self.sides(way);
        // What acknowledges something that was never sent is not believed (RFC 9293 §3.10.7.4).
        if let Some(ack) = placed.ack.filter(|ack| *ack <= receiver.next) {
            let bare = placed.seq == placed.end && !sender.probed;
            receiver.hear((ack, segment.window), bare, sacked, now_ns);
        }
        if receiver.expects == 0 && sender.numbers.is_some_and(|it| !it.certain) {
            receiver.expects = placed.seq; // the connection is older than what was seen of it
        }
        let due = receiver.expects;
        let arrival = match placed.has(Flags::RST) {
            true => Arrival::InOrder,
            false if receiver.is(TcpState::Closed) => Arrival::Gone,
            false => match receiver.receive(placed.seq, placed.end) {
                Arrival::Known if placed.has(Flags::SYN) => Arrival::SynAgain,
                Arrival::Known if placed.has(Flags::FIN) && receiver.is(TcpState::TimeWait) => {
                    Arrival::FinAgain
                }
                arrival => arrival,
            },
        };
        if receiver.expects > due {
            receiver.owes_since.get_or_insert(now_ns);
        }
        receiver.asked_again |= arrival == Arrival::SynAgain;
        receiver.prompt = match arrival {
            _ if sender.probed => Prompt::Probe,
            Arrival::Known | Arrival::SynAgain | Arrival::FinAgain => Prompt::Known,
            _ => Prompt::Unseen,
        };
        receiver.fed_after_end |=
            placed.bytes > 0 && receiver.fin.is_some() && receiver.expects > due;
        let moved = receiver.lives_by_hearing(sender, &placed, due);
        Some(Delivered { arrival, moved })
    }

    /// A SYN begins to count, or begins everything anew.
    fn begin(&mut self, way: Way, segment: &Segment) {
        if !segment.has(Flags::SYN) {
            return;
        }
        let other = |numbers: Numbers| numbers.isn != segment.seq;
        match (
            self.side(way).numbers.is_some_and(other),
            segment.has(Flags::ACK),
        ) {
            // The one before is void.
            (true, true) => self.sides(way).0.forget_sent(),
            // The ports were in use before, by a connection that is over.
            (true, false) => {
                *self = match way {
                    Way::Forth => Self::between(self.client, self.server),
                    Way::Back => Self::between(self.server, self.client),
                };
                return self.begin(Way::Forth, segment);
            }
            (false, _) => {}
        }
        let sender = self.sides(way).0;
        sender.scale = segment.scale;
        sender.sack = Some(segment.sack_permitted);
        sender.numbers = Some(Numbers {
            isn: segment.seq,
            certain: true,
        });
    }

    /// The segment in places. Where numbers are unknown, they are taken to begin just here.
    fn place(&mut self, way: Way, segment: &Segment) -> Placed {
        let flags = segment.flags;
        let ack = flags.has(Flags::ACK).then(|| {
            let peer = self.sides(way).1;
            peer.numbers_before(segment.ack, flags.has(Flags::SYN))
                .place(peer.next, segment.ack)
        });
        let sender = self.sides(way).0;
        let seq = match flags.has(Flags::RST) && sender.numbers.is_none() {
            true => 0, // the answer of nobody, who has no numbers
            false => sender
                .numbers_before(segment.seq, false)
                .place(sender.next, segment.seq),
        };
        Placed {
            flags,
            seq,
            end: seq + i64::from(segment.takes()),
            ack,
            window: segment.window,
            bytes: segment.len,
            sack: segment.has_sack(),
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
