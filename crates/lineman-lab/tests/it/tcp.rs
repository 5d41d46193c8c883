//! Connections are made, used, and made in spite of losses.

use lineman_lab::Options;
use lineman_lab::Settings;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Direction;
use lineman_lab::hosts::Outcome;
use lineman_lab::wire::Command;
use lineman_trace::log::Answer;
use lineman_trace::log::Endpoints;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::TcpState::*;
use lineman_trace::log::TimerKind;
use lineman_trace::log::Verdict;

use crate::stage::*;

/// Handshake, one line of data, and the four segments of the close, as every textbook has them.
#[test]
fn a_connection_from_the_first_syn_to_time_wait() {
    let stage = Stage::new(&Options::default());
    let (client, server) = stage.connect(v4());
    let data = b"hello".to_vec();
    stage.call(Host::Client, Call::Sendall { fd: client, data });
    let got = stage.call(
        Host::Server,
        Call::Recv {
            fd: server,
            size: 100,
        },
    );
    assert_eq!(got, Outcome::Bytes(b"hello".to_vec()));
    stage.done(Host::Client, Call::Close { fd: client });
    let end = stage.call(
        Host::Server,
        Call::Recv {
            fd: server,
            size: 100,
        },
    );
    assert_eq!(end, Outcome::Bytes(Vec::new()));
    stage.until_state(Host::Client, FinWait2);
    stage.done(Host::Server, Call::Close { fd: server });
    stage.until_state(Host::Client, TimeWait);
    stage.until_state(Host::Server, Closed);

    let events = stage.events();
    let client_states = [SynSent, Established, FinWait1, FinWait2, TimeWait];
    let server_states = [SynReceived, Established, CloseWait, LastAck, Closed];
    assert_eq!(states(&events, Host::Client), client_states);
    assert_eq!(states(&events, Host::Server), server_states);
    let of = |host| {
        sent(&events, host)
            .iter()
            .map(|(.., frame)| flags(frame))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(Host::Client), [SYN, ACK, PSH | ACK, FIN | ACK, ACK]);
    assert_eq!(of(Host::Server), [SYN | ACK, ACK, ACK, FIN | ACK]);
}

/// Every change of state comes after what made it, and names it.
#[test]
fn states_have_causes() {
    let stage = Stage::new(&Options::default());
    stage.connect(v4());
    let events = stage.events();
    let cause = |host, to| {
        let state = events.iter().find_map(|event| match &event.kind {
            Kind::State(state) if (state.host, state.to) == (host, to) => Some((event.n, state)),
            _ => None,
        });
        let (n, state) = state.expect("the state");
        let cause = state.cause.expect("a cause");
        assert!(cause < n);
        events[cause as usize].kind.clone()
    };
    let call = |kind: Kind| match kind {
        Kind::Call(call) => (call.name, call.answer.is_some()),
        kind => panic!("not a call: {kind:?}"),
    };
    let delivered = |kind: Kind| match kind {
        Kind::Packet(packet) if packet.verdict == Verdict::Delivered => packet.id,
        kind => panic!("not a delivery: {kind:?}"),
    };
    assert_eq!(
        call(cause(Host::Server, Listen)),
        ("listen".to_owned(), true)
    );
    assert_eq!(
        call(cause(Host::Client, SynSent)),
        ("connect".to_owned(), false)
    );
    assert_eq!(delivered(cause(Host::Server, SynReceived)), 1);
    assert_eq!(delivered(cause(Host::Client, Established)), 2);
    assert_eq!(delivered(cause(Host::Server, Established)), 3);
}

