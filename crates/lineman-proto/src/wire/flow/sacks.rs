//! What the SACK blocks of a segment say.

use super::segment::SACK_BLOCKS;

/// The first place of a block, and the one behind its last.
type Block = (i64, i64);

/// The blocks of a segment (RFC 2018), in places.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sacks {
    blocks: [Option<Block>; SACK_BLOCKS],
    /// Whether the first of them says that a segment has come which had come before.
    pub reports_known: bool,
}

impl Sacks {
    /// Those of a segment with this acknowledgment. The first block reports a segment that has come again if it is acknowledged already, or
    /// lies within the second (RFC 2883 §4).
    pub(super) fn new(ack: i64, blocks: [Option<Block>; SACK_BLOCKS]) -> Self {
        let [first, second, ..] = blocks;
        let within = |one: Block| second.is_some_and(|other| lies_within(one, other));
        let reports_known = first.is_some_and(|first| first.1 <= ack || within(first));
        Self {
            blocks,
            reports_known,
        }
    }

    /// Whether there are any, of whatever meaning.
    pub(super) fn any(&self) -> bool {
        self.blocks[0].is_some()
    }

    /// Behind the highest of what has come beyond a gap.
    pub(super) fn highest(&self) -> Option<i64> {
        let known = usize::from(self.reports_known);
        let ends = self.blocks.iter().skip(known).flatten();
        ends.map(|block| block.1).max()
    }

    /// Whether it reports something beyond a gap that those before did not name: the first block has the segment that the ACK answers
    /// (RFC 2018 §4).
    pub(super) fn is_news_after(&self, before: &Self) -> bool {
        let Some(first) = self.blocks[0].filter(|_| !self.reports_known) else {
            return false;
        };
        let mut named = before.blocks.iter().flatten();
        !named.any(|block| lies_within(first, *block))
    }
}

fn lies_within(one: Block, other: Block) -> bool {
    other.0 <= one.0 && one.1 <= other.1
}
