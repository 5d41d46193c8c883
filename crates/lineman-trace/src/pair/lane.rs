//! One direction of a conversation, as one capture has it.

use std::collections::BTreeMap;

use super::ranges::Ranges;
use crate::log::Absent;

/// The longest segment that hardware makes of several, in bytes.
const LONGEST: u32 = 256 << 10;
/// So many segments are looked at for bytes that they share with one.
const MOST: usize = 256;

/// One direction of a conversation, at one point.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Segments with bytes that the other capture has not had yet, by their first number: how many bytes, and which ticket.
    waiting: BTreeMap<(u32, u64), u32>,
    /// Which bytes were seen.
    pub(super) seen: Ranges,
    /// The highest number that its sender has acknowledged.
    pub(super) acked: Option<u32>,
    pub(super) gone: Gone,
}

/// Packets that the other capture does not have, by why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gone {
    /// It had to have them.
    pub(super) missing: u64,
    pub(super) other_time: u64,
    pub(super) capture_dropped: u64,
    pub(super) acknowledged: u64,
    pub(super) unknown: u64,
}

impl Gone {
    /// Counts one: `None` is one that had to be there.
    pub(super) fn count(&mut self, absent: Option<Absent>) {
        let count = match absent {
            None | Some(Absent::Unsent) => &mut self.missing,
            Some(Absent::OtherTime) => &mut self.other_time,
            Some(Absent::CaptureDropped) => &mut self.capture_dropped,
            Some(Absent::Acknowledged) => &mut self.acknowledged,
            Some(Absent::Unknown | Absent::Ambiguous) => &mut self.unknown,
        };
        *count += 1;
    }
}

impl Lane {
    pub(super) fn wait(&mut self, (seq, len): (u32, u32), ticket: u64) {
        self.waiting.insert((seq, ticket), len);
    }

    pub(super) fn leave(&mut self, seq: u32, ticket: u64) {
        self.waiting.remove(&(seq, ticket));
    }

    /// Its sender has acknowledged everything before this.
    pub(super) fn acknowledges(&mut self, ack: u32) {
        if self.acked.is_none_or(|before| is_before(before, ack)) {
            self.acked = Some(ack);
        }
    }

    /// The tickets of waiting segments that share bytes with these, those with the lowest numbers first.
    pub(super) fn sharing(&self, (seq, len): (u32, u32)) -> Vec<u64> {
        let (low, end) = (seq.wrapping_sub(LONGEST), seq.wrapping_add(len));
        let shares = |((from, ticket), has): (&(u32, u64), &u32)| {
            let shares = overlap((*from, *has), (seq, len)).is_some();
            shares.then_some(*ticket)
        };
        let (lowest, highest) = ((low, 0), (end, 0));
        match low < end {
            true => {
                let near = self.waiting.range(lowest..highest);
                near.filter_map(shares).take(MOST).collect()
            }
            false => {
                let before = self.waiting.range(lowest..);
                let behind = self.waiting.range(..highest);
                let near = before.chain(behind);
                near.filter_map(shares).take(MOST).collect()
            }
        }
    }
}

/// Whether a number comes before another (RFC 9293 §3.4).
pub(super) fn is_before(one: u32, other: u32) -> bool {
    (one.wrapping_sub(other) as i32) < 0
}

/// What two ranges share: first number and how many.
pub(super) fn overlap(one: (u32, u32), other: (u32, u32)) -> Option<(u32, u32)> {
    let (one_end, other_end) = (one.0.wrapping_add(one.1), other.0.wrapping_add(other.1));
    let from = if is_before(one.0, other.0) {
        other.0
    } else {
        one.0
    };
    let to = if is_before(one_end, other_end) {
        one_end
    } else {
        other_end
    };
    is_before(from, to).then(|| (from, to.wrapping_sub(from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shares_bytes_is_found_across_the_wrap() {
        let mut lane = Lane::default();
        lane.wait((u32::MAX - 99, 200), 1);
        lane.wait((100, 100), 2);
        lane.wait((300, 10), 3);
        assert_eq!(lane.sharing((0, 150)), [1, 2]);
        assert_eq!(lane.sharing((u32::MAX - 4, 5)), [1]);
        assert_eq!(lane.sharing((310, 5)), Vec::<u64>::new());
        lane.leave(u32::MAX - 99, 1);
        assert_eq!(lane.sharing((0, 150)), [2]);
        assert_eq!(overlap((10, 10), (15, 10)), Some((15, 5)));
        assert_eq!(overlap((10, 10), (20, 10)), None);
    }
}
