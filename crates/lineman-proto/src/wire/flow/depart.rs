//! A segment leaves: what it is to its sender.

use super::Cause;
use super::Label;
use super::Order;
use super::Place;
use super::Prompt;
use super::Segment;
use super::Sent;
use super::Way;
use super::counts::Countable;
use super::crossing::LacksFin;
use super::judge;
use super::judge::Found;
use super::judge::Packet;
use super::label::HELD_BACK_NS;
use super::life::Departs;
use super::pair::Pair;
use super::side::Side;
use crate::wire::Flags;

/// No ACK of Linux is delayed for longer (`TCP_DELACK_MAX`).
const LONGEST_DELAY_NS: u64 = 200_000_000;

/// Notes that a segment leaves, and says what it is.
pub(super) fn depart(pair: &mut Pair, way: Way, packet: Packet, segment: &Segment) -> Sent {
    pair.begin(way, segment);
    let placed = pair.place(way, segment);
    let window = pair.window(way, segment);
    let (sender, peer) = pair.sides(way);
    let (next, had_settled, prompt) = (sender.next, sender.settled, sender.prompt);
    let fills_window = placed.bytes > 0
        && Some(placed.end) == peer.offers_to
        && Side::agree_on_scale(sender, peer);
    let had_room = sender.said.is_none_or(|said| said.window > 0);
    let said = sender.said.map_or(0, |said| said.ack);
    let is_newest = placed.ack.is_some_and(|ack| ack >= said);
    sender.measures_round(peer, &placed, packet.now_ns);
    let acks_unseen = placed.ack.is_some_and(|ack| ack > peer.next);
    sender.looks_back(peer, &placed, packet.now_ns);
    let lacks = sender.shows_lack(peer, &placed);
    let peer_may_have_ended = peer.may_have_ended_unseen();
    let (asked_ns, heard_ns) = (sender.asked_ns, sender.heard.current_ns);
    let owed_ns = sender.owed.since().filter(|_| prompt == Prompt::Known);
    let is_late = |at: u64| packet.now_ns.saturating_sub(at) >= HELD_BACK_NS;
    let looks_delayed = sender.owed.is_due_at_once() && owed_ns.is_some_and(is_late);
    let since_ns = sender.owed.since().unwrap_or(packet.now_ns);
    let acks_late = packet.now_ns.saturating_sub(since_ns) > LONGEST_DELAY_NS;
    let tries_new = placed.bytes > 0 && sender.tries_new(placed.seq);
    let Found {
        label,
        order,
        again,
    } = match placed.has(Flags::RST) {
        true => Found {
            label: judge::of_reset(sender, peer, &placed),
            order: Order::Next,
            again: None,
        },
        false => judge::judge(sender, peer, &placed, packet),
    };
    sender.has_refused |= label == Label::RstRefused;
    sender.has_rejected |= label == Label::RstWaiting && sender.syn == Some(false);
    sender.counts.add(&Countable {
        label,
        order,
        again,
        bytes: placed.bytes,
        resets: placed.has(Flags::RST),
        closes_window: had_room && placed.closes_window(),
        acks_unseen,
    });
    let lacks_fin = match again.is_some_and(|again| again.cause == Cause::Doubled) {
        true => LacksFin::No,
        false => sender.lacks_fin(peer, &placed, (label, is_newest), packet.now_ns),
    };
    let before = sender.life.state();
    let how = Departs {
        next,
        again,
        had_settled,
        prompt,
        lacks,
        lacks_fin,
        now_ns: packet.now_ns,
    };
    let moved = sender.lives_by_sending(peer, &placed, how);
    sender.goes(before, placed.has(Flags::RST), packet.now_ns);
    if let Some(ack) = placed.ack.filter(|_| !placed.has(Flags::RST)) {
        let room_to = ack + i64::from(window);
        sender.room_to = sender.room_to.max(Some(room_to));
        let is_newest = sender.said.is_some_and(|said| said.ack == ack);
        if is_newest {
            sender.offers_to = Some(room_to);
        }
    }
    let since_ns = match label {
        Label::Probe { .. } | Label::KeepAlive => asked_ns.map(|asked| asked.max(heard_ns)),
        _ => asked_ns,
    };
    Sent {
        way,
        place: Place {
            seq: placed.seq,
            ack: placed.ack,
            window,
            is_scaled: window == 0
                || placed.has(Flags::SYN)
                || Side::agree_on_scale(pair.side(way), pair.side(way.other())),
            from_start: pair.side(way).isn().is_some(),
        },
        label,
        order,
        again,
        fills_window,
        waited_ns: since_ns.map(|since| packet.now_ns.saturating_sub(since)),
        tries_new,
        acks_unseen,
        peer_may_have_ended,
        acks_late,
        answers_again: looks_delayed && matches!(label, Label::Ack { .. } | Label::AckFin { .. }),
        moved,
    }
}
