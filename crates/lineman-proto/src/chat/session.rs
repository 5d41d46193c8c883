//! One call: both directions, and what was delivered.

use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

use super::BusyDetector;
use super::Config;
use super::Direction;
use super::Event;
use super::Lines;
use super::SendError;
use super::Telnet;
use super::Totals;
use super::Transmit;
use super::Undelivered;
use crate::text;

/// A line whose end has not followed for this long is shown as far as it has come: `nc` sends
/// half a line at ^D, and a prompt has no line ending at all.
pub const QUIET: Duration = Duration::from_millis(150);

/// One call as a state machine; see the [crate's documentation](crate) for the five verbs.
///
/// Delivery is judged by offsets: the driver says how many of the bytes that it sent the peer's
/// TCP has not acknowledged, and a line is delivered when its last byte is.
#[derive(Debug)]
pub struct Session {
    config: Config,
    telnet: Telnet,
    lines: Lines,
    busy: BusyDetector,
    outgoing: Direction,
    incoming: Direction,
    outbox: Vec<u8>,
    /// The end of sending was handed to the driver.
    finish_sent: bool,
    /// Bytes that the peer's TCP has acknowledged.
    acknowledged: u64,
    /// Lines on their way, oldest first.
    pending: VecDeque<Pending>,
    events: VecDeque<Event>,
    quiet_at: Option<Instant>,
    silent_at: Option<Instant>,
    totals: Totals,
}

/// A line on its way: the offset behind its last byte, and its text.
#[derive(Debug)]
struct Pending {
    end: u64,
    text: Vec<u8>,
}

