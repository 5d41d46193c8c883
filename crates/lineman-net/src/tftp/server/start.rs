//! A request that becomes a transfer: the file is opened, options are agreed on, a session begins.
//!
//! Opening a file may block, so it is done on the pool, unless another transfer has the file open:
//! then the transfer is started at once.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::ClientRule;
use lineman_proto::tftp::DATA_HEADER;
use lineman_proto::tftp::DEFAULT_BLKSIZE;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Fingerprint;
use lineman_proto::tftp::Policy;
use lineman_proto::tftp::Request;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::answer;
use lineman_proto::tftp::guard::Ignored;
use lineman_proto::tftp::guard::Standing;
use lineman_proto::tftp::guard::Taken;
use lineman_proto::tftp::guard::is_free;

use super::ServerEvent;
use super::Shared;
use super::observer::TransferObserver;
use super::report;
use super::routing::Target;
use super::waiting::Waiting;
use crate::packet_info::Local;
use crate::tftp::Ending;
use crate::tftp::Lane;
use crate::tftp::Refusal;
use crate::tftp::Report;
use crate::tftp::Sink;
use crate::tftp::admission::Ticket;
use crate::tftp::socket::RequestSocket;
use crate::tftp::socket::route_blksize;
use crate::tftp::socket::transfer_socket;
use crate::tftp::transfer::Body;
use crate::tftp::transfer::Command;
use crate::tftp::transfer::Meter;
use crate::tftp::transfer::Transfer;
use crate::tftp::transfer::Unproven;
use crate::tftp::transfer_socket::TransferSocket;

/// Who asked, where, with what.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) socket: &'a RequestSocket,
    pub(super) from: SocketAddr,
    pub(super) local: Local,
    pub(super) packet: &'a [u8],
    pub(super) standing: Standing,
    /// What the rules made of it; `None` before they were asked.
    pub(super) target: Option<&'a Target>,
}

impl<'a> Asked<'a> {
    /// The name of the file to be opened.
    pub(super) fn filename(&self, request: &Request<'a>) -> &'a [u8] {
        self.target
            .map_or(request.filename, |target| target.filename(request))
    }

    /// A report about it.
    pub(super) fn report(&self, request: &Request<'_>, ending: Ending) -> Report {
        Report {
            routed: self.target.and_then(Target::routed),
            ..report(self.from, request, ending)
        }
    }
}

/// A transfer that could begin.
struct Prepared {
    transfer_socket: TransferSocket,
    session: Session,
    body: Body,
    agreed: Agreed,
    /// How long its first answer is.
    answer: usize,
    /// How often that may leave before the client has answered.
    times: u32,
    client: Fingerprint,
    /// Its windows leave with a permit.
    is_metered: bool,
}

/// Why none begins.
pub(super) enum Unstarted {
    Refused(Refusal),
    Ignored(Ignored),
}

impl Shared {
    /// Starts the transfer that is asked for, now or when its file has been opened; a refusal is told
    /// to the client.
    pub(super) fn open(self: &Arc<Self>, asked: Asked<'_>, request: &Request<'_>, ticket: Ticket) {
        let target = (!self.config.routing.has_rules()).then_some(Target::AsAsked);
        let opened = match (&target, request.direction) {
            (Some(_), Direction::Read) => self.store.read_opened(request.filename, request.mode),
            _ => None,
        };
        if let Some(source) = opened {
            let started = self.start(&asked, request, Body::Send(source), ticket);
            return self.conclude(&asked, request, started);
        }
        let lane = match target {
            Some(_) => self.store.lane(request.filename),
            None => Lane::of(&"rules"), // where they lead is not known yet
        };
        let waiting = Waiting {
            shared: Arc::clone(self),
            socket: asked.socket.clone(),
            from: asked.from,
            local: asked.local,
            packet: asked.packet.to_vec(),
            standing: asked.standing,
            target,
            ticket,
        };
        if self
            .engine
            .pool()
            .offer(lane, move || waiting.open())
            .is_err()
        {
            let full = io::Error::from(io::ErrorKind::ResourceBusy);
            let refused = Unstarted::Refused(Refusal::Exhausted(full));
            self.conclude(&asked, request, Err(refused));
        }
    }

    /// Whether the client has asked for something else meanwhile, or was evicted.
    pub(super) fn given_up(
        &self,
        from: SocketAddr,
        request: &Request<'_>,
        ticket: &Ticket,
    ) -> bool {
        let given_up = ticket.handle().last() == Some(Command::Supersede);
        if given_up && !ticket.fate().quiet.load(Ordering::Relaxed) {
            self.send_report(report(from, request, Ending::Superseded));
        }
        given_up
    }