/// The SYN is lost: Linux sends it again after a second.
#[test]
fn a_lost_syn_is_sent_again_after_a_second() {
    let stage = Stage::new(&Options {
        rules: "c>s:#1 drop".parse().expect("rules"),
        ..Options::default()
    });
    stage.connect(v4());
    let events = stage.events();
    let syns = sent(&events, Host::Client);
    assert_eq!((flags(&syns[0].2), flags(&syns[1].2)), (SYN, SYN));
    let waited = (syns[1].0 - syns[0].0) / 1_000_000;
    println!("the SYN was sent again after {waited} ms");
    assert!((950..1500).contains(&waited), "{waited} ms");
    let fate = packets(&events)
        .into_iter()
        .find(|(_, packet)| packet.id == 1 && packet.verdict == Verdict::Dropped);
    assert!(fate.is_some());
    let told = events.iter().any(|event| match &event.kind {
        Kind::Fault(fault) => fault.packet == 1 && fault.rule == "c>s:#1 drop",
        _ => false,
    });
    assert!(told);
}

/// The kernel says that its timer has expired, and how long it is set to now.
#[test]
fn lost_data_are_sent_again_by_the_clock() {
    let stage = Stage::new(&Options::default());
    let (fd, _) = stage.connect(v4());
    let lossy = "c>s:#1-2 drop".parse().expect("rules"); // from now on
    stage.lab.wire(Command::Rules(lossy)).expect("a lab");
    let data = b"hello".to_vec();
    stage.call(Host::Client, Call::Send { fd, data });
    stage.until("acknowledgment", |events| {
        sent(events, Host::Server).get(1).cloned()
    });
    let clocks: Vec<_> = stage
        .events()
        .into_iter()
        .filter_map(|event| match event.kind {
            Kind::Timer(timer)
                if timer.host == Host::Client && timer.clock == TimerKind::Retransmission =>
            {
                Some((timer.expired, timer.wait_ns / 1_000_000))
            }
            _ => None,
        })
        .collect();
    println!("clocks: {clocks:?} ms");
    assert!(
        matches!(clocks[..2], [(true, 150..400), (false, 150..900)]),
        "{clocks:?}"
    );
}

/// Nothing is lost on the wire for being much at once.
#[test]
fn a_megabyte_arrives() {
    let stage = Stage::new(&Options::default());
    let (client, server) = stage.connect(v4());
    let data: Vec<u8> = (0..1_u32 << 18).flat_map(u32::to_be_bytes).collect();
    let sending = stage.post(
        Host::Client,
        Call::Sendall {
            fd: client,
            data: data.clone(),
        },
    );
    let mut got = Vec::new();
    while got.len() < data.len() {
        let call = Call::Recv {
            fd: server,
            size: 1 << 20,
        };
        let Outcome::Bytes(part) = stage.call(Host::Server, call) else {
            panic!("no bytes after {}", got.len());
        };
        got.extend(part);
    }
    assert!(got == data);
    assert_eq!(answer(&sending, "sendall"), Outcome::Done);
    let largest = sent(&stage.events(), Host::Client)
        .iter()
        .map(|(.., frame)| frame.len())
        .max();
    assert_eq!(
        largest,
        Some(14 + 1500),
        "frames are as the wire has them, not as the kernel hands them down"
    );
}

/// Nobody reads any more and the peer does not finish: FIN-WAIT-2 ends by a clock, and no call or
/// packet is blamed for it.
#[test]
fn a_clock_is_no_call() {
    let mut options = Options::default();
    options.client.fin_timeout = Some(std::time::Duration::from_secs(1));
    let stage = Stage::new(&options);
    let (fd, _) = stage.connect(v4());
    stage.done(Host::Client, Call::Close { fd });
    let state = stage.until("end", |events| {
        events.iter().find_map(|event| match &event.kind {
            Kind::State(state) if (state.host, state.to) == (Host::Client, Closed) => {
                Some(state.clone())
            }
            _ => None,
        })
    });
    assert_eq!((state.from, state.cause), (Some(FinWait2), None));
}

