//! One end of a transfer: lineman's own TFTP over the calls of a host.

use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Event;
use lineman_proto::tftp::Payload;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::Transmit;
use lineman_trace::log::Host;

use super::Awaited;
use super::Stop;
use super::stage::Posted;
use super::stage::Stage;
use crate::hosts::Call;
use crate::hosts::Outcome;
use crate::hosts::TIMED_OUT;

/// How patient both ends are. The receiver does not dally after the last ACK: no lesson here loses it.
pub(super) const TIMING: Timing = Timing {
    patience: Duration::from_secs(10),
    dally: Duration::ZERO,
    unconfirmed_resends: None,
};

/// How many times as long as its session would a program here waits for a packet, in whole seconds: a lab may wait for a busy machine, and
/// where nothing is lost nothing should come twice. Thirty labs at once on two processors answered requests within 1.4 s, where a
/// session waits 1 s, and blocks within 0.5 s, where it waits 0.2 s. Both ends alike: an end that waited for less would retransmit first.
const PATIENT: u32 = 5;
/// The longest timeout: a reader does not wait longer for a ladder that stands still.
const LONGEST: Duration = Duration::from_secs(3);

/// A host with a socket and a session, as a program of one thread: it sends, and waits for the next packet until its
/// socket's timeout is over.
pub(super) struct End<'s, 'n> {
    stage: &'s Stage<'n>,
    host: Host,
    fd: i32,
    session: Session,
    /// The file: all of it at its sender, what has come at its receiver.
    file: Vec<u8>,
    /// The receive that waits; `None` at the end.
    waits: Option<Posted>,
    /// How long it may wait: what its program has set last.
    timeout: Option<Duration>,
}

impl<'s, 'n> End<'s, 'n> {
    /// Begins with what the session sends first.
    pub(super) fn begin(
        stage: &'s Stage<'n>,
        host: Host,
        fd: i32,
        session: Session,
        file: Vec<u8>,
    ) -> Result<Self, Stop> {
        let mut end = Self {
            stage,
            host,
            fd,
            session,
            file,
            waits: None,
            timeout: None,
        };
        end.go_on(&[])?;
        Ok(end)
    }

    /// The call that waits for the next packet; `None` when the transfer is over.
    pub(super) fn waits(&self) -> Option<Posted> {
        self.waits
    }

    /// How long its call waits at most, from now on.
    pub(super) fn limit(&self) -> Option<Duration> {
        self.waits.and(self.timeout)
    }

    /// Its call has returned.
    pub(super) fn hear(&mut self, outcome: Outcome) -> Result<(), Stop> {
        self.waits = None;
        match outcome {
            Outcome::Datagram(bytes, from) => {
                self.session.handle_packet(self.stage.now(), from, &bytes);
                self.go_on(&bytes)
            }
            Outcome::Failed(error) if error == TIMED_OUT => {
                let now = self.stage.now();
                let is_due = |deadline: &Instant| *deadline <= now;
                if self.session.poll_timeout().as_ref().is_some_and(is_due) {
                    self.session.handle_timeout(now);
                }
                self.go_on(&[])
            }
            outcome => {
                let call = "recvfrom";
                Err(Stop::Outcome { call, outcome })
            }
        }
    }

    /// The file, when the transfer is over.
    pub(super) fn file(self) -> Vec<u8> {
        self.file
    }

    /// Does what is to be done now, and waits for the next packet if there is to be one.
    fn go_on(&mut self, packet: &[u8]) -> Result<(), Stop> {
        let over = self.drain(packet)?;
        match self.session.poll_timeout() {
            Some(deadline) if !over => {
                self.waits_until(deadline)?;
                self.waits = Some(self.stage.post(self.host, receive(self.fd))?);
                Ok(())
            }
            _ => self.stage.close(self.host, self.fd),
        }
    }

    /// Sets the socket's timeout, if another is due than it has.
    fn waits_until(&mut self, deadline: Instant) -> Result<(), Stop> {
        let left = deadline.saturating_duration_since(self.stage.now()) * PATIENT;
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        let timeout = Duration::from_secs(seconds.max(1)).min(LONGEST);
        if self.timeout != Some(timeout) {
            self.timeout = Some(timeout);
            let (fd, timeout) = (self.fd, self.timeout);
            self.stage
                .done(self.host, Call::Settimeout { fd, timeout })?;
        }
        Ok(())
    }

    /// Sends what is to be sent and takes what has come in `packet`. Returns whether that was all.
    fn drain(&mut self, packet: &[u8]) -> Result<bool, Stop> {
        let mut over = false;
        loop {
            if let Some(transmit) = self.session.poll_transmit() {
                self.send(transmit)?;
            } else if let Some(event) = self.session.poll_event() {
                match event {
                    Event::Deliver(part) => {
                        self.file.extend(packet.get(part).unwrap_or_default());
                    }
                    Event::Store => self.session.handle_stored(self.stage.now()),
                    Event::Finished { .. } => over = true,
                    Event::Failed(_) => return Err(Stop::Late(Awaited::File)),
                    _ => {}
                }
            } else {
                return Ok(over);
            }
        }
    }

    fn send(&self, transmit: Transmit) -> Result<(), Stop> {
        let send = |data| {
            let (fd, address) = (self.fd, transmit.to);
            self.stage
                .done(self.host, Call::Sendto { fd, data, address })
        };
        match transmit.payload {
            Payload::Ack(ack) => send(ack.to_vec()),
            Payload::Packet(packet) => send(packet),
            Payload::Data(run) => {
                let from = usize::try_from(run.offset()).unwrap_or(usize::MAX);
                let rest = self.file.get(from..).unwrap_or_default();
                let size = usize::from(run.blksize);
                (0..run.count).try_for_each(|nth| {
                    let at = (nth as usize * size).min(rest.len());
                    let block = &rest[at..(at + size).min(rest.len())];
                    send([&run.header(nth), block].concat())
                })
            }
        }
    }
}

/// A call that takes any packet of TFTP.
pub(super) fn receive(fd: i32) -> Call {
    let size = 2048;
    Call::Recvfrom { fd, size }
}
