//! What an end has sent, and what had it send something again.

use std::collections::VecDeque;

use super::Again;
use super::Anew;
use super::Cause;
use super::Timer;
use super::judge::Packet;
use super::side::Heard;

/// How many sent segments are remembered, to tell what is a repetition of what.
const MEMORY: usize = 1024;
/// How many of them are, when all that they took up is acknowledged: it is little that is sent again all the
/// same, and soon. More would let each of many connections keep a hundred kilobytes.
const ACKNOWLEDGED: usize = 64;

/// No retransmission time-out is as short: Linux waits 200 ms at least, RFC 6298 §2.4 a second. A kernel
/// may be told to wait less; then it has to be asked. An answer to an acknowledgment is sooner.
pub(super) const SHORTEST_RTO_NS: u64 = 150_000_000;

/// So many equal acknowledgments say that a segment is lost (RFC 5681 §3.2).
const DUPLICATES: u32 = 3;

/// The segments that an end has sent.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    pieces: VecDeque<Piece>,
    /// Before this place segments are forgotten.
    forgotten: i64,
    recovery: Option<Recovery>,
    /// When the last segment was sent again, in nanoseconds.
    tail_ns: Option<u64>,
}

/// A segment that was sent.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: i64,
    to: i64,
    packet: Packet,
    /// When the timer began that has it sent again: when it was sent, but of a SYN that was sent with an ACK when the peer's
    /// came, when it was sent first.
    timed_ns: u64,
    times: u32,
    wait_ns: Option<u64>,
    /// Whether it was a byte for which the peer had no room.
    probe: bool,
    /// Whether it was a SYN once more, with the ACK of the peer's: no retransmission.
    crosses: bool,
}

/// Something was found lost: until all that was under way then is acknowledged, acknowledgments of a
/// part have the next be sent again (RFC 6582 §3.2; after a time-out RFC 5681 §3.1).
#[derive(Clone, Copy, Debug)]
struct Recovery {
    /// What was acknowledged when it began.
    acknowledged: i64,
    /// Behind the last that was sent by then.
    until: i64,
    /// Whether a timer has found it.
    timed_out: bool,
    /// Whether more has been sent again since.
    goes_on: bool,
}

/// What a segment takes up of the numbers, and what tells why it is sent.
#[derive(Clone, Copy)]
pub(super) struct Sending {
    pub from: i64,
    pub to: i64,
    /// Behind the last that was sent before.
    pub next: i64,
    pub heard: Heard,
    /// Whether its sender may send a tail loss probe (RFC 8985 §7): not in a SYN, and with SACK only.
    pub may_probe: bool,
    /// Whether it is a byte for which the peer has no room.
    pub probe: bool,
    /// Whether it is a SYN that is sent once more with an ACK because the peer's has come (simultaneous open): that is no
    /// retransmission, and the timer of the SYN runs on (RFC 6298 §5.1).
    pub crosses: bool,
    /// Whether nothing was seen of its peer: an acknowledgment may have asked for it, which nobody saw.
    pub is_deaf: bool,
    pub packet: Packet,
}

impl History {
    /// How a segment relates to those before, which it is one of from now on.
    pub(super) fn add(&mut self, it: Sending) -> Option<Again> {
        // What lies beyond everything sent overlaps nothing: the usual case looks no further.
        let before = (it.from < it.next).then(|| self.latest(it.from, it.to));
        let before = before.flatten();
        let again = before.map(|before| self.again(before, it));
        if again.is_some_and(|again| again.cause == Cause::Doubled) {
            return again;
        }
        let goes_on = before.filter(|_| it.crosses);
        if let Some(again) = again.filter(|_| goes_on.is_none()) {
            if it.to == it.next {
                self.tail_ns = Some(it.packet.now_ns);
            }
            self.recovers(it, matches!(again.cause, Cause::Timer(_)));
        }
        self.forget(it.heard.ack);
        self.pieces.push_back(Piece {
            from: it.from,
            to: it.to,
            packet: it.packet,
            timed_ns: goes_on.map_or(it.packet.now_ns, |before| before.timed_ns),
            // A probe is no transmission of what follows it when there is room.
            times: again.map_or(1, |again| match (goes_on, before) {
                (Some(_), _) => again.times,
                (_, Some(before)) if !before.probe => again.times + 1,
                _ => 1,
            }),
            wait_ns: match goes_on {
                Some(before) => before.wait_ns,
                None => again.map(|again| again.timer_ns),
            },
            probe: it.probe,
            crosses: goes_on.is_some(),
        });
        again.filter(|_| goes_on.is_none())
    }

    /// Whether this number was sent last by itself, when there was room.
    pub(super) fn was_alone(&self, number: i64) -> bool {
        let last = self.latest(number, number + 1);
        last.is_some_and(|piece| !piece.probe && piece.to == piece.from + 1)
    }

    /// Whether new bytes that begin at `from` leave after a time-out, while a part of what was under way then is
    /// acknowledged, and the rest neither is nor has been sent again: behind that, new bytes are what RFC 5681 has it send, too.
    pub(super) fn tries_new(&self, from: i64, acknowledged: i64) -> bool {
        self.recovery.is_some_and(|it| {
            let a_part = it.acknowledged < acknowledged && acknowledged < it.until;
            it.timed_out && !it.goes_on && a_part && it.until <= from
        })
    }

    /// Whether nobody remembers if a place was sent before.
    pub(super) fn has_forgotten(&self, place: i64) -> bool {
        place < self.forgotten
    }

