//! Who decides what becomes of a packet.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::log::Host;

/// A packet that has entered the wire.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Its number in the log.
    pub id: u64,
    /// Who sent it.
    pub from: Host,
    /// The whole frame, from the Ethernet header on.
    pub frame: &'a [u8],
}

/// Which faults happen: the name of a judge, to be sent to where the wire is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Faults {
    /// None: [`PassAll`].
    #[default]
    None,
    /// The packets of one host with these numbers, counted from 1, are lost: [`DropNth`].
    Drop {
        /// Whose.
        from: Host,
        /// Which.
        numbers: Vec<u64>,
    },
}

impl Faults {
    /// Who lets them happen.
    pub(crate) fn judge(self) -> Box<dyn Judge> {
        match self {
            Self::None => Box::new(PassAll),
            Self::Drop { from, numbers } => Box::new(DropNth::new(from, numbers)),
        }
    }
}

/// Decides what becomes of packets. It is asked once for each that enters the wire, in that order, on
/// the wire's thread: it must not wait.
pub trait Judge: Send {
    /// What becomes of this one.
    fn judge(&mut self, packet: &Arrival<'_>) -> Judgement;
}

/// What becomes of a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Whether it goes on.
    pub fate: Fate,
    /// How long it takes beyond the wire's own delay.
    pub delay: Duration,
    /// How many further copies go with it.
    pub copies: u8,
    /// What arrives instead of what was sent.
    pub altered: Option<Vec<u8>>,
    /// The rules that decided, in their text form: each is told to the log.
    pub rules: Vec<String>,
}

/// Whether a packet goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// It does.
    #[default]
    Deliver,
    /// It is lost.
    Drop,
    /// Somebody will say, by a [`Command`](super::Command).
    Hold,
}

/// A wire without faults.
#[derive(Clone, Copy, Debug, Default)]
pub struct PassAll;

impl Judge for PassAll {
    fn judge(&mut self, _: &Arrival<'_>) -> Judgement {
        Judgement::default()
    }
}

/// Loses the packets with these numbers among those of one host, counted from 1.
#[derive(Clone, Debug)]
pub struct DropNth {
    from: Host,
    numbers: Vec<u64>,
    seen: u64,
}

impl DropNth {
    /// Loses these of that host.
    pub fn new(from: Host, numbers: Vec<u64>) -> Self {
        let seen = 0;
        Self {
            from,
            numbers,
            seen,
        }
    }
}

impl Judge for DropNth {
    fn judge(&mut self, packet: &Arrival<'_>) -> Judgement {
        if packet.from != self.from {
            return Judgement::default();
        }
        self.seen += 1;
        match self.numbers.contains(&self.seen) {
            true => Judgement {
                fate: Fate::Drop,
                rules: vec![format!("{}:#{} drop", initials(self.from), self.seen)],
                ..Judgement::default()
            },
            false => Judgement::default(),
        }
    }
}

fn initials(from: Host) -> &'static str {
    match from {
        Host::Client => "c>s",
        Host::Server => "s>c",
    }
}
