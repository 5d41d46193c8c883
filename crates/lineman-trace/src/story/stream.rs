//! TCP connections: the dissection's flows, and what a story needs beyond them.

use std::collections::HashMap;

use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::flow;
use lineman_proto::wire::flow::Sent;
use lineman_proto::wire::flow::TcpFlow;
use lineman_proto::wire::flow::Way;

use super::Again;
use super::Arrival;
use super::Label;
use super::Place;
use super::label::label;

/// What is known of a segment when it is sent.
pub(super) struct Told {
    pub(super) label: Label,
    pub(super) place: Place,
    pub(super) again: Option<Again>,
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Streams {
    all: Vec<Stream>,
    sent_at: HashMap<u64, u64>,
}

#[derive(Debug)]
struct Stream {
    flow: TcpFlow,
    forth: Side,
    back: Side,
}

/// What an end has said and heard, as far as the flow does not tell.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Side {
    /// Whether it has sent a SYN.
    pub(super) asked: bool,
    /// Whether it has sent anything else: only then is its window what it says from then on.
    pub(super) settled: bool,
    /// Behind its FIN.
    pub(super) fin: Option<i64>,
    /// The highest that it has acknowledged.
    pub(super) acked: Option<i64>,
    /// Whether the peer's FIN has arrived, and all before it.
    pub(super) heard_fin: bool,
    /// When the first bytes arrived that it has not acknowledged.
    owes_since: Option<u64>,
}

/// A segment as it is sent, with what was known before.
pub(super) struct Finder<'a> {
    pub(super) sent: &'a Sent,
    pub(super) sender: Side,
    pub(super) peer: Side,
    pub(super) owed_ns: Option<u64>,
    flags: Flags,
}

impl Finder<'_> {
    pub(super) fn is(&self, label: flow::Label) -> bool {
        self.sent.labels.contains(&label)
    }

    pub(super) fn is_reset(&self) -> bool {
        self.flags.has(Flags::RST)
    }

    /// Whether the peer believes in a connection of which its sender has taken no notice.
    pub(super) fn is_unexpected(&self) -> bool {
        self.peer.asked && self.sender.acked.is_none()
    }

    /// How many more bytes than before; the SYN's number is none of them.
    pub(super) fn newly_acknowledged(&self) -> i64 {
        let before = self.sender.acked.unwrap_or(1).max(1);
        self.sent.ack.map_or(0, |ack| (ack - before).max(0))
    }
}

impl Streams {
    /// A segment is sent.
    pub(super) fn sent(&mut self, id: u64, now: u64, frame: &Frame<'_>) -> Option<Told> {
        let flags = frame.tcp()?.flags();
        let at = self.find(frame)?;
        let stream = &mut self.all[at];
        let sent = stream.flow.sent(id, frame)?;
        if sent.labels.contains(&flow::Label::NewConnection) {
            (stream.forth, stream.back) = Default::default();
        }
        let (sender, peer) = stream.sides(sent.way);
        let finder = Finder {
            sent: &sent,
            sender: *sender,
            peer: *peer,
            owed_ns: sender.owes_since.map(|since| now.saturating_sub(since)),
            flags,
        };
        let label = label(&finder);
        sender.send(&sent, flags);
        let from_start = stream.flow.isn(sent.way).is_some();
        self.sent_at.insert(id, now);
        Some(Told {
            label,
            place: Place {
                seq: sent.seq,
                ack: sent.ack,
                window: sent.window,
                from_start,
            },
            again: self
                .again(&sent, now)
                .filter(|_| label != Label::SynAckCrossed),
        })
    }

    /// A segment arrives, as it arrives.
    pub(super) fn delivered(&mut self, now: u64, frame: &Frame<'_>) -> Arrival {
        let found = self.find(frame).map(|at| &mut self.all[at]);
        found
            .and_then(|stream| stream.delivered(now, frame))
            .unwrap_or_default()
    }

    /// The connection that a segment belongs to; a new one, if there is none.
    fn find(&mut self, frame: &Frame<'_>) -> Option<usize> {
        let known = |stream: &Stream| stream.flow.way(frame).is_some();
        if let Some(at) = self.all.iter().rposition(known) {
            return Some(at);
        }
        self.all.push(Stream {
            flow: TcpFlow::new(frame)?,
            forth: Side::default(),
            back: Side::default(),
        });
        Some(self.all.len() - 1)
    }

    fn again(&self, sent: &Sent, now: u64) -> Option<Again> {
        let (earlier, times, fast) = sent.labels.iter().find_map(|label| match label {
            flow::Label::Retransmission { of, nth } => Some((*of, *nth, false)),
            flow::Label::FastRetransmission { of } => Some((*of, 1, true)),
            flow::Label::Copy { of } => Some((*of, 1, false)),
            _ => None,
        })?;
        let before = self.sent_at.get(&earlier).copied().unwrap_or(now);
        Some(Again {
            times,
            wait_ns: now.saturating_sub(before),
            earlier,
            earlier_lost: None,
            fast,
            answer: false,
        })
    }
}

impl Stream {
    fn sides(&mut self, way: Way) -> (&mut Side, &mut Side) {
        match way {
            Way::Forth => (&mut self.forth, &mut self.back),
            Way::Back => (&mut self.back, &mut self.forth),
        }
    }

    fn delivered(&mut self, now: u64, frame: &Frame<'_>) -> Option<Arrival> {
        let way = self.flow.way(frame)?;
        let before = self.flow.expects(way);
        let arrival = self.flow.delivered(frame)?;
        let expects = self.flow.expects(way);
        let (sender, receiver) = self.sides(way);
        receiver.heard_fin |= sender.fin.is_some_and(|fin| expects >= fin);
        if expects > before {
            receiver.owes_since.get_or_insert(now);
        }
        Some(match arrival {
            flow::Arrival::InOrder | flow::Arrival::FillsGap => Arrival::InOrder,
            flow::Arrival::OutOfOrder => Arrival::Early,
            flow::Arrival::Already => Arrival::Known,
            flow::Arrival::Damaged => Arrival::Damaged,
        })
    }
}

impl Side {
    fn send(&mut self, sent: &Sent, flags: Flags) {
        self.asked |= flags.has(Flags::SYN);
        self.settled |= !flags.has(Flags::SYN);
        if flags.has(Flags::FIN) {
            self.fin = Some(sent.seq + sent.len as i64 + 1);
        }
        if sent.ack > self.acked {
            self.acked = sent.ack;
            self.owes_since = None;
        }
    }
}
