//! What there is to say about a segment.

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Order;
use lineman_proto::wire::flow::Place;
use lineman_proto::wire::flow::Prompt;
use lineman_proto::wire::flow::Segment;

use super::Around;
use super::Arrow;
use super::Expiry;
use super::Known;
use super::Row;
use super::Saying;
use super::explain_resent::of_resent;
use super::explain_reset::is_captured;
use super::explain_reset::of_reset;
use super::millis;
use super::value::full_millis;
use crate::log::Congestion;
use crate::log::Host;
use crate::log::Origin;
use crate::log::TcpState;
use crate::log::TimerKind;

/// FINs that are sent for the first time.
const FINS: [Label; 4] = [
    Label::FinFirst,
    Label::FinSecond,
    Label::FinCombined,
    Label::FinCrossed,
];

pub(super) fn of_segment(
    row: &Row,
    arrow: &Arrow,
    segment: &Segment,
    around: &Around,
    out: &mut Vec<Saying>,
) {
    let (Some(label), Some(place)) = (arrow.label, arrow.place) else {
        return;
    };
    let closes = segment.has(Flags::RST) || segment.has(Flags::SYN);
    let probes = matches!(label, Label::Probe { .. });
    let is_full = segment.window == 0 && !closes && !probes;
    let reset = of_reset(row, arrow, label, around);
    match of_resent(row, arrow, segment, around.is_simulated) {
        _ if !reset.is_empty() => out.extend(reset),
        // Whatever its number is: a probe, if the persist timer had it sent.
        Some(_) if persists(row, arrow) => {
            out.push(Saying::Probe { who: arrow.from });
            out.extend(beside(row, arrow, label));
        }
        Some(resent) => {
            out.extend(resent);
            out.extend(congestion(arrow, segment, around));
        }
        None if is_full && label == Label::Window => {}
        None => {
            out.extend(bytes_of_fin(arrow, segment, (label, place)));
            out.extend(said(row, arrow, segment, (label, place), around));
            let who = arrow.from;
            let kept = arrow.kept_back_ns.map(full_millis);
            out.extend(kept.map(|millis| Saying::KeptBack { who, millis }));
            let kernel = FINS.contains(&label) && around.left_open;
            out.extend(kernel.then_some(Saying::KernelCloses { who: arrow.from }));
            let both = segment.has(Flags::SYN) && segment.has(Flags::FIN);
            out.extend(both.then_some(Saying::SynFin { who: arrow.from }));
            out.extend(last_descriptor(row, arrow, around));
            out.extend(deferred(row, arrow, label, around));
            out.extend(beside(row, arrow, label));
            // A capture does not show whether what came again had come by then.
            let forced = arrow.answers_again && !is_captured(arrow) && !was_delayed(row, arrow);
            out.extend(forced.then_some(Saying::AckForced { who: arrow.from }));
        }
    }
    let probed = arrow.again.is_some_and(|it| it.cause == Cause::Probed);
    if probed && !persists(row, arrow) {
        out.push(Saying::DataProbed { first: place.seq });
    }
    // The answer to a probe says how large the window is.
    if is_full && label != Label::AckAgain(Prompt::Probe) {
        out.push(Saying::WindowZero { who: arrow.from });
    }
}

/// A FIN that leaves when its TCP comes into the state, and not when a call of before has returned.
fn last_descriptor(row: &Row, arrow: &Arrow, around: &Around) -> Option<Saying> {
    use TcpState::{FinWait1, LastAck};
    let who = arrow.from;
    let cell = row.states[who].filter(|cell| cell.known == Known::Kernel);
    let now =
        cell.is_some_and(|it| it.before != it.after && matches!(it.after, FinWait1 | LastAck));
    let calls = row.calls[who].is_none();
    (around.closed_before && now && calls).then_some(Saying::LastDescriptor { who })
}

/// The last segment of a handshake that leaves its receiver where it was.
fn deferred(row: &Row, arrow: &Arrow, label: Label, around: &Around) -> Option<Saying> {
    let who = arrow.from.other();
    let third = matches!(label, Label::AckThird { .. }) && arrow.fate.arrives();
    let cell = row.states[who].filter(|cell| cell.known == Known::Kernel);
    let stays = cell.is_some_and(|cell| cell.after == TcpState::SynReceived);
    (around.defers && third && stays).then_some(Saying::AckDeferred { who })
}

