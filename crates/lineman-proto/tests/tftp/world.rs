//! A client and a server, each a session with the least of a driver around it, and a link.

use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::ClientConfig;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Event;
use lineman_proto::tftp::Failure;
use lineman_proto::tftp::FlightChange;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::Payload;
use lineman_proto::tftp::Pipelining;
use lineman_proto::tftp::Policy;
use lineman_proto::tftp::Request;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Stats;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::Wish;
use lineman_proto::tftp::answer;

use crate::link::Link;
use crate::link::Rule;
use crate::link::Weather;
use crate::models::Machine;
use crate::reader::Habits;
use crate::reader::Reader;

pub struct Setup {
    pub file: Vec<u8>,
    pub direction: Direction,
    pub wish: Wish,
    pub rollover: Rollover,
    /// Whether the sender is told the file's length, or has to find its end.
    pub known_length: bool,
    pub weather: Weather,
    pub to_server: Vec<Rule>,
    pub to_client: Vec<Rule>,
    pub strangers: Vec<Stranger>,
    /// A client that is not ours.
    pub reader: Option<Habits>,
    /// A client of the field, which makes its request itself.
    pub machine: Option<Machine>,
    /// Whether the server sends blocks ahead to a client without `windowsize`.
    pub pipeline: bool,
    /// How long each flight of the server waits for its permit, if it needs one.
    pub permits: Option<Duration>,
    /// How often our client repeats its request, if not by its estimate.
    pub ask_every: Option<Duration>,
}

/// A packet that does not come from the peer.
#[derive(Clone, Debug)]
pub struct Stranger {
    pub at: Duration,
    pub to_client: bool,
    pub packet: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Running,
    Finished { confirmed: bool },
    Failed(Failure),
}

pub struct Report {
    pub client: Outcome,
    pub server: Outcome,
    pub client_stats: Stats,
    pub server_stats: Stats,
    /// When both were done, dallying not counted.
    pub took: Duration,
    pub received: Vec<u8>,
    pub pipelining: Pipelining,
    /// Packets that found the client's receive ring full.
    pub overruns: u64,
    /// ERROR packets that strangers got.
    pub rebukes: usize,
}

pub struct World {
    setup: Setup,
    epoch: Instant,
    now: Duration,
    client: Client,
    server: Option<End>,
    to_server: Link,
    to_client: Link,
    rebukes: usize,
    done_at: Option<Duration>,
}

/// Our client, or a model of another program's.
enum Client {
    Ours(Box<End>),
    Reader(Box<Reader>),
    Machine(Box<Machine>),
}

/// A session and what it received.
struct End {
    session: Session,
    outcome: Outcome,
    received: Vec<u8>,
    blksize: usize,
    permits_after: Duration,
    permit_at: Option<Duration>,
}

const ASKED: &str = "10.0.0.2:69";
const CLIENT: &str = "10.0.0.1:1000";
const SERVER: &str = "10.0.0.2:2000";
const STRANGER: &str = "10.0.0.9:9";

const TIMING: Timing = Timing {
    patience: Duration::from_secs(20),
    dally: Duration::from_millis(250),
    unconfirmed_resends: None,
};

impl World {
    pub fn new(mut setup: Setup) -> Self {
        let epoch = epoch();
        let machine = setup.machine.take();
        let config = ClientConfig {
            direction: setup.direction,
            filename: b"file".to_vec(),
            mode: Mode::Octet,
            wish: setup.wish,
            rollover: setup.rollover,
            timing: TIMING,
            length: length(&setup),
        };
        Self {
            epoch,
            now: Duration::ZERO,
            client: match (&setup.reader, machine) {
                (_, Some(machine)) => Client::Machine(Box::new(machine)),
                (None, None) => {
                    let mut session = Session::client(epoch, addr(ASKED), config);
                    if let Some(interval) = setup.ask_every {
                        session = session.asking_every(interval);
                    }
                    Client::Ours(Box::new(End::new(session, 512)))
                }
                (Some(habits), None) => {
                    let Wish {
                        blksize,
                        windowsize,
                        ..
                    } = setup.wish;
                    Client::Reader(Box::new(Reader::new(habits.clone(), blksize, windowsize)))
                }
            },
            server: None,
            to_server: Link::new(&setup.weather, &setup.to_server, 1),
            to_client: Link::new(&setup.weather, &setup.to_client, 2),
            rebukes: 0,
            done_at: None,
            setup,
        }
    }

