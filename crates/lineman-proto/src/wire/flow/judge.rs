//! Which label a segment gets, by what its sender has said and heard before.

use super::Again;
use super::Cause;
use super::Label;
use super::Order;
use super::Prompt;
use super::TcpState;
use super::Timer;
use super::label::HELD_BACK_NS;
use super::point::Point;
use super::resent::SHORTEST_RTO_NS;
use super::sacks::Sacks;
use super::side::Said;
use super::side::Side;
use crate::wire::Flags;

/// A segment in places instead of numbers.
pub(super) struct Placed {
    pub flags: Flags,
    pub seq: i64,
    /// Behind its last byte, SYN or FIN.
    pub end: i64,
    pub ack: Option<i64>,
    pub window: u16,
    pub bytes: u32,
    /// What its SACK blocks say.
    pub sacks: Sacks,
    /// Its sender's clock, in its ticks, and the last of its peer's that it has heard.
    pub stamps: Option<(u32, u32)>,
    /// Whether it lies before its sender's SYN: it is of a connection before this one.
    pub is_old: bool,
}

impl Placed {
    pub(super) fn has(&self, flags: Flags) -> bool {
        self.flags.has(flags)
    }

    /// Whether it says that there is no room; a reset says nothing of room.
    pub(super) fn closes_window(&self) -> bool {
        self.window == 0 && self.ack.is_some() && !self.flags.any(Flags::SYN | Flags::RST)
    }

    /// Behind the highest of what a SACK says to have come beyond a gap.
    pub(super) fn sacked(&self) -> Option<i64> {
        self.sacks.highest()
    }

    fn is_bare(&self) -> bool {
        self.seq == self.end
    }
}

/// The packet that a segment came in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    pub id: u64,
    pub ip_id: u16,
    pub point: Point,
    pub now_ns: u64,
}

impl Packet {
    /// Whether it is the same IP packet as one before it with the same contents. Without an identification (IPv6, and RFC 6864 for what may not be
    /// fragmented) only another place on its way tells: what is sent again comes by the same one.
    pub(super) fn is_copy_of(&self, earlier: &Self) -> bool {
        let wait_ns = self.now_ns.saturating_sub(earlier.now_ns);
        match (self.ip_id, earlier.ip_id) {
            (0, 0) => self.point.is_beside(earlier.point) && wait_ns < SHORTEST_RTO_NS,
            (id, before) => id == before,
        }
    }
}

/// What was found about a segment.
pub(super) struct Found {
    pub label: Label,
    pub order: Order,
    pub again: Option<Again>,
}

/// An acknowledgment that carries nothing else.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bare {
    OfFin,
    Old,
    Duplicate(u32),
    Window,
    Plain,
}

/// Labels a segment without RST, and notes it.
pub(super) fn judge(sender: &mut Side, peer: &mut Side, it: &Placed, packet: Packet) -> Found {
    let mut found = Found {
        label: Label::AckAgain(Prompt::Unseen),
        order: Order::Next,
        again: None,
    };
    found.again = sender.doubles((it.seq, it.end, it.ack, it.window), packet);
    if found.again.is_some() {
        return found;
    }
    let probe = probe(sender, peer, it);
    sender.probed = probe.is_some();
    let byte = probe == Some(Label::Probe { byte: true });
    if sender.probed {
        sender.asked_ns = Some(packet.now_ns);
    }
    let (mut opening, mut third, mut end, mut bare) = (None, false, None, None);
    if probe.is_none() || !it.is_bare() && it.seq == sender.next {
        opening = of_opening(sender, peer, it);
        let crosses = opening == Some(Label::SynAckCrossed);
        let how = (it.has(Flags::SYN), byte, crosses);
        (found.order, found.again) = sender.send(peer, (it.seq, it.end), how, packet);
        third = is_third(sender, peer, it);
        end = of_end(sender, peer, it);
        if it.is_bare() && !third {
            bare = Some(bare_ack(sender, peer, it));
        }
    }
    if bare == Some(Bare::Old) {
        found.order = Order::Late;
    }
    let data = (it.bytes > 0).then(|| Label::Data {
        half: sender.has_heard_fin(peer),
    });
    let crossed = peer.has_answered_crossed;
    found.label = opening
        .or(end)
        .or(probe)
        .or(data)
        .or_else(|| is_of_earlier(sender, peer, it).then_some(Label::AckEarlier))
        .or_else(|| third.then_some(Label::AckThird { crossed }))
        .unwrap_or_else(|| of_acknowledgment(sender, it, bare, packet.now_ns));
    let asked = it.has(Flags::SYN) && std::mem::take(&mut sender.asked_again);
    let rejected = it.has(Flags::SYN) && std::mem::take(&mut sender.has_rejected);
    found.again = found
        .again
        .filter(|_| found.label != Label::SynAckCrossed)
        .map(|again| match again.cause {
            Cause::Silence | Cause::Timer(_)
                if it.has(Flags::SYN | Flags::ACK) && is_answer(asked, again) =>
            {
                Again {
                    cause: Cause::Asked,
                    ..again
                }
            }
            Cause::Silence if rejected => Again {
                cause: Cause::Rejected,
                ..again
            },
            Cause::Timer(_) if asked && it.has(Flags::SYN | Flags::ACK) => Again {
                cause: Cause::Timer(Timer::OrAsked),
                ..again
            },
            _ => again,
        });
    note(sender, it, bare, packet.now_ns);
    found
}

