//! The receiving side of a transfer: blocks in, ACKs out.

use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

use super::Agreed;
use super::DATA_HEADER;
use super::Event;
use super::Failure;
use super::Packet;
use super::Payload;
use super::Rollover;
use super::Rto;
use super::Stats;
use super::Timing;
use super::Violation;
use super::packet;

/// The waits between repeated ACKs grow to this: longer than any sender waits that repeats its DATA by itself, counted from
/// the last packet that it has received (tftp-hpa 5 s, curl 6 s), and throws repeated ACKs away. At 4 s they kept
/// tftp-hpa's timer from ever expiring, so that a lost DATA packet ended the upload.
const SENDER_WAITS: Duration = Duration::from_secs(8);

/// Receives the blocks of one file in order (RFC 1350 §2 and §6, RFC 7440 §4).
#[derive(Debug)]
pub struct Receiver {
    agreed: Agreed,
    rollover: Rollover,
    timing: Timing,
    rto: Rto,
    /// The OACK of a server that receives; sent again instead of ACK 0 until a block answers it.
    opening: Option<Vec<u8>>,
    phase: Phase,
    /// The next block in order.
    expected: u64,
    /// Blocks accepted since the last ACK.
    in_window: u16,
    gap: Option<Gap>,
    queue: VecDeque<Payload>,
    events: VecDeque<Event>,
    /// When the last ACK left, if a block that answers it would give a round trip (Karn's rule).
    ack_at: Option<Instant>,
    deadline: Option<Instant>,
    progress_at: Instant,
    unconfirmed_resends: Option<u32>,
    sent_at: Instant,
    stats: Stats,
}

/// The gap that stands now.
#[derive(Clone, Copy, Debug)]
struct Gap {
    /// When it was reported last.
    reported_at: Instant,
    /// The block behind it that came last.
    seen: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Blocks are still to come.
    Receiving,
    /// The last block is here and the caller makes the file permanent.
    Storing,
    /// The last ACK is sent; a sender that has not received it will repeat the last block (RFC 1350 §6).
    Dallying,
    Closed,
}

impl Receiver {
    /// A receiver that acknowledges the opening of the transfer: with `opening` (the OACK) if there
    /// is one, else with ACK 0.
    pub fn new(
        now: Instant,
        agreed: Agreed,
        rollover: Rollover,
        timing: Timing,
        opening: Option<Vec<u8>>,
    ) -> Self {
        let mut receiver = Self::expecting_first(now, agreed, rollover, timing);
        receiver.opening = opening;
        receiver.acknowledge(now);
        receiver
    }

    /// The opening has shown how long a round trip takes: a lost ACK 0 need not cost a second.
    #[must_use]
    pub(super) fn knowing(mut self, now: Instant, round_trip: Option<Duration>) -> Self {
        if let Some(round_trip) = round_trip {
            self.rto.sample(round_trip);
            self.arm(now);
        }
        self
    }

    /// A receiver whose first block is the answer to its request, so nothing is acknowledged yet:
    /// a client whose server knows no options. Hand it that block next.
    pub(super) fn expecting_first(
        now: Instant,
        agreed: Agreed,
        rollover: Rollover,
        timing: Timing,
    ) -> Self {
        let mut receiver = Self {
            agreed,
            rollover,
            timing,
            rto: Rto::new(Duration::ZERO),
            opening: None,
            phase: Phase::Receiving,
            expected: 1,
            in_window: 0,
            gap: None,
            queue: VecDeque::new(),
            events: VecDeque::new(),
            ack_at: None,
            deadline: None,
            progress_at: now,
            unconfirmed_resends: timing.unconfirmed_resends,
            sent_at: now,
            stats: Stats::default(),
        };
        receiver.arm(now);
        receiver
    }

    /// A packet from the peer.
    pub fn handle_packet(&mut self, now: Instant, packet: &Packet<'_>) {
        match packet {
            Packet::Data { block, payload } => self.handle_data(now, *block, payload.len()),
            Packet::Error { code, message } => self.handle_error(*code, message),
            // The server repeats its OACK: it has not heard ACK 0.
            Packet::Oack(_) if self.expected == 1 && self.phase == Phase::Receiving => {
                self.acknowledge(now);
            }
            Packet::Oack(_) | Packet::Ack { .. } | Packet::Request(_) => {}
        }
    }

