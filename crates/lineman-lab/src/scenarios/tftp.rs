//! Files.

use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::ClientConfig;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::Policy;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Wish;
use lineman_proto::tftp::answer;
use lineman_proto::wire::Mac;
use lineman_proto::wire::compose::Envelope;
use lineman_trace::log::Host;
use lineman_trace::log::Hub;

use super::Awaited;
use super::Scenario;
use super::Stop;
use super::Subject;
use super::stage::Posted;
use super::stage::Stage;
use super::tftp_end::End;
use super::tftp_end::TIMING;
use super::tftp_end::receive;
use crate::Network;
use crate::hosts::Call;
use crate::hosts::Family;
use crate::hosts::Outcome;
use crate::hosts::Transport;
use crate::link;
use crate::wire::Command;

// A slow wire, where clocks matter: those of TFTP follow the round trip, and a busy machine is slow.
pub(super) const ALL: &[Scenario] = &[
    Scenario::new("tftp-get", Subject::Files, "", get),
    Scenario::new("tftp-put", Subject::Files, "", put),
    Scenario::new(
        "tftp-data-lost",
        Subject::Files,
        "s>c:tftp.data block 2 #1 drop",
        plain_get,
    )
    .slow(10),
    Scenario::new(
        "tftp-ack-lost",
        Subject::Files,
        "c>s:tftp.ack block 2 #1 drop",
        plain_get,
    )
    .slow(10),
    Scenario::new(
        "tftp-ack-duplicated",
        Subject::Files,
        "c>s:tftp.ack block 1 dup",
        plain_get,
    )
    .slow(10),
    Scenario::new("tftp-wrong-tid", Subject::Files, "", wrong_tid).slow(20),
];

/// A transfer as a user asks for it; each of the lessons above asks for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Whether the client reads the file or writes it.
    pub direction: Direction,
    /// The options that the client asks for.
    pub wish: Wish,
    /// How many bytes the file has.
    pub size: usize,
}

impl Transfer {
    /// The largest file, in bytes: its transfer already has more packets than a reader looks through.
    pub const LARGEST: usize = 1 << 20;

    /// Plays it between two new sockets and one at the port for requests, which ends with it. `log` and `patience` are
    /// as in [`Scenario::play_within`].
    ///
    /// # Errors
    /// When the lab ends before, a call fails, or the file does not arrive.
    pub fn play_within(
        &self,
        network: &mut dyn Network,
        log: &Hub,
        patience: Duration,
    ) -> Result<(), Stop> {
        let stage = Stage::new(network, log, patience, Family::Inet);
        let well_known = stage.bound(Host::Server, Transport::Datagram, WELL_KNOWN)?;
        let done = between(&stage, well_known, self, || Ok(()));
        // Whatever came of it, the next transfer needs the port.
        let closed = stage.done(Host::Server, Call::Close { fd: well_known });
        done.and(closed)
    }
}

/// How many bytes the file has: three blocks, the last one not full.
const FILE: usize = 1300;
/// The port for requests (RFC 1350 §4).
const WELL_KNOWN: u16 = 69;
/// The file's name: what machines that boot ask for.
const NAME: &[u8] = b"kernel";

/// With an option, and so with an OACK.
fn get(stage: &Stage<'_>) -> Result<(), Stop> {
    let tsize = Some(0);
    let wish = Wish {
        tsize,
        ..Wish::default()
    };
    transfer(stage, Direction::Read, wish, || Ok(()))
}

pub(super) fn plain_get(stage: &Stage<'_>) -> Result<(), Stop> {
    transfer(stage, Direction::Read, Wish::default(), || Ok(()))
}

fn put(stage: &Stage<'_>) -> Result<(), Stop> {
    transfer(stage, Direction::Write, Wish::default(), || Ok(()))
}

/// A block comes from another port too, as soon as the client has got one.
fn wrong_tid(stage: &Stage<'_>) -> Result<(), Stop> {
    let mut forged = false;
    transfer(stage, Direction::Read, Wish::default(), || {
        let client = stage.delivered(Host::Server, |frame| frame.endpoints().map(|(_, to)| to));
        match client.filter(|_| !forged) {
            Some(client) => {
                forged = true;
                forge(stage, client)
            }
            None => Ok(()),
        }
    })
}

fn forge(stage: &Stage<'_>, to: SocketAddr) -> Result<(), Stop> {
    const STRANGER: u16 = 4444;
    let hardware = |host| Mac(link::hardware(host));
    let envelope = Envelope {
        from_mac: hardware(Host::Server),
        to_mac: hardware(Host::Client),
        ..Envelope::new(stage.address(Host::Server, STRANGER), to)
    };
    let frame = envelope.udp(b"\0\x03\0\x02not from here");
    stage.wire(Command::Forge(Host::Server, frame))
}

