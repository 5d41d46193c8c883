//! Every scenario, with what the kernel really did in it.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::process::Stdio;

use lineman_lab::Kernel;
use lineman_lab::Lab;
use lineman_lab::Network as _;
use lineman_lab::Options;
use lineman_lab::Paced;
use lineman_lab::Program;
use lineman_lab::Simulated;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Transport;
use lineman_lab::scenarios::Scenario;
use lineman_proto::wire::Conversations;
use lineman_proto::wire::Frame;
use lineman_proto::wire::Kind as What;
use lineman_trace::log::Event;
use lineman_trace::log::FORGED;
use lineman_trace::log::Host;
use lineman_trace::log::Hub;
use lineman_trace::log::Kind;
use lineman_trace::log::TcpState;
use lineman_trace::log::TcpState::*;
use lineman_trace::log::TimerKind;
use lineman_trace::log::Verdict;

use crate::stage::*;

/// Plays a scenario; whatever it is, its log is sound.
pub(crate) fn play(name: &str) -> Vec<Event> {
    play_one(*Scenario::find(name).expect("a scenario"))
}

/// Plays a scenario, which may be over IPv6.
pub(crate) fn play_one(scenario: Scenario) -> Vec<Event> {
    let name = scenario.name;
    let program = Program {
        path: HELPER.into(),
        args: vec!["lab".into()],
    };
    let hub = Hub::new();
    let log = hub.cursor();
    let lab = Lab::start(&program, &scenario.options(), hub.sink()).expect("a lab");
    let mut lab = Box::new(Kernel::new(lab));
    if let Err(stop) = scenario.play(&mut *lab, &hub) {
        panic!("{name}: {stop}\n{}", plot(&log.look(<[Event]>::to_vec)));
    }
    lab.end().expect("in good order");
    let events = log.look(<[Event]>::to_vec);
    println!("{name}: {}", plot(&events));
    every_delivery_is_known(&events);
    every_step_is_legal(&events);
    events
}

/// What was sent, in a line: `c:syn` from the client, `!` if it was lost, `*` if nobody sent it.
pub(crate) fn plot(events: &[Event]) -> String {
    let mut talks = Conversations::new();
    let fate = |id: u64, verdict: Verdict| {
        packets(events)
            .iter()
            .any(|(_, packet)| packet.id == id && packet.verdict == verdict)
    };
    let forged = |id: u64| {
        events.iter().any(|event| {
            matches!(&event.kind, Kind::Fault(fault) if fault.packet == id && fault.rule == FORGED)
        })
    };
    let mut words = Vec::new();
    for (_, packet) in packets(events) {
        let Some(bytes) = packet.bytes.filter(|_| packet.verdict == Verdict::Sent) else {
            continue;
        };
        let who = match packet.from {
            Host::Client => "c",
            Host::Server => "s",
        };
        let frame = talks.follow(Frame::parse(&bytes));
        let block = frame.tftp_block().map(|block| block.to_string());
        let lost = if fate(packet.id, Verdict::Dropped) {
            "!"
        } else {
            ""
        };
        let forged = if forged(packet.id) { "*" } else { "" };
        let what = kind(&frame).name();
        words.push(format!(
            "{who}:{what}{}{lost}{forged}",
            block.unwrap_or_default()
        ));
    }
    words.join(" ")
}

/// The one that says most.
fn kind(frame: &Frame<'_>) -> What {
    let all = [
        What::Rst,
        What::SynAck,
        What::Syn,
        What::Fin,
        What::Data,
        What::Ack,
        What::TftpRrq,
        What::TftpWrq,
        What::TftpData,
        What::TftpAck,
        What::TftpOack,
        What::TftpError,
        What::Icmp,
        What::Udp,
    ];
    let kinds = frame.kinds();
    let found = all.into_iter().find(|kind| kinds.has(*kind));
    found.unwrap_or(What::Fragment)
}

/// These were sent in this order, whatever else was.
pub(crate) fn has_in_order(events: &[Event], wanted: &str) {
    let plot = plot(events);
    let mut all = plot.split(' ');
    for word in wanted.split(' ') {
        assert!(all.any(|it| it == word), "no {word} of {wanted} in {plot}");
    }
}

