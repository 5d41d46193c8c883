//! What a reset does to the end that sends it, and to the one that it reaches.

use super::TcpState;
use super::TcpState::CloseWait;
use super::TcpState::Closed;
use super::TcpState::Closing;
use super::TcpState::FinWait2;
use super::TcpState::LastAck;
use super::TcpState::Listen;
use super::TcpState::SynReceived;
use super::TcpState::SynSent;
use super::Unbelieved;
use super::judge::Placed;
use super::side::Side;

impl Side {
    /// An end that is still waiting to be connected answers a segment by a reset if that acknowledges something that it
    /// has not sent, and goes on waiting (RFC 9293 §3.10.7.3, §3.10.7.4); with its next number it gives up. An end that is
    /// connected never answers so: it sends a reset because it is gone. A number that it has never used is that of
    /// a connection before this one. An end of which nothing else was seen is gone if it answers the SYN.
    pub(super) fn after_own_reset(
        &self,
        before: Option<TcpState>,
        it: &Placed,
        next: i64,
    ) -> Option<TcpState> {
        let used = self.has_used(it.seq, next);
        let answers_syn = it.ack.is_some_and(|ack| ack > 0);
        match before {
            Some(Listen) => Some(Listen),
            Some(state @ (SynSent | SynReceived)) if it.seq != next && it.ack.is_none() => {
                Some(state)
            }
            None if self.sight.is_elsewhere || !used => None,
            None if !self.settled && !answers_syn => None,
            Some(state) if !used && !answers_syn => Some(state),
            _ => Some(Closed),
        }
    }

    /// Whether a number is one that it has used, or would use next, in this connection; `next` is what it would, as far as was seen.
    pub(super) fn has_used(&self, seq: i64, next: i64) -> bool {
        (0..=self.has_come_to(next)).contains(&seq)
    }

    /// Whether a number is from before what was seen first of it: one of this connection, or of one before.
    pub(super) fn may_have_used_unseen(&self, seq: i64) -> bool {
        seq < 0 && self.numbers.is_some_and(|numbers| !numbers.certain)
    }

    /// A reset is believed at the number that is due (RFC 5961 §3.2). Linux believes it at that of the FIN before
    /// it too, except in TIME-WAIT: an end that is gone answers by the last acknowledgment that it has heard, which
    /// may not be that of its FIN; and behind all that SACK has said to have arrived.
    pub(super) fn believes_reset(
        &self,
        peer: &Self,
        before: TcpState,
        it: &Placed,
        due: i64,
    ) -> bool {
        let seq = it.seq;
        if self.echoes_no_answer(it) {
            return false;
        }
        let waits = matches!(before, CloseWait | Closing | LastAck);
        let sacks = self.sack == Some(true) && peer.sack == Some(true);
        seq == due
            || waits && peer.fin == Some(seq) && due == seq + 1
            || sacks && self.received.highest_island() == Some(seq)
    }

    /// The number at which a reset is due, where `due` was to come next as far as is known: an end that has said not to have what seemed to have come
    /// expects that.
    pub(super) fn due_of_reset(&self, due: i64) -> i64 {
        self.sight.lacks_from.map_or(due, |from| from.min(due))
    }

    /// Whether nobody can tell if a reset is believed: that depends on options that were not seen, or on bytes from
    /// before the capture, unless its number is the one that this end has asked for.
    pub(super) fn cannot_judge_reset(
        &self,
        peer: &Self,
        before: TcpState,
        seq: i64,
        due: i64,
    ) -> bool {
        let late = peer.numbers.is_some_and(|numbers| !numbers.certain);
        let asked = self.said.is_some_and(|said| said.ack == seq);
        // One whose program has closed, and does not only send no more, is ended by any reset in its window (Linux).
        let in_room = due < seq && self.room_to.is_some_and(|room| seq <= room);
        if before == FinWait2 && in_room {
            return true;
        }
        let beyond = self.received.highest_island() == Some(seq);
        let unknown = self.sack.is_none() || peer.sack.is_none();
        let open = !matches!(before, Listen | SynSent | SynReceived | Closed);
        open && !(asked && seq == due) && (late || beyond && unknown)
    }

    /// Which check a reset does not pass, where that can be told.
    pub(super) fn refuses_reset(&self, peer: &Self, it: &Placed, due: i64) -> Option<Unbelieved> {
        let before = self.life.state()?;
        if self.cannot_judge_reset(peer, before, it.seq, due) {
            return None;
        }
        let is_outside = it.seq < due || self.room_to.is_some_and(|room| it.seq > room);
        match before {
            Closed | Listen => None,
            SynSent => {
                let answers = it.ack.is_some_and(|ack| (1..=self.next).contains(&ack));
                (!answers).then_some(Unbelieved::NoAnswer)
            }
            _ if self.echoes_no_answer(it) || self.believes_reset(peer, before, it, due) => None,
            _ if is_outside => Some(Unbelieved::Outside { due }),
            _ => self.room_to.map(|_| Unbelieved::NotDue { due }),
        }
    }

    /// What a reset does, or one that acknowledges a SYN that has no answer yet.
    pub(super) fn after_reset(&self, before: TcpState, due: bool, ack: Option<i64>) -> TcpState {
        match before {
            Listen => Listen,
            SynSent if ack.is_some_and(|ack| ack > 0) => Closed,
            SynSent => SynSent,
            SynReceived if due && self.life.passive => Listen,
            _ if due => Closed,
            state => state,
        }
    }
}
