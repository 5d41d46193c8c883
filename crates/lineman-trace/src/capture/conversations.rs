//! All conversations of a capture.

use std::cmp::Reverse;
use std::net::IpAddr;
use std::net::SocketAddr;

use lineman_proto::wire::Frame;
use lineman_proto::wire::Icmp;
use lineman_proto::wire::Problem;
use lineman_proto::wire::Protocol;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::SlotId;

use super::Beginning;
use super::Captured;
use super::Conversation;
use super::Ending;
use super::Fold;
use super::Kind;
use super::Look;
use super::Totals;
use super::Trouble;
use super::folds::Folds;
use super::fragments::Fragments;
use super::key::Key;
use super::look::is_malformed;
use super::table::Table;
use super::tcp::Connection;
use super::tftp::Following;
use super::tftp::is_request;
use crate::log::Host;

/// How many conversations are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many are followed at once. When another begins, the one that was silent longest leaves: what is known
    /// of it is kept, and later packets of it count as another conversation.
    pub followed: usize,
    /// How many that are over are kept with all that is known of them; beyond that number, of those in which least went
    /// wrong only the sum is kept.
    pub kept: usize,
}

impl Default for Limits {
    /// More than a busy server has open at once, and some hundred megabytes at the worst.
    fn default() -> Self {
        Self {
            followed: 32_768,
            kept: 100_000,
        }
    }
}

/// What a packet is in a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorted {
    /// Which packet: packets count from 1.
    pub number: u64,
    /// Its conversation; `None` if it belongs to none.
    pub conversation: Option<u64>,
    /// Which end has sent it. An ICMP error counts as sent by the end that did not get the packet.
    pub from: Host,
}

/// All that is known in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The conversations, those in which most went wrong first.
    pub conversations: Vec<Conversation>,
    /// Those that are told together.
    pub folds: Vec<Fold>,
    /// All packets.
    pub totals: Totals,
}

/// The conversations of a capture, as its packets come.
#[derive(Debug)]
pub struct Conversations {
    limits: Limits,
    open: Table<Open>,
    fragments: Fragments,
    left: Vec<Conversation>,
    folds: Folds,
    totals: Totals,
    /// The time of the last packet that has one.
    now_ns: u64,
    /// Where the conversation of the last packet is.
    last: Option<SlotId>,
}

/// A conversation that may go on.
#[derive(Debug)]
struct Open {
    known: Conversation,
    inside: Inside,
}

/// What is remembered of it while it goes on.
#[derive(Debug)]
enum Inside {
    Tcp(Box<Connection>),
    Tftp(Box<Following>),
    Nothing,
}

