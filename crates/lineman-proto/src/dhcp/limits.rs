//! How often a machine is answered, and how often the log has a line for it, in bounded memory.

use std::collections::BTreeMap;
use std::time::Duration;
use std::time::Instant;

use super::HardwareAddress;
use crate::tftp::guard::Bucket;
use crate::tftp::guard::Rate;

/// The machines that were heard last.
#[derive(Debug)]
pub(super) struct Limits {
    machines: BTreeMap<HardwareAddress, Machine>,
    /// By when they were heard; the first is the oldest.
    by_use: BTreeMap<u64, HardwareAddress>,
    uses: u64,
    answers: Bucket,
    lines: Bucket,
}

#[derive(Debug)]
struct Machine {
    used: u64,
    answers: Bucket,
    /// What the log said of it last, and when.
    said: Option<(Instant, String)>,
}

impl Limits {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            machines: BTreeMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
            answers: Bucket::full(now, ANSWERS),
            lines: Bucket::full(now, LINES),
        }
    }

    /// Whether this machine may be answered once more.
    pub(super) fn take_answer(&mut self, now: Instant, address: HardwareAddress) -> bool {
        self.machine(now, address).answers.take(now, 1) && self.answers.take(now, 1)
    }

    /// Whether the log has not said this of the machine a moment ago, and has room for it.
    pub(super) fn take_line(
        &mut self,
        now: Instant,
        address: HardwareAddress,
        line: String,
    ) -> bool {
        let machine = self.machine(now, address);
        let said_lately = |(at, said): &(Instant, String)| {
            *said == line && now.saturating_duration_since(*at) < SAID_AGAIN
        };
        if machine.said.as_ref().is_some_and(said_lately) {
            return false;
        }
        machine.said = Some((now, line));
        self.lines.take(now, 1)
    }

    fn machine(&mut self, now: Instant, address: HardwareAddress) -> &mut Machine {
        self.uses += 1;
        let used = self.uses;
        match self.machines.get(&address) {
            Some(machine) => {
                self.by_use.remove(&machine.used);
            }
            None if self.machines.len() >= MACHINES => {
                if let Some((_, oldest)) = self.by_use.pop_first() {
                    self.machines.remove(&oldest);
                }
            }
            None => {}
        }
        self.by_use.insert(used, address);
        let machine = self.machines.entry(address).or_insert_with(|| Machine {
            used,
            answers: Bucket::full(now, ANSWERS_TO_ONE),
            said: None,
        });
        machine.used = used;
        machine
    }
}

/// Machines that are remembered: of a forger's invented ones the oldest is forgotten. Some 300 bytes each.
const MACHINES: usize = 4096;
/// Firmware asks up to four times in a minute, and again for each loader that it starts.
const ANSWERS_TO_ONE: Rate = Rate {
    burst: 16,
    each_second: 1,
};
/// A hall that is switched on; 300 bytes each, and most are broadcasts: 2.4 Mbit/s at the most.
const ANSWERS: Rate = Rate {
    burst: 4096,
    each_second: 1000,
};
/// Lines of the log.
const LINES: Rate = Rate {
    burst: 8192,
    each_second: 100,
};
/// The same thing is said of a machine again after this time: by then it boots anew.
const SAID_AGAIN: Duration = Duration::from_secs(20);

#[cfg(test)]
impl Limits {
    pub(super) fn remembered(&self) -> usize {
        assert_eq!(self.machines.len(), self.by_use.len());
        self.machines.len()
    }
}
