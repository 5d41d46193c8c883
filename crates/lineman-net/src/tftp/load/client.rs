//! One transfer of one client: a session, its socket, and what has come of it so far.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::DATA_HEADER;
use lineman_proto::tftp::DataRun;
use lineman_proto::tftp::ErrorCode;
use lineman_proto::tftp::Event;
use lineman_proto::tftp::Payload;
use lineman_proto::tftp::Session;
use nix::sys::socket::SockaddrStorage;
use socket2::Socket;

use super::Dice;
use super::FailureKind;
use super::LoadOptions;
use super::Tally;
use super::outcome::File;
use super::outcome::Outcome;
use super::outcome::Why;
use super::socket;

/// One transfer.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) client: usize,
    pub(super) socket: Socket,
    /// Whether several datagrams may come in one call.
    pub(super) takes_bursts: bool,
    session: Session,
    dice: Dice,
    file: File,
    agreed: Agreed,
    started: Instant,
    first_byte: Option<Duration>,
    bytes: u64,
    ended: bool,
    outcome: Option<Outcome>,
    /// The earliest moment for which a timer stands.
    pub(super) timer_at: Option<Instant>,
}

impl Transfer {
    /// Begins; the request leaves with the first [`Self::drain`].
    ///
    /// # Errors
    /// When the system has no socket left.
    pub(super) fn begin(
        options: &LoadOptions,
        client: usize,
        dice: Dice,
        file: File,
    ) -> io::Result<Self> {
        let started = Instant::now();
        let takes_bursts = options.wish.windowsize.is_some_and(|window| window > 1);
        Ok(Self {
            client,
            socket: socket::open(options.server, takes_bursts)?,
            takes_bursts,
            session: Session::client(started, options.server, options.session(client)),
            dice,
            file,
            agreed: Agreed::default(),
            started,
            first_byte: None,
            bytes: 0,
            ended: false,
            outcome: None,
            timer_at: None,
        })
    }

