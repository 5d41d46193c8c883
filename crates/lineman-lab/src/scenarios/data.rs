//! Bytes on their way.

use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::Tcp;
use lineman_trace::log::Host;

use super::Scenario;
use super::Stop;
use super::Subject;
use super::close::greet;
use super::habits::BACKLOG;
use super::habits::PORT;
use super::stage::Stage;
use crate::hosts::Call;
use crate::hosts::SocketOption;
use crate::hosts::Transport;

pub(super) const ALL: &[Scenario] = &[
    Scenario::new("data-lost", Subject::Data, "c>s:data #1 drop", one).as_in_the_textbook(),
    Scenario::new(
        "fast-retransmit",
        Subject::Data,
        "c>s:data #2 drop",
        several,
    )
    .as_in_the_textbook()
    .only_on_linux(),
    Scenario::new("zero-window", Subject::Data, "", zero_window).as_in_the_textbook(),
    Scenario::new("mss", Subject::Data, "", segments).as_in_the_textbook(),
    Scenario::new("window-scale", Subject::Data, "", scaled).only_on_linux(),
    Scenario::new("keepalive", Subject::Data, "", alive).only_on_linux(),
    Scenario::new("keepalive-lost", Subject::Data, "c>s:#3-99 drop", dead).only_on_linux(),
    Scenario::new("nagle", Subject::Data, "", nagle),
    Scenario::new("nagle-off", Subject::Data, "", no_nagle),
];

/// Nothing follows, so only the retransmission timer can tell that it was lost.
fn one(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    stage.send(Host::Client, client, "hello")?;
    stage.receive(Host::Server, server, 5)
}

/// What follows arrives, and the server's repeated ACKs tell what is missing.
fn several(stage: &Stage<'_>) -> Result<(), Stop> {
    const WORDS: [&str; 6] = ["one ", "two ", "three ", "four ", "five ", "six"];
    let (client, server) = stage.connect()?;
    stage.set(Host::Client, client, SocketOption::NoDelay, 1)?;
    for word in WORDS {
        stage.send(Host::Client, client, word)?;
    }
    stage.receive(Host::Server, server, WORDS.concat().len())
}

/// The server does not read until the client has asked whether there is room.
fn zero_window(stage: &Stage<'_>) -> Result<(), Stop> {
    const SIZE: usize = 12_000;
    let fd = stage.socket(Host::Server, Transport::Stream)?;
    // Before listening: a connection inherits it, and the handshake announces it.
    stage.set(Host::Server, fd, SocketOption::ReceiveBuffer, 4096)?;
    let address = stage.address(Host::Server, PORT);
    stage.done(Host::Server, Call::Bind { fd, address })?;
    let backlog = BACKLOG;
    stage.done(Host::Server, Call::Listen { fd, backlog })?;
    let (client, server) = stage.connect_to(fd)?;
    let data = b"0123456789".repeat(SIZE / 10);
    let sending = stage.post(Host::Client, Call::Sendall { fd: client, data })?;
    stage.until_delivered("ACK win=0", Host::Server, 2, closed)?;
    stage.receive(Host::Server, server, SIZE)?;
    stage.answer(&sending).map(drop)
}

fn closed(frame: &Frame<'_>) -> Option<()> {
    let closed = |tcp: &Tcp<'_>| tcp.window() == 0 && tcp.flags() == Flags::ACK;
    frame.tcp().filter(closed).map(drop)
}

/// More than one segment can carry.
fn segments(stage: &Stage<'_>) -> Result<(), Stop> {
    const SIZE: usize = 4000;
    let (client, server) = stage.connect()?;
    let mss = |host| stage.delivered(host, |frame| frame.tcp()?.mss());
    if let (Some(client), Some(server)) = (mss(Host::Client), mss(Host::Server)) {
        stage.seen(
            "mss",
            &[("client", client.into()), ("server", server.into())],
        )?;
    }
    let data = b"0123456789".repeat(SIZE / 10);
    stage.done(Host::Client, Call::Sendall { fd: client, data })?;
    stage.receive(Host::Server, server, SIZE)
}

