//! Requests: who is answered, with what, and which become transfers.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

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

use super::Shared;
use super::job::Job;
use super::job::Prepared;
use super::report;
use crate::Operation;
use crate::SystemError;
use crate::packet_info::Local;
use crate::tftp::Ending;
use crate::tftp::Refusal;
use crate::tftp::Sink;
use crate::tftp::Source;
use crate::tftp::admission::Ticket;
use crate::tftp::admission::Verdict;
use crate::tftp::socket::Arrival;
use crate::tftp::socket::Door;
use crate::tftp::socket::Listener;
use crate::tftp::socket::route_blksize;
use crate::tftp::socket::transfer_socket;
use crate::tftp::transfer::Body;

/// Takes requests at `door` for ever.
///
/// # Errors
/// When the socket fails for good.
pub(super) async fn listen(door: &Door, shared: &Arc<Shared>) -> Result<(), SystemError> {
    let listener = &door
        .open()
        .map_err(SystemError::new(Operation::Listen, door.local()))?;
    let mut buffer = vec![0; 65536];
    loop {
        match listener.receive(&mut buffer).await {
            Ok(arrival) => {
                shared.handle(listener, arrival, &buffer[..arrival.len]);
                shared.let_others_end().await;
            }
            // An ICMP error about an earlier answer, or memory that is short for a moment.
            Err(error) if is_passing(&error) => tokio::task::yield_now().await,
            Err(error) => {
                return Err(SystemError::new(Operation::Receive, listener.local())(
                    error,
                ));
            }
        }
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
    fn handle(self: &Arc<Self>, listener: &Listener, arrival: Arrival, packet: &[u8]) {
        let Some(local) = arrival.to else {
            return self.ignore();
        };
        let from = arrival.from;
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
        let refusal = match self
            .admission
            .judge_known(from, packet, self.guard.is_known(from))
        {
            Verdict::Repeated => return,
            Verdict::Start(ticket) => {
                match self.start(from, local, &request, packet.len(), ticket) {
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

    /// Opens the file before anything is answered, so that a refusal is the first thing the client
    /// hears (PXELINUX mishandles an ERROR behind an OACK).
    fn start(
        self: &Arc<Self>,
        peer: SocketAddr,
        local: Local,
        request: &Request<'_>,
        question: usize,
        ticket: Ticket,
    ) -> Result<(), Unstarted> {
        let prepared = self.prepare(peer, local, request);
        let prepared = prepared.map_err(Unstarted::Refused)?;
        let taken = self
            .guard
            .take_answer(peer, question, prepared.answer, self.first_sends())
            .map_err(Unstarted::Ignored)?;
        ticket.will_answer(prepared.answer);
        let job = Job {
            shared: Arc::clone(self),
            ticket,
            taken,
            report: report(peer, request, Ending::Stopped),
            started: Instant::now(),
        };
        self.workers.spawn(job.run(prepared)).detach();
        Ok(())
    }

    fn prepare(
        &self,
        peer: SocketAddr,
        local: Local,
        request: &Request<'_>,
    ) -> Result<Prepared, Refusal> {
        let (body, length) = match request.direction {
            Direction::Read => {
                let (file, length) = self.store.read(request.filename)?;
                let source = Source::file(file, length, request.mode);
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
        let socket = transfer_socket(local)?;
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
            socket,
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

    /// Transfers that were told to end hold a socket and a file until they have. Under a flood they
    /// must get their turn before the next request, which waits in the kernel meanwhile.
    async fn let_others_end(&self) {
        for _ in 0..PATIENT_TURNS {
            if self.admission.lingering() <= MAX_LINGERING {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
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
const PATIENT_TURNS: usize = 1000;
