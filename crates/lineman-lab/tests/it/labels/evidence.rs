//! What a capture itself tells of each packet, apart from the tracker and from Wireshark: which bytes were seen before,
//! and what the last packets of both ends were.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::TcpOption;
use lineman_proto::wire::flow::FlowId;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Leaving;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::Sent;
use lineman_proto::wire::flow::TcpFlows;

use super::captures::Capture;
use super::marks;
use super::marks::Mark;
use super::marks::Marks;
use super::marks::Said;
use super::theirs;

/// A packet, what both say of it, and what was seen before it.
pub struct Seen {
    pub n: usize,
    pub t_ns: u64,
    pub segment: Segment,
    pub sent: Sent,
    pub ours: Marks,
    pub theirs: Marks,
    /// Which numbers of it were seen before: all, some, none of them.
    pub known: Known,
    /// Whether it has SACK blocks.
    pub has_sack: bool,
    /// Whether its first block says that a segment has come again.
    pub has_d_sack: bool,
    /// Whether everything before what it acknowledges was seen.
    pub acks_known: bool,
    /// Whether what is known of its two ends is another thing in Wireshark's stream than in our connection: one of the two has counted
    /// packets to it that the other has not, and what these have told of has not been told again since.
    pub mixed: bool,
    /// Where what it acknowledges ends, and where all ends that was seen of its peer.
    pub acks_to: i64,
    pub peer_next: Option<i64>,
    /// Whether its sender has sent resets before, and nothing else, in any stream between the two.
    pub only_resets: bool,
    /// Of its sender and of its peer, before it.
    pub me: End,
    pub peer: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    All,
    Some,
    None,
}

/// From its first place to behind its last.
type Piece = (i64, i64);

/// What an end has sent so far, in one of Wireshark's streams.
#[derive(Clone, Debug, Default)]
pub struct End {
    /// Numbers that were seen, as pieces that do not touch, relative to the first of all.
    pub pieces: Vec<Piece>,
    base: Option<u32>,
    /// Behind the highest that was seen; bare segments count.
    pub next: Option<i64>,
    /// Whether the highest came of a segment without numbers of its own.
    pub next_is_bare: bool,
    /// When it was seen.
    pub next_ns: u64,
    pub packets: u64,
    /// Its last packet.
    pub last: Option<Segment>,
    pub last_ns: u64,
    pub last_label: Option<Label>,
    /// Whether all of it was seen before.
    pub last_known: bool,
    /// What Wireshark has said of it, and how many in a row, it included, it has called duplicate ACKs.
    pub last_theirs: Marks,
    pub their_duplicates: u32,
    /// The highest that it has acknowledged.
    pub acked: Option<u32>,
    /// The number of its SYN, if that was seen.
    pub syn: Option<u32>,
    /// When it has said that it has no room; and that it has some again, if it has.
    pub closed_ns: Option<u64>,
    pub opened_ns: Option<u64>,
    /// How often it has acknowledged the same in a row.
    pub equal: u32,
}

impl End {
    /// The place of a number; the first that was seen is 0.
    fn place(&self, number: u32) -> i64 {
        let near = self.next.unwrap_or(0);
        let at = self.base.unwrap_or(number).wrapping_add(near as u32);
        near + i64::from(number.wrapping_sub(at) as i32)
    }

    fn known(&self, from: i64, to: i64) -> Known {
        let seen: i64 = self
            .pieces
            .iter()
            .map(|piece| (piece.1.min(to) - piece.0.max(from)).max(0))
            .sum();
        match seen {
            0 => Known::None,
            _ if seen == to - from => Known::All,
            _ => Known::Some,
        }
    }

    /// Whether nothing is missing from the first piece to this place.
    fn is_whole_to(&self, place: i64) -> bool {
        self.pieces
            .iter()
            .any(|piece| piece.0 <= 0 && place <= piece.1)
            || place <= 0
    }

    /// The highest number that was seen.
    fn highest(&self) -> Option<u32> {
        Some(self.base?.wrapping_add(self.next? as u32))
    }

    /// Whether another way of counting packets to connections tells the same of this end, as far as a packet of these numbers is
    /// concerned: it is the sender's, or what the sender acknowledges.
    fn is_same(&self, other: &Self, numbers: &[u32]) -> bool {
        let told = |end: &Self| {
            let last = (end.last, end.last_label, end.last_known, end.packets > 0);
            (
                end.highest(),
                end.next_is_bare,
                last,
                end.acked,
                end.syn,
                end.equal,
            )
        };
        let places = |end: &Self| {
            let known = |number: &u32| end.known(end.place(*number), end.place(*number) + 1);
            let whole = |number: &u32| end.is_whole_to(end.place(*number));
            let all = numbers.iter().map(|number| (known(number), whole(number)));
            all.collect::<Vec<_>>()
        };
        told(self) == told(other) && places(self) == places(other)
    }

