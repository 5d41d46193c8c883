//! The simulated lab: the same wire and log over user-space stacks, in virtual time.

use std::time::Duration;

use lineman_lab::Options;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Outcome;
use lineman_lab::hosts::Transport;
use lineman_lab::rules::Rules;
use lineman_lab::scenarios::Scenario;
use lineman_lab::wire::Command;
use lineman_trace::log::Answer;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Host::*;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use lineman_trace::log::TcpState::*;
use lineman_trace::log::Verdict;

use crate::play::*;
use crate::rows::look;
use crate::stage::*;

#[test]
fn a_chat_goes_through_the_states_of_the_book() {
    for address in ["10.0.0.2:9000", "[fd00::2]:9000"] {
        let mut play = Play::new(&Options::default());
        play.chat(address.parse().expect("an address"));
        let events = play.events();
        let client = [SynSent, Established, FinWait1, FinWait2, TimeWait, Closed];
        assert_eq!(states(&events, Client), client, "{address}");
        let server = [SynReceived, Established, CloseWait, LastAck, Closed];
        assert_eq!(states(&events, Server), server, "{address}");
    }
}

/// Nobody can take it for the kernel.
#[test]
fn all_of_it_is_labelled_simulated() {
    let mut play = Play::new(&lossy(Client, vec![1]));
    play.chat(v4());
    let mut seen = 0;
    for event in play.events() {
        let origin = match event.kind {
            Kind::Start(start) => {
                assert!(start.system.starts_with("smoltcp "));
                start.origin
            }
            Kind::State(state) => state.origin,
            Kind::Timer(timer) => timer.origin,
            _ => continue,
        };
        assert_eq!(origin, Origin::Simulated);
        seen += 1;
    }
    assert!(seen > 12, "{seen}");
}

#[test]
fn the_version_that_is_named_is_the_one_that_runs() {
    let lock = include_str!("../../../../Cargo.lock");
    let Kind::Start(start) = Play::new(&Options::default()).events().remove(0).kind else {
        panic!("no start");
    };
    let (name, version) = start.system.split_once(' ').expect("a version");
    let entry = format!("name = \"{name}\"\nversion = \"{version}\"");
    assert!(lock.contains(&entry), "{entry}");
}

#[test]
fn the_same_seed_gives_the_same_log() {
    let log = |seed| {
        let mut play = Play::seeded(&lossy(Server, vec![2]), seed);
        play.chat(v4());
        play.events()
    };
    assert_eq!(log(7), log(7));
    assert_ne!(log(7), log(8));
}

#[test]
fn a_lost_syn_is_sent_again() {
    let mut play = Play::new(&lossy(Client, vec![1, 2]));
    play.connect(v4());
    let events = play.events();
    let waits = [1, 2].map(Duration::from_secs);
    assert_eq!(timeouts(&events, Client), waits);
    let syns = sent(&events, Client);
    let syns = syns.iter().filter(|(.., frame)| flags(frame) == SYN);
    assert_eq!(syns.count(), 3);
}

fn on_a_wire(scenario: &str, rules: &str) -> Vec<Event> {
    let scenario = Scenario::find(scenario).expect("a scenario");
    let mut options = scenario.options();
    let more: Rules = rules.parse().expect("rules");
    options.rules.rules.extend(more.rules);
    let mut play = Play::new(&options);
    play.scenario(scenario);
    play.events()
}

/// smoltcp discards a segment whose ACK is older than one that has come, with its FIN: the FIN had to be sent again, and what came of that was
/// told as if the first had been taken in.
#[test]
fn a_fin_with_an_old_ack_is_taken_in() {
    let events = on_a_wire("simultaneous-close", "c>s:fin #1 delay 150ms");
    assert_eq!(timeouts(&events, Client), []);
    assert_eq!(states(&events, Server).last(), Some(&TimeWait));
    assert!(look(&events).untrue.is_empty());
}

/// smoltcp discards a segment whose bytes it has, with the FIN behind them.
#[test]
fn a_fin_behind_bytes_that_have_come_already_is_taken_in() {
    // The question arrives, its ACK and the first FIN do not: both are sent again in one segment.
    let events = on_a_wire("half-close", "s>c:ack #2 drop; c>s:fin #1 drop");
    assert_eq!(timeouts(&events, Client).len(), 1);
    assert!(states(&events, Server).contains(&CloseWait));
    assert!(look(&events).untrue.is_empty());
}

