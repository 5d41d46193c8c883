//! What there is to say before the packets of two captures: which is where, and how their clocks stand.

use std::collections::BTreeMap;

use super::Clocks;
use super::Drift;
use super::Point;
use super::Points;
use crate::log::Note;

/// What there is to say, sentence by sentence. `drops` is how many packets a capture says that its capturing has lost; `None` where
/// it does not say.
pub fn notes(clocks: &Clocks, names: &Points<String>, drops: &Points<Option<u64>>) -> Vec<Note> {
    let mut all = vec![
        sides(clocks, names),
        offset(clocks, names),
        drift(clocks, names),
    ];
    if clocks.is_broken {
        all.push(note("pair.clock.broken", []));
    }
    for point in Point::BOTH {
        let file = names[point].clone();
        all.extend(match drops[point] {
            Some(0) => None,
            Some(packets) => Some(note(
                "pair.drops",
                [("file", file), ("packets", packets.to_string())],
            )),
            None => Some(note("pair.drops.unknown", [("file", file)])),
        });
    }
    all
}

fn sides(clocks: &Clocks, names: &Points<String>) -> Note {
    let packets = clocks.packets.to_string();
    match clocks.clients {
        Some(client) => {
            let (client, server) = (names[client].clone(), names[client.other()].clone());
            let args = [("client", client), ("server", server), ("packets", packets)];
            note("pair.sides", args)
        }
        None => note("pair.sides.unknown", [("packets", packets)]),
    }
}

fn offset(clocks: &Clocks, names: &Points<String>) -> Note {
    let by = clocks.offset_ns.unsigned_abs().to_string();
    let args = [
        ("clock", names.first.clone()),
        ("other", names.second.clone()),
        ("by", by),
    ];
    let ahead = clocks.offset_ns >= 0;
    match clocks.half_trip_ns {
        Some(within) => {
            let id = if ahead {
                "pair.clock.ahead"
            } else {
                "pair.clock.behind"
            };
            note(id, args.into_iter().chain([("within", within.to_string())]))
        }
        None => {
            let id = if ahead {
                "pair.clock.ahead.one_way"
            } else {
                "pair.clock.behind.one_way"
            };
            note(id, args)
        }
    }
}

fn drift(clocks: &Clocks, names: &Points<String>) -> Note {
    let other = ("other", names.second.clone());
    match clocks.drift {
        Drift::Found { ppb, within_ppb } => {
            let id = if ppb >= 0 {
                "pair.drift.fast"
            } else {
                "pair.drift.slow"
            };
            let by = ppb.unsigned_abs().to_string();
            note(id, [other, ("by", by), ("within", within_ppb.to_string())])
        }
        Drift::Below(most) => note("pair.drift.none", [("most", most.to_string())]),
        Drift::Unknown => note("pair.drift.unknown", []),
    }
}

fn note(id: &str, args: impl IntoIterator<Item = (&'static str, String)>) -> Note {
    let args = args
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Note {
        id: id.to_owned(),
        args: args.collect::<BTreeMap<_, _>>(),
    }
}
