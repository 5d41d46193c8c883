//! What there is to say about calls: only where the answer teaches something.

use super::CallCell;
use super::Row;
use super::Saying;
use crate::log::Answer;
use crate::log::Host;

pub(super) fn of_calls(row: &Row, out: &mut Vec<Saying>) {
    for who in [Host::Client, Host::Server] {
        if let Some(cell) = &row.calls[who] {
            out.extend(of_call(who, cell).filter(|saying| !is_local(row, saying)));
        }
    }
}

/// A connect that sends nothing is UDP's: it only takes down the address.
fn is_local(row: &Row, saying: &Saying) -> bool {
    let Saying::CallConnected { who } = saying else {
        return false;
    };
    let began_here = row.calls[*who].as_ref().is_some_and(|cell| cell.begins);
    began_here && row.arrow.is_none() && row.states[*who].is_none()
}

fn of_call(who: Host, cell: &CallCell) -> Option<Saying> {
    match cell.answer.as_ref()? {
        Answer::Error(error) => Some(failed(who, cell, error)),
        Answer::Value(answer) => returned(who, cell, answer),
    }
}

fn failed(who: Host, cell: &CallCell, error: &str) -> Saying {
    let name = cell.name.clone();
    match error {
        "ECONNREFUSED" => Saying::CallRefused { who, name },
        "ECONNRESET" => Saying::CallReset { who, name },
        "EPIPE" => Saying::CallPipe { who, name },
        "EADDRINUSE" => Saying::CallInUse { who },
        "ETIMEDOUT" | "EAGAIN" => Saying::CallTimedOut { who, name },
        _ => Saying::CallFailed {
            who,
            name,
            error: error.to_owned(),
        },
    }
}

fn returned(who: Host, cell: &CallCell, answer: &str) -> Option<Saying> {
    let answer = || answer.to_owned();
    match cell.name.as_str() {
        "listen" => Some(Saying::CallListens { who }),
        "connect" if !cell.begins || cell.args.len() == 1 => Some(Saying::CallConnected { who }),
        "accept" => Some(Saying::CallAccepted {
            who,
            answer: answer(),
        }),
        "recv" | "read" if is_end(&answer()) => Some(Saying::CallEnded { who }),
        "send" | "sendall" => Some(Saying::CallSent {
            who,
            answer: answer(),
        }),
        _ => None,
    }
}

/// `0`, or a language's way to write no bytes.
fn is_end(answer: &str) -> bool {
    let value = answer.split_whitespace().next().unwrap_or_default();
    matches!(value, "0" | "b''" | "\"\"" | "b\"\"")
}
