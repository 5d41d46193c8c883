//! A packet on the ladder.

use std::net::IpAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::LinkType;
use lineman_proto::wire::flow::Again;
use lineman_proto::wire::flow::Arrival;
use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Order;
use lineman_proto::wire::flow::Place;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::TftpStep;

use super::ConnectionName;
use super::Ends;
use super::Seen;
use super::explain::delays;
use crate::log::Absent;
use crate::log::Counter;
use crate::log::Host;
use crate::pair::Change;

/// A packet, from its sender to its fate.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrow {
    /// Its number on the wire.
    pub id: u64,
    /// Who sent it.
    pub from: Host,
    /// When it entered the wire.
    pub sent_ns: u64,
    /// When its fate was decided, if that can be known.
    pub decided_ns: Option<u64>,
    /// What became of it.
    pub fate: Fate,
    /// Which part of its way this row shows.
    pub stretch: Stretch,
    /// How often its sender has sent it while it was held: copies that were swallowed.
    pub repeats: u32,
    /// Whether it was held on the wire.
    pub held: bool,
    /// How many packets of its sender have overtaken it while it was held.
    pub overtaken: u32,
    /// The packet of which the wire made this copy.
    pub copy_of: Option<u64>,
    /// The rules that decided, in their text form; empty for a person's decision.
    pub rules: Vec<String>,
    /// Whether it arrived otherwise than it was sent.
    pub altered: bool,
    /// Whether no packet was seen and this one was deduced.
    pub deduced: bool,
    /// What it says.
    pub seen: Seen,
    /// What it is in its TCP connection.
    pub label: Option<Label>,
    /// Its numbers, counted from the connection's beginning.
    pub place: Option<Place>,
    /// How it stands to what its sender has sent before, if it is a segment.
    pub order: Option<Order>,
    /// What it is in its transfer.
    pub file: Option<TftpStep>,
    /// If it was sent before: how often, and when last.
    pub again: Option<Again>,
    /// Whether it was lost then, or had arrived; `None` while that is open, or where it was still on its way.
    pub earlier_lost: Option<bool>,
    /// If it was sent before: what its ends knew of that when it was sent again.
    pub known: Option<Repeated>,
    /// How long a timer of its sender can have run, in nanoseconds; see the core's `Sent::waited_ns`.
    pub waited_ns: Option<u64>,
    /// How long Nagle's algorithm has kept its bytes back, in nanoseconds, as far as calls and packets tell.
    pub kept_back_ns: Option<u64>,
    /// Whether it carries new bytes although older ones are missing, after a time-out (F-RTO, RFC 5682).
    pub tries_new: bool,
    /// Whether it acknowledges what was never seen.
    pub acks_unseen: bool,
    /// Whether its receiver may have sent a FIN that was not seen.
    pub peer_may_have_ended: bool,
    /// Whether what it acknowledges has come longer ago than an ACK is delayed.
    pub acks_late: bool,
    /// Whether it looks like a delayed ACK, and answers what has come again; see the core's `Sent::answers_again`.
    pub answers_again: bool,
    /// Whether it repeats a part of what an ICMP error has called too big for a link.
    pub after_too_big: bool,
    /// What its sender's TCP has counted when it sent it, and so why.
    pub counter: Option<Counter>,
    /// How it met what had arrived before, if it is a segment that arrived.
    pub arrival: Arrival,
    /// What it begins with.
    pub link: LinkType,
    /// How many bytes it had on the wire; [`bytes`](Self::bytes) may be fewer.
    pub wire_len: usize,
    /// When it was sent, in nanoseconds since 1970, where the log states that.
    pub stamp_ns: Option<u64>,
    /// The address that it is for, if no host has it.
    pub nobody: Option<IpAddr>,
    /// Of a datagram: the hosts that have no socket with its port, as far as the calls of their programs tell: as it leaves, and of its
    /// receiver as it arrives; of both where the row shows only that.
    pub without_socket: Ends<bool>,
    /// Which connection it is of, once the log has more than one.
    pub connection: Option<ConnectionName>,
    /// What two captures tell of its way, if the log is made of two.
    pub between: Option<Between>,
    /// Its bytes as they were sent.
    pub bytes: Vec<u8>,
}

/// What the two ends knew of a segment when it was sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// Whether its receiver had taken in all of it, and all before it.
    pub taken: bool,
    /// Whether an acknowledgment of all of it had reached its sender.
    pub answered: bool,
}

