//! `lineman chat --json`: one event a line on stdout, one line to send a line on stdin.

use std::net::SocketAddr;
use std::time::Instant;

use lineman_net::chat::InputLine;
use lineman_net::chat::LineInput;
use lineman_net::chat::MAX_INPUT_LINE;
use lineman_net::chat::Talk as Call;
use lineman_proto::chat::Event;
use lineman_proto::chat::Undelivered;
use lineman_proto::chat::Until;
use serde_json::Value;
use serde_json::json;

use super::UNHEARD_TIME;
use super::connections::Connections;
use super::each_call;
use super::sleep_until;
use crate::args::chat::Talk;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::failure::system_text;

pub(super) async fn run(
    connections: Connections,
    talk: &Talk,
    console: Console,
) -> Result<(), Failure> {
    let mut lines = LineInput::new(std::io::stdin())
        .map_err(|error| Failure::internal(&error, console.lang))?;
    let calling = connections.is_calling();
    each_call(connections, console, async |stream, address| {
        let call = Call::new(stream, talk.config(calling))
            .map_err(|error| Failure::internal(&error, console.lang))?;
        hold(call, address, &mut lines, talk, calling, console).await
    })
    .await
}

async fn hold(
    mut call: Call,
    address: SocketAddr,
    lines: &mut LineInput,
    talk: &Talk,
    calling: bool,
    console: Console,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let until = talk.until(Until::Both);
    console.tell("connected", json!({ "address": address.to_string() }))?;
    let mut exit = Exit::Done;
    let mut unheard_at = calling.then(|| begun + UNHEARD_TIME);
    loop {
        let wants_lines = call.outgoing().is_open() && !call.is_congested();
        tokio::select! {
            event = call.next() => {
                let Some(event) = event else { break };
                match &event {
                    Event::Broken | Event::NotDelivered(_) if exit == Exit::Done => {
                        exit = Exit::Incomplete;
                    }
                    Event::TurnedAway => {
                        exit = Exit::Refused;
                        call.leave();
                    }
                    Event::PeerSilent => call.leave(),
                    _ => {}
                }
                let (name, fields) = told(event, &call, console);
                console.tell(name, fields)?;
            }
            line = lines.next(), if wants_lines => match line {
                // A line that can no longer be sent is told by the event that says why.
                Some(InputLine::Text(line)) => drop(call.send_line(&line)),
                Some(InputLine::TooLong(bytes)) => {
                    exit = Exit::Incomplete;
                    let limit = MAX_INPUT_LINE;
                    let fields = json!({ "reason": "too-long", "bytes": bytes, "limit": limit });
                    console.tell("not-sent", fields)?;
                }
                None => call.finish(),
            },
            () = sleep_until(unheard_at) => {
                unheard_at = None;
                console.tell("unheard", json!({ "seconds": UNHEARD_TIME.as_secs() }))?;
            }
        }
        let unheard = call.incoming().is_open() && call.totals().bytes_received == 0;
        unheard_at = unheard_at.filter(|_| unheard);
        if until.is_over(call.outgoing(), call.incoming()) {
            call.leave();
        }
    }
    console.tell("ended", ended(&call, begun))?;
    match exit {
        Exit::Done => Ok(()),
        failed => Err(Failure::said(failed)),
    }
}

/// The name and the fields of an event (`docs/json.md`).
fn told(event: Event, call: &Call, console: Console) -> (&'static str, Value) {
    match event {
        Event::Line(piece) => {
            let name = if piece.ends { "line" } else { "partial" };
            let fields = json!({ "text": piece.text, "continues": !piece.begins });
            (name, fields)
        }
        Event::TelnetDetected => ("telnet", json!({})),
        Event::PeerFinished => ("peer-finished", json!({})),
        Event::TurnedAway => ("busy", json!({})),
        Event::PeerSilent => ("peer-silent", json!({})),
        Event::Broken => {
            let why = call.error().map(|error| system_text(error, console.lang));
            ("broken", json!({ "reason": why }))
        }
        Event::NotDelivered(Undelivered { lines, bytes }) => {
            ("not-delivered", json!({ "lines": lines, "bytes": bytes }))
        }
    }
}

fn ended(call: &Call, begun: Instant) -> Value {
    let totals = call.totals();
    json!({
        "lines_sent": totals.lines_sent,
        "bytes_sent": totals.bytes_sent,
        "lines_received": totals.lines_received,
        "bytes_received": totals.bytes_received,
        "seconds": begun.elapsed().as_secs_f64(),
    })
}
