//! One block at a time (RFC 1350 §2).

use std::time::Instant;

use super::Sender;
use super::loss::Cause;

impl Sender {
    /// Sends the block at `base`, which is all that may be in flight.
    pub(super) fn send_lockstep(&mut self, now: Instant) {
        if self.is_metered() {
            self.next = self.base;
            self.wait_for_permit(now);
        } else {
            self.send_block(now);
        }
    }

    /// The same, without asking.
    pub(super) fn send_block(&mut self, now: Instant) {
        self.next = self.end_of_window(1);
        self.fresh = self.high.max(self.base);
        self.push_run(self.base, self.next);
        self.sent(now);
    }

    /// An ACK from inside what was sent. A block behind it may be on its way already where blocks
    /// were sent ahead until now: then its ACK is waited for.
    pub(super) fn lockstep_acknowledged(&mut self, now: Instant) {
        if self.base == self.next {
            self.send_lockstep(now);
        }
    }

    /// The time-out has expired: the block goes once more, or at the wrap the one behind it.
    pub(super) fn lockstep_timed_out(&mut self, now: Instant) {
        if let Some(block) = self.later_block() {
            self.push_run(block, block + 1);
            self.next = self.next.max(block + 1);
            self.fresh = self.high; // an ACK may answer either of two
            self.sent(now);
            return;
        }
        self.note_lost();
        self.loss
            .repeats(now, Cause::Silence, self.base..self.base + 1);
        self.send_lockstep(now);
    }

    /// What every second repeat is, where the client may have more than the block at `base` and says nothing
    /// to that one. GRUB does not acknowledge block 65535 once more when it comes once more: the block behind
    /// it is acknowledged by a client that has both. And of blocks that were sent ahead lwIP acknowledges only the
    /// last that it has.
    fn later_block(&self) -> Option<u64> {
        let turn = u64::from(self.loss.timeouts() / 2);
        let is_at_wrap = self.rollover.wire(self.base) == u16::MAX;
        let sent = (self.high - self.base).max(if is_at_wrap { 2 } else { 1 });
        let reach = self.end_of_window(sent) - self.base;
        let is_its_turn = reach > 1 && self.loss.timeouts().is_multiple_of(2) && turn > 0;
        is_its_turn.then(|| self.base + 1 + (turn - 1) % (reach - 1))
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "any moment to begin at")]
mod tests {
    use std::time::Duration;
    use std::time::Instant;

    use crate::tftp::Agreed;
    use crate::tftp::Packet;
    use crate::tftp::Payload;
    use crate::tftp::Rollover;
    use crate::tftp::Sender;
    use crate::tftp::Timing;

    const MS: Duration = Duration::from_millis(1);

    fn sender(begin: Instant) -> Sender {
        let timing = Timing {
            patience: Duration::from_secs(20),
            dally: Duration::ZERO,
            unconfirmed_resends: None,
        };
        let (agreed, length) = (Agreed::default(), Some(65_600 * 512));
        Sender::new(begin, agreed, Rollover::ToZero, timing, length, None)
    }

    fn sent(sender: &mut Sender) -> Vec<u64> {
        let runs = std::iter::from_fn(|| sender.poll_transmit());
        runs.map(|payload| match payload {
            Payload::Data(run) if run.count == 1 => run.first,
            other => panic!("{other:?}"),
        })
        .collect()
    }

    fn silence(sender: &mut Sender) -> Vec<u64> {
        let due = sender.poll_timeout().expect("a deadline");
        sender.handle_timeout(due);
        sent(sender)
    }

    /// GRUB's `tftp.c` drops a repeated block 65535 in silence.
    #[test]
    fn a_lost_ack_of_block_65535_is_not_the_end_for_a_client_that_never_repeats_it() {
        let begin = Instant::now();
        let mut sender = sender(begin);
        for block in 1..u16::MAX {
            sent(&mut sender);
            sender.handle_packet(begin + MS, &Packet::Ack { block });
        }
        assert_eq!(sent(&mut sender), [65_535]);
        assert_eq!(silence(&mut sender), [65_535]);
        assert_eq!(silence(&mut sender), [65_536]);
        assert_eq!(silence(&mut sender), [65_535]);
        assert_eq!(silence(&mut sender), [65_536]);
        sender.handle_packet(begin + 10_000 * MS, &Packet::Ack { block: 0 });
        assert_eq!(sent(&mut sender), [65_537]);
    }

    #[test]
    fn a_duplicate_ack_is_never_answered() {
        let begin = Instant::now();
        let mut sender = sender(begin);
        assert_eq!(sent(&mut sender), [1]);
        sender.handle_packet(begin + MS, &Packet::Ack { block: 1 });
        assert_eq!(sent(&mut sender), [2]);
        for moment in [2 * MS, 3 * MS, 150 * MS] {
            sender.handle_packet(begin + moment, &Packet::Ack { block: 1 });
            assert_eq!(sent(&mut sender), []);
        }
        assert_eq!(silence(&mut sender), [2]);
    }
}
