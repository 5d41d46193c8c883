//! What is said to have caused a packet, a state or a silence did cause it; where that cannot be known, it is
//! not said.

use lineman_proto::wire::Flags;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;
use lineman_trace::log::*;
use lineman_trace::story::*;

use crate::composer::*;

pub const MS: u64 = 1000;

/// A log in the making, of a connection that is open.
pub struct Talk {
    pub log: Script,
    pub tcp: Connection,
}

/// A connection of its own for each story of a log.
pub fn connection(log: &Script, port: u16) -> Connection {
    let mut tcp = Connection::new(port);
    tcp.client.set_port(tcp.client.port() + log.episode);
    tcp
}

pub fn talk(mut log: Script, sack: bool) -> Talk {
    let mut tcp = connection(&log, 9000);
    tcp.sack = sack;
    log.state(Server, tcp.listener(), TcpState::Listen);
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.state(Server, tcp.socket(Server), TcpState::SynReceived);
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    log.state(Client, tcp.socket(Client), TcpState::Established);
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Server, tcp.socket(Server), TcpState::Established);
    log.at(100 * MS);
    Talk { log, tcp }
}

impl Talk {
    fn data(&mut self, from: Host, bytes: &[u8]) -> u64 {
        let bytes = self.tcp.next(from, and_ack(Flags::PSH), bytes);
        self.log.cross(from, bytes)
    }

    fn lost(&mut self, from: Host, bytes: &[u8]) -> u64 {
        let bytes = self.tcp.next(from, and_ack(Flags::PSH), bytes);
        self.log.lose(from, bytes, "loss")
    }

    fn again(&mut self, from: Host, bytes: &[u8], back: u32) -> u64 {
        let bytes = self.tcp.back(from, and_ack(Flags::PSH), bytes, back);
        self.log.cross(from, bytes)
    }

    fn timer(&mut self, host: Host, clock: TimerKind, millis: u64) {
        self.log.put(timer(host, clock, millis));
    }

    pub fn state(&mut self, host: Host, to: TcpState) {
        let socket = self.tcp.socket(host);
        self.log.state(host, socket, to);
    }

    fn rows(self) -> Vec<Row> {
        rows(self.log)
    }
}

fn timer(host: Host, clock: TimerKind, millis: u64) -> Kind {
    Kind::Timer(Timer {
        host,
        clock,
        wait_ns: millis * 1_000_000,
        expired: true,
        origin: Origin::Kernel,
    })
}

fn counted(host: Host, counter: Counter) -> Kind {
    Kind::Counted(Counted {
        host,
        counter,
        origin: Origin::Kernel,
        cause: None,
        queues: None,
    })
}

pub fn rows(mut log: Script) -> Vec<Row> {
    let mut story = Story::new();
    let mut rows = Vec::new();
    for event in Reader::new(&*log.done()) {
        rows.extend(story.push(&event.expect("a whole log")));
    }
    rows.extend(story.finish());
    rows
}

/// What is said of a packet.
pub fn of(rows: &[Row], id: u64) -> Vec<Saying> {
    let about = |row: &&Row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == id);
    let rows = rows.iter().filter(about);
    rows.flat_map(|row| row.sayings.clone()).collect()
}

pub fn ids(sayings: &[Saying]) -> Vec<&'static str> {
    sayings.iter().map(Saying::id).collect()
}

fn clock(rows: &[Row], id: u64) -> Option<Expiry> {
    let about = |row: &&Row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == id);
    rows.iter().find(about).and_then(|row| row.timer)
}

fn new() -> Script {
    Script::new("causes")
}

/// All stories that are looked at here, in one log.
pub fn causes() -> Vec<u8> {
    let mut log = probed(new()).0;
    log = unknown_timer(log.then(), true).0;
    log = too_soon(log.then()).0;
    log = linear(log.then()).0;
    log = one_duplicate(log.then()).0;
    log = partly_acknowledged(log.then()).0;
    log = probed_with_new(log.then()).0;
    log = after_a_time_out(log.then()).0;
    log = reordering(log.then()).0;
    log = persistent(log.then()).0;
    log = bytes_and_fin(log.then()).0;
    log = held_in_vain(log.then()).0;
    log = delayed_by_rules(log.then());
    log = on_a_busy_machine(log.then()).0;
    log = refused_later(log.then()).0;
    log = refused_unseen(log.then()).0;
    log = given_up(log.then()).0;
    log = reset_after_fin(log.then()).0;
    log = covered(log.then()).0;
    log = after_close(log.then()).0;
    log = time_wait_again(log.then()).0;
    log = acknowledged_again(log.then()).0;
    log = nobody(log.then()).0;
    log = elsewhere(log.then()).0;
    log = overflow(log.then()).0;
    log = unanswered(log.then());
    for counter in [Counter::AbortOnClose, Counter::AbortOnData] {
        log = closed_by(log.then(), Some(counter)).0;
    }
    for (before, call, _) in ENDS {
        log = ended(log.then(), before, call);
    }
    log = forced(log.then()).0;
    log = acknowledged_meanwhile(log.then()).0;
    log = probed_meanwhile(log.then(), true).0;
    log = probed_meanwhile(log.then(), false).0;
    log = behind_full_window(log.then(), true).0;
    log = fin_later(log.then());
    log.done()
}

fn probed(log: Script) -> (Script, [u64; 2]) {
    let mut talk = talk(log, true);
    talk.lost(Client, b"tail");
    talk.log.at(121 * MS);
    talk.timer(Client, TimerKind::LossProbe, 21);
    let probe = talk.tcp.back(Client, and_ack(Flags::PSH), b"tail", 4);
    let probe = talk.log.lose(Client, probe, "loss");
    talk.log.at(333 * MS);
    talk.timer(Client, TimerKind::Retransmission, 212);
    let resent = talk.again(Client, b"tail", 4);
    (talk.log, [probe, resent])
}

/// A tail loss probe after 21 ms, and the time-out after it: two clocks, and neither is the other.
#[test]
fn a_tail_loss_probe_was_told_as_a_time_out() {
    let (log, [probe, resent]) = probed(new());
    let rows = rows(log);
    let told = Saying::LossProbe {
        who: Client,
        millis: 21,
    };
    assert_eq!(of(&rows, probe)[0], told);
    assert_eq!(
        clock(&rows, probe).map(|it| it.kind),
        Some(TimerKind::LossProbe)
    );
    let (times, millis) = (2, 212);
    let told = Saying::Resent {
        who: Client,
        times,
        millis,
    };
    assert_eq!(of(&rows, resent), [told]);
    let kind = clock(&rows, resent).map(|it| it.kind);
    assert_eq!(kind, Some(TimerKind::Retransmission));
}

/// Two segments, of which the first is acknowledged seven milliseconds after the second has left, which is lost.
fn acknowledged_meanwhile(log: Script) -> (Script, u64) {
    let mut talk = talk(log, false);
    talk.data(Client, b"one ");
    talk.lost(Client, b"two ");
    talk.log.later(7 * MS);
    talk.log.cross(Server, talk.tcp.ack(Server, 4, 0));
    talk.log.at(325 * MS);
    talk.timer(Client, TimerKind::Retransmission, 224);
    let again = talk.again(Client, b"two ", 4);
    (talk.log, again)
}

/// "Because no acknowledgment of the segment came within 216 ms" of one that had left 224 ms before: an acknowledgment of what was
/// before it had started the timer anew.
#[test]
fn the_time_since_an_acknowledgment_was_told_as_that_since_the_segment() {
    let (log, again) = acknowledged_meanwhile(new());
    let rows = rows(log);
    let (who, times, millis, since) = (Client, 1, 216, 224);
    let told = [
        Saying::Resent { who, times, millis },
        Saying::TimerAcknowledged { millis, since },
    ];
    assert_eq!(of(&rows, again), told);
    let shown = clock(&rows, again).map(|it| it.wait_ns / 1_000_000);
    assert_eq!(shown, Some(millis - 1), "rounded down");
}

/// Two segments are lost. The second is sent again as a tail loss probe, of which the kernel tells or not, and then the first by its timer.
fn probed_meanwhile(log: Script, told: bool) -> (Script, u64) {
    let mut talk = talk(log, true);
    talk.lost(Client, b"one ");
    talk.lost(Client, b"two ");
    talk.log.at(310 * MS);
    if told {
        talk.timer(Client, TimerKind::LossProbe, 209);
    }
    let probe = talk.tcp.back(Client, and_ack(Flags::PSH), b"two ", 4);
    talk.log.lose(Client, probe, "loss");
    talk.log.at(522 * MS);
    if told {
        talk.timer(Client, TimerKind::Retransmission, 212);
    }
    let again = talk.again(Client, b"one ", 8);
    (talk.log, again)
}

/// The same of the time since a tail loss probe.
#[test]
fn the_time_since_a_probe_was_told_as_that_since_the_segment() {
    for (told, id) in [(true, "again.timer.probe"), (false, "again.timer.tail")] {
        let (log, again) = probed_meanwhile(new(), told);
        let sayings = of(&rows(log), again);
        assert_eq!(ids(&sayings)[1], id, "{sayings:?}");
        let fields = sayings[1].fields();
        let [_, (_, millis), (_, since)] = &fields[..] else {
            panic!("{fields:?}");
        };
        assert_eq!((millis, since), (&Value::Millis(212), &Value::Millis(422)));
    }
}

