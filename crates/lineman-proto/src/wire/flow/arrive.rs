//! A segment arrives: what its receiver makes of it.

use super::Arrival;
use super::Delivered;
use super::Prompt;
use super::Segment;
use super::TcpState;
use super::Unbelieved;
use super::Way;
use super::accept::Acceptance;
use super::pair::Pair;
use super::side::Side;
use crate::wire::Flags;

/// Notes that an undamaged segment has reached its receiver, and says what it is to it.
pub(super) fn arrive(pair: &mut Pair, way: Way, now_ns: u64, segment: &Segment) -> Delivered {
    pair.asks(way, segment);
    let was_sent_before = segment.has(Flags::SYN) && pair.side(way).numbers.is_none();
    if was_sent_before {
        pair.begin(way, segment);
    }
    let placed = pair.place(way, segment);
    if was_sent_before {
        let (sender, peer) = pair.sides(way);
        sender.began_before(peer, &placed);
    }
    let window = pair.window(way, segment);
    let resets = placed.has(Flags::RST);
    let (sender, receiver) = pair.sides(way);
    if receiver.received.expects == 0 && sender.numbers.is_some_and(|it| !it.certain) {
        receiver.received.expects = placed.seq; // the connection is older than what was seen of it
        receiver.sight.first_seen = Some(placed.seq);
    }
    let due = receiver.received.expects;
    let acknowledged = receiver.heard.ack;
    let had_fin = receiver.has_heard_fin(sender);
    let acceptance = receiver.acceptance(sender, &placed, now_ns);
    let is_taken = !resets && acceptance == Acceptance::Taken;
    // What acknowledges something that was never sent is not believed (RFC 9293 §3.10.7.4).
    let ack = placed.ack.filter(|ack| is_taken && *ack <= receiver.next);
    if let Some(ack) = ack {
        let bare = placed.seq == placed.end && !sender.probed;
        receiver.hear((ack, segment.window), bare, placed.sacks, now_ns);
        receiver.heard.widest = receiver.heard.widest.max(window);
    }
    if is_taken && ack == placed.ack && ack.is_none_or(|ack| ack == receiver.heard.ack) {
        receiver.hears_stamp(&placed, now_ns);
    }
    if resets {
        receiver.heard.at_ns = now_ns;
    }
    let arrival = match acceptance {
        _ if resets => match receiver.refuses_reset(sender, &placed, receiver.due_of_reset(due)) {
            Some(check) => {
                receiver.sight.refuses(placed.seq, due);
                Arrival::ResetIgnored(check)
            }
            None => Arrival::InOrder,
        },
        _ if receiver.is(TcpState::Closed) => Arrival::Gone,
        Acceptance::Unexpected => Acceptance::unexpected(&placed),
        Acceptance::Stale => Arrival::Stale,
        Acceptance::OldAck => Arrival::OldAck,
        // A probe is one of these on purpose.
        Acceptance::Old if placed.seq == placed.end && !sender.probed => Arrival::Passed { due },
        _ if receiver.has_no_room_for(sender, &placed) => Arrival::NoRoom,
        Acceptance::Taken | Acceptance::Old => {
            match receiver.received.add(placed.seq, placed.end) {
                Arrival::Known if placed.has(Flags::SYN) => Arrival::SynAgain,
                Arrival::Known if placed.has(Flags::FIN) && receiver.is(TcpState::TimeWait) => {
                    Arrival::FinAgain
                }
                arrival => arrival,
            }
        }
    };
    if is_taken && arrival == Arrival::Early && placed.has(Flags::FIN) {
        receiver.hears_fin_early(sender);
    }
    if receiver.received.expects > due {
        receiver.owed.arrived(receiver.received.expects, now_ns);
        receiver
            .owed
            .fills(full_segments(receiver, sender, segment));
        sender.has_shown_all_to(receiver.received.expects);
        receiver.hears_in_front_of_unseen(sender);
    }
    if is_taken {
        receiver.fills_before_fin(sender, &placed);
        receiver.hears_fin(sender, had_fin, now_ns);
    }
    if answers_at_once(arrival) {
        receiver.owed.must_answer();
    }
    receiver.hears_crossed_answer =
        arrival == Arrival::SynAgain && acknowledged < 1 && receiver.heard.ack >= 1;
    receiver.asked_again |= arrival == Arrival::SynAgain;
    receiver.prompt = match arrival {
        _ if sender.probed => Prompt::Probe,
        Arrival::Known | Arrival::SynAgain | Arrival::FinAgain => Prompt::Known,
        Arrival::Passed { .. } => Prompt::Passed,
        _ => Prompt::Unseen,
    };
    let seemed_known = receiver.prompt == Prompt::Known && placed.end <= receiver.received.expects;
    receiver.known_to = seemed_known.then_some(placed.end);
    let brings_more = placed.bytes > 0 && receiver.received.expects > due;
    if brings_more && receiver.fin.is_some() {
        receiver.fed_after_end = placed.ack;
    }
    receiver.settles_what_may_have_come();
    let before = receiver.life.state();
    let moved = receiver.lives_by_hearing(sender, &placed, (due, is_taken));
    receiver.goes(before, false, now_ns);
    Delivered { arrival, moved }
}

/// The options that carry timestamps take so many bytes of each segment (RFC 7323, appendix A).
const TIME_STAMPS: u32 = 12;

/// How many full segments a packet has: none of a smaller one, several of one that a capture has seen put together. An end sends as much as
/// the other takes, and as much as it takes itself at most: that is by its link.
fn full_segments(receiver: &Side, sender: &Side, segment: &Segment) -> u32 {
    let Some(mss) = receiver
        .mss
        .zip(sender.mss)
        .map(|(one, other)| one.min(other))
    else {
        return 0;
    };
    let options = segment.time_stamps.map_or(0, |_| TIME_STAMPS);
    segment.len / u32::from(mss).saturating_sub(options).max(1)
}

/// Whether an arrival is answered by an ACK at once, which acknowledges all that has come (RFC 5681 §4.2, RFC 9293 §3.10.7.4).
fn answers_at_once(arrival: Arrival) -> bool {
    match arrival {
        Arrival::Early
        | Arrival::Known
        | Arrival::SynAgain
        | Arrival::FinAgain
        | Arrival::NoRoom
        | Arrival::Stale
        | Arrival::OldAck
        | Arrival::Passed { .. }
        | Arrival::ResetIgnored(Unbelieved::NotDue { .. }) => true,
        Arrival::InOrder
        | Arrival::FinTooEarly
        | Arrival::ResetIgnored(_)
        | Arrival::Damaged
        | Arrival::Gone => false,
    }
}