fn said(
    row: &Row,
    arrow: &Arrow,
    segment: &Segment,
    (label, place): (Label, Place),
    around: &Around,
) -> Option<Saying> {
    let who = arrow.from;
    let next = place.ack.unwrap_or_default();
    let (seq, fin) = (place.seq, place.seq + i64::from(segment.len));
    let len = u64::from(segment.len);
    let (first, last) = (seq, seq + i64::from(segment.len.saturating_sub(1)));
    let port = arrow.seen.to.map_or(0, |end| end.port());
    let (isn, ack) = (segment.seq, segment.ack);
    Some(match label {
        Label::Syn => match arrow.nobody {
            Some(address) => Saying::SynElsewhere {
                who,
                isn,
                port,
                address: address.to_string(),
            },
            None => Saying::Syn { who, isn, port },
        },
        Label::SynCrossed => Saying::SynCrossed { who, isn },
        Label::SynAck if arrow.acks_unseen || place.ack.is_some_and(|ack| ack < 1) => {
            Saying::SynAckWrong { who, isn, ack }
        }
        Label::SynAck => Saying::SynAck {
            who,
            isn,
            ack,
            next,
        },
        Label::SynAckCrossed => Saying::SynAckCrossed { who, ack },
        Label::AckThird { crossed: true } => Saying::AckSyn { who, ack },
        Label::AckThird { crossed: false } => Saying::AckThird {
            who,
            seq,
            ack,
            next,
        },
        Label::Data { .. } if was_closed(row, arrow) => Saying::DataClosed {
            who,
            len,
            first,
            last,
        },
        Label::Data { half: true } if around.closed[who.other()] => Saying::DataUnheard {
            who,
            len,
            first,
            last,
        },
        Label::Data { half: true } if around.deaf[who.other()] => Saying::DataUnheardShut {
            who,
            len,
            first,
            last,
        },
        Label::Data { half: true } if !is_over(row) => Saying::DataHalf {
            who,
            len,
            first,
            last,
        },
        Label::Data { .. } => Saying::Data {
            who,
            len,
            first,
            last,
        },
        Label::RstRefused
        | Label::RstBroken
        | Label::RstLate
        | Label::RstWaiting
        | Label::RstUnheard => return None,
        Label::AckEarlier => Saying::AckEarlier { who, ack },
        Label::SynInside => Saying::SynInside { who, seq },
        Label::NoAck => Saying::NoAck { who },
        Label::FinFirst if arrow.peer_may_have_ended => Saying::FinSeen { who, seq: fin },
        Label::FinFirst => Saying::FinFirst { who, seq: fin },
        Label::FinSecond => Saying::FinSecond { who, seq: fin },
        // Something in front of it may have acknowledged the peer's FIN already, and what comes so late is not closed at once.
        Label::FinCombined if arrow.order == Some(Order::Gap) || arrow.acks_late => {
            Saying::FinAnswers {
                who,
                seq: fin,
                ack: next,
            }
        }
        Label::FinCombined => Saying::FinCombined {
            who,
            seq: fin,
            ack: next,
        },
        Label::FinCrossed => Saying::FinCrossed { who, seq: fin },
        Label::Window if !place.is_scaled => Saying::WindowUnscaled {
            who,
            field: segment.window.into(),
        },
        Label::Window => Saying::Window {
            who,
            window: place.window.into(),
        },
        Label::Probe { byte: true } => Saying::ProbeByte { who, first },
        Label::Probe { byte: false } => Saying::Probe { who },
        Label::KeepAlive => Saying::KeepAlive { who, seq },
        Label::AckAgain(Prompt::Known) => Saying::AckAgain { who, next },
        Label::AckAgain(Prompt::CrossedAnswer) => Saying::AckCrossed { who, next },
        Label::AckAgain(Prompt::Passed) => Saying::AckPassed { who, next },
        Label::AckAgain(Prompt::Probe) if !place.is_scaled => Saying::AckSame { who, next },
        Label::AckAgain(Prompt::Probe) => Saying::AckProbe {
            who,
            next,
            window: place.window.into(),
        },
        Label::AckAgain(Prompt::Unseen) => Saying::AckSame { who, next },
        Label::AckDup { times } => Saying::AckDup { who, times, next },
        Label::AckFirst => Saying::AckFirst { who, next },
        // Whether bytes or a FIN, nobody knows.
        Label::Ack { .. } if arrow.acks_unseen => Saying::AckUnseen { who, next },
        Label::Ack { bytes, .. } => {
            let bytes = bytes.unsigned_abs(); // never negative: it is what more is acknowledged
            match held_back_ns(row, arrow, label) {
                Some(ns) => Saying::AckDelayed {
                    who,
                    bytes,
                    next,
                    millis: millis(ns),
                },
                None => Saying::Ack { who, bytes, next },
            }
        }
        Label::AckFin { .. } if closing(row, arrow) => Saying::AckFinCrossed { who, next },
        Label::AckFin { last: true, .. } => Saying::AckFinLast { who, next },
        Label::AckFin { last: false, .. } => match held_back_ns(row, arrow, label) {
            Some(ns) => Saying::AckFinDelayed {
                who,
                next,
                millis: millis(ns),
            },
            None => Saying::AckFin { who, next },
        },
    })
}

