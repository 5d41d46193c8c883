//! What the load has shown.

use std::collections::BTreeMap;
use std::time::Duration;

use lineman_proto::tftp::Failure;
use lineman_proto::tftp::Stats;

use super::Histogram;

/// Why a transfer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FailureKind {
    /// The server answered the request with an ERROR.
    Refused,
    /// The server sent an ERROR in the middle.
    Aborted,
    /// The server never answered.
    Unanswered,
    /// The server fell silent.
    Silent,
    /// The server broke the protocol.
    Protocol,
    /// The file was longer or shorter than the first time.
    WrongLength,
    /// The file had other bytes than the first time.
    WrongBytes,
    /// The network says that nobody listens there.
    Unreachable,
    /// This system has no socket left, or the like.
    System,
}

impl FailureKind {
    /// The kind of a session's failure.
    pub(super) fn of(failure: &Failure) -> Self {
        match failure {
            Failure::PeerError { block: 0, .. } => Self::Refused,
            Failure::PeerError { .. } => Self::Aborted,
            Failure::Unanswered => Self::Unanswered,
            Failure::Silent { .. } => Self::Silent,
            _ => Self::Protocol,
        }
    }
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Transfers that are complete.
    pub done: u64,
    /// Transfers that failed, by kind.
    pub failed: BTreeMap<FailureKind, u64>,
    /// Transfers that ran when it was over.
    pub unfinished: u64,
    /// Bytes of the file that have arrived in order, unfinished transfers included.
    pub bytes: u64,
    /// From the request to the last block.
    pub completion: Histogram,
    /// From the request to the first block, or to its acknowledgement.
    pub first_byte: Histogram,
    /// What it cost, seen from the clients.
    pub stats: Stats,
    /// Datagrams that arrived, and those that were sent.
    pub packets: [u64; 2],
    /// How many of each were lost on purpose.
    pub lost: [u64; 2],
    /// Processor time of the generator's threads.
    pub cpu: Duration,
    /// The time at which the last transfer ended, counted from the beginning.
    pub last_end: Duration,
}

impl Tally {
    /// How many failed.
    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    pub(super) fn fail(&mut self, kind: FailureKind) {
        *self.failed.entry(kind).or_default() += 1;
    }

    pub(super) fn spent(&mut self, stats: Stats) {
        self.stats.data_sent += stats.data_sent;
        self.stats.resent += stats.resent;
        self.stats.timeouts += stats.timeouts;
        self.stats.gaps += stats.gaps;
        self.stats.duplicates += stats.duplicates;
        self.stats.strays += stats.strays;
    }

    /// Adds what another thread has counted.
    pub(super) fn merge(&mut self, other: &Self) {
        self.done += other.done;
        for (kind, count) in &other.failed {
            *self.failed.entry(*kind).or_default() += count;
        }
        self.unfinished += other.unfinished;
        self.bytes += other.bytes;
        self.completion.merge(&other.completion);
        self.first_byte.merge(&other.first_byte);
        self.spent(other.stats);
        for way in 0..2 {
            self.packets[way] += other.packets[way];
            self.lost[way] += other.lost[way];
        }
        self.cpu += other.cpu;
        self.last_end = self.last_end.max(other.last_end);
    }
}

/// What the load has shown.
#[derive(Clone, Debug)]
pub struct LoadReport {
    /// What was counted.
    pub tally: Tally,
    /// How long the load lasted.
    pub elapsed: Duration,
    /// In how many threads the generator ran.
    pub threads: usize,
    /// Whether it was ended from outside.
    pub stopped: bool,
}

impl LoadReport {
    /// Bytes per second that arrived in order.
    pub fn goodput(&self) -> f64 {
        self.per_second(self.tally.bytes)
    }

    /// Datagrams per second, both directions together.
    pub fn packets_per_second(&self) -> f64 {
        self.per_second(self.tally.packets.iter().sum())
    }

    /// The share of its threads' time that the generator was busy: near 1, it is the generator
    /// that is measured.
    pub fn busy(&self) -> f64 {
        let available = self.elapsed.as_secs_f64() * self.threads as f64;
        self.tally.cpu.as_secs_f64() / available.max(1e-6)
    }

    /// Bytes for each second that the generator was busy: what one of its threads could take in a
    /// second if it never had to wait.
    pub fn goodput_per_processor(&self) -> f64 {
        self.tally.bytes as f64 / self.tally.cpu.as_secs_f64().max(1e-6)
    }

    fn per_second(&self, count: u64) -> f64 {
        count as f64 / self.elapsed.as_secs_f64().max(1e-6)
    }
}
