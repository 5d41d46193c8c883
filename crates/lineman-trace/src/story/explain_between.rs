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

/// More routers are on no way: traceroute looks for no more.
const MOST_ROUTERS: u32 = 30;

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
            Some(Absent::OtherTime) if between.at == Some(peer) => Saying::PairEarlier { who },
            Some(Absent::OtherTime) => Saying::PairOtherTime {},
            Some(Absent::CaptureDropped) => Saying::PairCaptureDropped {},
            Some(Absent::Acknowledged) => Saying::PairAcknowledged { who: peer },
            Some(Absent::Unsent) => Saying::PairUnsent { who },
            Some(Absent::Ambiguous) => Saying::PairAmbiguous {},
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
        Field::Ttl if is_by_routers(&from, &to) => Saying::PairTtl { who, from, to },
        Field::Mss => Saying::PairMss { from, to },
        Field::Ecn if to == "CE" => Saying::PairCongestion { from },
        Field::Payload => Saying::PairPayload {},
        Field::SackPermitted if to.is_empty() => Saying::PairOptionGone { option: field() },
        Field::SackPermitted => Saying::PairOptionNew { option: field() },
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

/// Whether a TTL has fallen by no more than there are routers on any way; else something has set it.
fn is_by_routers(from: &str, to: &str) -> bool {
    let fallen = number(from).zip(number(to));
    let fallen = fallen.and_then(|(from, to)| from.checked_sub(to));
    fallen.is_some_and(|by| (1..=MOST_ROUTERS).contains(&by))
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "From 64 to 10: each router takes 1" was said where a firewall had set it.
    #[test]
    fn a_ttl_that_was_set_is_not_said_to_be_taken_by_routers() {
        let said = |from: &str, to: &str| {
            let (from, to) = (from.to_owned(), to.to_owned());
            let field = Field::Ttl;
            changed(Host::Client, &Change { field, from, to }).id()
        };
        assert_eq!(said("64", "63"), "pair.ttl");
        assert_eq!(said("128", "98"), "pair.ttl");
        assert_eq!(said("64", "10"), "pair.field");
        assert_eq!(said("63", "64"), "pair.field");
    }

    /// "SACK-Permitted is 1 where it is sent" was said, as if it had a value.
    #[test]
    fn an_option_without_a_value_is_there_or_not() {
        let said = |from: &str, to: &str| {
            let (from, to) = (from.to_owned(), to.to_owned());
            let field = Field::SackPermitted;
            changed(Host::Client, &Change { field, from, to }).id()
        };
        assert_eq!(said("1", ""), "pair.option.gone");
        assert_eq!(said("", "1"), "pair.option.new");
    }
}
