//! The states of an end, deduced from numbers (RFC 9293 §3.10.7): a flag alone moves nothing, the
//! number that it stands at must be the one that is due. What moves which state, [`transitions`](super::transitions) says.

use super::Again;
use super::EndState;
use super::Prompt;
use super::Source;
use super::TcpState;
use super::TcpState::CloseWait;
use super::TcpState::Closed;
use super::TcpState::Closing;
use super::TcpState::Established;
use super::TcpState::FinWait1;
use super::TcpState::FinWait2;
use super::TcpState::LastAck;
use super::TcpState::Listen;
use super::TcpState::SynReceived;
use super::TcpState::SynSent;
use super::crossing::LacksFin;
use super::judge::Placed;
use super::side::Side;
use super::transitions::Hears;
use super::transitions::Says;
use super::transitions::by_hearing;
use super::transitions::by_sending;
use super::transitions::open;
use super::transitions::over;
use crate::wire::Flags;

/// The state of an end, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Life {
    pub(super) now: Option<EndState>,
    /// Whether it has answered a SYN without having sent one: a reset leads it back to LISTEN.
    pub(super) passive: bool,
}

impl Life {
    pub(super) fn told(&mut self, state: TcpState) {
        self.passive |= state == Listen;
        self.now = Some(EndState {
            state,
            source: Source::Kernel,
        });
    }

    pub(super) fn state(&self) -> Option<TcpState> {
        self.now.map(|now| now.state)
    }

    /// Whether its own TCP has told what it is in.
    pub(super) fn is_told(&self) -> bool {
        self.now.is_some_and(|now| now.source == Source::Kernel)
    }

    /// Moves on, and gives the new state if it does. What stays where it is stays known as before.
    fn moves(&mut self, state: TcpState, source: Source) -> Option<EndState> {
        if self.state() == Some(state) && source != Source::Contradicted {
            return None;
        }
        self.now = Some(EndState { state, source });
        self.now
    }
}

/// How a segment leaves.
#[derive(Clone, Copy)]
pub(super) struct Departs {
    /// What its sender would have sent next before.
    pub next: i64,
    /// If it was sent before.
    pub again: Option<Again>,
    /// Whether its sender had sent anything but SYNs before.
    pub had_settled: bool,
    /// What its sender had received last that has to be answered.
    pub prompt: Prompt,
    /// Whether it [says](Side::shows_lack) that what was taken to have reached its sender was dropped there.
    pub lacks: bool,
    /// Whether it has not received the FIN that seems to have reached it.
    pub lacks_fin: LacksFin,
    pub now_ns: u64,
}

impl Side {
    /// Whether it is known to be in a state.
    pub(super) fn is(&self, state: TcpState) -> bool {
        self.life.state() == Some(state)
    }

    /// It has sent a segment. Gives its state if that is another now.
    pub(super) fn lives_by_sending(
        &mut self,
        peer: &Self,
        it: &Placed,
        how: Departs,
    ) -> Option<EndState> {
        let before = self.life.state();
        let lacks = how.lacks && !self.life.is_told();
        let lacks_fin = how.lacks_fin == LacksFin::Surely && !self.life.is_told();
        if how.lacks_fin == LacksFin::Perhaps && !self.life.is_told() {
            self.may_lack_fin();
        }
        let (state, fits) = if it.has(Flags::RST) {
            if self.sight.may_have_begun_anew && !self.life.is_told() {
                return None; // it may go on waiting for the answer to that SYN
            }
            let answers_other = match self.is(SynReceived) {
                true => it.seq != how.next,
                false => !self.has_used(it.seq, how.next),
            };
            // Where the peer's SYN was seen, so is what it answers, or that is of a connection before.
            let answers_unseen =
                self.is(SynSent) || it.ack.is_none() && answers_other && peer.syn.is_none();
            if peer.said.is_none() && answers_unseen {
                // It may have been refused or reset before.
                self.life.now = None;
                return None;
            }
            if it.ack.is_none() && self.may_have_used_unseen(it.seq) {
                // It is gone if it has; if not, its state is what it was.
                self.life.now = None;
                return None;
            }
            if self.syn.is_none() && it.ack.is_some() {
                self.received.ends_at(0); // it refuses: there is no socket that what has come could be for
            }
            (self.after_own_reset(before, it, how.next)?, true)
        } else if it.is_old || !lacks && !lacks_fin && self.had_left_before(it, how) {
            return None;
        } else if lacks && (before == Some(Closed) || self.sight.refused == it.ack) {
            // A reset was believed that stands behind what was dropped, or one was not that stands in front of it.
            (self.sight.may_be_gone, self.life.now) = (true, None);
            return None;
        } else if it.has(Flags::SYN) && !self.sight.is_elsewhere {
            let (state, fits) = self.after_own_syn(peer, before, it.has(Flags::ACK), how);
            // It is not connected yet: what was thought to have reached it since has not, either.
            match (state, it.ack) {
                (SynReceived, Some(ack)) => self.received.ends_at(ack),
                (SynSent, _) if !fits => self.received.ends_at(0),
                _ => {}
            }
            (state, fits)
        } else if self.is(Closed) && !self.life.is_told() && !self.repeats_last_fin(peer, it) {
            let Some(state) = self.before_it_was_gone(peer, it) else {
                self.life.now = None;
                return None;
            };
            (state, false)
        } else if let Some(before) = self
            .life
            .state()
            .filter(|_| !self.is_unsure() || self.life.is_told())
        {
            self.after_own(peer, before, it, lacks || lacks_fin)
        } else {
            let may_wait = self.may_wait_for_third(it);
            self.life.now = self
                .deduced(peer)
                .filter(|_| !self.is_unsure() && !may_wait && !self.may_not_have_fin(peer, it));
            if self.answers_unseen(peer, it, how.prompt) {
                self.life.now = None;
            }
            return self.life.now;
        };
        if self.answers_unseen(peer, it, how.prompt) {
            self.life.now = None;
            return None;
        }
        let source = match fits {
            true => Source::Deduced,
            false => Source::Contradicted,
        };
        self.life.moves(state, source)
    }

