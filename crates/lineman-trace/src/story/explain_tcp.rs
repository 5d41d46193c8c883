//! What there is to say about a segment.

use super::Arrow;
use super::Row;
use super::Saying;
use super::pending::by_clock;
use crate::log::TcpState;
use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::Again;
use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Place;
use lineman_proto::wire::flow::Segment;

pub(super) fn of_segment(row: &Row, arrow: &Arrow, segment: &Segment, out: &mut Vec<Saying>) {
    let (Some(label), Some(place)) = (arrow.label, arrow.place) else {
        return;
    };
    let closes = segment.has(Flags::RST) || segment.has(Flags::SYN);
    let is_full = segment.window == 0 && !closes && label != Label::Probe;
    // What a clock did not send again, and nothing asked for, goes along with something new.
    let again = arrow.again.filter(|again| {
        let told = row.clock.is_some_and(|clock| clock.host == arrow.from);
        again.cause != Cause::Silence || by_clock(arrow, told)
    });
    match again {
        Some(again) => out.push(resent(row, arrow, again)),
        None if is_full && label == Label::Window => {}
        None => out.push(said(row, arrow, segment, label, place)),
    }
    if is_full {
        out.push(Saying::WindowZero { who: arrow.from });
    }
}

fn resent(row: &Row, arrow: &Arrow, again: Again) -> Saying {
    let who = arrow.from;
    let (times, millis) = (again.times, again.wait_ns / 1_000_000);
    match again.cause {
        Cause::Acks => Saying::ResentFast { who },
        Cause::Asked => Saying::ResentAsked { who },
        Cause::Doubled => Saying::Copied { of: again.earlier },
        // It may have arrived and found no room.
        Cause::Silence if arrow.earlier_lost == Some(false) && !taken(row, arrow) => {
            Saying::ResentNeedless { who, times, millis }
        }
        Cause::Silence => Saying::Resent { who, times, millis },
    }
}

fn said(row: &Row, arrow: &Arrow, segment: &Segment, label: Label, place: Place) -> Saying {
    let who = arrow.from;
    let (seq, next) = (place.seq, place.ack.unwrap_or_default());
    let len = u64::from(segment.len);
    let (first, last) = (seq, seq + i64::from(segment.len.saturating_sub(1)));
    let port = |end: Option<std::net::SocketAddr>| end.map_or(0, |end| end.port());
    let (isn, ack) = (segment.seq, segment.ack);
    match label {
        Label::Syn => Saying::Syn {
            who,
            isn,
            port: port(arrow.seen.to),
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
        Label::RstRefused => Saying::RstRefused {
            who,
            port: port(arrow.seen.from),
        },
        Label::RstBroken if closes(row, arrow) => Saying::RstUnread { who },
        Label::RstBroken => Saying::RstBroken { who },
        Label::RstLate => Saying::RstLate { who },
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
        Label::Probe => Saying::Probe { who },
        Label::KeepAlive => Saying::KeepAlive { who },
        Label::AckAgain => Saying::AckAgain { who, next },
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

/// Whether the sender closes its socket in this row.
fn closes(row: &Row, arrow: &Arrow) -> bool {
    let call = row.calls[arrow.from].as_ref();
    call.is_some_and(|call| call.name == "close")
}
