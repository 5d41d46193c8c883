//! What there is to say about calls: only where the answer teaches something.

use lineman_proto::wire::flow::Label;

use super::CallCell;
use super::Row;
use super::Saying;
use crate::log::Answer;
use crate::log::Host;

/// What calls do that succeed; why others fail is known when they return (`call_answers`).
pub(super) fn of_calls(row: &Row, out: &mut Vec<Saying>) {
    for who in [Host::Client, Host::Server] {
        if let Some(cell) = &row.calls[who] {
            out.extend(of_call(who, cell, shakes(row)));
        }
    }
}

/// Whether the row shows the answer to a SYN, or what its receiver says to it: where both ends have asked, a
/// connection opens otherwise.
fn shakes(row: &Row) -> bool {
    let label = row.arrow.as_ref().and_then(|arrow| arrow.label);
    matches!(label, Some(Label::SynAck | Label::AckThird))
}

/// `shakes` if the row is the second or the third of a handshake.
fn of_call(who: Host, cell: &CallCell, shakes: bool) -> Option<Saying> {
    let Answer::Value(answer) = cell.answer.as_ref()? else {
        return None;
    };
    match cell.name.as_str() {
        "listen" => Some(Saying::CallListens { who }),
        "connect" if shakes => Some(Saying::CallConnected { who }),
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