/// A packet is delivered once, and was sent, or is a copy of one that was.
fn every_delivery_is_known(events: &[Event]) {
    let mut under_way = Vec::new();
    for (_, packet) in packets(events) {
        match packet.verdict {
            Verdict::Sent => under_way.push(packet.id),
            Verdict::Duplicated { copy } => {
                assert!(under_way.contains(&packet.id), "{packet:?}");
                under_way.push(copy);
            }
            Verdict::Delivered | Verdict::Dropped => {
                let place = under_way.iter().position(|id| *id == packet.id);
                under_way.remove(place.unwrap_or_else(|| panic!("{packet:?} was not on the wire")));
            }
            Verdict::Held | Verdict::Repeated { .. } => {}
            Verdict::Captured => panic!("a lab has no capture: {packet:?}"),
        }
    }
    assert_eq!(under_way, [0; 0], "still on the wire");
}

/// Figure 5 of RFC 9293 §3.3.2 with its notes, and what happens when a connection is broken off.
const LEGAL: [(TcpState, &[TcpState]); 11] = [
    (Closed, &[Listen, SynSent]),
    (Listen, &[SynReceived, SynSent, Closed]),
    (SynSent, &[SynReceived, Established, Closed]),
    (SynReceived, &[Established, FinWait1, Listen, Closed]),
    (Established, &[FinWait1, CloseWait, Closed]),
    (FinWait1, &[FinWait2, Closing, TimeWait, Closed]),
    (FinWait2, &[TimeWait, Closed]),
    (CloseWait, &[LastAck, Closed]),
    (Closing, &[TimeWait, Closed]),
    (LastAck, &[Closed]),
    (TimeWait, &[Closed]),
];

/// Two steps between two looks at a socket: from, by, to.
const SHORTCUTS: [(TcpState, TcpState, TcpState); 4] = [
    (Closed, Listen, SynReceived), // the connection of a listener is first seen here
    (Listen, SynReceived, Established),
    (SynReceived, Established, CloseWait),
    (Established, CloseWait, LastAck),
];

fn is_legal(from: TcpState, to: TcpState) -> bool {
    let step = |from, to| {
        LEGAL
            .iter()
            .any(|(state, next)| *state == from && next.contains(&to))
    };
    let shortcut =
        |&(first, by, last): &_| (first, last) == (from, to) && step(first, by) && step(by, last);
    step(from, to) || SHORTCUTS.iter().any(shortcut)
}

fn every_step_is_legal(events: &[Event]) {
    for event in events {
        let Kind::State(state) = &event.kind else {
            continue;
        };
        let from = state.from.unwrap_or(Closed);
        assert!(
            is_legal(from, state.to),
            "{} to {}",
            from.name(),
            state.to.name()
        );
    }
}

