//! A TCP connection, packet by packet.

use std::net::SocketAddr;

use super::Arrival;
use super::Label;
use super::Way;
use super::judge;
use super::judge::Placed;
use super::numbers::Numbers;
use super::side::Side;
use crate::wire::Checksum;
use crate::wire::Flags;
use crate::wire::Frame;
use crate::wire::Layer;
use crate::wire::Tcp;
use crate::wire::TcpOption;

/// A connection, as far as its packets tell.
///
/// Places count from each direction's SYN, which is 0; the first byte is 1. They do not wrap.
#[derive(Clone, Debug)]
pub struct TcpFlow {
    client: SocketAddr,
    server: SocketAddr,
    from_client: Side,
    from_server: Side,
    reset: bool,
}

/// What was found about a segment as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Which way it goes.
    pub way: Way,
    /// Where it begins in its sender's stream.
    pub seq: i64,
    /// What its sender expects next of the peer's stream.
    pub ack: Option<i64>,
    /// How many bytes it carries.
    pub len: usize,
    /// The window in bytes, scaled if both SYNs were seen to agree on it.
    pub window: u32,
    /// What it is; never empty.
    pub labels: Vec<Label>,
}

impl TcpFlow {
    /// A connection that begins with this segment; tell it that segment too. Its sender is the client, unless it is a
    /// SYN-ACK.
    pub fn new(frame: &Frame<'_>) -> Option<Self> {
        let flags = frame.tcp()?.flags();
        let (from, to) = frame.endpoints()?;
        let (client, server) = match flags.has(Flags::SYN | Flags::ACK) {
            true => (to, from),
            false => (from, to),
        };
        Some(Self::between(client, server))
    }

    fn between(client: SocketAddr, server: SocketAddr) -> Self {
        Self {
            client,
            server,
            from_client: Side::default(),
            from_server: Side::default(),
            reset: false,
        }
    }

    /// The two ends: client, server.
    pub fn ends(&self) -> (SocketAddr, SocketAddr) {
        (self.client, self.server)
    }