    fn add(&mut self, t_ns: u64, it: &Segment) {
        self.base.get_or_insert(it.seq);
        let from = self.place(it.seq);
        let to = from + i64::from(it.takes());
        if self.next.is_none_or(|next| to > next) {
            (self.next, self.next_ns) = (Some(to), t_ns);
            self.next_is_bare = from == to;
        }
        if from < to {
            let (mut from, mut to) = (from, to);
            let (near, rest): (Vec<Piece>, Vec<Piece>) = self
                .pieces
                .iter()
                .partition(|piece| piece.0 <= to && from <= piece.1);
            for piece in near {
                (from, to) = (from.min(piece.0), to.max(piece.1));
            }
            self.pieces = rest;
            self.pieces.push((from, to));
        }
        self.packets += 1;
        match it.window {
            _ if it.has(Flags::RST) => {}
            0 => (self.closed_ns, self.opened_ns) = (Some(t_ns), None),
            _ if self.closed_ns.is_some() => {
                self.opened_ns.get_or_insert(t_ns);
            }
            _ => {}
        }
        if it.has(Flags::SYN) {
            self.syn = Some(it.seq);
        }
        if it.has(Flags::ACK) {
            let last = self.last.filter(|last| last.has(Flags::ACK));
            let equal = last.is_some_and(|last| last.ack == it.ack);
            self.equal = if equal { self.equal + 1 } else { 0 };
            let newer = |acked: u32| it.ack.wrapping_sub(acked) < 1 << 31;
            if self.acked.is_none_or(newer) {
                self.acked = Some(it.ack);
            }
        }
        (self.last, self.last_ns) = (Some(*it), t_ns);
    }
}

/// The wire of the random conversations delays packets by 120 ms at most; the rest is left to a busy machine.
const LONGEST_WAY_NS: u64 = 1_000_000_000;

/// All packets of a capture.
pub fn look(capture: &Capture) -> Vec<Seen> {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("a.pcapng");
    std::fs::write(&file, capture.pcapng()).expect("written");
    let theirs = theirs::read(&file);
    let mut flows = TcpFlows::new();
    // What is known of each end, by Wireshark's streams and by our connections.
    let mut ends: HashMap<(u64, SocketAddr), End> = HashMap::new();
    let mut our_ends: HashMap<(FlowId, SocketAddr), End> = HashMap::new();
    // How many segments an end has sent in a connection, and how many resets.
    let mut resets: HashMap<(FlowId, SocketAddr), (u64, u64)> = HashMap::new();
    let mut all = Vec::new();
    for (n, (t_ns, bytes)) in (1..).zip(&capture.packets) {
        let frame = Frame::parse(bytes);
        let Some(segment) = Segment::of(&frame) else {
            assert!(!theirs.contains_key(&n), "{}: {n} is TCP", capture.name);
            continue;
        };
        let theirs = theirs
            .get(&n)
            .copied()
            .unwrap_or_else(|| panic!("{n} is no TCP"));
        let [me, peer] = [segment.from, segment.to]
            .map(|end| ends.get(&(theirs.stream, end)).cloned().unwrap_or_default());
        let counts = |flows: &TcpFlows| {
            let flow = flows.get(&segment)?;
            let counts = flow.counts(flow.way(&segment)?);
            Some([counts.zero_windows, counts.unseen_acked])
        };
        let before = counts(&flows).unwrap_or_default();
        let captured = flows
            .captured(n as u64, *t_ns, &segment)
            .expect("of its connection");
        let reused = flows
            .take_left()
            .is_some_and(|left| left.why == Leaving::PortsReused);
        let before = if reused { [0, 0] } else { before };
        let after = counts(&flows).expect("counted");
        let said = Said {
            captured,
            closed: [before[0], after[0]],
            unseen_acked: [before[1], after[1]],
            peer: peer.last_label,
            reused,
        };
        let from = me.place(segment.seq);
        let nobody = End::default();
        let ours_of = |end| our_ends.get(&(captured.id, end)).unwrap_or(&nobody);
        let last = segment.seq.wrapping_add(segment.takes()).wrapping_sub(1);
        let of_me = me.is_same(ours_of(segment.from), &[segment.seq, last]);
        let mixed = !of_me || !peer.is_same(ours_of(segment.to), &[segment.ack]);
        let of_ends = resets.entry((captured.id, segment.from)).or_insert((0, 0));
        let only_resets = of_ends.0 > 0 && of_ends.0 == of_ends.1;
        *of_ends = (
            of_ends.0 + 1,
            of_ends.1 + u64::from(segment.has(Flags::RST)),
        );
        let ours = marks::ours(&said);
        let known = me.known(from, from + i64::from(segment.takes()));
        all.push(Seen {
            n,
            t_ns: *t_ns,
            segment,
            sent: captured.sent,
            ours,
            theirs: theirs.marks,
            known,
            has_sack: has_sack(&frame),
            has_d_sack: has_d_sack(&frame),
            acks_known: peer.is_whole_to(peer.place(segment.ack)),
            only_resets,
            mixed,
            acks_to: peer.place(segment.ack),
            peer_next: peer.pieces.iter().map(|piece| piece.1).max(),
            me,
            peer,
        });
        let their_end = ends.entry((theirs.stream, segment.from)).or_default();
        let our_end = our_ends.entry((captured.id, segment.from)).or_default();
        for me in [their_end, our_end] {
            let from = me.place(segment.seq);
            let known = me.known(from, from + i64::from(segment.takes()));
            me.add(*t_ns, &segment);
            (me.last_label, me.last_known) = (Some(captured.sent.label), known == Known::All);
            me.last_theirs = theirs.marks;
            me.their_duplicates = match theirs.marks.has(Mark::DupAck) {
                true => me.their_duplicates + 1,
                false => 0,
            };
        }
    }
    all
}