/// The server sends its last bytes again by its timer, and closes when they are on their way once more. Its kernel tells how large its
/// congestion window is, or not.
fn behind_full_window(mut log: Script, told: bool) -> (Script, u64) {
    crate::order::listens(&mut log);
    let mut tcp = crate::order::open(&mut log, 0, 4);
    log.at(100 * MS);
    log.quick(Client, 4, "shutdown", &["SHUT_WR"], "0");
    log.cross(Client, tcp.next(Client, and_ack(Flags::FIN), b""));
    log.state(Client, tcp.socket(Client), TcpState::FinWait1);
    log.state(Server, tcp.socket(Server), TcpState::CloseWait);
    log.quick(Server, 4, "send", &["\"forty-two\""], "9");
    let bytes = tcp.next(Server, and_ack(Flags::PSH), b"forty-two");
    log.lose(Server, bytes, "loss");
    log.state(Client, tcp.socket(Client), TcpState::FinWait2);
    log.at(330 * MS);
    log.put(timer(Server, TimerKind::Retransmission, 212));
    log.cross(
        Server,
        tcp.back(Server, and_ack(Flags::PSH), b"forty-two", 9),
    );
    if told {
        log.put(Kind::TcpInfo(TcpInfo {
            host: Server,
            socket: tcp.socket(Server),
            rtt_us: None,
            rttvar_us: None,
            rto_us: 416_000,
            cwnd: 1,
            ssthresh: None,
            mss: 1460,
            unacked: 1,
            sacked: 0,
            lost: 1,
            retrans: 1,
            total_retrans: 1,
            ato_us: None,
            origin: Origin::Kernel,
        }));
    }
    let ack = log.send(Client, tcp.next(Client, ACK, b""));
    let close = log.call(Server, 4, "close", &[]);
    log.returns(close, Server, "close", "0");
    log.state(Server, tcp.socket(Server), TcpState::LastAck);
    log.later(700 * MS);
    log.verdict(ack, Client, Verdict::Delivered, None);
    log.cross(Server, tcp.next(Server, and_ack(Flags::FIN), b""));
    log.state(Client, tcp.socket(Client), TcpState::TimeWait);
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Server, tcp.socket(Server), TcpState::Closed);
    (log, close)
}

/// A program closes, and its FIN leaves much later, whatever keeps it.
fn fin_later(mut log: Script) -> Script {
    crate::order::listens(&mut log);
    let mut tcp = crate::order::open(&mut log, 0, 6);
    log.at(100 * MS);
    log.quick(Client, 6, "close", &[], "0");
    log.state(Client, tcp.socket(Client), TcpState::FinWait1);
    log.later(700 * MS);
    log.cross(Client, tcp.next(Client, and_ack(Flags::FIN), b""));
    log.state(Server, tcp.socket(Server), TcpState::CloseWait);
    log
}

/// "The FIN has not left yet: it follows what is still to be sent", when all nine bytes had left twice.
#[test]
fn a_fin_behind_bytes_that_had_left_was_told_to_follow_what_is_still_to_be_sent() {
    for told in [true, false] {
        let (log, close) = behind_full_window(new(), told);
        let rows = rows(log);
        let row = rows.iter().find(|row| {
            let call = row.calls.server.as_ref();
            call.is_some_and(|call| call.id == close)
        });
        let sayings = &row.expect("a row").sayings;
        match told {
            true => assert_eq!(ids(sayings), ["state.fin.last.later", "fin.cwnd"]),
            false => assert_eq!(ids(sayings), ["state.fin.last.later"]),
        }
        if told {
            let (who, window) = (Server, 1);
            assert_eq!(sayings[1], Saying::FinCwnd { who, window });
        }
    }
}

/// Held back by Nagle, and sent by the probe: the ACK of the first was lost.
fn probed_with_new(log: Script) -> (Script, u64) {
    let mut talk = talk(log, true);
    talk.data(Client, b"hello");
    let ack = talk.tcp.next(Server, ACK, b"");
    talk.log.lose(Server, ack, "loss");
    talk.log.at(306 * MS);
    talk.timer(Client, TimerKind::LossProbe, 207);
    let new = talk.data(Client, b"world");
    (talk.log, new)
}

/// A tail loss probe may carry what is new; its row gave no reason at all.
#[test]
fn a_tail_loss_probe_of_new_data_is_told() {
    let (log, new) = probed_with_new(new());
    let rows = rows(log);
    assert_eq!(ids(&of(&rows, new)), ["data", "probe.new"]);
    let clock = clock(&rows, new).expect("a clock");
    assert_eq!(clock.kind, TimerKind::LossProbe);
    // The interval between the packets, not that until the sampler asked the kernel a little later: one number for one interval.
    assert_eq!(clock.wait_ns / 1_000_000, 206);
    let told = Saying::LossProbeNew {
        who: Client,
        millis: 206,
    };
    assert_eq!(of(&rows, new)[1], told);
}

/// Three are lost; after the time-out and the first ACK, Linux tries something new first (RFC 5682).
fn after_a_time_out(log: Script) -> (Script, [u64; 2]) {
    let mut talk = talk(log, false);
    for text in [b"1111", b"2222", b"3333"] {
        talk.lost(Client, text);
    }
    talk.log.at(320 * MS);
    talk.timer(Client, TimerKind::Retransmission, 220);
    talk.log.put(Kind::Congestion(Congestion {
        host: Client,
        algorithm: "bbr".into(),
        window: 1,
        threshold: None,
        origin: Origin::Kernel,
    }));
    talk.again(Client, b"1111", 12);
    talk.log.cross(Server, talk.tcp.ack(Server, 8, 0));
    let tried = talk.data(Client, b"new!");
    talk.log.cross(Server, talk.tcp.ack(Server, 12, 0));
    let second = talk.again(Client, b"2222", 12);
    (talk.log, [tried, second])
}

/// What F-RTO does was told as a partial acknowledgment of fast recovery.
#[test]
fn after_a_time_out_nothing_is_a_partial_acknowledgment() {
    let (log, [tried, second]) = after_a_time_out(new());
    let rows = rows(log);
    assert_eq!(ids(&of(&rows, tried))[..2], ["data", "data.frto"]);
    assert_eq!(ids(&of(&rows, second)), ["again.slow_start"]);
}

/// A SACK shows a gap; the segment may only be late, so a timer runs, and then it is sent again.
fn reordering(log: Script) -> (Script, u64) {
    let mut talk = talk(log, true);
    talk.lost(Client, b"lost");
    talk.data(Client, b"here");
    talk.log.cross(Server, talk.tcp.ack(Server, 8, 4));
    talk.log.at(112 * MS);
    talk.timer(Client, TimerKind::Reordering, 9);
    talk.log.put(Kind::Congestion(Congestion {
        host: Client,
        algorithm: "cubic".into(),
        window: 1,
        threshold: Some(7),
        origin: Origin::Kernel,
    }));
    let resent = talk.again(Client, b"lost", 8);
    (talk.log, resent)
}

/// "5 ms" and "0 ms" were told alike: with the third segment behind the gap the SACK itself has the missing one sent again, and no timer
/// has run.
#[test]
fn a_sack_that_had_it_sent_again_at_once_was_told_as_a_reordering_timer() {
    let mut talk = talk(new(), true);
    talk.lost(Client, b"lost");
    talk.data(Client, b"here");
    talk.log.cross(Server, talk.tcp.ack(Server, 8, 4));
    talk.log.put(Kind::Timer(Timer {
        host: Client,
        clock: TimerKind::Reordering,
        wait_ns: 8701,
        expired: true,
        origin: Origin::Kernel,
    }));
    let resent = talk.again(Client, b"lost", 8);
    let rows = talk.rows();
    assert_eq!(ids(&of(&rows, resent))[0], "again.sack");
    assert_eq!(clock(&rows, resent), None);
}

/// RACK's timer was never named, and cwnd and ssthresh were not told.
#[test]
fn the_reordering_timer_and_congestion_control_are_told() {
    let (log, resent) = reordering(new());
    let rows = rows(log);
    let rack = Saying::ResentRack {
        who: Client,
        millis: 9,
    };
    let congestion = Saying::Congestion {
        who: Client,
        algorithm: "cubic".into(),
        window: 1,
        threshold: 7,
    };
    assert_eq!(of(&rows, resent)[..2], [rack, congestion]);
    let kind = clock(&rows, resent).map(|it| it.kind);
    assert_eq!(kind, Some(TimerKind::Reordering));
}

fn persistent(log: Script) -> (Script, u64) {
    let mut talk = talk(log, true);
    talk.data(Client, b"x");
    talk.tcp.window = 0;
    let ack = talk.tcp.next(Server, ACK, b"");
    talk.log.cross(Server, ack);
    talk.tcp.window = 64240;
    talk.log.at(310 * MS);
    talk.timer(Client, TimerKind::Persist, 208);
    let probe = talk.tcp.back(Client, ACK, b"", 1);
    let probe = talk.log.cross(Client, probe);
    (talk.log, probe)
}

