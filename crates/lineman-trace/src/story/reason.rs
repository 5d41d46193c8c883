//! Why a TCP socket changes its state (RFC 9293 §3.3.2, figure 5).

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
    /// The peer closes first.
    PeerCloses "state.fin.received"
    /// Its FIN was acknowledged.
    FinAcked "state.fin.acked"
    /// A FIN arrived that crossed its own.
    CrossedFin "state.fin.crossed"
    /// FIN and acknowledgment arrived together.
    FinAndAck "state.fin.combined"
    /// The peer's FIN arrived after the acknowledgment.
    PeerFin "state.fin.second"
    /// Its FIN, which crossed the peer's, was acknowledged.
    CrossedAcked "state.fin.crossed.acked"
    /// It closes second.
    ClosesSecond "state.fin.last"
    /// Its FIN, the second, was acknowledged.
    LastAcked "state.fin.last.acked"
    /// Time is over.
    TimeOver "state.time_wait.over"
    /// The connection was broken off.
    Broken "state.reset"
}

impl Reason {
    /// The reason for a change; `reset` if a RST was part of it.
    pub(super) fn of(from: TcpState, to: TcpState, reset: bool) -> Option<Self> {
        Some(match (from, to) {
            (Closed, Listen) => Self::Listens,
            (Closed, SynSent) => Self::Asks,
            (Closed | Listen, SynReceived) => Self::Asked,
            (SynSent, SynReceived) => Self::CrossedSyn,
            (SynSent, Established) => Self::Answered,
            (SynReceived | Listen, Established) => Self::Confirmed,
            (Established | SynReceived, FinWait1) => Self::ClosesFirst,
            (Established, CloseWait) => Self::PeerCloses,
            (FinWait1, FinWait2) => Self::FinAcked,
            // Both steps may be in one row: it closes, and the peer's FIN is there already.
            (Established | FinWait1, Closing) => Self::CrossedFin,
            (FinWait1, TimeWait) => Self::FinAndAck,
            (FinWait2, TimeWait) => Self::PeerFin,
            (Closing, TimeWait) => Self::CrossedAcked,
            (CloseWait, LastAck) => Self::ClosesSecond,
            (_, Closed) if reset => Self::Broken,
            (LastAck, Closed) => Self::LastAcked,
            (TimeWait, Closed) => Self::TimeOver,
            (SynSent | SynReceived | Established | FinWait1, Closed) => Self::Broken,
            _ => return None,
        })
    }
}
