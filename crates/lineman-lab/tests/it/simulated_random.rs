//! Whatever a script asks of the simulated lab, it neither panics nor hangs, and its log holds
//! together.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use lineman_lab::Options;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Direction;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Flag;
use lineman_lab::hosts::SocketOption;
use lineman_lab::hosts::Transport;
use lineman_lab::wire::Command;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use proptest::prelude::*;

use crate::play::Play;
use crate::play::drops;

#[derive(Clone, Debug)]
enum Act {
    Call(Host, Call),
    Wire(Command),
    Pass(Duration),
}

fn host() -> impl Strategy<Value = Host> {
    prop_oneof![Just(Host::Client), Just(Host::Server)]
}

fn address() -> impl Strategy<Value = SocketAddr> {
    let addresses = [
        "10.0.0.1:9000",
        "10.0.0.2:9000",
        "10.0.0.2:0",
        "0.0.0.0:9000",
        "10.0.0.255:9000",
        "255.255.255.255:1",
        "224.0.0.1:5",
        "127.0.0.1:80",
        "[fd00::1]:9000",
        "[fd00::2]:9000",
        "[::]:0",
        "[ff02::1]:7",
        "[::ffff:10.0.0.2]:9000",
    ];
    let addresses = addresses.map(|it| it.parse().expect("an address"));
    proptest::sample::select(addresses.to_vec())
}

fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        Just(b"one\ntwo\n".to_vec()),
        (1_usize..200_000).prop_map(|len| vec![b'x'; len]),
    ]
}

fn option() -> impl Strategy<Value = SocketOption> {
    proptest::sample::select(vec![
        SocketOption::ReuseAddress,
        SocketOption::KeepAlive,
        SocketOption::Broadcast,
        SocketOption::ReceiveBuffer,
        SocketOption::SendBuffer,
        SocketOption::Linger,
        SocketOption::Error,
        SocketOption::NoDelay,
        SocketOption::QuickAck,
        SocketOption::ReceiveTimeout,
        SocketOption::KeepIdle,
        SocketOption::Type,
    ])
}

fn socket() -> impl Strategy<Value = Call> {
    let family = prop_oneof![4 => Just(Family::Inet), 1 => Just(Family::Inet6)];
    let transport = prop_oneof![3 => Just(Transport::Stream), 1 => Just(Transport::Datagram)];
    (family, transport).prop_map(|(family, transport)| Call::Socket { family, transport })
}

fn on_socket() -> impl Strategy<Value = Call> {
    let direction =
        proptest::sample::select(vec![Direction::Read, Direction::Write, Direction::Both]);
    let fd = || 3..7;
    let timeout = proptest::option::of((0_u64..3000).prop_map(Duration::from_millis));
    prop_oneof![
        (fd(), address()).prop_map(|(fd, address)| Call::Bind { fd, address }),
        (fd(), -1..3).prop_map(|(fd, backlog)| Call::Listen { fd, backlog }),
        fd().prop_map(|fd| Call::Accept { fd }),
        (fd(), address()).prop_map(|(fd, address)| Call::Connect { fd, address }),
        (fd(), data()).prop_map(|(fd, data)| Call::Send { fd, data }),
        (fd(), data()).prop_map(|(fd, data)| Call::Sendall { fd, data }),
        (fd(), data(), address()).prop_map(|(fd, data, address)| Call::Sendto {
            fd,
            data,
            address
        }),
        (fd(), 0_u32..100_000).prop_map(|(fd, size)| Call::Recv { fd, size }),
        (fd(), 0_u32..100_000).prop_map(|(fd, size)| Call::Recvfrom { fd, size }),
        (fd(), direction).prop_map(|(fd, direction)| Call::Shutdown { fd, direction }),
        fd().prop_map(|fd| Call::Close { fd }),
        (fd(), option(), -1..9000).prop_map(|(fd, option, value)| Call::Setsockopt {
            fd,
            option,
            value
        }),
        (fd(), timeout).prop_map(|(fd, timeout)| Call::Settimeout { fd, timeout }),
        fd().prop_map(|fd| Call::Readline { fd }),
        (fd(), data()).prop_map(|(fd, data)| Call::Write { fd, data }),
        fd().prop_map(|fd| Call::Flush { fd }),
        fd().prop_map(|fd| Call::Makefile { fd }),
        fd().prop_map(|fd| Call::CloseFile { fd }),
        (fd(), address()).prop_map(|(fd, address)| Call::ConnectEx { fd, address }),
        (fd(), flags(), 0_u32..100_000).prop_map(|(fd, flags, size)| {
            let of = Box::new(Call::Recvfrom { fd, size });
            Call::Flagged { flags, of }
        }),
    ]
}