/// That it was the persist timer was never said, though the kernel tells it. It runs since the window closed.
#[test]
fn the_persist_timer_is_told() {
    let (log, probe) = persistent(new());
    let rows = rows(log);
    assert_eq!(
        ids(&of(&rows, probe)),
        ["window.probe", "window.probe.timer"]
    );
    let clock = clock(&rows, probe).expect("a clock");
    assert_eq!(
        (clock.kind, clock.wait_ns / 1_000_000),
        (TimerKind::Persist, 207)
    );
}

fn bytes_and_fin(log: Script) -> (Script, u64) {
    let mut talk = talk(log, true);
    talk.data(Client, b"how many?");
    let fin = talk.tcp.next(Client, and_ack(Flags::FIN), b"");
    talk.log.cross(Client, fin);
    let ack = talk.tcp.next(Server, ACK, b"");
    let both = talk.log.cross(Server, ack);
    (talk.log, both)
}

/// One ACK of bytes and FIN was told as one of the FIN alone.
#[test]
fn an_ack_of_bytes_and_fin_tells_both() {
    let (log, both) = bytes_and_fin(new());
    let rows = rows(log);
    let told = of(&rows, both);
    assert_eq!(ids(&told), ["ack.fin", "ack.fin.bytes"]);
    assert_eq!(told[1], Saying::AckFinBytes { bytes: 9 });
}

/// A FIN that has bytes before it was told by the number of the first of them, and these were not told.
#[test]
fn a_fin_with_bytes_tells_these_too() {
    let mut talk = talk(new(), true);
    let last = talk.tcp.next(Client, and_ack(Flags::FIN), b"last");
    let last = talk.log.cross(Client, last);
    let told = of(&talk.rows(), last);
    assert_eq!(ids(&told)[..2], ["data", "fin.first"]);
    assert_eq!(
        told[1],
        Saying::FinFirst {
            who: Client,
            seq: 5
        }
    );
}

/// A FIN without a byte was said to have its bytes discarded; so was everything that nobody remembers.
#[test]
fn what_nobody_remembers_is_not_said_to_be_known() {
    let mut log = new();
    let mut tcp = connection(&log, 9000);
    log.state(Server, tcp.listener(), TcpState::Listen);
    // Forged: the client has no such socket.
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.state(Server, tcp.socket(Server), TcpState::SynReceived);
    let answer = log.send(Server, tcp.next(Server, and_ack(SYN), b""));
    log.verdict(answer, Server, Verdict::Duplicated { copy: 9 }, None);
    for id in [answer, 9] {
        log.verdict(id, Server, Verdict::Delivered, None);
    }
    let told = ids(&of(&rows(log), 9));
    assert_eq!(told, ["wire.copied"]);
}

fn held_in_vain(log: Script) -> (Script, [u64; 2]) {
    let mut talk = talk(log, true);
    let held = |talk: &mut Talk, at: u64, overtaken: bool| {
        let bytes = talk.tcp.next(Client, and_ack(Flags::PSH), b"held");
        let id = talk.log.at(at * MS).send(Client, bytes);
        talk.log.put(Kind::Fault(Fault {
            packet: id,
            rule: "reorder 1".into(),
        }));
        talk.log.verdict(id, Client, Verdict::Held, None);
        if overtaken {
            talk.data(Client, b"next");
        } else {
            talk.log.at((at + 101) * MS);
        }
        talk.log.verdict(id, Client, Verdict::Delivered, None);
        id
    };
    let overtaken = held(&mut talk, 100, true);
    let in_vain = held(&mut talk, 300, false);
    (talk.log, [overtaken, in_vain])
}

/// Of a packet that a rule had delayed it was said that a person let it through; and where it stood in one row, nothing was said.
fn delayed_by_rules(log: Script) -> Script {
    let mut talk = talk(log, true);
    for (at, rule, goes_on) in [(100, "delay 50ms", false), (300, "rate 1mbit", true)] {
        let bytes = talk.tcp.next(Client, and_ack(Flags::PSH), b"late");
        let id = talk.log.at(at * MS).send(Client, bytes);
        talk.log.put(Kind::Fault(Fault {
            packet: id,
            rule: format!("c>s:data #1 {rule}"),
        }));
        talk.log.verdict(id, Client, Verdict::Held, None);
        if goes_on {
            talk.log
                .quick(Server, 4, "getsockname", &[], "10.0.0.2:9000");
            talk.data(Server, b"meanwhile");
        }
        talk.log.at((at + 52) * MS);
        talk.log.verdict(id, Client, Verdict::Delivered, None);
    }
    talk.log
}

#[test]
fn what_a_rule_delays_is_not_let_through_by_hand() {
    let told = ids(&rows(delayed_by_rules(new()))
        .iter()
        .flat_map(|row| row.sayings.clone())
        .collect::<Vec<_>>());
    let wire: Vec<_> = told.iter().filter(|id| id.starts_with("wire.")).collect();
    let late = ["wire.delayed", "wire.delayed.over"];
    assert_eq!(wire, [late, late].as_flattened().iter().collect::<Vec<_>>());
}

/// That a limit had released it, and not what overtook it, was not said.
#[test]
fn what_nothing_overtakes_is_released_by_the_limit() {
    let (log, [overtaken, in_vain]) = held_in_vain(new());
    let rows = rows(log);
    let told = ids(&of(&rows, overtaken));
    assert!(told.contains(&"wire.released"), "{told:?}");
    let told = of(&rows, in_vain);
    assert!(
        told.contains(&Saying::ReleasedAtLimit { millis: 101 }),
        "{told:?}"
    );
}

/// "Released after 3 ms, because no other packets came to overtake it: the rule holds none longer than 100 ms": of the two that
/// did, one was held in turn.
#[test]
fn what_is_released_before_the_limit_is_not_released_by_it() {
    let mut talk = talk(new(), true);
    let mut held = |at: u64, rule: &str| {
        let bytes = talk.tcp.next(Client, and_ack(Flags::PSH), b"held");
        let id = talk.log.at(at * MS).send(Client, bytes);
        talk.log.put(Kind::Fault(Fault {
            packet: id,
            rule: rule.into(),
        }));
        talk.log.verdict(id, Client, Verdict::Held, None);
        id
    };
    let ids = [
        held(200, "c>s:data #1 reorder 2"),
        held(201, "c>s:data #2 reorder 1"),
    ];
    talk.log.at(202 * MS);
    talk.data(Client, b"through");
    for id in ids {
        talk.log.verdict(id, Client, Verdict::Delivered, None);
    }
    let rows = talk.rows();
    for (id, released) in ids
        .into_iter()
        .zip(["wire.released.passed", "wire.released"])
    {
        let told = self::ids(&of(&rows, id));
        assert!(told.contains(&released), "{told:?}");
        assert!(!told.contains(&"wire.released.limit"), "{told:?}");
    }
}

/// "It retransmits although the segment had arrived": that was on its way, delayed for longer than the timer runs.
#[test]
fn what_is_still_on_its_way_is_not_said_to_have_arrived() {
    for (verdict, goes_on) in [
        (Some(Verdict::Held), true),
        (Some(Verdict::Held), false),
        (None, true),
    ] {
        let mut talk = talk(new(), false);
        let bytes = talk.tcp.next(Client, and_ack(Flags::PSH), b"late");
        let late = talk.log.send(Client, bytes);
        if let Some(verdict) = verdict {
            talk.log.verdict(late, Client, verdict, None);
        }
        talk.log.at(310 * MS);
        talk.timer(Client, TimerKind::Retransmission, 210);
        let resent = talk.again(Client, b"late", 4);
        if goes_on {
            talk.log.at(600 * MS);
            talk.log.verdict(late, Client, Verdict::Delivered, None);
        }
        let rows = talk.rows();
        assert_eq!(ids(&of(&rows, resent))[0], "again.timeout");
    }
}

/// "0.018 sendall() = 0" stood above the ACK of 0.021 that had made room for the last of its bytes.
#[test]
fn a_call_that_waits_for_room_returns_below_what_has_made_it() {
    let mut talk = talk(new(), false);
    let call = talk.log.call(Client, 3, "sendall", &["\"much\"…"]);
    talk.log.later(3 * MS);
    talk.log
        .quick(Server, 4, "recv", &["4096"], "1460 \"much\"…");
    let ack = talk.tcp.next(Server, ACK, b"");
    talk.log.cross(Server, ack);
    talk.data(Client, b"much");
    talk.log.returns(call, Client, "sendall", "0");
    let rows = talk.rows();
    let of_call = |row: &Row| row.calls[Client].as_ref().map(|cell| cell.answer.is_some());
    let shown: Vec<_> = rows.iter().map(of_call).collect();
    let begins = shown.iter().position(|it| *it == Some(false));
    let returns = shown.iter().position(|it| *it == Some(true));
    let comes = |row: &Row| row.arrow.as_ref().is_some_and(|it| it.from == Server);
    let last = rows.iter().rposition(comes);
    assert!(begins < last && last < returns, "{shown:?}");
}

/// The client does not wait for the answer.
fn refused_later(mut log: Script) -> (Script, u64) {
    let mut tcp = connection(&log, 9000);
    let fd = 3;
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
    let address = tcp.server.to_string();
    log.quick(Client, fd, "connect", &[&address], "EINPROGRESS");
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    log.cross(Client, tcp.next(Client, SYN, b""));
    let reset = log.cross(Server, tcp.back(Server, and_ack(RST), b"", 0));
    log.state(Client, tcp.socket(Client), TcpState::Closed);
    log.quick(Client, fd, "close", &[], "0");
    (log, reset)
}

