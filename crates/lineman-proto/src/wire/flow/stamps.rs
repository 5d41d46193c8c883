//! Timestamps (RFC 7323): what an end has heard of its peer's clock, and what it throws away by that (§5, PAWS).

use super::Segment;
use super::TcpState::SynReceived;
use super::judge::Placed;
use super::side::Side;
use crate::wire::Flags;

/// Nothing is judged by a timestamp that was heard so long ago: the clock may have come round since (RFC 7323 §5.5).
const OUTDATED_NS: u64 = 24 * 24 * 3600 * 1_000_000_000;
/// By how many ticks Linux lets a timestamp be older, where both ends have a socket.
const TOLERANCE: i32 = 1;

/// What an end says of the clocks, and has heard.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stamps {
    /// Whether its SYN carried one, if that was seen.
    offered: Option<bool>,
    /// Those of its SYN-ACKs.
    answered: Option<Answered>,
    /// Whether it was seen before it began anew: then the first of its SYN-ACKs that is seen is the first.
    is_anew: bool,
    /// The latest of its peer that counts (TS.Recent), and when that came, in nanoseconds.
    recent: Option<(u32, u64)>,
}

/// The timestamps of an end's SYN-ACKs.
#[derive(Clone, Copy, Debug)]
struct Answered {
    /// That of the first, if it is known which that was: before a capture began there may have been others.
    first: Option<u32>,
    last: u32,
}

impl Stamps {
    /// Of an end that begins anew.
    pub(super) fn anew() -> Self {
        Self {
            is_anew: true,
            ..Self::default()
        }
    }

    /// Its peer begins anew.
    pub(super) fn forget_peer(&mut self) {
        self.recent = None;
    }

    /// It sends a SYN.
    pub(super) fn asks(&mut self, syn: &Segment) {
        self.offered = Some(syn.time_stamps.is_some());
        if let Some((clock, _)) = syn.time_stamps.filter(|_| syn.has(Flags::ACK)) {
            let first = match self.answered {
                Some(before) => before.first,
                None => self.is_anew.then_some(clock),
            };
            self.answered = Some(Answered { first, last: clock });
        }
    }
}

impl Side {
    /// Whether a segment's timestamp is older than one that this end has heard: then it throws it away, and answers by an ACK. A
    /// reset is not judged by that (§5.2), and what asks to open is not, either.
    pub(super) fn is_stale(&self, peer: &Self, it: &Placed, now_ns: u64) -> bool {
        if self.echoes_no_answer(it) {
            return true;
        }
        let (Some((stamp, _)), Some((recent, at_ns))) = (it.stamps, self.stamps.recent) else {
            return false;
        };
        let agreed = self.stamps.offered != Some(false) && peer.stamps.offered != Some(false);
        let tolerance = if self.is(SynReceived) { 0 } else { TOLERANCE };
        let older = recent.wrapping_sub(stamp) as i32;
        agreed
            && !it.flags.any(Flags::SYN | Flags::RST)
            && recent != 0 // some send that with a SYN, and begin to count later
            && older > tolerance
            && now_ns.saturating_sub(at_ns) < OUTDATED_NS
    }

    /// Whether it has heard a later timestamp than a segment's: that was overtaken.
    pub(super) fn has_heard_later(&self, it: &Placed) -> bool {
        let both = it.stamps.zip(self.stamps.recent);
        both.is_some_and(|((stamp, _), (recent, _))| recent.wrapping_sub(stamp) as i32 > 0)
    }

    /// Linux (6.15) has an end that has answered a SYN be connected only by what echoes a timestamp of its SYN-ACKs: not that of an
    /// ACK by which it has answered an old SYN meanwhile, nor that of a SYN-ACK of the connection before.
    pub(super) fn echoes_no_answer(&self, it: &Placed) -> bool {
        let waits = self.is(SynReceived) && self.life.passive && !it.has(Flags::SYN);
        let both = it.stamps.zip(self.stamps.answered);
        waits
            && both.is_some_and(|((_, echo), answered)| {
                let is_later = |one: u32, other: u32| one.wrapping_sub(other) as i32 > 0;
                let is_earlier = answered.first.is_some_and(|first| is_later(first, echo));
                echo != 0 && (is_later(echo, answered.last) || is_earlier)
            })
    }

    /// Notes the timestamp of a segment that it has taken in, and whose ACK is not an old one: it counts if the segment begins no later than
    /// what this end has acknowledged last (§4.3), so that it is that of the segment that an ACK was held back for.
    pub(super) fn hears_stamp(&mut self, it: &Placed, now_ns: u64) {
        let Some((stamp, _)) = it.stamps else { return };
        let counts = self.said.is_none_or(|said| it.seq <= said.ack);
        let older = |(recent, _): (u32, u64)| recent.wrapping_sub(stamp) as i32 > 0;
        if counts && !self.stamps.recent.is_some_and(older) {
            self.stamps.recent = Some((stamp, now_ns));
        }
    }
}