fn scaled(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    let syn = |host| {
        stage.delivered(host, |frame| {
            let tcp = frame.tcp()?;
            Some((tcp.window(), tcp.window_scale()?))
        })
    };
    let ack = |frame: &Frame<'_>| {
        let plain = frame.tcp().filter(|tcp| !tcp.flags().has(Flags::SYN));
        plain.map(|tcp| tcp.window())
    };
    let ack = stage.until_delivered("ACK", Host::Client, 1, ack)?;
    // It counts only if both have offered it (RFC 7323 §2.2).
    if let (Some((window, scale)), Some((theirs, their_scale))) =
        (syn(Host::Client), syn(Host::Server))
    {
        let scaled = u32::from(ack) << scale.min(LARGEST_SCALE);
        let numbers = [
            ("window", window.into()),
            ("scale", scale.into()),
            ("field", ack.into()),
            ("scaled", scaled),
            ("server_window", theirs.into()),
            ("server_scale", their_scale.into()),
        ];
        stage.seen("window-scale", &numbers)?;
    }
    stage.send(Host::Client, client, "hello")?;
    stage.receive(Host::Server, server, 5)
}

/// Neither program sends anything, and the client's TCP asks every second whether the server is there.
fn alive(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, _) = stage.connect()?;
    keep_alive(stage, client)?;
    let first = stage.until_delivered("SYN", Host::Client, 1, |frame| {
        let syn = frame.tcp().filter(|tcp| tcp.flags().has(Flags::SYN));
        syn.map(|tcp| tcp.seq())
    })?;
    // A probe has the number before the next one (RFC 9293 §3.8.4), which the SYN had.
    stage.until_delivered("keep-alive", Host::Client, 2, |frame| {
        let asks = |tcp: &Tcp<'_>| tcp.seq() == first && !tcp.flags().has(Flags::SYN);
        frame.tcp().filter(asks).map(drop)
    })
}

/// Nothing of what the client sends arrives any more.
fn dead(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, _) = stage.connect()?;
    keep_alive(stage, client)?;
    let size = 4096;
    stage.call(Host::Client, Call::Recv { fd: client, size })?;
    stage.close(Host::Client, client)
}

/// With seconds in place of hours; given up after two probes.
fn keep_alive(stage: &Stage<'_>, fd: i32) -> Result<(), Stop> {
    let options = [
        (SocketOption::KeepIdle, 1),
        (SocketOption::KeepInterval, 1),
        (SocketOption::KeepCount, 2),
        (SocketOption::KeepAlive, 1),
    ];
    let mut options = options.into_iter();
    options.try_for_each(|(option, value)| stage.set(Host::Client, fd, option, value))
}

fn nagle(stage: &Stage<'_>) -> Result<(), Stop> {
    ask(stage, false)
}

fn no_nagle(stage: &Stage<'_>) -> Result<(), Stop> {
    ask(stage, true)
}

/// A question in two writes. The server answers when it has all of it, so nothing takes the ACK of the
/// first part along.
fn ask(stage: &Stage<'_>, at_once: bool) -> Result<(), Stop> {
    const QUESTION: [&str; 2] = ["GET ", "/kernel"];
    let (client, server) = stage.connect()?;
    if at_once {
        stage.set(Host::Client, client, SocketOption::NoDelay, 1)?;
    }
    greet(stage, client, server)?;
    for part in QUESTION {
        stage.send(Host::Client, client, part)?;
    }
    stage.receive(Host::Server, server, QUESTION.concat().len())?;
    stage.send(Host::Server, server, "here it is")?;
    stage.receive(Host::Client, client, 10)
}

/// The largest shift there is (RFC 7323 §2.3).
const LARGEST_SCALE: u8 = 14;