    /// The client repeated its request: it may not have heard the first answer.
    pub fn handle_repeated_request(&mut self, now: Instant) {
        if self.expected == 1
            && self.phase == Phase::Receiving
            && now >= self.sent_at + REPEAT_AFTER
        {
            self.acknowledge(now);
        }
    }

    /// The file is permanent: acknowledge its last block. Answers [`Event::Store`].
    pub fn handle_stored(&mut self, now: Instant) {
        if self.phase == Phase::Storing {
            self.phase = Phase::Dallying;
            self.acknowledge(now);
            self.arm_dally(now);
            self.events.push_back(Event::Finished { confirmed: true });
        }
    }

    /// The time that [`Self::poll_timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        if self.phase == Phase::Dallying {
            self.close();
        } else if now >= self.give_up_at() {
            let failure = if self.expected == 1 {
                Failure::Unanswered
            } else {
                Failure::Silent {
                    block: self.expected,
                }
            };
            self.fail(failure);
        } else if self.unconfirmed_resends == Some(0) {
            self.deadline = Some(self.give_up_at());
        } else {
            self.unconfirmed_resends = self.unconfirmed_resends.map(|left| left - 1);
            self.stats.timeouts += 1;
            self.rto.back_off_to(self.wait(), SENDER_WAITS);
            self.acknowledge(now);
            self.ack_at = None;
        }
    }

    /// What to send next.
    pub fn poll_transmit(&mut self) -> Option<Payload> {
        self.queue.pop_front()
    }

    /// What happened next.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Self::handle_timeout`]; `None` once there is nothing left to wait for.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    /// What the transfer has cost so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Whether the peer has sent a block.
    pub fn is_confirmed(&self) -> bool {
        self.expected > 1
    }

    /// When the last block was accepted.
    pub(super) fn progress_at(&self) -> Instant {
        self.progress_at
    }

    /// Whether the whole file is here and not permanent yet.
    pub(super) fn is_storing(&self) -> bool {
        self.phase == Phase::Storing
    }

    /// Whether the whole file is here and acknowledged.
    pub fn is_dallying(&self) -> bool {
        self.phase == Phase::Dallying
    }

    pub(super) fn abort(&mut self) {
        self.queue.clear();
        // Above all a `Store` behind the block that was refused: what is there is not the file.
        self.events.clear();
        self.fail(Failure::Aborted);
    }

    fn handle_data(&mut self, now: Instant, wire: u16, len: usize) {
        let Some(block) = self.rollover.index(wire, self.expected) else {
            return;
        };
        match self.phase {
            Phase::Receiving if len > usize::from(self.agreed.blksize) => {
                self.fail(Failure::Protocol(Violation::BlockTooLarge));
            }
            Phase::Receiving if block == self.expected => self.accept(now, len),
            Phase::Receiving if block > self.expected => self.report_gap(now, block),
            Phase::Receiving => self.handle_duplicate(now, block),
            Phase::Dallying => self.handle_late(now, block, len),
            Phase::Storing | Phase::Closed => self.stats.duplicates += 1,
        }
    }

    fn accept(&mut self, now: Instant, len: usize) {
        self.rto.progress();
        if let Some(ack_at) = self.ack_at.take() {
            self.rto.sample(now.saturating_duration_since(ack_at));
        }
        self.opening = None;
        self.unconfirmed_resends = None;
        self.gap = None;
        self.progress_at = now;
        self.expected += 1;
        self.in_window += 1;
        self.events
            .push_back(Event::Deliver(DATA_HEADER..DATA_HEADER + len));
        if len < usize::from(self.agreed.blksize) {
            self.phase = Phase::Storing;
            self.deadline = None;
            self.events.push_back(Event::Store);
        } else if self.in_window >= self.agreed.windowsize {
            self.acknowledge(now);
        } else {
            self.arm(now);
        }
    }

    /// A block came too early: one before it is lost. Tell the sender once what is here (RFC 7440
    /// §4), and again when it has sent a block once more, which may be a probe or another attempt
    /// whose first block is lost as well, or if a whole round trip later the gap still stands.
    fn report_gap(&mut self, now: Instant, block: u64) {
        let fastest = self.rto.fastest();
        let is_due = self.gap.is_none_or(|gap| {
            // A packet that overtook another is no answer: it comes too soon.
            let patience = match block <= gap.seen {
                true => fastest / 2,
                false => fastest * 2 + GAP_PAUSE,
            };
            now >= gap.reported_at + patience
        });
        let reported_at = match self.gap {
            Some(gap) if !is_due => gap.reported_at,
            _ => now,
        };
        let seen = block;
        self.gap = Some(Gap { reported_at, seen });
        if is_due {
            self.stats.gaps += 1;
            self.acknowledge(now);
            self.ack_at = None;
        }
    }

    /// A block that is here already. If it is the one acknowledged last, the sender has not heard
    /// that ACK; older ones of the same window will be followed by it.
    fn handle_duplicate(&mut self, now: Instant, block: u64) {
        self.stats.duplicates += 1;
        if block + 1 == self.expected && self.in_window == 0 {
            self.acknowledge(now);
            self.ack_at = None;
        }
    }

    /// After the last ACK. Some clients take a last block that is numbered 0 for one of many and
    /// send an empty one behind it; it is acknowledged too, since only that lets them go.
    fn handle_late(&mut self, now: Instant, block: u64, len: usize) {
        self.stats.duplicates += 1;
        if block + 1 == self.expected {
            self.queue_ack(block);
            self.arm_dally(now);
        } else if block == self.expected && len == 0 {
            self.queue_ack(block);
        }
    }

    fn handle_error(&mut self, code: super::ErrorCode, message: &[u8]) {
        match self.phase {
            // Everything is here and acknowledged: the peer may think of it what it likes.
            Phase::Dallying => self.close(),
            Phase::Receiving | Phase::Storing => self.fail(Failure::PeerError {
                code,
                message: message.to_vec(),
                block: self.expected - 1,
            }),
            Phase::Closed => {}
        }
    }

    /// Acknowledges everything that is here in order.
    fn acknowledge(&mut self, now: Instant) {
        match &self.opening {
            Some(oack) => self.queue.push_back(Payload::Packet(oack.clone())),
            None => self.queue_ack(self.expected - 1),
        }
        self.in_window = 0;
        self.ack_at = Some(now);
        self.sent_at = now;
        self.arm(now);
    }

    fn queue_ack(&mut self, block: u64) {
        self.queue
            .push_back(Payload::Ack(packet::ack(self.rollover.wire(block))));
    }

    fn arm(&mut self, now: Instant) {
        self.deadline = Some((now + self.wait()).min(self.give_up_at().max(now)));
    }

    /// How long to wait for the next block. A sender that is late waits for a processor or a disk, as long
    /// as nothing shows that packets are lost; an ACK then would look like the report of a gap.
    fn wait(&self) -> Duration {
        let floor = match (self.agreed.windowsize, self.stats.gaps) {
            (1, _) => LOCKSTEP_FLOOR,
            (_, 0) => WINDOW_FLOOR,
            _ => LOSSY_WINDOW_FLOOR,
        };
        self.rto.current().max(floor)
    }

    /// Long enough for a sender whose ACK was lost to repeat the last block, where this link has
    /// shown that it loses anything; a moment where it has not.
    fn arm_dally(&mut self, now: Instant) {
        let lossy = self.stats.timeouts + self.stats.gaps + self.stats.duplicates > 0;
        let wait = if lossy {
            self.timing.dally.max(LOSSY_DALLY)
        } else {
            self.timing.dally
        };
        self.deadline = Some(now + wait);
    }

    fn give_up_at(&self) -> Instant {
        self.progress_at + self.timing.patience_with(self.agreed, self.is_confirmed())
    }

    fn fail(&mut self, failure: Failure) {
        if self.phase != Phase::Closed {
            self.close();
            self.events.push_back(Event::Failed(failure));
        }
    }

    fn close(&mut self) {
        self.phase = Phase::Closed;
        self.deadline = None;
    }
}

/// In lockstep only the sender's time-out helps; an early ACK from here could start the doubling
/// that RFC 1123 §4.2.3.1 warns of in a sender that does not know better.
const LOCKSTEP_FLOOR: Duration = Duration::from_secs(1);
/// In a window an ACK tells the sender where to go on. The sender asks by itself after 200 ms, and is
/// closer to what happened.
const WINDOW_FLOOR: Duration = Duration::from_millis(300);
/// The same where a gap has shown that packets are lost.
const LOSSY_WINDOW_FLOOR: Duration = Duration::from_millis(100);
/// The least time between two reports of the same gap.
const GAP_PAUSE: Duration = Duration::from_millis(2);
/// A request repeated sooner than this is an echo of the network or an eager ROM.
const REPEAT_AFTER: Duration = Duration::from_millis(250);
/// More than the fixed time-out of the servers in the field that wait shortest.
const LOSSY_DALLY: Duration = Duration::from_millis(1200);
