//! Conversations as JSON, one object a line (`docs/json.md`).

use lineman_proto::wire::flow::EndState;
use lineman_proto::wire::flow::Source;
use lineman_trace::capture::Conversation;
use lineman_trace::capture::Ending;
use lineman_trace::capture::Fold;
use lineman_trace::capture::Kind;
use lineman_trace::capture::Summary;
use lineman_trace::capture::Totals;
use lineman_trace::capture::Troubles;
use lineman_trace::log::Host;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::capture::End;
use crate::console::json_line;

/// All of a summary.
pub fn lines(summary: &Summary, end: &End) -> impl Iterator<Item = String> {
    let ending = json!({ "whole": end.is_whole(), "cut_at": end.cut_at() });
    lines_ending(summary, ending)
}

/// All of a summary; `ending` says how the capture ended, and is added to the last line.
pub fn lines_ending(summary: &Summary, ending: Value) -> impl Iterator<Item = String> {
    let conversations = summary.conversations.iter();
    let conversations = conversations.map(|it| json_line("conversation", conversation(it), None));
    let folds = summary.folds.iter();
    let folds = folds.map(|it| json_line("conversations", fold(it), None));
    let last = json_line("summary", totals(&summary.totals, ending), None);
    conversations.chain(folds).chain([last])
}

/// A conversation, with what more there is to say of it.
pub fn conversation_with(it: &Conversation, more: Value) -> String {
    let mut all = conversation(it);
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    json_line("conversation", all, None)
}

/// What all packets come to; `ending` is added.
pub fn summary(all: &Totals, ending: Value) -> String {
    json_line("summary", totals(all, ending), None)
}

fn conversation(it: &Conversation) -> Value {
    let ends = [Host::Client, Host::Server].map(|host| {
        json!({
            "address": it.ends[host].ip(),
            "port": Some(it.ends[host].port()).filter(|port| *port > 0),
            "packets": it.packets[host],
            "bytes": it.bytes[host],
            "payload": it.payload[host],
            "state": it.states[host].map(|it| it.state.name()),
            "known": it.states[host].map(known),
        })
    });
    let [client, server] = ends;
    json!({
        "number": it.number,
        "protocol": it.kind.name(),
        "protocol_number": ip_number(it.kind),
        "client": client,
        "server": server,
        "packets": it.all_packets(),
        "bytes": it.all_bytes(),
        "fragments": it.fragments,
        "first_ns": it.first_ns,
        "last_ns": it.last_ns,
        "beginning": it.beginning.name(),
        "ending": it.ending.name(),
        "ended_by": it.ending.by(),
        "error_code": match it.ending {
            Ending::Failed(_, code) => Some(code),
            _ => None,
        },
        "file": it.transfer.as_ref().map(|it| json!({
            "name": it.file,
            "write": it.upload,
            "bytes": it.bytes,
        })),
        "troubles": troubles(&it.troubles),
        "weight": it.weight(),
        "displaced": it.displaced,
    })
}

fn known(state: EndState) -> &'static str {
    match state.source {
        Source::Kernel => "kernel",
        Source::Deduced => "deduced",
        Source::Contradicted => "contradicted",
    }
}

fn ip_number(kind: Kind) -> Option<u8> {
    match kind {
        Kind::Ip(number) => Some(number),
        _ => None,
    }
}

/// Those that were met, each with how often.
fn troubles(all: &Troubles) -> Value {
    let met = all.met();
    let met: Map<String, Value> = met
        .map(|(trouble, count)| (trouble.name().to_owned(), count.into()))
        .collect();
    met.into()
}

fn fold(it: &Fold) -> Value {
    json!({
        "conversations": it.conversations,
        "protocol": it.kind.map(Kind::name),
        "client": it.client,
        "server": it.server,
        "lowest_port": it.ports.map(|ports| ports.0),
        "highest_port": it.ports.map(|ports| ports.1),
        "ending": it.ending.map(Ending::name),
        "packets": it.packets,
        "bytes": it.bytes,
        "first_ns": it.first_ns,
        "last_ns": it.last_ns,
        "troubles": troubles(&it.troubles),
    })
}

fn totals(it: &Totals, ending: Value) -> Value {
    let others = it.others.iter();
    let others: Vec<Value> = others
        .map(|(number, packets)| json!({ "ether_type": number, "packets": packets }))
        .collect();
    let mut all = json!({
        "packets": it.packets,
        "bytes": it.bytes,
        "first_ns": it.first_ns,
        "last_ns": it.last_ns,
        "conversations": it.conversations,
        "displaced": it.displaced,
        "malformed": it.malformed,
        "cut": it.cut,
        "headless": it.headless,
        "unknown_link": it.unknown_link,
        "untimed": it.untimed,
        "others": others,
    });
    if let (Value::Object(all), Value::Object(ending)) = (&mut all, ending) {
        all.extend(ending);
    }
    all
}
