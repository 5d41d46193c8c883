//! One transfer, on either side, from its first packet to its last.

use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use super::Agreed;
use super::DataRun;
use super::Direction;
use super::ErrorCode;
use super::Event;
use super::Failure;
use super::FlightChange;
use super::Learned;
use super::Mode;
use super::Offer;
use super::Packet;
use super::Payload;
use super::Pipelining;
use super::Receiver;
use super::Rollover;
use super::Sender;
use super::Stats;
use super::Transmit;
use super::Wish;
use super::gate::Gate;
use super::opening::Answer;
use super::opening::Opening;
use super::packet;

/// How patient a session is.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Give up after this long without progress.
    pub patience: Duration,
    /// How long a receiver stays after its last ACK, on a link that has lost nothing so far.
    pub dally: Duration,
    /// How often the first answer is repeated to a peer that has not proved that it exists; `None`
    /// where the peer is known to (a client's server).
    pub unconfirmed_resends: Option<u32>,
}

impl Timing {
    /// How long to wait for a peer that has agreed to a time-out: several of those, but only once it
    /// has proved that it exists. A forged request must not hold a place for a quarter of an hour.
    pub(super) fn patience_with(&self, agreed: Agreed, confirmed: bool) -> Duration {
        let asked = agreed
            .timeout
            .filter(|_| confirmed)
            .unwrap_or(Duration::ZERO);
        self.patience.max(asked * 5)
    }
}

/// What a client wants.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Which way the file goes.
    pub direction: Direction,
    /// The file's name on the server.
    pub filename: Vec<u8>,
    /// The transfer mode.
    pub mode: Mode,
    /// The options to ask for.
    pub wish: Wish,
    /// What follows block 65535.
    pub rollover: Rollover,
    /// How patient to be.
    pub timing: Timing,
    /// The length of the source of a write, where it is known (it is not in netascii).
    pub length: Option<u64>,
}

/// One transfer. See the [module](super) for the division of labour, and the crate for the five
/// verbs and the drain rule.
#[derive(Debug)]
pub struct Session {
    gate: Gate,
    role: Role,
    /// Events and packets of the session itself, beside those of its role.
    event: Option<Event>,
    farewell: Option<Vec<u8>>,
}

#[derive(Debug)]
enum Role {
    Opening {
        opening: Opening,
        config: ClientConfig,
    },
    Sending(Sender),
    Receiving(Receiver),
    Closed(Stats),
}

impl Session {
    /// A client's session with a server that listens at `server`.
    pub fn client(now: Instant, server: SocketAddr, config: ClientConfig) -> Self {
        let opening = Opening::new(
            now,
            config.direction,
            config.filename.clone(),
            config.mode,
            config.wish,
            config.timing.patience,
        );
        Self::new(Gate::opening(server), Role::Opening { opening, config })
    }

    /// Repeats the request at this interval until the server answers, or patience ends, instead of
    /// less and less often: some devices listen for a second after power-on, and nobody knows when
    /// that is (client only).
    #[must_use]
    pub fn asking_every(mut self, interval: Duration) -> Self {
        if let Role::Opening { opening, .. } = &mut self.role {
            opening.ask_every(interval);
        }
        self
    }

    /// A server's session that sends a file to `peer`; its length is `None` where only reading it
    /// to the end will tell (see [`Session::handle_end`]).
    pub fn serve_read(
        now: Instant,
        peer: SocketAddr,
        offer: Offer,
        rollover: Rollover,
        timing: Timing,
        length: Option<u64>,
    ) -> Self {
        let rollover = offer.agreed.rollover.unwrap_or(rollover);
        let sender = Sender::new(now, offer.agreed, rollover, timing, length, offer.oack);
        Self::new(Gate::locked(peer), Role::Sending(sender))
    }

    /// A server's session that receives a file from `peer`.
    pub fn serve_write(
        now: Instant,
        peer: SocketAddr,
        offer: Offer,
        rollover: Rollover,
        timing: Timing,
    ) -> Self {
        let rollover = offer.agreed.rollover.unwrap_or(rollover);
        let receiver = Receiver::new(now, offer.agreed, rollover, timing, offer.oack);
        Self::new(Gate::locked(peer), Role::Receiving(receiver))
    }