    /// Whether it may be in SYN-RECEIVED still: it has answered a SYN, only acknowledges, and no ACK of its SYN was seen to reach it.
    fn may_wait_for_third(&self, it: &Placed) -> bool {
        self.syn == Some(true) && self.heard.ack < 1 && it.seq == it.end && self.fin.is_none()
    }

    /// Whether it does not acknowledge the peer's FIN, which has come: it may have left before that, or not have taken it in.
    fn may_not_have_fin(&self, peer: &Self, it: &Placed) -> bool {
        self.has_heard_fin(peer) && it.ack.is_some_and(|ack| peer.fin >= Some(ack))
    }

    /// Whether it sends the FIN behind which it seemed to be over: that is not acknowledged yet.
    fn repeats_last_fin(&self, peer: &Self, it: &Placed) -> bool {
        it.has(Flags::FIN) && self.has_heard_fin(peer)
    }

    /// Whether it waits for an acknowledgment, and acknowledges something of a peer of which none was ever seen: it
    /// may have got its own, too. Where it was seen to receive something again, that is what it answers.
    fn answers_unseen(&self, peer: &Self, it: &Placed, prompt: Prompt) -> bool {
        let waiting = [SynReceived, FinWait1, Closing, LastAck];
        let unseen = peer.said.is_none() && prompt != Prompt::Known;
        unseen
            && it.ack.is_some()
            && it.seq == it.end
            && waiting.into_iter().any(|state| self.is(state))
    }

    /// The state that follows from all that was seen, whatever was deduced before; `None` if it does not
    /// follow.
    pub(super) fn deduced(&self, peer: &Self) -> Option<EndState> {
        let heard = self.has_heard_fin(peer);
        let acked = self.has_heard_its_fin_acknowledged();
        let state = match (self.fin.is_some(), heard, acked) {
            (false, ..) => open(false, heard),
            (true, false, false) => FinWait1,
            (true, false, true) => FinWait2,
            (true, true, false) if self.ended_second? => LastAck,
            (true, true, false) => Closing,
            (true, true, true) => over(self.ended_second?),
        };
        let source = Source::Deduced;
        Some(EndState { state, source })
    }

    fn after_own_syn(
        &mut self,
        peer: &Self,
        before: Option<TcpState>,
        with_ack: bool,
        how: Departs,
    ) -> (TcpState, bool) {
        let unborn = matches!(before, None | Some(Closed | Listen));
        match before {
            // It answers a SYN that crossed its own, and had left when the peer's answer arrived.
            Some(state @ (Established | CloseWait)) if with_ack && how.again.is_none() => {
                (state, true)
            }
            // It has said more since: this one was late.
            Some(state) if how.had_settled && !unborn => (state, true),
            // It has closed before its SYN was acknowledged.
            None if with_ack && self.fin.is_some() => (FinWait1, true),
            _ if with_ack => {
                self.life.passive |=
                    unborn && (self.asked_isn.is_none() || self.asked_isn != self.isn());
                let fits = unborn || matches!(before, Some(SynSent | SynReceived));
                (SynReceived, fits)
            }
            // The peer's has arrived already, and crossed it.
            None if peer.syn == Some(false) && self.received.expects > 0 => (SynReceived, true),
            _ => (SynSent, unborn || before == Some(SynSent)),
        }
    }