/// What its sender's congestion control has come to, where its TCP has told.
fn congestion(arrow: &Arrow, segment: &Segment, around: &Around) -> Vec<Saying> {
    // What the numbers mean depends on the algorithm.
    let named = |told: &&Congestion| !told.algorithm.is_empty();
    let Some(told) = around.congestion.as_ref().filter(named) else {
        return Vec::new();
    };
    let (who, algorithm) = (arrow.from, told.algorithm.clone());
    let window = told.window.into();
    let now = match told.threshold {
        Some(threshold) => Saying::Congestion {
            who,
            algorithm,
            window,
            threshold: threshold.into(),
        },
        None => Saying::CongestionWindow {
            who,
            algorithm,
            window,
        },
    };
    let rule = match segment.has(Flags::SYN) {
        true => Saying::CongestionSyn { who },
        false => Saying::CongestionRule { who },
    };
    vec![now, rule]
}

/// The bytes that a FIN carries; its own number stands behind them.
fn bytes_of_fin(
    arrow: &Arrow,
    segment: &Segment,
    (label, place): (Label, Place),
) -> Option<Saying> {
    let first = place.seq;
    let bytes = Saying::Data {
        who: arrow.from,
        len: segment.len.into(),
        first,
        last: first + i64::from(segment.len) - 1,
    };
    (segment.len > 0 && FINS.contains(&label)).then_some(bytes)
}

/// What else there is to say of a segment that is sent for the first time: which timer had it sent, and what an ACK
/// of a FIN covers besides.
fn beside(row: &Row, arrow: &Arrow, label: Label) -> Option<Saying> {
    let who = arrow.from;
    let told = row
        .timer
        .filter(|timer| timer.host == who && timer.origin != Origin::Inferred);
    let millis = |timer: Expiry| millis(timer.wait_ns);
    match (label, told) {
        (Label::AckFin { bytes, .. }, _) if bytes > 0 => Some(Saying::AckFinBytes {
            bytes: bytes.unsigned_abs(),
        }),
        (_, Some(timer)) if timer.kind == TimerKind::Persist => {
            let millis = millis(timer);
            Some(Saying::ProbeTimer { who, millis })
        }
        (_, Some(timer)) if timer.kind == TimerKind::LossProbe => {
            let millis = millis(timer);
            Some(Saying::LossProbeNew { who, millis })
        }
        _ if arrow.tries_new => Some(Saying::TriesNew { who }),
        _ => None,
    }
}

/// Whether its sender's TCP has told that its persist timer had it sent.
fn persists(row: &Row, arrow: &Arrow) -> bool {
    let timer = row.timer.filter(|timer| timer.host == arrow.from);
    timer.is_some_and(|timer| timer.kind == TimerKind::Persist)
}

/// Whether an end of the connection is closed for good: no direction of it is open.
fn is_over(row: &Row) -> bool {
    let hosts = [Host::Client, Host::Server].into_iter();
    let mut cells = hosts.filter_map(|host| row.states[host]);
    cells.any(|cell| cell.before == TcpState::Closed && cell.known != Known::Kernel)
}

/// Whether its sender is closed by what was captured before, which it may not have received.
fn was_closed(row: &Row, arrow: &Arrow) -> bool {
    let cell = row.states[arrow.from].filter(|_| is_captured(arrow));
    cell.is_some_and(|cell| cell.before == TcpState::Closed)
}

/// Whether its sender's TCP has told that its timer of a delayed ACK had it sent.
fn was_delayed(row: &Row, arrow: &Arrow) -> bool {
    let timer = row.timer.filter(|timer| timer.host == arrow.from);
    timer.is_some_and(|timer| timer.kind == TimerKind::DelayedAck)
}

/// How long an ACK was held back, if it was: its TCP says so, or the time.
fn held_back_ns(row: &Row, arrow: &Arrow, label: Label) -> Option<u64> {
    match was_delayed(row, arrow) {
        true => label.after_ns(),
        false => label.delay_ns(),
    }
}

/// Whether its sender is in CLOSING: both FINs were under way at once.
fn closing(row: &Row, arrow: &Arrow) -> bool {
    row.states[arrow.from].is_some_and(|cell| cell.after == TcpState::Closing)
}

/// Whether a SYN is taken only now: the receiver leaves LISTEN.
pub(super) fn taken(row: &Row, arrow: &Arrow) -> bool {
    let moves = row.states[arrow.from.other()].filter(|cell| cell.before != cell.after);
    moves.is_some_and(|cell| cell.after == TcpState::SynReceived)
}
