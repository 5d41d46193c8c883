//! Two captures as JSON, one object a line (`docs/json.md`).

use std::collections::HashMap;
use std::collections::HashSet;

use lineman_trace::log::Host;
use lineman_trace::pair::Crossing;
use lineman_trace::pair::Drift;
use lineman_trace::pair::Point;
use lineman_trace::pair::Tally;
use serde_json::Value;
use serde_json::json;

use super::Related;
use super::compared::Compared;
use crate::commands::read::json;
use crate::console::json_line;

/// How both stand to each other, the conversations of the first, those that only the second has, and what all packets of each come to.
pub fn lines<'a>(
    compared: &'a Compared,
    related: &'a Related,
) -> impl Iterator<Item = String> + 'a {
    let tallies: HashMap<u64, &Tally> = compared
        .tallies
        .iter()
        .map(|it| (it.numbers.first, it))
        .collect();
    let paired: HashSet<u64> = compared
        .tallies
        .iter()
        .map(|it| it.numbers.second)
        .collect();
    let seconds = compared.summaries.second.conversations.iter();
    let seconds: HashMap<u64, _> = seconds.map(|it| (it.number, it)).collect();
    let names = &related.names;
    let first = compared
        .summaries
        .first
        .conversations
        .iter()
        .map(move |it| {
            let tally_of = tallies.get(&it.number);
            let more = json!({ "capture": names.first, "compared": tally_of.map(|it| tally(it)) });
            let second = tally_of.and_then(|it| seconds.get(&it.numbers.second));
            let both = tally_of
                .zip(second)
                .map(|(tally, second)| tally.of_both(it, second));
            json::conversation_with(both.as_ref().unwrap_or(it), more)
        });
    let alone = compared.summaries.second.conversations.iter();
    let alone = alone
        .filter(move |it| !paired.contains(&it.number))
        .map(|it| {
            let more = json!({ "capture": names.second, "compared": null });
            json::conversation_with(it, more)
        });
    let totals = Point::BOTH.map(|point| {
        let end = &compared.ends[point];
        let ending =
            json!({ "capture": names[point], "whole": end.is_whole(), "cut_at": end.cut_at() });
        json::summary(&compared.summaries[point].totals, ending)
    });
    let both = json_line("captures", relation(compared, related), None);
    [both].into_iter().chain(first).chain(alone).chain(totals)
}

fn relation(compared: &Compared, related: &Related) -> Value {
    let clocks = &related.clocks;
    let one = |point: Point| {
        let nearer = clocks.clients.map(|client| match client == point {
            true => Host::Client.name(),
            false => Host::Server.name(),
        });
        json!({ "file": related.names[point], "nearer_to": nearer, "dropped": related.drops[point] })
    };
    let (drift, within, below) = match clocks.drift {
        Drift::Found { ppb, within_ppb } => (Some(ppb), Some(within_ppb), None),
        Drift::Below(most) => (None, None, Some(most)),
        Drift::Unknown => (None, None, None),
    };
    json!({
        "first": one(Point::First),
        "second": one(Point::Second),
        "offset_ns": clocks.offset_ns,
        "at_ns": clocks.at_ns,
        "within_ns": clocks.half_trip_ns,
        "drift_ppb": drift,
        "drift_within_ppb": within,
        "drift_below_ppb": below,
        "clock_set": clocks.is_broken,
        "samples": clocks.packets,
        "conversations": compared.tallies.len(),
        "uncompared": compared.uncompared,
    })
}

fn tally(it: &Tally) -> Value {
    let second = it.ends.second;
    let nearer = it.client.map(|point| match point {
        Point::First => "first",
        Point::Second => "second",
    });
    json!({
        "number": it.numbers.second,
        "client": second.client.to_string(),
        "server": second.server.to_string(),
        "translated": it.ends.first != it.ends.second,
        "client_nearer_to": nearer,
        "to_server": crossing(&it.ways.client),
        "to_client": crossing(&it.ways.server),
    })
}

fn crossing(it: &Crossing) -> Value {
    let known = it.crossed > 0;
    json!({
        "crossed": it.crossed,
        "lost": it.lost,
        "appeared": it.appeared,
        "duplicated": it.copied,
        "reordered": it.overtaken,
        "other_time": it.other_time,
        "capture_dropped": it.capture_dropped,
        "acknowledged": it.acknowledged,
        "unknown": it.unknown,
        "least_ns": known.then_some(it.least_ns),
        "most_ns": known.then_some(it.most_ns),
        "mean_ns": known.then_some(it.mean_ns),
    })
}
