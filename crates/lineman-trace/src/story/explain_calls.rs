//! What there is to say about calls: only where the answer teaches something.

use super::CallCell;
use super::Row;
use super::Saying;
use crate::log::Answer;
use crate::log::Host;

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
    match cell.answer.as_ref()? {
        Answer::Error(error) => Some(failed(who, cell, error)),
        Answer::Value(answer) => returned(who, cell, answer, tcp),
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

fn returned(who: Host, cell: &CallCell, answer: &str, tcp: bool) -> Option<Saying> {
    let answer = || answer.to_owned();
    match cell.name.as_str() {
        "listen" => Some(Saying::CallListens { who }),
        "connect" if tcp => Some(Saying::CallConnected { who }),
        "accept" => Some(Saying::CallAccepted {
            who,
            answer: answer(),
        }),
        "recv" | "read" if is_end(&answer()) => Some(Saying::CallEnded { who }),
        "send" | "sendall" => Some(Saying::CallSent {
            who,
            name: cell.name.clone(),
        }),
        _ => None,
    }
}

/// `0`, or a language's way to write no bytes.
fn is_end(answer: &str) -> bool {
    let value = answer.split_whitespace().next().unwrap_or_default();
    matches!(value, "0" | "b''" | "\"\"" | "b\"\"")
}