/// Labels a RST. One without ACK answers a segment, whose acknowledgment is its number (RFC 9293 §3.10.7.1);
/// one that an end sends by itself has ACK, as Linux sends it.
pub(super) fn of_reset(sender: &Side, peer: &Side, it: &Placed) -> Label {
    // What it asked before, and was refused, is over.
    let heeds = |said: Said| (1..=peer.next).contains(&said.ack);
    let silent = (sender.syn.is_none() || peer.has_refused) && !sender.said.is_some_and(heeds);
    let asked = peer.syn.is_some();
    let answers = it.ack.is_none();
    match () {
        // Who answers a SYN without ever having said anything refuses it. A SYN-ACK asks for nothing: who has not sent the SYN has no connection.
        () if silent && peer.syn == Some(false) => Label::RstRefused,
        () if sender.is(TcpState::Closed) => Label::RstLate,
        // It answers what is of no connection.
        () if silent && !sender.settled && !peer.settled && peer.is_odd && !asked => Label::RstLate,
        () if answers && sender.fed_after_end == Some(it.seq) => Label::RstUnheard,
        () if answers && sender.fin.is_some() => Label::RstLate,
        () if answers && sender.syn == Some(false) && sender.is(TcpState::SynSent) => {
            Label::RstWaiting
        }
        // With its next number it gives up.
        () if answers && sender.is(TcpState::SynReceived) && it.seq != sender.next => {
            Label::RstWaiting
        }
        // It has never acknowledged anything: it answers an answer that it does not expect.
        () if asked && sender.said.is_none() => Label::RstLate,
        () => Label::RstBroken,
    }
}

/// The widest window that is not scaled: so much may be under way that a capture has missed.
const WIDEST_UNSCALED: i64 = 65_535;

/// Whether an end that has not answered the peer's SYN acknowledges what is not of this connection. Nothing but its end of one before
/// has it say so: a SYN has reached it, or the answer to an old SYN that came to a listener late.
fn is_of_earlier(sender: &Side, peer: &Side, it: &Placed) -> bool {
    let answers = |ack: i64| (1..=peer.next).contains(&ack);
    let none = it.is_bare() && it.ack.is_some_and(|ack| !answers(ack));
    // Where it has answered, or not all was seen, what is behind that may be of this one.
    let has_answered = sender.said.is_some_and(|said| answers(said.ack));
    let beyond = it.ack.map_or(0, |ack| ack - peer.next);
    let may_be_of_this = has_answered || (1..=WIDEST_UNSCALED).contains(&beyond);
    let has_before = match peer.syn {
        Some(true) => sender.sight.is_elsewhere || sender.syn.is_none(),
        Some(false) => sender.syn.is_none(),
        None => false,
    };
    none && !may_be_of_this && has_before
}