impl Default for Conversations {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Conversations {
    /// Knowing none.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: Table::new(limits.followed),
            fragments: Fragments::default(),
            left: Vec::new(),
            folds: Folds::default(),
            totals: Totals::default(),
            now_ns: 0,
            last: None,
        }
    }

    /// Takes the next packet, and says what it is.
    pub fn take(&mut self, packet: &Captured<'_>) -> Sorted {
        let frame = packet.frame();
        match Look::of(&frame).segment {
            Some(segment) => self.take_segment(packet, &segment),
            None => self.take_frame(packet, &frame),
        }
    }

    /// [`take`](Self::take), where a look at the packet was had already.
    pub fn take_seen(&mut self, packet: &Captured<'_>, look: &Look) -> Sorted {
        match &look.segment {
            Some(segment) => self.take_segment(packet, segment),
            None => self.take_frame(packet, &packet.frame()),
        }
    }

    /// A segment, and nothing else to be said of its frame.
    fn take_segment(&mut self, packet: &Captured<'_>, segment: &Segment) -> Sorted {
        self.totals.take(packet, false);
        self.now_ns = packet.utc_ns.unwrap_or(self.now_ns);
        let found = self.segment(packet, segment);
        self.sorted(found)
    }

    fn take_frame(&mut self, packet: &Captured<'_>, frame: &Frame<'_>) -> Sorted {
        let malformed = is_malformed(frame);
        self.totals.take(packet, malformed);
        self.now_ns = packet.utc_ns.unwrap_or(self.now_ns);
        let found = self.sort(packet, frame);
        match found.and_then(|(slot, _)| self.open.touch_not(slot)) {
            Some(open) if malformed => open.known.troubles.add(Trouble::Malformed),
            Some(_) => {}
            None => self.totals.other(packet, frame),
        }
        self.sorted(found)
    }

    fn sorted(&mut self, found: Option<(SlotId, Host)>) -> Sorted {
        self.last = found.map(|(slot, _)| slot);
        Sorted {
            number: self.totals.packets,
            conversation: self.current().map(|known| known.number),
            from: found.map_or(Host::Client, |(_, from)| from),
        }
    }

    /// The conversation of the last packet: who it is between, and how much it was. How it began and ended and what
    /// went wrong in TCP, [`told`](Self::told) says.
    pub fn current(&self) -> Option<&Conversation> {
        Some(&self.open.get(self.last?)?.known)
    }

    /// All that is known of the conversation of the last packet by now.
    pub fn told(&self) -> Option<Conversation> {
        Some(self.open.get(self.last?)?.told())
    }

    /// All that are followed, as far as they have come; in no order.
    pub fn followed(&self) -> impl Iterator<Item = Conversation> {
        self.open.iter().map(Open::told)
    }

    /// All packets so far.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Nothing more comes.
    pub fn finish(mut self) -> Summary {
        let open: Vec<Open> = self.open.drain().collect();
        for open in open {
            self.over(open);
        }
        let (mut conversations, folds) = self.folds.finish();
        conversations.append(&mut self.left);
        conversations.sort_unstable_by_key(order);
        Summary {
            conversations,
            folds,
            totals: self.totals,
        }
    }

    fn sort(&mut self, packet: &Captured<'_>, frame: &Frame<'_>) -> Option<(SlotId, Host)> {
        if let Some(segment) = Segment::of(frame) {
            let found = self.segment(packet, &segment)?;
            self.note_piece(frame, found.0);
            return Some(found);
        }
        if frame.udp().is_some() {
            return self.datagram(packet, frame);
        }
        if frame.fragment().is_some_and(|piece| piece.offset > 0) {
            return self.piece(packet, frame);
        }
        if let Some(icmp) = frame.icmp() {
            return self.message(packet, frame, icmp);
        }
        if let Some(arp) = frame.arp() {
            let (from, to) = (arp.sender_ip().into(), arp.target_ip().into());
            let (slot, from) = self.between_hosts(packet, frame, Kind::Arp, (from, to));
            self.question(
                slot,
                arp.operation() == 1 && arp.sender_ip() != arp.target_ip(),
            );
            return Some((slot, from));
        }
        if let Some(found) = self.without_header(packet, frame) {
            return Some(found);
        }
        let (addresses, protocol) = (frame.addresses()?, frame.protocol()?);
        Some(self.between_hosts(packet, frame, kind_of(protocol), addresses))
    }

    fn segment(&mut self, packet: &Captured<'_>, segment: &Segment) -> Option<(SlotId, Host)> {
        let key = Key::between(Kind::Tcp, segment.from, segment.to);
        let found = self.open.find(key).filter(|slot| {
            let over = self.open.get(*slot).is_none_or(|open| match &open.inside {
                Inside::Tcp(connection) => connection.is_over_with(segment),
                _ => true,
            });
            !over
        });
        let slot = found.unwrap_or_else(|| {
            let connection = Connection::new(segment);
            let ends = connection.ends();
            self.begin(key, Kind::Tcp, ends, Inside::Tcp(Box::new(connection)))
        });
        let (id, now_ns) = (self.totals.packets, self.now_ns);
        let Open { known, inside } = self.open.used(slot)?;
        let Inside::Tcp(connection) = inside else {
            return None;
        };
        let from = connection.take(id, now_ns, segment, known);
        known.count(
            from,
            packet.utc_ns,
            packet.wire_len.into(),
            segment.len.into(),
        );
        Some((slot, from))
    }

    fn datagram(&mut self, packet: &Captured<'_>, frame: &Frame<'_>) -> Option<(SlotId, Host)> {
        let (from, to) = frame.endpoints()?;
        let slot = match is_request(frame) {
            true => self.request(frame, from, to)?,
            false => self.of_datagram(frame, from, to),
        };
        let (id, now_ns) = (self.totals.packets, self.now_ns);
        let Open { known, inside } = self.open.used(slot)?;
        let sender = match inside {
            Inside::Tftp(transfer) => transfer.take(id, now_ns, frame, known),
            _ => known.role(from).unwrap_or(Host::Client),
        };
        let payload = frame.udp().map_or(0, |udp| udp.payload().wire_len());
        known.count(
            sender,
            packet.utc_ns,
            packet.wire_len.into(),
            payload as u64,
        );
        self.note_piece(frame, slot);
        Some((slot, sender))
    }

    /// The transfer that a request belongs to: one that goes on, or a new one.
    fn request(&mut self, frame: &Frame<'_>, from: SocketAddr, to: SocketAddr) -> Option<SlotId> {
        let key = Key::transfer(from, to.ip());
        let goes_on = self.open.find(key).filter(|slot| {
            let open = self.open.get(*slot);
            open.is_some_and(|open| match &open.inside {
                Inside::Tftp(transfer) => !transfer.is_over(),
                _ => false,
            })
        });
        if let Some(slot) = goes_on {
            return Some(slot);
        }
        let transfer = Inside::Tftp(Box::new(Following::new(frame)?));
        let slot = self.begin(key, Kind::Tftp, (from, to), transfer);
        self.open.also(Key::between(Kind::Udp, from, to), slot);
        if let Some(open) = self.open.touch_not(slot) {
            open.known.beginning = Beginning::Request;
        }
        Some(slot)
    }

    /// The conversation of a datagram that is no request: that of its ports, or the transfer of which it is a
    /// part by its client alone, or a new one.
    fn of_datagram(&mut self, frame: &Frame<'_>, from: SocketAddr, to: SocketAddr) -> SlotId {
        let key = Key::between(Kind::Udp, from, to);
        if let Some(slot) = self.open.find(key) {
            return slot;
        }
        if frame.as_tftp().tftp().is_some() {
            let transfers = [Key::transfer(to, from.ip()), Key::transfer(from, to.ip())];
            let found = transfers.into_iter().find_map(|key| self.open.find(key));
            if let Some(slot) = found {
                self.open.also(key, slot);
                return slot;
            }
        }
        self.begin(key, Kind::Udp, (from, to), Inside::Nothing)
    }

    /// A later piece of a packet: it belongs where the first one does, if that was captured.
    fn piece(&mut self, packet: &Captured<'_>, frame: &Frame<'_>) -> Option<(SlotId, Host)> {
        let (from, to) = frame.addresses()?;
        let found = self.fragments.find(frame).and_then(|(slot, number)| {
            let known = &self.open.get(slot)?.known;
            let is_client = known.ends.client.ip() == from;
            let sender = if is_client {
                Host::Client
            } else {
                Host::Server
            };
            (known.number == number).then_some((slot, sender))
        });
        let Some((slot, sender)) = found else {
            let kind = kind_of(frame.protocol()?);
            let found = self.between_hosts(packet, frame, kind, (from, to));
            self.open.touch_not(found.0)?.known.fragments += 1;
            return Some(found);
        };
        let known = &mut self.open.used(slot)?.known;
        let payload = frame.payload().wire_len() as u64;
        known.count(sender, packet.utc_ns, packet.wire_len.into(), payload);
        known.fragments += 1;
        Some((slot, sender))
    }

    /// The first piece has the ports; the later ones are found by it.
    fn note_piece(&mut self, frame: &Frame<'_>, slot: SlotId) {
        if frame.fragment().is_none() {
            return;
        }
        if let Some(open) = self.open.touch_not(slot) {
            open.known.fragments += 1;
            let number = open.known.number;
            self.fragments.note(frame, slot, number);
        }
    }

    fn message(
        &mut self,
        packet: &Captured<'_>,
        frame: &Frame<'_>,
        icmp: Icmp<'_>,
    ) -> Option<(SlotId, Host)> {
        if let Some(found) = self.error(packet, icmp) {
            return Some(found);
        }
        let addresses = frame.addresses()?;
        let (slot, from) = self.between_hosts(packet, frame, Kind::Icmp, addresses);
        match (icmp.is_v6(), icmp.kind()) {
            (false, 8) | (true, 128) => self.question(slot, true),
            (false, 0) | (true, 129) => self.question(slot, false),
            _ => {}
        }
        Some((slot, from))
    }

    /// An error belongs to the conversation that it is about, if that is known.
    fn error(&mut self, packet: &Captured<'_>, icmp: Icmp<'_>) -> Option<(SlotId, Host)> {
        let quoted = icmp.quoted()?;
        let ports = quoted.ports.unwrap_or_default();
        let sender = SocketAddr::new(quoted.from, ports.0);
        let target = SocketAddr::new(quoted.to, ports.1);
        let key = Key::between(kind_of(quoted.protocol), sender, target);
        let slot = self.open.find(key)?;
        let known = &mut self.open.used(slot)?.known;
        known.seen(packet.utc_ns);
        known.troubles.add(Trouble::IcmpError);
        if known.packets.server == 0 {
            known.ending = match icmp.problem() {
                Some(Problem::Port | Problem::Protocol) => Ending::Refused,
                Some(
                    Problem::Network
                    | Problem::Host
                    | Problem::Prohibited
                    | Problem::Delivery
                    | Problem::TimeToLive,
                ) => Ending::Unreachable,
                _ => known.ending,
            };
        }
        let by_client = known.ends.client == sender;
        let from = if by_client {
            Host::Server
        } else {
            Host::Client
        };
        Some((slot, from))
    }

    /// A packet whose header of TCP or UDP cannot be read, but names its ports: it is one of their conversation, if that
    /// goes on. No tracker hears it, as no host would.
    fn without_header(
        &mut self,
        packet: &Captured<'_>,
        frame: &Frame<'_>,
    ) -> Option<(SlotId, Host)> {
        let (from, to) = frame.stated_endpoints()?;
        let slot = self
            .open
            .find(Key::between(kind_of(frame.protocol()?), from, to))?;
        let known = &mut self.open.used(slot)?.known;
        let sender = known.role(from).unwrap_or(Host::Client);
        let payload = frame.payload().wire_len() as u64;
        known.count(sender, packet.utc_ns, packet.wire_len.into(), payload);
        Some((slot, sender))
    }

    /// The conversation of two hosts in a protocol without ports; a new one, if there is none. Counts the packet.
    fn between_hosts(
        &mut self,
        packet: &Captured<'_>,
        frame: &Frame<'_>,
        kind: Kind,
        (from, to): (IpAddr, IpAddr),
    ) -> (SlotId, Host) {
        let (from, to) = (SocketAddr::new(from, 0), SocketAddr::new(to, 0));
        let key = Key::between(kind, from, to);
        let slot = self.open.find(key);
        let slot = slot.unwrap_or_else(|| self.begin(key, kind, (from, to), Inside::Nothing));
        let mut sender = Host::Client;
        if let Some(Open { known, .. }) = self.open.used(slot) {
            sender = known.role(from).unwrap_or(Host::Client);
            let payload = frame.payload().wire_len() as u64;
            known.count(sender, packet.utc_ns, packet.wire_len.into(), payload);
        }
        (slot, sender)
    }

    /// Counts a question (an echo or ARP request) as unanswered, until its answer comes.
    fn question(&mut self, slot: SlotId, asks: bool) {
        let Some(open) = self.open.touch_not(slot) else {
            return;
        };
        match asks {
            true => open.known.troubles.add(Trouble::Unanswered),
            false => open.known.troubles.take_back(Trouble::Unanswered),
        }
    }

    /// A conversation begins: another may have to leave.
    fn begin(
        &mut self,
        key: Key,
        kind: Kind,
        (client, server): (SocketAddr, SocketAddr),
        inside: Inside,
    ) -> SlotId {
        self.totals.conversations += 1;
        let known = Conversation::new(self.totals.conversations, kind, client, server);
        // The one of the same ends is over: it goes on under no key.
        if let Some(slot) = self.open.find(key)
            && let Some(before) = self.open.take(slot)
        {
            self.over(before);
        }
        let (slot, displaced) = self.open.add(key, Open { known, inside });
        if let Some(mut open) = displaced {
            open.known.displaced = true;
            self.totals.displaced += 1;
            self.over(open);
        }
        slot
    }

    /// A conversation is over, or can be followed no more.
    fn over(&mut self, open: Open) {
        let known = open.told();
        match Folds::takes(&known) {
            true => self.folds.add(known),
            false => self.left.push(known),
        }
        // Twice the limit, so that sorting is rare.
        if self.left.len() > self.limits.kept.saturating_mul(2) {
            self.left.sort_unstable_by_key(order);
            for known in self.left.drain(self.limits.kept..) {
                self.folds.rest(&known);
            }
        }
    }
}

impl Open {
    /// What its packets tell by now.
    fn told(&self) -> Conversation {
        let mut known = self.known.clone();
        match &self.inside {
            Inside::Tcp(connection) => connection.conclude(&mut known),
            Inside::Tftp(transfer) => transfer.conclude(&mut known),
            Inside::Nothing => {}
        }
        known
    }
}

/// Those in which most went wrong first, then as they began.
fn order(it: &Conversation) -> (Reverse<u64>, u64) {
    (Reverse(it.weight()), it.number)
}

fn kind_of(protocol: Protocol) -> Kind {
    match protocol {
        Protocol::TCP => Kind::Tcp,
        Protocol::UDP => Kind::Udp,
        Protocol::ICMP | Protocol::ICMPV6 => Kind::Icmp,
        Protocol(number) => Kind::Ip(number),
    }
}
