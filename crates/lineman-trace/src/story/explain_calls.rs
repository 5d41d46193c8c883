//! What there is to say about calls: only where the answer teaches something.

use lineman_proto::wire::flow::Label;

use super::CallCell;
use super::Ends;
use super::Row;
use super::Saying;
use crate::log::Answer;
use crate::log::Host;

/// What calls do that succeed; why others fail is known when they return (`call_answers`).
/// `deserted` says whose accept() had a listener whose descriptor was closed while it waited.
pub(super) fn of_calls(row: &Row, deserted: &Ends<bool>, out: &mut Vec<Saying>) {
    for who in [Host::Client, Host::Server] {
        if let Some(cell) = &row.calls[who] {
            let said = of_call(who, cell, shakes(row, who));
            out.extend(said.map(|it| match it {
                Saying::CallAccepted { who, answer } if deserted[who] => {
                    Saying::CallAcceptedAlone { who, answer }
                }
                it => it,
            }));
        }
    }
}

/// Whether the row shows that `who` receives the answer to its SYN, or what it says to that: where both ends have
/// asked, a connection opens otherwise, and an ACK makes the other's call return.
fn shakes(row: &Row, who: Host) -> bool {
    row.arrow.as_ref().is_some_and(|arrow| match arrow.label {
        Some(Label::SynAck) => arrow.from != who,
        Some(Label::AckThird { .. }) => arrow.from == who,
        _ => false,
    })
}

/// `shakes` if the row is the second or the third of a handshake that `who` has asked for.
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
