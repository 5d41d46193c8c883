//! Ways to end a connection, and to begin one, that need both hosts at once.

use std::time::Duration;

use lineman_lab::Options;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Outcome;
use lineman_lab::hosts::Transport;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::TcpState::*;

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

/// A listener is seen from `listen` to `close`, whichever family it is of, and each of a dual stack's
/// connections by the addresses that are on the wire.
#[test]
fn listeners_come_and_go() {
    let stage = Stage::new(&Options::default());
    for address in ["10.0.0.2:1", "0.0.0.0:2", "[fd00::2]:3", "[::]:4"] {
        let address = address.parse().expect("an address");
        let fd = stage.listen(address);
        stage.done(Host::Server, Call::Close { fd });
        let told = |events: &[Event]| {
            events
                .iter()
                .filter_map(|event| match &event.kind {
                    Kind::State(state) if state.socket.local == address => Some(state.to),
                    _ => None,
                })
                .collect::<Vec<_>>()
        };
        stage.until("close", |events| {
            told(events).contains(&Closed).then_some(())
        });
        assert_eq!(told(&stage.events()), [Listen, Closed], "{address}");
    }
}

#[test]
fn a_dual_stack_listener_is_called_by_ipv4() {
    let stage = Stage::new(&Options::default());
    let fd = stage.listen("[::]:9000".parse().expect("an address"));
    let accepted = stage.post(Host::Server, Call::Accept { fd });
    let fd = stage.socket(Host::Client, Family::Inet, Transport::Stream);
    let address = v4();
    stage.done(Host::Client, Call::Connect { fd, address });
    answer(&accepted, "accept");
    let states = states(&stage.events(), Host::Server);
    assert_eq!(states, [SynReceived, Established]);
}

/// The server waits in `accept` and `recv` while it makes other calls.
#[test]
fn calls_that_wait_keep_nobody_waiting() {
    let stage = Stage::new(&Options::default());
    let (client, server) = stage.connect(v4());
    let hears = stage.post(
        Host::Server,
        Call::Recv {
            fd: server,
            size: 9,
        },
    );
    let accepts = stage.post(Host::Server, Call::Accept { fd: 3 });
    let (fd, data) = (server, b"first".to_vec());
    assert_eq!(
        stage.call(Host::Server, Call::Send { fd, data }),
        Outcome::Number(5)
    );
    assert!(hears.wait_for(Duration::ZERO).is_none());
    assert!(accepts.wait_for(Duration::ZERO).is_none());
    let (fd, data) = (client, b"then".to_vec());
    stage.call(Host::Client, Call::Send { fd, data });
    assert_eq!(answer(&hears, "recv"), Outcome::Bytes(b"then".to_vec()));
}
