//! Sending: the OACK, a flight, a probe.

use std::time::Duration;
use std::time::Instant;

use super::Sender;
use super::repair::Repair;
use crate::tftp::DataRun;
use crate::tftp::Payload;

impl Sender {
    /// Sends the packet or the flight that was sent last once more.
    pub(super) fn resend(&mut self, now: Instant) {
        match self.opening.clone() {
            Some(packet) => self.send_opening(now, packet),
            None => self.send_flight(now),
        }
    }

    pub(super) fn send_opening(&mut self, now: Instant, packet: Vec<u8>) {
        self.opening_sends += 1;
        self.began_at = now;
        self.probes = 0;
        self.queue.push_back(Payload::Packet(packet));
        self.sent(now);
    }

    /// Sends a window from `base`, up to the file's end, or the first burst of it.
    pub(super) fn send_flight(&mut self, now: Instant) {
        // A flight that still waits to be sent is replaced: nothing is sent twice in one breath.
        self.queue
            .retain(|payload| !matches!(payload, Payload::Data(_)));
        self.next = self.base;
        self.probes = 0;
        if self.is_pipelined() {
            return self.send_ahead(now);
        }
        self.began_at = now;
        self.window_end = self.end_of_window(u64::from(self.agreed.windowsize.max(1)));
        self.send_burst(now);
    }

    /// Sends as much of the rest of the window as may leave together.
    pub(super) fn send_burst(&mut self, now: Instant) {
        let first = self.next;
        self.next = self.window_end.min(first.saturating_add(self.pace.burst()));
        self.fresh = self.high.max(first);
        self.push_run(first, self.next);
        self.sent(now);
    }

    /// Behind a time-out: GRUB does not acknowledge block 65535 once more when it comes once more, so
    /// that a lost ACK there would be the end. The block behind it is acknowledged by whoever has both.
    pub(super) fn pass_the_wrap(&mut self) {
        let lockstep = self.agreed.windowsize <= 1 && !self.is_pipelined();
        let is_at_wrap = self.rollover.wire(self.base) == u16::MAX;
        if lockstep && is_at_wrap && self.opening.is_none() && self.next < self.end_of_window(2) {
            self.push_run(self.next, self.next + 1);
            self.next += 1;
            self.window_end = self.next;
        }
    }

    /// Behind a second time-out in a row: atftp repeats an ACK once, and then not again before it has
    /// heard nothing for five seconds, which resending prevents, or something new. To whoever has the
    /// whole flight the block behind it is, and the next repetition is answered then. The file's last
    /// block stays behind: all but one window is to be acknowledged before it counts as sent.
    pub(super) fn pass_the_flight(&mut self) {
        // With one block more than 65535 in flight an ACK's number would mean two of them.
        let is_window = (2..u16::MAX).contains(&self.agreed.windowsize) && self.opening.is_none();
        let is_whole = self.window() == u64::from(self.agreed.windowsize) && !self.is_pausing();
        let is_followed = self.last.is_none_or(|last| self.next < last);
        if self.silences > 0 && is_window && is_whole && is_followed {
            self.push_run(self.next, self.next + 1);
            self.next += 1;
            self.window_end = self.next;
        }
    }

    /// The blocks that leave next if everything in flight arrives, where that is a window: whoever has
    /// to read them has the time until the ACK for it.
    pub fn expected_run(&self) -> Option<DataRun> {
        let certain = self.opening.is_none() && !self.is_pipelined() && !self.is_pausing();
        let window = u64::from(self.agreed.windowsize).min(self.pace.burst());
        let end = self
            .last
            .map_or(u64::MAX, |last| last + 1)
            .min(self.next.saturating_add(window));
        (certain && window > 1 && self.next < end).then(|| self.run(self.next, end))
    }

    /// Blocks in the window that is on its way, or will be.
    pub(super) fn window(&self) -> u64 {
        self.window_end.saturating_sub(self.base)
    }