fn flags() -> impl Strategy<Value = Vec<Flag>> {
    proptest::sample::subsequence(Flag::ALL.to_vec(), 0..3)
}

/// Whether sockets are ready.
fn readiness() -> impl Strategy<Value = Call> {
    let fds = || proptest::collection::vec(3..7, 0..3);
    let timeout = proptest::option::of((0_u64..3000).prop_map(Duration::from_millis));
    (any::<bool>(), fds(), fds(), timeout).prop_map(|(selects, read, write, timeout)| match selects
    {
        true => Call::Select {
            read,
            write,
            timeout,
        },
        false => Call::Poll {
            read,
            write,
            timeout,
        },
    })
}

fn command() -> impl Strategy<Value = Command> {
    let numbers = proptest::collection::vec(1_u64..30, 0..10);
    prop_oneof![
        Just(Command::Step),
        Just(Command::Run),
        (1_u64..50).prop_map(Command::Deliver),
        (1_u64..50).prop_map(Command::Drop),
        (1_u64..50).prop_map(Command::Duplicate),
        (1_u64..50).prop_map(|id| Command::Delay(id, Duration::from_secs(1))),
        (host(), numbers).prop_map(|(from, numbers)| Command::Rules(drops(from, numbers))),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (host(), socket()).prop_map(|(host, call)| Act::Call(host, call)),
        12 => (host(), on_socket()).prop_map(|(host, call)| Act::Call(host, call)),
        1 => (host(), readiness()).prop_map(|(host, call)| Act::Call(host, call)),
        2 => command().prop_map(Act::Wire),
        4 => (0_u64..5000).prop_map(|ms| Act::Pass(Duration::from_millis(ms))),
    ]
}

/// Numbers without a gap, time that does not go back, and states that follow one another.
fn holds_together(events: &[Event]) {
    let mut states = BTreeMap::new();
    for (n, pair) in events.windows(2).enumerate() {
        assert_eq!(pair[1].n, n as u64 + 1);
        assert!(pair[1].t_ns >= pair[0].t_ns);
    }
    for event in events {
        if let Kind::State(state) = &event.kind {
            let before = states.insert((state.host, state.socket), state.to);
            let before =
                before.filter(|state_before| *state_before != lineman_trace::log::TcpState::Closed);
            assert_eq!(state.from, before, "{event:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_script_breaks_it(acts in proptest::collection::vec(act(), 1..60)) {
        let mut play = Play::new(&Options::default());
        // Something to begin with: else most calls find nothing.
        play.connect("10.0.0.2:9000".parse().expect("an address"));
        for act in acts {
            match act {
                Act::Call(host, call) => drop(play.post(host, call)),
                Act::Wire(command) => play.network.wire(command).expect("a lab"),
                Act::Pass(time) => play.pass(time),
            }
        }
        play.pass(Duration::from_secs(100));
        let before = play.events().len();
        holds_together(&play.events());
        // What goes on by itself goes on ever more slowly.
        play.pass(Duration::from_secs(3600));
        let after = play.events().len() - before;
        prop_assert!(after < 20_000, "{after} events");
    }
}
