//! Why a TCP socket changes its state (RFC 9293 §3.3.2, figure 5).

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::Label;

use super::Around;
use super::Arrow;
use super::CallCell;
use super::Row;
use super::sending::Sends;
use super::sending::is_dissolving;
use crate::log::Answer;
use crate::log::Host;
use crate::log::TcpState;
use crate::log::TcpState::CloseWait;
use crate::log::TcpState::Closed;
use crate::log::TcpState::Closing;
use crate::log::TcpState::Established;
use crate::log::TcpState::FinWait1;
use crate::log::TcpState::FinWait2;
use crate::log::TcpState::LastAck;
use crate::log::TcpState::Listen;
use crate::log::TcpState::SynReceived;
use crate::log::TcpState::SynSent;
use crate::log::TcpState::TimeWait;

/// Declares the reasons, each with the id of what is said of it.
macro_rules! reasons {
    ($( $(#[$doc:meta])* $reason:ident $id:literal )+) => {
        /// Why a state changed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $( $(#[$doc])* $reason, )+
        }

        impl Reason {
            pub(super) const ALL: &[Self] = &[$( Self::$reason ),+];

            /// The id of its saying.
            pub(super) fn id(self) -> &'static str {
                match self {
                    $( Self::$reason => $id, )+
                }
            }
        }
    };
}

reasons! {
    /// `listen()`.
    Listens "state.listens"
    /// `connect()` sent a SYN.
    Asks "state.syn.sent"
    /// A SYN arrived at a listener.
    Asked "state.syn.received"
    /// A SYN arrived that crossed its own.
    CrossedSyn "state.syn.crossed"
    /// Its SYN was acknowledged by a SYN+ACK.
    Answered "state.syn.answered"
    /// Its SYN+ACK was acknowledged.
    Confirmed "state.syn.acked"
    /// It closes first.
    ClosesFirst "state.fin.sent"
    /// It closes first, and its FIN is still to be sent.
    FinWaits "state.fin.queued"
    /// The program has ended, no call has closed the socket, and its FIN is still to be sent.
    FinWaitsUncalled "state.fin.queued.ended"
    /// It closes first, its FIN has not left, and nothing is known that this must follow.
    FinLater "state.fin.later"
    /// The same of a program that has ended: no call has closed the socket.
    FinLaterUncalled "state.fin.later.ended"
    /// The peer closes first.
    PeerCloses "state.fin.received"
    /// The peer closes first: what was missing before its FIN has come, which is there already.
    PeerClosesBehind "state.fin.received.gap"
    /// Its FIN was acknowledged.
    FinAcked "state.fin.acked"
    /// A FIN arrived that crossed its own.
    CrossedFin "state.fin.crossed"
    /// A FIN that crossed its own was there already, and what was missing before it has come.
    CrossedFinBehind "state.fin.crossed.gap"
    /// FIN and acknowledgment arrived together.
    FinAndAck "state.fin.combined"
    /// The acknowledgment of its FIN came with what was missing before the peer's FIN, which is there already.
    FinAndAckBehind "state.fin.combined.gap"
    /// The peer's FIN arrived after the acknowledgment.
    PeerFin "state.fin.second"
    /// The peer's FIN was there already, and what was missing before it has come.
    PeerFinBehind "state.fin.second.gap"
    /// Its FIN, which crossed the peer's, was acknowledged.
    CrossedAcked "state.fin.crossed.acked"
    /// It closes second.
    ClosesSecond "state.fin.last"
    /// It closes second, and its FIN is still to be sent.
    LastFinWaits "state.fin.last.queued"
    /// The same of a program that has ended: no call has closed the socket.
    LastFinWaitsUncalled "state.fin.last.queued.ended"
    /// It closes second, its FIN has not left, and nothing is known that this must follow.
    LastFinLater "state.fin.last.later"
    /// The same of a program that has ended: no call has closed the socket.
    LastFinLaterUncalled "state.fin.last.later.ended"
    /// Its FIN, the second, was acknowledged.
    LastAcked "state.fin.last.acked"
    /// TIME-WAIT is over.
    TimeOver "state.time_wait.over"
    /// A new SYN opens the connection anew before the time is over.
    Reopened "state.time_wait.reopened"
    /// The peer has reset the connection.
    Broken "state.reset"
    /// A RST has answered its SYN.
    Refused "state.syn.refused"
    /// It has reset the connection itself.
    Resets "state.reset.sent"
    /// It was passive, and a RST came before its SYN was acknowledged.
    ListensAgain "state.listen.reset"
    /// It was passive, and nothing has acknowledged its SYN.
    GaveUpAnswering "state.listen.unanswered"
    /// The program closes a listener.
    StopsListening "state.listen.closed"
    /// The program shuts a listener down.
    ShutsListener "state.listen.shut"
    /// The last descriptor of a listener is gone, by no call that is there.
    ListenerGone "state.listen.gone"
    /// The program of a listener has ended.
    ListenerEnds "state.listen.ended"
    /// The program closes before there was an answer.
    StopsAsking "state.syn.closed"
    /// The program ends before there was an answer.
    AskerEnds "state.syn.ended"
    /// The program gives a connection up that has not opened: connect() with AF_UNSPEC.
    Dissolves "state.dissolved"
    /// Nothing has answered its SYNs.
    GaveUp "state.gave_up"
    /// Bytes came for a program that has closed.
    Unheard "state.data.unheard"
    /// Bytes came for a program that has shut down receiving, too.
    UnheardShut "state.data.unheard.shut"
    /// FIN-WAIT-2 lasts no longer for a socket that its program has closed.
    PeerSilent "state.fin_wait_2.over"
}

