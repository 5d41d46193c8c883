//! Bursts that are read before they are due: while the client works on one window, the next is
//! brought into memory, and leaves as soon as the ACK is there.

use std::collections::VecDeque;

use lineman_proto::tftp::DataRun;

use crate::tftp::burst::Burst;

/// The next bursts of one transfer.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    ready: VecDeque<Prepared>,
    spare: Vec<Burst>,
}

/// A burst with its blocks in it.
#[derive(Debug)]
struct Prepared {
    /// The transfer's number.
    number: u64,
    run: DataRun,
    burst: Burst,
    /// Bytes in its blocks.
    bytes: usize,
}

impl Ahead {
    /// Prepares the bursts of which `rest` consists, as many as are worth it. `read` reads a run into
    /// a burst and gives its bytes, or `None` where it cannot now.
    pub(super) fn fill(
        &mut self,
        number: u64,
        mut rest: DataRun,
        mut read: impl FnMut(&DataRun, &mut Burst) -> Option<usize>,
    ) {
        for nth in 0..MOST {
            let run = rest.take(Burst::capacity(rest.blksize));
            if self.is_ready(nth, number, &run) {
                continue;
            }
            self.clear_from(nth);
            if run.is_empty() {
                return;
            }
            let mut burst = self.spare.pop().unwrap_or_default();
            let Some(bytes) = read(&run, &mut burst) else {
                self.spare.push(burst);
                return;
            };
            self.ready.push_back(Prepared {
                number,
                run,
                burst,
                bytes,
            });
        }
    }

    /// Exchanges `burst` for the one that was prepared for this run, and gives the bytes in its
    /// blocks; `None` if there is none.
    pub(super) fn take(&mut self, number: u64, run: &DataRun, burst: &mut Burst) -> Option<usize> {
        if !self.is_ready(0, number, run) {
            self.clear_from(0);
            return None;
        }
        let mut prepared = self.ready.pop_front()?;
        std::mem::swap(burst, &mut prepared.burst);
        self.spare.push(prepared.burst);
        Some(prepared.bytes)
    }

    fn is_ready(&self, nth: usize, number: u64, run: &DataRun) -> bool {
        self.ready
            .get(nth)
            .is_some_and(|prepared| prepared.number == number && prepared.run == *run)
    }

    fn clear_from(&mut self, nth: usize) {
        let rest = self.ready.drain(nth.min(self.ready.len())..);
        self.spare.extend(rest.map(|prepared| prepared.burst));
    }
}

/// More bursts than this are not prepared: what they take is taken once for each thread.
const MOST: usize = 4;

#[cfg(test)]
mod tests {
    use lineman_proto::tftp::Rollover;

    use super::*;

    /// 65 blocks of 1428 bytes: two bursts.
    fn window(first: u64) -> DataRun {
        DataRun::new(first, 65, 1428, Rollover::ToZero)
    }

    fn bursts(mut run: DataRun) -> Vec<DataRun> {
        let mut bursts = Vec::new();
        while !run.is_empty() {
            bursts.push(run.take(Burst::capacity(run.blksize)));
        }
        bursts
    }

    fn filled(number: u64, run: DataRun) -> (Ahead, usize) {
        let (mut ahead, mut reads) = (Ahead::default(), 0);
        for _ in 0..2 {
            ahead.fill(number, run, |run, _| {
                reads += 1;
                Some(run.len())
            });
        }
        (ahead, reads)
    }

    #[test]
    fn every_burst_is_read_once_and_given_once() {
        let (mut ahead, reads) = filled(1, window(1));
        let bursts = bursts(window(1));
        assert_eq!((reads, bursts.len()), (2, 2));
        let mut burst = Burst::default();
        for run in &bursts {
            assert_eq!(ahead.take(1, run, &mut burst), Some(run.len()));
        }
        for run in &bursts {
            assert_eq!(ahead.take(1, run, &mut burst), None);
        }
    }

    #[test]
    fn what_was_read_for_other_blocks_or_another_transfer_is_not_sent() {
        let run = bursts(window(1))[0];
        let mut burst = Burst::default();
        let (mut ahead, _) = filled(1, window(2));
        assert_eq!(ahead.take(1, &run, &mut burst), None);
        let (mut ahead, _) = filled(2, window(1));
        assert_eq!(ahead.take(1, &run, &mut burst), None);
        assert!(ahead.ready.is_empty(), "it will not be wanted any more");
    }
}