    /// The file is open before anything is answered, so that a refusal is the first thing the client
    /// gets (PXELINUX mishandles an ERROR behind an OACK).
    pub(super) fn start(
        self: &Arc<Self>,
        asked: &Asked<'_>,
        request: &Request<'_>,
        body: Body,
        mut ticket: Ticket,
    ) -> Result<(), Unstarted> {
        let peer = asked.from;
        let prepared = self.prepare(asked, request, body, ticket.handle().number());
        let prepared = prepared.map_err(Unstarted::Refused)?;
        let must_prove = self.must_prove(asked.standing);
        let taken = if must_prove {
            Taken::default() // each packet is on its account
        } else {
            let Prepared { answer, times, .. } = prepared;
            self.guard
                .take_answer(peer, asked.standing, asked.packet.len(), answer, times)
                .map_err(Unstarted::Ignored)?
        };
        ticket.will_answer(prepared.answer);
        ticket.starts();
        let handle = ticket.handle();
        let observer = TransferObserver {
            shared: Arc::clone(self),
            ticket,
            taken,
            proves: !must_prove,
            proves_address: !matches!(prepared.transfer_socket, TransferSocket::Member(_)),
            report: Some(asked.report(request, Ending::Stopped)),
            started: Instant::now(),
            state: None,
            client: prepared.client,
        };
        let Prepared {
            transfer_socket,
            session,
            body,
            agreed,
            is_metered,
            ..
        } = prepared;
        let store = asked
            .target
            .map_or(&self.store, |target| self.store_of(target));
        let mut transfer =
            Transfer::new(transfer_socket, session, body, agreed, Box::new(observer))
                .in_lane(store.lane(asked.filename(request)))
                .with_meter(
                    is_metered.then(|| Meter::new(Arc::clone(&self.window), handle.clone())),
                );
        if must_prove {
            let unproven = Unproven::new(
                Arc::clone(&self.guard),
                peer,
                asked.packet.len(),
                asked.standing.proved,
            );
            transfer = transfer.with_unproven_peer(unproven);
        }
        handle.start(transfer);
        Ok(())
    }

    pub(super) fn accept_upload(
        &self,
        filename: &[u8],
        request: &Request<'_>,
    ) -> Result<Body, Refusal> {
        let uploads = self.store.uploads().ok_or(Refusal::StoreReadOnly)?;
        let announced = request.options.number("tsize");
        let file = uploads.write(filename, announced)?;
        let most = uploads.max_upload();
        let sink = if self.config.sync_uploads {
            Sink::durable_file(file, request.mode, most)
        } else {
            Sink::file(file, request.mode, most)
        };
        Ok(Body::Receive(Some(sink)))
    }

    fn prepare(
        self: &Arc<Self>,
        asked: &Asked<'_>,
        request: &Request<'_>,
        body: Body,
        number: u64,
    ) -> Result<Prepared, Refusal> {
        let peer = asked.from;
        let length = match &body {
            Body::Send(source) => source.length(),
            Body::Receive(_) => None,
        };
        let rule = self.rule(peer, request);
        let offer = answer(
            request.direction,
            rule.options(request.options),
            &rule.limit(self.policy(asked, request), request.options),
            length,
        );
        let agreed = offer.agreed;
        let answer = first_answer(request.direction, offer.oack.as_deref(), length);
        let rollover = rule.rollover.unwrap_or(self.config.rollover);
        let times = self.first_sends(asked.standing, peer, asked.packet.len(), answer);
        let (now, mut timing) = (Instant::now(), self.config.timing);
        timing.unconfirmed_resends = timing.unconfirmed_resends.map(|_| times - 1);
        let session = match request.direction {
            Direction::Read => Session::serve_read(now, peer, offer, rollover, timing, length),
            Direction::Write => Session::serve_write(now, peer, offer, rollover, timing),
        };
        let client = Fingerprint::of(peer.ip(), request.options);
        let learned = self.clients().recall(now, client);
        let pipelines = self.config.pipeline
            && learned.is_worth_pipelining()
            && !self.must_prove(asked.standing);
        let session = if pipelines {
            session.pipelined().knowing(&learned)
        } else {
            session.knowing(&learned)
        };
        if let Some(length) = length.filter(|_| learned.stops_at_rollover())
            && let Some(blksize) = Rollover::larger_blksize(length, agreed.blksize)
        {
            self.send_event(ServerEvent::TooManyBlocks {
                peer,
                filename: request.filename.to_vec(),
                agreed: agreed.blksize,
                blksize,
            });
        }
        let has_windows = agreed.windowsize > 1 || agreed.variable_window.is_some();
        // What the unproven are sent is on their accounts. Few in lockstep fill no way.
        let is_metered = self.config.congestion_control
            && matches!(body, Body::Send(_))
            && !self.must_prove(asked.standing)
            && (has_windows || (!pipelines && self.engine.together() >= CROWD));
        let session = match is_metered {
            true => session.metered((number % 256).wrapping_mul(SPREAD) as u8),
            false => session,
        };
        let is_lockstep = matches!(body, Body::Send(_))
            && !asks_for_windows(request)
            && agreed.variable_window.is_none()
            && (asked.standing.trusted || agreed.blksize <= LARGEST_SHARED)
            && !pipelines;
        let transfer_socket = self.transfer_socket(
            asked,
            number,
            is_lockstep,
            request.options.iter().next().is_some(),
        )?;
        Ok(Prepared {
            client,
            transfer_socket,
            session,
            body,
            agreed,
            answer,
            times,
            is_metered,
        })
    }