    /// Whether a part of the window is still to leave.
    pub(super) fn is_pausing(&self) -> bool {
        self.next < self.window_end
    }

    /// The block behind a window of so many blocks from `base`, or behind the file's last.
    pub(super) fn end_of_window(&self, window: u64) -> u64 {
        self.last
            .map_or(u64::MAX, |last| last + 1)
            .min(self.base + window)
    }

    /// Sends the blocks from `first` to before `end`.
    pub(super) fn push_run(&mut self, first: u64, end: u64) {
        self.stats.data_sent += end - first;
        self.stats.resent += self.high.min(end).saturating_sub(first);
        self.high = self.high.max(end);
        self.queue.push_back(Payload::Data(self.run(first, end)));
    }

    fn run(&self, first: u64, end: u64) -> DataRun {
        let count = (end - first) as u32; // at most a window
        DataRun::new(first, count, self.agreed.blksize, self.rollover)
    }

    pub(super) fn sent(&mut self, now: Instant) {
        self.flight_at = now;
        self.arm();
    }

    /// Waits for what comes first behind the blocks sent last: the rest of the window, a probe, or
    /// the time-out.
    pub(super) fn arm(&mut self) {
        let due = if self.is_pausing() {
            self.flight_at + self.pace.pause()
        } else {
            self.probe_at()
                .unwrap_or_else(|| self.flight_at + self.rto.current())
        };
        self.deadline = Some(due.min(self.give_up_at().max(self.flight_at)));
    }

    /// When to ask for an answer that is overdue: where the last block of a flight is lost, or the
    /// ACK, nothing else will tell before the time-out. RFC 8985 §7 does the same for TCP. A probe or
    /// its answer may be lost too: each next one waits twice as long.
    pub(super) fn probe_at(&self) -> Option<Instant> {
        let (most, floor) = match &self.pipeline {
            // With blocks ahead an ACK that is merely late would look like one of the probe, and the
            // blocks behind it like thrown away.
            Some(_) => (1, Some(PIPELINE_PROBE_FLOOR)),
            // In lockstep a probe is all that there is to resend.
            None if self.agreed.windowsize <= 1 => (MOST_PROBES, Some(LOCKSTEP_PROBE_FLOOR)),
            None => (MOST_PROBES, None),
        };
        let estimate = self.rto.probe();
        let estimate = floor.map_or(estimate, |floor| estimate.map(|wait| (wait * 2).max(floor)));
        // Before its last ACK a receiver makes the file permanent, and that takes what it takes.
        let may = self.opening.is_none()
            && self.confirmed
            && self.probes < most
            && !self.is_last_in_flight();
        let wait = estimate.filter(|_| may)? * ((2 << self.probes) - 1);
        (wait < self.rto.current()).then(|| self.flight_at + wait)
    }

    /// Sends the flight's last block once more. Whoever has all acknowledges it again; whoever
    /// misses it, or another, says so. Who may throw away early blocks in silence gets the first.
    pub(super) fn probe(&mut self, now: Instant) {
        self.probes += 1;
        self.fresh = self.next; // the ACK may answer either of the two
        self.repair = Repair::Ready;
        if let Some(pipeline) = &mut self.pipeline {
            pipeline.ask(self.base);
            self.push_run(self.base, self.base + 1);
        } else {
            self.push_run(self.next - 1, self.next);
        }
        self.arm();
        self.deadline = self.deadline.map(|deadline| deadline.max(now));
    }
}

/// Less than the floor of the time-out, more than a boot program pauses.
const PIPELINE_PROBE_FLOOR: Duration = Duration::from_millis(10);
/// Less than the floor of the time-out, more than a client's scheduler sleeps.
const LOCKSTEP_PROBE_FLOOR: Duration = Duration::from_millis(5);
/// At 1, 3 and 7 times the estimate: the next would come no sooner than the time-out.
pub(super) const MOST_PROBES: u8 = 3;

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "any moment to begin at")]
mod tests {
    use super::*;
    use crate::tftp::Agreed;
    use crate::tftp::Packet;
    use crate::tftp::Rollover;
    use crate::tftp::Timing;