    /// When [`Self::handle_timeout`] is due; `None` when nothing is left to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.session.poll_timeout()
    }

    /// How many datagrams may come at a time.
    pub(super) fn burst(&self) -> usize {
        usize::from(self.agreed.windowsize)
    }

    /// The outcome, once.
    pub(super) fn outcome(&mut self) -> Option<Outcome> {
        self.outcome.take()
    }

    /// What arrived and was kept.
    pub(super) fn into_content(self) -> Option<Vec<u8>> {
        match self.file {
            File::Unknown(content) => content,
            _ => None,
        }
    }

    /// A datagram arrived, unless it is lost on purpose.
    pub(super) fn handle_packet(
        &mut self,
        now: Instant,
        from: SocketAddr,
        packet: &[u8],
        tally: &mut Tally,
    ) {
        tally.packets[0] += 1;
        if self.dice.lost() {
            tally.lost[0] += 1;
            return;
        }
        self.session.handle_packet(now, from, packet);
        self.drain(now, packet, tally);
    }

    /// The deadline may have passed.
    pub(super) fn handle_timeout(&mut self, now: Instant, tally: &mut Tally) {
        self.session.handle_timeout(now);
        self.drain(now, &[], tally);
    }

    /// The network's word on something sent earlier; final only before the server has answered.
    pub(super) fn handle_error(&mut self, error: io::Error) {
        if !self.session.is_open() {
            let kind = match error.kind() {
                io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable => FailureKind::Unreachable,
                _ => FailureKind::System,
            };
            self.session.abandon();
            self.end(Err((kind, Why::System(error))));
        }
    }

    /// Ends an unfinished transfer and tells the server. Gives `false` if it had ended already.
    pub(super) fn stop(&mut self, tally: &mut Tally) -> bool {
        if self.session.is_ending() {
            return false;
        }
        self.session
            .abort(ErrorCode::NOT_DEFINED, "The load test is over");
        self.drain(Instant::now(), &[], tally);
        true
    }

    /// Counts what the transfer cost; its last act.
    pub(super) fn settle(&self, tally: &mut Tally) {
        tally.spent(self.session.stats());
    }

    /// The drain rule: everything to send and every event. `packet` is the one just handled.
    pub(super) fn drain(&mut self, now: Instant, packet: &[u8], tally: &mut Tally) {
        loop {
            if let Some(transmit) = self.session.poll_transmit() {
                let to = SockaddrStorage::from(transmit.to);
                match transmit.payload {
                    Payload::Ack(ack) => self.send(&to, &ack, tally),
                    Payload::Packet(packet) => self.send(&to, &packet, tally),
                    Payload::Data(run) => self.send_run(&to, &run, tally),
                }
            } else if let Some(event) = self.session.poll_event() {
                self.handle_event(now, event, packet, tally);
            } else {
                return;
            }
        }
    }

    fn handle_event(&mut self, now: Instant, event: Event, packet: &[u8], tally: &mut Tally) {
        match event {
            Event::Opened(agreed) => self.agreed = agreed,
            Event::Deliver(range) => self.deliver(now, &packet[range], tally),
            Event::Acknowledged(block) => self.acknowledged(now, block, tally),
            Event::Store if self.is_as_expected() => self.session.handle_stored(now),
            Event::Store => {
                self.end(Err((FailureKind::WrongLength, Why::Content)));
                self.session.abort(ErrorCode::NOT_DEFINED, "Wrong length");
            }
            Event::Finished { .. } => self.end(Ok(())),
            Event::Failed(failure) => {
                let kind = FailureKind::of(&failure);
                self.end(Err((kind, Why::Session(failure))));
            }
            _ => {}
        }
    }

    fn deliver(&mut self, now: Instant, block: &[u8], tally: &mut Tally) {
        let at = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        let matches = match &mut self.file {
            File::Unknown(Some(content)) => {
                content.extend_from_slice(block);
                true
            }
            File::Known(_, Some(content)) => content
                .get(at..)
                .is_some_and(|rest| rest.starts_with(block)),
            _ => true,
        };
        if !matches {
            self.end(Err((FailureKind::WrongBytes, Why::Content)));
            self.session.abort(ErrorCode::NOT_DEFINED, "Wrong bytes");
            return;
        }
        self.progress(now, self.bytes + block.len() as u64, tally);
    }

    fn acknowledged(&mut self, now: Instant, block: u64, tally: &mut Tally) {
        let File::Upload(content) = &self.file else {
            return;
        };
        let arrived = block * u64::from(self.agreed.blksize);
        self.progress(now, arrived.min(content.len() as u64), tally);
    }

    fn progress(&mut self, now: Instant, bytes: u64, tally: &mut Tally) {
        let since = now.saturating_duration_since(self.started);
        self.first_byte.get_or_insert(since);
        tally.bytes += bytes.saturating_sub(self.bytes);
        self.bytes = self.bytes.max(bytes);
    }

    fn is_as_expected(&self) -> bool {
        !matches!(self.file, File::Known(length, _) if length != self.bytes)
    }

    /// The first ending is the true one: what follows an abort is its echo.
    fn end(&mut self, result: Result<(), (FailureKind, Why)>) {
        if !std::mem::replace(&mut self.ended, true) {
            self.outcome = Some(Outcome {
                result,
                agreed: self.agreed,
                bytes: self.bytes,
                elapsed: self.started.elapsed(),
                first_byte: self.first_byte,
            });
        }
    }

    /// What cannot be sent counts as lost on the way, except before anything was answered.
    fn send(&mut self, to: &SockaddrStorage, packet: &[u8], tally: &mut Tally) {
        tally.packets[1] += 1;
        if self.dice.lost() {
            tally.lost[1] += 1;
        } else if let Err(error) = socket::send(&self.socket, to, packet) {
            self.handle_error(error);
        }
    }

    fn send_run(&mut self, to: &SockaddrStorage, run: &DataRun, tally: &mut Tally) {
        let File::Upload(content) = &self.file else {
            return;
        };
        let blksize = usize::from(run.blksize);
        let start = usize::try_from(run.offset()).unwrap_or(usize::MAX);
        let rest = content.get(start..).unwrap_or(&[]);
        let mut packets = Vec::with_capacity(run.count as usize * (DATA_HEADER + blksize));
        let mut sent = 0;
        for nth in 0..run.count {
            let block = &rest[sent..rest.len().min(sent + blksize)];
            packets.extend_from_slice(&run.header(nth));
            packets.extend_from_slice(block);
            sent += block.len();
            if block.len() < blksize {
                break;
            }
        }
        let segment = DATA_HEADER + blksize;
        if self.dice.may_lose() {
            for packet in packets.chunks(segment) {
                self.send(to, packet, tally);
            }
        } else {
            tally.packets[1] += packets.len().div_ceil(segment) as u64;
            let _ = socket::send_segments(&self.socket, to, &packets, segment);
        }
    }
}
