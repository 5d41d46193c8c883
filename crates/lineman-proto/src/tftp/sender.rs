//! The sending side of a transfer: windows out, ACKs in.

use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

use super::Agreed;
use super::DataRun;
use super::Event;
use super::Failure;
use super::Packet;
use super::Payload;
use super::Rollover;
use super::Rto;
use super::Stats;
use super::Timing;

/// Sends the blocks of one file (RFC 1350 §2, RFC 7440 §4).
///
/// The blocks `base..next` are *in flight*: sent, and not acknowledged. A new flight leaves when
/// the old one is acknowledged, when an ACK from inside it shows a gap, or when time runs out.
#[derive(Debug)]
pub struct Sender {
    agreed: Agreed,
    rollover: Rollover,
    timing: Timing,
    rto: Rto,
    /// The OACK, until ACK 0 answers it.
    opening: Option<Vec<u8>>,
    opening_sends: u32,
    /// The first block that is not acknowledged.
    base: u64,
    /// The block behind the last one in flight.
    next: u64,
    /// The block behind the last one ever sent: below it, sending is sending again.
    high: u64,
    /// The first block of this flight that had never been sent before; only its ACK and later ones
    /// give a round trip (Karn's rule).
    fresh: u64,
    /// The file's last block, once its length is known.
    last: Option<u64>,
    queue: VecDeque<Payload>,
    events: VecDeque<Event>,
    flight_at: Instant,
    deadline: Option<Instant>,
    progress_at: Instant,
    /// When the peer was heard last, with or without progress.
    heard_at: Instant,
    /// Something from the peer has proved that it is there and wants this.
    confirmed: bool,
    /// Resends that are still allowed before the peer has proved that.
    unconfirmed_resends: u32,
    repair: Repair,
    /// Whether this flight's one probe has been sent.
    probed: bool,
    stats: Stats,
}

/// When a flight may be sent again because of an ACK. At most once for each loss: a second resend
/// would be answered by more duplicate ACKs, and so on to the end of the file (RFC 1123 §4.2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repair {
    /// No resend is in flight.
    Ready,
    /// This flight is a resend: only an ACK that can be its answer may cause another.
    InFlight,
    /// A repeated ACK below the flight has caused a resend lately; for so many clean windows the
    /// next such ACK counts as a mere duplicate.
    Resting(u8),
}

impl Sender {
    /// A sender of a file of `length` bytes, or of a length that [`Self::handle_end`] will tell.
    /// With `opening`, that packet (the OACK) goes first and ACK 0 must answer it.
    pub fn new(
        now: Instant,
        agreed: Agreed,
        rollover: Rollover,
        timing: Timing,
        length: Option<u64>,
        opening: Option<Vec<u8>>,
    ) -> Self {
        let mut sender = Self {
            agreed,
            rollover,
            timing,
            rto: Rto::new(SENDER_FLOOR),
            opening,
            opening_sends: 0,
            base: 1,
            next: 1,
            high: 1,
            fresh: 1,
            last: None,
            queue: VecDeque::new(),
            events: VecDeque::new(),
            flight_at: now,
            deadline: None,
            progress_at: now,
            heard_at: now,
            confirmed: timing.unconfirmed_resends.is_none(),
            unconfirmed_resends: timing.unconfirmed_resends.unwrap_or(0),
            repair: Repair::Ready,
            probed: false,
            stats: Stats::default(),
        };
        if let Some(length) = length {
            sender.handle_end(length);
        }
        match sender.opening.clone() {
            Some(packet) => sender.send_opening(now, packet),
            None => sender.send_flight(now),
        }
        sender
    }

    /// The source turned out to be `length` bytes long. Call it before the next `handle_*` when
    /// reading a [`DataRun`] met the end: blocks of the run beyond the end were not sent.
    pub fn handle_end(&mut self, length: u64) {
        let last = length / u64::from(self.agreed.blksize) + 1;
        self.last = Some(last);
        if self.next > last + 1 {
            self.stats.data_sent = self.stats.data_sent.saturating_sub(self.next - last - 1);
            self.next = last + 1;
            self.high = self.high.min(self.next);
        }
    }

    /// A packet from the peer.
    pub fn handle_packet(&mut self, now: Instant, packet: &Packet<'_>) {
        if self.is_closed() {
            return;
        }
        match packet {
            Packet::Ack { block } => self.handle_ack(now, *block),
            Packet::Error { code, message } => self.fail(Failure::PeerError {
                code: *code,
                message: message.to_vec(),
                block: self.base - 1,
            }),
            // A repeated OACK to a client that sends: its next block or a time-out answers it.
            Packet::Request(_) | Packet::Data { .. } | Packet::Oack(_) => {}
        }
    }

