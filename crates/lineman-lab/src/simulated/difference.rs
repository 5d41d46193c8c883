//! Where smoltcp does not do what Linux does.

use std::collections::BTreeMap;

use lineman_trace::log::Note;

/// Something that a simulated lab shows otherwise than Linux: to be said on screen, once, next to
/// the word *simulated*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Difference {
    /// Time is virtual, except in [`Paced`](super::Paced): a scenario is over before a person could
    /// see it happen.
    VirtualTime,
    /// TIME-WAIT lasts 10 s, on Linux 60 s.
    ShortTimeWait,
    /// A time-out for data is never shorter than 1 s, on Linux 200 ms.
    LongTimeout,
    /// A FIN is acknowledged at once, unless an ACK is held back already: closing takes four segments even if
    /// the other end closes in the same moment; on Linux that takes three.
    FinNeverRides,
    /// No congestion control: the receiver's window is the only limit.
    NoCongestionControl,
    /// No timestamps (RFC 7323), and SACK only as a receiver.
    FewOptions,
    /// SACK and window scaling are offered even if the settings ask for a textbook's TCP, and settings
    /// of time-outs have no effect. The numbers of retries hold.
    FewSettings,
    /// FIN-WAIT-2 of a closed socket lasts until the peer finishes, on Linux 60 s.
    PatientFinWait2,
    /// Datagrams that do not fit a frame are `EMSGSIZE`, on Linux fragments.
    NoFragments,
    /// A call that waits on a descriptor that another call closes fails at once.
    CloseWakes,
    /// An address that no host has is `ETIMEDOUT`, on Linux `EHOSTUNREACH` if addresses are resolved.
    NobodyThere,
    /// A host cannot reach its own sockets (`ENETUNREACH`): there is no loopback interface.
    NoLoopback,
}

impl Difference {
    /// All of them, what a lesson meets first before the rest.
    pub const ALL: [Self; 12] = [
        Self::VirtualTime,
        Self::ShortTimeWait,
        Self::LongTimeout,
        Self::FinNeverRides,
        Self::NoCongestionControl,
        Self::FewOptions,
        Self::FewSettings,
        Self::PatientFinWait2,
        Self::NoFragments,
        Self::CloseWakes,
        Self::NobodyThere,
        Self::NoLoopback,
    ];

    /// What a user who makes calls by hand meets first; `textbook` says whether TCP is to be as in the textbook.
    pub fn of_calls(textbook: bool) -> [Self; 8] {
        [
            Self::ShortTimeWait,
            Self::LongTimeout,
            Self::FinNeverRides,
            Self::NoCongestionControl,
            Self::PatientFinWait2,
            Self::CloseWakes,
            Self::NoLoopback,
            match textbook {
                true => Self::FewSettings,
                false => Self::FewOptions,
            },
        ]
    }

    /// Its name in a log.
    pub fn id(self) -> &'static str {
        match self {
            Self::VirtualTime => "virtual-time",
            Self::ShortTimeWait => "short-time-wait",
            Self::LongTimeout => "long-timeout",
            Self::FinNeverRides => "fin-never-rides",
            Self::NoCongestionControl => "no-congestion-control",
            Self::FewOptions => "few-options",
            Self::FewSettings => "few-settings",
            Self::PatientFinWait2 => "patient-fin-wait-2",
            Self::NoFragments => "no-fragments",
            Self::CloseWakes => "close-wakes",
            Self::NobodyThere => "nobody-there",
            Self::NoLoopback => "no-loopback",
        }
    }

    /// The difference of this name.
    pub fn find(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.id() == id)
    }

    /// For the log: `differs.` and its name.
    pub fn note(self) -> Note {
        Note {
            id: format!("differs.{}", self.id()),
            args: BTreeMap::new(),
        }
    }
}
