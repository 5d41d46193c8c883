//! One log of two captures: a packet is sent where it passes the point that is nearer to its sender, and delivered
//! where it passes the other.

use std::collections::BTreeMap;
use std::collections::HashMap;

use lineman_proto::wire::Frame;

use super::Met;
use super::Outcome;
use super::Part;
use super::Point;
use super::Sight;
use super::changes::changes;
use super::matcher::MEMORY_NS;
use super::rewrite::cut;
use crate::capture::Captured;
use crate::log::Absent;
use crate::log::Event;
use crate::log::Host;
use crate::log::Kind;
use crate::log::LinkType;
use crate::log::Note;
use crate::log::Packet;
use crate::log::Start;
use crate::log::Verdict;

/// What is kept of a packet until it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What it begins with.
    pub link: LinkType,
    /// How many bytes it had on the wire.
    pub wire_len: u32,
    /// The bytes that were captured.
    pub bytes: Vec<u8>,
}

impl Kept {
    /// All of a packet.
    pub fn of(packet: &Captured<'_>) -> Self {
        Self {
            link: packet.link,
            wire_len: packet.wire_len,
            bytes: packet.bytes.to_vec(),
        }
    }

    pub(super) fn frame(&self) -> Frame<'_> {
        Frame::captured(self.link, &self.bytes, self.wire_len as usize)
    }
}

/// In which order things of one moment are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Seen,
    Decided,
    Came,
}

/// What is to be told, by the recorder's own numbers of packets.
#[derive(Debug)]
enum Told {
    Seen(Packet),
    Copied { of: u64, copy: u64, from: Host },
    Decided(Packet),
}

/// Makes events of what became of packets, in the order of their times.
#[derive(Debug)]
pub struct Recorder {
    begun_ns: i64,
    now_ns: u64,
    link: LinkType,
    next_event: u64,
    /// The numbers of packets in the log, by the recorder's own.
    numbers: HashMap<u64, u64>,
    next_number: u64,
    next_own: u64,
    waiting: BTreeMap<(i64, Rank, u64), Told>,
    /// The recorder's own numbers of packets that a copy may still come of, by when and as which packet of its capture each was sent.
    originals: HashMap<(i64, u64), u64>,
    /// When packets came, by the recorder's own numbers, and what each was sent as.
    came: BTreeMap<(i64, u64), (i64, u64)>,
    /// The point that the client is nearer to.
    client: Point,
    /// Whether the client in the first capture is the server in the second.
    is_flipped: bool,
    /// How many bytes wait to be told.
    bytes: usize,
}

impl Recorder {
    /// A log that begins with `start`, at `begun_ns` by the first's clock. `client` is the point that its client (of the first) is
    /// nearer to. Gives the first event, too.
    pub fn new(start: Start, begun_ns: i64, client: Point, is_flipped: bool) -> (Self, Event) {
        let link = start.link;
        let first = Event {
            n: 0,
            t_ns: 0,
            kind: Kind::Start(start),
        };
        let recorder = Self {
            begun_ns,
            now_ns: 0,
            link,
            next_event: 1,
            numbers: HashMap::new(),
            next_number: 0,
            next_own: 0,
            waiting: BTreeMap::new(),
            originals: HashMap::new(),
            came: BTreeMap::new(),
            client,
            is_flipped,
            bytes: 0,
        };
        (recorder, first)
    }

    /// Something worth a sentence, before any packet.
    pub fn note(&mut self, note: Note) -> Event {
        self.event(self.begun_ns, Kind::Note(note))
    }