    /// Makes room for one more.
    fn forget(&mut self, acknowledged: i64) {
        while let Some(first) = self.pieces.front() {
            let limit = match first.to <= acknowledged {
                true => ACKNOWLEDGED,
                false => MEMORY,
            };
            if self.pieces.len() < limit {
                return;
            }
            self.forgotten = self.forgotten.max(first.to);
            self.pieces.pop_front();
        }
    }

    /// The latest with its first number: what was missing is at the front. Else the latest with any.
    fn latest(&self, from: i64, to: i64) -> Option<Piece> {
        let mut pieces = self.pieces.iter().rev();
        let first = pieces.find(|it| it.from <= from && from < it.to);
        let any = || {
            let mut pieces = self.pieces.iter().rev();
            pieces.find(|it| it.from < to && from < it.to)
        };
        first.or_else(any).copied()
    }

    /// How often a place was sent, since there was room for it. A segment may bring new bytes behind old ones: each byte has its own count.
    fn times(&self, before: Piece, place: i64) -> u32 {
        let has = |it: &&Piece| !it.probe && !it.crosses && it.from <= place && place < it.to;
        let times = self.pieces.iter().filter(has).count();
        match before.probe {
            true => before.times,
            false => u32::try_from(times).unwrap_or(u32::MAX).max(1),
        }
    }

    fn again(&self, before: Piece, it: Sending) -> Again {
        let wait_ns = it.packet.now_ns.saturating_sub(before.packet.now_ns);
        let since = |at: u64| it.packet.now_ns.saturating_sub(at);
        // What acknowledges something new starts the timer anew (RFC 6298 §5.3). If it acknowledges this segment, too, it has not
        // come: nothing would be sent again.
        let renewed = (it.heard.ack <= before.from).then_some(it.heard.more_ns);
        let ran_ns = since(before.timed_ns);
        let renewed = renewed.map(|at| (at, Anew::Acknowledged));
        let tail = self.tail_ns.map(|at| (at, Anew::Tail));
        let begun = tail.into_iter().chain(renewed);
        let begun = begun.filter(|(at, _)| *at > before.timed_ns);
        let begun = begun.max_by_key(|(at, _)| *at);
        let times = self.times(before, it.from.max(before.from));
        Again {
            times,
            wait_ns,
            timer_ns: begun.map_or(ran_ns, |(at, _)| since(at)),
            anew: begun.map(|(_, by)| by),
            last_wait_ns: before.wait_ns.filter(|_| times > 1),
            earlier: before.packet.id,
            covered: Some((before.from, before.to)),
            fresh: u32::try_from((it.to - it.next).max(0)).unwrap_or(u32::MAX),
            cause: self.cause(before, it, wait_ns),
        }
    }

    fn cause(&self, before: Piece, it: Sending, wait_ns: u64) -> Cause {
        let same = (before.from, before.to) == (it.from, it.to);
        let now_ns = it.packet.now_ns;
        if it.packet.is_copy_of(&before.packet) && same {
            return Cause::Doubled;
        }
        if before.probe {
            return Cause::Probed;
        }
        if now_ns.saturating_sub(it.heard.at_ns) < SHORTEST_RTO_NS
            && let Some(cause) = self.asked(it)
        {
            return cause;
        }
        // It lies behind what was acknowledged when there was no room.
        let has_opened =
            |at: u64| before.packet.now_ns < at && now_ns.saturating_sub(at) < SHORTEST_RTO_NS;
        if it.heard.window > 0
            && it.heard.ack <= it.from
            && it.heard.opened_ns.is_some_and(has_opened)
        {
            return Cause::Opened;
        }
        // The probe repeats the last that was sent, and is not repeated itself (RFC 8985 §7.3).
        let may_probe = it.may_probe && it.to == it.next && before.times == 1;
        match wait_ns >= SHORTEST_RTO_NS && !it.is_deaf {
            true if may_probe => Cause::Timer(Timer::Either),
            true => Cause::Timer(Timer::Retransmission),
            false => Cause::Silence,
        }
    }

    /// What an acknowledgment that came just now asks for.
    fn asked(&self, it: Sending) -> Option<Cause> {
        let (heard, duplicates) = (it.heard, it.heard.repeats);
        let going_on = self.recovery.filter(|recovery| {
            it.from < recovery.until && heard.ack > recovery.acknowledged && heard.ack <= it.from
        });
        let going_on = going_on.map(|recovery| match recovery.timed_out {
            true => Cause::SlowStart,
            false => Cause::Progress,
        });
        match () {
            () if heard.ack == it.from && duplicates >= DUPLICATES => {
                Some(Cause::Duplicates { acks: duplicates })
            }
            () if heard.ack <= it.from && it.from < heard.sacked => {
                Some(Cause::Sack { acks: duplicates })
            }
            () => going_on,
        }
    }

    /// Notes that what is missing first is sent again. A time-out begins it anew.
    fn recovers(&mut self, it: Sending, timed_out: bool) {
        let acknowledged = it.heard.ack;
        let over = |recovery: Recovery| acknowledged >= recovery.until;
        if it.from <= acknowledged && (timed_out || self.recovery.is_none_or(over)) {
            self.recovery = Some(Recovery {
                acknowledged,
                until: it.next,
                timed_out,
                goes_on: false,
            });
        } else if let Some(recovery) = &mut self.recovery {
            recovery.goes_on = true;
        }
    }
}