/// What two captures tell of the way of a packet from one to the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Between {
    /// Why the other one does not have it, if it need not be lost.
    pub absent: Option<Absent>,
    /// The host whose capture has it, if only one has it.
    pub at: Option<Host>,
    /// How many bytes the segment carries of which this is a part, in the capture that is nearer to the sender, if that has a longer one.
    pub sent_whole: Option<u32>,
    /// The same in the other.
    pub came_whole: Option<u32>,
    /// What has changed on its way; what changes alike in each packet is there once.
    pub changes: Vec<Change>,
    /// The least time that a packet takes, in nanoseconds, if packets of both ways tell.
    pub least_ns: Option<u64>,
}

impl Arrow {
    /// Whether it is a retransmission. One that goes on behind the byte of a probe is none, nor is a copy that the network
    /// has made.
    pub fn is_resent(&self) -> bool {
        let not_resent = |cause| matches!(cause, Cause::Probed | Cause::Doubled);
        self.again.is_some_and(|again| !not_resent(again.cause))
    }

    /// Where its segment stands, counted from the beginning of its connection; `None` for one of a connection before, between the same
    /// ports: there the header's numbers say more.
    pub fn counted(&self) -> Option<Place> {
        let is_earlier = self.label == Some(Label::AckEarlier);
        self.place.filter(|place| {
            let stands = place.seq >= 0 || self.stands_nowhere();
            !is_earlier && stands && place.ack.is_none_or(|ack| ack >= 0)
        })
    }

    /// Whether it has no place in its sender's stream, and only acknowledges: a RST that answers a SYN has the number 0 (RFC 9293 §3.10.7.1),
    /// whatever its sender began with when it sent a SYN itself.
    pub fn stands_nowhere(&self) -> bool {
        let has_none = |it: &Segment| it.has(Flags::RST) && it.has(Flags::ACK) && it.seq == 0;
        let is_refusal = self.label == Some(Label::RstRefused);
        is_refusal
            && self.seen.segment().is_some_and(has_none)
            && self.place.is_some_and(|place| place.seq != 0)
    }

    /// Whether it is a copy of another, which the wire or the network has made.
    pub fn is_copy(&self) -> bool {
        let doubled = self
            .again
            .is_some_and(|again| again.cause == Cause::Doubled);
        self.copy_of.is_some() || doubled
    }

    /// Whether nothing tells that its sender has sent it: only its receiver's capture has it.
    pub fn is_unsent(&self) -> bool {
        let between = self.between.as_ref();
        between.is_some_and(|it| it.absent == Some(Absent::Unsent))
    }

    /// Whether nobody knows if it arrived: of two captures only that of its sender has it, and it need not be lost.
    pub fn may_be_lost(&self) -> bool {
        self.between.as_ref().is_some_and(|it| {
            let unknown = !matches!(
                it.absent,
                None | Some(Absent::Acknowledged | Absent::Unsent)
            );
            unknown && it.at != Some(self.from.other())
        })
    }

    /// The host whose interface has captured it: its sender's, unless the wire has made it, or only its receiver's capture has it.
    pub fn captured_by(&self) -> Host {
        let only = self.between.as_ref().and_then(|it| it.at);
        match self.copy_of {
            Some(_) => self.from.other(),
            None => only.unwrap_or(self.from),
        }
    }

    /// Whether it is on its way, and no other row shows how it arrives.
    pub(super) fn is_under_way(&self) -> bool {
        self.fate == Fate::Crossing && self.stretch == Stretch::Whole
    }

    /// Whether a rule of the wire has it arrive later, whatever else passes: nobody holds it.
    pub fn is_delayed(&self) -> bool {
        self.rules.iter().any(|rule| delays(rule))
    }
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is on its way: a later row shows how it arrives, or the log ended before that.
    Crossing,
    /// It waits on the wire.
    Held,
    /// It arrived.
    Delivered,
    /// A capture has seen it pass; whether it arrived, and when, is not known.
    Captured,
    /// It is lost.
    Dropped,
}

impl Fate {
    /// Whether what it brings is taken as received: so states are deduced.
    pub(super) fn arrives(self) -> bool {
        matches!(self, Self::Delivered | Self::Captured)
    }

    /// Whether it is lost, where that is known.
    pub(super) fn is_lost(self) -> Option<bool> {
        (self != Self::Captured).then_some(self == Self::Dropped)
    }
}

/// Which part of a packet's way a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// All of it.
    Whole,
    /// From the sender to the middle, where it is held, or meets others on their way.
    Departure,
    /// Again from the sender to the middle: a resend of a packet that is held, swallowed there.
    Repeat,
    /// From the middle to its fate.
    Landing,
}
