//! TCP connections, as the wire shows them: what each segment is, and its numbers from 0.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::net::SocketAddr;

use lineman_proto::wire::Flags;

use super::Arrival;
use super::Seen;
use super::Segment;

/// What a segment is in its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// It asks to open.
    Syn,
    /// It asks to open, as the peer has done already.
    SynCrossed,
    /// It agrees and asks in turn.
    SynAck,
    /// It agrees to a SYN that crossed its own.
    SynAckCrossed,
    /// The third of the handshake.
    AckThird,
    /// Bytes; `half` if the peer has finished sending.
    Data {
        /// Whether the peer has finished.
        half: bool,
    },
    /// It acknowledges bytes.
    Ack {
        /// How many more than before.
        bytes: u32,
        /// How long after they arrived.
        after_ns: Option<u64>,
    },
    /// It acknowledges the peer's FIN; `after_ns` is how long after it arrived.
    AckFin {
        /// Whether its sender had finished before.
        last: bool,
        /// How long after the FIN arrived.
        after_ns: Option<u64>,
    },
    /// It acknowledges the same as before while bytes are under way.
    AckDup {
        /// How many in a row.
        times: u32,
    },
    /// It only tells of another window.
    Window,
    /// It asks whether the peer still has no room.
    Probe,
    /// It asks whether the peer is still there.
    KeepAlive,
    /// It acknowledges the same as before.
    AckAgain,
    /// The first of the two ends.
    FinFirst,
    /// The second end, after the first was acknowledged apart.
    FinSecond,
    /// The second end and the acknowledgment of the first in one.
    FinCombined,
    /// An end that crosses the peer's.
    FinCrossed,
    /// Nobody listens where the SYN went.
    RstRefused,
    /// It breaks the connection off.
    RstBroken,
    /// It answers what is for a socket that is gone.
    RstLate,
}

/// Numbers of a segment, counted from the first of its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Of its first byte.
    pub seq: u32,
    /// What it acknowledges.
    pub ack: Option<u32>,
    /// The window in bytes.
    pub window: u32,
    /// Whether the beginning was seen; else the first number seen counts as 1.
    pub from_start: bool,
}

/// A packet that was sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// The how manieth resend.
    pub times: u32,
    /// How long after it was sent last.
    pub wait_ns: u64,
    /// Which packet it was then.
    pub earlier: u64,
    /// Whether that was lost; `None` while its fate is open.
    pub earlier_lost: Option<bool>,
    /// Whether three equal acknowledgments asked for it (RFC 5681 §3.2); else a clock did.
    pub fast: bool,
}

/// What is known of a segment when it is sent.
pub(super) struct Told {
    pub(super) label: Label,
    pub(super) place: Place,
    pub(super) again: Option<Again>,
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Streams {
    all: HashMap<[SocketAddr; 2], [Side; 2]>,
}

/// One direction, and what its sender has heard.
#[derive(Clone, Debug, Default)]
struct Side {
    /// The number that counts as 0.
    base: Option<u32>,
    opened: bool,
    /// After the highest that was sent.
    next: Option<u32>,
    fin_end: Option<u32>,
    /// The highest that it has acknowledged.
    acked: Option<u32>,
    repeats: u32,
    window: u16,
    scale: Option<u8>,
    /// What it expects, by what was delivered to it.
    expects: Option<u32>,
    /// What arrived early: from, to, and whether it ends with a FIN.
    early: Vec<(u32, u32, bool)>,
    /// The highest acknowledgment that was delivered to it.
    heard: Option<u32>,
    heard_fin: bool,
    /// When the first bytes arrived that it has not acknowledged.
    owes_since: Option<u64>,
    past: VecDeque<Past>,
}

#[derive(Clone, Copy, Debug)]
struct Past {
    seq: u32,
    id: u64,
    at_ns: u64,
    times: u32,
}

/// How many segments of a direction are remembered.
const MEMORY: usize = 1024;

/// Whether `a` is before `b` in numbers that wrap.
fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

impl Streams {
    /// A segment is sent.
    pub(super) fn sent(&mut self, id: u64, now: u64, seen: &Seen) -> Option<Told> {
        let segment = seen.segment()?;
        let [me, peer] = self.sides(seen)?;
        if segment.has(Flags::SYN) && me.opened && me.base != Some(segment.seq) {
            (*me, *peer) = (Side::default(), Side::default()); // the ports are used anew
        }
        let label = label(me, peer, segment, now);
        let again = me.again(now, segment, label);
        me.send(id, now, segment, again);
        Some(Told {
            label,
            place: place(me, peer, segment),
            again: again.map(|again| Again {
                fast: peer.repeats >= 3,
                ..again
            }),
        })
    }