fn of_opening(sender: &mut Side, peer: &Side, it: &Placed) -> Option<Label> {
    if !it.has(Flags::SYN) {
        return None;
    }
    let with_ack = it.has(Flags::ACK);
    let earlier = sender.syn.replace(with_ack);
    let answers_crossed = with_ack && earlier.is_some() && sender.said.is_none();
    sender.has_answered_crossed |= answers_crossed;
    Some(match with_ack {
        true if answers_crossed => Label::SynAckCrossed,
        true => Label::SynAck,
        false if earlier.is_none() && peer.syn == Some(false) && !sender.has_refused => {
            Label::SynCrossed
        }
        false => Label::Syn,
    })
}

/// The end that asked to open acknowledges the other's SYN; one whose own SYN had an ACK has done
/// so with it.
fn is_third(sender: &mut Side, peer: &Side, it: &Placed) -> bool {
    let asked = sender.syn == Some(false) && peer.syn.is_some();
    let third = asked && !sender.shook && !it.has(Flags::SYN) && it.ack.is_some_and(|ack| ack > 0);
    sender.shook |= third;
    third
}

fn of_end(sender: &mut Side, peer: &Side, it: &Placed) -> Option<Label> {
    if !it.has(Flags::FIN) || it.is_old {
        return None;
    }
    if sender.fin.is_none() {
        sender.ended_second = sender.ends_second(peer, it);
    }
    // Nothing comes behind a FIN: where more was sent or has been acknowledged, it is of a connection before this one. A peer may acknowledge what was
    // never sent; so that counts only where the SYN was not seen.
    let is_behind_all =
        || sender.isn().is_some() || peer.said.is_none_or(|said| said.ack <= it.end);
    if sender.next <= it.end && is_behind_all() {
        sender.fin = Some(it.end - 1);
    }
    Some(match peer.fin {
        Some(_) if is_first_ack_of_fin(sender, peer, it) => Label::FinCombined,
        None => Label::FinFirst,
        // In a capture the peer's may seem to have arrived; by what it acknowledges it had not.
        Some(fin) if sender.has_heard_fin(peer) && it.ack.is_none_or(|ack| ack > fin) => {
            Label::FinSecond
        }
        Some(_) => Label::FinCrossed,
    })
}

fn is_first_ack_of_fin(sender: &Side, peer: &Side, it: &Placed) -> bool {
    let said = sender.said.map_or(0, |said| said.ack);
    peer.fin
        .is_some_and(|fin| it.ack.is_some_and(|ack| ack > fin) && said <= fin)
}

/// A probe asks for an ACK by repeating its last number, which was acknowledged long ago (RFC 9293 §3.8.4), or by the next
/// byte, for which there is no room. An ACK that was overtaken stands at an older number. A byte that was sent by itself when
/// there was room is a retransmission.
fn probe(sender: &Side, peer: &Side, it: &Placed) -> Option<Label> {
    let ends = Flags::SYN | Flags::FIN;
    peer.said?;
    if it.flags.any(ends) || !it.has(Flags::ACK) || it.bytes > 1 {
        return None;
    }
    // Its sender goes by the window that it has heard of: what reopens it may be lost, or on its way.
    let heard = sender.heard;
    let acknowledged = sender.next == it.seq + 1 && heard.ack == sender.next;
    let no_room = heard.window == 0 && it.bytes == 1 && it.seq == heard.ack;
    match (acknowledged, heard.window) {
        (true, 0) => Some(Label::Probe { byte: false }),
        (true, _) => Some(Label::KeepAlive),
        (false, _) => (no_room && !sender.was_alone(it.seq)).then_some(Label::Probe { byte: true }),
    }
}

fn bare_ack(sender: &Side, peer: &Side, it: &Placed) -> Bare {
    let (Some(ack), Some(said)) = (it.ack, sender.said) else {
        return Bare::Plain;
    };
    if is_first_ack_of_fin(sender, peer, it) {
        return Bare::OfFin;
    }
    let same_window = it.window == said.window;
    let repeats = same_window || it.sacks.any();
    // That a segment has come again says nothing of a gap: a sender that hears so does not count it (RFC 2883 §4).
    let repeats = repeats && !it.sacks.reports_known;
    let prompt = sender.prompt_of(it);
    let reports_gap = repeats && peer.next > ack && sender.has_gap(ack, it.sacked(), prompt);
    match ack - said.ack {
        ..0 => Bare::Old,
        0 if peer.probed && same_window => Bare::Plain,
        0 if reports_gap => Bare::Duplicate(said.repeats + 1),
        0 if it.sacks.reports_known => Bare::Plain,
        0 if !same_window => Bare::Window,
        _ => Bare::Plain,
    }
}

