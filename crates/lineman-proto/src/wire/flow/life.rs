//! The states of an end, deduced from numbers (RFC 9293 §3.10.7): a flag alone moves nothing, the
//! number that it stands at must be the one that is due.

use super::EndState;
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
use super::TcpState::TimeWait;
use super::judge::Placed;
use super::side::Side;
use crate::wire::Flags;

/// The state of an end, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Life {
    pub(super) now: Option<EndState>,
    /// Whether it has answered a SYN without having sent one: a reset leads it back to LISTEN.
    passive: bool,
}

impl Life {
    pub(super) fn told(&mut self, state: TcpState) {
        self.passive |= state == Listen;
        self.now = Some(EndState {
            state,
            source: Source::Kernel,
        });
    }

    fn state(&self) -> Option<TcpState> {
        self.now.map(|now| now.state)
    }

    /// Whether its own TCP has told what it is in.
    fn is_told(&self) -> bool {
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

impl Side {
    /// Whether it is known to be in a state.
    pub(super) fn is(&self, state: TcpState) -> bool {
        self.life.state() == Some(state)
    }

    /// It has sent a segment; `next` is what it would have sent next before. Gives its state if that is
    /// another now.
    pub(super) fn lives_by_sending(
        &mut self,
        peer: &Self,
        it: &Placed,
        next: i64,
    ) -> Option<EndState> {
        let before = self.life.state();
        let (state, fits) = if it.has(Flags::RST) {
            (after_own_reset(before, it.seq == next), true)
        } else if it.has(Flags::SYN) {
            self.after_own_syn(before, it.has(Flags::ACK))
        } else if let Some(before) = before.filter(|_| !self.is_unsure() || self.life.is_told()) {
            self.after_own(peer, before, it)
        } else {
            self.life.now = self.deduced(peer).filter(|_| !self.is_unsure());
            return self.life.now;
        };
        let source = match fits {
            true => Source::Deduced,
            false => Source::Contradicted,
        };
        self.life.moves(state, source)
    }

    /// The state that follows from all that was seen, whatever was deduced before; `None` if it does not
    /// follow.
    fn deduced(&self, peer: &Self) -> Option<EndState> {
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

    fn after_own_syn(&mut self, before: Option<TcpState>, with_ack: bool) -> (TcpState, bool) {
        let unborn = matches!(before, None | Some(Closed | Listen));
        if with_ack {
            self.life.passive |= unborn;
            let fits = unborn || matches!(before, Some(SynSent | SynReceived));
            (SynReceived, fits)
        } else {
            let fits = unborn || matches!(before, Some(SynSent | TimeWait));
            (SynSent, fits)
        }
    }

    fn after_own(&self, peer: &Self, before: TcpState, it: &Placed) -> (TcpState, bool) {
        let heard = self.has_heard_fin(peer);
        if self.fin.is_some_and(|fin| it.end > fin + 1) {
            return (before, false); // more than it had to say
        }
        let ends = it.has(Flags::FIN);
        // Whoever has received a FIN acknowledges it with all that it sends from then on (§3.10.7.4): its own FIN
        // had left before that one arrived, wherever they were seen. The two have crossed.
        let unheard = |ack: i64| peer.fin.is_some_and(|fin| ack <= fin);
        if ends && before == CloseWait && it.ack.is_some_and(unheard) {
            return (Closing, false);
        }
        match before {
            Listen => (open(ends, heard), true),
            SynSent if it.ack.is_none_or(|ack| ack < 1) => (SynSent, false),
            SynSent => (open(ends, heard), true),
            // Only who is open has something to say; anybody may repeat an acknowledgment.
            SynReceived if it.bytes > 0 || ends => (open(ends, heard), true),
            Established | CloseWait => (open(ends, heard), true),
            // It repeats its FIN: that is not acknowledged yet.
            FinWait2 if ends => (FinWait1, false),
            TimeWait if ends => (Closing, false),
            Closed if ends && heard => (LastAck, false),
            Closed => (Closed, false),
            state => (state, true),
        }
    }

    /// A segment has reached it, undamaged; what it brought was taken in already. `due` is what it
    /// expected before. Gives its state if that is another now.
    pub(super) fn lives_by_hearing(
        &mut self,
        peer: &Self,
        it: &Placed,
        due: i64,
    ) -> Option<EndState> {
        // Whether it listens is told by its answer.
        let before = self.life.state()?;
        // What acknowledges something that was never sent is not believed.
        let ack = it.ack.filter(|ack| *ack <= self.next);
        let state = if it.has(Flags::RST) {
            self.after_reset(before, it.seq == due, ack)
        } else {
            self.after(peer, before, it, ack)
        };
        self.life.moves(state, Source::Deduced)
    }

    /// A reset is believed if its number is just the one that is due (RFC 5961 §3.2), or if it
    /// acknowledges a SYN that has no answer yet.
    fn after_reset(&self, before: TcpState, due: bool, ack: Option<i64>) -> TcpState {
        match before {
            Listen => Listen,
            SynSent if ack.is_some_and(|ack| ack > 0) => Closed,
            SynSent => SynSent,
            SynReceived if due && self.life.passive => Listen,
            _ if due => Closed,
            state => state,
        }
    }

    fn after(&self, peer: &Self, before: TcpState, it: &Placed, ack: Option<i64>) -> TcpState {
        let syn = it.has(Flags::SYN);
        let opened = match before {
            Closed => return Closed,
            Listen if syn && !it.has(Flags::ACK) => return SynReceived,
            Listen => return Listen,
            SynSent => match (syn, ack) {
                (true, Some(1..)) => Established,
                (true, None) if it.ack.is_none() => return SynReceived,
                _ => return SynSent,
            },
            // What is older than all that it has said it received is answered, and else ignored.
            _ if !syn && it.end < self.said.map_or(0, |said| said.ack) => return before,
            SynReceived if ack.is_some_and(|ack| ack > 0) => Established,
            state => state,
        };
        let acked = self
            .fin
            .is_some_and(|fin| self.heard.ack > fin && ack.is_some());
        let after_ack = match opened {
            FinWait1 if acked => FinWait2,
            Closing if acked => TimeWait,
            LastAck if acked => Closed,
            state => state,
        };
        if !self.has_heard_fin(peer) {
            return after_ack;
        }
        match after_ack {
            Established => CloseWait,
            FinWait1 => Closing,
            FinWait2 => TimeWait,
            state => state,
        }
    }
}

/// Who has both FINs behind it has waited for the peer's, or for the ACK of its own.
fn over(ended_second: bool) -> TcpState {
    match ended_second {
        true => Closed,
        false => TimeWait,
    }
}

fn open(ends: bool, heard_fin: bool) -> TcpState {
    match (ends, heard_fin) {
        (false, false) => Established,
        (true, false) => FinWait1,
        (false, true) => CloseWait,
        (true, true) => LastAck,
    }
}

/// Whoever is still waiting to be connected answers by a reset what acknowledges something that it has not sent,
/// and goes on waiting (RFC 9293 §3.10.7.3, §3.10.7.4); with its next number it gives up. An end that is connected
/// never answers so: it sends a reset because it is gone.
fn after_own_reset(before: Option<TcpState>, due: bool) -> TcpState {
    match before {
        Some(Listen) => Listen,
        Some(state @ (SynSent | SynReceived)) if !due => state,
        _ => Closed,
    }
}