/// No call is known.
fn refused_unseen(mut log: Script) -> (Script, u64) {
    let mut tcp = connection(&log, 9000);
    log.cross(Client, tcp.next(Client, SYN, b""));
    let reset = log.cross(Server, tcp.back(Server, and_ack(RST), b"", 0));
    (log, reset)
}

/// connect() was said to fail, also where it had returned long before.
#[test]
fn a_refusal_says_of_connect_what_the_calls_bear_out() {
    let (log, reset) = refused_later(new());
    let told = ids(&of(&rows(log), reset));
    assert_eq!(told[..2], ["rst.refused", "rst.refused.later"]);
    let (log, reset) = refused_unseen(new());
    let told = ids(&of(&rows(log), reset));
    assert_eq!(told[..2], ["rst.refused", "rst.refused.unseen"]);
    let mut log = new();
    let mut tcp = connection(&log, 9000);
    let connect = log.call(Client, 3, "connect", &[&tcp.server.to_string()]);
    log.cross(Client, tcp.next(Client, SYN, b""));
    let reset = log.cross(Server, tcp.back(Server, and_ack(RST), b"", 0));
    log.returns(connect, Client, "connect", "ECONNREFUSED");
    let told = ids(&of(&rows(log), reset));
    assert!(
        !told.iter().any(|id| id.starts_with("rst.refused.")),
        "{told:?}"
    );
    assert!(told.contains(&"call.refused"), "{told:?}");
}

/// Nothing answers the keep-alives: the client gives up, and its RST is lost.
fn given_up(log: Script) -> (Script, [u64; 2]) {
    let mut talk = talk(log, true);
    let recv = talk.log.call(Client, 3, "recv", &["10"]);
    talk.log.at(3000 * MS);
    talk.state(Client, TcpState::Closed);
    let reset = talk.tcp.next(Client, and_ack(RST), b"");
    let reset = talk.log.lose(Client, reset, "loss");
    talk.log.returns(recv, Client, "recv", "ETIMEDOUT");
    talk.log.at(4000 * MS);
    // And one that gives no error to any call.
    talk.tcp = connection(&talk.log, 9001);
    talk.state(Client, TcpState::Established);
    talk.log.at(5000 * MS);
    talk.state(Client, TcpState::Closed);
    let own = talk.tcp.next(Client, and_ack(RST), b"");
    let own = talk.log.lose(Client, own, "loss");
    (talk.log, [reset, own])
}

/// The probes ran out, and a RST was said to have ended the connection, and the next call at the server to fail.
#[test]
fn who_gives_up_was_not_reset() {
    let (log, [reset, own]) = given_up(new());
    let rows = rows(log);
    let told = ids(&of(&rows, reset));
    assert_eq!(told[..2], ["rst.broken", "wire.lost"]);
    assert!(told.contains(&"state.gave_up"), "{told:?}");
    let told = ids(&of(&rows, own));
    assert!(told.contains(&"state.reset.sent"), "{told:?}");
}

/// An end that has finished, and whose peer breaks off.
fn reset_after_fin(log: Script) -> (Script, [u64; 2]) {
    let mut talk = talk(log, true);
    talk.state(Client, TcpState::FinWait1);
    let fin = talk.tcp.next(Client, and_ack(Flags::FIN), b"");
    talk.log.cross(Client, fin);
    talk.state(Server, TcpState::CloseWait);
    talk.log.at(200 * MS);
    let reset = talk.tcp.next(Client, and_ack(RST), b"");
    let after = talk.log.cross(Client, reset);
    talk.state(Server, TcpState::Closed);
    let mut log = talk.log.then();
    let mut talk = self::talk(log, true);
    let reset = talk.tcp.next(Client, and_ack(RST), b"");
    let open = talk.log.cross(Client, reset);
    talk.state(Server, TcpState::Closed);
    log = talk.log;
    (log, [after, open])
}

/// In CLOSE-WAIT a recv() gives 0, and only a send() fails.
#[test]
fn what_a_reset_does_to_the_next_call_depends_on_the_state() {
    let (log, [after, open]) = reset_after_fin(new());
    let rows = rows(log);
    assert_eq!(ids(&of(&rows, after))[1], "rst.noticed.after.fin");
    assert_eq!(ids(&of(&rows, open))[1], "rst.noticed");
}

/// close() directly after connect() stood in the row of the third ACK, and FIN-WAIT-1 above the FIN.
#[test]
fn a_call_stands_at_the_packet_that_it_sends() {
    let mut log = new();
    let mut tcp = connection(&log, 9000);
    let address = tcp.server.to_string();
    log.state(Server, tcp.listener(), TcpState::Listen);
    let connect = log.call(Client, 3, "connect", &[&address]);
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.state(Server, tcp.socket(Server), TcpState::SynReceived);
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    log.state(Client, tcp.socket(Client), TcpState::Established);
    log.returns(connect, Client, "connect", "0");
    let close = log.call(Client, 3, "close", &[]);
    let third = log.send(Client, tcp.next(Client, ACK, b""));
    log.returns(close, Client, "close", "0");
    log.state(Client, tcp.socket(Client), TcpState::FinWait1);
    let fin = log.send(Client, tcp.next(Client, and_ack(Flags::FIN), b""));
    for id in [third, fin] {
        log.verdict(id, Client, Verdict::Delivered, None);
    }
    let rows = rows(log);
    let row = |id: u64| {
        let mut rows = rows.iter();
        rows.find(|row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == id))
            .expect("a row")
    };
    assert_eq!(row(third).calls.client, None);
    let call = row(fin).calls.client.as_ref().expect("a call");
    assert_eq!((call.name.as_str(), call.begins), ("close", true));
    let state = row(fin).states.client.map(|cell| cell.after);
    assert_eq!(state, Some(TcpState::FinWait1));
    assert!(row(third).t_ns < row(fin).t_ns);
}

/// The same where another call has begun before the FIN is seen, as strace tells it.
#[test]
fn a_fin_does_not_stand_at_the_recv_behind_its_shutdown() {
    let mut talk = talk(new(), true);
    talk.log.quick(Client, 3, "shutdown", &["SHUT_WR"], "0");
    let _waits = talk.log.call(Client, 3, "recv", &["10"]);
    talk.state(Client, TcpState::FinWait1);
    let fin = talk.tcp.next(Client, and_ack(Flags::FIN), b"");
    let fin = talk.log.cross(Client, fin);
    let rows = talk.rows();
    let mut rows = rows.iter();
    let about = |row: &&Row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == fin);
    let row = rows.find(about).expect("a row");
    let call = row.calls.client.as_ref().expect("a call");
    assert_eq!(call.name, "shutdown");
    let cell = row.states.client.expect("a state");
    assert_eq!(cell.after, TcpState::FinWait1);
    assert_ne!(cell.before, cell.after);
}

/// Milliseconds were cut, here to 41.
#[test]
fn milliseconds_are_rounded() {
    let mut talk = talk(new(), true);
    talk.log.at(100 * MS);
    talk.data(Client, b"x");
    talk.log.at(142 * MS + 600); // 1 ms on the way, 41.6 later
    let ack = talk.tcp.next(Server, ACK, b"");
    let ack = talk.log.cross(Server, ack);
    let told = of(&talk.rows(), ack);
    assert!(
        matches!(told[0], Saying::AckDelayed { millis: 42, .. }),
        "{told:?}"
    );
}

fn forced(log: Script) -> (Script, [u64; 2]) {
    let mut talk = talk(log, true);
    let fin = talk.tcp.next(Client, and_ack(Flags::FIN), b"");
    talk.log.cross(Client, fin.clone());
    talk.log.at(134 * MS);
    let copy = talk.log.cross(Client, fin);
    talk.log.at(136 * MS);
    let ack = talk.tcp.next(Server, ACK, b"");
    let ack = talk.log.cross(Server, ack);
    (talk.log, [copy, ack])
}

/// "34 ms later: its program has not closed yet", and a clock of a delayed ACK, of an ACK that a copy of the FIN had sent at once.
#[test]
fn an_ack_that_a_copy_has_sent_at_once_was_told_as_delayed() {
    let (log, [_, ack]) = forced(new());
    let rows = rows(log);
    assert_eq!(ids(&of(&rows, ack)), ["ack.fin", "ack.forced"]);
    assert_eq!(clock(&rows, ack), None);
}

/// "No timer of a delayed ACK has expired", below "(delayed ACK 36 ms)": the timer had expired, and the copy had come 18 ms before.
#[test]
fn an_ack_whose_timer_has_expired_was_told_as_sent_at_once() {
    let mut talk = talk(new(), true);
    let data = talk.tcp.next(Client, and_ack(Flags::PSH), b"data");
    talk.log.cross(Client, data.clone());
    talk.log.at(118 * MS);
    talk.log.cross(Client, data);
    talk.log.at(136 * MS);
    talk.timer(Server, TimerKind::DelayedAck, 36);
    let ack = talk.tcp.next(Server, ACK, b"");
    let ack = talk.log.cross(Server, ack);
    let rows = talk.rows();
    assert!(!ids(&of(&rows, ack)).contains(&"ack.forced"));
    let clock = clock(&rows, ack).expect("a timer");
    assert_eq!(
        (clock.kind, clock.wait_ns),
        (TimerKind::DelayedAck, 36_000_000)
    );
}

