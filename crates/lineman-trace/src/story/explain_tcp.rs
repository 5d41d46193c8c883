//! What there is to say about a segment.

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Place;
use lineman_proto::wire::flow::Prompt;
use lineman_proto::wire::flow::Segment;

use super::Around;
use super::Arrow;
use super::Row;
use super::Saying;
use super::explain_resent::of_resent;
use super::explain_reset::of_reset;
use crate::log::TcpState;

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
    match (reset, of_resent(row, arrow, segment)) {
        (Some(reset), _) => out.push(reset),
        (None, Some(resent)) => out.extend(resent),
        (None, None) if is_full && label == Label::Window => {}
        (None, None) => out.extend(said(row, arrow, segment, (label, place), around)),
    }
    if arrow.again.is_some_and(|it| it.cause == Cause::Probed) {
        out.push(Saying::DataProbed { first: place.seq });
    }
    if is_full {
        out.push(Saying::WindowZero { who: arrow.from });
    }
}

fn said(
    row: &Row,
    arrow: &Arrow,
    segment: &Segment,
    (label, place): (Label, Place),
    around: &Around,
) -> Option<Saying> {
    let who = arrow.from;
    let (seq, next) = (place.seq, place.ack.unwrap_or_default());
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
        Label::SynAck => Saying::SynAck {
            who,
            isn,
            ack,
            next,
        },
        Label::SynAckCrossed => Saying::SynAckCrossed { who, ack },
        Label::AckThird => Saying::AckThird {
            who,
            seq,
            ack,
            next,
        },
        Label::Data { half: true } if around.closed[who.other()] => Saying::DataUnheard {
            who,
            len,
            first,
            last,
        },
        Label::Data { half: true } => Saying::DataHalf {
            who,
            len,
            first,
            last,
        },
        Label::Data { half: false } => Saying::Data {
            who,
            len,
            first,
            last,
        },
        Label::RstRefused | Label::RstBroken | Label::RstLate | Label::RstUnheard => return None,
        Label::FinFirst => Saying::FinFirst { who, seq },
        Label::FinSecond => Saying::FinSecond { who, seq },
        Label::FinCombined => Saying::FinCombined {
            who,
            seq,
            ack: next,
        },
        Label::FinCrossed => Saying::FinCrossed { who, seq },
        Label::Window => Saying::Window {
            who,
            window: place.window.into(),
        },
        Label::Probe { byte: true } => Saying::ProbeByte { who, first },
        Label::Probe { byte: false } => Saying::Probe { who },
        Label::KeepAlive => Saying::KeepAlive { who },
        Label::AckAgain(Prompt::Known) => Saying::AckAgain { who, next },
        Label::AckAgain(Prompt::Probe) => Saying::AckProbe { who, next },
        Label::AckAgain(Prompt::Unseen) => Saying::AckSame { who, next },
        Label::AckDup { times } => Saying::AckDup { who, times, next },
        Label::Ack { bytes, .. } => {
            let bytes = bytes.unsigned_abs(); // never negative: it is what more is acknowledged
            match label.delay_ns() {
                Some(ns) => Saying::AckDelayed {
                    who,
                    bytes,
                    next,
                    millis: ns / 1_000_000,
                },
                None => Saying::Ack { who, bytes, next },
            }
        }
        Label::AckFin { .. } if closing(row, arrow) => Saying::AckFinCrossed { who, next },
        Label::AckFin { last: true, .. } => Saying::AckFinLast { who, next },
        Label::AckFin { last: false, .. } => match label.delay_ns() {
            Some(ns) => Saying::AckFinDelayed {
                who,
                next,
                millis: ns / 1_000_000,
            },
            None => Saying::AckFin { who, next },
        },
    })
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