#[test]
fn lost_data_are_recovered() {
    let mut play = Play::new(&lossy(Client, vec![3]));
    let (client, server) = play.connect(v4());
    play.send(Client, client, b"twice");
    play.hears(Server, server, b"twice");
    let events = play.events();
    assert_eq!(timeouts(&events, Client), [Duration::from_secs(1)]);
}

/// Much more than any buffer holds, over a wire that loses some of it.
#[test]
fn a_megabyte_passes_the_wire() {
    let mut play = Play::new(&lossy(Client, vec![10, 50, 51, 200]));
    let (client, server) = play.connect(v4());
    let data: Vec<u8> = (0..1_u32 << 20).map(|i| (i ^ i >> 9) as u8).collect();
    let call = Call::Sendall {
        fd: client,
        data: data.clone(),
    };
    let sending = play.post(Client, call);
    let mut got = Vec::new();
    while got.len() < data.len() {
        let size = 1 << 20;
        match play.call(Server, Call::Recv { fd: server, size }) {
            Outcome::Bytes(bytes) if !bytes.is_empty() => got.extend(bytes),
            other => panic!("{other:?} after {}", got.len()),
        }
    }
    assert_eq!(play.answer(sending), Some(Outcome::Done));
    assert!(got == data);
}

#[test]
fn both_close_at_once() {
    let mut play = Play::new(&Options::default());
    let (client, server) = play.connect(v4());
    play.post(Client, Call::Close { fd: client });
    play.post(Server, Call::Close { fd: server });
    play.pass(Duration::from_secs(1));
    for host in [Client, Server] {
        let states = states(&play.events(), host);
        assert_eq!(states[2..], [FinWait1, Closing, TimeWait], "{host:?}");
    }
}

#[test]
fn both_connect_at_once() {
    let mut play = Play::new(&Options::default());
    let ends = [
        (Client, "10.0.0.1:5000", "10.0.0.2:5000"),
        (Server, "10.0.0.2:5000", "10.0.0.1:5000"),
    ];
    let calls = ends.map(|(host, local, remote)| {
        let fd = play.socket(host, Transport::Stream, v4());
        let address = local.parse().expect("an address");
        play.done(host, Call::Bind { fd, address });
        let address = remote.parse().expect("an address");
        (host, Call::Connect { fd, address })
    });
    let waiting = calls.map(|(host, call)| play.post(host, call));
    for call in waiting {
        assert_eq!(play.answer(call), Some(Outcome::Done));
    }
    for host in [Client, Server] {
        let states = states(&play.events(), host);
        assert_eq!(states, [SynSent, SynReceived, Established], "{host:?}");
        // Nothing more, as in figure 8 of RFC 9293.
        let sent = sent(&play.events(), host);
        let sent: Vec<u8> = sent.iter().map(|(.., frame)| flags(frame)).collect();
        assert_eq!(sent, [SYN, SYN | ACK], "{host:?}");
    }
}

/// A host calls the other, `apart` after the other has called it, and closes as much later. The wire takes 20 ms.
fn nearly_at_once(apart: Duration, ipv6: bool, seed: u64) -> Vec<Event> {
    let options = Options {
        delay: Duration::from_millis(20),
        ..Options::default()
    };
    let mut play = Play::seeded(&options, seed);
    let address = |host: Host| {
        let text = match (host, ipv6) {
            (Client, false) => "10.0.0.1:5000",
            (Server, false) => "10.0.0.2:5000",
            (Client, true) => "[fd00::1]:5000",
            (Server, true) => "[fd00::2]:5000",
        };
        text.parse().expect("an address")
    };
    let fds = [Client, Server].map(|host| {
        let fd = play.socket(host, Transport::Stream, address(host));
        let own = address(host);
        play.done(host, Call::Bind { fd, address: own });
        (host, fd)
    });
    let calls = fds.map(|(host, fd)| {
        let address = address(host.other());
        let call = play.post(host, Call::Connect { fd, address });
        play.pass(apart);
        call
    });
    for call in calls {
        assert!(play.answer(call).is_some(), "{apart:?}");
    }
    for (host, fd) in fds {
        play.post(host, Call::Close { fd });
        play.pass(apart);
    }
    play.pass(Duration::from_secs(60));
    play.events()
}

