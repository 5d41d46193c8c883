//! Rules as values, and how they are written.

use std::fmt;
use std::time::Duration;

use lineman_proto::wire::Kind;
use lineman_trace::log::Host;
use serde::Deserialize;
use serde::Serialize;

use super::ParseError;
use super::units;

/// Rules that hold together. As a value of serde they are their text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rules {
    /// Where chance starts; 1 if nothing is said.
    pub seed: Option<u64>,
    /// The rules. Their order does not matter.
    pub rules: Vec<Rule>,
}

impl Rules {
    /// As many are read of one text: each packet is held against all of them.
    pub const MOST: usize = 1000;

    /// How late every packet is at least, from either host.
    pub(super) fn least(&self) -> Duration {
        let of = |host: Host| {
            let mine = self.rules.iter().filter(|it| {
                let from = it.selector.from;
                it.is_of_the_wire() && from.is_none_or(|from| from == host)
            });
            mine.fold(Duration::ZERO, |sum, it| match it.action {
                Action::Delay(time) => sum.saturating_add(time),
                _ => sum,
            })
        };
        of(Host::Client).min(of(Host::Server))
    }
}

/// What happens to which packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// To which.
    pub selector: Selector,
    /// What.
    pub action: Action,
}

impl Rule {
    /// Whether it says nothing but when a packet arrives.
    pub fn is_of_time(&self) -> bool {
        self.is_slow() || matches!(self.action, Action::Reorder(_))
    }

    fn is_slow(&self) -> bool {
        matches!(
            self.action,
            Action::Delay(_) | Action::Jitter(_) | Action::Rate(_)
        )
    }

    /// Whether it only says how slow the wire is, for every packet of a direction.
    pub fn is_of_the_wire(&self) -> bool {
        let from = self.selector.from;
        let each = Selector {
            from,
            ..Selector::default()
        };
        self.is_slow() && self.selector == each
    }
}

/// Which packets: all conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Sent by whom; `None` for either.
    pub from: Option<Host>,
    /// Of what kinds.
    pub kinds: Vec<Kind>,
    /// With which block of TFTP.
    pub block: Option<u16>,
    /// Which of those that fit so far.
    pub turn: Turn,
    /// And with what probability; `None` for always.
    pub chance: Option<Chance>,
}

/// Which of the packets that fit. They count from 1, for each rule, and in each direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// Each.
    #[default]
    Each,
    /// The first to the last of these numbers.
    Numbers {
        /// From this one,
        first: u32,
        /// to this one.
        last: u32,
    },
    /// Each n-th.
    Every(u32),
}

impl Turn {
    /// Whether it is the turn of the n-th.
    pub fn is(self, n: u64) -> bool {
        match self {
            Self::Each => true,
            Self::Numbers { first, last } => (u64::from(first)..=u64::from(last)).contains(&n),
            Self::Every(every) => n.is_multiple_of(u64::from(every.max(1))),
        }
    }
}

/// A probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance(u32);

impl Chance {
    /// In millionths; `None` beyond certainty.
    pub fn from_millionths(millionths: u32) -> Option<Self> {
        (millionths <= 1_000_000).then_some(Self(millionths))
    }

    /// In millionths.
    pub fn millionths(self) -> u32 {
        self.0
    }
}

/// What happens to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It never arrives.
    Drop,
    /// It arrives so much later.
    Delay(Duration),
    /// It arrives up to so much later, in order.
    Jitter(Duration),
    /// It arrives twice, the second time so much later.
    Duplicate(Duration),
    /// So many later ones overtake it.
    Reorder(u32),
    /// So many bits in a second pass the wire.
    Rate(u64),
    /// So many bits are flipped.
    Corrupt(u32),
}

impl TryFrom<String> for Rules {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Rules> for String {
    fn from(rules: Rules) -> Self {
        rules.to_string()
    }
}

/// One rule after the other, the seed last; what is written parses as the same.
impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for rule in &self.rules {
            write!(f, "{separator}{rule}")?;
            separator = "; ";
        }
        match self.seed {
            Some(seed) => write!(f, "{separator}seed {seed}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Selector {
            from,
            kinds,
            block,
            turn,
            chance,
        } = &self.selector;
        match from {
            Some(Host::Client) => f.write_str("c>s:")?,
            Some(Host::Server) => f.write_str("s>c:")?,
            None => {}
        }
        for kind in kinds {
            write!(f, "{kind} ")?;
        }
        if let Some(block) = block {
            write!(f, "block {block} ")?;
        }
        match turn {
            Turn::Each => {}
            Turn::Numbers { first, last } if first == last => write!(f, "#{first} ")?,
            Turn::Numbers { first, last } => write!(f, "#{first}-{last} ")?,
            Turn::Every(every) => write!(f, "every {every} ")?,
        }
        match (chance, self.action) {
            (Some(chance), Action::Drop) => {
                f.write_str("loss ")?;
                return units::show_chance(*chance, f);
            }
            (Some(chance), _) => {
                units::show_chance(*chance, f)?;
                f.write_str(" ")?;
            }
            (None, _) => {}
        }
        self.action.fmt(f)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Drop => f.write_str("drop"),
            Self::Delay(time) => f
                .write_str("delay ")
                .and_then(|()| units::show_duration(time, f)),
            Self::Jitter(time) => f
                .write_str("jitter ")
                .and_then(|()| units::show_duration(time, f)),
            Self::Duplicate(Duration::ZERO) => f.write_str("dup"),
            Self::Duplicate(time) => f
                .write_str("dup ")
                .and_then(|()| units::show_duration(time, f)),
            Self::Reorder(count) => write!(f, "reorder {count}"),
            Self::Rate(rate) => f
                .write_str("rate ")
                .and_then(|()| units::show_rate(rate, f)),
            Self::Corrupt(1) => f.write_str("corrupt 1 bit"),
            Self::Corrupt(bits) => write!(f, "corrupt {bits} bits"),
        }
    }
}
