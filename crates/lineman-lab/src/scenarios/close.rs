//! How a connection ends.

use lineman_trace::log::Host;
use lineman_trace::log::TcpState;

use super::Scenario;
use super::Stop;
use super::Subject;
use super::stage::Stage;
use crate::hosts::Call;
use crate::hosts::Direction;
use crate::hosts::SocketOption;

pub(super) const ALL: &[Scenario] = &[
    Scenario::new("close-three", Subject::Closing, "", three).only_on_linux(),
    Scenario::new("close-four", Subject::Closing, "", four),
    Scenario::new("half-close", Subject::Closing, "", half),
    Scenario::new("reset-unread", Subject::Closing, "", unread),
    Scenario::new(
        "last-ack-lost",
        Subject::Closing,
        "c>s:ack #2 drop",
        last_lost,
    ),
    Scenario::new("simultaneous-close", Subject::Closing, "", crossed).slow(100),
    Scenario::new("broken-pipe", Subject::Closing, "", broken),
    Scenario::new("linger-reset", Subject::Closing, "", abort),
    Scenario::new("linger-wait", Subject::Closing, "", linger)
        .slow(100)
        .only_on_linux(),
    Scenario::new("half-open", Subject::Closing, "s>c:rst #1 drop", half_open),
];

/// The server has nothing more to send and closes at once: its FIN carries the ACK.
fn three(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    greet(stage, client, server)?;
    let size = 4096;
    let hears = stage.post(Host::Server, Call::Recv { fd: server, size })?;
    stage.close(Host::Client, client)?;
    stage.answer(&hears)?;
    stage.close(Host::Server, server)?;
    over(stage)
}

/// The server thinks for longer than an ACK may be delayed.
fn four(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    greet(stage, client, server)?;
    stage.close(Host::Client, client)?;
    stage.hear_the_end(Host::Server, server)?;
    stage.until_state(Host::Client, TcpState::FinWait2)?;
    stage.close(Host::Server, server)?;
    over(stage)
}

/// A request and its answer: from then on the kernel delays an ACK, because an answer might carry it.
pub(super) fn greet(stage: &Stage<'_>, client: i32, server: i32) -> Result<(), Stop> {
    stage.send(Host::Client, client, "hello")?;
    stage.receive(Host::Server, server, 5)?;
    stage.send(Host::Server, server, "hi")?;
    stage.receive(Host::Client, client, 2)
}

pub(super) fn over(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.until_state(Host::Client, TcpState::TimeWait)?;
    stage.until_state(Host::Server, TcpState::Closed)
}

/// The client has said all and still listens.
fn half(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    stage.send(Host::Client, client, "how many?")?;
    let direction = Direction::Write;
    let shutdown = Call::Shutdown {
        fd: client,
        direction,
    };
    stage.done(Host::Client, shutdown)?;
    stage.receive(Host::Server, server, 9)?;
    stage.hear_the_end(Host::Server, server)?;
    stage.send(Host::Server, server, "forty-two")?;
    stage.receive(Host::Client, client, 9)?;
    stage.close(Host::Server, server)?;
    stage.hear_the_end(Host::Client, client)?;
    stage.close(Host::Client, client)?;
    over(stage)
}

fn unread(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    stage.send(Host::Client, client, "nobody reads this")?;
    stage.until_delivered("data", Host::Client, 1, |frame| {
        frame
            .tcp()
            .filter(|tcp| tcp.payload().wire_len() > 0)
            .map(drop)
    })?;
    stage.close(Host::Server, server)?;
    stage.until_state(Host::Client, TcpState::Closed)?;
    let size = 4096;
    stage.call(Host::Client, Call::Recv { fd: client, size })?;
    stage.close(Host::Client, client)
}

/// The server cannot know that the client is done, and asks again: TIME-WAIT is there to answer.
fn last_lost(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    stage.close(Host::Client, client)?;
    stage.hear_the_end(Host::Server, server)?;
    stage.until_state(Host::Client, TcpState::FinWait2)?;
    stage.close(Host::Server, server)?;
    over(stage)
}

fn crossed(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    let left = stage.post(Host::Client, Call::Close { fd: client })?;
    let right = stage.post(Host::Server, Call::Close { fd: server })?;
    stage.answer(&left)?;
    stage.answer(&right)?;
    stage.until_state(Host::Client, TcpState::TimeWait)?;
    stage.until_state(Host::Server, TcpState::TimeWait)
}

/// The server has closed both directions, and the client writes: the first time that is answered by a
/// reset, the second time the client's own kernel refuses.
fn broken(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    stage.close(Host::Server, server)?;
    stage.until_state(Host::Server, TcpState::FinWait2)?;
    stage.send(Host::Client, client, "one")?;
    stage.until_state(Host::Client, TcpState::Closed)?;
    let (fd, data) = (client, b"two".to_vec());
    stage.call(Host::Client, Call::Send { fd, data })?;
    stage.close(Host::Client, client)
}

/// A linger time of zero throws away what was not sent, and says so to the peer.
fn abort(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    stage.set(Host::Client, client, SocketOption::Linger, 0)?;
    stage.close(Host::Client, client)?;
    stage.until_state(Host::Server, TcpState::Closed)?;
    let size = 4096;
    stage.call(Host::Server, Call::Recv { fd: server, size })?;
    stage.close(Host::Server, server)
}

/// With a linger time `close` waits until all was acknowledged, which takes a round trip.
fn linger(stage: &Stage<'_>) -> Result<(), Stop> {
    const SECONDS: i32 = 5;
    const WORDS: &str = "last words";
    let (client, server) = stage.connect()?;
    stage.set(Host::Client, client, SocketOption::Linger, SECONDS)?;
    stage.send(Host::Client, client, WORDS)?;
    let closes = stage.post(Host::Client, Call::Close { fd: client })?;
    stage.receive(Host::Server, server, WORDS.len())?;
    stage.hear_the_end(Host::Server, server)?;
    stage.answer(&closes)?;
    stage.close(Host::Server, server)?;
    over(stage)
}

/// The server has forgotten the connection, as after a crash, and the client does not know: what would
/// have told it was lost.
fn half_open(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    stage.set(Host::Server, server, SocketOption::Linger, 0)?;
    stage.close(Host::Server, server)?;
    stage.until_state(Host::Server, TcpState::Closed)?;
    stage.send(Host::Client, client, "are you there?")?;
    let size = 4096;
    stage.call(Host::Client, Call::Recv { fd: client, size })?;
    stage.close(Host::Client, client)
}