    /// Which way a frame goes, if it belongs to the connection.
    pub fn way(&self, frame: &Frame<'_>) -> Option<Way> {
        frame.tcp()?;
        let (from, to) = frame.endpoints()?;
        match (from, to) {
            _ if (from, to) == (self.client, self.server) => Some(Way::Forth),
            _ if (from, to) == (self.server, self.client) => Some(Way::Back),
            _ => None,
        }
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

    /// Whether both ends have finished and know it, or one has broken it off.
    pub fn is_over(&self) -> bool {
        let finished = |side: &Side, peer: &Side| {
            let said = peer.said.map_or(0, |said| said.ack);
            side.fin.is_some_and(|fin| said > fin)
        };
        self.reset
            || finished(&self.from_client, &self.from_server)
                && finished(&self.from_server, &self.from_client)
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

    /// A segment was sent; `None` if it is not of this connection. `id` is what later labels will
    /// call it.
    pub fn sent(&mut self, id: u64, frame: &Frame<'_>) -> Option<Sent> {
        let tcp = frame.tcp()?;
        let mut labels = Vec::new();
        self.begin(self.way(frame)?, tcp, &mut labels);
        let way = self.way(frame)?; // a new connection may have changed the ends' places
        let known = self.side(way).numbers.is_some();
        let placed = self.place(way, tcp);
        if !known && !placed.has(Flags::SYN) && !placed.has(Flags::RST) {
            labels.push(Label::MidStream);
        }
        let window = self.window(way, tcp);
        if self.reset {
            labels.push(Label::AfterReset);
        } else if placed.has(Flags::RST) {
            labels.push(self.reset_label(way));
            self.reset = true;
        } else {
            let ip_id = frame.ipv4().map_or(0, |ip| ip.id());
            let (sender, peer) = self.sides(way);
            judge::label(sender, peer, &placed, (id, ip_id), &mut labels);
        }
        Some(Sent {
            way,
            seq: placed.seq,
            ack: placed.ack,
            len: tcp.payload().wire_len(),
            window,
            labels,
        })
    }

    /// A segment was delivered; tell it as it arrived.
    pub fn delivered(&mut self, frame: &Frame<'_>) -> Option<Arrival> {
        let way = self.way(frame)?;
        let tcp = frame.tcp()?;
        if let Some(Checksum::Wrong { .. }) = frame.checksum(Layer::Tcp) {
            return Some(Arrival::Damaged);
        }
        let placed = self.place(way, tcp);
        let sacked = self.highest_sack(way, tcp);
        let (sender, receiver) = self.sides(way);
        if let Some(ack) = placed.ack {
            let bare = placed.seq == placed.end && !sender.probed;
            receiver.hear(ack, tcp.window(), bare, sacked);
        }
        if placed.has(Flags::RST) {
            return Some(Arrival::InOrder);
        }
        if receiver.expects == 0 && sender.numbers.is_some_and(|it| !it.certain) {
            receiver.expects = placed.seq; // the connection is older than what was seen of it
        }
        Some(receiver.receive(placed.seq, placed.end))
    }

    /// A SYN begins to count, or begins everything anew.
    fn begin(&mut self, way: Way, tcp: Tcp<'_>, labels: &mut Vec<Label>) {
        let flags = tcp.flags();
        if !flags.has(Flags::SYN) {
            return;
        }
        let anew = self.side(way).numbers.is_some_and(|it| it.isn != tcp.seq());
        match (anew, flags.has(Flags::ACK)) {
            (true, true) => {
                self.sides(way).0.forget_sent();
                labels.push(Label::Renumbered);
            }
            (true, false) => {
                *self = match way {
                    Way::Forth => Self::between(self.client, self.server),
                    Way::Back => Self::between(self.server, self.client),
                };
                labels.push(Label::NewConnection);
                return self.begin(Way::Forth, tcp, labels);
            }
            (false, _) => {}
        }
        let sender = self.sides(way).0;
        sender.scale = tcp.window_scale();
        sender.numbers = Some(Numbers {
            isn: tcp.seq(),
            certain: true,
        });
    }

    /// The segment in places. Where numbers are unknown, they are taken to begin just here.
    fn place(&mut self, way: Way, tcp: Tcp<'_>) -> Placed {
        let flags = tcp.flags();
        let ack = flags.has(Flags::ACK).then(|| {
            let peer = self.sides(way).1;
            peer.numbers_before(tcp.ack(), flags.has(Flags::SYN))
                .place(peer.next, tcp.ack())
        });
        let sender = self.sides(way).0;
        let seq = match flags.has(Flags::RST) && sender.numbers.is_none() {
            true => 0, // the answer of nobody, who has no numbers
            false => sender
                .numbers_before(tcp.seq(), false)
                .place(sender.next, tcp.seq()),
        };
        Placed {
            flags,
            seq,
            end: seq + i64::from(tcp.seq_len()),
            ack,
            window: tcp.window(),
            bytes: tcp.payload().wire_len(),
            sack: tcp.options().any(|it| matches!(it, TcpOption::Sack(_))),
        }
    }

    /// Windows are scaled only if both SYNs offer it, and never in a SYN (RFC 7323 §2.2).
    fn window(&self, way: Way, tcp: Tcp<'_>) -> u32 {
        let shift = match (self.side(way).scale, self.side(way.other()).scale) {
            (Some(shift), Some(_)) if !tcp.flags().has(Flags::SYN) => shift,
            _ => 0,
        };
        u32::from(tcp.window()) << shift
    }

    fn highest_sack(&self, way: Way, tcp: Tcp<'_>) -> Option<i64> {
        let peer = self.side(way.other());
        let numbers = peer.numbers?;
        let blocks = tcp.option(|it| match it {
            TcpOption::Sack(blocks) => Some(blocks),
            _ => None,
        })?;
        blocks
            .iter()
            .map(|(_, to)| numbers.place(peer.next, to))
            .max()
    }

    /// Nobody there, or no more: who answers a SYN without ever having said anything refuses it.
    fn reset_label(&self, way: Way) -> Label {
        let (sender, peer) = (self.side(way), self.side(way.other()));
        let silent = sender.syn.is_none() && sender.said.is_none();
        if silent && peer.syn.is_some() {
            Label::Refused
        } else {
            Label::Abort
        }
    }
}
