//! Datagrams.

use std::time::Duration;

use lineman_trace::log::Host;

use super::Scenario;
use super::Stop;
use super::Subject;
use super::habits::PORT;
use super::habits::address;
use super::habits::to_server;
use super::stage::Stage;
use crate::hosts::Call;
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
];

/// A connected socket hears of the refusal; it is the next call that tells.
fn closed(stage: &Stage<'_>) -> Result<(), Stop> {
    let fd = stage.socket(Host::Client, Transport::Datagram)?;
    stage.done(Host::Client, to_server(fd))?;
    stage.send(Host::Client, fd, "anybody there?")?;
    let size = 2048;
    stage.call(Host::Client, Call::Recv { fd, size })?;
    stage.close(Host::Client, fd)
}

/// The server takes what comes, until nothing has come for a while.
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
        stage.done(Host::Client, datagram(fd, word.into()))?;
    }
    let size = 2048;
    let receive = Call::Recvfrom { fd: server, size };
    while let Outcome::Datagram(..) = stage.call(Host::Server, receive.clone())? {}
    Ok(())
}

/// The largest there is: 65,535 bytes less the headers of IP and UDP.
fn large(stage: &Stage<'_>) -> Result<(), Stop> {
    let server = stage.bound(Host::Server, Transport::Datagram, PORT)?;
    let fd = stage.socket(Host::Client, Transport::Datagram)?;
    let data = b"lineman ".iter().copied().cycle().take(65_507).collect();
    stage.done(Host::Client, datagram(fd, data))?;
    let size = 65_535;
    stage.done(Host::Server, Call::Recvfrom { fd: server, size })
}

pub(super) fn datagram(fd: i32, data: Vec<u8>) -> Call {
    let address = address(Host::Server, PORT);
    Call::Sendto { fd, data, address }
}