    /// A segment arrives.
    pub(super) fn delivered(&mut self, now: u64, seen: &Seen) -> Arrival {
        let Some(segment) = seen.segment() else {
            return Arrival::InOrder;
        };
        match self.sides(seen) {
            Some([_, receiver]) => receiver.receive(now, segment),
            None => Arrival::InOrder,
        }
    }

    /// The sender's side and the receiver's.
    fn sides(&mut self, seen: &Seen) -> Option<[&mut Side; 2]> {
        let (from, to) = (seen.from?, seen.to?);
        let turned = from > to;
        let key = if turned { [to, from] } else { [from, to] };
        let [low, high] = self.all.entry(key).or_default();
        Some(if turned { [high, low] } else { [low, high] })
    }
}

impl Side {
    fn send(&mut self, id: u64, now: u64, segment: &Segment, again: Option<Again>) {
        if segment.has(Flags::SYN) {
            self.opened = true;
            self.scale = segment.scale;
        }
        if self.base.is_none() && !segment.has(Flags::RST) {
            let skip = u32::from(!segment.has(Flags::SYN));
            self.base = Some(segment.seq.wrapping_sub(skip));
        }
        if self.next.is_none_or(|next| before(next, segment.end())) {
            self.next = Some(segment.end());
        }
        if segment.has(Flags::FIN) {
            self.fin_end = Some(segment.end());
        }
        if segment.has(Flags::ACK) {
            self.acknowledge(segment);
        }
        self.window = segment.window;
        if segment.takes() > 0 {
            self.remember(id, now, segment.seq, again);
        }
    }

    fn acknowledge(&mut self, segment: &Segment) {
        let pure = segment.takes() == 0 && self.window == segment.window;
        if self.acked == Some(segment.ack) {
            self.repeats += u32::from(pure);
        } else {
            self.repeats = 0;
            self.owes_since = None;
        }
        self.acked = Some(segment.ack);
    }

    fn remember(&mut self, id: u64, now: u64, seq: u32, again: Option<Again>) {
        self.past.retain(|past| past.seq != seq);
        if self.past.len() == MEMORY {
            self.past.pop_front();
        }
        self.past.push_back(Past {
            seq,
            id,
            at_ns: now,
            times: again.map_or(0, |again| again.times),
        });
    }

    fn again(&self, now: u64, segment: &Segment, label: Label) -> Option<Again> {
        let is_new = matches!(
            label,
            Label::KeepAlive | Label::Probe | Label::SynAckCrossed
        );
        if segment.takes() == 0 || is_new {
            return None;
        }
        let past = self.past.iter().find(|past| past.seq == segment.seq)?;
        Some(Again {
            times: past.times + 1,
            wait_ns: now.saturating_sub(past.at_ns),
            earlier: past.id,
            earlier_lost: None,
            fast: false,
        })
    }

    fn receive(&mut self, now: u64, segment: &Segment) -> Arrival {
        if segment.has(Flags::ACK) && self.heard.is_none_or(|heard| before(heard, segment.ack)) {
            self.heard = Some(segment.ack);
        }
        if segment.takes() == 0 || segment.has(Flags::RST) {
            return Arrival::InOrder;
        }
        let expects = *self.expects.get_or_insert(segment.seq);
        if !before(expects, segment.end()) {
            return Arrival::Known;
        }
        let piece = (segment.seq, segment.end(), segment.has(Flags::FIN));
        if before(expects, segment.seq) {
            return self.keep(piece);
        }
        self.take(piece);
        while let Some(at) = self.early.iter().position(|early| self.continues(early.0)) {
            let piece = self.early.swap_remove(at);
            self.take(piece);
        }
        self.owes_since.get_or_insert(now);
        Arrival::InOrder
    }

    fn keep(&mut self, piece: (u32, u32, bool)) -> Arrival {
        if self.early.contains(&piece) {
            return Arrival::Known;
        }
        if self.early.len() < MEMORY {
            self.early.push(piece);
        }
        Arrival::Early
    }

    fn continues(&self, seq: u32) -> bool {
        self.expects.is_some_and(|expects| !before(expects, seq))
    }

