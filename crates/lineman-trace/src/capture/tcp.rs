//! A TCP connection of a capture: what its segments tell of it.

use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Order;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::Sent;
use lineman_proto::wire::flow::TcpFlow;
use lineman_proto::wire::flow::Way;

use super::Beginning;
use super::Conversation;
use super::Ending;
use super::Trouble;
use super::Troubles;
use crate::log::Host;
use crate::story::Ends;

/// What is remembered of a connection while its packets come.
#[derive(Debug)]
pub(super) struct Connection {
    flow: TcpFlow,
    finished: Ends<bool>,
    /// Whether the client has sent nothing but SYNs: it knows of no answer.
    only_asked: bool,
}

impl Connection {
    /// One that begins with this segment; tell it that segment too.
    pub(super) fn new(segment: &Segment) -> Self {
        Self {
            flow: TcpFlow::new(segment),
            finished: Ends::default(),
            only_asked: true,
        }
    }

    /// The client and the server.
    pub(super) fn ends(&self) -> (SocketAddr, SocketAddr) {
        self.flow.ends()
    }

    /// How it begins.
    pub(super) fn beginning(segment: &Segment) -> Beginning {
        match segment.has(Flags::SYN) {
            true => Beginning::Syn,
            false => Beginning::Midway,
        }
    }

    /// Whether a segment begins another connection between the same ports: a SYN with another number than the
    /// one before, from an end that has sent something.
    pub(super) fn is_over_with(&self, segment: &Segment, known: &Conversation) -> bool {
        let asks = segment.has(Flags::SYN) && !segment.has(Flags::ACK);
        let Some(way) = self.flow.way(segment).filter(|_| asks) else {
            return false;
        };
        known.packets[sender(way)] > 0 && self.flow.isn(way) != Some(segment.seq)
    }

    /// Takes a segment, and notes in `known` what it tells. Gives its sender.
    pub(super) fn take(
        &mut self,
        id: u64,
        now_ns: u64,
        segment: &Segment,
        known: &mut Conversation,
    ) -> Host {
        let Some(sent) = self.flow.sent(id, now_ns, segment) else {
            return Host::Client; // it is of this connection, or nobody would tell it
        };
        // A capture does not show when it arrives: it is taken to arrive as it is seen.
        let _ = self.flow.delivered(now_ns, segment);
        let from = sender(sent.way);
        let asks = segment.has(Flags::SYN) && !segment.has(Flags::ACK);
        self.only_asked &= from == Host::Client && asks;
        if !segment.damaged {
            self.finished[from] |= segment.has(Flags::FIN);
        }
        count(&sent, segment, &mut known.troubles);
        known.ending = self.ending(&sent, segment, known.ending, from);
        from
    }

    fn ending(&self, sent: &Sent, segment: &Segment, before: Ending, from: Host) -> Ending {
        let by_reset = matches!(before, Ending::Reset(_) | Ending::Refused);
        let Ends { client, server } = self.finished;
        match (client, server) {
            _ if by_reset => before,
            _ if segment.has(Flags::RST) && sent.label == Label::RstRefused => Ending::Refused,
            (true, true) => Ending::Closed,
            // What answers a segment for a socket that is gone ends nothing.
            _ if segment.has(Flags::RST) && sent.label != Label::RstLate => Ending::Reset(from),
            (true, false) => Ending::HalfClosed(Host::Client),
            (false, true) => Ending::HalfClosed(Host::Server),
            (false, false) => before,
        }
    }

    /// What is known in the end.
    pub(super) fn conclude(&self, known: &mut Conversation) {
        known.states = Ends {
            client: self.flow.state(Way::Forth),
            server: self.flow.state(Way::Back),
        };
        if known.ending == Ending::Open && known.beginning == Beginning::Syn && self.only_asked {
            known.ending = Ending::Unanswered;
        }
    }
}

fn sender(way: Way) -> Host {
    match way {
        Way::Forth => Host::Client,
        Way::Back => Host::Server,
    }
}

/// What is wrong with a segment.
fn count(sent: &Sent, segment: &Segment, troubles: &mut Troubles) {
    if segment.damaged {
        troubles.add(Trouble::Damaged);
        return;
    }
    match sent.again.map(|again| (again.cause, again.fresh)) {
        None => {}
        Some((Cause::Doubled, _)) => troubles.add(Trouble::Duplicate),
        // It is sent for what is new in it.
        Some((Cause::Silence, 1..)) => {}
        Some((cause, _)) => {
            troubles.add(Trouble::Retransmission);
            if matches!(cause, Cause::Timer(_)) {
                troubles.add(Trouble::TimeOut);
            }
        }
    }
    match sent.order {
        Order::Gap => troubles.add(Trouble::Gap),
        Order::Late if segment.takes() > 0 => troubles.add(Trouble::OutOfOrder),
        Order::Late | Order::Next => {}
    }
    if matches!(sent.label, Label::AckDup { .. }) {
        troubles.add(Trouble::DuplicateAck);
    }
    let begins_or_ends = segment.flags.any(Flags::SYN | Flags::FIN | Flags::RST);
    if segment.window == 0 && !begins_or_ends {
        troubles.add(Trouble::ZeroWindow);
    }
    if segment.has(Flags::RST) {
        troubles.add(Trouble::Reset);
    }
}
