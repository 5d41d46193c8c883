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

/// Why a state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `listen()`.
    Listens,
    /// `connect()` sent a SYN.
    Asks,
    /// A SYN arrived at a listener.
    Asked,
    /// A SYN arrived that crossed its own.
    CrossedSyn,
    /// Its SYN was acknowledged by a SYN+ACK.
    Answered,
    /// Its SYN+ACK was acknowledged.
    Confirmed,
    /// It closes first.
    ClosesFirst,
    /// The peer closes first.
    PeerCloses,
    /// Its FIN was acknowledged.
    FinAcked,
    /// A FIN arrived that crossed its own.
    CrossedFin,
    /// FIN and acknowledgment arrived together.
    FinAndAck,
    /// The peer's FIN arrived after the acknowledgment.
    PeerFin,
    /// Its FIN, which crossed the peer's, was acknowledged.
    CrossedAcked,
    /// It closes second.
    ClosesSecond,
    /// Its FIN, the second, was acknowledged.
    LastAcked,
    /// Time is over.
    TimeOver,
    /// The connection was broken off.
    Broken,
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
