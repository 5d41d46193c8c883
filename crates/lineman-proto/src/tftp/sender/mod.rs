//! The sending side of a transfer: windows out, ACKs in.

mod acks;
mod ahead;
mod flight;
mod lockstep;
mod loss;
mod metering;
mod pace;
mod patience;
mod window;

use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

use self::ahead::Ahead;
use self::flight::Flight;
use self::flight::Opening;
use self::loss::LossDetector;
pub(super) use self::loss::Path;
pub use self::metering::FlightChange;
use self::metering::Metering;
pub(super) use self::pace::Level;
use self::window::Window;
use super::Agreed;
use super::ErrorCode;
use super::Event;
use super::Failure;
use super::Learned;
use super::Packet;
use super::Payload;
use super::Pipelining;
use super::Rollover;
use super::Stats;
use super::Timing;

/// Sends the blocks of one file (RFC 1350 §2, RFC 7440 §4).
///
/// The blocks `base..next` are *in flight*: sent, and not acknowledged. A new flight leaves when
/// the old one is acknowledged, when an ACK from inside it shows a gap, or when the timer expires.
#[derive(Debug)]
pub struct Sender {
    agreed: Agreed,
    rollover: Rollover,
    timing: Timing,
    loss: LossDetector,
    flight: Flight,
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
    /// When something left last.
    sent_at: Instant,
    deadline: Option<Instant>,
    progress_at: Instant,
    metering: Option<Box<Metering>>,
    /// When the peer was heard last, with or without progress.
    heard_at: Instant,
    /// Something from the peer has proved that it is there and wants this.
    confirmed: bool,
    /// Resends that are still allowed before the peer has proved that.
    unconfirmed_resends: u32,
    /// What has become of sending blocks ahead.
    pipelining: Pipelining,
    /// It has failed at the first block whose number does not fit into 16 bits.
    stopped_at_rollover: bool,
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
        let flight = match agreed {
            Agreed {
                windowsize: ..=1,
                variable_window: None,
                ..
            } => Flight::Lockstep,
            _ => Flight::Window(Box::new(Window::new(now))),
        };
        let mut sender = Self {
            agreed,
            rollover,
            timing,
            loss: LossDetector::new(),
            flight: match opening {
                None => flight,
                Some(packet) => Flight::Opening(Opening {
                    packet,
                    sends: 0,
                    then: Box::new(flight),
                }),
            },
            base: 1,
            next: 1,
            high: 1,
            fresh: 1,
            last: None,
            queue: VecDeque::new(),
            events: VecDeque::new(),
            sent_at: now,
            deadline: Some(now),
            progress_at: now,
            metering: None,
            heard_at: now,
            confirmed: timing.unconfirmed_resends.is_none(),
            unconfirmed_resends: timing.unconfirmed_resends.unwrap_or(0),
            pipelining: Pipelining::Off,
            stopped_at_rollover: false,
            stats: Stats::default(),
        };
        if let Some(length) = length {
            sender.handle_end(length);
        }
        sender.send_flight(now);
        sender
    }

    /// Sends blocks ahead of their ACKs to a client without `windowsize`, as long as that works;
    /// [`Self::pipelining`] tells whether it did. Nothing changes where a window was agreed.
    #[must_use]
    pub fn pipelined(mut self) -> Self {
        let flight = match &mut self.flight {
            Flight::Opening(opening) => &mut *opening.then,
            flight => flight,
        };
        if let Flight::Lockstep = flight {
            *flight = Flight::Ahead(Box::new(Ahead::new()));
        }
        self
    }

    /// Earlier transfers of the same client have shown this of its path and of its receive ring.
    #[must_use]
    pub fn knowing(mut self, learned: &Learned) -> Self {
        self.loss.know(learned.path);
        let flight = match &mut self.flight {
            Flight::Opening(opening) => &mut *opening.then,
            flight => flight,
        };
        if let (Flight::Window(window), Some(level)) = (flight, learned.level) {
            window.know(level);
        }
        self
    }

    /// What this transfer has shown of its client.
    pub fn learned(&self) -> Learned {
        // Before the first answer what was known stays known.
        let flight = match &self.flight {
            Flight::Opening(opening) => &*opening.then,
            flight => flight,
        };
        let level = match flight {
            Flight::Window(window) => window.level(),
            _ => None,
        };
        Learned {
            path: self.loss.path(),
            level,
            pipelining: self.pipelining,
            stops_at_rollover: match self.base {
                base if base > Rollover::FIRST_BEYOND => Some(false),
                _ => self.stopped_at_rollover.then_some(true),
            },
        }
    }

    /// The source turned out to be `length` bytes long. Call it before the next `handle_*` when
    /// reading a [`DataRun`](super::DataRun) met the end: blocks of the run beyond the end were not sent.
    pub fn handle_end(&mut self, length: u64) {
        let last = length / u64::from(self.agreed.blksize) + 1;
        if self.last.is_some_and(|known| known <= last) {
            return; // of two runs behind the end the first has told
        }
        self.last = Some(last);
        if let Flight::Window(window) = &mut self.flight {
            window.limit(last + 1);
        }
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
        self.handle_open(now, packet);
        self.check_never_mute(now);
    }

    fn handle_open(&mut self, now: Instant, packet: &Packet<'_>) {
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
            Packet::Oack(_) if self.base == 1 => self.handle_repeated_oack(now),
            Packet::Request(_) | Packet::Data { .. } | Packet::Oack(_) => {}
        }
    }

    /// To a client that sends, it is what ACK 0 is without options. In a window it may say that block 1 is missing. It
    /// may also be doubled, so it counts only where it answers a question or is the server's own timer.
    fn handle_repeated_oack(&mut self, now: Instant) {
        if let Flight::Window(window) = &mut self.flight {
            window.distrust(1);
            self.handle_ack(now, 0);
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
        if !self.confirmed && !self.is_closed() && now >= self.sent_at + REPEAT_AFTER {
            self.send_flight(now);
        }
        self.check_never_mute(now);
    }

    /// The time that [`Self::poll_timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        if self.next_block_at().is_some() {
            self.send_single(now);
        } else if now >= self.give_up_at() {
            self.give_up();
        } else if self.is_pausing() {
            self.send_burst(now);
        } else if self.confirmed || self.unconfirmed_resends > 0 {
            self.unconfirmed_resends = self.unconfirmed_resends.saturating_sub(1);
            self.stats.timeouts += 1;
            self.loss.timed_out();
            match &self.flight {
                Flight::Opening(_) => self.send_flight(now),
                Flight::Lockstep => self.lockstep_timed_out(now),
                Flight::Window(_) => self.window_timed_out(now),
                Flight::Ahead(_) => self.ahead_timed_out(now),
            }
        } else {
            // The address of an unconfirmed peer may be forged: wait in silence.
            self.deadline = Some(self.give_up_at());
        }
        self.check_never_mute(now);
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
        self.pipelining
    }

    /// Whether the peer has answered at least once.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// When an ACK was progress last.
    pub(super) fn progress_at(&self) -> Instant {
        self.progress_at
    }

    /// Whether nothing is left but the ACK of the last block.
    pub fn is_last_in_flight(&self) -> bool {
        self.last.is_some_and(|last| self.next > last)
    }

    pub(super) fn abort(&mut self) {
        self.queue.clear();
        self.fail(Failure::Aborted);
    }

    /// As long as patience lasts, something leaves or is about to: the sender never waits for longer than its
    /// present time-out.
    fn check_never_mute(&self, now: Instant) {
        let is_held = !self.confirmed && self.unconfirmed_resends == 0;
        let longest = match self.next_block_at() {
            Some(_) => self.hold(),
            None => self.pause().unwrap_or_else(|| self.wait()),
        };
        debug_assert!(
            is_held || self.deadline.is_none_or(|due| due <= now + longest),
            "mute: {self:?}"
        );
    }
}

/// A request repeated sooner than this is an echo of the network or an eager ROM.
const REPEAT_AFTER: Duration = Duration::from_millis(250);
