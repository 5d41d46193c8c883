//! What there is to say about a retransmitted segment: why it was retransmitted.

use lineman_proto::wire::Flags;
use lineman_proto::wire::Layer;
use lineman_proto::wire::flow::Again;
use lineman_proto::wire::flow::Anew;
use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::Timer;

use super::Arrow;
use super::Expiry;
use super::Fate;
use super::Row;
use super::Saying;
use super::explain::copied;
use super::explain_tcp::taken;
use super::millis;
use crate::log::Host;
use crate::log::Origin;
use crate::log::TimerKind;

/// Why it is retransmitted. Nothing is said of one that is sent because of its new bytes, or because the window has opened.
pub(super) fn of_resent(
    row: &Row,
    arrow: &Arrow,
    segment: &Segment,
    is_simulated: bool,
) -> Option<Vec<Saying>> {
    let again = arrow.again?;
    let told = row
        .timer
        .filter(|timer| timer.host == arrow.from && timer.origin != Origin::Inferred);
    let goes_on = match again.cause {
        Cause::Silence => again.fresh > 0,
        cause => cause == Cause::Probed,
    };
    if goes_on && told.is_none() {
        return None;
    }
    let mut out = vec![why(row, arrow, segment, again, told)];
    out.extend(since(&out[0], arrow.from, again));
    out.extend(covers(arrow, segment, again, is_simulated));
    Some(out)
}

/// Since when the timer has run that a saying tells of, if something has started it anew since the segment left: else no acknowledgment
/// would seem to have come for so long only.
fn since(told: &Saying, who: Host, again: Again) -> Option<Saying> {
    let (Saying::Resent { millis, .. }
    | Saying::ResentDoubled { millis, .. }
    | Saying::ResentDeduced { millis, .. }
    | Saying::ResentTimer { millis, .. }
    | Saying::ResentNeedless { millis, .. }) = *told
    else {
        return None;
    };
    let since = self::millis(again.wait_ns);
    let anew = again.anew.filter(|_| since > millis)?;
    Some(match anew {
        Anew::Acknowledged => Saying::TimerAcknowledged { millis, since },
        Anew::Probe => Saying::TimerProbe { who, millis, since },
        Anew::Tail => Saying::TimerTail { who, millis, since },
    })
}

fn why(row: &Row, arrow: &Arrow, segment: &Segment, again: Again, told: Option<Expiry>) -> Saying {
    let who = arrow.from;
    let (times, since) = (again.times, millis(again.wait_ns));
    let by_timer = match (told.map(|timer| timer.kind), again.cause) {
        (_, Cause::Asked) => return Saying::ResentAsked { who },
        (_, Cause::Rejected) => {
            let millis = since;
            return Saying::ResentRejected { who, times, millis };
        }
        (_, Cause::Doubled) => return copied(arrow, again),
        (Some(TimerKind::LossProbe), _) => return Saying::LossProbe { who, millis: since },
        (Some(TimerKind::Retransmission), _) => Timer::Retransmission,
        (Some(TimerKind::Reordering), _) => {
            let millis = told.map_or(0, |timer| millis(timer.wait_ns));
            return Saying::ResentRack { who, millis };
        }
        (None, Cause::Silence | Cause::Timer(_)) if arrow.after_too_big => {
            let millis = since;
            let v6 = arrow.seen.to.is_some_and(|to| to.is_ipv6());
            let icmp = Layer::icmp(v6).name().to_owned();
            return Saying::ResentSmaller {
                who,
                times,
                millis,
                icmp,
            };
        }
        (None, Cause::Timer(_)) if was_acknowledged(arrow) => {
            let millis = since;
            return Saying::ResentAcknowledged { who, times, millis };
        }
        (_, Cause::Timer(timer)) => timer,
        (_, Cause::Duplicates { acks }) => return Saying::ResentFast { who, acks },
        (_, Cause::Sack { acks }) => return Saying::ResentSack { who, acks },
        (_, Cause::Progress) => return Saying::ResentPartial { who },
        (_, Cause::Opened) => return Saying::ResentOpened { who, times },
        (_, Cause::SlowStart) => return Saying::ResentSlowStart { who },
        (_, Cause::Silence | Cause::Resumed | Cause::Gap | Cause::Probed) => {
            let millis = since;
            return Saying::ResentSomehow { who, times, millis };
        }
    };
    // It may have arrived and found no room, or there is something in it that did not arrive.
    let all = arrow
        .place
        .zip(again.covered)
        .is_none_or(|(place, covered)| place.seq + i64::from(segment.takes()) <= covered.1);
    let millis = millis(again.timer_ns);
    // An end that answers a SYN that came again waits for nothing.
    let waits = by_timer != Timer::OrAsked;
    match (arrow.earlier_lost, arrow.known) {
        (Some(false), Some(known)) if known.answered && told.is_none() => {
            let millis = since;
            return Saying::ResentSomehow { who, times, millis };
        }
        // What has come and was thrown away, or lies behind a gap, has not been acknowledged: no answer is late.
        (Some(false), Some(known)) if !known.taken || known.answered => {}
        (Some(false), _) if waits && all && !taken(row, arrow) => {
            return Saying::ResentNeedless { who, times, millis };
        }
        _ => {}
    }
    match by_timer {
        Timer::Either => Saying::ResentTimer { who, times, millis },
        Timer::OrAsked => Saying::ResentOrAsked { who, times, millis },
        _ if told.is_none() => Saying::ResentDeduced { who, times, millis },
        _ => timed_out(arrow, segment, again),
    }
}

/// Whether a single capture shows an acknowledgment of all of it before: that has not come, or not in time.
fn was_acknowledged(arrow: &Arrow) -> bool {
    let is_single = arrow.fate == Fate::Captured && arrow.between.is_none();
    is_single && arrow.known.is_some_and(|known| known.answered)
}

/// A retransmission time-out that its TCP has told of. The waits tell whether they double: they do by RFC 6298
/// §5.5, but not with the first SYNs of Linux.
fn timed_out(arrow: &Arrow, segment: &Segment, again: Again) -> Saying {
    let who = arrow.from;
    let (times, millis) = (again.times, millis(again.timer_ns));
    let asks = segment.has(Flags::SYN) && !segment.has(Flags::ACK);
    match again.last_wait_ns {
        // What acknowledges something new ends the doubling, too.
        Some(last) if is_twice(last, again.timer_ns) && again.anew != Some(Anew::Acknowledged) => {
            Saying::ResentDoubled {
                who,
                times,
                millis,
                before: self::millis(last),
            }
        }
        Some(_) if asks => Saying::ResentLinear { who, times, millis },
        None if asks => Saying::ResentSyn { who, times, millis },
        _ => Saying::Resent { who, times, millis },
    }
}

/// Whether a wait is about twice as long as the one before; kernels tick, and machines are busy.
fn is_twice(last_ns: u64, wait_ns: u64) -> bool {
    let tenths = wait_ns.saturating_mul(10) / last_ns.max(1);
    (16..=24).contains(&tenths)
}

/// A segment may carry more than the one that was lost, or only a part of it.
fn covers(arrow: &Arrow, segment: &Segment, again: Again, is_simulated: bool) -> Option<Saying> {
    let (first, behind) = again.covered?;
    let seq = arrow.place?.seq;
    let last = seq + i64::from(segment.len) - 1;
    let resends = !matches!(again.cause, Cause::Asked | Cause::Doubled);
    let had = behind - 1;
    (resends && segment.len > 0 && seq == first && last >= behind).then_some(match is_simulated {
        true => Saying::ResentFilled { first, last, had },
        false => Saying::ResentMore { first, last, had },
    })
}
