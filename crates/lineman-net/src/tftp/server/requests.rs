//! Requests: who is answered, with what, and which become transfers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::ParseError;
use lineman_proto::tftp::Request;
use lineman_proto::tftp::guard::Ignored;
use lineman_proto::tftp::guard::Standing;

use super::Shared;
use super::start::Asked;
use super::start::Unstarted;
use super::start::asks_for_windows;
use super::start::first_answer;
use crate::packet_info::Local;
use crate::tftp::Ending;
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
                    // What does not leave is nothing to a peer that makes no sense.
                    let _ = refuse(socket, from, local, &Refusal::Malformed);
                }
                return self.ignore();
            }
            _ => return self.ignore(),
        };
        let standing = match self.take_price(from, packet, &request) {
            Ok(standing) => standing,
            Err(why) => return self.turn_away(from, why),
        };
        let asked = Asked {
            socket,
            from,
            local,
            packet,
            standing,
            target: None,
        };
        let is_known = standing.trusted || standing.proved;
        let refusal = match self
            .admission
            .judge_known(from, packet, is_known, || self.handle_for(table, &request))
        {
            Verdict::Repeated => return,
            Verdict::Start(ticket) => return self.open(asked, &request, ticket),
            Verdict::Busy => Refusal::Busy {
                limit: self.config.max_transfers,
            },
            Verdict::BusyClient => Refusal::BusyClient {
                limit: self.config.max_transfers_per_client,
            },
            Verdict::BusyNetwork { limit } => Refusal::BusyNetwork { limit },
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
        let from = asked.from;
        self.guard.refuse(from);
        match refuse(asked.socket, from, asked.local, &refusal) {
            Ok(()) => self.report_refusal(asked.report(request, Ending::Refused(refusal))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => self.report_refusal(asked.report(request, Ending::Unreachable(error))),
        }
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
    ) -> Result<Standing, Ignored> {
        let standing = self.guard.take_request(from, packet)?;
        if let Some(answer) = self.admission.would_repeat(from, packet) {
            self.guard
                .take_answer(from, standing, packet.len(), answer, 1)?;
        } else if request.direction == Direction::Read
            && request.options.iter().next().is_none()
            && !self.must_prove(standing)
        {
            let answer = first_answer(request.direction, None, None);
            let times = self.first_sends(standing, from, packet.len(), answer);
            self.guard
                .look_ahead(from, standing, packet.len(), answer, times)?;
        }
        Ok(standing)
    }

    /// Whether each of its packets is on an account until the transfer itself has proved that its
    /// client is there: from a port that everybody knows, answers alone prove nothing.
    pub(super) fn must_prove(&self, standing: Standing) -> bool {
        self.config.single_port && !standing.trusted
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
        match Packet::parse(packet) {
            Ok(Packet::Error { .. }) if !confirmed => {
                handle.say(Command::Supersede);
                true
            }
            Ok(Packet::Ack { .. } | Packet::Data { .. }) if !confirmed => {
                self.admission.note_keeps_to_port(from);
                handle.say(Command::Supersede);
                true
            }
            _ => false,
        }
    }

    /// Its machine says of `peer` that nobody has its port. Of one that has proved itself that may
    /// be a forger's word.
    pub(super) fn note_gone(&self, peer: SocketAddr) {
        if let Some(handle) = self.admission.unproved(peer) {
            handle.say(Command::Gone);
        }
    }

    /// Where the next transfer will be: on the thread that has the socket, if it is shared.
    fn handle_for(&self, table: &TransferTable, request: &Request<'_>) -> TransferHandle {
        if self.config.single_port {
            table.handle(self.engine.number())
        } else if asks_for_windows(request) {
            self.engine.open()
        } else {
            self.engine.open_together()
        }
    }
}

fn refuse(
    socket: &RequestSocket,
    peer: SocketAddr,
    local: Local,
    refusal: &Refusal,
) -> io::Result<()> {
    let error = Packet::Error {
        code: refusal.code(),
        message: refusal.words().as_bytes(),
    };
    socket.answer(peer, local, &error.encode())
}

fn is_request(packet: &[u8]) -> bool {
    matches!(packet, [0, 1 | 2, _, ..])
}
