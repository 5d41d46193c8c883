//! Requests: who is answered, with what, and which become transfers.

use std::net::SocketAddr;
use std::sync::Arc;

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::ParseError;
use lineman_proto::tftp::Request;
use lineman_proto::tftp::guard::Ignored;

use super::Shared;
use super::start::Asked;
use super::start::Unstarted;
use super::start::first_answer;
use crate::packet_info::Local;
use crate::tftp::Refusal;
use crate::tftp::admission::Verdict;
use crate::tftp::engine::Floor;
use crate::tftp::engine::Line;
use crate::tftp::engine::Passed;
use crate::tftp::socket::Arrival;
use crate::tftp::socket::Listener;
use crate::tftp::transfer::Command;

impl Shared {
    pub(super) fn handle(
        self: &Arc<Self>,
        listener: &Listener,
        arrival: Arrival,
        packet: &[u8],
        floor: &mut Floor,
    ) {
        let Some(local) = arrival.to else {
            return self.ignore();
        };
        let from = arrival.from;
        if !is_request(packet) && self.pass(from, packet, floor) {
            return;
        }
        let to = SocketAddr::new(local.ip, listener.local().port());
        if let Err(why) = self.guard.look(from, to) {
            return self.turn_away(from, why);
        }
        let request = match Packet::parse(packet) {
            Ok(Packet::Request(request)) => request,
            Err(ParseError::Mode | ParseError::EmptyFilename | ParseError::Truncated)
                if is_request(packet) =>
            {
                if self.admission.may_rebuke(from) && self.guard.take_error(from).is_ok() {
                    refuse(listener, from, local, &Refusal::Malformed);
                }
                return self.ignore();
            }
            _ => return self.ignore(),
        };
        if let Err(why) = self.take_price(from, packet, &request) {
            return self.turn_away(from, why);
        }
        let refusal =
            match self
                .admission
                .judge_known(from, packet, self.guard.is_known(from), || {
                    self.line(floor, &request)
                }) {
                Verdict::Repeated => return,
                Verdict::Start(ticket) => {
                    let asked = Asked {
                        listener,
                        from,
                        local,
                        length: packet.len(),
                    };
                    match self.start(&asked, &request, ticket) {
                        Ok(()) => return,
                        Err(Unstarted::Ignored(why)) => return self.turn_away(from, why),
                        Err(Unstarted::Refused(refusal)) => refusal,
                    }
                }
                Verdict::Busy => Refusal::Busy {
                    limit: self.config.max_transfers,
                },
                Verdict::BusyClient => Refusal::BusyClient {
                    limit: self.config.max_transfers_per_client,
                },
            };
        if let Refusal::Exhausted(_) = refusal {
            self.admission.shed();
        }
        self.guard.refuse(from);
        refuse(listener, from, local, &refusal);
        self.report_refusal(from, &request, refusal);
    }

    /// Takes from its neighbourhood what a request costs, and what it costs to repeat an answer for
    /// it, however often it is asked for.
    fn take_price(
        &self,
        from: SocketAddr,
        packet: &[u8],
        request: &Request<'_>,
    ) -> Result<(), Ignored> {
        self.guard.take_request(from)?;
        if let Some(answer) = self.admission.would_repeat(from, packet) {
            self.guard.take_answer(from, packet.len(), answer, 1)?;
        } else if request.direction == Direction::Read && request.options.iter().next().is_none() {
            let answer = first_answer(request.direction, None, None);
            self.guard
                .look_ahead(from, packet.len(), answer, self.first_sends())?;
        }
        Ok(())
    }

    /// What is no request may still be for a transfer: all of them are where they share a socket.
    /// Elsewhere only an ERROR of a client that has not heard yet from where it is answered.
    fn pass(&self, from: SocketAddr, packet: &[u8], floor: &mut Floor) -> bool {
        let Some((line, confirmed)) = self.admission.line(from) else {
            return false;
        };
        if self.config.single_port {
            floor.pass(Passed {
                number: line.number(),
                from,
                packet,
            });
            return true;
        }
        let gives_up = !confirmed && matches!(Packet::parse(packet), Ok(Packet::Error { .. }));
        if gives_up {
            line.say(Command::Supersede);
        }
        gives_up
    }

    /// Where the next transfer will be: on the thread that has the socket, if it is shared.
    fn line(&self, floor: &Floor, request: &Request<'_>) -> Line {
        let windows = request.options.number("windowsize").is_some_and(|n| n > 1);
        if self.config.single_port {
            floor.line(self.lines.number())
        } else if windows {
            self.lines.open()
        } else {
            self.lines.open_together()
        }
    }
}

fn refuse(listener: &Listener, peer: SocketAddr, local: Local, refusal: &Refusal) {
    let error = Packet::Error {
        code: refusal.code(),
        message: refusal.words().as_bytes(),
    };
    listener.answer(peer, local, &error.encode());
}

fn is_request(packet: &[u8]) -> bool {
    matches!(packet, [0, 1 | 2, _, ..])
}
