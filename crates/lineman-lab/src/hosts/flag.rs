//! The flags of a transfer (send(2), recv(2)).

use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use serde::Deserialize;
use serde::Serialize;

/// A flag of a call that sends or receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Flag {
    /// `MSG_PEEK`: what is received stays in the buffer.
    Peek,
    /// `MSG_DONTWAIT`: this one call does not wait.
    DontWait,
    /// `MSG_WAITALL`: returns when all that was asked for has come.
    WaitAll,
    /// `MSG_NOSIGNAL`: no SIGPIPE.
    NoSignal,
    /// `MSG_OOB`: urgent data.
    OutOfBand,
    /// `MSG_TRUNC`: the length of the whole datagram is returned, also where less of it has room; of a
    /// stream bytes are thrown away.
    Truncate,
    /// `MSG_MORE`: more follows, so nothing is sent that would not fill a segment.
    More,
}

impl Flag {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Peek,
        Self::DontWait,
        Self::WaitAll,
        Self::NoSignal,
        Self::OutOfBand,
        Self::Truncate,
        Self::More,
    ];

    /// Its name in C.
    pub fn name(self) -> &'static str {
        match self {
            Self::Peek => "MSG_PEEK",
            Self::DontWait => "MSG_DONTWAIT",
            Self::WaitAll => "MSG_WAITALL",
            Self::NoSignal => "MSG_NOSIGNAL",
            Self::OutOfBand => "MSG_OOB",
            Self::Truncate => "MSG_TRUNC",
            Self::More => "MSG_MORE",
        }
    }

    /// What the kernel is told by it where something is received. As with the number that a program
    /// gives it, a flag that is for the other direction means nothing to it.
    fn received(self) -> RecvFlags {
        match self {
            Self::Peek => RecvFlags::PEEK,
            Self::DontWait => RecvFlags::DONTWAIT,
            Self::WaitAll => RecvFlags::WAITALL,
            Self::OutOfBand => RecvFlags::OOB,
            Self::Truncate => RecvFlags::TRUNC,
            Self::NoSignal | Self::More => RecvFlags::empty(),
        }
    }

    /// Likewise where something is sent.
    fn sent(self) -> SendFlags {
        match self {
            Self::DontWait => SendFlags::DONTWAIT,
            Self::NoSignal => SendFlags::NOSIGNAL,
            Self::OutOfBand => SendFlags::OOB,
            Self::More => SendFlags::MORE,
            Self::Peek | Self::WaitAll | Self::Truncate => SendFlags::empty(),
        }
    }
}

/// As an argument of a call: `MSG_PEEK|MSG_DONTWAIT`.
pub(super) fn names(flags: &[Flag]) -> String {
    let names: Vec<&str> = flags.iter().map(|flag| flag.name()).collect();
    names.join("|")
}

/// For a call that receives.
pub(super) fn receiving(flags: &[Flag]) -> RecvFlags {
    flags.iter().map(|flag| flag.received()).collect()
}

/// For a call that sends. This process ignores SIGPIPE, as Python does; `MSG_NOSIGNAL` for all makes
/// that sure.
pub(super) fn sending(flags: &[Flag]) -> SendFlags {
    let all: SendFlags = flags.iter().map(|flag| flag.sent()).collect();
    all | SendFlags::NOSIGNAL
}