/// From at once to one after the other: SYNs and FINs that cross, just not, or by a millisecond. Each is told truly,
/// and is the same each time.
#[test]
fn thirty_calls_that_nearly_cross_are_told_truly() {
    for nth in 0..30 {
        let apart = Duration::from_millis(nth * 3 / 2);
        let ipv6 = nth % 3 == 2;
        let events = nearly_at_once(apart, ipv6, nth);
        let looked = look(&events);
        assert!(looked.untrue.is_empty(), "{apart:?}: {:#?}", looked.untrue);
        for host in [Client, Server] {
            let states = states(&events, host);
            assert_eq!(
                states.last(),
                Some(&Closed),
                "{apart:?} {host:?}: {states:?}"
            );
            // Later than the wire takes, nobody listens where the first SYN arrives.
            let opened = states.contains(&Established);
            assert_eq!(opened, apart.as_millis() <= 20, "{apart:?}: {states:?}");
        }
        assert_eq!(events, nearly_at_once(apart, ipv6, nth), "{apart:?}");
    }
}

/// What is held is swallowed when it comes again, as with the kernel.
#[test]
fn a_packet_is_held_until_somebody_decides() {
    let step = true;
    let mut play = Play::new(&Options {
        step,
        ..Options::default()
    });
    play.listen(v4());
    let fd = play.socket(Client, Transport::Stream, v4());
    let address = v4();
    let connects = play.post(Client, Call::Connect { fd, address });
    play.pass(Duration::from_secs(5));
    let verdicts = |play: &Play| {
        let packets = packets(&play.events());
        packets
            .iter()
            .map(|(_, packet)| packet.verdict)
            .collect::<Vec<_>>()
    };
    let again = |times| Verdict::Repeated { times };
    let held = [Verdict::Sent, Verdict::Held, again(1), again(2)];
    assert_eq!(verdicts(&play), held);
    play.network.wire(Command::Run).expect("a lab");
    assert_eq!(play.answer(connects), Some(Outcome::Done));
}

/// Each host of a lesson is a program of one thread. A transfer's program sent a block again while its `recvfrom()` still waited.
#[test]
fn no_program_of_a_lesson_calls_while_another_call_of_it_waits() {
    let lossy: Rules = "25% drop".parse().expect("rules");
    let (mut calls, mut timeouts) = (0, 0);
    for scenario in Scenario::all().filter(|it| it.can_be_simulated()) {
        // Only programs of UDP have timeouts for what is lost; seed 0 loses nothing more.
        let seeds = match scenario.name.starts_with("tftp") {
            true => 0..8,
            false => 0..1,
        };
        for seed in seeds {
            let mut options = scenario.options();
            if seed > 0 {
                options.rules.rules.extend(lossy.rules.clone());
            }
            let mut play = Play::seeded(&options, seed);
            play.scenario(scenario);
            let mut open: Vec<(Host, u64, String)> = Vec::new();
            for event in play.events() {
                let Kind::Call(call) = event.kind else {
                    continue;
                };
                match call.answer {
                    None => {
                        let waits = open.iter().find(|(host, ..)| *host == call.host);
                        let (name, lesson) = (&call.name, scenario.name);
                        assert_eq!(waits, None, "{lesson}, seed {seed}: {name}() beside");
                        open.push((call.host, call.id, call.name));
                        calls += 1;
                    }
                    Some(answer) => {
                        open.retain(|(_, id, _)| *id != call.id);
                        let is_timeout = answer == Answer::Error("TimeoutError".into());
                        timeouts += u32::from(is_timeout && call.name == "recvfrom");
                    }
                }
            }
        }
    }
    println!("{calls} calls, {timeouts} timeouts of recvfrom()");
    assert!(calls > 500 && timeouts > 10, "{calls}, {timeouts}");
}
