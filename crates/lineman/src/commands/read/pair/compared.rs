//! The second reading: every packet is looked for in the other capture.

use lineman_trace::capture::Summary;
use lineman_trace::pair::Limits;
use lineman_trace::pair::Matcher;
use lineman_trace::pair::Points;
use lineman_trace::pair::Tally;

use super::super::capture::End;
use super::super::only::SHORT;
use super::Both;
use super::Related;
use super::merged::Merged;
use super::scan::Flag;
use crate::console::Console;
use crate::failure::Failure;

/// What came of it.
pub struct Compared {
    /// The conversations of each.
    pub summaries: Points<Summary>,
    /// What both have of them.
    pub tallies: Vec<Tally>,
    /// How many packets were not compared, because there were too many conversations.
    pub uncompared: u64,
    /// How each file has ended.
    pub ends: Points<End>,
}

impl Compared {
    /// The conversation that is the only one; unless it was `asked` for, only if people read ladders of its length.
    pub fn only(&self, asked: bool) -> Option<u64> {
        let totals =
            [&self.summaries.first, &self.summaries.second].map(|it| it.totals.conversations);
        let short = |it: &Summary| {
            let mut all = it.conversations.iter();
            all.all(|it| it.all_packets() <= SHORT)
        };
        match self.tallies[..] {
            [ref only] if totals == [1, 1] => {
                (asked || short(&self.summaries.first)).then_some(only.numbers.first)
            }
            _ => None,
        }
    }
}

/// Reads both and compares all packets.
pub fn compare(
    both: &Both,
    related: &Related,
    flag: &Flag,
    console: Console,
) -> Result<Compared, Failure> {
    let mut merged = Merged::open(both, &related.clocks, None, |_| (), console)?;
    let mut matcher = Matcher::new(related.setting(), Limits::default());
    while !flag.is_raised()
        && let Some(sight) = merged.next()
    {
        matcher.take(sight);
        while matcher.outcome().is_some() {}
    }
    matcher.finish();
    let (all, ends) = merged.finish();
    Ok(Compared {
        summaries: Points {
            first: all.first.finish(),
            second: all.second.finish(),
        },
        tallies: matcher.tallies(),
        uncompared: matcher.uncompared(),
        ends,
    })
}