/// "After 250 ms the time before: the timeout doubles", where the time before the reordering timer had expired.
#[test]
fn a_timeout_was_told_as_doubled_behind_another_timer() {
    for (first, wanted) in [
        (TimerKind::Reordering, "again.timeout"),
        (TimerKind::Retransmission, "again.timeout.doubled"),
    ] {
        let mut talk = talk(new(), true);
        talk.lost(Client, b"tail");
        talk.log.at(350 * MS);
        talk.timer(Client, first, 250);
        let bytes = talk.tcp.back(Client, and_ack(Flags::PSH), b"tail", 4);
        talk.log.lose(Client, bytes, "loss");
        talk.log.at(850 * MS);
        talk.timer(Client, TimerKind::Retransmission, 500);
        let resent = talk.again(Client, b"tail", 4);
        let rows = talk.rows();
        assert_eq!(ids(&of(&rows, resent)), [wanted], "{first:?}");
    }
}

fn unknown_timer(log: Script, sack: bool) -> (Script, u64) {
    let mut talk = talk(log, sack);
    talk.lost(Client, b"tail");
    talk.log.at(320 * MS);
    let resent = talk.again(Client, b"tail", 4);
    (talk.log, resent)
}

/// Without a word of the kernel the times tell that there was a timer, and only what excludes the probe tells
/// that it was the time-out.
#[test]
fn packets_alone_do_not_tell_which_timer_ran_out() {
    for (sack, wanted) in [
        (true, "again.timer.deduced"),
        (false, "again.timeout.deduced"),
    ] {
        let (log, resent) = unknown_timer(new(), sack);
        let rows = rows(log);
        assert_eq!(ids(&of(&rows, resent)), [wanted]);
        let clock = clock(&rows, resent).expect("a clock");
        assert_eq!(clock.origin, Origin::Inferred);
    }
}

fn too_soon(log: Script) -> (Script, u64) {
    let mut talk = talk(log, true);
    talk.lost(Client, b"one");
    talk.lost(Client, b"two");
    talk.log.at(110 * MS);
    let resent = talk.again(Client, b"one", 6);
    (talk.log, resent)
}

/// What is sent again for no reason that was seen is told as that: neither as new, nor by a clock.
#[test]
fn what_comes_again_too_soon_has_no_reason() {
    let (log, resent) = too_soon(new());
    let rows = rows(log);
    assert_eq!(ids(&of(&rows, resent)), ["again.somehow"]);
    assert_eq!(clock(&rows, resent), None);
}

fn linear(mut log: Script) -> (Script, Vec<u64>) {
    let mut tcp = connection(&log, 9000);
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    log.lose(Client, tcp.next(Client, SYN, b""), "loss");
    let mut ids_of = Vec::new();
    let mut at = 0;
    for wait in [1000, 1023, 1024, 2016, 4096] {
        at += wait * MS;
        log.at(at)
            .put(timer(Client, TimerKind::Retransmission, wait));
        log.put(Kind::Congestion(Congestion {
            host: Client,
            algorithm: "cubic".into(),
            window: 1,
            threshold: None,
            origin: Origin::Kernel,
        }));
        ids_of.push(log.lose(Client, tcp.back(Client, SYN, b"", 1), "loss"));
    }
    (log, ids_of)
}

/// What is done about lost data was told of a lost SYN, which has no half of anything in flight.
#[test]
fn a_lost_syn_is_not_told_of_half_of_what_is_in_flight() {
    let (log, ids_of) = linear(new());
    let rows = rows(log);
    let told = ids(&of(&rows, ids_of[0]));
    assert!(told.contains(&"congestion.rule.syn"), "{told:?}");
    assert!(!told.contains(&"congestion.rule"), "{told:?}");
}

/// The first SYNs of Linux are sent at equal intervals; that each is twice as late was said and not true.
#[test]
fn linear_time_outs_of_a_syn_are_not_said_to_double() {
    let (log, ids_of) = linear(new());
    let rows = rows(log);
    let told: Vec<&str> = ids_of.iter().map(|id| of(&rows, *id)[0].id()).collect();
    let wanted = [
        "again.timeout.syn",
        "again.timeout.linear",
        "again.timeout.linear",
        "again.timeout.doubled",
        "again.timeout.doubled",
    ];
    assert_eq!(told, wanted);
}

fn one_duplicate(log: Script) -> (Script, u64) {
    let mut talk = talk(log, true);
    talk.lost(Client, b"lost");
    talk.data(Client, b"here");
    talk.log.cross(Server, talk.tcp.ack(Server, 8, 4));
    let resent = talk.again(Client, b"lost", 8);
    (talk.log, resent)
}

/// One duplicate ACK with a SACK was told as three duplicate ACKs.
#[test]
fn one_duplicate_ack_is_not_said_to_be_three() {
    let (log, resent) = one_duplicate(new());
    let rows = rows(log);
    let told = Saying::ResentSack {
        who: Client,
        acks: 1,
    };
    assert_eq!(of(&rows, resent), [told]);
}

/// "Duplicate ACK no. 4 … three make the sender retransmit", where the first was lost: its sender counts what it has sent, and who
/// retransmits what has come.
#[test]
fn duplicate_acks_are_counted_where_they_are_sent_and_where_they_arrive() {
    let mut talk = talk(new(), false);
    talk.data(Client, b"0123");
    talk.log.cross(Server, talk.tcp.ack(Server, 0, 0));
    talk.lost(Client, b"4567");
    let mut sent = Vec::new();
    for nth in 1..5 {
        talk.data(Client, b"here");
        let ack = talk.tcp.ack(Server, 4 + 4 * nth, 0);
        sent.push(match nth {
            1 => talk.log.lose(Server, ack, "loss"),
            _ => talk.log.cross(Server, ack),
        });
    }
    let resent = talk.again(Client, b"4567", 20);
    let rows = rows(talk.log);
    let times = sent.iter().map(|id| {
        let said = of(&rows, *id);
        said.iter().find_map(|it| match it {
            Saying::AckDup { times, .. } => Some(*times),
            _ => None,
        })
    });
    let times = times.collect::<Vec<_>>();
    assert_eq!(times, [Some(1), Some(2), Some(3), Some(4)]);
    let (who, acks) = (Client, 3);
    assert_eq!(of(&rows, resent), [Saying::ResentFast { who, acks }]);
}

/// Two are lost; the second is asked for by the acknowledgment of the first.
fn partly_acknowledged(log: Script) -> (Script, u64) {
    let mut talk = talk(log, false);
    talk.lost(Client, b"1111");
    talk.lost(Client, b"2222");
    for nth in 1..4 {
        talk.data(Client, b"here");
        talk.log.cross(Server, talk.tcp.ack(Server, 8 + 4 * nth, 0));
    }
    talk.again(Client, b"1111", 20);
    talk.log.cross(Server, talk.tcp.ack(Server, 16, 0));
    let second = talk.again(Client, b"2222", 16);
    (talk.log, second)
}

#[test]
fn a_partial_acknowledgment_is_what_has_the_next_sent() {
    let (log, second) = partly_acknowledged(new());
    let rows = rows(log);
    assert_eq!(ids(&of(&rows, second)), ["again.partial"]);
}

fn covered(log: Script) -> (Script, u64) {
    let mut talk = talk(log, false);
    talk.data(Client, b"0123");
    talk.log.cross(Server, talk.tcp.ack(Server, 0, 0));
    talk.lost(Client, b"4567");
    for (text, missing) in [(b"aaaa", 8), (b"bbbb", 12), (b"cccc", 16)] {
        talk.data(Client, text);
        talk.log.cross(Server, talk.tcp.ack(Server, missing, 0));
    }
    let resent = talk.again(Client, b"4567aaaabbbbcccc", 16);
    (talk.log, resent)
}

/// Lost was 5 to 8, sent again is 5 to 20.
#[test]
fn a_resent_segment_that_covers_more_says_so() {
    let (log, resent) = covered(new());
    let rows = rows(log);
    let more = Saying::ResentMore {
        first: 5,
        last: 20,
        had: 8,
    };
    let fast = Saying::ResentFast {
        who: Client,
        acks: 3,
    };
    assert_eq!(of(&rows, resent), [fast, more]);
}

fn closed_by(log: Script, counter: Option<Counter>) -> (Script, u64) {
    let mut talk = talk(log, true);
    let close = talk.log.call(Server, 4, "close", &[]);
    talk.state(Server, TcpState::Closed);
    if let Some(counter) = counter {
        talk.log.put(counted(Server, counter));
    }
    let reset = talk.tcp.next(Server, and_ack(RST), b"");
    let reset = talk.log.cross(Server, reset);
    talk.state(Client, TcpState::Closed);
    talk.log.returns(close, Server, "close", "0");
    (talk.log, reset)
}

/// The bytes had arrived, the FIN that goes with them now had not.
#[test]
fn what_is_lost_in_part_is_not_said_to_have_arrived() {
    let mut talk = talk(new(), false);
    talk.data(Client, b"hello");
    let fin = talk.tcp.next(Client, and_ack(Flags::FIN), b"");
    talk.log.lose(Client, fin, "loss");
    talk.log.at(400 * MS);
    let both = talk.tcp.back(Client, and_ack(Flags::FIN), b"hello", 6);
    let both = talk.log.cross(Client, both);
    let rows = talk.rows();
    assert_eq!(ids(&of(&rows, both))[0], "again.timeout.deduced");
}