    /// Takes what became of a packet.
    pub fn take(&mut self, outcome: Outcome<Kept>) {
        let (one, other) = (&*outcome.seen.0, outcome.seen.1.as_deref());
        let from = match one.point {
            Point::Second if self.is_flipped => one.from.other(),
            _ => one.from,
        };
        let near = if from == Host::Client {
            self.client
        } else {
            self.client.other()
        };
        match (outcome.met, other) {
            (Met::Copy, Some(copy)) => self.copied(one, copy, from),
            (_, Some(other)) => {
                let (sent, came) = if one.point == near {
                    (one, other)
                } else {
                    (other, one)
                };
                self.crossed(sent, came, outcome.part, from);
            }
            (Met::Lost, None) => {
                let own = self.seen(one, outcome.part, from, Verdict::Sent);
                let lost = Packet::new(own, from, Verdict::Dropped, None);
                self.put(one.at_ns, Rank::Decided, Told::Decided(lost));
            }
            (Met::Only(absent), None) => {
                self.only(one, outcome.part, from, absent);
            }
            (Met::Both | Met::Copy, None) => {}
        }
    }

    /// The events that are due: of what was before `settled_ns`, by the first's clock, everything is known.
    pub fn settled(&mut self, settled_ns: i64) -> Vec<Event> {
        self.due(settled_ns.saturating_sub(MEMORY_NS))
    }

    /// Nothing more comes: the rest, and the last event.
    pub fn finish(mut self) -> Vec<Event> {
        let mut events = self.due(i64::MAX);
        let end = self.event(self.begun_ns, Kind::End);
        events.push(end);
        events
    }

    /// How many bytes wait to be told.
    pub fn waiting_bytes(&self) -> usize {
        self.bytes
    }