    /// Sends blocks ahead of their ACKs to a client without `windowsize`; see [`Sender::pipelined`].
    #[must_use]
    pub fn pipelined(mut self) -> Self {
        if let Role::Sending(sender) = self.role {
            self.role = Role::Sending(sender.pipelined());
        }
        self
    }

    /// Earlier transfers of the same client have shown this; see [`ClientHistory`](super::ClientHistory).
    #[must_use]
    pub fn knowing(mut self, learned: &Learned) -> Self {
        if let Role::Sending(sender) = self.role {
            self.role = Role::Sending(sender.knowing(learned));
        }
        self
    }

    /// Windows leave only with a permit; see [`Sender::metered`].
    #[must_use]
    pub fn metered(mut self, spread: u8) -> Self {
        if let Role::Sending(sender) = self.role {
            self.role = Role::Sending(sender.metered(spread));
        }
        self
    }

    fn new(gate: Gate, role: Role) -> Self {
        Self {
            gate,
            role,
            event: None,
            farewell: None,
        }
    }

    /// These bytes arrived from `from`.
    pub fn handle_packet(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        if !self.gate.admit(from, bytes) {
            return;
        }
        // Garbage from the right address is the network's, or a stranger's who forged it: ignored.
        let Ok(packet) = Packet::parse(bytes) else {
            return;
        };
        match &mut self.role {
            Role::Sending(sender) => {
                if let Some(window) = packet::next_window(bytes) {
                    sender.handle_next_window(window);
                }
                sender.handle_packet(now, &packet);
            }
            Role::Receiving(receiver) => receiver.handle_packet(now, &packet),
            Role::Opening { opening, .. } => {
                let answer = opening.handle_packet(now, &packet);
                self.handle_answer(now, from, answer, &packet);
            }
            Role::Closed(_) => {}
        }
    }

    /// The peer repeated the request that began this session (server only).
    pub fn handle_repeated_request(&mut self, now: Instant) {
        match &mut self.role {
            Role::Sending(sender) => sender.handle_repeated_request(now),
            Role::Receiving(receiver) => receiver.handle_repeated_request(now),
            Role::Opening { .. } | Role::Closed(_) => {}
        }
    }

    /// The source of a sending session ended at `length` bytes; see [`Sender::handle_end`].
    pub fn handle_end(&mut self, length: u64) {
        if let Role::Sending(sender) = &mut self.role {
            sender.handle_end(length);
        }
    }

    /// The received file is permanent; answers [`Event::Store`].
    pub fn handle_stored(&mut self, now: Instant) {
        if let Role::Receiving(receiver) = &mut self.role {
            receiver.handle_stored(now);
        }
    }