/// With SO_LINGER 0 nothing is unread. Of what its TCP does not say, nothing is said.
#[test]
fn a_reset_at_a_close_has_the_reason_that_its_tcp_tells() {
    for (counter, wanted) in [
        (Some(Counter::AbortOnClose), "rst.unread"),
        (Some(Counter::AbortOnData), "rst.linger"),
        (None, "rst.closed"),
    ] {
        let (log, reset) = closed_by(new(), counter);
        let rows = rows(log);
        assert_eq!(ids(&of(&rows, reset))[0], wanted);
    }
}

fn after_close(log: Script) -> (Script, [u64; 2]) {
    let mut talk = talk(log, true);
    let close = talk.log.call(Server, 4, "close", &[]);
    talk.state(Server, TcpState::FinWait1);
    let fin = talk.tcp.next(Server, and_ack(Flags::FIN), b"");
    talk.log.cross(Server, fin);
    talk.state(Client, TcpState::CloseWait);
    talk.log.returns(close, Server, "close", "0");
    let ack = talk.tcp.next(Client, ACK, b"");
    talk.log.cross(Client, ack);
    talk.state(Server, TcpState::FinWait2);
    talk.log.at(300 * MS);
    let data = talk.data(Client, b"more");
    talk.state(Server, TcpState::Closed);
    talk.log.put(counted(Server, Counter::AbortOnData));
    let reset = talk.log.cross(Server, talk.tcp.answer_reset(Server));
    talk.state(Client, TcpState::Closed);
    (talk.log, [data, reset])
}

/// The server has closed: it neither goes on receiving, nor is its reset that of a connection that it never had.
#[test]
fn data_after_a_close_is_heard_by_nobody() {
    let (log, [data, reset]) = after_close(new());
    let rows = rows(log);
    assert_eq!(
        ids(&of(&rows, data)),
        ["data.unheard", "state.data.unheard"]
    );
    assert_eq!(ids(&of(&rows, reset))[0], "rst.unheard");
}

/// It shut down its sending side only: whether it still reads, packets do not tell.
#[test]
fn data_into_a_half_closed_connection_is_not_said_to_be_read() {
    let mut talk = talk(new(), true);
    let call = talk.log.call(Server, 4, "shutdown", &["SHUT_WR"]);
    let fin = talk.tcp.next(Server, and_ack(Flags::FIN), b"");
    talk.log.cross(Server, fin);
    talk.log.returns(call, Server, "shutdown", "0");
    let ack = talk.tcp.next(Client, ACK, b"");
    talk.log.cross(Client, ack);
    talk.log.at(300 * MS);
    let data = talk.data(Client, b"more");
    assert_eq!(ids(&of(&talk.rows(), data)), ["data.half"]);
}

/// A reset that is lost ends its sender: what comes then is for nobody, and is not said to be thrown away.
#[test]
fn data_to_an_end_that_has_reset_is_answered_by_a_reset() {
    let mut talk = talk(new(), true);
    talk.lost(Server, b"ack of nothing");
    let reset = talk.tcp.next(Server, and_ack(RST), b"");
    talk.state(Server, TcpState::Closed);
    talk.log.lose(Server, reset, "loss");
    let data = talk.data(Client, b"x");
    let late = talk.log.cross(Server, talk.tcp.answer_reset(Server));
    let rows = talk.rows();
    assert_eq!(ids(&of(&rows, data)), ["data"]);
    assert_eq!(ids(&of(&rows, late))[0], "rst.late");
}

/// It must be answered.
#[test]
fn a_syn_in_syn_received_is_not_said_to_be_thrown_away() {
    let mut log = new();
    let mut tcp = connection(&log, 9000);
    log.state(Server, tcp.listener(), TcpState::Listen);
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.state(Server, tcp.socket(Server), TcpState::SynReceived);
    log.lose(Server, tcp.next(Server, and_ack(SYN), b""), "loss");
    log.at(1000 * MS);
    let syn = log.cross(Client, tcp.back(Client, SYN, b"", 1));
    let rows = rows(log);
    let told = ids(&of(&rows, syn));
    assert_eq!(told, ["again.needless", "arrival.known.syn"]);
}

/// "Linux repeats its SYN+ACK", of a client that has never sent one: it is connected, and answers a SYN+ACK that comes again by an ACK.
#[test]
fn a_connected_end_was_told_to_repeat_a_syn_ack_that_it_had_not_sent() {
    let mut talk = talk(new(), true);
    talk.log.later(1000 * MS);
    let again = talk.tcp.clone().back(Server, and_ack(SYN), b"", 1);
    let again = talk.log.cross(Server, again);
    let told = of(&talk.rows(), again);
    let told = ids(&told);
    assert!(told.contains(&"arrival.known"), "{told:?}");
    assert!(!told.contains(&"arrival.known.syn"), "{told:?}");
}

fn time_wait_again(log: Script) -> (Script, [u64; 2]) {
    let mut talk = talk(log, true);
    talk.state(Client, TcpState::FinWait1);
    let fin = talk.tcp.next(Client, and_ack(Flags::FIN), b"");
    talk.log.cross(Client, fin);
    let fin = talk.tcp.next(Server, and_ack(Flags::FIN), b"");
    talk.log.cross(Server, fin);
    talk.state(Client, TcpState::TimeWait);
    let ack = talk.tcp.next(Client, ACK, b"");
    talk.log.lose(Client, ack, "loss");
    talk.log.at(320 * MS);
    let fin = talk.tcp.back(Server, and_ack(Flags::FIN), b"", 1);
    let again = talk.log.cross(Server, fin);
    talk.log.put(Kind::Timer(Timer {
        host: Client,
        clock: TimerKind::TimeWait,
        wait_ns: 60_000_000_000,
        expired: false,
        origin: Origin::Kernel,
    }));
    let ack = talk.tcp.next(Client, ACK, b"");
    let answer = talk.log.cross(Client, ack);
    (talk.log, [again, answer])
}

/// It must be answered, and TIME-WAIT begins anew: its length is not told as if it began there.
#[test]
fn a_fin_in_time_wait_is_not_said_to_be_thrown_away() {
    let (log, [again, answer]) = time_wait_again(new());
    let rows = rows(log);
    let told = ids(&of(&rows, again));
    assert_eq!(told, ["again.needless", "arrival.known.fin"]);
    assert_eq!(ids(&of(&rows, answer)), ["ack.again"]);
}

fn acknowledged_again(log: Script) -> (Script, [u64; 2]) {
    let mut talk = talk(log, true);
    talk.data(Client, b"x");
    let ack = talk.tcp.next(Server, ACK, b"");
    talk.log.cross(Server, ack);
    let ack = talk.tcp.next(Server, ACK, b"");
    let same = talk.log.cross(Server, ack);
    let probe = talk.tcp.back(Client, ACK, b"", 1);
    talk.log.at(5000 * MS).cross(Client, probe);
    let ack = talk.tcp.next(Server, ACK, b"");
    let answer = talk.log.cross(Server, ack);
    (talk.log, [same, answer])
}

/// Only who was seen to receive the same again answers that.
#[test]
fn an_ack_that_comes_again_has_a_reason_only_if_there_is_one() {
    let (log, [same, answer]) = acknowledged_again(new());
    let rows = rows(log);
    assert_eq!(ids(&of(&rows, same)), ["ack.again.same"]);
    assert_eq!(ids(&of(&rows, answer)), ["ack.again.probe"]);
}

fn nobody(mut log: Script) -> (Script, [u64; 2]) {
    let listener = connection(&log, 80).listener();
    log.state(Server, listener, TcpState::Listen);
    log.at(100 * MS);
    let mut tcp = connection(&log, 80);
    tcp.server = "10.0.0.99:80".parse().expect("an address");
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    let first = log.cross(Client, tcp.next(Client, SYN, b""));
    log.at(1025 * MS)
        .put(timer(Client, TimerKind::Retransmission, 1025));
    let second = log.cross(Client, tcp.back(Client, SYN, b"", 1));
    (log, [first, second])
}

/// Nobody has 10.0.0.99: no arrow reaches the server, and no state of the server is shown.
#[test]
fn what_is_for_nobody_does_not_arrive_at_the_server() {
    let (log, [first, second]) = nobody(new());
    let rows = rows(log);
    let told = of(&rows, first);
    let ids_of = ids(&told);
    let wanted = ["syn.elsewhere", "wire.nobody", "wire.nobody.tells"];
    assert_eq!(ids_of[..3], wanted);
    let told = ids(&of(&rows, second));
    assert_eq!(told, ["again.timeout.syn", "wire.nobody"]);
    for row in rows.iter().filter(|row| row.arrow.is_some()) {
        let arrow = row.arrow.as_ref().expect("an arrow");
        assert_eq!(arrow.fate, Fate::Dropped);
        assert_eq!(row.states.server, None);
    }
}

fn elsewhere(mut log: Script) -> (Script, [u64; 2]) {
    let mut tcp = connection(&log, 8888);
    let listener = Endpoints {
        local: "127.0.0.1:8888".parse().expect("an address"),
        remote: None,
    };
    log.state(Server, listener, TcpState::Listen);
    log.at(100 * MS);
    let syn = log.cross(Client, tcp.next(Client, SYN, b""));
    let reset = log.cross(Server, tcp.back(Server, and_ack(RST), b"", 0));
    (log, [syn, reset])
}