    fn due(&mut self, before_ns: i64) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(entry) = self.waiting.first_entry()
            && entry.key().0 < before_ns
        {
            let ((at_ns, _, _), told) = entry.remove_entry();
            let packet = match told {
                Told::Seen(packet) => {
                    self.next_number += 1;
                    self.numbers.insert(packet.id, self.next_number);
                    packet
                }
                Told::Decided(packet) => packet,
                Told::Copied { of, copy, from } => {
                    self.next_number += 1;
                    self.numbers.insert(copy, self.next_number);
                    let copy = self.next_number;
                    Packet::new(of, from, Verdict::Duplicated { copy }, None)
                }
            };
            self.bytes -= packet.bytes.as_ref().map_or(0, Vec::len);
            let over = matches!(packet.verdict, Verdict::Captured | Verdict::Dropped);
            let own = packet.id;
            let Some(id) = self.numbers.get(&own).copied() else {
                continue;
            };
            let event = self.event(at_ns, Kind::Packet(Packet { id, ..packet }));
            events.push(event);
            if over {
                self.numbers.remove(&own);
            }
        }
        // That they came is told by now, and no copy can come any more.
        while let Some(entry) = self.came.first_entry()
            && entry.key().0 < before_ns
        {
            let ((_, own), sent) = entry.remove_entry();
            self.numbers.remove(&own);
            if self.originals.get(&sent) == Some(&own) {
                self.originals.remove(&sent);
            }
        }
        events
    }

    fn crossed(&mut self, sent: &Sight<Kept>, came: &Sight<Kept>, part: Option<Part>, from: Host) {
        let own = self.seen(sent, part, from, Verdict::Sent);
        if part.is_none() {
            self.originals.insert((sent.at_ns, sent.number), own);
        }
        let delivered = self.delivered(own, (sent, came), part, from);
        self.comes(delivered, sent, came);
    }

    fn copied(&mut self, sent: &Sight<Kept>, copy: &Sight<Kept>, from: Host) {
        let Some(of) = self.originals.get(&(sent.at_ns, sent.number)).copied() else {
            return self.only(copy, None, from, Absent::Unsent);
        };
        let own = self.own();
        let told = Told::Copied {
            of,
            copy: own,
            from,
        };
        self.put(sent.at_ns, Rank::Decided, told);
        let delivered = self.delivered(own, (sent, copy), None, from);
        self.comes(delivered, sent, copy);
    }

    /// Clocks are not compared better than they can be: nothing comes before it is sent.
    fn comes(&mut self, packet: Packet, sent: &Sight<Kept>, came: &Sight<Kept>) {
        let came_ns = came.at_ns.max(sent.at_ns);
        self.came
            .insert((came_ns, packet.id), (sent.at_ns, sent.number));
        self.put(came_ns, Rank::Came, Told::Decided(packet));
    }

    /// The other capture does not have it.
    fn only(&mut self, sight: &Sight<Kept>, part: Option<Part>, from: Host, absent: Absent) {
        let packet = self.packet(sight, part, from, Verdict::Captured);
        let at = match sight.point == self.client {
            true => Host::Client,
            false => Host::Server,
        };
        let packet = Packet {
            absent: Some(absent),
            at: Some(at),
            ..packet
        };
        self.put(sight.at_ns, Rank::Seen, Told::Seen(packet));
    }

    fn seen(
        &mut self,
        sight: &Sight<Kept>,
        part: Option<Part>,
        from: Host,
        verdict: Verdict,
    ) -> u64 {
        let packet = self.packet(sight, part, from, verdict);
        let own = packet.id;
        self.put(sight.at_ns, Rank::Seen, Told::Seen(packet));
        own
    }

    /// A packet as it was seen there.
    fn packet(
        &mut self,
        sight: &Sight<Kept>,
        part: Option<Part>,
        from: Host,
        verdict: Verdict,
    ) -> Packet {
        let (kept, data) = (&sight.kept, sight.print.data());
        let piece = part
            .zip(data)
            .filter(|(part, data)| (part.seq, part.len) != *data);
        let piece = piece.and_then(|(part, data)| Some((cut(kept, data, part)?, data.1)));
        let whole = piece.as_ref().map(|(_, whole)| *whole);
        let kept = piece.as_ref().map_or(kept, |(kept, _)| kept);
        let own = self.own();
        let mut packet = Packet::new(own, from, verdict, Some(kept.bytes.clone()));
        self.describe(&mut packet, kept);
        packet.whole = whole;
        packet
    }

    /// How it came there: with its bytes, if they are not those that were sent.
    fn delivered(
        &mut self,
        own: u64,
        (sent, came): (&Sight<Kept>, &Sight<Kept>),
        part: Option<Part>,
        from: Host,
    ) -> Packet {
        let mut packet = Packet::new(own, from, Verdict::Delivered, None);
        let longer = part
            .zip(came.print.data())
            .filter(|(part, data)| (part.seq, part.len) != *data);
        if let Some((_, (_, len))) = longer {
            packet.whole = Some(len);
        }
        let piece = longer.and_then(|(part, data)| cut(&came.kept, data, part));
        let kept = piece.as_ref().unwrap_or(&came.kept);
        if !changes(&sent.kept.frame(), &kept.frame(), part.is_some()).is_empty() {
            packet.bytes = Some(kept.bytes.clone());
            self.describe(&mut packet, kept);
        }
        packet
    }

    /// What is not usual about its bytes.
    fn describe(&self, packet: &mut Packet, kept: &Kept) {
        let is_cut = kept.bytes.len() < kept.wire_len as usize;
        packet.wire_len = is_cut.then_some(kept.wire_len);
        packet.link = (kept.link != self.link).then_some(kept.link);
    }

    fn own(&mut self) -> u64 {
        self.next_own += 1;
        self.next_own
    }

    fn put(&mut self, at_ns: i64, rank: Rank, told: Told) {
        if let Told::Seen(packet) | Told::Decided(packet) = &told {
            self.bytes += packet.bytes.as_ref().map_or(0, Vec::len);
        }
        let nth = self.own();
        self.waiting.insert((at_ns, rank, nth), told);
    }

    /// Times of a log never decrease.
    fn event(&mut self, at_ns: i64, kind: Kind) -> Event {
        let t_ns = u64::try_from(at_ns.saturating_sub(self.begun_ns)).unwrap_or(0);
        self.now_ns = self.now_ns.max(t_ns);
        let n = self.next_event;
        self.next_event += 1;
        Event {
            n,
            t_ns: self.now_ns,
            kind,
        }
    }
}
