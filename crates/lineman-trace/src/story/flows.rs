//! What packets are to each other: the core's flows, which hear of each packet once as it leaves and once as it arrives.

use std::net::SocketAddr;

use lineman_proto::wire::Conversations;
use lineman_proto::wire::Frame;
use lineman_proto::wire::Problem;
use lineman_proto::wire::flow::Again;
use lineman_proto::wire::flow::Delivered;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::Sent;
use lineman_proto::wire::flow::TcpFlows;
use lineman_proto::wire::flow::TftpFlows;
use lineman_proto::wire::flow::TftpStep;

use super::Repeated;
use super::Seen;
use super::What;
use super::arrivals::Arrivals;
use crate::log::Host;

/// What packets are to each other.
#[derive(Debug, Default)]
pub(super) struct Flows {
    tcp: TcpFlows,
    tftp: TftpFlows,
    conversations: Conversations,
    arrivals: Arrivals,
    /// Between whom the packet was that an ICMP error has last called too big for a link.
    too_big: Option<(SocketAddr, SocketAddr)>,
}

/// A packet as it leaves.
pub(super) struct Left {
    pub(super) seen: Seen,
    /// What its segment is to the connection.
    pub(super) segment: Option<Sent>,
    /// What it is to the transfer of a file.
    pub(super) file: Option<TftpStep>,
    /// If it was sent before: what its ends know of that.
    pub(super) known: Option<Repeated>,
    /// Whether it is a part of what was sent before, and an ICMP error has called that too big for a link.
    pub(super) smaller: bool,
}

impl Flows {
    /// The ends discard a FIN that comes before something that is missing.
    pub(super) fn discard_early_fins(&mut self) {
        self.tcp.discard_early_fins();
    }

    /// The wire says itself when it has made a copy.
    pub(super) fn tells_copies(&mut self) {
        self.tftp.tells_copies();
    }

    /// A packet comes that its sender has not sent: something has, in its name, or nobody saw it. It changes nothing of that.
    pub(super) fn appears(&mut self, frame: Frame<'_>) -> Left {
        let frame = self.conversations.follow(frame);
        let seen = Seen::of(&frame).left_tftp(self.conversations.left_tftp(&frame));
        let segment = seen.segment().and_then(|it| self.tcp.would_send(it));
        Left {
            seen,
            segment,
            file: None,
            known: None,
            smaller: false,
        }
    }

    /// A packet is sent.
    pub(super) fn sent(&mut self, id: u64, sent_ns: u64, frame: Frame<'_>) -> Left {
        let frame = self.conversations.follow(frame);
        let seen = Seen::of(&frame).left_tftp(self.conversations.left_tftp(&frame));
        let segment = seen.segment();
        let segment = segment.and_then(|it| self.tcp.sent(id, sent_ns, it));
        let arrived = |id: u64| self.arrivals.of(id);
        let file = self.tftp.sent(id, sent_ns, &frame, Some(&arrived));
        let known = seen
            .segment()
            .and_then(|it| self.repeated_one(it, segment?.again?));
        if let What::IcmpError(error) = &seen.what
            && error.problem == Problem::TooBig
        {
            self.too_big = error.source.zip(error.target);
        }
        let smaller = seen.segment().is_some_and(|it| {
            let covered = segment.and_then(|sent| sent.again?.covered);
            let is_less = covered.is_some_and(|(from, to)| to - from > i64::from(it.takes()));
            is_less && self.too_big == Some((it.from, it.to))
        });
        Left {
            seen,
            segment,
            file,
            known,
            smaller,
        }
    }

    /// What the two ends know of a segment that is sent again.
    fn repeated_one(&self, segment: &Segment, again: Again) -> Option<Repeated> {
        let flow = self.tcp.get(segment)?;
        let (way, (_, behind)) = (flow.way(segment)?, again.covered?);
        Some(Repeated {
            taken: flow.expects(way) >= behind,
            answered: flow.heard(way) >= behind,
        })
    }

    /// A segment was sent of which nobody knows whether it arrives.
    pub(super) fn may_arrive(&mut self, segment: &Segment) {
        self.tcp.may_arrive(segment);
    }

    /// A held segment is sent again. The wire keeps it, but its sender has sent it: from then on it waits for longer.
    pub(super) fn repeated(&mut self, id: u64, sent_ns: u64, segment: &Segment) -> Option<Sent> {
        self.tcp.sent(id, sent_ns, &segment.resent())
    }

    /// A segment is delivered, as it arrives.
    pub(super) fn delivered(&mut self, now_ns: u64, segment: &Segment) -> Option<Delivered> {
        self.tcp.delivered(now_ns, segment)
    }

    /// A packet, or a copy of it, has arrived undamaged.
    pub(super) fn arrived(&mut self, id: u64, now_ns: u64) {
        self.arrivals.note(id, now_ns);
    }

    /// When a packet, or a copy of it, has arrived first, in nanoseconds.
    pub(super) fn came_ns(&self, id: u64) -> Option<u64> {
        self.arrivals.first_ns(id)
    }

    /// The hosts whose states are not known any more behind a segment that `from` has sent: something before it was not seen.
    pub(super) fn unknown(&self, from: Host, segment: &Segment) -> Vec<Host> {
        let Some(flow) = self.tcp.get(segment) else {
            return Vec::new();
        };
        let Some(way) = flow.way(segment) else {
            return Vec::new();
        };
        let ends = [(from, way), (from.other(), way.other())].into_iter();
        let unknown = ends.filter(|(_, way)| flow.state(*way).is_none());
        unknown.map(|(host, _)| host).collect()
    }
}
