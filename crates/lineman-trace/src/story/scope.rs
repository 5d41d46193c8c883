//! What a log tells of by itself: which network it is of, and whose kernels were asked.

use std::collections::HashSet;
use std::net::IpAddr;

use lineman_proto::wire::LinkType;

use super::addresses::Addresses;
use super::change::Socket;
use crate::log::Origin;
use crate::log::Packet;
use crate::log::SentClock;
use crate::log::Start;
use crate::log::State;
use crate::log::TwoCaptures;

/// What a log tells of by itself.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// What the packets begin with, unless they say so themselves.
    link: LinkType,
    /// How the log tells when a packet was sent.
    pub(super) clock: SentClock,
    /// Whether a lab's kernel has told it.
    pub(super) is_lab: bool,
    /// Whether a simulation has told it.
    pub(super) is_simulated: bool,
    /// Whether it tells the states of all hosts.
    pub(super) all_asked: bool,
    /// The addresses of hosts whose states it tells.
    asked: HashSet<IpAddr>,
    pub(super) hosts: Addresses,
    /// The two captures that it was made of, if it was.
    pub(super) captures: Option<Box<TwoCaptures>>,
}

impl Scope {
    pub(super) fn start(&mut self, start: &Start) {
        self.link = start.link;
        self.clock = SentClock::of(start);
        self.all_asked = start.origin != Origin::Inferred;
        // A capture is no proof that nobody has an address.
        self.hosts = match start.captures {
            Some(_) => Addresses::default(),
            None => Addresses::of(start),
        };
        self.captures = start.captures.clone();
        self.is_simulated = start.origin == Origin::Simulated;
        self.is_lab = start.origin == Origin::Kernel && !start.hosts.is_empty();
    }

    /// A host's TCP has told of a state.
    pub(super) fn state(&mut self, state: &State) {
        self.asked.insert(state.socket.local.ip());
    }

    /// Whether the log tells the states of a socket's host: then what is deduced does not count.
    pub(super) fn tells_states_of(&self, socket: Socket) -> bool {
        self.all_asked || self.asked.contains(&socket.ends.local.ip())
    }

    /// What a packet begins with, and how many bytes it had on the wire, of which the log has `len`.
    pub(super) fn captured(&self, packet: &Packet, len: usize) -> (LinkType, usize) {
        let stated = packet.wire_len.and_then(|len| usize::try_from(len).ok());
        let wire_len = stated.map_or(len, |stated| stated.max(len));
        (packet.link.unwrap_or(self.link), wire_len)
    }
}
