//! The client's opening exchange: the request, and the first answer to it.

use std::time::Duration;
use std::time::Instant;

use super::Agreed;
use super::Direction;
use super::ErrorCode;
use super::Failure;
use super::Mode;
use super::Options;
use super::Packet;
use super::Request;
use super::Rto;
use super::Violation;
use super::Wish;

/// Sends the request until the server answers.
#[derive(Debug)]
pub(super) struct Opening {
    direction: Direction,
    filename: Vec<u8>,
    mode: Mode,
    wish: Wish,
    rto: Rto,
    /// The interval between two requests, where it is not estimated.
    interval: Option<Duration>,
    sends: u32,
    sent_at: Instant,
    started: Instant,
    patience: Duration,
    due: bool,
}

/// What the first answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing yet: not an answer, or the request goes out once more without options.
    Pending,
    /// The server has accepted with an OACK.
    Negotiated(Agreed),
    /// The server knows no options; the packet is DATA 1 or ACK 0 itself.
    Plain,
}

impl Opening {
    /// An opening for this request.
    pub(super) fn new(
        now: Instant,
        direction: Direction,
        filename: Vec<u8>,
        mode: Mode,
        wish: Wish,
        patience: Duration,
    ) -> Self {
        Self {
            direction,
            filename,
            mode,
            wish,
            rto: Rto::new(Rto::INITIAL),
            interval: None,
            sends: 0,
            sent_at: now,
            started: now,
            patience,
            due: true,
        }
    }

    /// Repeats the request at this interval, and does not back off.
    pub(super) fn ask_every(&mut self, interval: Duration) {
        self.interval = Some(interval.max(SHORTEST_INTERVAL));
    }

    /// Judges the first packet of a server.
    ///
    /// # Errors
    /// When the server refuses or breaks the protocol.
    pub(super) fn handle_packet(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
    ) -> Result<Answer, Failure> {
        match (packet, self.direction) {
            (Packet::Oack(options), _) => self
                .wish
                .accept(*options)
                .map(Answer::Negotiated)
                .map_err(Failure::Protocol),
            (Packet::Data { block: 1, .. }, Direction::Read)
            | (Packet::Ack { block: 0 }, Direction::Write) => Ok(Answer::Plain),
            (Packet::Error { code, .. }, _) if self.may_drop_options(*code) => {
                self.wish = Wish::default();
                self.ask(now);
                Ok(Answer::Pending)
            }
            (Packet::Error { code, message }, _) => Err(Failure::PeerError {
                code: *code,
                message: message.to_vec(),
                block: 0,
            }),
            (Packet::Data { .. } | Packet::Ack { .. } | Packet::Request(_), _) => {
                Err(Failure::Protocol(Violation::UnexpectedOpening))
            }
        }
    }

    /// The time that [`Self::poll_timeout`] named has come.
    ///
    /// # Errors
    /// When patience has run out.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<(), Failure> {
        if now >= self.started + self.patience {
            return Err(Failure::Unanswered);
        }
        if now >= self.sent_at + self.wait() {
            self.rto.back_off(self.rto.current());
            self.ask(now);
        }
        Ok(())
    }

    /// The request, when it is due.
    pub(super) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.due) {
            return None;
        }
        self.sends += 1;
        let fields = self.wish.fields();
        let request = Request {
            direction: self.direction,
            filename: &self.filename,
            mode: self.mode,
            options: Options::new(&fields),
        };
        Some(Packet::Request(request).encode())
    }

    /// When to call [`Self::handle_timeout`].
    pub(super) fn poll_timeout(&self) -> Instant {
        (self.sent_at + self.wait()).min(self.started + self.patience)
    }

    /// How often the request was sent again.
    pub(super) fn repeats(&self) -> u64 {
        u64::from(self.sends.saturating_sub(1))
    }

    /// How long the answer took, if it is certain what it answers (Karn's rule).
    pub(super) fn round_trip(&self, now: Instant) -> Option<Duration> {
        (self.sends == 1).then(|| now.saturating_duration_since(self.sent_at))
    }

    fn wait(&self) -> Duration {
        self.interval.unwrap_or_else(|| self.rto.current())
    }

    fn ask(&mut self, now: Instant) {
        self.sent_at = now;
        self.due = true;
    }

    /// Some servers refuse a request only for its options, with the code made for it (RFC 2347) or
    /// as an illegal operation.
    fn may_drop_options(&self, code: ErrorCode) -> bool {
        !self.wish.is_empty() && matches!(code, ErrorCode::OPTIONS | ErrorCode::ILLEGAL)
    }
}

/// A hundred requests a second are enough for any device.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);
