//! What packets are to each other: the core's flows, which hear of each packet once as it leaves and once as it arrives.

use lineman_proto::wire::Conversations;
use lineman_proto::wire::Frame;
use lineman_proto::wire::flow::Delivered;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::Sent;
use lineman_proto::wire::flow::TcpFlows;
use lineman_proto::wire::flow::TftpFlows;
use lineman_proto::wire::flow::TftpStep;

use super::Seen;
use super::arrivals::Arrivals;
use crate::log::Host;

/// What packets are to each other.
#[derive(Debug, Default)]
pub(super) struct Flows {
    tcp: TcpFlows,
    tftp: TftpFlows,
    conversations: Conversations,
    arrivals: Arrivals,
}

/// A packet as it leaves.
pub(super) struct Left {
    pub(super) seen: Seen,
    /// What its segment is to the connection.
    pub(super) segment: Option<Sent>,
    /// What it is to the transfer of a file.
    pub(super) file: Option<TftpStep>,
}

impl Flows {
    /// The ends discard a FIN that comes before something that is missing.
    pub(super) fn discard_early_fins(&mut self) {
        self.tcp.discard_early_fins();
    }

    /// A packet is sent.
    pub(super) fn sent(&mut self, id: u64, sent_ns: u64, frame: Frame<'_>) -> Left {
        let frame = self.conversations.follow(frame);
        let seen = Seen::of(&frame).left_tftp(self.conversations.left_tftp(&frame));
        let segment = seen.segment();
        let segment = segment.and_then(|it| self.tcp.sent(id, sent_ns, it));
        let arrived = |id: u64| self.arrivals.of(id);
        let file = self.tftp.sent(id, sent_ns, &frame, Some(&arrived));
        Left {
            seen,
            segment,
            file,
        }
    }

    /// A held segment is sent again. The wire keeps it, but its sender has sent it: from then on it waits for longer.
    pub(super) fn repeated(&mut self, id: u64, sent_ns: u64, segment: &Segment) {
        self.tcp.sent(id, sent_ns, &segment.resent());
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
