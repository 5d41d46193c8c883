//! The states of a TCP end, and how they are known.

/// The states of RFC 9293 §3.3.2, by its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the RFC's")]
pub enum TcpState {
    Closed,
    Listen,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

impl TcpState {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 11] = [
        Self::Closed,
        Self::Listen,
        Self::SynSent,
        Self::SynReceived,
        Self::Established,
        Self::FinWait1,
        Self::FinWait2,
        Self::CloseWait,
        Self::Closing,
        Self::LastAck,
        Self::TimeWait,
    ];

    /// Its name in the RFC.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
        }
    }

    /// Whether `next` is one step from here by RFC 9293 §3.3.2, figure 5. Besides, a reset or an abort
    /// leads to CLOSED from anywhere.
    pub fn leads_to(self, next: Self) -> bool {
        use TcpState::*;
        matches!(
            (self, next),
            (Closed, Listen | SynSent)
                | (Listen, SynReceived | SynSent | Closed)
                | (SynSent, SynReceived | Established | Closed)
                | (SynReceived, Established | FinWait1 | Listen)
                | (Established, FinWait1 | CloseWait)
                | (FinWait1, FinWait2 | Closing | TimeWait)
                | (FinWait2 | Closing, TimeWait)
                | (CloseWait, LastAck)
                | (LastAck | TimeWait, Closed)
        )
    }

    /// The state of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// How a state is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The end's own TCP said so.
    Kernel,
    /// From the numbers of packets, by RFC 9293.
    Deduced,
    /// As [`Deduced`](Self::Deduced); but what the end has sent last does not go with the state that was
    /// deduced before: something had not arrived by then that was thought to have.
    Contradicted,
}

/// The state of an end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndState {
    /// Which.
    pub state: TcpState,
    /// How it is known.
    pub source: Source,
}
