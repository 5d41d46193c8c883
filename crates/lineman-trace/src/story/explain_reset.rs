//! What there is to say about a reset: which end has given up, and why.

use std::net::IpAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::Arrival;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Unbelieved;

use super::Around;
use super::Arrow;
use super::Fate;
use super::Known;
use super::Row;
use super::Saying;
use super::around::Connecting;
use super::sending::is_dissolving;
use crate::log::Counter;
use crate::log::Host;
use crate::log::TcpState;

/// Why a connection is reset, and what comes of that; nothing of what is no reset.
pub(super) fn of_reset(row: &Row, arrow: &Arrow, label: Label, around: &Around) -> Vec<Saying> {
    let who = arrow.from;
    if let Some(unbelieved) = unbelieved(arrow, label) {
        return vec![unbelieved];
    }
    let why = match label {
        Label::RstRefused => refused(arrow, around),
        Label::RstUnheard if around.deaf[who] => Saying::RstUnheardShut { who },
        Label::RstUnheard => Saying::RstUnheard { who },
        Label::RstLate => return vec![Saying::RstLate { who }],
        Label::RstBroken if has_none(row, arrow) => return vec![Saying::RstLate { who }],
        Label::RstWaiting => Saying::RstWaiting { who },
        Label::RstBroken => match arrow.counter {
            _ if dissolves(row, arrow) => Saying::RstDissolved { who },
            Some(Counter::AbortOnClose) => Saying::RstUnread { who },
            Some(Counter::AbortOnData) => Saying::RstLinger { who },
            _ if closes(row, arrow) => Saying::RstClosed { who },
            _ if around.untaken => Saying::RstUntaken { who },
            // Neither a SYN nor an ACK of it was captured.
            _ if is_captured(arrow) && row.states[who].is_none() => {
                return vec![Saying::RstSomehow { who }];
            }
            _ => Saying::RstBroken { who },
        },
        _ => return Vec::new(),
    };
    // One that never arrives changes nothing at the other end.
    let noticed = match label {
        _ if arrow.fate == Fate::Dropped => None,
        Label::RstRefused => refused_call(row, arrow, around),
        _ => noticed(row, arrow, around),
    };
    let left_open = label == Label::RstBroken && around.left_open;
    let kernel = left_open.then_some(Saying::KernelCloses { who });
    [why].into_iter().chain(kernel).chain(noticed).collect()
}

/// A capture does not show what its receiver makes of a reset. Where the number is not the one that is due, that follows from the rules.
fn unbelieved(arrow: &Arrow, label: Label) -> Option<Saying> {
    let (who, seq) = (arrow.from, arrow.place?.seq);
    let ends = label == Label::RstBroken && arrow.fate == Fate::Captured;
    match arrow.arrival {
        Arrival::ResetIgnored(Unbelieved::Outside { due }) if ends => {
            Some(Saying::RstOutside { who, seq, due })
        }
        Arrival::ResetIgnored(Unbelieved::NotDue { due }) if ends => {
            Some(Saying::RstNotDue { who, seq, due })
        }
        _ => None,
    }
}

/// What the program at the other end notices, if it has the socket still.
fn noticed(row: &Row, arrow: &Arrow, around: &Around) -> Option<Saying> {
    let (who, peer) = (arrow.from, arrow.from.other());
    // A reset by a number that is not due is not believed (RFC 5961 §3.2).
    let ended = match arrow.fate {
        Fate::Delivered => peer,
        _ => who,
    };
    let is_over = |host: Host| row.states[host].is_none_or(|cell| cell.after == TcpState::Closed);
    let before = row.states[peer].map(|cell| cell.before);
    match before {
        _ if !is_over(ended) => None,
        _ if around.closed[peer] => None,
        None if around.all_asked => None,
        Some(TcpState::Closed | TcpState::Listen | TcpState::TimeWait) => None,
        Some(TcpState::SynReceived) => None, // no program has it yet
        Some(TcpState::CloseWait) => Some(Saying::RstNoticedAfterFin { who: peer }),
        _ => Some(Saying::RstNoticed { who: peer }),
    }
}

/// What comes of the call that has asked for a connection. If it returns in this row, that is said of the call.
fn refused_call(row: &Row, arrow: &Arrow, around: &Around) -> Option<Saying> {
    let who = arrow.from.other();
    let returns = row.calls[who]
        .as_ref()
        .is_some_and(|call| call.answer.is_some());
    // Its program has closed the socket meanwhile, and no call waits.
    let is_gone = row.states[who].is_some_and(|cell| cell.before == TcpState::Closed);
    match around.connecting {
        Some(Connecting::Later) => Some(Saying::RstRefusedLater { who }),
        Some(Connecting::InTheCall | Connecting::Nobody) => None,
        None => (!returns && !is_gone).then_some(Saying::RstRefusedUnseen { who }),
    }
}

/// Nothing is listening there; but perhaps at another address of the same host.
fn refused(arrow: &Arrow, around: &Around) -> Saying {
    let who = arrow.from;
    let port = arrow.seen.from.map_or(0, |from| from.port());
    let ip = |ip: IpAddr| ip.to_string();
    match (around.elsewhere, arrow.seen.from) {
        (Some(listens), Some(from)) => Saying::RstElsewhere {
            who,
            port,
            address: ip(from.ip()),
            listens: ip(listens.ip()),
            any: super::explain::any_address(from).to_owned(),
        },
        // A lab has no firewalls.
        _ if is_captured(arrow) => Saying::RstRefusedSomehow { who, port },
        _ => Saying::RstRefused { who, port },
    }
}

/// Whether it was seen in a capture: what else is on that network is not known.
pub(super) fn is_captured(arrow: &Arrow) -> bool {
    arrow.fate == Fate::Captured || arrow.between.is_some()
}

/// Whether the sender's kernel had no such connection any more, and its RST answers a segment: one without ACK does (RFC 9293 §3.10.7.1), and
/// Linux breaks off by one with ACK.
fn has_none(row: &Row, arrow: &Arrow) -> bool {
    let cell = row.states[arrow.from].filter(|cell| cell.known == Known::Kernel);
    let segment = arrow.seen.segment();
    cell.is_some_and(|cell| cell.before == TcpState::Closed)
        && segment.is_some_and(|segment| !segment.has(Flags::ACK))
}

/// Whether the sender's program gives the connection up in this row, by connect() with AF_UNSPEC.
fn dissolves(row: &Row, arrow: &Arrow) -> bool {
    let call = row.calls[arrow.from].as_ref();
    call.is_some_and(|call| is_dissolving(&call.name, &call.args))
}

/// Whether the sender closes its socket in this row.
pub(super) fn closes(row: &Row, arrow: &Arrow) -> bool {
    let call = row.calls[arrow.from].as_ref();
    call.is_some_and(|call| call.name == "close")
}