/// Two programs at once: whichever has something to do does it. `meanwhile` is done before each wait.
fn transfer(
    stage: &Stage<'_>,
    direction: Direction,
    wish: Wish,
    meanwhile: impl FnMut() -> Result<(), Stop>,
) -> Result<(), Stop> {
    let well_known = stage.bound(Host::Server, Transport::Datagram, WELL_KNOWN)?;
    let asked = Transfer {
        direction,
        wish,
        size: FILE,
    };
    between(stage, well_known, &asked, meanwhile)
}

/// The same, where requests come to a socket that is there.
fn between(
    stage: &Stage<'_>,
    well_known: i32,
    asked: &Transfer,
    mut meanwhile: impl FnMut() -> Result<(), Stop>,
) -> Result<(), Stop> {
    let Transfer {
        direction,
        wish,
        size,
    } = *asked;
    let mut listens = Some(stage.post(Host::Server, receive(well_known))?);
    let file: Vec<u8> = b"0123456789".iter().copied().cycle().take(size).collect();
    let (ours, theirs) = match direction {
        Direction::Read => (Vec::new(), file.clone()),
        Direction::Write => (file.clone(), Vec::new()),
    };
    let mut ends = vec![ask(stage, direction, wish, ours)?];
    loop {
        meanwhile()?;
        let waiting = ends.iter().filter_map(End::waits);
        let waiting: Vec<Posted> = listens.into_iter().chain(waiting).collect();
        // Where neither waits, nothing more comes of itself, and the server's request was lost for good.
        let Some(limit) = ends.iter().filter_map(End::limit).max() else {
            break;
        };
        let limit = limit + stage.patience;
        match stage.first(&waiting, limit)? {
            Some((call, outcome)) if listens == Some(call) => {
                listens = None;
                ends.push(serve(stage, outcome, theirs.clone())?);
            }
            Some((call, outcome)) => {
                let end = ends.iter_mut().find(|end| end.waits() == Some(call));
                end.map_or(Ok(()), |end| end.hear(outcome))?;
            }
            None => return Err(Stop::Late(Awaited::Call(Host::Client, "recvfrom"))),
        }
    }
    match ends
        .into_iter()
        .map(End::file)
        .filter(|it| *it == file)
        .count()
    {
        2 => Ok(()),
        _ => Err(Stop::Late(Awaited::File)),
    }
}

/// The client asks.
fn ask<'s, 'n>(
    stage: &'s Stage<'n>,
    direction: Direction,
    wish: Wish,
    file: Vec<u8>,
) -> Result<End<'s, 'n>, Stop> {
    let fd = stage.socket(Host::Client, Transport::Datagram)?;
    let config = ClientConfig {
        direction,
        filename: NAME.to_vec(),
        mode: Mode::Octet,
        wish,
        rollover: Rollover::default(),
        timing: TIMING,
        length: Some(file.len() as u64),
    };
    let server = stage.address(Host::Server, WELL_KNOWN);
    let session = Session::client(stage.now(), server, config);
    End::begin(stage, Host::Client, fd, session, file)
}

/// The server takes one request, and answers it from a port of its own.
fn serve<'s, 'n>(
    stage: &'s Stage<'n>,
    request: Outcome,
    file: Vec<u8>,
) -> Result<End<'s, 'n>, Stop> {
    let (request, peer) = match request {
        Outcome::Datagram(bytes, from) => (bytes, from),
        outcome => {
            let call = "recvfrom";
            return Err(Stop::Outcome { call, outcome });
        }
    };
    let fd = stage.bound(Host::Server, Transport::Datagram, 0)?;
    let session = session(stage.now(), &request, peer, file.len() as u64)?;
    End::begin(stage, Host::Server, fd, session, file)
}

fn session(now: Instant, request: &[u8], peer: SocketAddr, length: u64) -> Result<Session, Stop> {
    let Ok(Packet::Request(request)) = Packet::parse(request) else {
        return Err(Stop::Late(Awaited::Packet(Host::Client, "RRQ, WRQ")));
    };
    let rollover = Rollover::default();
    let policy = Policy {
        max_blksize: 1468,
        max_windowsize: 4,
        max_window_bytes: 1 << 16,
    };
    let length = Some(length);
    let known = length.filter(|_| request.direction == Direction::Read);
    let offer = answer(request.direction, request.options, &policy, known);
    Ok(match request.direction {
        Direction::Read => Session::serve_read(now, peer, offer, rollover, TIMING, known),
        Direction::Write => Session::serve_write(now, peer, offer, rollover, TIMING),
    })
}