    /// Runs until both ends are over, or nothing can happen any more.
    pub fn run(mut self) -> Report {
        self.drain();
        for _ in 0..MOST_STEPS {
            let Some(next) = self.next_moment() else {
                return self.report();
            };
            self.now = self.now.max(next);
            self.step();
        }
        panic!("does not end");
    }

    fn next_moment(&self) -> Option<Duration> {
        let timeout = |end: &End| {
            let due = end.session.poll_timeout();
            let due = due.map(|at| at.saturating_duration_since(self.epoch));
            [due, end.permit_at].into_iter().flatten().min()
        };
        [
            self.to_server.next_arrival(),
            self.to_client.next_arrival(),
            match &self.client {
                Client::Ours(client) => timeout(client),
                Client::Reader(reader) => reader.due(),
                Client::Machine(machine) => machine.due(),
            },
            self.server.as_ref().and_then(timeout),
            self.setup.strangers.first().map(|stranger| stranger.at),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn step(&mut self) {
        let now = self.epoch + self.now;
        while let Some(packet) = self.to_server.receive(self.now) {
            self.at_server(&packet);
            self.drain();
        }
        while let Some(packet) = self.to_client.receive(self.now) {
            match &mut self.client {
                Client::Ours(client) => client.handle(now, addr(SERVER), &packet),
                Client::Reader(reader) => reader.take(self.now, &packet),
                Client::Machine(machine) => machine.take(self.now, &packet),
            }
            self.drain();
        }
        while self
            .setup
            .strangers
            .first()
            .is_some_and(|stranger| stranger.at <= self.now)
        {
            let stranger = self.setup.strangers.remove(0);
            let end = if stranger.to_client {
                self.client.ours()
            } else {
                self.server.as_mut()
            };
            if let Some(end) = end {
                end.handle(now, addr(STRANGER), &stranger.packet);
            }
            self.drain();
        }
        match &mut self.client {
            Client::Reader(reader) => reader.work(self.now),
            Client::Machine(machine) => machine.work(self.now),
            Client::Ours(_) => {}
        }
        for end in [self.client.ours(), self.server.as_mut()]
            .into_iter()
            .flatten()
        {
            if end.session.poll_timeout().is_some_and(|at| at <= now) {
                end.session.handle_timeout(now);
            }
            if end.permit_at.take_if(|at| *at <= self.now).is_some() {
                end.session.handle_permit(now);
            }
        }
        self.drain();
        let over = |outcome: &Outcome| *outcome != Outcome::Running;
        let server = self.server.as_ref().map(|server| &server.outcome);
        if self.done_at.is_none() && over(self.client.outcome()) && server.is_none_or(over) {
            self.done_at = Some(self.now);
        }
    }

    fn at_server(&mut self, packet: &[u8]) {
        let now = self.epoch + self.now;
        match (Packet::parse(packet), &mut self.server) {
            (Ok(Packet::Request(_)), Some(server)) => server.session.handle_repeated_request(now),
            (Ok(Packet::Request(request)), None) => self.server = Some(self.serve(now, &request)),
            (_, Some(server)) => server.handle(now, addr(CLIENT), packet),
            (_, None) => {}
        }
    }

    fn serve(&self, now: Instant, request: &Request<'_>) -> End {
        let policy = Policy {
            max_blksize: 65464,
            max_windowsize: 64,
            max_window_bytes: 1 << 20,
        };
        let timing = Timing {
            unconfirmed_resends: Some(1),
            ..TIMING
        };
        let offer = answer(
            request.direction,
            request.options,
            &policy,
            length(&self.setup),
        );
        let blksize = usize::from(offer.agreed.blksize);
        let rollover = self.setup.rollover;
        let session = match request.direction {
            Direction::Read => Session::serve_read(
                now,
                addr(CLIENT),
                offer,
                rollover,
                timing,
                length(&self.setup),
            ),
            Direction::Write => Session::serve_write(now, addr(CLIENT), offer, rollover, timing),
        };
        let session = if self.setup.pipeline {
            session.pipelined()
        } else {
            session
        };
        match self.setup.permits {
            None => End::new(session, blksize),
            Some(permits_after) => End {
                permits_after,
                ..End::new(session.metered(self.setup.weather.seed as u8), blksize)
            },
        }
    }

    fn drain(&mut self) {
        let now = self.now;
        let file = &self.setup.file;
        match &mut self.client {
            Client::Ours(client) => {
                self.rebukes += client.send_all(file, now, &mut self.to_server);
            }
            Client::Reader(reader) => reader.send_all(now, &mut self.to_server),
            Client::Machine(machine) => machine.send_all(now, &mut self.to_server),
        }
        if let Some(server) = &mut self.server {
            self.rebukes += server.send_all(file, now, &mut self.to_client);
        }
    }

    fn report(self) -> Report {
        let outcome = self.client.outcome().clone();
        let (at_client, client_stats, overruns) = match self.client {
            Client::Ours(client) => (client.received, client.session.stats(), 0),
            Client::Reader(reader) => (reader.received, Stats::default(), 0),
            Client::Machine(machine) => (machine.say.received, Stats::default(), machine.overruns),
        };
        let server = self.server.as_ref();
        Report {
            received: match self.setup.direction {
                Direction::Read => at_client,
                Direction::Write => server.map(|end| end.received.clone()).unwrap_or_default(),
            },
            client: outcome,
            client_stats,
            server: server.map_or(Outcome::Running, |server| server.outcome.clone()),
            server_stats: server
                .map(|server| server.session.stats())
                .unwrap_or_default(),
            pipelining: server.map_or(Pipelining::Off, |server| server.session.pipelining()),
            overruns,
            took: self.done_at.unwrap_or(self.now),
            rebukes: self.rebukes,
        }
    }
}

impl Client {
    fn ours(&mut self) -> Option<&mut End> {
        match self {
            Self::Ours(client) => Some(client),
            Self::Reader(_) | Self::Machine(_) => None,
        }
    }

    fn outcome(&self) -> &Outcome {
        match self {
            Self::Ours(client) => &client.outcome,
            Self::Reader(reader) => &reader.outcome,
            Self::Machine(machine) => &machine.say.outcome,
        }
    }
}

impl End {
    fn new(session: Session, blksize: usize) -> Self {
        Self {
            session,
            outcome: Outcome::Running,
            received: Vec::new(),
            blksize,
            permits_after: Duration::ZERO,
            permit_at: None,
        }
    }

    fn handle(&mut self, now: Instant, from: SocketAddr, packet: &[u8]) {
        self.session.handle_packet(now, from, packet);
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Deliver(range) => self.received.extend_from_slice(&packet[range]),
                Event::Store => self.session.handle_stored(now),
                other => self.note(other),
            }
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Opened(agreed) => self.blksize = usize::from(agreed.blksize),
            Event::Finished { confirmed } => self.outcome = Outcome::Finished { confirmed },
            Event::Failed(failure) => self.outcome = Outcome::Failed(failure),
            _ => {}
        }
    }