/// The server listens at 127.0.0.1, the client connects to 10.0.0.2: LISTEN was drawn, and that nobody listens
/// was said.
#[test]
fn a_listener_at_another_address_is_told_apart() {
    let (log, [syn, reset]) = elsewhere(new());
    let rows = rows(log);
    let about = |id| {
        let mut rows = rows.iter();
        rows.find(|row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == id))
            .expect("a row")
    };
    assert_eq!(about(syn).states.server, None);
    let told = Saying::RstElsewhere {
        who: Server,
        port: 8888,
        address: "10.0.0.2".into(),
        listens: "127.0.0.1".into(),
        any: "0.0.0.0".to_owned(),
    };
    assert_eq!(of(&rows, reset)[0], told);
}

/// A passive end that is reset before it was ESTABLISHED listens again (RFC 9293 §3.10.7.4).
#[test]
fn a_request_that_is_reset_leaves_a_listener() {
    let mut log = new();
    let mut tcp = connection(&log, 9000);
    log.state(Server, tcp.listener(), TcpState::Listen);
    log.at(100 * MS).cross(Client, tcp.next(Client, SYN, b""));
    log.state(Server, tcp.socket(Server), TcpState::SynReceived);
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    let reset = log.cross(Client, tcp.next(Client, RST, b""));
    log.state(Server, tcp.socket(Server), TcpState::Closed);
    let rows = rows(log);
    let row = rows.iter().find(|row| {
        let arrow = row.arrow.as_ref();
        arrow.is_some_and(|arrow| arrow.id == reset)
    });
    let cell = row.expect("a row").states.server.expect("a state");
    let states = (cell.before, cell.after);
    assert_eq!(states, (TcpState::SynReceived, TcpState::Listen));
    assert!(ids(&of(&rows, reset)).contains(&"state.listen.reset"));
}

/// A request whose SYN+ACK nothing acknowledges is given up.
fn unanswered(mut log: Script) -> Script {
    let mut tcp = connection(&log, 9000);
    log.state(Server, tcp.listener(), TcpState::Listen);
    log.at(100 * MS).cross(Client, tcp.next(Client, SYN, b""));
    log.state(Server, tcp.socket(Server), TcpState::SynReceived);
    log.lose(Server, tcp.next(Server, and_ack(SYN), b""), "loss");
    log.at(63_000 * MS);
    log.state(Server, tcp.socket(Server), TcpState::Closed);
    log
}

#[test]
fn a_request_that_is_given_up_leaves_a_listener() {
    let rows = rows(unanswered(new()));
    let last = rows.last().expect("a row");
    assert_eq!(
        last.states.server.map(|cell| cell.after),
        Some(TcpState::Listen)
    );
    assert_eq!(ids(&last.sayings), ["state.listen.unanswered"]);
}

fn overflow(mut log: Script) -> (Script, u64) {
    let mut tcp = connection(&log, 9000);
    log.state(Server, tcp.listener(), TcpState::Listen);
    log.at(100 * MS);
    let syn = log.send(Client, tcp.next(Client, SYN, b""));
    log.verdict(syn, Client, Verdict::Delivered, None);
    let delivered = log.last();
    log.put(Kind::Counted(Counted {
        host: Server,
        counter: Counter::ListenOverflows,
        origin: Origin::Kernel,
        cause: Some(delivered),
        queues: Some(Queues {
            unread: 1,
            unsent: 0,
        }),
    }));
    (log, syn)
}

/// A SYN that a full listener drops was told as if nothing had happened.
#[test]
fn a_listener_without_room_is_said_to_drop_the_syn() {
    let (log, syn) = overflow(new());
    let rows = rows(log);
    let told = Saying::QueueFull {
        who: Server,
        waiting: 1,
        backlog: 0,
    };
    assert!(of(&rows, syn).contains(&told), "{:?}", of(&rows, syn));
}

/// "Although the segment had arrived: the answer is late or lost" was said where a full listener had dropped it, and none was sent.
#[test]
fn a_syn_that_a_full_listener_has_dropped_is_not_sent_again_needlessly() {
    let (mut log, _) = overflow(new());
    let mut tcp = connection(&log, 9000);
    tcp.next(Client, SYN, b"");
    log.at(1200 * MS);
    let again = tcp.back(Client, SYN, b"", 1);
    let again = log.lose(Client, again, "loss");
    assert_eq!(
        ids(&of(&rows(log), again)),
        ["again.timeout.deduced", "wire.lost"]
    );
}

