//! What will a packet change? Asked before it arrives, answered by the row in which it does.

use serde::Deserialize;
use serde::Serialize;

use crate::log::Host;
use crate::log::TcpState;
use crate::log::state_name;
use crate::story::Arrow;
use crate::story::Fate;
use crate::story::Known;
use crate::story::Row;
use crate::story::Saying;
use crate::story::Stretch;

/// A new state of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Whose.
    pub host: Host,
    /// Which.
    #[serde(with = "state_name")]
    pub state: TcpState,
}

/// What the learner expects of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// A host comes into a state.
    Changes(Change),
    /// Both keep theirs.
    Nothing,
}

/// What came of a guess.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<'r> {
    /// Whether it was right.
    pub right: bool,
    /// What changed: none, one, or one for each host, and for each the state that it has only passed through before.
    pub changes: Vec<Change>,
    /// Why, as the story says it: of each change, or of the packet if it changed nothing.
    pub why: Vec<&'r Saying>,
}

impl Guess {
    /// Whether there is something to ask about a row: a segment of TCP arrives in it, the state of its receiver is
    /// known, and packets contradict neither end's.
    pub fn asks(row: &Row) -> bool {
        let contradicted =
            |host: Host| row.states[host].is_some_and(|cell| cell.known == Known::Contradicted);
        let known = |arrow: &Arrow| row.states[arrow.from.other()].is_some();
        arrives(row).is_some_and(|arrow| arrow.seen.segment().is_some() && known(arrow))
            && ![Host::Client, Host::Server].into_iter().any(contradicted)
    }

    /// What came of it, if a packet arrives in this row.
    ///
    /// Where a row shows that its sender has changed too, by sending it, that is as right an answer: the row shows both
    /// as one step.
    pub fn outcome(self, row: &Row) -> Option<Outcome<'_>> {
        Self::asks(row).then(|| {
            let changes = changes(row);
            let right = match self {
                Self::Changes(change) => changes.contains(&change),
                Self::Nothing => changes.is_empty(),
            };
            Outcome {
                right,
                why: why(row, !changes.is_empty()),
                changes,
            }
        })
    }
}

fn arrives(row: &Row) -> Option<&Arrow> {
    row.arrow.as_ref().filter(|arrow| {
        let whole = matches!(arrow.stretch, Stretch::Whole | Stretch::Landing);
        whole && matches!(arrow.fate, Fate::Delivered | Fate::Captured)
    })
}

fn changes(row: &Row) -> Vec<Change> {
    let mut changes = Vec::new();
    for host in [Host::Client, Host::Server] {
        let cell = row.states[host].filter(|cell| cell.before != cell.after);
        let states = cell
            .into_iter()
            .flat_map(|cell| cell.through.into_iter().chain([cell.after]));
        changes.extend(states.map(|state| Change { host, state }));
    }
    changes
}

fn why(row: &Row, changed: bool) -> Vec<&Saying> {
    let moved = row
        .sayings
        .iter()
        .filter(|it| matches!(it, Saying::Moved { .. }));
    let moved: Vec<&Saying> = moved.filter(|_| changed).collect();
    match moved.is_empty() {
        true => reason(row).into_iter().collect(),
        false => moved,
    }
}

/// Why a row's packet changes nothing: how its receiver has found it, or else what it is. Where the row shows only how it
/// goes on, the one in which it was sent says that.
pub fn reason(row: &Row) -> Option<&Saying> {
    let mut sayings = row.sayings.iter();
    let found = sayings.find(|it| it.id().starts_with("arrival."));
    found.or_else(|| row.sayings.iter().find(|it| is_about_packet(it)))
}

/// Whether a saying is about the packet of its row, and not about a call, a state, a scenario's remark, or how long the packet
/// was on its way: that is no reason for anything that is in it.
pub(super) fn is_about_packet(saying: &Saying) -> bool {
    let id = saying.id();
    let other = [
        "call.",
        "state.",
        "note",
        "host.",
        "listen.",
        "time_wait.",
        "wire.held",
        "wire.delayed",
        "wire.released",
        "wire.late",
        "wire.forged",
        "wire.crossing",
    ];
    !other.iter().any(|area| id.starts_with(area))
}
