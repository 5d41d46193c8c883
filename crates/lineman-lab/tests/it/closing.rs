//! Ways to end a connection, and to begin one, that need both hosts at once.

use std::time::Duration;

use lineman_lab::Options;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Transport;
use lineman_lab::log::Host;
use lineman_lab::log::TcpState::*;

use crate::stage::*;

fn slow() -> Options {
    Options {
        delay: Duration::from_millis(200),
        ..Options::default()
    }
}

/// Both FINs are on the wire at the same time.
#[test]
fn both_close_at_once() {
    let stage = Stage::new(&slow());
    let (client, server) = stage.connect(v4());
    let left = stage.post(Host::Client, Call::Close { fd: client });
    let right = stage.post(Host::Server, Call::Close { fd: server });
    answer(&left, "close");
    answer(&right, "close");
    for host in [Host::Client, Host::Server] {
        stage.until_state(host, TimeWait);
        let states = states(&stage.events(), host);
        assert_eq!(states[2..], [FinWait1, Closing, TimeWait], "{host:?}");
    }
}

/// Both SYNs are on the wire at the same time: nobody listens, and there is one connection.
#[test]
fn both_connect_at_once() {
    let stage = Stage::new(&slow());
    let ends = [
        (Host::Client, "10.0.0.1:5000", "10.0.0.2:5000"),
        (Host::Server, "10.0.0.2:5000", "10.0.0.1:5000"),
    ];
    let calls = ends.map(|(host, local, remote)| {
        let fd = stage.socket(host, Family::Inet, Transport::Stream);
        let address = local.parse().expect("an address");
        stage.done(host, Call::Bind { fd, address });
        let address = remote.parse().expect("an address");
        (host, Call::Connect { fd, address })
    });
    let waiting = calls.map(|(host, call)| (host, stage.post(host, call)));
    for (host, call) in waiting {
        answer(&call, "connect");
        stage.until_state(host, Established);
        let states = states(&stage.events(), host);
        assert_eq!(states, [SynSent, SynReceived, Established], "{host:?}");
    }
}

/// What was sent is not read: the close is a reset.
#[test]
fn unread_data_make_a_reset() {
    let stage = Stage::new(&Options::default());
    let (client, server) = stage.connect(v4());
    let data = b"nobody reads this".to_vec();
    stage.call(Host::Client, Call::Send { fd: client, data });
    stage.until("the acknowledgment", |events| {
        sent(events, Host::Server).get(1).cloned()
    });
    stage.done(Host::Server, Call::Close { fd: server });
    stage.until_state(Host::Client, Closed);
    assert_eq!(states(&stage.events(), Host::Server)[2..], [Closed]);
}