/// Whether the first block of a SACK reports a segment that has come again (RFC 2883 §4).
fn has_d_sack(frame: &Frame<'_>) -> bool {
    let Some(tcp) = frame.tcp() else {
        return false;
    };
    let mut blocks = tcp.options().flat_map(|option| match option {
        TcpOption::Sack(blocks) => blocks.iter().collect(),
        _ => Vec::new(),
    });
    let (first, second) = (blocks.next(), blocks.next());
    let is_up_to = |one: u32, other: u32| one.wrapping_sub(other) as i32 <= 0;
    first.is_some_and(|(from, to)| {
        let within = |other: (u32, u32)| is_up_to(other.0, from) && is_up_to(to, other.1);
        is_up_to(to, tcp.ack()) || second.is_some_and(within)
    })
}

fn has_sack(frame: &Frame<'_>) -> bool {
    let is_sack = |option: TcpOption<'_>| matches!(option, TcpOption::Sack(_));
    frame.tcp().is_some_and(|tcp| tcp.options().any(is_sack))
}

impl Seen {
    pub fn has(&self, flags: Flags) -> bool {
        self.segment.has(flags)
    }

    /// It takes up no number.
    pub fn is_bare(&self) -> bool {
        self.segment.takes() == 0
    }

    /// Where it begins, from the first that was seen of its sender.
    pub fn place(&self) -> i64 {
        self.me.place(self.segment.seq)
    }

    /// How far it begins behind the highest that was seen of its sender.
    pub fn behind(&self) -> i64 {
        self.me
            .next
            .map_or(0, |next| next - self.me.place(self.segment.seq))
    }

    /// The window of its sender's last packet.
    pub fn last_window(&self) -> Option<u16> {
        Some(self.me.last?.window)
    }

    /// Whether its sender's last packet acknowledged less, or was its SYN: an older one came late.
    pub fn is_behind_older(&self) -> bool {
        let is_less =
            |last: Segment| (1..1 << 31).contains(&self.segment.ack.wrapping_sub(last.ack));
        let is_syn = |last: Segment| last.has(Flags::SYN) && !last.has(Flags::ACK);
        self.me.acked == Some(self.segment.ack)
            && (self.me.last.is_some_and(is_less) || self.me.last.is_some_and(is_syn))
    }

    /// Whether its peer has no room, or has had some again for so short a time that its sender may not have heard of it.
    pub fn finds_no_room(&self) -> bool {
        let is_news = |at: u64| self.t_ns.saturating_sub(at) < LONGEST_WAY_NS;
        self.peer.closed_ns.is_some() && self.peer.opened_ns.is_none_or(is_news)
    }

    /// How long ago its peer was seen last.
    pub fn since_peer_ns(&self) -> u64 {
        self.t_ns.saturating_sub(self.peer.last_ns)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            n, sent, segment, ..
        } = self;
        let place = sent.place;
        write!(
            f,
            "packet {n} ({} → {}) seq {} len {} ack {:?} win {} flags {:?}: {:?} {:?} {:?}; ours {:?}, theirs {:?}; known {:?}, acks known {}, behind {}; me {}, peer {}",
            segment.from.port(),
            segment.to.port(),
            place.seq,
            segment.len,
            place.ack,
            segment.window,
            segment.flags,
            sent.label,
            sent.order,
            sent.again
                .map(|again| (again.cause, again.times, again.wait_ns / 1_000_000)),
            self.ours.names(),
            self.theirs.names(),
            self.known,
            self.acks_known,
            self.behind(),
            self.me,
            self.peer,
        )
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = self.last.map(|last| last.window);
        let flags = self.last.map(|last| last.flags);
        let Self {
            packets,
            next,
            next_is_bare,
            equal,
            last_label,
            pieces,
            ..
        } = self;
        write!(
            f,
            "{packets} packets, next {next:?} {next_is_bare}, equal {equal}, window {window:?} {flags:?} {last_label:?} {pieces:?}"
        )
    }
}
