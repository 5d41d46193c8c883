//! A TCP connection of a capture: what the core's flow tells of it.

use std::net::SocketAddr;

use lineman_proto::wire::flow;
use lineman_proto::wire::flow::Counts;
use lineman_proto::wire::flow::EndState;
use lineman_proto::wire::flow::Opening;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::TcpFlow;
use lineman_proto::wire::flow::TcpState;
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
pub(super) struct Connection(TcpFlow);

impl Connection {
    /// One that begins with this segment; tell it that segment too.
    pub(super) fn new(segment: &Segment) -> Self {
        Self(TcpFlow::new(segment))
    }

    /// The client and the server.
    pub(super) fn ends(&self) -> (SocketAddr, SocketAddr) {
        self.0.ends()
    }

    /// Whether a segment begins another connection between the same ports.
    pub(super) fn is_over_with(&self, segment: &Segment) -> bool {
        self.0.is_succeeded_by(segment)
    }

    /// Takes a segment of this connection. Gives its sender.
    pub(super) fn take(
        &mut self,
        id: u64,
        now_ns: u64,
        segment: &Segment,
        known: &mut Conversation,
    ) -> Host {
        // A capture does not show when it arrives: it is taken to arrive as it is seen.
        let captured = self.0.captured(id, now_ns, segment);
        if segment.damaged {
            known.troubles.add(Trouble::Damaged);
        }
        captured.map_or(Host::Client, |(sent, _)| sender(sent.way))
    }

    /// What its packets tell by now, put into `known`.
    pub(super) fn conclude(&self, known: &mut Conversation) {
        let Self(flow) = self;
        known.states = Ends {
            client: flow.state(Way::Forth),
            server: flow.state(Way::Back),
        };
        // A socket that is connected with itself.
        let is_alone = known.ends.client == known.ends.server;
        known.beginning = match flow.opening() {
            Opening::Unseen if flow.shows_none() || is_alone => Beginning::First,
            Opening::Unseen => Beginning::Midway,
            Opening::Unfinished => Beginning::Unfinished,
            Opening::Unanswered | Opening::Refused | Opening::Handshake | Opening::Crossed => {
                Beginning::Syn
            }
        };
        known.ending = match (flow.ending(), flow.opening()) {
            (flow::Ending::Reset(_), Opening::Refused) => Ending::Refused,
            (flow::Ending::Reset(way), _) => Ending::Reset(sender(way)),
            (flow::Ending::Half(way), _) => Ending::HalfClosed(sender(way)),
            (flow::Ending::Finished | flow::Ending::Unacknowledged, _) => Ending::Closed,
            // An ICMP error may have told before that nobody is there.
            (flow::Ending::Open, _)
                if matches!(known.ending, Ending::Refused | Ending::Unreachable) =>
            {
                match flow.opening() {
                    Opening::Unanswered | Opening::Unseen => known.ending,
                    _ => Ending::Open,
                }
            }
            (flow::Ending::Open, Opening::Unanswered) => Ending::Unanswered,
            (flow::Ending::Open, _) => Ending::Open,
        };
        // Whether it goes on asking is its own affair: Linux gives up at once, by RFC 1122 §4.2.3.9 it does not.
        if matches!(known.ending, Ending::Refused | Ending::Unreachable) {
            let asks = |end: &EndState| end.state == TcpState::SynSent;
            known.states.client = known.states.client.filter(|end| !asks(end));
        }
        for way in [Way::Forth, Way::Back] {
            count(flow.counts(way), &mut known.troubles);
        }
    }
}

fn sender(way: Way) -> Host {
    match way {
        Way::Forth => Host::Client,
        Way::Back => Host::Server,
    }
}

/// What was wrong with what one end has sent.
fn count(counts: &Counts, troubles: &mut Troubles) {
    for (trouble, count) in [
        (Trouble::Retransmission, counts.resent),
        (Trouble::TimeOut, counts.by_timer),
        (Trouble::Duplicate, counts.doubled),
        (Trouble::OutOfOrder, counts.late),
        (Trouble::Gap, counts.gaps),
        (Trouble::DuplicateAck, counts.dup_acks),
        (Trouble::ZeroWindow, counts.zero_windows),
        (Trouble::Reset, counts.resets),
        (Trouble::Unseen, counts.unseen_acked),
    ] {
        troubles.add_many(trouble, count);
    }
}