    fn take(&mut self, (_, end, fin): (u32, u32, bool)) {
        if self.expects.is_none_or(|expects| before(expects, end)) {
            self.expects = Some(end);
            self.heard_fin |= fin;
        }
    }
}

fn label(me: &Side, peer: &Side, segment: &Segment, now: u64) -> Label {
    let has = |flag| segment.has(flag);
    if has(Flags::RST) {
        return reset(me, peer, segment);
    }
    match (has(Flags::SYN), has(Flags::ACK)) {
        (true, true) if me.opened && me.acked.is_none() => return Label::SynAckCrossed,
        (true, true) => return Label::SynAck,
        (true, false) if peer.opened && peer.acked.is_none() => return Label::SynCrossed,
        (true, false) => return Label::Syn,
        (false, _) => {}
    }
    if has(Flags::FIN) {
        return end(me, peer);
    }
    if let Some(label) = asking(me, peer, segment) {
        return label;
    }
    if segment.len > 0 {
        return Label::Data { half: me.heard_fin };
    }
    acknowledging(me, peer, segment, now)
}

fn reset(me: &Side, peer: &Side, segment: &Segment) -> Label {
    let answers_syn = peer.base.map(|isn| isn.wrapping_add(1)) == Some(segment.ack);
    if me.next.is_none() && peer.opened && answers_syn {
        Label::RstRefused
    } else if me.fin_end.is_some() {
        Label::RstLate
    } else {
        Label::RstBroken
    }
}

fn end(me: &Side, peer: &Side) -> Label {
    match peer.fin_end {
        None => Label::FinFirst,
        Some(_) if !me.heard_fin => Label::FinCrossed,
        Some(end) if me.acked.is_some_and(|acked| !before(acked, end)) => Label::FinSecond,
        Some(_) => Label::FinCombined,
    }
}

/// Segments whose number is one too low ask for an answer and nothing else (RFC 1122 §4.2.3.6).
fn asking(me: &Side, peer: &Side, segment: &Segment) -> Option<Label> {
    let low = me.next == Some(segment.seq.wrapping_add(1));
    if !low || segment.len > 1 || me.heard != me.next {
        return None;
    }
    Some(if peer.window == 0 {
        Label::Probe
    } else {
        Label::KeepAlive
    })
}

fn acknowledging(me: &Side, peer: &Side, segment: &Segment, now: u64) -> Label {
    let after_ns = me.owes_since.map(|since| now.saturating_sub(since));
    match me.acked {
        None if me.opened && peer.opened => Label::AckThird,
        Some(acked) if acked == segment.ack => repeated(me, peer, segment),
        _ if peer.fin_end == Some(segment.ack) => Label::AckFin {
            last: me.fin_end.is_some(),
            after_ns,
        },
        acked => Label::Ack {
            bytes: segment
                .ack
                .wrapping_sub(acked.or(peer.base).unwrap_or(segment.ack)),
            after_ns,
        },
    }
}

fn repeated(me: &Side, peer: &Side, segment: &Segment) -> Label {
    if segment.window != me.window {
        Label::Window
    } else if peer.next.is_some_and(|next| before(segment.ack, next)) {
        Label::AckDup {
            times: me.repeats + 1,
        }
    } else {
        Label::AckAgain
    }
}

fn place(me: &Side, peer: &Side, segment: &Segment) -> Place {
    let shift = match (me.scale, peer.scale) {
        (Some(shift), Some(_)) if !segment.has(Flags::SYN) => shift,
        _ => 0,
    };
    let ack = segment.has(Flags::ACK).then_some(segment.ack);
    Place {
        seq: segment.seq.wrapping_sub(me.base.unwrap_or(segment.seq)),
        ack: ack.map(|ack| ack.wrapping_sub(peer.base.unwrap_or(ack))),
        window: u32::from(segment.window) << shift,
        from_start: me.opened,
    }
}

/// An acknowledgment this late was held back on purpose: Linux waits 40 ms.
const HELD_BACK_NS: u64 = 30_000_000;

impl Label {
    /// How long an acknowledgment was held back, if it was.
    pub fn delay_ns(self) -> Option<u64> {
        match self {
            Self::Ack { after_ns, .. } | Self::AckFin { after_ns, .. } => {
                after_ns.filter(|after| *after >= HELD_BACK_NS)
            }
            _ => None,
        }
    }
}
