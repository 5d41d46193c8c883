//! What is known of a conversation.

use std::net::SocketAddr;

use lineman_proto::wire::flow::EndState;

use super::Beginning;
use super::Ending;
use super::Kind;
use super::Transfer;
use super::Troubles;
use crate::log::Host;
use crate::story::Ends;

/// A conversation of a capture, as far as its packets tell.
///
/// An ICMP error about it is counted among its troubles, not among its packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Which: conversations count from 1 in the order of their first packets.
    pub number: u64,
    /// What it speaks.
    pub kind: Kind,
    /// Its two ends: the client has sent the first packet that was captured, unless that is the answer to a
    /// SYN. The port is 0 where the protocol has none. The server of a transfer has the port that was asked.
    pub ends: Ends<SocketAddr>,
    /// When its first packet was captured: nanoseconds since 1970.
    pub first_ns: Option<u64>,
    /// When its last packet was captured.
    pub last_ns: Option<u64>,
    /// How many packets each end has sent; a piece of a fragmented packet is one.
    pub packets: Ends<u64>,
    /// How many of them were pieces.
    pub fragments: u64,
    /// How many bytes they had on the wire, with the headers of the link.
    pub bytes: Ends<u64>,
    /// How many bytes they carried above TCP, UDP, ICMP or IP.
    pub payload: Ends<u64>,
    /// How it begins.
    pub beginning: Beginning,
    /// How far it has come.
    pub ending: Ending,
    /// The states of both ends of a TCP connection, deduced from its packets as if each had arrived when it was
    /// captured.
    pub states: Ends<Option<EndState>>,
    /// What it transfers, if it is TFTP.
    pub transfer: Option<Transfer>,
    /// What went wrong in it.
    pub troubles: Troubles,
    /// Whether it had to leave the table: later packets of it count as another conversation.
    pub displaced: bool,
}

impl Conversation {
    pub(super) fn new(number: u64, kind: Kind, client: SocketAddr, server: SocketAddr) -> Self {
        Self {
            number,
            kind,
            ends: Ends { client, server },
            first_ns: None,
            last_ns: None,
            packets: Ends::default(),
            fragments: 0,
            bytes: Ends::default(),
            payload: Ends::default(),
            beginning: Beginning::First,
            ending: Ending::Open,
            states: Ends::default(),
            transfer: None,
            troubles: Troubles::default(),
            displaced: false,
        }
    }

    /// How long it went on, from the first packet to the last, in nanoseconds.
    pub fn duration_ns(&self) -> u64 {
        let span = self.first_ns.zip(self.last_ns);
        span.map_or(0, |(first, last)| last.saturating_sub(first))
    }

    /// How much went wrong in it: 0 if nothing did. What ended it weighs most.
    pub fn weight(&self) -> u64 {
        self.ending.weight() + self.troubles.weight()
    }

    /// The packets of both ends.
    pub fn all_packets(&self) -> u64 {
        self.packets.client + self.packets.server
    }

    /// The bytes of both ends.
    pub fn all_bytes(&self) -> u64 {
        self.bytes.client + self.bytes.server
    }

    /// Who has this address and port, if one of the two.
    pub(super) fn role(&self, end: SocketAddr) -> Option<Host> {
        match end {
            _ if end == self.ends.client => Some(Host::Client),
            _ if end == self.ends.server => Some(Host::Server),
            _ => None,
        }
    }

    /// Counts a packet.
    pub(super) fn count(&mut self, from: Host, at_ns: Option<u64>, bytes: u64, payload: u64) {
        self.seen(at_ns);
        self.packets[from] += 1;
        self.bytes[from] += bytes;
        self.payload[from] += payload;
    }

    /// Something of it was captured then; clocks may be set back.
    pub(super) fn seen(&mut self, at_ns: Option<u64>) {
        let Some(at_ns) = at_ns else { return };
        self.first_ns = Some(self.first_ns.map_or(at_ns, |first| first.min(at_ns)));
        self.last_ns = Some(self.last_ns.map_or(at_ns, |last| last.max(at_ns)));
    }
}