    /// The time that [`Self::poll_timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.role {
            Role::Sending(sender) => sender.handle_timeout(now),
            Role::Receiving(receiver) => receiver.handle_timeout(now),
            Role::Opening { opening, .. } => {
                if let Err(failure) = opening.handle_timeout(now) {
                    self.fail(failure);
                }
            }
            Role::Closed(_) => {}
        }
    }

    /// Ends the transfer from this side and tells the peer why. What is complete already and only
    /// dallies ends without a word: to the peer it was a success, and stays one.
    pub fn abort(&mut self, code: ErrorCode, message: &str) {
        if matches!(&self.role, Role::Receiving(receiver) if receiver.is_dallying()) {
            return self.abandon();
        }
        self.fail(Failure::Aborted);
        self.farewell = Some(error(code, message));
    }

    /// Ends the transfer without a word to the peer and without an event.
    pub fn abandon(&mut self) {
        self.role = Role::Closed(self.stats());
        self.event = None;
    }

    /// What to send next.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if let Some(answer) = self.gate.poll_transmit() {
            return Some(answer);
        }
        let to = self.gate.peer();
        if let Some(farewell) = self.farewell.take() {
            return Some(Transmit {
                to,
                payload: Payload::Packet(farewell),
            });
        }
        let payload = match &mut self.role {
            Role::Opening { opening, .. } => opening.poll_transmit().map(Payload::Packet),
            Role::Sending(sender) => sender.poll_transmit(),
            Role::Receiving(receiver) => receiver.poll_transmit(),
            Role::Closed(_) => None,
        }?;
        Some(Transmit { to, payload })
    }

    /// What happened next.
    pub fn poll_event(&mut self) -> Option<Event> {
        if let Some(event) = self.event.take() {
            return Some(event);
        }
        let event = match &mut self.role {
            Role::Sending(sender) => sender.poll_event(),
            Role::Receiving(receiver) => receiver.poll_event(),
            Role::Opening { .. } | Role::Closed(_) => None,
        }?;
        if let Event::Failed(Failure::Protocol(_)) = event {
            self.farewell = Some(error(ErrorCode::ILLEGAL, "Illegal TFTP operation"));
        }
        Some(event)
    }

    /// What has become of the flights of a sender that is [metered](Self::metered).
    pub fn poll_flight(&mut self) -> Option<FlightChange> {
        match &mut self.role {
            Role::Sending(sender) => sender.poll_flight(),
            Role::Opening { .. } | Role::Receiving(_) | Role::Closed(_) => None,
        }
    }

    /// The flight that a metered sender has asked for may leave. `false`: none waits any more.
    pub fn handle_permit(&mut self, now: Instant) -> bool {
        match &mut self.role {
            Role::Sending(sender) => sender.handle_permit(now),
            Role::Opening { .. } | Role::Receiving(_) | Role::Closed(_) => false,
        }
    }

    /// When to call [`Self::handle_timeout`]; `None` when the session is over.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.role {
            Role::Opening { opening, .. } => Some(opening.poll_timeout()),
            Role::Sending(sender) => sender.poll_timeout(),
            Role::Receiving(receiver) => receiver.poll_timeout(),
            Role::Closed(_) => None,
        }
    }

    /// What the transfer has cost so far.
    pub fn stats(&self) -> Stats {
        let stats = match &self.role {
            Role::Opening { opening, .. } => Stats {
                timeouts: opening.repeats(),
                ..Stats::default()
            },
            Role::Sending(sender) => sender.stats(),
            Role::Receiving(receiver) => receiver.stats(),
            Role::Closed(stats) => *stats,
        };
        Stats {
            strays: self.gate.strays(),
            ..stats
        }
    }

    /// The blocks that a sender will most likely want next; see [`Sender::expected_run`].
    pub fn expected_run(&self) -> Option<DataRun> {
        match &self.role {
            Role::Sending(sender) => sender.expected_run(),
            Role::Opening { .. } | Role::Receiving(_) | Role::Closed(_) => None,
        }
    }

    /// What became of sending blocks ahead; see [`Self::pipelined`].
    pub fn pipelining(&self) -> Pipelining {
        match &self.role {
            Role::Sending(sender) => sender.pipelining(),
            Role::Opening { .. } | Role::Receiving(_) | Role::Closed(_) => Pipelining::Off,
        }
    }

    /// What this transfer has shown of its peer.
    pub fn learned(&self) -> Learned {
        match &self.role {
            Role::Sending(sender) => sender.learned(),
            Role::Opening { .. } | Role::Receiving(_) | Role::Closed(_) => Learned::default(),
        }
    }

    /// The peer's address; for a client its final one only after [`Event::Opened`].
    pub fn peer(&self) -> SocketAddr {
        self.gate.peer()
    }

    /// Whether the transfer is past its opening: for a client, the server has answered.
    pub fn is_open(&self) -> bool {
        !matches!(self.role, Role::Opening { .. })
    }

    /// Whether the peer has been heard at least once.
    pub fn is_confirmed(&self) -> bool {
        match &self.role {
            Role::Sending(sender) => sender.is_confirmed(),
            Role::Receiving(receiver) => receiver.is_confirmed(),
            Role::Opening { .. } | Role::Closed(_) => false,
        }
    }

    /// When the peer made progress last; `None` before the opening and behind the end.
    pub fn progress_at(&self) -> Option<Instant> {
        match &self.role {
            Role::Sending(sender) => Some(sender.progress_at()),
            Role::Receiving(receiver) => Some(receiver.progress_at()),
            Role::Opening { .. } | Role::Closed(_) => None,
        }
    }

    /// Whether everything is received and waits for [`Self::handle_stored`].
    pub fn is_storing(&self) -> bool {
        matches!(&self.role, Role::Receiving(receiver) if receiver.is_storing())
    }

    /// Whether nothing is left but the peer's last word, so that a new request from it is not a
    /// repetition of the old one.
    pub fn is_ending(&self) -> bool {
        match &self.role {
            Role::Sending(sender) => sender.is_last_in_flight(),
            Role::Receiving(receiver) => receiver.is_dallying(),
            Role::Opening { .. } => false,
            Role::Closed(_) => true,
        }
    }

    /// Whether the transfer is complete and only repetitions of its last block are still answered.
    pub fn is_dallying(&self) -> bool {
        matches!(&self.role, Role::Receiving(receiver) if receiver.is_dallying())
    }

    fn handle_answer(
        &mut self,
        now: Instant,
        from: SocketAddr,
        answer: Result<Answer, Failure>,
        packet: &Packet<'_>,
    ) {
        match answer {
            Ok(Answer::Pending) => {}
            Ok(Answer::Negotiated(agreed)) => self.open(now, from, agreed, None),
            Ok(Answer::Plain) => self.open(now, from, Agreed::default(), Some(packet)),
            Err(failure) => {
                self.gate.lock(from);
                if let Failure::Protocol(_) = failure {
                    self.farewell = Some(error(ErrorCode::OPTIONS, "Options refused"));
                }
                self.fail(failure);
            }
        }
    }

    /// The server has answered: the opening becomes a sender or a receiver.
    fn open(&mut self, now: Instant, from: SocketAddr, agreed: Agreed, plain: Option<&Packet<'_>>) {
        let Role::Opening { config, opening } = &self.role else {
            return;
        };
        let (rollover, timing) = (config.rollover, config.timing);
        let round_trip = opening.round_trip(now);
        self.gate.lock(from);
        self.role = match config.direction {
            Direction::Write => Role::Sending(Sender::new(
                now,
                agreed,
                rollover,
                timing,
                config.length,
                None,
            )),
            Direction::Read => Role::Receiving(match plain {
                None => {
                    let receiver = Receiver::new(now, agreed, rollover, timing, None);
                    receiver.knowing(now, round_trip)
                }
                Some(first) => {
                    let mut receiver = Receiver::expecting_first(now, agreed, rollover, timing);
                    receiver.handle_packet(now, first);
                    receiver
                }
            }),
        };
        self.event = Some(Event::Opened(agreed));
    }

    fn fail(&mut self, failure: Failure) {
        match &mut self.role {
            Role::Sending(sender) if failure == Failure::Aborted => sender.abort(),
            Role::Receiving(receiver) if failure == Failure::Aborted => receiver.abort(),
            Role::Closed(_) => {}
            _ => {
                self.role = Role::Closed(self.stats());
                self.event = Some(Event::Failed(failure));
            }
        }
    }
}

fn error(code: ErrorCode, message: &str) -> Vec<u8> {
    let message = message.as_bytes();
    Packet::Error { code, message }.encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_timeout_asked_by_somebody_not_heard_yet_does_not_hold_a_place() {
        let timing = Timing {
            patience: Duration::from_secs(20),
            dally: Duration::ZERO,
            unconfirmed_resends: Some(1),
        };
        let agreed = Agreed {
            timeout: Some(Duration::from_secs(255)),
            ..Agreed::default()
        };
        assert_eq!(timing.patience_with(agreed, false), Duration::from_secs(20));
        assert_eq!(
            timing.patience_with(agreed, true),
            Duration::from_secs(1275)
        );
    }
}
