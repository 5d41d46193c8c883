//! Files.

use std::net::SocketAddr;
use std::thread;

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

use super::Scenario;
use super::Stop;
use super::Subject;
use super::habits::address;
use super::stage::Stage;
use super::tftp_end::End;
use super::tftp_end::TIMING;
use super::tftp_end::receive;
use crate::hosts::Call;
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

/// Three blocks, the last one not full.
const FILE: usize = 1300;
const WELL_KNOWN: u16 = 69;
const NAME: &[u8] = b"kernel";

/// With an option, and so with an OACK.
fn get(stage: &Stage<'_>) -> Result<(), Stop> {
    let tsize = Some(0);
    let wish = Wish {
        tsize,
        ..Wish::default()
    };
    transfer(stage, Direction::Read, wish)
}

pub(super) fn plain_get(stage: &Stage<'_>) -> Result<(), Stop> {
    transfer(stage, Direction::Read, Wish::default())
}

fn put(stage: &Stage<'_>) -> Result<(), Stop> {
    transfer(stage, Direction::Write, Wish::default())
}

/// Somebody with another port sends a block too.
fn wrong_tid(stage: &Stage<'_>) -> Result<(), Stop> {
    thread::scope(|scope| {
        let stranger = scope.spawn(|| intrude(stage));
        plain_get(stage)?;
        stranger.join().unwrap_or(Err(Stop::Late("the stranger")))
    })
}

fn intrude(stage: &Stage<'_>) -> Result<(), Stop> {
    const STRANGER: u16 = 4444;
    let to = stage.until_delivered("a block", Host::Server, 1, |frame| {
        frame.endpoints().map(|(_, to)| to)
    })?;
    let hardware = |host| Mac(link::hardware(host));
    let envelope = Envelope {
        from_mac: hardware(Host::Server),
        to_mac: hardware(Host::Client),
        ..Envelope::new(address(Host::Server, STRANGER), to)
    };
    let frame = envelope.udp(b"\0\x03\0\x02not from here");
    stage.wire(Command::Forge(Host::Server, frame))
}

/// Both programs at once.
fn transfer(stage: &Stage<'_>, direction: Direction, wish: Wish) -> Result<(), Stop> {
    let well_known = stage.bound(Host::Server, Transport::Datagram, WELL_KNOWN)?;
    let file: Vec<u8> = b"0123456789".iter().copied().cycle().take(FILE).collect();
    let (ours, theirs) = match direction {
        Direction::Read => (Vec::new(), file.clone()),
        Direction::Write => (file.clone(), Vec::new()),
    };
    thread::scope(|scope| {
        let server = scope.spawn(|| serve(stage, well_known, theirs));
        let client = call(stage, direction, wish, ours)?;
        let server = server.join().unwrap_or(Err(Stop::Late("the server")))?;
        match client == file && server == file {
            true => Ok(()),
            false => Err(Stop::Late("the file as it was")),
        }
    })
}

/// The client asks and transfers.
fn call(
    stage: &Stage<'_>,
    direction: Direction,
    wish: Wish,
    file: Vec<u8>,
) -> Result<Vec<u8>, Stop> {
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
    let server = address(Host::Server, WELL_KNOWN);
    let end = End {
        stage,
        host: Host::Client,
        fd,
        session: Session::client(stage.now(), server, config),
        file,
    };
    let file = end.run()?;
    stage.close(Host::Client, fd)?;
    Ok(file)
}

/// The server takes one request, and answers it from a port of its own.
fn serve(stage: &Stage<'_>, well_known: i32, file: Vec<u8>) -> Result<Vec<u8>, Stop> {
    let (request, peer) = match stage.call(Host::Server, receive(well_known))? {
        Outcome::Datagram(bytes, from) => (bytes, from),
        outcome => {
            let call = "recvfrom";
            return Err(Stop::Outcome { call, outcome });
        }
    };
    let fd = stage.bound(Host::Server, Transport::Datagram, 0)?;
    let end = End {
        stage,
        host: Host::Server,
        fd,
        session: session(stage, &request, peer, file.len() as u64)?,
        file,
    };
    let file = end.run()?;
    stage.done(Host::Server, Call::Close { fd })?;
    Ok(file)
}

fn session(
    stage: &Stage<'_>,
    request: &[u8],
    peer: SocketAddr,
    length: u64,
) -> Result<Session, Stop> {
    let Ok(Packet::Request(request)) = Packet::parse(request) else {
        return Err(Stop::Late("a request"));
    };
    let rollover = Rollover::default();
    let policy = Policy {
        max_blksize: 1468,
        max_windowsize: 4,
        max_window_bytes: 1 << 16,
    };
    let (now, length) = (stage.now(), Some(length));
    let known = length.filter(|_| request.direction == Direction::Read);
    let offer = answer(request.direction, request.options, &policy, known);
    Ok(match request.direction {
        Direction::Read => Session::serve_read(now, peer, offer, rollover, TIMING, known),
        Direction::Write => Session::serve_write(now, peer, offer, rollover, TIMING),
    })
}
