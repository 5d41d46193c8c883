//! How often what was seen, in each direction of a connection.

use super::Again;
use super::Cause;
use super::Label;
use super::Order;

/// What one end has sent, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Segments, repeated ones included.
    pub segments: u64,
    /// Bytes of payload, repeated ones included.
    pub bytes: u64,
    /// Segments with numbers that were sent before, for whatever cause; copies that the network or the capture
    /// made are not among them.
    pub resent: u32,
    /// Of these, those that a timer had sent.
    pub by_timer: u32,
    /// Of these, those that acknowledgments asked for: fast retransmit, SACK, and what follows in the same recovery.
    pub by_acks: u32,
    /// The same IP packet once more.
    pub doubled: u32,
    /// Segments that were seen behind later ones, and not before.
    pub late: u32,
    /// Segments before which something was never seen.
    pub gaps: u32,
    /// Duplicate ACKs.
    pub dup_acks: u32,
    /// Segments that closed its window.
    pub zero_windows: u32,
    /// Probes of the peer's window.
    pub probes: u32,
    /// Keep-alives.
    pub keep_alives: u32,
    /// Resets.
    pub resets: u32,
    /// Segments that acknowledge what was never seen.
    pub unseen_acked: u32,
}

/// What there is to count of a segment.
pub(super) struct Countable {
    pub label: Label,
    pub order: Order,
    pub again: Option<Again>,
    pub bytes: u32,
    pub resets: bool,
    /// Whether its window is 0, and that of the one before it was not.
    pub closes_window: bool,
    pub acks_unseen: bool,
}

impl Counts {
    pub(super) fn add(&mut self, it: &Countable) {
        self.segments += 1;
        self.bytes += u64::from(it.bytes);
        let copied = it.again.is_some_and(|again| again.cause == Cause::Doubled);
        self.doubled += u32::from(copied);
        if let Some(again) = it.again.filter(|_| !copied) {
            self.resent += 1;
            match again.cause {
                Cause::Timer(_) => self.by_timer += 1,
                Cause::Duplicates { .. } | Cause::Sack { .. } | Cause::Progress => {
                    self.by_acks += 1;
                }
                _ => {}
            }
        }
        match it.order {
            Order::Late => self.late += 1,
            Order::Gap => self.gaps += 1,
            Order::Next => {}
        }
        match it.label {
            Label::AckDup { .. } => self.dup_acks += 1,
            Label::Probe { .. } => self.probes += 1,
            Label::KeepAlive => self.keep_alives += 1,
            _ => {}
        }
        self.resets += u32::from(it.resets);
        self.zero_windows += u32::from(it.closes_window);
        self.unseen_acked += u32::from(it.acks_unseen);
    }
}
