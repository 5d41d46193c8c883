//! The socket calls of the simulated lab answer as the kernel does.

use std::time::Duration;

use lineman_lab::Options;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Direction;
use lineman_lab::hosts::Flag;
use lineman_lab::hosts::Outcome;
use lineman_lab::hosts::SocketOption;
use lineman_lab::hosts::Transport;
use lineman_lab::scenarios::Scenario;
use lineman_trace::log::Host::*;
use lineman_trace::log::Kind;
use lineman_trace::log::TcpState::*;
use lineman_trace::log::TimerKind;

use crate::play::*;
use crate::rows::told;
use crate::stage::*;

#[test]
fn half_a_close_leaves_the_other_half() {
    let mut play = Play::new(&Options::default());
    let (client, server) = play.connect(v4());
    let direction = Direction::Write;
    play.done(
        Client,
        Call::Shutdown {
            fd: client,
            direction,
        },
    );
    play.hears(Server, server, b"");
    play.send(Server, server, b"still here\nand here");
    play.done(Server, Call::Close { fd: server });
    let line = play.call(Client, Call::Readline { fd: client });
    assert_eq!(line, Outcome::Bytes(b"still here\n".to_vec()));
    let rest = play.call(Client, Call::Readline { fd: client });
    assert_eq!(rest, Outcome::Bytes(b"and here".to_vec()));
    let data = b"no more".to_vec();
    play.fails(Client, Call::Send { fd: client, data }, "EPIPE");
}

#[test]
fn refused_reset_and_unanswered() {
    let mut play = Play::new(&Options::default());
    let fd = play.socket(Client, Transport::Stream, v4());
    let address = v4();
    play.fails(Client, Call::Connect { fd, address }, "ECONNREFUSED");
    let (client, server) = play.connect(v4());
    play.send(Client, client, b"nobody reads this");
    play.pass(Duration::from_secs(1));
    play.done(Server, Call::Close { fd: server });
    play.fails(
        Client,
        Call::Recv {
            fd: client,
            size: 1,
        },
        "ECONNRESET",
    );
    let fd = play.socket(Client, Transport::Stream, v4());
    let address = "10.0.0.9:9".parse().expect("an address");
    play.fails(Client, Call::Connect { fd, address }, "ETIMEDOUT");
    let fd = play.socket(Client, Transport::Stream, v4());
    let address = "192.0.2.1:9".parse().expect("an address");
    play.fails(Client, Call::Connect { fd, address }, "ENETUNREACH");
}

/// The lesson `broken-pipe` shows this: whom a FIN has reached before the RST is told EPIPE, as on Linux, and not
/// ECONNRESET; and the data is answered by a RST without ACK (RFC 9293 §3.10.7.1).
#[test]
fn a_write_to_a_program_that_has_closed_breaks_the_pipe() {
    let mut play = Play::new(&Options::default());
    let (client, server) = play.connect(v4());
    play.done(Server, Call::Close { fd: server });
    play.pass(Duration::from_secs(1));
    play.send(Client, client, b"one");
    play.pass(Duration::from_secs(1));
    let resets = sent(&play.events(), Server);
    assert_eq!(resets.last().map(|(.., frame)| flags(frame)), Some(RST));
    assert_eq!(states(&play.events(), Client).last(), Some(&Closed));
    for _ in 0..2 {
        let data = b"two".to_vec();
        play.fails(Client, Call::Send { fd: client, data }, "EPIPE");
    }
    // What came before the RST has an end.
    play.hears(Client, client, b"");
}

/// The end of a stream was told where there was none.
#[test]
fn what_has_come_before_a_reset_can_be_read() {
    let mut play = Play::new(&Options::default());
    let (client, server) = play.connect(v4());
    play.send(Server, server, b"the last word");
    play.pass(Duration::from_secs(1));
    let (option, value) = (SocketOption::Linger, 0);
    play.done(
        Server,
        Call::Setsockopt {
            fd: server,
            option,
            value,
        },
    );
    play.done(Server, Call::Close { fd: server });
    play.pass(Duration::from_secs(1));
    play.hears(Client, client, b"the last word");
    let size = 1;
    play.fails(Client, Call::Recv { fd: client, size }, "ECONNRESET");
}