    const MS: Duration = Duration::from_millis(1);

    /// Everything that is to be sent, as first and last blocks.
    fn sent(sender: &mut Sender) -> Vec<(u64, u64)> {
        let runs = std::iter::from_fn(|| sender.poll_transmit());
        runs.map(|payload| match payload {
            Payload::Data(run) => (run.first, run.first + u64::from(run.count) - 1),
            other => panic!("{other:?}"),
        })
        .collect()
    }

    /// A sender with windows of four whose round trip is known to be a millisecond, and whose
    /// second window is on its way.
    fn sender(begin: Instant) -> Sender {
        let timing = Timing {
            patience: Duration::from_secs(20),
            dally: Duration::ZERO,
            unconfirmed_resends: None,
        };
        let agreed = Agreed {
            windowsize: 4,
            ..Agreed::default()
        };
        let length = Some(1 << 20);
        let mut sender = Sender::new(begin, agreed, Rollover::ToZero, timing, length, None);
        assert_eq!(sent(&mut sender), [(1, 4)]);
        sender.handle_packet(begin + MS, &Packet::Ack { block: 4 });
        assert_eq!(sent(&mut sender), [(5, 8)]);
        sender
    }

    fn wait(sender: &mut Sender) -> Instant {
        let due = sender.poll_timeout().expect("a deadline");
        sender.handle_timeout(due);
        due
    }

    #[test]
    fn a_client_that_is_slow_once_is_sent_one_block_twice_and_no_window() {
        let begin = Instant::now();
        let mut sender = sender(begin);
        let probed = wait(&mut sender);
        assert_eq!(sent(&mut sender), [(8, 8)]);
        sender.handle_packet(probed + MS, &Packet::Ack { block: 8 });
        assert_eq!(sent(&mut sender), [(9, 12)]);
        // The probe is acknowledged as well.
        sender.handle_packet(probed + 2 * MS, &Packet::Ack { block: 8 });
        assert_eq!(sent(&mut sender), []);
    }

    /// GRUB's `tftp.c` drops a repeated block 65535 in silence.
    #[test]
    fn a_lost_ack_of_block_65535_is_not_the_end_for_a_client_that_never_repeats_it() {
        let begin = Instant::now();
        let timing = Timing {
            patience: Duration::from_secs(20),
            dally: Duration::ZERO,
            unconfirmed_resends: None,
        };
        let (agreed, length) = (Agreed::default(), Some(65_600 * 512));
        let mut sender = Sender::new(begin, agreed, Rollover::ToZero, timing, length, None);
        for block in 1..u16::MAX {
            sent(&mut sender);
            sender.handle_packet(begin + MS, &Packet::Ack { block });
        }
        assert_eq!(sent(&mut sender), [(65_535, 65_535)]);
        while sender.stats().timeouts == 0 {
            sent(&mut sender);
            wait(&mut sender);
        }
        assert_eq!(sent(&mut sender), [(65_535, 65_535), (65_536, 65_536)]);
        sender.handle_packet(begin + 100 * MS, &Packet::Ack { block: 0 });
        assert_eq!(sent(&mut sender), [(65_537, 65_537)]);
    }

    #[test]
    fn a_probe_that_is_lost_is_followed_by_others_before_the_time_out() {
        let begin = Instant::now();
        let mut sender = sender(begin);
        let mut waits = Vec::new();
        while sender.stats().timeouts == 0 {
            waits.push(wait(&mut sender).duration_since(begin + MS).as_millis());
        }
        // Three round trips, 3 + 6; then the floor of the time-out, as no third probe fits.
        assert_eq!(waits, [3, 9, 20]);
        assert_eq!(sent(&mut sender), [(5, 8)], "what still waits is replaced");
    }
}
