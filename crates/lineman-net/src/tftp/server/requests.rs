//! Requests: who is answered, with what, and which become transfers.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::DATA_HEADER;
use lineman_proto::tftp::DEFAULT_BLKSIZE;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Exception;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::ParseError;
use lineman_proto::tftp::Policy;
use lineman_proto::tftp::Request;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::answer;
use lineman_proto::tftp::guard::Ignored;
use tokio::sync::mpsc;

use super::Shared;
use super::job::Job;
use super::report;
use crate::Operation;
use crate::SystemError;
use crate::packet_info::Local;
use crate::tftp::Ending;
use crate::tftp::Refusal;
use crate::tftp::Sink;
use crate::tftp::admission::Ticket;
use crate::tftp::admission::Verdict;
use crate::tftp::engine::Door;
use crate::tftp::engine::Floor;
use crate::tftp::engine::Line;
use crate::tftp::engine::Passed;
use crate::tftp::outlet::Outlet;
use crate::tftp::socket::Arrival;
use crate::tftp::socket::Batch;
use crate::tftp::socket::Listener;
use crate::tftp::socket::route_blksize;
use crate::tftp::socket::transfer_socket;
use crate::tftp::transfer::Body;
use crate::tftp::transfer::Command;
use crate::tftp::transfer::Transfer;

/// Takes requests at one address.
#[derive(Debug)]
pub(super) struct Reception {
    listener: Listener,
    shared: Arc<Shared>,
    batch: Batch,
    /// Hears why it can take no more.
    failed: mpsc::Sender<SystemError>,
}

impl Reception {
    pub(super) fn new(
        listener: Listener,
        shared: Arc<Shared>,
        failed: mpsc::Sender<SystemError>,
    ) -> Self {
        Self {
            listener,
            shared,
            batch: Batch::new(),
            failed,
        }
    }

    fn fail(&mut self, error: io::Error) {
        let error = SystemError::new(Operation::Receive, self.listener.local())(error);
        // One failure is enough to end the server.
        let _ = self.failed.try_send(error);
    }
}

impl Door for Reception {
    fn socket(&self) -> BorrowedFd<'_> {
        self.listener.socket()
    }

    fn handle_readable(&mut self, floor: &mut Floor) -> bool {
        // Transfers that were told to end hold a socket and a file until they have. Under a flood
        // they have their turn before the next request, which waits in the kernel meanwhile.
        if self.shared.admission.lingering() > MAX_LINGERING {
            std::thread::yield_now();
            return true;
        }
        match self.listener.receive(&mut self.batch) {
            Ok(()) => {}
            // An ICMP error about an earlier answer, or memory that is short for a moment.
            Err(error) if is_passing(&error) => return true,
            Err(error) => {
                self.fail(error);
                return false;
            }
        }
        for (arrival, packet) in self.batch.datagrams() {
            self.shared.handle(&self.listener, arrival, packet, floor);
        }
        true
    }
}

fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionRefused
            | Kind::ConnectionReset
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
            | Kind::NetworkDown
            | Kind::PermissionDenied
            | Kind::InvalidData
            | Kind::OutOfMemory
            | Kind::Interrupted
    )
}