    fn after_own(
        &self,
        peer: &Self,
        before: TcpState,
        it: &Placed,
        lacks: bool,
    ) -> (TcpState, bool) {
        if self.fin.is_some_and(|fin| it.end > fin + 1) {
            return (before, false); // more than it had to say
        }
        let before_fin = |ack: i64| peer.fin.is_some_and(|fin| ack <= fin);
        let says = Says {
            ends: it.has(Flags::FIN),
            has_bytes: it.bytes > 0,
            acks_syn: it.ack.is_some_and(|ack| ack > 0),
            acks_before_fin: it.ack.is_some_and(before_fin),
            heard_fin: self.has_heard_fin(peer),
            lacks,
        };
        by_sending(before, says)
    }

    /// A segment has reached it, undamaged; what it brought was taken in already. `due` is what it
    /// expected before, `is_taken` whether this end has [accepted](Self::acceptance) it. Gives its state if that is another now.
    pub(super) fn lives_by_hearing(
        &mut self,
        peer: &Self,
        it: &Placed,
        (due, is_taken): (i64, bool),
    ) -> Option<EndState> {
        let asks = it.has(Flags::SYN) && it.ack.is_none();
        // Whether it listens is told by its answer.
        let Some(before) = self.life.state() else {
            self.sight.may_be_gone |= it.has(Flags::RST);
            self.sight.fin_may_be_first &= !asks;
            // Nothing is missing in front of the FIN any more: it counts in any case.
            let ends = self.sight.fin_may_be_first && is_taken && self.has_heard_fin(peer);
            return match ends && !self.settled && !self.is_unsure() {
                true => self.life.moves(CloseWait, Source::Deduced),
                false => None,
            };
        };
        if asks && (before == Closed || self.may_have_answered_by_a_cookie(before)) {
            self.life.now = None; // it may listen
            return None;
        }
        // It has not acknowledged the FIN: it may have dropped it, with the third ACK, for want of room. What comes now makes the socket: that need not be
        // the FIN.
        let comes_again = it.ack.is_some() && !it.has(Flags::RST) && it.end <= due;
        if comes_again && before == CloseWait && self.may_have_answered_by_a_cookie(before) {
            self.life.now = None;
            return None;
        }
        let is_early_fin = is_taken && it.has(Flags::FIN) && it.seq > due;
        if is_early_fin && self.may_begin_with(before) {
            (self.sight.fin_may_be_first, self.life.now) = (true, None);
            return None;
        }
        if it.has(Flags::RST)
            && self.cannot_judge_reset(peer, before, it.seq, self.due_of_reset(due))
        {
            (self.sight.may_be_gone, self.life.now) = (true, None);
            return None;
        }
        // What acknowledges something that was never sent is not believed.
        let ack = it.ack.filter(|ack| *ack <= self.next);
        let state = if it.has(Flags::RST) {
            let believed = self.believes_reset(peer, before, it, self.due_of_reset(due));
            self.after_reset(before, believed, ack)
        } else if !is_taken {
            before
        } else {
            self.after(peer, before, it, ack)
        };
        self.life.moves(state, Source::Deduced)
    }

    /// Whether it may have no socket at all. A listener without room keeps nothing of a SYN but the number of its answer (RFC 4987
    /// §3.6), and drops the ACK of that when it has no room for a connection, either; the peer is connected then. A SYN
    /// that comes once more is like the first for it. An end that has sent anything else has a socket.
    fn may_have_answered_by_a_cookie(&self, before: TcpState) -> bool {
        self.life.passive && !self.settled && matches!(before, Established | CloseWait)
    }

    /// Whether it may take for the first what comes behind a gap: where its SYN-ACK was a cookie and the ACK of that was dropped or lost, the next segment
    /// that acknowledges it makes the socket, and Linux takes its number for the first of the stream. A FIN in it is the peer's last then.
    fn may_begin_with(&self, before: TcpState) -> bool {
        let waits = matches!(before, SynReceived | Established);
        self.life.passive && !self.settled && waits && !self.life.is_told()
    }

    fn after(&self, peer: &Self, before: TcpState, it: &Placed, ack: Option<i64>) -> TcpState {
        let acked = self.has_heard_its_fin_acknowledged();
        by_hearing(
            before,
            Hears {
                syn: it.has(Flags::SYN),
                has_ack: it.ack.is_some(),
                acks_syn: ack.is_some_and(|ack| ack > 0),
                acks_fin: acked && ack.is_some(),
                heard_fin: self.has_heard_fin(peer),
            },
        )
    }
}