/// As `state` shows them: what a descriptor leads to, and what none leads to.
#[test]
fn all_sockets_of_a_host_can_be_looked_at() {
    let mut play = Play::new(&Options::default());
    let (client, server) = play.connect(v4());
    play.socket(Server, Datagram, v4());
    play.socket(Server, Stream, v4());
    play.send(Client, client, b"unread");
    play.pass(Duration::from_secs(1));
    play.done(Client, Call::Close { fd: client });
    play.pass(Duration::from_secs(1));
    let views = |play: &mut Play, host| play.network.sockets(host).expect("a lab");
    let shown = |play: &mut Play, host| {
        let all = views(play, host).into_iter();
        all.map(|it| (it.fd, it.transport, it.state))
            .collect::<Vec<_>>()
    };
    use Transport::{Datagram, Stream};
    let of_server = [
        (Some(3), Stream, Some(Listen)),
        (Some(server), Stream, Some(CloseWait)),
        (Some(5), Datagram, None),
        (Some(6), Stream, None),
    ];
    assert_eq!(shown(&mut play, Server), of_server);
    let of_client = [(None, Stream, Some(FinWait2))];
    assert_eq!(shown(&mut play, Client), of_client);
    let unread = views(&mut play, Server)[1].queues.map(|it| it.unread);
    assert_eq!(unread, Some(6));
}

/// The probe of a zero window was told as a retransmission time-out.
#[test]
fn a_probe_is_sent_because_it_is_time_for_one() {
    let scenario = Scenario::find("zero-window").expect("a scenario");
    let mut play = Play::new(&scenario.options());
    play.scenario(scenario);
    let events = play.events();
    let timers = events.iter().filter_map(|event| match &event.kind {
        Kind::Timer(timer) if timer.expired => Some((timer.clock, timer.wait_ns / 1_000_000)),
        _ => None,
    });
    assert_eq!(timers.collect::<Vec<_>>(), [(TimerKind::Persist, 1000)]);
    let rows = told(&events);
    let said: Vec<_> = rows.iter().flat_map(|row| &row.sayings).collect();
    let said: Vec<_> = said.iter().map(|saying| saying.id()).collect();
    for id in ["window.probe.byte", "window.zero", "data.probed"] {
        assert!(said.contains(&id), "no {id} in {said:?}");
    }
    assert!(!said.contains(&"window.probe"), "{said:?}");
}

#[test]
fn a_closed_port_of_udp_answers() {
    for address in ["10.0.0.2:9000", "[fd00::2]:9000"] {
        let address = address.parse().expect("an address");
        let mut play = Play::new(&Options::default());
        let fd = play.socket(Client, Transport::Datagram, address);
        play.done(Client, Call::Connect { fd, address });
        // The answer quotes as much of the second as it has room for.
        for len in [8, 1400] {
            let data = vec![b'?'; len];
            play.call(Client, Call::Send { fd, data });
            play.fails(Client, Call::Recv { fd, size: 10 }, "ECONNREFUSED");
        }
        assert_eq!(sent(&play.events(), Server).len(), 2);
    }
}

#[test]
fn datagrams_keep_their_bounds_and_names() {
    let mut play = Play::new(&Options::default());
    let (host, fd) = (Server, play.socket(Server, Transport::Datagram, v4()));
    play.done(host, Call::Bind { fd, address: v4() });
    let client = play.socket(Client, Transport::Datagram, v4());
    let (option, value) = (SocketOption::Broadcast, 1);
    let to_all = "10.0.0.255:9000".parse().expect("an address");
    let sends = |address, data: &[u8]| Call::Sendto {
        fd: client,
        data: data.to_vec(),
        address,
    };
    play.fails(Client, sends(to_all, b"all"), "EACCES");
    play.done(
        Client,
        Call::Setsockopt {
            fd: client,
            option,
            value,
        },
    );
    for (address, data) in [(v4(), "one"), (to_all, "two"), (v4(), "")] {
        play.call(Client, sends(address, data.as_bytes()));
        let got = play.call(host, Call::Recvfrom { fd, size: 2 });
        let cut = data.as_bytes().iter().take(2).copied().collect::<Vec<_>>();
        assert!(
            matches!(&got, Outcome::Datagram(bytes, from)
                if *bytes == cut && from.ip().to_string() == "10.0.0.1"),
            "{got:?}"
        );
    }
}

