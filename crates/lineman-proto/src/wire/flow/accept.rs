//! Which segments an end takes in: the first checks of RFC 9293 §3.10.7.4, as Linux makes them.

use super::Arrival;
use super::TcpState::Listen;
use super::TcpState::SynReceived;
use super::TcpState::SynSent;
use super::judge::Placed;
use super::side::Side;
use crate::wire::Flags;

/// What an end does with a segment that has reached it, and is no reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acceptance {
    /// It takes it in.
    Taken,
    /// It has had all of it: it answers, and heeds nothing in it, neither its ACK nor its window.
    Old,
    /// Its timestamp is old, and it is not all known: it answers, and heeds nothing in it.
    Stale,
    /// It acknowledges less than may still be under way: it answers, and heeds nothing in it.
    OldAck,
    /// It answers, or not even that, and heeds nothing: it is not connected yet, or this lies beyond its window.
    Unexpected,
}

impl Side {
    /// What it does with a segment. A segment that ends before what this end has acknowledged last is too old. Linux goes by
    /// that, not by what it has received: so it believes an older number than the RFC has it believe, while an ACK is delayed.
    pub(super) fn acceptance(&self, peer: &Self, it: &Placed, now_ns: u64) -> Acceptance {
        let syn = it.has(Flags::SYN);
        let acknowledges = it.ack.is_some_and(|ack| (1..=self.next).contains(&ack));
        let is_old = it.end < self.said.map_or(0, |said| said.ack);
        let is_beyond = self.room_to.is_some_and(|room| it.seq > room);
        match self.life.state() {
            // It takes in only what acknowledges its SYN, or is one (§3.10.7.3, §3.10.7.4).
            Some(SynSent) if !syn => Acceptance::Unexpected,
            // Linux looks at the ACK before the timestamp where it has no socket yet.
            Some(SynReceived) if !syn && self.life.passive && !acknowledges => {
                Acceptance::Unexpected
            }
            Some(SynReceived) if !syn && self.is_stale(peer, it, now_ns) => Acceptance::Stale,
            Some(SynReceived) if !syn && (is_beyond || !acknowledges) => Acceptance::Unexpected,
            Some(Listen | SynSent | SynReceived) | None if syn => Acceptance::Taken,
            // The SYN of an end that it is connected with: RFC 5961 §4.
            Some(_) if syn => Acceptance::Old,
            _ if is_old => Acceptance::Old,
            _ if self.knows_ack_is_old(peer, it) => Acceptance::OldAck,
            _ if self.is_stale(peer, it, now_ns) => {
                match it.seq < it.end && it.end <= self.received.expects {
                    true => Acceptance::Old,
                    false => Acceptance::Stale,
                }
            }
            _ if is_beyond && Self::agree_on_scale(self, peer) => Acceptance::Unexpected,
            _ => Acceptance::Taken,
        }
    }
}

impl Side {
    /// Whether it has announced a window of 0 at what it expects, and a segment reaches beyond that: it takes in nothing of it. A FIN without
    /// data needs no room; Linux takes that.
    pub(super) fn has_no_room_for(&self, peer: &Self, it: &Placed) -> bool {
        let expects = self.received.expects;
        let reaches_beyond = it.bytes > 0 && expects < it.end;
        let is_full = self.room_to == Some(expects) && Self::agree_on_scale(self, peer);
        // It has withdrawn what it had offered: there is nothing to keep data behind a gap in. What is next it takes if it has memory again,
        // and its ACK says so.
        let has_withdrawn = self.says_no_room_at(expects) && it.seq > expects;
        reaches_beyond && (has_withdrawn || is_full && it.seq <= expects)
    }

    /// Whether what it has said last is a window of 0 behind all that it has.
    fn says_no_room_at(&self, place: i64) -> bool {
        let said = self.said.filter(|_| self.settled);
        said.is_some_and(|said| (said.ack, said.window) == (place, 0))
    }

    /// Whether it acknowledges less than what has been acknowledged by more than the widest window that its sender has offered, or something
    /// from before this end's SYN: only a connection before this one can have sent that (RFC 5961 §5.2).
    fn knows_ack_is_old(&self, peer: &Self, it: &Placed) -> bool {
        let Some(ack) = it.ack.filter(|_| self.isn().is_some()) else {
            return false;
        };
        let is_far = || ack < self.heard.ack - i64::from(self.heard.widest);
        ack < 0 || is_far() && Self::agree_on_scale(self, peer)
    }
}

impl Acceptance {
    /// What a segment is to an end that does not expect it.
    pub(super) fn unexpected(it: &Placed) -> Arrival {
        match it.seq == it.end {
            true => Arrival::InOrder,
            false => Arrival::Early,
        }
    }
}