fn of_acknowledgment(sender: &Side, it: &Placed, bare: Option<Bare>, now_ns: u64) -> Label {
    let after_ns = sender.owed.since();
    // What comes late is not held back if something that came meanwhile has it sent.
    let after_ns = after_ns
        .map(|since| now_ns.saturating_sub(since))
        .filter(|after| !sender.owed.is_due_at_once() || *after < HELD_BACK_NS);
    // The SYN's number is no byte.
    let before = sender.said.map_or(1, |said| said.ack).max(1);
    let more = it.ack.map_or(0, |ack| (ack - before).max(0));
    let prompt = sender.prompt_of(it);
    match bare {
        Some(Bare::OfFin) => {
            // Where FINs have crossed, the last is one that is sent when the other's ACK has arrived:
            // perhaps neither. Neither waits for a FIN.
            let last = sender.has_heard_its_fin_acknowledged();
            let after_ns = after_ns.filter(|_| last || sender.fin.is_none());
            let bytes = (more - 1).max(0); // the FIN's number is none, either
            return Label::AckFin {
                bytes,
                last,
                after_ns,
            };
        }
        // What came last was no data behind the gap: it counts (RFC 5681 §2), but says nothing new.
        Some(Bare::Duplicate(_)) if prompt == Prompt::Known => {
            return Label::AckAgain(Prompt::Known);
        }
        Some(Bare::Duplicate(times)) => return Label::AckDup { times },
        // That of a SYN was counted otherwise, so the next one is another in any case.
        Some(Bare::Window) if sender.settled => return Label::Window,
        _ => {}
    }
    match more {
        0 if it.window == 0 && !it.has(Flags::SYN) && prompt != Prompt::Probe => Label::Window,
        0 if sender.said.is_none() && !it.has(Flags::SYN) && prompt == Prompt::Unseen => {
            Label::AckFirst
        }
        0 if prompt == Prompt::Known && sender.hears_crossed_answer => {
            Label::AckAgain(Prompt::CrossedAnswer)
        }
        0 => Label::AckAgain(prompt),
        bytes => Label::Ack { bytes, after_ns },
    }
}

/// The clock of a SYN+ACK runs for a second at first (RFC 6298 §2), by the ticks of a kernel up to some
/// hundredths less. Later than this, a clock and a SYN that came again cannot be told apart.
pub(super) const SYN_CLOCK_NS: u64 = 850_000_000;
/// Whether a SYN+ACK comes again because of the peer's SYN; `asked` if that was seen to come again.
fn is_answer(asked: bool, again: Again) -> bool {
    // No time-out is shorter than the one before it.
    let last_ns = again.last_wait_ns.unwrap_or(0) / 20 * 19; // kernels tick
    let limit = match asked {
        true => SYN_CLOCK_NS.max(last_ns),
        false => SHORTEST_RTO_NS,
    };
    again.wait_ns < limit
}

fn note(sender: &mut Side, it: &Placed, bare: Option<Bare>, now_ns: u64) {
    sender.settled |= !it.has(Flags::SYN);
    let Some(ack) = it.ack else { return };
    sender.prompt = Prompt::Unseen;
    let last = sender.said;
    sender.owed.acknowledged(ack, now_ns);
    let (last_ack, repeats) = last.map_or((ack, 0), |last| (last.ack, last.repeats));
    let repeats = match ack > last_ack {
        true => 0,
        false => repeats + u32::from(matches!(bare, Some(Bare::Duplicate(_)))),
    };
    if ack >= last_ack {
        sender.said_sacks = it.sacks;
    }
    sender.said = Some(Said {
        ack: ack.max(last_ack),
        window: it.window,
        repeats,
    });
}
