//! The sending side of a transfer: windows out, ACKs in.

mod acks;
mod flight;
mod pace;
mod patience;
mod pipeline;
mod pipelined;
mod repair;

use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

use self::flight::MOST_PROBES;
use self::pace::Pace;
use self::pipeline::Pipeline;
use self::repair::Repair;
use super::Agreed;
use super::ErrorCode;
use super::Event;
use super::Failure;
use super::Packet;
use super::Payload;
use super::Pipelining;
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
    /// The block behind the window: what is left of it leaves after a pause (see [`Pace`]).
    window_end: u64,
    /// The block behind the last one ever sent: below it, sending is sending again.
    high: u64,
    /// The first block of this flight that had never been sent before; only its ACK and later ones
    /// give a round trip (Karn's rule).
    fresh: u64,
    /// The file's last block, once its length is known.
    last: Option<u64>,
    queue: VecDeque<Payload>,
    events: VecDeque<Event>,
    /// When the first blocks of this flight left, or the OACK.
    began_at: Instant,
    /// When the last ones did.
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
    pace: Pace,
    /// Blocks ahead of their ACKs, where the client knows no `windowsize`.
    pipeline: Option<Box<Pipeline>>,
    /// How many probes of this flight have been sent.
    probes: u8,
    /// Time-outs since the peer has made progress.
    silences: u32,
    stats: Stats,
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
            window_end: 1,
            high: 1,
            fresh: 1,
            last: None,
            queue: VecDeque::new(),
            events: VecDeque::new(),
            began_at: now,
            flight_at: now,
            deadline: None,
            progress_at: now,
            heard_at: now,
            confirmed: timing.unconfirmed_resends.is_none(),
            unconfirmed_resends: timing.unconfirmed_resends.unwrap_or(0),
            repair: Repair::Ready,
            pace: Pace::new(),
            pipeline: None,
            probes: 0,
            silences: 0,
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

    /// Sends blocks ahead of their ACKs to a client without `windowsize`, as long as that works;
    /// [`Self::pipelining`] tells whether it did. Nothing changes where a window was agreed.
    #[must_use]
    pub fn pipelined(mut self) -> Self {
        if self.agreed.windowsize <= 1 && self.agreed.variable_window.is_none() {
            self.pipeline = Some(Box::new(Pipeline::new()));
        }
        self
    }

    /// The source turned out to be `length` bytes long. Call it before the next `handle_*` when
    /// reading a [`DataRun`](super::DataRun) met the end: blocks of the run beyond the end were not sent.
    pub fn handle_end(&mut self, length: u64) {
        let last = length / u64::from(self.agreed.blksize) + 1;
        if self.last.is_some_and(|known| known <= last) {
            return; // of two runs behind the end the first has told
        }
        self.last = Some(last);
        self.window_end = self.window_end.min(last + 1);
        if self.next > last + 1 {
            self.stats.data_sent = self.stats.data_sent.saturating_sub(self.next - last - 1);
            self.next = last + 1;
            self.high = self.high.min(self.next);
            if !self.is_closed() {
                self.arm(); // nothing is left to pause for
            }
        }
    }

    /// A packet from the peer.
    pub fn handle_packet(&mut self, now: Instant, packet: &Packet<'_>) {
        if self.is_closed() {
            return;
        }
        match packet {
            Packet::Ack { block } => self.handle_ack(now, *block),
            // GRUB closes so behind the last block, at times before its ACK has left.
            Packet::Error {
                code: ErrorCode::NOT_DEFINED,
                ..
            } if self.may_have_all() => self.finish_unconfirmed(),
            Packet::Error { code, message } => self.fail(Failure::PeerError {
                code: *code,
                message: message.to_vec(),
                block: self.base - 1,
            }),
            // A repeated OACK to a client that sends: its next block or a time-out answers it.
            Packet::Request(_) | Packet::Data { .. } | Packet::Oack(_) => {}
        }
    }

    /// The ACK that follows asks for a window of this size from then on; 0 counts as 1. Nothing
    /// changes unless the client has asked for `msftwindow`, and nothing exceeds what was allowed.
    pub fn handle_next_window(&mut self, window: u8) {
        if let Some(most) = self.agreed.variable_window {
            self.agreed.windowsize = u16::from(window).clamp(1, most);
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
        } else if self.is_pausing() {
            self.send_burst(now);
        } else if self.probe_at().is_some() && now < self.flight_at + self.rto.current() {
            self.probe(now);
        } else if self.confirmed || self.unconfirmed_resends > 0 {
            self.unconfirmed_resends = self.unconfirmed_resends.saturating_sub(1);
            self.stats.timeouts += 1;
            self.rto.back_off();
            self.repair = Repair::InFlight;
            self.pipeline_timed_out();
            self.pace.silence(self.window());
            self.resend(now);
            self.pass_the_wrap();
            self.pass_the_flight();
            self.silences += 1;
            self.probes = MOST_PROBES; // a second time-out in a row is no moment to hurry
            self.arm();
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

    /// What became of sending blocks ahead.
    pub fn pipelining(&self) -> Pipelining {
        self.pipeline
            .as_deref()
            .map_or(Pipelining::Off, Pipeline::outcome)
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
}

/// Below this a time-out would only measure how long the receiver's scheduler slept.
const SENDER_FLOOR: Duration = Duration::from_millis(20);
/// A request repeated sooner than this is an echo of the network or an eager ROM.
const REPEAT_AFTER: Duration = Duration::from_millis(250);
