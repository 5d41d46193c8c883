//! What there is to say about a reset: who has given up, and why.

use std::net::IpAddr;

use lineman_proto::wire::flow::Label;

use super::Around;
use super::Arrow;
use super::Row;
use super::Saying;
use crate::log::Counter;

/// Why a connection is reset; `None` of what is no reset.
pub(super) fn of_reset(row: &Row, arrow: &Arrow, label: Label, around: &Around) -> Option<Saying> {
    let who = arrow.from;
    Some(match label {
        Label::RstRefused => refused(arrow, around),
        Label::RstUnheard => Saying::RstUnheard { who },
        Label::RstLate => Saying::RstLate { who },
        Label::RstBroken => match arrow.counter {
            Some(Counter::AbortOnClose) => Saying::RstUnread { who },
            Some(Counter::AbortOnData) => Saying::RstLinger { who },
            _ if closes(row, arrow) => Saying::RstClosed { who },
            _ => Saying::RstBroken { who },
        },
        _ => return None,
    })
}

/// Nobody listens there; but perhaps at another address of the same host.
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
        },
        _ => Saying::RstRefused { who, port },
    }
}

/// Whether the sender closes its socket in this row.
pub(super) fn closes(row: &Row, arrow: &Arrow) -> bool {
    let call = row.calls[arrow.from].as_ref();
    call.is_some_and(|call| call.name == "close")
}
