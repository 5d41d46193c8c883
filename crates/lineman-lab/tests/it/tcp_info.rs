//! What a kernel tells of a connection, in the log.

use lineman_lab::Options;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Outcome;
use lineman_trace::log::Endpoints;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use lineman_trace::log::TcpInfo;
use lineman_trace::log::TimerKind;

use crate::stage::*;

fn told(events: &[Event], host: Host) -> Vec<TcpInfo> {
    let infos = events.iter().filter_map(|event| match &event.kind {
        Kind::TcpInfo(info) if info.host == host => Some(info.clone()),
        _ => None,
    });
    infos.collect()
}

fn send(stage: &Stage, host: Host, fd: i32, data: &[u8]) {
    let data = data.to_vec();
    stage.call(host, Call::Sendall { fd, data });
}

fn receive(stage: &Stage, host: Host, fd: i32) -> usize {
    match stage.call(host, Call::Recv { fd, size: 65_536 }) {
        Outcome::Bytes(bytes) => bytes.len(),
        other => panic!("{other:?}"),
    }
}

/// What the log has told last is what the kernel says when it is asked.
#[test]
fn a_connection_tells_its_figures_when_they_have_changed() {
    let stage = Stage::new(&Options::default());
    let (fd, server) = stage.connect(v4());
    send(&stage, Host::Client, fd, b"hello");
    receive(&stage, Host::Server, server);
    let Outcome::Address(local) = stage.call(Host::Client, Call::Getsockname { fd }) else {
        panic!("no address");
    };
    let remote = Some(v4());
    let socket = Endpoints { local, remote };
    let last = stage.until("figures after the answer", |events| {
        let is_heard = |it: &TcpInfo| it.unacked == 0 && it.rtt_us.is_some();
        let last = told(events, Host::Client).pop();
        let sent = sent(events, Host::Client).len();
        last.filter(is_heard).filter(|_| sent >= 3)
    });
    let asked = stage.lab.figures(Host::Client, socket).expect("a lab");
    let asked = asked.wait().expect("an answer").expect("a connection");
    let last = told(&stage.events(), Host::Client).pop().unwrap_or(last);
    assert_eq!((last.origin, last.socket), (Origin::Kernel, socket));
    assert_eq!(u128::from(last.rto_us), asked.rto.as_micros());
    let rtt = last.rtt_us.map(u128::from);
    assert_eq!(rtt, Some(asked.rtt.as_micros()));
    assert!(rtt >= Some(4000), "twice the delay of the wire");
    assert_eq!((last.cwnd, last.ssthresh), (asked.congestion_window, None));
    assert_eq!(last.mss, 1448);
    assert_eq!(last.total_retrans, 0);
    // What it knew before anything was answered.
    let first = &told(&stage.events(), Host::Client)[0];
    assert_eq!((first.rtt_us, first.rto_us), (None, 1_000_000));
    assert_eq!(last.in_flight(), 0);
}

/// Linux acknowledges at once while it takes a connection for a download, and holds ACKs back in a conversation.
#[test]
fn a_host_that_holds_its_ack_back_tells_for_how_long() {
    let stage = Stage::new(&Options::default());
    let (client, server) = stage.connect(v4());
    for _ in 0..2 {
        send(&stage, Host::Client, client, b"question");
        receive(&stage, Host::Server, server);
        send(&stage, Host::Server, server, b"answer");
        receive(&stage, Host::Client, client);
    }
    let (held_ns, ran_ns) = stage.until("an ACK that was held back", |events| {
        let timers = events.iter().filter_map(|event| match &event.kind {
            Kind::Timer(it) if it.clock == TimerKind::DelayedAck => Some(it.clone()),
            _ => None,
        });
        let timers: Vec<_> = timers.collect();
        let ran = timers.iter().find(|it| it.expired)?;
        let set = timers
            .iter()
            .rfind(|it| !it.expired && it.host == ran.host)?;
        assert_eq!(set.origin, Origin::Kernel);
        Some((set.wait_ns, ran.wait_ns))
    });
    assert!((40_000_000..=200_000_000).contains(&held_ns), "{held_ns}");
    // Its ticks are up to 10 ms.
    assert!(ran_ns + 10_000_000 >= held_ns, "{ran_ns} of {held_ns}");
}

/// A log of many packets is not twice as long for the figures that each of them changes.
#[test]
fn a_download_tells_no_more_than_its_share() {
    const BYTES: usize = 2_000_000;
    let stage = Stage::new(&Options::default());
    let (client, server) = stage.connect(v4());
    let data = vec![b'x'; BYTES];
    let sends = stage.post(Host::Server, Call::Sendall { fd: server, data });
    let mut got = 0;
    while got < BYTES {
        got += receive(&stage, Host::Client, client);
    }
    sends.wait().expect("sent");
    let events = stage.events();
    let seconds = events.last().expect("events").t_ns / 1_000_000_000 + 1;
    let count = |host| told(&events, host).len() as u64;
    let sender = count(Host::Server);
    assert!(sender > 20, "round trips change with every ACK: {sender}");
    for told in [sender, count(Host::Client)] {
        assert!(told <= 101 + 20 * seconds, "{told} in {seconds} s");
    }
    let packets = sent(&events, Host::Server).len();
    assert!(packets > 1000, "{packets} packets");
}