impl Session {
    /// A call that has just been connected.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            telnet: Telnet::default(),
            lines: Lines::default(),
            busy: BusyDetector::default(),
            outgoing: Direction::Open,
            incoming: Direction::Open,
            outbox: Vec::new(),
            finish_sent: false,
            acknowledged: 0,
            pending: VecDeque::new(),
            events: VecDeque::new(),
            quiet_at: None,
            silent_at: None,
            totals: Totals::default(),
        }
    }

    /// Sends a line; its ending is added.
    ///
    /// # Errors
    /// When nothing can be sent any more.
    pub fn send_line(&mut self, line: &[u8]) -> Result<(), SendError> {
        match self.outgoing {
            Direction::Open => {}
            Direction::Finished => return Err(SendError::Finished),
            Direction::Broken => return Err(SendError::Broken),
        }
        for &byte in line {
            self.outbox.push(byte);
            if byte == 255 && self.telnet.is_detected() {
                self.outbox.push(byte);
            }
        }
        let crlf = self.config.crlf || self.telnet.is_detected();
        self.outbox.extend(if crlf { &b"\r\n"[..] } else { b"\n" });
        self.totals.lines_sent += 1;
        self.pending.push_back(Pending {
            end: self.queued(),
            text: line.to_vec(),
        });
        Ok(())
    }

    /// Finishes sending; what was queued still leaves.
    pub fn finish(&mut self, now: Instant) {
        if self.outgoing.is_open() {
            self.outgoing = Direction::Finished;
            self.restart_silence(now);
        }
    }

    /// Bytes arrived.
    pub fn handle_packet(&mut self, now: Instant, bytes: &[u8]) {
        self.totals.bytes_received += bytes.len() as u64;
        let was_telnet = self.telnet.is_detected();
        let (mut data, mut replies) = (Vec::new(), Vec::new());
        self.telnet.strip(bytes, &mut data, &mut replies);
        if self.outgoing.is_open() {
            self.outbox.append(&mut replies);
        }
        if !was_telnet && self.telnet.is_detected() {
            self.events.push_back(Event::TelnetDetected);
        }
        self.busy.push(&data);
        let (events, totals) = (&mut self.events, &mut self.totals);
        self.lines.push(&data, |piece| {
            totals.lines_received += u64::from(piece.ends);
            events.push_back(Event::Line(piece));
        });
        self.quiet_at = self.lines.is_inside_line().then(|| now + QUIET);
        self.restart_silence(now);
    }

    /// The peer has finished sending (a read gave no bytes).
    pub fn handle_peer_finished(&mut self) {
        if self.incoming.is_open() {
            self.incoming = Direction::Finished;
            self.end_of_lines();
            let busy = self.config.calling && self.busy.is_busy();
            self.events.push_back(if busy {
                Event::TurnedAway
            } else {
                Event::PeerFinished
            });
        }
    }

    /// The kernel says that the peer's TCP has not acknowledged this many of the bytes that were
    /// handed out; the end of sending counts as one, as it does in TCP.
    pub fn handle_delivery(&mut self, unacknowledged: u64) {
        let handed_out = self.totals.bytes_sent + u64::from(self.finish_sent);
        self.acknowledged = handed_out.saturating_sub(unacknowledged);
        while let Some(line) = self.pending.front()
            && line.end <= self.acknowledged
        {
            self.pending.pop_front();
        }
    }

    /// The connection broke. Call [`handle_delivery`](Self::handle_delivery) first if the kernel
    /// still knows.
    ///
    /// A break after both have finished and every byte was delivered is none: the peer only
    /// missed our goodbye.
    pub fn handle_broken(&mut self) {
        let finished = [self.outgoing, self.incoming] == [Direction::Finished; 2];
        if finished && self.acknowledged >= self.queued() {
            self.handle_delivery(0);
            return;
        }
        if self.incoming.is_open() {
            self.end_of_lines();
        }
        self.events.push_back(Event::Broken);
        self.give_up();
    }

    /// Waits no longer for delivery: what the peer has not acknowledged is reported as not
    /// delivered, and both directions are broken.
    pub fn give_up(&mut self) {
        self.outgoing = Direction::Broken;
        self.incoming = Direction::Broken;
        let bytes = self.queued().saturating_sub(self.acknowledged);
        if bytes > 0 {
            let lines = self.pending.drain(..);
            let lines = lines.map(|line| text::visible_bytes(&line.text)).collect();
            let lost = Undelivered { lines, bytes };
            self.events.push_back(Event::NotDelivered(lost));
        }
        self.outbox.clear();
    }

    /// The time that [`poll_timeout`](Self::poll_timeout) named has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        let is_due = |at: &mut Instant| *at <= now;
        if self.quiet_at.take_if(is_due).is_some() {
            self.events.extend(self.lines.partial().map(Event::Line));
        }
        if self.silent_at.take_if(is_due).is_some() {
            self.events.push_back(Event::PeerSilent);
        }
    }

    /// What must leave now.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if !self.outbox.is_empty() {
            let data = std::mem::take(&mut self.outbox);
            self.totals.bytes_sent += data.len() as u64;
            return Some(Transmit::Data(data));
        }
        if self.outgoing == Direction::Finished && !self.finish_sent {
            self.finish_sent = true;
            return Some(Transmit::Finish);
        }
        None
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.quiet_at.into_iter().chain(self.silent_at).min()
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Our direction.
    pub fn outgoing(&self) -> Direction {
        self.outgoing
    }

    /// The peer's direction.
    pub fn incoming(&self) -> Direction {
        self.incoming
    }

    /// Whether the peer's TCP has acknowledged all that was sent, the end of sending included.
    pub fn is_delivered(&self) -> bool {
        self.acknowledged == self.queued() + u64::from(self.finish_sent)
    }

    /// What the call came to so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Bytes handed out and bytes waiting.
    fn queued(&self) -> u64 {
        self.totals.bytes_sent + self.outbox.len() as u64
    }

    fn end_of_lines(&mut self) {
        self.quiet_at = None;
        self.silent_at = None;
        if let Some(piece) = self.lines.finish() {
            self.totals.lines_received += 1;
            self.events.push_back(Event::Line(piece));
        }
    }

    fn restart_silence(&mut self, now: Instant) {
        if self.outgoing == Direction::Finished && self.incoming.is_open() {
            self.silent_at = self.config.linger.map(|linger| now + linger);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chat::Piece;
    use crate::chat::Until;

    /// Any instant will do as the beginning of virtual time.
    #[expect(
        clippy::disallowed_methods,
        reason = "std has no other way to make an Instant"
    )]
    fn start() -> Instant {
        Instant::now()
    }

    fn session(crlf: bool) -> Session {
        let config = Config {
            crlf,
            ..Config::default()
        };
        Session::new(config)
    }

    fn transmits(session: &mut Session) -> Vec<Transmit> {
        std::iter::from_fn(|| session.poll_transmit()).collect()
    }

    fn events(session: &mut Session) -> Vec<Event> {
        std::iter::from_fn(|| session.poll_event()).collect()
    }

    fn line(text: &str, begins: bool, ends: bool) -> Event {
        let text = text.to_owned();
        Event::Line(Piece { text, begins, ends })
    }

    fn data(bytes: &[u8]) -> Transmit {
        Transmit::Data(bytes.to_vec())
    }

    #[test]
    fn half_a_line_is_shown_after_150_ms_of_quiet_and_goes_on_after() {
        let now = start();
        let mut session = session(false);
        session.handle_packet(now, b"log");
        assert_eq!(events(&mut session), []);
        assert_eq!(session.poll_timeout(), Some(now + QUIET));
        session.handle_timeout(now + QUIET / 2);
        assert_eq!(events(&mut session), []);
        session.handle_timeout(now + QUIET);
        assert_eq!(events(&mut session), [line("log", true, false)]);
        assert_eq!(session.poll_timeout(), None);
        session.handle_packet(now + QUIET, b"in\n");
        assert_eq!(events(&mut session), [line("in", false, true)]);
        assert_eq!(session.totals().lines_received, 1);
    }

    #[test]
    fn lines_end_with_lf_until_telnet_is_detected() {
        let mut session = session(false);
        session.send_line(b"one").unwrap();
        assert_eq!(transmits(&mut session), [data(b"one\n")]);
        session.handle_packet(start(), b"\xff\xfb\x01");
        assert_eq!(events(&mut session), [Event::TelnetDetected]);
        session.send_line(b"two\xff").unwrap();
        assert_eq!(
            transmits(&mut session),
            [data(b"\xff\xfe\x01two\xff\xff\r\n")]
        );
    }

    #[test]
    fn crlf_may_be_asked_for() {
        let mut session = session(true);
        session.send_line(b"GET / HTTP/1.0").unwrap();
        assert_eq!(transmits(&mut session), [data(b"GET / HTTP/1.0\r\n")]);
    }

    #[test]
    fn the_two_directions_end_apart() {
        let now = start();
        let mut session = session(false);
        session.send_line(b"bye").unwrap();
        session.finish(now);
        assert_eq!(transmits(&mut session), [data(b"bye\n"), Transmit::Finish]);
        assert_eq!(session.send_line(b"more"), Err(SendError::Finished));
        session.handle_packet(now, b"and you");
        session.handle_peer_finished();
        session.handle_peer_finished();
        let said = [line("and you", true, true), Event::PeerFinished];
        assert_eq!(events(&mut session), said);
        assert!(Until::Both.is_over(session.outgoing(), session.incoming()));
    }

    #[test]
    fn delivered_is_what_the_peers_tcp_acknowledged() {
        let mut session = session(false);
        session.send_line(b"one").unwrap();
        session.send_line(b"two").unwrap();
        transmits(&mut session);
        assert!(!session.is_delivered());
        session.handle_delivery(4);
        session.finish(start());
        transmits(&mut session);
        session.handle_delivery(5); // "two\n" and the FIN
        session.handle_broken();
        let lines = vec!["two".to_owned()];
        let lost = Event::NotDelivered(Undelivered { lines, bytes: 4 });
        assert_eq!(events(&mut session), [Event::Broken, lost]);
        assert_eq!(session.send_line(b"three"), Err(SendError::Broken));
    }

    #[test]
    fn all_delivered_means_the_end_of_sending_too() {
        let mut session = session(false);
        session.send_line(b"one").unwrap();
        session.finish(start());
        transmits(&mut session);
        session.handle_delivery(1);
        assert!(!session.is_delivered());
        session.handle_delivery(0);
        assert!(session.is_delivered());
        session.give_up();
        assert_eq!(events(&mut session), []);
    }

    #[test]
    fn a_break_after_both_goodbyes_is_none() {
        let mut session = session(false);
        session.send_line(b"one").unwrap();
        session.finish(start());
        transmits(&mut session);
        session.handle_peer_finished();
        session.handle_delivery(1);
        session.handle_broken();
        assert_eq!(events(&mut session), [Event::PeerFinished]);
        assert!(session.is_delivered());
    }

    /// A caller read "busy" as the peer's words, and that the call had gone well.
    #[test]
    fn a_caller_is_turned_away_and_a_listener_never() {
        for calling in [true, false] {
            let config = Config {
                calling,
                ..Config::default()
            };
            let mut session = Session::new(config);
            session.handle_packet(start(), crate::chat::BUSY);
            session.handle_peer_finished();
            let end = events(&mut session).pop();
            let wanted = if calling {
                Event::TurnedAway
            } else {
                Event::PeerFinished
            };
            assert_eq!(end, Some(wanted));
        }
    }

    #[test]
    fn a_silent_peer_is_reported_after_our_end_only() {
        let now = start();
        let linger = Duration::from_secs(2);
        let config = Config {
            linger: Some(linger),
            ..Config::default()
        };
        let mut session = Session::new(config);
        session.handle_packet(now, b"x\n");
        assert_eq!(session.poll_timeout(), None);
        session.finish(now);
        session.handle_packet(now + linger / 2, b"y\n");
        session.handle_timeout(now + linger);
        events(&mut session);
        session.handle_timeout(now + linger / 2 + linger);
        assert_eq!(events(&mut session), [Event::PeerSilent]);
    }

    proptest! {
        /// Whatever a peer sends, however it is split: no panic, bounded memory, no control
        /// character in what is shown, and the lines do not depend on the split.
        #[test]
        fn strangers_do_no_harm(
            bytes in proptest::collection::vec(
                prop_oneof![Just(255u8), 236u8..=254, Just(b'\r'), Just(b'\n'), any::<u8>()], 0..300),
            cut in any::<proptest::sample::Index>(),
        ) {
            let now = start();
            let run = |reads: &[&[u8]]| {
                let mut session = session(false);
                let mut out = Vec::new();
                for read in reads {
                    session.handle_packet(now, read);
                    out.append(&mut events(&mut session));
                }
                session.handle_peer_finished();
                out.append(&mut events(&mut session));
                let sent: usize = transmits(&mut session).iter().map(|transmit| match transmit {
                    Transmit::Data(data) => data.len(),
                    Transmit::Finish => 0,
                }).sum();
                out.retain(|event| *event != Event::TelnetDetected); // it may come earlier
                (out, sent)
            };
            let (one, two) = bytes.split_at(cut.index(bytes.len() + 1));
            let (out, sent) = run(&[one, two]);
            for event in &out {
                if let Event::Line(piece) = event {
                    prop_assert!(!piece.text.chars().any(|c| c.is_control() && c != '\t'));
                }
            }
            prop_assert!(sent <= 3 * 512);
            prop_assert_eq!((out, sent), run(&[&bytes]));
        }
    }
}