    /// A socket of its own, unless it belongs to a crowd in lockstep. There an ACK does not prove the
    /// address, so that a client that asks without options, and is to give back what the answer took from the
    /// account of unproven bytes, has a socket of its own until it has proved itself.
    fn transfer_socket(
        self: &Arc<Self>,
        asked: &Asked<'_>,
        number: u64,
        is_lockstep: bool,
        has_options: bool,
    ) -> Result<TransferSocket, Refusal> {
        if self.config.single_port {
            return Ok(asked.socket.transfer_socket(asked.local));
        }
        let Standing {
            trusted, proved, ..
        } = asked.standing;
        let may_share = trusted || proved || has_options;
        if is_lockstep && may_share && self.engine.together() >= CROWD {
            let membership = self
                .shared_ports
                .join(self, asked.local, asked.from, number)?;
            if let Some(membership) = membership {
                return Ok(TransferSocket::Member(membership));
            }
        }
        Ok(TransferSocket::Own(transfer_socket(asked.local)?))
    }

    /// How often the first answer is sent to a peer that says nothing. Where that would be more than
    /// is free, once: a client that is there asks again.
    pub(super) fn first_sends(
        &self,
        standing: Standing,
        peer: SocketAddr,
        question: usize,
        answer: usize,
    ) -> u32 {
        let most = 1 + self.config.timing.unconfirmed_resends.unwrap_or(0);
        let is_free = is_free(peer.ip(), question, answer, most);
        if standing.trusted || is_free { most } else { 1 }
    }

    /// The rule that holds for this client; an empty one for most.
    fn rule(&self, peer: SocketAddr, request: &Request<'_>) -> Cow<'_, ClientRule> {
        let rule = ClientRule::find(&self.config.client_rules, peer.ip(), request.options);
        rule.map_or_else(|| Cow::Owned(ClientRule::default()), Cow::Borrowed)
    }

    fn policy(&self, asked: &Asked<'_>, request: &Request<'_>) -> Policy {
        let max_blksize = match self.config.max_blksize {
            Some(max_blksize) => max_blksize,
            // To ask for the route takes four system calls, and here it would be for nothing.
            None if request.options.number("blksize").is_none() => DEFAULT_BLKSIZE,
            None => route_blksize(asked.from).unwrap_or(DEFAULT_BLKSIZE),
        };
        Policy {
            max_blksize,
            max_windowsize: match (self.must_prove(asked.standing), asked.standing.proved) {
                (false, _) => self.config.max_windowsize,
                // What it is sent on faith is to be small, as long as that is all there is.
                (true, true) => self.config.max_windowsize.min(KNOWN_WINDOW),
                (true, false) => 1,
            },
            max_window_bytes: MAX_WINDOW_BYTES,
        }
    }
}

/// How long the first answer is: the OACK, ACK 0, or the first block.
pub(super) fn first_answer(
    direction: Direction,
    oack: Option<&[u8]>,
    length: Option<u64>,
) -> usize {
    let block = u64::from(DEFAULT_BLKSIZE);
    match (oack, direction) {
        (Some(oack), _) => oack.len(),
        (None, Direction::Write) => DATA_HEADER,
        (None, Direction::Read) => DATA_HEADER + length.unwrap_or(block).min(block) as usize,
    }
}

/// Whether the client wants more than one block in flight.
pub(super) fn asks_for_windows(request: &Request<'_>) -> bool {
    request.options.number("windowsize").is_some_and(|n| n > 1)
}

/// Odd, so that transfers that begin one after the other are spread over all of 256 moments.
const SPREAD: u64 = 151;
/// So many transfers in lockstep that several of each shared port are due together. With fewer, a socket
/// for each costs less: 50 clients took 7.9 µs a block with shared ports, the best peer 7.0.
const CROWD: usize = 128;
/// The largest block from a shared port to a client that may be forged: what Ethernet's 1500 bytes carry.
/// 64 ACKs are longer than one such block, and shorter than one of a jumbo frame.
const LARGEST_SHARED: u16 = 1468;
/// The largest window, from one port for all, to an address that has proved itself, but whose transfer
/// has not: eight of them are on faith.
const KNOWN_WINDOW: u16 = 16;
/// What one peer can make us have in flight.
const MAX_WINDOW_BYTES: u32 = 1 << 20;
