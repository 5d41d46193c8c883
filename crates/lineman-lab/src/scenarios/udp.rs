//! Datagrams.

use std::time::Duration;

use lineman_trace::log::Host;

use super::Scenario;
use super::Stop;
use super::Subject;
use super::habits::PORT;
use super::stage::Stage;
use crate::hosts::Call;
use crate::hosts::Flag;
use crate::hosts::Outcome;
use crate::hosts::Transport;

pub(super) const ALL: &[Scenario] = &[
    Scenario::new("udp-closed", Subject::Datagrams, "", closed),
    Scenario::new("udp-lost", Subject::Datagrams, "c>s:udp #2 drop", three),
    Scenario::new(
        "udp-duplicated",
        Subject::Datagrams,
        "c>s:udp #2 dup",
        three,
    ),
    Scenario::new(
        "udp-reordered",
        Subject::Datagrams,
        "c>s:udp #2 reorder 1",
        three,
    ),
    Scenario::new("udp-fragments", Subject::Datagrams, "", large).only_on_linux(),
    Scenario::new("udp-boundaries", Subject::Datagrams, "", two),
    Scenario::new("udp-truncated", Subject::Datagrams, "", cut),
];

/// A connected socket hears of the refusal; it is the next call that tells.
fn closed(stage: &Stage<'_>) -> Result<(), Stop> {
    let fd = stage.socket(Host::Client, Transport::Datagram)?;
    stage.done(Host::Client, stage.to_server(fd))?;
    stage.send(Host::Client, fd, "anybody there?")?;
    let size = 2048;
    stage.call(Host::Client, Call::Recv { fd, size })?;
    stage.close(Host::Client, fd)
}

/// The server receives until nothing has come for a while.
fn three(stage: &Stage<'_>) -> Result<(), Stop> {
    let server = stage.bound(Host::Server, Transport::Datagram, PORT)?;
    let timeout = Some(Duration::from_millis(300));
    let call = Call::Settimeout {
        fd: server,
        timeout,
    };
    stage.done(Host::Server, call)?;
    let fd = stage.socket(Host::Client, Transport::Datagram)?;
    for word in ["one", "two", "three"] {
        stage.done(Host::Client, stage.datagram(fd, word.into()))?;
    }
    let size = 2048;
    let receive = Call::Recvfrom { fd: server, size };
    while let Outcome::Datagram(..) = stage.call(Host::Server, receive.clone())? {}
    Ok(())
}

/// The largest there is: 65,535 bytes less the headers of IP and UDP. The server waits for it before the first fragment leaves, so
/// that none is on its way when its call begins.
fn large(stage: &Stage<'_>) -> Result<(), Stop> {
    let server = stage.bound(Host::Server, Transport::Datagram, PORT)?;
    let size = 65_535;
    let hears = stage.post(Host::Server, Call::Recvfrom { fd: server, size })?;
    let fd = stage.socket(Host::Client, Transport::Datagram)?;
    let data = b"lineman ".iter().copied().cycle().take(65_507).collect();
    stage.done(Host::Client, stage.datagram(fd, data))?;
    stage.answer(&hears).map(drop)
}

/// As `stream-merged` of TCP: both are there before the program asks.
fn two(stage: &Stage<'_>) -> Result<(), Stop> {
    let server = both_arrive(stage)?;
    for _ in 0..2 {
        let size = 4096;
        stage.done(Host::Server, Call::Recvfrom { fd: server, size })?;
    }
    Ok(())
}

/// The program has not enough room for either, and asks how long the second one is.
fn cut(stage: &Stage<'_>) -> Result<(), Stop> {
    let (fd, size) = (both_arrive(stage)?, 3);
    let receive = Call::Recvfrom { fd, size };
    stage.done(Host::Server, receive.clone())?;
    let (flags, of) = (vec![Flag::Truncate], Box::new(receive));
    stage.done(Host::Server, Call::Flagged { flags, of })
}

/// The server's socket, in which two datagrams lie.
fn both_arrive(stage: &Stage<'_>) -> Result<i32, Stop> {
    let server = stage.bound(Host::Server, Transport::Datagram, PORT)?;
    let fd = stage.socket(Host::Client, Transport::Datagram)?;
    for word in ["hello", "world"] {
        stage.done(Host::Client, stage.datagram(fd, word.into()))?;
    }
    stage.until_delivered("UDP", Host::Client, 2, |frame| frame.udp().map(drop))?;
    Ok(server)
}
