//! Some packets of a capture, by which its clock is compared with that of another.
//!
//! Which packets are kept, their own prints decide: of both captures the same are.

use std::collections::HashMap;
use std::collections::HashSet;
use std::net::IpAddr;

use super::Print;
use super::print::hash;
use crate::capture::Sorted;
use crate::log::Host;

/// How many are kept at most. When there are more, every other one leaves.
const MOST: usize = 1 << 17;
/// How many pairs of ends are known at most.
const MOST_TUPLES: usize = 1 << 20;
/// What a capture has twice within this time, in nanoseconds, it has seen at two of its interfaces.
const DOUBLED_NS: u64 = 2_000_000;

/// Some packets of a capture.
#[derive(Debug, Default)]
pub struct Samples {
    pub(super) all: HashMap<u64, Sample>,
    /// A packet is kept if so many of the low bits of its print are 0.
    shift: u32,
    /// Between which ends packets were seen; `None` when there are too many.
    tuples: Tuples,
    /// How many packets were offered that could be recognised elsewhere.
    packets: u64,
}

/// The ends between which packets were seen.
#[derive(Debug)]
pub(super) struct Tuples(Option<HashSet<u64>>);

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) at_ns: u64,
    pub(super) conversation: u64,
    pub(super) from: Host,
    pub(super) sender: IpAddr,
    pub(super) ttl: u8,
    pub(super) id: Option<std::num::NonZeroU16>,
    /// Whether there is another like it: which is which, nobody can tell.
    pub(super) is_ambiguous: bool,
}

/// Why two captures cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrelated {
    /// No packet of one is in the other.
    NothingInCommon,
    /// One of them has no packet with a time that could be recognised.
    NothingToCompare(super::Point),
}

impl Default for Tuples {
    fn default() -> Self {
        Self(Some(HashSet::new()))
    }
}

impl Tuples {
    /// Whether packets between these ends were seen; `None` if that is not known.
    pub(super) fn has(&self, tuple: u64) -> Option<bool> {
        self.0.as_ref().map(|all| all.contains(&tuple))
    }

    fn add(&mut self, tuple: u64) {
        if let Some(all) = &mut self.0 {
            all.insert(tuple);
            if all.len() > MOST_TUPLES {
                self.0 = None;
            }
        }
    }
}

impl Samples {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a packet that was captured then; keeps it, or not.
    pub fn take(&mut self, print: &Print, sorted: Sorted, utc_ns: Option<u64>) {
        let Some((at_ns, conversation)) = utc_ns.zip(sorted.conversation) else {
            return;
        };
        self.packets += 1;
        self.tuples.add(print.tuple);
        let key = hash(&(print.key, print.stamp));
        if !self.is_kept(key) {
            return;
        }
        let sample = Sample {
            at_ns,
            conversation,
            from: sorted.from,
            sender: print.from.ip(),
            ttl: print.ttl,
            id: print.id,
            is_ambiguous: false,
        };
        self.all
            .entry(key)
            .and_modify(|earlier| {
                let apart = earlier.at_ns.abs_diff(at_ns) > DOUBLED_NS;
                earlier.is_ambiguous |= apart || earlier.id != sample.id;
            })
            .or_insert(sample);
        while self.all.len() > MOST {
            self.shift += 1;
            let shift = self.shift;
            self.all.retain(|key, _| is_kept(*key, shift));
        }
    }

    /// How many packets could be recognised elsewhere.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Between which ends packets were seen.
    pub(super) fn into_tuples(self) -> Tuples {
        self.tuples
    }

    fn is_kept(&self, key: u64) -> bool {
        is_kept(key, self.shift)
    }
}

fn is_kept(key: u64, shift: u32) -> bool {
    key.trailing_zeros() >= shift
}