impl Reason {
    /// Whether a FIN has not left with it, and nothing is known that this must follow.
    pub(super) fn has_fin_later(self) -> bool {
        use Reason::{FinLater, FinLaterUncalled, LastFinLater, LastFinLaterUncalled};
        matches!(
            self,
            FinLater | FinLaterUncalled | LastFinLater | LastFinLaterUncalled
        )
    }

    /// The reason for the change that a row shows of a host. None is given that the row does not bear out.
    pub(super) fn of(
        row: &Row,
        around: &Around,
        who: Host,
        change: (TcpState, TcpState),
    ) -> Option<Self> {
        let segment = row.arrow.as_ref().and_then(|arrow| arrow.seen.segment());
        let reset = segment.is_some_and(|segment| segment.has(Flags::RST));
        let sends = row.arrow.as_ref().is_some_and(|arrow| arrow.from == who);
        let uncalled = around.ended[who] && row.calls[who].is_none();
        let follows = around.all_left[who] == Some(false);
        Some(match change {
            (Closed, Listen) => Self::Listens,
            (Closed, SynSent) => Self::Asks,
            (Closed | Listen, SynReceived) => Self::Asked,
            (SynSent, SynReceived) => Self::CrossedSyn,
            (SynSent, Established) => Self::Answered,
            (SynReceived | Listen, Established) => Self::Confirmed,
            (Established | SynReceived, FinWait1) if fin_waits(row, who) => {
                match (follows, uncalled) {
                    (true, true) => Self::FinWaitsUncalled,
                    (true, false) => Self::FinWaits,
                    (false, true) => Self::FinLaterUncalled,
                    (false, false) => Self::FinLater,
                }
            }
            (Established | SynReceived, FinWait1) => Self::ClosesFirst,
            (Established, CloseWait) if fills_gap(row, who) => Self::PeerClosesBehind,
            (Established, CloseWait) => Self::PeerCloses,
            (FinWait1, FinWait2) => Self::FinAcked,
            // Both steps may be in one row: it closes, and the peer's FIN is there already.
            (Established | FinWait1, Closing) if fills_gap(row, who) => Self::CrossedFinBehind,
            (Established | FinWait1, Closing) => Self::CrossedFin,
            (FinWait1, TimeWait) if fills_gap(row, who) => Self::FinAndAckBehind,
            (FinWait1, TimeWait) => Self::FinAndAck,
            (FinWait2, TimeWait) if fills_gap(row, who) => Self::PeerFinBehind,
            (FinWait2, TimeWait) => Self::PeerFin,
            (Closing, TimeWait) => Self::CrossedAcked,
            (CloseWait, LastAck) if fin_waits(row, who) => match (follows, uncalled) {
                (true, true) => Self::LastFinWaitsUncalled,
                (true, false) => Self::LastFinWaits,
                (false, true) => Self::LastFinLaterUncalled,
                (false, false) => Self::LastFinLater,
            },
            (CloseWait, LastAck) => Self::ClosesSecond,
            (SynReceived, Listen) if reset => Self::ListensAgain,
            (SynReceived, Listen) if row.arrow.is_none() => Self::GaveUpAnswering,
            (TimeWait, SynReceived) if row.arrow.is_some() && !sends => Self::Reopened,
            (_, Closed) if reset => match sends {
                true if timed_out(row, who) => Self::GaveUp,
                // It says that it has no connection: it has none that it could reset.
                true if row.arrow.as_ref().is_some_and(is_late) => return None,
                true => Self::Resets,
                false if row.states[who].is_some_and(|it| it.before == SynSent) => Self::Refused,
                false => Self::Broken,
            },
            (from, Closed) => match Self::of_end(row, around, who, from)? {
                Self::Unheard if around.deaf[who] => Self::UnheardShut,
                reason => reason,
            },
            _ => return None,
        })
    }

