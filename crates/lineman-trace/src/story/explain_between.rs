//! What there is to say about a packet's way between two captures.

use super::Arrow;
use super::Between;
use super::Fate;
use super::Saying;
use crate::log::Absent;
use crate::log::Host;
use crate::pair::Change;
use crate::pair::Field;

/// A packet is late that takes longer than the least time by this, in nanoseconds, and by that time again.
const LATE_NS: u64 = 20_000_000;

/// What became of it.
pub(super) fn of_way(arrow: &Arrow, between: &Between, out: &mut Vec<Saying>) {
    let (who, peer) = (arrow.from, arrow.from.other());
    if let Some(whole) = between.sent_whole {
        let whole = whole.into();
        out.push(Saying::PairCut { who, whole });
    }
    match arrow.fate {
        Fate::Delivered => came(arrow, between, out),
        Fate::Dropped => out.push(Saying::PairLost { who }),
        Fate::Captured => out.push(match between.absent {
            Some(Absent::OtherTime) => Saying::PairOtherTime {},
            Some(Absent::CaptureDropped) => Saying::PairCaptureDropped {},
            Some(Absent::Acknowledged) => Saying::PairAcknowledged { who: peer },
            Some(Absent::Unsent) => Saying::PairUnsent { who },
            Some(Absent::Unknown) | None => Saying::PairUnknown {},
        }),
        Fate::Held | Fate::Crossing => {}
    }
}

fn came(arrow: &Arrow, between: &Between, out: &mut Vec<Saying>) {
    let who = arrow.from;
    let took_ns = arrow
        .decided_ns
        .map_or(0, |at_ns| at_ns.saturating_sub(arrow.sent_ns));
    let after = took_ns / 1000;
    let late = |least: &u64| took_ns.saturating_sub(*least) >= LATE_NS.max(*least);
    out.push(match between.least_ns.filter(late) {
        Some(least) => Saying::PairLate {
            after,
            least: least / 1000,
        },
        None => Saying::PairCame { after },
    });
    if arrow.overtaken > 0 {
        let times = arrow.overtaken;
        out.push(Saying::PairOvertaken { times });
    }
    if let Some(whole) = between.came_whole {
        let whole = whole.into();
        out.push(Saying::PairJoined {
            who: who.other(),
            whole,
        });
    }
    out.extend(between.changes.iter().map(|change| changed(who, change)));
}

fn changed(who: Host, change: &Change) -> Saying {
    let (from, to) = (change.from.clone(), change.to.clone());
    let field = || change.field.name().to_owned();
    match change.field {
        Field::Source => Saying::PairSource { who, from, to },
        Field::Destination => Saying::PairDestination { who, from, to },
        Field::Ttl if number(&to) < number(&from) => Saying::PairTtl { who, from, to },
        Field::Mss => Saying::PairMss { from, to },
        Field::Ecn if to == "CE" => Saying::PairCongestion { from },
        Field::Payload => Saying::PairPayload {},
        _ if to.is_empty() => Saying::PairGone {
            field: field(),
            from,
        },
        _ if from.is_empty() => Saying::PairNew { field: field(), to },
        _ => Saying::PairField {
            field: field(),
            from,
            to,
        },
    }
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}
