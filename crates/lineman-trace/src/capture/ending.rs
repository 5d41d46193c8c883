//! How a conversation begins and ends in a capture.

use crate::log::Host;

/// How the first that was captured of a conversation begins it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Beginning {
    /// By a SYN.
    Syn,
    /// By a SYN and its answer, which was not acknowledged.
    Unfinished,
    /// By a request (TFTP).
    Request,
    /// The capture begins later than the conversation: its SYN is not in it.
    Midway,
    /// Its protocol has no beginning.
    First,
}

impl Beginning {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::Unfinished => "unfinished",
            Self::Request => "request",
            Self::Midway => "midway",
            Self::First => "first",
        }
    }
}

/// How far a conversation has come when the capture ends, or when it was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Nothing has ended it.
    Open,
    /// Both ends have sent FIN; or the last block of a file is acknowledged.
    Closed,
    /// One end has sent FIN.
    HalfClosed(Host),
    /// An end has broken it off by a RST.
    Reset(Host),
    /// A RST has broken it off, and of two captures that of the host which it names as its sender does not have it.
    ResetBetween,
    /// An end has broken it off by an ERROR (TFTP), with this code.
    Failed(Host, u16),
    /// Nobody listened: a RST answered the SYN, or an ICMP error the datagram.
    Refused,
    /// An ICMP error has said that nothing reaches the server.
    Unreachable,
    /// The server has sent nothing, though it was asked: by a SYN, by a request.
    Unanswered,
}

impl Ending {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::HalfClosed(_) => "half_closed",
            Self::Reset(_) => "reset",
            Self::ResetBetween => "reset_between",
            Self::Failed(..) => "failed",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Unanswered => "unanswered",
        }
    }

    /// Who has ended it, where one of the two has.
    pub fn by(self) -> Option<Host> {
        match self {
            Self::HalfClosed(who) | Self::Reset(who) | Self::Failed(who, _) => Some(who),
            Self::Open
            | Self::Closed
            | Self::ResetBetween
            | Self::Refused
            | Self::Unreachable
            | Self::Unanswered => None,
        }
    }

    /// How much it weighs when conversations are put in order of trouble: more than any one trouble in between.
    pub(super) fn weight(self) -> u64 {
        match self {
            Self::Failed(..) | Self::Unanswered | Self::Refused | Self::Unreachable => 1000,
            Self::Reset(_) | Self::ResetBetween => 500,
            Self::HalfClosed(_) | Self::Open | Self::Closed => 0,
        }
    }
}
