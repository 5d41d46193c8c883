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
use crate::tftp::engine::Forwarded;
use crate::tftp::socket::Arrival;
use crate::tftp::socket::RequestSocket;
use crate::tftp::transfer::Command;
use crate::tftp::transfer::TransferHandle;
use crate::tftp::transfer::TransferTable;

impl Shared {
    pub(super) fn handle_datagram(
        self: &Arc<Self>,
        socket: &RequestSocket,
        arrival: Arrival,
        packet: &[u8],
        table: &mut TransferTable,
    ) {
        let Some(local) = arrival.to else {
            return self.ignore();
        };
        let from = arrival.from;
        if !is_request(packet) && self.forward(from, packet, table) {
            return;
        }
        let to = SocketAddr::new(local.ip, socket.local().port());
        if let Err(why) = self.guard.look(from, to) {
            return self.turn_away(from, why);
        }
        let request = match Packet::parse(packet) {
            Ok(Packet::Request(request)) => request,
            Err(ParseError::Mode | ParseError::EmptyFilename | ParseError::Truncated)
                if is_request(packet) =>
            {
                if self.admission.may_rebuke(from) && self.guard.take_error(from).is_ok() {
                    refuse(socket, from, local, &Refusal::Malformed);
                }
                return self.ignore();
            }
            _ => return self.ignore(),
        };
        if let Err(why) = self.take_price(from, packet, &request) {
            return self.turn_away(from, why);
        }
        let asked = Asked {
            socket,
            from,
            local,
            packet,
        };
        let refusal =
            match self
                .admission
                .judge_known(from, packet, self.guard.is_known(from), || {
                    self.handle_for(table, &request)
                }) {
                Verdict::Repeated => return,
                Verdict::Start(ticket) => return self.open(asked, &request, ticket),
                Verdict::Busy => Refusal::Busy {
                    limit: self.config.max_transfers,
                },
                Verdict::BusyClient => Refusal::BusyClient {
                    limit: self.config.max_transfers_per_client,
                },
            };
        self.conclude(&asked, &request, Err(Unstarted::Refused(refusal)));
    }

    /// Tells the client, and the operator, why no transfer begins.
    pub(super) fn conclude(
        &self,
        asked: &Asked<'_>,
        request: &Request<'_>,
        started: Result<(), Unstarted>,
    ) {
        let refusal = match started {
            Ok(()) => return,
            Err(Unstarted::Ignored(why)) => return self.turn_away(asked.from, why),
            Err(Unstarted::Refused(refusal)) => refusal,
        };
        if let Refusal::Exhausted(_) = refusal {
            self.admission.shed();
        }
        self.guard.refuse(asked.from);
        refuse(asked.socket, asked.from, asked.local, &refusal);
        self.report_refusal(asked.from, request, refusal);
    }

    /// Hands a packet to the transfer that it is for, if there is one.
    pub(super) fn forward_packet(
        &self,
        arrival: Arrival,
        packet: &[u8],
        table: &mut TransferTable,
    ) -> bool {
        arrival.to.is_some() && !is_request(packet) && self.forward(arrival.from, packet, table)
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
    fn forward(&self, from: SocketAddr, packet: &[u8], table: &mut TransferTable) -> bool {
        let Some((handle, confirmed)) = self.admission.handle(from) else {
            return false;
        };
        if self.config.single_port {
            table.forward(Forwarded {
                number: handle.number(),
                from,
                packet,
            });
            return true;
        }
        let gives_up = !confirmed && matches!(Packet::parse(packet), Ok(Packet::Error { .. }));
        if gives_up {
            handle.say(Command::Supersede);
        }
        gives_up
    }

    /// Where the next transfer will be: on the thread that has the socket, if it is shared.
    fn handle_for(&self, table: &TransferTable, request: &Request<'_>) -> TransferHandle {
        let windows = request.options.number("windowsize").is_some_and(|n| n > 1);
        if self.config.single_port {
            table.handle(self.engine.number())
        } else if windows {
            self.engine.open()
        } else {
            self.engine.open_together()
        }
    }
}

fn refuse(socket: &RequestSocket, peer: SocketAddr, local: Local, refusal: &Refusal) {
    let error = Packet::Error {
        code: refusal.code(),
        message: refusal.words().as_bytes(),
    };
    socket.answer(peer, local, &error.encode());
}

fn is_request(packet: &[u8]) -> bool {
    matches!(packet, [0, 1 | 2, _, ..])
}
