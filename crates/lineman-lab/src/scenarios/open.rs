//! How a connection begins.

use lineman_proto::wire::Flags;
use lineman_proto::wire::TcpOption;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;
use lineman_trace::log::Host;
use lineman_trace::log::TcpState;

use super::Scenario;
use super::Stop;
use super::Subject;
use super::habits::BACKLOG;
use super::habits::PORT;
use super::stage::Stage;
use crate::hosts::Call;
use crate::hosts::Transport;
use crate::wire::Command;

pub(super) const ALL: &[Scenario] = &[
    Scenario::new("handshake", Subject::Opening, "", plain),
    Scenario::new("refused", Subject::Opening, "", refused),
    Scenario::new("syn-lost", Subject::Opening, "c>s:syn #1 drop", plain),
    Scenario::new(
        "syn-ack-lost",
        Subject::Opening,
        "s>c:syn-ack #1 drop",
        plain,
    ),
    Scenario::new("ack-lost", Subject::Opening, "c>s:ack #1 drop", ack_lost),
    Scenario::new("simultaneous-open", Subject::Opening, "", crossed).slow(100),
    Scenario::new("backlog-full", Subject::Opening, "", backlog_full),
    Scenario::new("stale-syn", Subject::Opening, "", stale_syn),
];

fn plain(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.connect().map(drop)
}

fn refused(stage: &Stage<'_>) -> Result<(), Stop> {
    let fd = stage.socket(Host::Client, Transport::Stream)?;
    stage.call(Host::Client, stage.to_server(fd))?;
    stage.close(Host::Client, fd)
}

/// `connect` returns long before `accept` does.
fn ack_lost(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.connect()?;
    stage.until_state(Host::Server, TcpState::Established)
}

/// Each host connects to the other, and neither listens (simultaneous open).
fn crossed(stage: &Stage<'_>) -> Result<(), Stop> {
    const PORT: u16 = 5000;
    let hosts = [Host::Client, Host::Server];
    let mut posted = Vec::new();
    let mut calls = Vec::new();
    for host in hosts {
        let fd = stage.bound(host, Transport::Stream, PORT)?;
        let address = stage.address(host.other(), PORT);
        calls.push((host, Call::Connect { fd, address }));
    }
    for (host, call) in calls {
        posted.push(stage.post(host, call)?);
    }
    posted.iter().try_for_each(|it| stage.answer(it).map(drop))
}

/// A backlog of 0 has room for one connection that is not accepted yet. The second client's SYN is
/// not answered until there is room again.
fn backlog_full(stage: &Stage<'_>) -> Result<(), Stop> {
    let fd = stage.listen(0)?;
    let first = stage.socket(Host::Client, Transport::Stream)?;
    stage.done(Host::Client, stage.to_server(first))?;
    stage.until_state(Host::Server, TcpState::Established)?;
    let second = stage.socket(Host::Client, Transport::Stream)?;
    let waits = stage.post(Host::Client, stage.to_server(second))?;
    stage.until_delivered("SYN", Host::Client, 2, |frame| {
        frame
            .tcp()
            .filter(|tcp| tcp.flags() == Flags::SYN)
            .map(drop)
    })?;
    stage.pause(300)?;
    stage.done(Host::Server, Call::Accept { fd })?;
    stage.answer(&waits)?;
    stage.done(Host::Server, Call::Accept { fd })
}

/// A SYN of a connection that is long over arrives late. With two segments the server would take it
/// for a connection; the third one, which does not come, is what saves it.
fn stale_syn(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.listen(BACKLOG)?;
    let from = stage.address(Host::Client, 45_000);
    // What the headers of IP and TCP leave of a frame.
    let mss = if from.is_ipv4() { 1460 } else { 1440 };
    let envelope = Envelope::new(from, stage.address(Host::Server, PORT));
    let syn = envelope.tcp(&Segment {
        seq: 1_000_000,
        flags: Flags::SYN,
        window: 64_240,
        options: &[TcpOption::Mss(mss)],
        ..Segment::default()
    });
    stage.wire(Command::Forge(Host::Client, syn))?;
    stage.until_state(Host::Server, TcpState::SynReceived)?;
    stage.until_state(Host::Server, TcpState::Closed)
}