type Ended = (TcpState, Option<(&'static str, &'static str)>, &'static str);

/// A state, the call in whose row it ends, and what is said.
const ENDS: [Ended; 8] = [
    (
        TcpState::Listen,
        Some(("close", "0")),
        "state.listen.closed",
    ),
    (TcpState::Listen, None, "state.listen.gone"),
    (TcpState::SynSent, Some(("close", "0")), "state.syn.closed"),
    (
        TcpState::SynSent,
        Some(("connect", "ETIMEDOUT")),
        "state.gave_up",
    ),
    (TcpState::SynSent, None, "state.moved.somehow"),
    (TcpState::Established, None, "state.moved.somehow"),
    (TcpState::FinWait2, None, "state.fin_wait_2.over"),
    (TcpState::TimeWait, None, "state.time_wait.over"),
];

fn ended(mut log: Script, before: TcpState, call: Option<(&str, &str)>) -> Script {
    let tcp = connection(&log, 9000);
    let socket = match before {
        TcpState::Listen => tcp.listener(),
        _ => tcp.socket(Client),
    };
    log.state(Client, socket, before).at(100 * MS);
    if let Some((name, answer)) = call {
        log.quick(Client, 3, name, &[], answer);
    }
    log.state(Client, socket, TcpState::Closed);
    log
}

/// A state that ends without a packet ends for a reason only if the row has it.
#[test]
fn the_end_of_a_state_has_the_reason_that_the_row_bears_out() {
    for (before, call, wanted) in ENDS {
        let rows = rows(ended(new(), before, call));
        let all = rows.into_iter().flat_map(|row| row.sayings);
        let mut moves = all.filter(|saying| saying.id().starts_with("state."));
        let last = moves.next_back().expect("a change");
        assert_eq!(last.id(), wanted, "{before:?} {call:?}");
    }
}

/// A RST by the number that a stranger chose is no answer to anything. Its receiver goes on, and nothing told why.
#[test]
fn a_reset_of_a_stranger_has_no_reason_and_the_check_that_it_fails_is_told() {
    let mut talk = talk(new(), true);
    let envelope = Envelope::new(talk.tcp.server, talk.tcp.client);
    let reset = envelope.tcp(&Segment {
        seq: 77,
        flags: RST,
        ..Segment::default()
    });
    let reset = talk.log.cross(Server, reset);
    let rows = talk.rows();
    assert_eq!(
        ids(&of(&rows, reset)),
        ["rst.broken", "arrival.rst.outside"]
    );
}

/// "It was dropped by hand" was said of a packet that a rule has dropped, where another had left before the wire came to that.
#[test]
fn what_a_rule_drops_while_another_leaves_is_not_said_to_be_dropped_by_hand() {
    let mut talk = talk(new(), true);
    let bytes = talk.tcp.next(Server, and_ack(Flags::PSH), b"lost");
    let lost = talk.log.send(Server, bytes);
    talk.log.put(Kind::Fault(Fault {
        packet: lost,
        rule: "s>c:data drop".into(),
    }));
    let bytes = talk.tcp.next(Client, and_ack(Flags::PSH), b"hello");
    talk.log.send(Client, bytes);
    talk.log.verdict(lost, Server, Verdict::Dropped, None);
    let rule = "s>c:data drop".into();
    let told = of(&talk.rows(), lost);
    assert_eq!(told.last(), Some(&Saying::Lost { rule }));
}

/// Calls and the packets beside them, in the order of the rows: `close`, `FIN`.
fn calls_and_segments(rows: &[Row]) -> Vec<(Option<String>, usize)> {
    let shown = |row: &Row| {
        let call = row.calls[Client].as_ref().map(|cell| cell.name.clone());
        let segment = row.arrow.as_ref().filter(|arrow| arrow.from == Client);
        (call, segment.map_or(0, |arrow| arrow.bytes.len()))
    };
    rows.iter().map(shown).filter(|it| it.0.is_some()).collect()
}

/// "1.463 close() = 0" stood above "1.459 send() = 10": bytes that wait (Nagle's algorithm) leave with the FIN, and the
/// call that had given them was shown beside it.
#[test]
fn bytes_that_leave_with_a_fin_have_left_by_the_close() {
    let mut talk = talk(Script::new(""), false);
    talk.log.quick(Client, 3, "send", &["\"late\""], "4");
    talk.log.quick(Client, 3, "close", &[], "0");
    let end = talk
        .tcp
        .next(Client, and_ack(Flags::FIN | Flags::PSH), b"late");
    talk.log.cross(Client, end);
    let rows = talk.rows();
    let shown = calls_and_segments(&rows);
    let names: Vec<_> = shown
        .iter()
        .filter_map(|(name, _)| name.as_deref())
        .collect();
    assert_eq!(names, ["send", "close"]);
    assert!(shown[0].1 == 0 && shown[1].1 > 0, "{shown:?}");
}

/// "close(4)" stood above "shutdown(4, SHUT_RD)", which was made before it and sends nothing.
#[test]
fn to_shut_down_receiving_sends_no_fin() {
    let mut talk = talk(Script::new(""), false);
    talk.log.quick(Client, 3, "shutdown", &["SHUT_RD"], "0");
    talk.log.quick(Client, 3, "close", &[], "0");
    let end = talk.tcp.next(Client, and_ack(Flags::FIN), b"");
    talk.log.cross(Client, end);
    let rows = talk.rows();
    let shown = calls_and_segments(&rows);
    let names: Vec<_> = shown
        .iter()
        .filter_map(|(name, _)| name.as_deref())
        .collect();
    assert_eq!(names, ["shutdown", "close"]);
    assert!(shown[0].1 == 0 && shown[1].1 > 0, "{shown:?}");
}

/// "0.537 connect() = 0" stood above "0.535 ACK": below the SYN+ACK, at its own time, and the next packet had left before.
#[test]
fn a_call_that_returns_after_the_next_packet_has_left_stands_below_it() {
    let (mut log, mut tcp) = (new(), Connection::new(9000));
    let connect = log.call(Client, 3, "connect", &["10.0.0.2:9000"]);
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    let mut ack = Packet::new(77, Client, Verdict::Sent, Some(tcp.next(Client, ACK, b"")));
    // Read when the call had returned; it left before.
    ack.stamp_ns = Some(1_795_000_000_000_000_000 + 8 * MS * 1000);
    log.at(10 * MS).returns(connect, Client, "connect", "0");
    log.put(Kind::Packet(ack));
    log.verdict(77, Client, Verdict::Delivered, None);
    let rows = rows(log);
    let shown = rows.iter().filter(|row| row.arrow.is_some());
    let names: Vec<_> = shown
        .map(|row| row.calls[Client].as_ref().map(|cell| cell.answer.is_some()))
        .collect();
    assert_eq!(names, [Some(false), None, Some(true)]);
}

/// A segment that a busy lab delivers late, and one that a person holds for as long.
fn on_a_busy_machine(log: Script) -> (Script, [u64; 2]) {
    let mut talk = talk(log, true);
    let late = |talk: &mut Talk, at: u64, held: bool| {
        let bytes = talk.tcp.next(Client, and_ack(Flags::PSH), b"late");
        let id = talk.log.at(at * MS).send(Client, bytes);
        if held {
            talk.log.verdict(id, Client, Verdict::Held, None);
        }
        talk.log.at((at + 301) * MS);
        talk.log.verdict(id, Client, Verdict::Delivered, None);
        id
    };
    let ids = [late(&mut talk, 200, false), late(&mut talk, 900, true)];
    (talk.log, ids)
}

/// A lossless lesson showed retransmissions, and nothing said that the lab had not had its turn.
#[test]
fn a_lab_that_is_late_itself_says_so() {
    let (log, [late, held]) = on_a_busy_machine(new());
    let rows = rows(log);
    let told = of(&rows, late);
    let said = |it: &Saying| matches!(it, Saying::LabLate { millis: 300 });
    assert!(told.iter().any(said), "{told:?}");
    assert!(!ids(&of(&rows, held)).contains(&"wire.late"));
}

/// How late it was said to be, of a segment that the lab delivers so late, and while which a tail loss probe leaves, or not.
fn lateness(millis: u64, probes: bool) -> Option<u64> {
    let mut talk = talk(new(), true);
    let bytes = talk.tcp.next(Client, and_ack(Flags::PSH), b"late");
    let id = talk.log.at(200 * MS).send(Client, bytes);
    talk.log.at((200 + millis) * MS);
    if probes {
        talk.timer(Client, TimerKind::LossProbe, millis);
        let probe = talk.tcp.back(Client, and_ack(Flags::PSH), b"late", 4);
        talk.log.send(Client, probe);
    }
    talk.log
        .later(MS)
        .verdict(id, Client, Verdict::Delivered, None);
    let told = of(&talk.rows(), id);
    told.into_iter().find_map(|it| match it {
        Saying::LabLate { millis } => Some(millis),
        _ => None,
    })
}

/// A packet that came 53 ms late stood there without a word, and so did one for which a tail loss probe was sent.
#[test]
fn a_lateness_that_a_reader_sees_or_that_had_a_timer_expire_was_not_told() {
    assert_eq!(lateness(53, false), Some(53));
    assert_eq!(lateness(12, true), Some(12));
    assert_eq!(lateness(12, false), None);
}

/// "25 ms longer", of the first of several that came late, and no word of the one behind it that came 60 ms late.
#[test]
fn the_latest_of_several_packets_was_not_told_as_late() {
    let mut talk = talk(new(), true);
    let send = |talk: &mut Talk, at: u64| {
        let bytes = talk.tcp.next(Client, and_ack(Flags::PSH), b"late");
        talk.log.at(at * MS).send(Client, bytes)
    };
    let sent = [200, 200, 210, 215].map(|at| send(&mut talk, at));
    for (packet, came) in sent.into_iter().zip([226, 261, 262, 263]) {
        talk.log
            .at(came * MS)
            .verdict(packet, Client, Verdict::Delivered, None);
    }
    let rows = talk.rows();
    let is_told = |id| ids(&of(&rows, id)).contains(&"wire.late");
    assert_eq!(sent.map(is_told), [true, true, false, false]);
}

/// "recv() = -1 ECONNRESET" stood beside a second RST, which had not arrived and which nobody heeded; so did a recv() that gave
/// up stand beside the data that came too late for it.
#[test]
fn a_call_that_got_nothing_does_not_stand_beside_what_is_on_its_way_to_it() {
    for resets in [false, true] {
        let mut talk = talk(Script::new(""), false);
        talk.log
            .quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
        talk.log
            .quick(Client, 3, "connect", &["10.0.0.2:9000"], "0");
        let call = talk.log.later(100 * MS).call(Client, 3, "recv", &["4096"]);
        let answer = match resets {
            true => {
                let first = talk.tcp.next(Server, and_ack(RST), b"");
                talk.log.cross(Server, first);
                talk.state(Client, TcpState::Closed);
                "ECONNRESET"
            }
            false => "TimeoutError",
        };
        let flag = if resets { RST } else { Flags::PSH };
        let bytes = talk.tcp.next(Server, and_ack(flag), b"late");
        let late = talk.log.send(Server, bytes);
        talk.log.returns(call, Client, "recv", answer);
        talk.log.later(2 * MS);
        talk.log.verdict(late, Server, Verdict::Delivered, None);
        let rows = talk.rows();
        let returns = rows.iter().position(|row| {
            let cell = row.calls[Client].as_ref();
            cell.is_some_and(|it| it.name == "recv" && it.answer.is_some())
        });
        let lands = rows.iter().rposition(|row| {
            let arrow = row.arrow.as_ref();
            arrow.is_some_and(|it| it.id == late && it.stretch != Stretch::Departure)
        });
        assert!(returns < lands, "{resets}: {returns:?} {lands:?}");
    }
}

/// A request that a capture has twice.
pub fn captured_twice(log: &mut Script) {
    let ends = ["10.0.0.1:50000", "10.0.0.2:69"].map(|end| end.parse().expect("an address"));
    let request = Envelope {
        id: 7,
        ..Envelope::new(ends[0], ends[1])
    };
    let request = request.udp(b"\0\x01kernel\0octet\0");
    log.raw(Client, request.clone()).raw(Client, request);
}

/// "(retransmission)" at the arrow, and "the wire made this copy" below it: one IP packet was captured twice.
#[test]
fn a_packet_that_was_captured_twice_is_no_retransmission() {
    let mut log = Script::captured("twice");
    captured_twice(&mut log);
    let rows = rows(log);
    let told: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((row.arrow.as_ref()?, ids(&row.sayings))))
        .collect();
    let [(first, asks), (copy, copied)] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(asks, &["tftp.rrq"]);
    assert_eq!(copied, &["capture.copied"]);
    assert!(!first.is_copy() && !first.is_resent());
    assert!(copy.is_copy() && !copy.is_resent());
}

/// "client connect() = TimeoutError" stood beside the SYN+ACK that came too late for it.
#[test]
fn a_connect_that_gave_up_does_not_stand_beside_the_answer() {
    let (mut log, mut tcp) = (new(), Connection::new(9000));
    let connect = log.call(Client, 3, "connect", &["10.0.0.2:9000"]);
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    log.cross(Client, tcp.next(Client, SYN, b""));
    let answer = log.send(Server, tcp.next(Server, and_ack(SYN), b""));
    log.returns(connect, Client, "connect", "TimeoutError");
    log.later(2 * MS);
    log.verdict(answer, Server, Verdict::Delivered, None);
    let rows = rows(log);
    let returns = rows.iter().position(|row| {
        let cell = row.calls[Client].as_ref();
        cell.is_some_and(|it| it.answer.is_some())
    });
    let lands = rows.iter().rposition(|row| {
        let arrow = row.arrow.as_ref();
        arrow.is_some_and(|it| it.id == answer && it.stretch != Stretch::Departure)
    });
    assert!(returns < lands, "{returns:?} {lands:?}");
}