    /// Sends what is due, reading blocks from `file`; returns how many went to strangers.
    fn send_all(&mut self, file: &[u8], now: Duration, link: &mut Link) -> usize {
        let mut rebukes = 0;
        while let Some(transmit) = self.session.poll_transmit() {
            if transmit.to == addr(STRANGER) {
                rebukes += 1;
                continue;
            }
            match transmit.payload {
                Payload::Ack(ack) => link.send(now, &ack),
                Payload::Packet(packet) => link.send(now, &packet),
                Payload::Data(run) => {
                    for nth in 0..run.count {
                        let start =
                            (run.offset() as usize + nth as usize * self.blksize).min(file.len());
                        let block = &file[start..(start + self.blksize).min(file.len())];
                        link.send(now, &[&run.header(nth)[..], block].concat());
                        if block.len() < self.blksize {
                            self.session.handle_end(file.len() as u64);
                            break;
                        }
                    }
                }
            }
        }
        while let Some(event) = self.session.poll_event() {
            self.note(event);
        }
        while let Some(change) = self.session.poll_flight() {
            match change {
                FlightChange::Asks { .. } => self.permit_at = Some(now + self.permits_after),
                FlightChange::Withdraws => self.permit_at = None,
                FlightChange::Ended { .. } => {}
            }
        }
        rebukes
    }
}

fn length(setup: &Setup) -> Option<u64> {
    setup.known_length.then_some(setup.file.len() as u64)
}

fn addr(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

#[allow(
    clippy::disallowed_methods,
    reason = "an Instant can only be had from the clock; any will do"
)]
fn epoch() -> Instant {
    Instant::now()
}

const MOST_STEPS: usize = 2_000_000;