fn answers(events: &[Event], host: Host, name: &str) -> Vec<String> {
    let of = |event: &Event| match &event.kind {
        Kind::Call(call) if call.host == host && call.name == name => {
            call.answer.as_ref().map(|answer| format!("{answer:?}"))
        }
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// Milliseconds between two packets of a host.
fn between(events: &[Event], host: Host, first: usize, second: usize) -> u64 {
    let all = sent(events, host);
    (all[second].0 - all[first].0) / 1_000_000
}

const BOTH: [Host; 2] = [Host::Client, Host::Server];

#[test]
fn handshake() {
    let events = play("handshake");
    assert_eq!(plot(&events), "c:syn s:syn-ack c:ack");
    assert_eq!(states(&events, Host::Client), [SynSent, Established]);
    assert_eq!(states(&events, Host::Server), [SynReceived, Established]);
}

#[test]
fn refused() {
    let events = play("refused");
    assert_eq!(plot(&events), "c:syn s:rst");
    assert_eq!(states(&events, Host::Client), [SynSent, Closed]);
    let connect = answers(&events, Host::Client, "connect");
    assert!(connect[0].contains("ECONNREFUSED"), "{connect:?}");
}

#[test]
fn syn_lost() {
    let events = play("syn-lost");
    assert_eq!(plot(&events), "c:syn! c:syn s:syn-ack c:ack");
    let waited = between(&events, Host::Client, 0, 1);
    assert!((950..1500).contains(&waited), "{waited} ms");
}

#[test]
fn syn_ack_lost() {
    let events = play("syn-ack-lost");
    // Both ends wait for a second, the server some milliseconds later: on a busy machine its clock may be heeded first.
    let first = events.iter().find_map(|event| match &event.kind {
        Kind::Timer(it) if it.expired && it.clock == TimerKind::Retransmission => Some(it.host),
        _ => None,
    });
    let sent = match first.expect("a timer") {
        Host::Client => "c:syn s:syn-ack! c:syn s:syn-ack c:ack",
        Host::Server => "c:syn s:syn-ack! s:syn-ack c:ack",
    };
    has_in_order(&events, sent);
    assert_eq!(states(&events, Host::Client), [SynSent, Established]);
    assert_eq!(states(&events, Host::Server), [SynReceived, Established]);
}

/// For a second the client is connected and the server is not.
#[test]
fn ack_lost() {
    let events = play("ack-lost");
    has_in_order(&events, "c:syn s:syn-ack c:ack! s:syn-ack c:ack");
    let at = |host| {
        let is = |event: &&Event| matches!(&event.kind, Kind::State(it) if it.host == host && it.to == Established);
        events.iter().find(is).expect("established").t_ns
    };
    let apart = (at(Host::Server) - at(Host::Client)) / 1_000_000;
    assert!((900..1500).contains(&apart), "{apart} ms");
}

#[test]
fn simultaneous_open() {
    let events = play("simultaneous-open");
    // Who of them is first is chance.
    let plot = plot(&events);
    assert!(
        plot.starts_with("c:syn s:syn ") || plot.starts_with("s:syn c:syn "),
        "{plot}"
    );
    assert!(
        plot.contains("c:syn-ack") && plot.contains("s:syn-ack"),
        "{plot}"
    );
    for host in BOTH {
        assert_eq!(states(&events, host), [SynSent, SynReceived, Established]);
    }
}

/// The second SYN arrives and has no effect; the third one has.
#[test]
fn backlog_full() {
    let events = play("backlog-full");
    assert_eq!(
        plot(&events),
        "c:syn s:syn-ack c:ack c:syn c:syn s:syn-ack c:ack"
    );
    assert_eq!(answers(&events, Host::Server, "accept").len(), 2);
}

#[test]
fn stale_syn() {
    let events = play("stale-syn");
    assert_eq!(plot(&events), "c:syn* s:syn-ack c:rst");
    assert_eq!(states(&events, Host::Client), []);
    assert_eq!(states(&events, Host::Server), [SynReceived, Closed]);
}

#[test]
fn close_three() {
    let events = play("close-three");
    has_in_order(&events, "c:fin s:fin c:ack");
    let after = plot(&events).split("c:fin").nth(1).map(str::to_owned);
    assert_eq!(after.as_deref(), Some(" s:fin c:ack"));
    let client = states(&events, Host::Client);
    assert_eq!(client, [SynSent, Established, FinWait1, TimeWait]);
}

#[test]
fn close_four() {
    let events = play("close-four");
    let after = plot(&events).split("c:fin").nth(1).map(str::to_owned);
    assert_eq!(after.as_deref(), Some(" s:ack s:fin c:ack"));
    let client = [SynSent, Established, FinWait1, FinWait2, TimeWait];
    let server = [SynReceived, Established, CloseWait, LastAck, Closed];
    assert_eq!(states(&events, Host::Client), client);
    assert_eq!(states(&events, Host::Server), server);
}

#[test]
fn half_close() {
    let events = play("half-close");
    has_in_order(&events, "c:data c:fin s:data s:fin c:ack");
    let client = [SynSent, Established, FinWait1, FinWait2, TimeWait];
    assert_eq!(states(&events, Host::Client), client);
}

#[test]
fn reset_unread() {
    let events = play("reset-unread");
    has_in_order(&events, "c:data s:rst");
    for host in BOTH {
        assert_eq!(states(&events, host)[1..], [Established, Closed]);
    }
    let recv = answers(&events, Host::Client, "recv");
    assert!(recv[0].contains("ECONNRESET"), "{recv:?}");
}

#[test]
fn last_ack_lost() {
    let events = play("last-ack-lost");
    has_in_order(&events, "c:fin s:ack s:fin c:ack! s:fin c:ack");
    let server = states(&events, Host::Server);
    assert_eq!(server[1..], [Established, CloseWait, LastAck, Closed]);
    assert_eq!(states(&events, Host::Client).last(), Some(&TimeWait));
}

#[test]
fn simultaneous_close() {
    let events = play("simultaneous-close");
    for host in BOTH {
        assert_eq!(states(&events, host)[2..], [FinWait1, Closing, TimeWait]);
    }
}

#[test]
fn data_lost() {
    let events = play("data-lost");
    has_in_order(&events, "c:data! c:data s:ack");
    let waited = between(&events, Host::Client, 2, 3);
    assert!((150..600).contains(&waited), "{waited} ms");
}

/// Long before the clock: after three ACKs that say the same.
#[test]
fn fast_retransmit() {
    let events = play("fast-retransmit");
    let plot = plot(&events);
    assert_eq!(plot.matches("c:data").count(), 7, "{plot}");
    // Three ACKs of the same byte set it off (RFC 5681 §3.2); others may be on their way by then.
    has_in_order(&events, "c:data! s:ack s:ack s:ack c:data s:ack");
    let waited = between(&events, Host::Client, 3, 8);
    assert!(waited < 150, "{waited} ms");
}

#[test]
fn zero_window() {
    let events = play("zero-window");
    let windows: Vec<u16> = sent(&events, Host::Server)
        .iter()
        .filter_map(|(.., bytes)| Frame::parse(bytes).tcp().map(|tcp| tcp.window()))
        .collect();
    let closed = windows.iter().filter(|window| **window == 0).count();
    assert!(closed >= 2, "{windows:?}");
    assert!(
        windows.last().is_some_and(|window| *window > 0),
        "{windows:?}"
    );
}

#[test]
fn udp_closed() {
    let events = play("udp-closed");
    assert_eq!(plot(&events), "c:udp s:icmp");
    let recv = answers(&events, Host::Client, "recv");
    assert!(recv[0].contains("ECONNREFUSED"), "{recv:?}");
}

/// What the server received, by the first letter of each.
fn received(events: &[Event]) -> String {
    let all = answers(events, Host::Server, "recvfrom");
    let first = |text: &String| text.split('"').nth(2)?.chars().next();
    let values = all.iter().filter(|text| text.starts_with("Value"));
    values.filter_map(first).collect()
}

#[test]
fn udp_lost() {
    let events = play("udp-lost");
    assert_eq!(plot(&events), "c:udp c:udp! c:udp");
    assert_eq!(received(&events), "ot");
}

#[test]
fn udp_duplicated() {
    let events = play("udp-duplicated");
    let mut got: Vec<char> = received(&events).chars().collect();
    got.sort_unstable(); // “t” is “two” twice and “three”
    assert_eq!(got, ['o', 't', 't', 't']);
    let copies = packets(&events)
        .iter()
        .filter(|(_, packet)| matches!(packet.verdict, Verdict::Duplicated { .. }))
        .count();
    assert_eq!(copies, 1);
}

#[test]
fn udp_reordered() {
    let events = play("udp-reordered");
    let delivered: Vec<u64> = packets(&events)
        .iter()
        .filter(|(_, packet)| packet.verdict == Verdict::Delivered)
        .map(|(_, packet)| packet.id)
        .collect();
    assert_eq!(delivered, [1, 3, 2]);
    let got = answers(&events, Host::Server, "recvfrom");
    assert!(
        got[1].contains("three") && got[2].contains("two"),
        "{got:?}"
    );
}

#[test]
fn udp_fragments() {
    let events = play("udp-fragments");
    assert_eq!(sent(&events, Host::Client).len(), 45);
    let got = answers(&events, Host::Server, "recvfrom");
    assert!(got[0].contains("65507 "), "{got:?}");
}

/// The plot without repetitions: a transfer keeps its own time, and where the machine stood still for a
/// moment packets come twice.
fn firsts(events: &[Event]) -> String {
    let plot = plot(events);
    let mut packets: Vec<_> = plot.split(' ').collect();
    let mut seen = HashSet::new();
    packets.retain(|packet| seen.insert(*packet));
    packets.join(" ")
}

#[test]
fn tftp_get() {
    assert_eq!(
        firsts(&play("tftp-get")),
        "c:tftp.rrq s:tftp.oack c:tftp.ack0 s:tftp.data1 c:tftp.ack1 s:tftp.data2 c:tftp.ack2 s:tftp.data3 c:tftp.ack3"
    );
}

#[test]
fn tftp_put() {
    assert_eq!(
        firsts(&play("tftp-put")),
        "c:tftp.wrq s:tftp.ack0 c:tftp.data1 s:tftp.ack1 c:tftp.data2 s:tftp.ack2 c:tftp.data3 s:tftp.ack3"
    );
}

#[test]
fn tftp_data_lost() {
    let events = play("tftp-data-lost");
    has_in_order(
        &events,
        "s:tftp.data2! s:tftp.data2 c:tftp.ack2 s:tftp.data3",
    );
}

#[test]
fn tftp_ack_lost() {
    let events = play("tftp-ack-lost");
    has_in_order(
        &events,
        "s:tftp.data2 c:tftp.ack2! s:tftp.data2 c:tftp.ack2 s:tftp.data3 c:tftp.ack3",
    );
}

/// The Sorcerer's Apprentice does not begin.
#[test]
fn tftp_ack_duplicated() {
    let events = play("tftp-ack-duplicated");
    for block in ["s:tftp.data2", "s:tftp.data3"] {
        assert_eq!(plot(&events).matches(block).count(), 1, "{}", plot(&events));
    }
}

#[test]
fn tftp_wrong_tid() {
    let events = play("tftp-wrong-tid");
    has_in_order(
        &events,
        "s:tftp.data1 s:tftp.data2* c:tftp.error s:tftp.data3 c:tftp.ack3",
    );
}

/// All of the RFC's states, from a real kernel.
#[test]
fn all_eleven_states() {
    let mut seen = Vec::new();
    for name in ["handshake", "close-four", "simultaneous-close"] {
        seen.extend(play(name).into_iter().filter_map(|event| match event.kind {
            Kind::State(state) => Some(state.to),
            _ => None,
        }));
    }
    for state in TcpState::ALL {
        assert!(seen.contains(&state), "{} was not seen", state.name());
    }
}

/// All of them once more by a user without privileges. If root runs it, the test becomes the user `nobody`.
#[test]
fn nobody_plays_them_all() {
    let place = tempfile::tempdir().expect("a directory");
    let everybody = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(place.path(), everybody).expect("mode");
    let helper = place.path().join("helper");
    let copied = Command::new("cp")
        .args([HELPER.as_ref(), helper.as_path()])
        .status();
    assert!(copied.expect("cp").success());
    let names: Vec<_> = Scenario::all().map(|scenario| scenario.name).collect();
    let players: Vec<_> = names
        .chunks(7)
        .map(|some| {
            let mut command = Command::new(&helper);
            command.arg("play").args(some).stdout(Stdio::piped());
            if rustix::process::geteuid().is_root() {
                command.uid(65534).gid(65534);
            }
            (some, command.spawn().expect("start"))
        })
        .collect();
    for (some, player) in players {
        let output = player.wait_with_output().expect("an end");
        assert!(output.status.success(), "{some:?}");
        let ends = String::from_utf8_lossy(&output.stdout);
        assert_eq!(ends.matches("\"event\":\"end\"").count(), some.len());
    }
}

/// Which of forty datagrams the wire loses, and which it doubles.
fn luck(rules: &str) -> (Vec<u64>, Vec<u64>) {
    let stage = Stage::new(&Options {
        rules: rules.parse().expect("rules"),
        ..Options::default()
    });
    let fd = stage.socket(Host::Client, Family::Inet, Transport::Datagram);
    let server = stage.socket(Host::Server, Family::Inet, Transport::Datagram);
    let address = v4();
    stage.done(
        Host::Server,
        Call::Bind {
            fd: server,
            address,
        },
    );
    for number in 0..40 {
        let data = vec![number];
        stage.call(Host::Client, Call::Sendto { fd, data, address });
    }
    let entered = |events: &[Event]| sent(events, Host::Client).len();
    stage.until("40 datagrams", |events| {
        (entered(events) == 40).then_some(())
    });
    // Copies take numbers too: count the datagrams.
    let events = stage.events();
    let order: Vec<u64> = sent(&events, Host::Client)
        .iter()
        .map(|(_, id, _)| *id)
        .collect();
    let nth = |id| order.iter().position(|it| *it == id).map(|nth| nth as u64);
    let of = |fits: fn(Verdict) -> bool| {
        let all = packets(&events).into_iter();
        all.filter(|(_, packet)| fits(packet.verdict))
            .filter_map(|(_, packet)| nth(packet.id))
            .collect()
    };
    (
        of(|verdict| verdict == Verdict::Dropped),
        of(|verdict| matches!(verdict, Verdict::Duplicated { .. })),
    )
}

#[test]
fn luck_comes_again() {
    let rules = |seed| format!("c>s:udp loss 30%; c>s:udp 20% dup; seed {seed}");
    let first = luck(&rules(42));
    assert!(!first.0.is_empty() && !first.1.is_empty(), "{first:?}");
    assert_eq!(first, luck(&rules(42)));
    assert_ne!(first, luck(&rules(43)));
}

/// Plays a scenario over a simulated lab, in virtual time, with these rules beside its own.
pub(crate) fn simulate(scenario: Scenario, rules: &str) -> Vec<Event> {
    let name = scenario.name;
    let mut options = scenario.options();
    let more: lineman_lab::rules::Rules = rules.parse().expect("rules");
    options.rules.rules.extend(more.rules);
    let hub = Hub::new();
    let log = hub.cursor();
    let mut lab = Box::new(Simulated::start(&options, 1, hub.sink()));
    if let Err(stop) = scenario.play(&mut *lab, &hub) {
        panic!("{name}: {stop}\n{}", plot(&log.look(<[Event]>::to_vec)));
    }
    lab.end().expect("in good order");
    let events = log.look(<[Event]>::to_vec);
    every_delivery_is_known(&events);
    events
}

/// Whatever is marked as one that can be simulated can be, over IPv4 and IPv6, in virtual time: no script
/// waits for a clock that is not the lab's.
#[test]
fn all_that_can_be_simulated_are() {
    for scenario in Scenario::all().filter(|it| it.can_be_simulated()) {
        for scenario in [*scenario, scenario.over_ipv6()] {
            println!("{}: {}", scenario.name, plot(&simulate(scenario, "")));
        }
    }
}

/// Each program was a thread that took a mutex every millisecond, so that one of them could starve and ask
/// again: a transfer in which nothing is lost repeats nothing.
#[test]
fn nothing_is_repeated_where_nothing_is_lost() {
    let plays = |name| plot(&simulate(*Scenario::find(name).expect("a scenario"), ""));
    assert_eq!(
        plays("tftp-get"),
        "c:tftp.rrq s:tftp.oack c:tftp.ack0 s:tftp.data1 c:tftp.ack1 s:tftp.data2 c:tftp.ack2 s:tftp.data3 c:tftp.ack3"
    );
    assert_eq!(
        plays("tftp-put"),
        "c:tftp.wrq s:tftp.ack0 c:tftp.data1 s:tftp.ack1 c:tftp.data2 s:tftp.ack2 c:tftp.data3 s:tftp.ack3"
    );
}

/// The same scripts over a simulated lab, in real time. What depends on Linux is left out.
#[test]
fn a_simulated_lab_plays_them_too() {
    let names = [
        "handshake",
        "refused",
        "syn-lost",
        "close-four",
        "udp-lost",
        "tftp-get",
    ];
    for name in names {
        let scenario = Scenario::find(name).expect("a scenario");
        let hub = Hub::new();
        let log = hub.cursor();
        let lab = Simulated::start(&scenario.options(), 1, hub.sink());
        let mut lab = Box::new(Paced::new(lab).expect("a lab"));
        if let Err(stop) = scenario.play(&mut *lab, &hub) {
            panic!("{name}: {stop}\n{}", plot(&log.look(<[Event]>::to_vec)));
        }
        lab.end().expect("in good order");
        println!("{name}: {}", plot(&log.look(<[Event]>::to_vec)));
        every_delivery_is_known(&log.look(<[Event]>::to_vec));
    }
}