    /// Why a socket is CLOSED, if no reset was part of it.
    fn of_end(row: &Row, around: &Around, who: Host, from: TcpState) -> Option<Self> {
        let call = row.calls[who].as_ref();
        let is = |name: &str| call.is_some_and(|call| call.name == name);
        let closes = is("close");
        let fed = row.arrow.as_ref().is_some_and(|arrow| {
            let arrived = arrow.from != who && arrow.fate.arrives();
            arrived && matches!(arrow.label, Some(Label::Data { .. }))
        });
        match from {
            LastAck if row.arrow.is_some() => Some(Self::LastAcked),
            TimeWait if row.arrow.is_none() => Some(Self::TimeOver),
            Listen if around.ended[who] => Some(Self::ListenerEnds),
            Listen if closes => Some(Self::StopsListening),
            Listen if is("shutdown") => Some(Self::ShutsListener),
            Listen if row.arrow.is_none() && !around.shut_listener[who] => Some(Self::ListenerGone),
            SynSent if closes => Some(Self::StopsAsking),
            SynSent if around.ended[who] => Some(Self::AskerEnds),
            _ if call.is_some_and(|call| is_dissolving(&call.name, &call.args)) => {
                Some(Self::Dissolves)
            }
            _ if timed_out(row, who) => Some(Self::GaveUp),
            FinWait1 | FinWait2 if fed => Some(Self::Unheard),
            FinWait2 if row.arrow.is_none() && call.is_none() => Some(Self::PeerSilent),
            _ => None,
        }
    }
}

/// Whether a direction has been ended in the row, by a call or with its program, and its FIN has not been seen with it: a TCP changes
/// its state at once, and sends the FIN behind what it has still to send.
fn fin_waits(row: &Row, who: Host) -> bool {
    let call = row.calls[who].as_ref();
    let ends = |call: &CallCell| matches!(Sends::of(call), Some(Sends::End | Sends::Rest));
    call.is_none_or(ends) && row.arrow.is_none()
}

/// Whether the row's segment has no FIN and brings what was missing before one that had come out of order.
fn fills_gap(row: &Row, who: Host) -> bool {
    row.arrow.as_ref().is_some_and(|arrow| {
        let segment = arrow.seen.segment();
        let fills = segment.is_some_and(|it| it.len > 0 && !it.has(Flags::FIN));
        arrow.from != who && arrow.fate.arrives() && fills
    })
}

fn is_late(arrow: &Arrow) -> bool {
    arrow.label == Some(Label::RstLate)
}

/// Whether a call of the row has failed because nothing has answered.
fn timed_out(row: &Row, who: Host) -> bool {
    let call = row.calls[who].as_ref();
    let answer = call.and_then(|call| call.answer.as_ref());
    matches!(answer, Some(Answer::Error(error)) if error == "ETIMEDOUT")
}
