//! What calls wait for, and calls that do not wait.

use std::time::Duration;

use lineman_trace::log::Host;

use super::Scenario;
use super::Stop;
use super::Subject;
use super::habits::BACKLOG;
use super::habits::PORT;
use super::stage::Stage;
use crate::hosts::Call;
use crate::hosts::Outcome;
use crate::hosts::SocketOption;
use crate::hosts::Transport;

pub(super) const ALL: &[Scenario] = &[
    Scenario::new("recv-blocking", Subject::Waiting, "", blocking),
    Scenario::new("recv-timeout", Subject::Waiting, "", timeout),
    Scenario::new("recv-nonblocking", Subject::Waiting, "", nonblocking),
    Scenario::new("connect-nonblocking", Subject::Waiting, "", connecting),
    Scenario::new("select", Subject::Waiting, "", select),
    // Without SACK there is no probe of the tail (RFC 8985 §7), which would come before the delayed ACK.
    Scenario::new("partial-send", Subject::Waiting, "", partial).as_in_the_textbook(),
];

/// The server's program stands still until the client has something to say.
fn blocking(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    let size = 4096;
    let hears = stage.post(Host::Server, Call::Recv { fd: server, size })?;
    stage.pause(THINKS)?;
    stage.send(Host::Client, client, "at last")?;
    stage.answer(&hears).map(drop)
}

/// The server's program waits for a while only (a time-out).
fn timeout(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    let timeout = Some(Duration::from_millis(THINKS));
    let fd = server;
    stage.done(Host::Server, Call::Settimeout { fd, timeout })?;
    stage.recv(Host::Server, server, 4096)?;
    stage.send(Host::Client, client, "too late")?;
    stage.recv(Host::Server, server, 4096).map(drop)
}

/// The server's program does not wait (non-blocking), and has to call again.
fn nonblocking(stage: &Stage<'_>) -> Result<(), Stop> {
    const WORDS: &str = "here I am";
    let (client, server) = stage.connect()?;
    let (fd, blocking) = (server, false);
    stage.done(Host::Server, Call::Setblocking { fd, blocking })?;
    stage.recv(Host::Server, server, 4096)?;
    stage.send(Host::Client, client, WORDS)?;
    stage.until_bytes(Host::Client, WORDS.len())?;
    stage.recv(Host::Server, server, 4096).map(drop)
}

/// `connect` returns before the handshake has begun; the error of the socket tells how it went.
fn connecting(stage: &Stage<'_>) -> Result<(), Stop> {
    let listener = stage.listen(BACKLOG)?;
    let fd = stage.socket(Host::Client, Transport::Stream)?;
    let blocking = false;
    stage.done(Host::Client, Call::Setblocking { fd, blocking })?;
    stage.call(Host::Client, stage.to_server(fd))?;
    let call = Call::Select {
        read: Vec::new(),
        write: vec![fd],
        timeout: None,
    };
    stage.done(Host::Client, call)?;
    let option = SocketOption::Error;
    stage.done(Host::Client, Call::Getsockopt { fd, option })?;
    stage.done(Host::Server, Call::Accept { fd: listener })
}

/// One program and two connections: it waits for both, and is told which one has something.
fn select(stage: &Stage<'_>) -> Result<(), Stop> {
    let listener = stage.listen(BACKLOG)?;
    let (_, one) = stage.connect_to(listener)?;
    let (talks, two) = stage.connect_to(listener)?;
    let call = Call::Select {
        read: vec![one, two],
        write: Vec::new(),
        timeout: None,
    };
    let selects = stage.post(Host::Server, call)?;
    stage.pause(THINKS)?;
    stage.send(Host::Client, talks, "it is me")?;
    match stage.answer(&selects)? {
        Outcome::Ready { read, .. } => read
            .into_iter()
            .try_for_each(|fd| stage.recv(Host::Server, fd, 4096).map(drop)),
        outcome => {
            let call = "select";
            Err(Stop::Outcome { call, outcome })
        }
    }
}

/// The buffers of both ends are small, and the server does not read yet: the kernel takes what has room.
fn partial(stage: &Stage<'_>) -> Result<(), Stop> {
    const SIZE: usize = 10_000;
    const BUFFER: i32 = 4096;
    let listener = stage.socket(Host::Server, Transport::Stream)?;
    // Before listening and connecting: the handshake announces the window.
    stage.set(Host::Server, listener, SocketOption::ReceiveBuffer, BUFFER)?;
    let address = stage.address(Host::Server, PORT);
    let (fd, backlog) = (listener, BACKLOG);
    stage.done(Host::Server, Call::Bind { fd, address })?;
    stage.done(Host::Server, Call::Listen { fd, backlog })?;
    let accepted = stage.post(Host::Server, Call::Accept { fd })?;
    let client = stage.socket(Host::Client, Transport::Stream)?;
    stage.set(Host::Client, client, SocketOption::SendBuffer, BUFFER)?;
    stage.done(Host::Client, stage.to_server(client))?;
    let server = stage.descriptor(&accepted)?;
    let (fd, blocking) = (client, false);
    stage.done(Host::Client, Call::Setblocking { fd, blocking })?;
    let data = b"0123456789".repeat(SIZE / 10);
    let mut left = &data[..];
    loop {
        let taken = send(stage, client, left)?;
        left = left.get(taken..).unwrap_or_default();
        if taken == 0 || left.is_empty() {
            break;
        }
    }
    // In blocking mode sendall does what the program would have to do: send, wait for room, send the rest.
    let blocking = true;
    stage.done(Host::Client, Call::Setblocking { fd, blocking })?;
    let data = left.to_vec();
    let sends = stage.post(Host::Client, Call::Sendall { fd, data })?;
    stage.receive(Host::Server, server, SIZE)?;
    stage.answer(&sends).map(drop)
}

/// How much of it the kernel takes; nothing where it fails.
fn send(stage: &Stage<'_>, fd: i32, data: &[u8]) -> Result<usize, Stop> {
    let data = data.to_vec();
    match stage.call(Host::Client, Call::Send { fd, data })? {
        Outcome::Number(len) => Ok(usize::try_from(len).unwrap_or(0)),
        _ => Ok(0),
    }
}

/// How long a program has nothing to say, in milliseconds: long enough to be seen.
const THINKS: u64 = 300;
