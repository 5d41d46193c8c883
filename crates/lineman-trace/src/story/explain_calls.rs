//! What there is to say about calls: only where the answer teaches something.

use super::CallCell;
use super::Row;
use super::Saying;
use crate::log::Answer;
use crate::log::Host;

/// What calls do that succeed; why others fail is known when they return (`call_answers`).
pub(super) fn of_calls(row: &Row, out: &mut Vec<Saying>) {
    for who in [Host::Client, Host::Server] {
        if let Some(cell) = &row.calls[who] {
            let tcp = row.arrow.as_ref().and_then(|arrow| arrow.seen.segment());
            out.extend(of_call(who, cell, tcp.is_some()));
        }
    }
}

/// `tcp` if a segment of TCP made the call return.
fn of_call(who: Host, cell: &CallCell, tcp: bool) -> Option<Saying> {
    let Answer::Value(answer) = cell.answer.as_ref()? else {
        return None;
    };
    match cell.name.as_str() {
        "listen" => Some(Saying::CallListens { who }),
        "connect" if tcp => Some(Saying::CallConnected { who }),
        "accept" => Some(Saying::CallAccepted {
            who,
            answer: answer.clone(),
        }),
        "send" | "sendall" => Some(Saying::CallSent {
            who,
            name: cell.name.clone(),
        }),
        _ => None,
    }
}