/// What the kernel keeps from a program's `bind`, this keeps, too.
#[test]
fn an_address_is_taken_until_time_wait_is_over() {
    let mut play = Play::new(&Options::default());
    let (client, server) = play.connect(v4());
    play.done(Server, Call::Close { fd: server });
    play.hears(Client, client, b"");
    play.done(Client, Call::Close { fd: client });
    play.done(Server, Call::Close { fd: 3 });
    play.pass(Duration::from_secs(1));
    let address = v4();
    let fd = play.socket(Server, Transport::Stream, v4());
    play.fails(Server, Call::Bind { fd, address }, "EADDRINUSE");
    // The connection's own socket would have to have had it, too.
    let (option, value) = (SocketOption::ReuseAddress, 1);
    play.done(Server, Call::Setsockopt { fd, option, value });
    play.fails(Server, Call::Bind { fd, address }, "EADDRINUSE");
    play.pass(Duration::from_secs(10));
    play.done(Server, Call::Bind { fd, address });
}

#[test]
fn a_call_waits_as_long_as_its_program_says() {
    let mut play = Play::new(&Options::default());
    let (client, _) = play.connect(v4());
    let timeout = Some(Duration::from_millis(1500));
    play.done(
        Client,
        Call::Settimeout {
            fd: client,
            timeout,
        },
    );
    let before = play.events().last().map(|event| event.t_ns);
    play.fails(
        Client,
        Call::Recv {
            fd: client,
            size: 1,
        },
        "TimeoutError",
    );
    let after = play.events().last().map(|event| event.t_ns);
    assert_eq!(after.zip(before).map(|(a, b)| a - b), Some(1_500_000_000));
    play.fails(Client, Call::Recv { fd: 99, size: 1 }, "EBADF");
}

/// A listener's queue has an end, and who is beyond it is not refused but not heard.
#[test]
fn a_full_queue_hears_nobody() {
    let mut play = Play::new(&Options::default());
    let fd = play.socket(Server, Transport::Stream, v4());
    let address = v4();
    play.done(Server, Call::Bind { fd, address });
    play.done(Server, Call::Listen { fd, backlog: 0 });
    let calls = [(); 2].map(|()| {
        let fd = play.socket(Client, Transport::Stream, v4());
        play.post(Client, Call::Connect { fd, address })
    });
    assert_eq!(play.answer(calls[0]), Some(Outcome::Done));
    let second = play.network.outcome(calls[1], Duration::from_secs(2));
    assert_eq!(second.expect("a lab"), None);
    play.call(Server, Call::Accept { fd });
    assert_eq!(play.answer(calls[1]), Some(Outcome::Done));
}

/// Where hosts must ask for hardware addresses, that is on the wire; else it never is.
#[test]
fn address_resolution_is_part_of_the_lesson_or_not() {
    for resolving in [true, false] {
        let mut play = Play::new(&Options {
            resolving,
            ..Options::default()
        });
        play.chat(v4());
        let arp = |frame: &[u8]| frame[12..14] == [8, 6];
        let events = play.events();
        let asked = sent(&events, Client).iter().any(|(.., frame)| arp(frame));
        assert_eq!(asked, resolving);
    }
}

/// As the kernel has it: the length of the whole datagram, and of a stream only a number.
#[test]
fn what_is_cut_tells_how_long_it_was_if_asked() {
    let mut play = Play::new(&Options::default());
    let truncated = |fd, size| Call::Flagged {
        flags: vec![Flag::Truncate],
        of: Box::new(Call::Recv { fd, size }),
    };
    let server = play.socket(Server, Transport::Datagram, v4());
    let address = v4();
    play.done(
        Server,
        Call::Bind {
            fd: server,
            address,
        },
    );
    let fd = play.socket(Client, Transport::Datagram, v4());
    for data in [b"hello".to_vec(), b"hi".to_vec()] {
        play.call(Client, Call::Sendto { fd, data, address });
    }
    let cut = play.call(Server, truncated(server, 3));
    assert_eq!(cut, Outcome::Cut(b"hel".to_vec(), 5, None));
    let whole = play.call(Server, truncated(server, 3));
    assert_eq!(whole, Outcome::Bytes(b"hi".to_vec()));
    let (client, server) = play.connect(v4());
    play.send(Client, client, b"hello");
    assert_eq!(play.call(Server, truncated(server, 3)), Outcome::Number(3));
    play.hears(Server, server, b"lo");
}
