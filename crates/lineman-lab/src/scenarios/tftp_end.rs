//! One end of a transfer: lineman's own TFTP over the calls of a host.

use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Event;
use lineman_proto::tftp::Payload;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::Transmit;
use lineman_trace::log::Host;

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

/// A host with a socket and a session.
pub(super) struct End<'s, 'n> {
    pub(super) stage: &'s Stage<'n>,
    pub(super) host: Host,
    pub(super) fd: i32,
    pub(super) session: Session,
    /// The file: all of it at its sender, what has come at its receiver.
    pub(super) file: Vec<u8>,
}

impl End<'_, '_> {
    /// Transfers the file, and gives it back.
    pub(super) fn run(mut self) -> Result<Vec<u8>, Stop> {
        let mut waits = None;
        if self.drain(&[])? {
            return Ok(self.file);
        }
        while let Some(deadline) = self.session.poll_timeout() {
            // One receive waits through all time-outs, as in a program that polls.
            let receive = match waits.take() {
                Some(receive) => receive,
                None => self.stage.post(self.host, receive(self.fd))?,
            };
            let over = match self.wait(&receive, deadline)? {
                Some((bytes, from)) => {
                    self.session.handle_packet(self.stage.now(), from, &bytes);
                    self.drain(&bytes)?
                }
                None => {
                    self.session.handle_timeout(self.stage.now());
                    waits = Some(receive);
                    self.drain(&[])?
                }
            };
            if over {
                break;
            }
        }
        Ok(self.file)
    }

    fn wait(
        &self,
        receive: &Posted,
        deadline: Instant,
    ) -> Result<Option<(Vec<u8>, SocketAddr)>, Stop> {
        let left = deadline.saturating_duration_since(self.stage.now());
        match self.stage.answer_within(receive, left)? {
            Some(Outcome::Datagram(bytes, from)) => Ok(Some((bytes, from))),
            Some(outcome) => Err(Stop::Outcome {
                call: "recvfrom",
                outcome,
            }),
            None => Ok(None),
        }
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
                    Event::Failed(_) => return Err(Stop::Late("the rest of the file")),
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