#[test]
fn nobody_listens() {
    let stage = Stage::new(&Options::default());
    let fd = stage.socket(
        Host::Client,
        lineman_lab::hosts::Family::Inet,
        lineman_lab::hosts::Transport::Stream,
    );
    let address = v4();
    let refused = stage.call(Host::Client, Call::Connect { fd, address });
    assert_eq!(refused, Outcome::Failed("ECONNREFUSED".to_owned()));
    let events = stage.events();
    assert_eq!(states(&events, Host::Client), [SynSent, Closed]);
}

#[test]
fn ipv6_needs_no_patience() {
    let stage = Stage::new(&Options::default());
    let address = "[fd00::2]:9000".parse().expect("an address");
    let (client, server) = stage.connect(address);
    let data = b"hi\nho".to_vec();
    stage.call(Host::Client, Call::Write { fd: client, data });
    stage.done(Host::Client, Call::Flush { fd: client });
    let direction = Direction::Write;
    stage.done(
        Host::Client,
        Call::Shutdown {
            fd: client,
            direction,
        },
    );
    for line in ["hi\n", "ho", ""] {
        let got = stage.call(Host::Server, Call::Readline { fd: server });
        assert_eq!(got, Outcome::Bytes(line.into()));
    }
    let events = stage.events();
    let first = &sent(&events, Host::Client)[0];
    assert_eq!((first.1, first.2[12..14].to_vec()), (1, vec![0x86, 0xdd]));
    assert_eq!(states(&events, Host::Client)[..2], [SynSent, Established]);
}

/// No timestamps, no SACK, no window scaling: the SYN has one option, the MSS.
#[test]
fn a_textbook_syn_is_short() {
    let plain = Settings {
        textbook: true,
        ..Settings::default()
    };
    let stage = Stage::new(&Options {
        client: plain.clone(),
        server: plain,
        ..Options::default()
    });
    stage.connect(v4());
    let events = stage.events();
    assert_eq!(sent(&events, Host::Client)[0].2.len(), 14 + 20 + 24);
    assert_eq!(sent(&events, Host::Server)[0].2.len(), 14 + 20 + 24);
}

#[test]
fn figures_of_a_connection() {
    let stage = Stage::new(&Options::default());
    let (fd, _) = stage.connect(v4());
    let Outcome::Address(local) = stage.call(Host::Client, Call::Getsockname { fd }) else {
        panic!("no address");
    };
    let remote = Some(v4());
    let asked = stage.lab.figures(Host::Client, Endpoints { local, remote });
    let figures = asked.expect("a lab").wait().expect("an answer");
    let figures = figures.expect("a connection");
    assert_eq!((figures.congestion_window, figures.segment), (10, 1448));
    assert!(
        figures.rtt.as_millis() >= 4,
        "twice the delay of the wire: {figures:?}"
    );
}

#[test]
fn calls_tell_what_the_kernel_said() {
    let stage = Stage::new(&Options::default());
    let fd = stage.listen(v4());
    assert_eq!(fd, 3);
    let bad = stage.call(Host::Server, Call::Fileno { fd: 77 });
    assert_eq!(bad, Outcome::Failed("EBADF".to_owned()));
    let timeout = Some(std::time::Duration::ZERO);
    stage.done(Host::Server, Call::Settimeout { fd, timeout });
    let nobody = stage.call(Host::Server, Call::Accept { fd });
    assert_eq!(nobody, Outcome::Failed("EAGAIN".to_owned()));
    let timeout = stage.call(Host::Server, Call::Gettimeout { fd });
    assert_eq!(timeout, Outcome::Timeout(Some(std::time::Duration::ZERO)));
    let told = stage
        .events()
        .into_iter()
        .find_map(|event| match event.kind {
            Kind::Call(call) if call.name == "bind" && call.answer.is_some() => Some(call),
            _ => None,
        });
    let told = told.expect("the call");
    assert_eq!(
        (told.fd, told.args),
        (Some(3), vec!["10.0.0.2:9000".to_owned()])
    );
    assert_eq!(told.answer, Some(Answer::Value("0".to_owned())));
}
