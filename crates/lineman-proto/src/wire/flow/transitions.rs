//! What moves a state (RFC 9293 §3.10.7, figure 5): from facts that numbers tell to the next state. Nothing is remembered here.

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

/// What a segment tells of its sender that is neither SYN nor reset.
#[derive(Clone, Copy)]
pub(super) struct Says {
    /// Whether it has FIN.
    pub ends: bool,
    /// Whether it carries bytes.
    pub has_bytes: bool,
    /// Whether it acknowledges the peer's SYN.
    pub acks_syn: bool,
    /// Whether it has an ACK that is older than the peer's FIN, which was seen.
    pub acks_before_fin: bool,
    /// Whether the peer's FIN was seen to reach its sender.
    pub heard_fin: bool,
    /// Whether it says that what has come was dropped.
    pub lacks: bool,
}

/// The state of its sender, and whether that goes with the one before.
pub(super) fn by_sending(before: TcpState, it: Says) -> (TcpState, bool) {
    let (ends, heard) = (it.ends, it.heard_fin);
    match before {
        // The FIN was dropped with what was before it.
        CloseWait if it.lacks && !heard => (open(ends, false), false),
        Closing if it.lacks && !heard => (FinWait1, false),
        // If it repeats its own, that is not acknowledged either.
        TimeWait if it.lacks && !heard && ends => (FinWait1, false),
        TimeWait if it.lacks && !heard => (FinWait2, false),
        // An end that has received a FIN acknowledges it with all that it sends from then on (§3.10.7.4). This FIN does not:
        // so it had left before the other one arrived, wherever they were seen. The two have crossed.
        CloseWait | Closed if ends && it.acks_before_fin => (Closing, false),
        Listen if it.has_bytes || ends => (open(ends, heard), true),
        SynSent if !it.acks_syn => (SynSent, false),
        SynSent => (open(ends, heard), true),
        // Only an end that is open sends data or a FIN; an ACK alone may be repeated in any state.
        SynReceived if it.has_bytes || ends => (open(ends, heard), true),
        Established | CloseWait => (open(ends, heard), true),
        // It repeats its FIN: that is not acknowledged yet.
        FinWait2 if ends => (FinWait1, false),
        TimeWait if ends => (Closing, false),
        // Its own acknowledgment tells that the peer's has arrived.
        FinWait1 if heard => (Closing, true),
        FinWait2 if heard => (TimeWait, true),
        Closed if ends && heard => (LastAck, false),
        Closed => (Closed, false),
        state => (state, true),
    }
}

/// What a segment tells an end that has taken it in, and is no reset.
#[derive(Clone, Copy)]
pub(super) struct Hears {
    pub syn: bool,
    /// Whether it has ACK, believed or not.
    pub has_ack: bool,
    /// Whether its ACK is believed, and is of this end's SYN at least.
    pub acks_syn: bool,
    /// Whether it has a believed ACK, and this end's FIN is acknowledged by now.
    pub acks_fin: bool,
    /// Whether the peer's FIN has arrived by now, and all before it.
    pub heard_fin: bool,
}

/// The state of that end.
pub(super) fn by_hearing(before: TcpState, it: Hears) -> TcpState {
    let opened = match before {
        Closed => return Closed,
        Listen if it.syn && !it.has_ack => return SynReceived,
        Listen => return Listen,
        SynSent if it.syn && it.acks_syn => Established,
        SynSent if it.syn && !it.has_ack => return SynReceived,
        SynSent => return SynSent,
        SynReceived if it.acks_syn => Established,
        state => state,
    };
    let after_ack = match opened {
        FinWait1 if it.acks_fin => FinWait2,
        Closing if it.acks_fin => TimeWait,
        LastAck if it.acks_fin => Closed,
        state => state,
    };
    match after_ack {
        Established if it.heard_fin => CloseWait,
        FinWait1 if it.heard_fin => Closing,
        FinWait2 if it.heard_fin => TimeWait,
        state => state,
    }
}

/// Who has both FINs behind it has waited for the peer's, or for the ACK of its own.
pub(super) fn over(ended_second: bool) -> TcpState {
    match ended_second {
        true => Closed,
        false => TimeWait,
    }
}

pub(super) fn open(ends: bool, heard_fin: bool) -> TcpState {
    match (ends, heard_fin) {
        (false, false) => Established,
        (true, false) => FinWait1,
        (false, true) => CloseWait,
        (true, true) => LastAck,
    }
}