impl Shared {
    fn handle(
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
                .judge_known(from, packet, self.guard.is_known(from), || self.line(floor))
            {
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
    fn line(&self, floor: &Floor) -> Line {
        if self.config.single_port {
            floor.line(self.lines.number())
        } else {
            self.lines.open()
        }
    }

    /// Opens the file before anything is answered, so that a refusal is the first thing the client
    /// hears (PXELINUX mishandles an ERROR behind an OACK).
    fn start(
        self: &Arc<Self>,
        asked: &Asked<'_>,
        request: &Request<'_>,
        ticket: Ticket,
    ) -> Result<(), Unstarted> {
        let peer = asked.from;
        let prepared = self.prepare(asked, request);
        let prepared = prepared.map_err(Unstarted::Refused)?;
        let taken = self
            .guard
            .take_answer(peer, asked.length, prepared.answer, self.first_sends())
            .map_err(Unstarted::Ignored)?;
        ticket.will_answer(prepared.answer);
        let line = ticket.line();
        let job = Job {
            shared: Arc::clone(self),
            ticket,
            taken,
            report: Some(report(peer, request, Ending::Stopped)),
            started: Instant::now(),
            pulse: None,
        };
        let Prepared {
            outlet,
            session,
            body,
            agreed,
            ..
        } = prepared;
        line.start(Transfer::new(outlet, session, body, agreed, Box::new(job)));
        Ok(())
    }

    fn prepare(&self, asked: &Asked<'_>, request: &Request<'_>) -> Result<Prepared, Refusal> {
        let peer = asked.from;
        let (body, length) = match request.direction {
            Direction::Read => {
                let source = self.store.read(request.filename, request.mode)?;
                let length = source.length();
                (Body::Send(source), length)
            }
            Direction::Write => {
                let announced = request.options.number("tsize");
                let file = self.store.write(request.filename, announced)?;
                let sink = Sink::durable_file(file, request.mode, self.store.max_upload());
                (Body::Receive(Some(sink)), None)
            }
        };
        let outlet = if self.config.single_port {
            asked.listener.outlet(asked.local)
        } else {
            Outlet::Own(transfer_socket(asked.local)?)
        };
        let exception = self.exception(peer, request);
        let offer = answer(
            request.direction,
            exception.options(request.options),
            &exception.limit(self.policy(peer)),
            length,
        );
        let agreed = offer.agreed;
        let answer = first_answer(request.direction, offer.oack.as_deref(), length);
        let rollover = exception.rollover.unwrap_or(self.config.rollover);
        let (now, timing) = (Instant::now(), self.config.timing);
        let session = match request.direction {
            Direction::Read => Session::serve_read(now, peer, offer, rollover, timing, length),
            Direction::Write => Session::serve_write(now, peer, offer, rollover, timing),
        };
        let session = if self.config.pipeline {
            session.pipelined()
        } else {
            session
        };
        Ok(Prepared {
            outlet,
            session,
            body,
            agreed,
            answer,
        })
    }

    /// How often the first answer is sent to a peer that says nothing.
    fn first_sends(&self) -> u32 {
        1 + self.config.timing.unconfirmed_resends.unwrap_or(0)
    }

    /// The rule that holds for this client; an empty one for most.
    fn exception(&self, peer: SocketAddr, request: &Request<'_>) -> Cow<'_, Exception> {
        let rule = Exception::find(&self.config.exceptions, peer.ip(), request.options);
        rule.map_or_else(|| Cow::Owned(Exception::default()), Cow::Borrowed)
    }

    fn policy(&self, peer: SocketAddr) -> Policy {
        let max_blksize = self
            .config
            .max_blksize
            .unwrap_or_else(|| route_blksize(peer).unwrap_or(DEFAULT_BLKSIZE));
        Policy {
            max_blksize,
            max_windowsize: self.config.max_windowsize,
            max_window_bytes: MAX_WINDOW_BYTES,
        }
    }
}

/// Who asked, where, with how many bytes.
struct Asked<'a> {
    listener: &'a Listener,
    from: SocketAddr,
    local: Local,
    length: usize,
}

/// A transfer that could begin.
struct Prepared {
    outlet: Outlet,
    session: Session,
    body: Body,
    agreed: Agreed,
    /// How long its first answer is.
    answer: usize,
}

/// Why none begins.
enum Unstarted {
    Refused(Refusal),
    Ignored(Ignored),
}

fn refuse(listener: &Listener, peer: SocketAddr, local: Local, refusal: &Refusal) {
    let error = Packet::Error {
        code: refusal.code(),
        message: refusal.words().as_bytes(),
    };
    listener.answer(peer, local, &error.encode());
}

/// How long the first answer is: the OACK, ACK 0, or the first block.
fn first_answer(direction: Direction, oack: Option<&[u8]>, length: Option<u64>) -> usize {
    let block = u64::from(DEFAULT_BLKSIZE);
    match (oack, direction) {
        (Some(oack), _) => oack.len(),
        (None, Direction::Write) => DATA_HEADER,
        (None, Direction::Read) => DATA_HEADER + length.unwrap_or(block).min(block) as usize,
    }
}

fn is_request(packet: &[u8]) -> bool {
    matches!(packet, [0, 1 | 2, _, ..])
}

/// What one peer can make us have in flight.
const MAX_WINDOW_BYTES: u32 = 1 << 20;
const MAX_LINGERING: usize = 64;
