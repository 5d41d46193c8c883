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

/// How patient both ends are. Nobody stays after the last ACK: no lesson here loses it.
pub(super) const TIMING: Timing = Timing {
    patience: Duration::from_secs(10),
    dally: Duration::ZERO,
    unconfirmed_resends: None,
};

/// A host with a socket and a session. It does nothing by itself: [`hear`](Self::hear) what has come, and
/// [`check`](Self::check) its clock.
pub(super) struct End<'s, 'n> {
    stage: &'s Stage<'n>,
    host: Host,
    fd: i32,
    session: Session,
    /// The file: all of it at its sender, what has come at its receiver.
    file: Vec<u8>,
    /// The receive that waits, through all time-outs, as in a program that polls; `None` at the end.
    waits: Option<Posted>,
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
        };
        end.go_on(&[])?;
        Ok(end)
    }

    /// The call that waits for the next packet; `None` when the transfer is over.
    pub(super) fn waits(&self) -> Option<Posted> {
        self.waits
    }

    /// When its clock runs out.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waits.and_then(|_| self.session.poll_timeout())
    }

    /// Its call has returned.
    pub(super) fn hear(&mut self, outcome: Outcome) -> Result<(), Stop> {
        self.waits = None;
        match outcome {
            Outcome::Datagram(bytes, from) => {
                self.session.handle_packet(self.stage.now(), from, &bytes);
                self.go_on(&bytes)
            }
            outcome => {
                let call = "recvfrom";
                Err(Stop::Outcome { call, outcome })
            }
        }
    }

    /// Acts if its clock has run out.
    pub(super) fn check(&mut self) -> Result<(), Stop> {
        let now = self.stage.now();
        match self.deadline() {
            Some(deadline) if deadline <= now => {
                self.session.handle_timeout(now);
                self.go_on(&[])
            }
            _ => Ok(()),
        }
    }

    /// The file, when the transfer is over.
    pub(super) fn file(self) -> Vec<u8> {
        self.file
    }

    /// Does what is to be done now, and waits for the next packet if there is to be one.
    fn go_on(&mut self, packet: &[u8]) -> Result<(), Stop> {
        let over = self.drain(packet)? || self.session.poll_timeout().is_none();
        match (over, self.waits) {
            (false, None) => self.waits = Some(self.stage.post(self.host, receive(self.fd))?),
            (false, Some(_)) => {}
            (true, _) => {
                self.waits = None;
                self.stage.close(self.host, self.fd)?;
            }
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