    /// The client repeated its request: it may not have heard the first answer. Repeating that too
    /// soon would make some clients give up (atftp and tftpy count OACKs), so only after a while.
    pub fn handle_repeated_request(&mut self, now: Instant) {
        if !self.confirmed && !self.is_closed() && now >= self.flight_at + REPEAT_AFTER {
            self.resend(now);
        }
    }

    /// The time that [`Self::poll_timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        if now >= self.give_up_at() {
            self.give_up();
        } else if self
            .probe_at()
            .is_some_and(|at| now < at + self.rto.current())
        {
            self.probe(now);
        } else if self.confirmed || self.unconfirmed_resends > 0 {
            self.unconfirmed_resends = self.unconfirmed_resends.saturating_sub(1);
            self.stats.timeouts += 1;
            self.rto.back_off();
            self.repair = Repair::InFlight;
            self.resend(now);
            self.probed = true; // a second time-out in a row is no moment to hurry
            self.deadline = Some((now + self.rto.current()).min(self.give_up_at().max(now)));
        } else {
            // An unconfirmed peer may be somebody else's forged address: wait in silence.
            self.deadline = Some(self.give_up_at());
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

    /// When to call [`Self::handle_timeout`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    /// What the transfer has cost so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Whether the peer has answered at least once.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// Whether nothing is left but the ACK of the last block.
    pub fn is_last_in_flight(&self) -> bool {
        self.last.is_some_and(|last| self.next > last)
    }

    pub(super) fn abort(&mut self) {
        self.queue.clear();
        self.fail(Failure::Aborted);
    }

    fn handle_ack(&mut self, now: Instant, wire: u16) {
        self.heard_at = now;
        let middle = self.base + (self.next - self.base) / 2;
        let Some(block) = self.rollover.index(wire, middle) else {
            return;
        };
        if self.opening.is_some() {
            if block == 0 {
                self.opening = None;
                self.heard(now);
                self.take_sample(now, self.opening_sends == 1);
                self.send_flight(now);
            }
            return;
        }
        if block >= self.next {
            return; // acknowledges what was never sent
        }
        if block >= self.base {
            self.advance(now, block);
        } else if block + 1 == self.base {
            self.handle_repeated_ack(now);
        }
    }

    /// An ACK from inside the flight: everything up to `block` has arrived.
    fn advance(&mut self, now: Instant, block: u64) {
        let answers_flight = self.can_answer_flight(now);
        self.heard(now);
        self.take_sample(now, block >= self.fresh);
        self.base = block + 1;
        self.events.push_back(Event::Acknowledged(block));
        if self.last.is_some_and(|last| block >= last) {
            self.deadline = None;
            self.events.push_back(Event::Finished { confirmed: true });
        } else if self.base == self.next {
            self.repair = match self.repair {
                Repair::Resting(windows) if windows > 1 => Repair::Resting(windows - 1),
                // What was sent twice is acknowledged twice; the second comes during the next window.
                Repair::InFlight => Repair::Resting(1),
                Repair::Ready | Repair::Resting(_) => Repair::Ready,
            };
            self.send_flight(now);
        } else if self.repair != Repair::InFlight || answers_flight {
            // RFC 7440 §4: the receiver acknowledges the last block before a gap, and the window
            // starts anew behind it.
            self.stats.gaps += 1;
            self.repair = Repair::InFlight;
            self.send_flight(now);
        }
    }

    /// An ACK of the block before the flight: either a duplicate, or the flight's first block is
    /// lost and the receiver says so. Lockstep cannot tell and must not resend (RFC 1123
    /// §4.2.3.1); with a window, what comes no sooner than an answer can come is one.
    fn handle_repeated_ack(&mut self, now: Instant) {
        let could_be_gap = self.next - self.base > 1 && self.can_answer_flight(now);
        if could_be_gap && self.repair == Repair::Ready {
            self.stats.gaps += 1;
            self.resend(now);
            self.repair = Repair::Resting(CLEAN_WINDOWS);
        }
    }

    fn can_answer_flight(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.flight_at) >= self.rto.fastest() / 2
    }

    /// Progress: patience is full again.
    fn heard(&mut self, now: Instant) {
        self.confirmed = true;
        self.progress_at = now;
        self.rto.progress();
    }

    fn take_sample(&mut self, now: Instant, sent_once: bool) {
        if sent_once {
            self.rto
                .sample(now.saturating_duration_since(self.flight_at));
        }
    }

    /// Sends the packet or the flight that was sent last once more.
    fn resend(&mut self, now: Instant) {
        match self.opening.clone() {
            Some(packet) => self.send_opening(now, packet),
            None => self.send_flight(now),
        }
    }

    fn send_opening(&mut self, now: Instant, packet: Vec<u8>) {
        self.opening_sends += 1;
        self.queue.push_back(Payload::Packet(packet));
        self.sent(now);
    }

    /// Sends a window from `base`, up to the file's end.
    fn send_flight(&mut self, now: Instant) {
        let window = u64::from(self.agreed.windowsize.max(1));
        let end = self
            .last
            .map_or(u64::MAX, |last| last + 1)
            .min(self.base + window);
        self.next = end;
        self.fresh = self.high.max(self.base);
        self.stats.data_sent += end - self.base;
        self.stats.resent += self.high.min(end).saturating_sub(self.base);
        self.high = self.high.max(end);
        // A flight that still waits to be sent is replaced: nothing is sent twice in one breath.
        self.queue
            .retain(|payload| !matches!(payload, Payload::Data(_)));
        self.queue.push_back(Payload::Data(DataRun {
            first: self.base,
            count: (end - self.base) as u32, // at most a window
            blksize: self.agreed.blksize,
            rollover: self.rollover,
        }));
        self.sent(now);
    }

    fn sent(&mut self, now: Instant) {
        self.flight_at = now;
        self.probed = false;
        let due = self.probe_at().unwrap_or_else(|| now + self.rto.current());
        self.deadline = Some(due.min(self.give_up_at().max(now)));
    }

    /// When to ask for an answer that is overdue: where the last block of a flight is lost, or the
    /// ACK, nothing else will tell before the time-out. RFC 8985 §7 does the same for TCP.
    fn probe_at(&self) -> Option<Instant> {
        let wait = self.rto.probe().filter(|&wait| wait < self.rto.current());
        // Before its last ACK a receiver makes the file permanent, and that takes what it takes.
        let may =
            self.opening.is_none() && self.confirmed && !self.probed && !self.is_last_in_flight();
        wait.filter(|_| may).map(|wait| self.flight_at + wait)
    }

    /// Sends the flight's last block once more. Whoever has all acknowledges it again; whoever
    /// misses it, or another, says so.
    fn probe(&mut self, now: Instant) {
        self.probed = true;
        self.fresh = self.next; // the ACK may answer either of the two
        self.repair = Repair::Ready;
        self.stats.data_sent += 1;
        self.stats.resent += 1;
        self.queue.push_back(Payload::Data(DataRun {
            first: self.next - 1,
            count: 1,
            blksize: self.agreed.blksize,
            rollover: self.rollover,
        }));
        let rest = self.flight_at + self.rto.current();
        self.deadline = Some(rest.max(now).min(self.give_up_at().max(now)));
    }

    /// When patience ends. A client that has everything but never acknowledges the last block is
    /// a habit of the field, not a failure, and its silence is not waited for as long.
    fn give_up_at(&self) -> Instant {
        let end = self.progress_at + self.timing.patience_with(self.agreed, self.confirmed);
        if self.may_have_all() {
            end.min(self.heard_at + LAST_ACK_PATIENCE)
        } else {
            end
        }
    }

    /// Whether silence may mean that the client has everything: all but the last window is
    /// acknowledged, and the client has not asked again since.
    fn may_have_all(&self) -> bool {
        self.is_last_in_flight() && self.base > 1 && self.heard_at == self.progress_at
    }

    fn give_up(&mut self) {
        if self.may_have_all() {
            self.deadline = None;
            self.events.push_back(Event::Finished { confirmed: false });
        } else if self.confirmed && self.opening.is_none() {
            self.fail(Failure::Silent { block: self.base });
        } else {
            self.fail(Failure::Unanswered);
        }
    }

    fn fail(&mut self, failure: Failure) {
        if !self.is_closed() {
            self.deadline = None;
            self.events.push_back(Event::Failed(failure));
        }
    }

    fn is_closed(&self) -> bool {
        self.deadline.is_none()
    }
}

/// Below this a time-out would only measure how long the receiver's scheduler slept.
const SENDER_FLOOR: Duration = Duration::from_millis(20);
/// A request repeated sooner than this is an echo of the network or an eager ROM.
const REPEAT_AFTER: Duration = Duration::from_millis(250);
/// How long to wait for the ACK of the last block.
const LAST_ACK_PATIENCE: Duration = Duration::from_secs(5);
/// See [`Repair::Resting`].
const CLEAN_WINDOWS: u8 = 8;
