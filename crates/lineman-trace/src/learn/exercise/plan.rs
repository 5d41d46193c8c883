//! What an exercise asks.

use serde::Deserialize;
use serde::Serialize;

/// A kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Sequence numbers.
    Seq,
    /// Acknowledgment numbers.
    Ack,
    /// Flags of TCP.
    Flags,
    /// States after a packet.
    State,
    /// The order of the first packets.
    Order,
}

impl Ask {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Seq, Self::Ack, Self::Flags, Self::State, Self::Order];
}

/// What an exercise asks, and how much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The version of this form: 1.
    #[serde(rename = "exercise")]
    pub version: u32,
    /// Which questions.
    pub ask: Vec<Ask>,
    /// How many places are left out, at most.
    pub blanks: usize,
    /// Where chance starts.
    pub seed: u64,
}

/// The version of the form.
pub(super) const VERSION: u32 = 1;

/// How many blanks an exercise has if the number is not given: about as many as a small window shows.
const BLANKS: usize = 8;

impl Default for Plan {
    fn default() -> Self {
        Self {
            version: VERSION,
            ask: Ask::ALL.to_vec(),
            blanks: BLANKS,
            seed: 1,
        }
    }
}
