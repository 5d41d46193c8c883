//! What a receiver ignores, and what it makes of it: the check that has refused it is told, and an answer to it has its
//! reason.

use lineman_proto::wire::Flags;
use lineman_proto::wire::compose::Envelope;
use lineman_trace::log::*;
use lineman_trace::story::*;

use crate::causes::*;
use crate::composer::*;

/// All of these, in one log.
pub fn ignored() -> Vec<u8> {
    let mut log = old_in_time_wait(Script::new("ignored")).0;
    log = resets(log.then()).0;
    log = no_answer(log.then()).0;
    log = asked_late(log.then()).0;
    log.done()
}

fn time_wait(log: &mut Script) {
    log.put(Kind::Timer(Timer {
        host: Client,
        clock: TimerKind::TimeWait,
        wait_ns: 60_000_000_000,
        expired: false,
        origin: Origin::Kernel,
    }));
}

/// An ACK that was overtaken by everything reaches an end in TIME-WAIT.
fn old_in_time_wait(log: Script) -> (Script, [u64; 3]) {
    let mut talk = talk(log, true);
    let old = talk.tcp.next(Server, ACK, b"");
    let old = talk.log.send(Server, old);
    talk.state(Client, TcpState::FinWait1);
    let fin = talk.tcp.next(Client, and_ack(Flags::FIN), b"");
    talk.log.cross(Client, fin);
    let fin = talk.tcp.next(Server, and_ack(Flags::FIN), b"");
    let fin = talk.log.cross(Server, fin);
    talk.state(Client, TcpState::TimeWait);
    time_wait(&mut talk.log);
    let last = talk.tcp.next(Client, ACK, b"");
    talk.log.cross(Client, last);
    talk.log
        .at(500 * MS)
        .verdict(old, Server, Verdict::Delivered, None);
    time_wait(&mut talk.log);
    let answer = talk.tcp.back(Client, ACK, b"", 0);
    let answer = talk.log.cross(Client, answer);
    (talk.log, [fin, old, answer])
}

/// It was told again that the client stays in TIME-WAIT, and its ACK had no reason. Linux begins the time anew there, the RFC
/// does not.
#[test]
fn an_old_segment_in_time_wait_is_told_to_begin_its_time_anew() {
    let (log, [fin, old, answer]) = old_in_time_wait(Script::new("ignored"));
    let rows = rows(log);
    let of_fin = of(&rows, fin);
    let begins = |it: &&Saying| matches!(it, Saying::TimeWait { .. });
    assert_eq!(of_fin.iter().filter(begins).count(), 1);
    let told = of(&rows, old);
    let passed = Saying::PassedByTimeWait {
        who: Client,
        seq: 1,
        due: 2,
    };
    assert!(told.contains(&passed), "{told:?}");
    assert_eq!(ids(&told).last(), Some(&"time_wait.anew"));
    assert_eq!(ids(&of(&rows, answer)), ["ack.again.old"]);
}

/// The client has had 10 bytes; the resets have the number before these, and one behind what is due.
fn resets(log: Script) -> (Script, [u64; 2]) {
    let mut talk = talk(log, false);
    let bytes = talk.tcp.next(Server, and_ack(Flags::PSH), b"0123456789");
    talk.log.cross(Server, bytes);
    let ack = talk.tcp.next(Client, ACK, b"");
    talk.log.cross(Client, ack);
    let outside = talk.tcp.back(Server, RST, b"", 10);
    let outside = talk.log.cross(Server, outside);
    let inside = talk.tcp.back(Server, RST, b"", 5_u32.wrapping_neg());
    let inside = talk.log.cross(Server, inside);
    (talk.log, [outside, inside])
}

/// The client stayed connected, and nothing told why.
#[test]
fn a_reset_that_its_receiver_ignores_has_the_check_that_refused_it() {
    let (log, [outside, inside]) = resets(Script::new("ignored"));
    let rows = rows(log);
    let (who, due) = (Client, 11);
    assert_eq!(
        of(&rows, outside).last(),
        Some(&Saying::ResetOutside { who, seq: 1, due })
    );
    assert_eq!(
        of(&rows, inside).last(),
        Some(&Saying::ResetNotDue { who, seq: 16, due })
    );
}

/// A reset without ACK reaches an end that waits for the answer to its SYN.
fn no_answer(mut log: Script) -> (Script, u64) {
    let mut tcp = connection(&log, 9000);
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    log.cross(Client, tcp.next(Client, SYN, b""));
    let reset = log.cross(Server, tcp.back(Server, RST, b"", 0));
    (log, reset)
}

/// It waits on.
#[test]
fn a_reset_without_ack_is_no_answer_to_a_syn() {
    let (log, reset) = no_answer(Script::new("ignored"));
    let told = of(&rows(log), reset);
    assert_eq!(ids(&told).last(), Some(&"arrival.rst.no_answer"));
}

/// The SYN+ACK is lost; the SYN comes again when its timer is due, too.
fn asked_late(mut log: Script) -> (Script, u64) {
    let mut tcp = connection(&log, 9000);
    log.state(Server, tcp.listener(), TcpState::Listen);
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.state(Server, tcp.socket(Server), TcpState::SynReceived);
    log.lose(Server, tcp.next(Server, and_ack(SYN), b""), "loss");
    log.at(1000 * MS);
    log.cross(Client, tcp.back(Client, SYN, b"", 1));
    let answer = log.cross(Server, tcp.back(Server, and_ack(SYN), b"", 1));
    (log, answer)
}

/// "Its timeout must have expired" was said of an answer that had left some microseconds after the SYN had come again.
#[test]
fn a_syn_ack_that_follows_a_late_syn_is_not_said_to_be_of_its_timer() {
    let (log, answer) = asked_late(Script::new("ignored"));
    let rows = rows(log);
    assert_eq!(ids(&of(&rows, answer))[0], "again.synack.either");
    let about = |row: &&Row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == answer);
    assert_eq!(rows.iter().find(about).and_then(|row| row.timer), None);
}

/// A capture of a network on which there may be a firewall.
pub fn refusals() -> Vec<u8> {
    let mut log = Script::captured("captured-refusals");
    let mut tcp = Connection::new(9001);
    log.raw(Client, tcp.next(Client, SYN, b""));
    log.raw(Server, tcp.next(Server, and_ack(RST), b""));
    let asked = datagram(Client, 5000, 9000, b"hello");
    log.raw(Client, asked.clone());
    let back = Envelope::new(tcp.server, tcp.client);
    log.raw(Server, back.icmp(3, 3, [0; 4], &asked[14..]));
    log.done()
}

/// "Because nothing is listening" was said of every network, and firewalls refuse by the same packets.
#[test]
fn a_refusal_in_a_capture_may_be_that_of_a_firewall() {
    let mut story = Story::new();
    let log = refusals();
    let events = Reader::new(&*log).map(|event| event.expect("a whole log"));
    let mut rows: Vec<Row> = events.flat_map(|event| story.push(&event)).collect();
    rows.extend(story.finish());
    let told: Vec<&str> = rows.iter().flat_map(|row| ids(&row.sayings)).collect();
    for id in ["rst.refused.captured", "icmp.port.captured"] {
        assert!(told.contains(&id), "{told:?}");
    }
    for id in ["rst.refused", "icmp.port"] {
        assert!(!told.contains(&id), "{told:?}");
    }
}

/// What is sent again while the original is held had the time at which a busy lab came to read it, and not that of its timer.
#[test]
fn a_repeat_that_the_wire_swallows_has_the_time_at_which_it_was_sent() {
    let mut log = Script::new("ignored");
    let mut tcp = connection(&log, 9000);
    let syn = log.send(Client, tcp.next(Client, SYN, b""));
    log.verdict(syn, Client, Verdict::Held, None);
    log.at(1500 * MS);
    let mut again = Packet::new(syn, Client, Verdict::Repeated { times: 1 }, None);
    again.stamp_ns = Some(1_795_000_000_000_000_000 + 1_020_000_000);
    log.put(Kind::Packet(again));
    let rows = rows(log);
    let repeats = |row: &&Row| row.arrow.as_ref().is_some_and(|arrow| arrow.repeats == 1);
    assert_eq!(
        rows.iter().find(repeats).map(|row| row.t_ns),
        Some(1_020_000_000)
    );
}

/// `recvfrom()` seemed to wait although the datagram was there, and to return one while another arrived.
#[test]
fn a_datagram_arrives_below_the_calls_that_came_before_it() {
    let mut log = Script::new("ignored");
    let (one, two) = (b"one".as_slice(), b"three".as_slice());
    let one = log.send(Client, datagram(Client, 5000, 9000, one));
    let two = log.send(Client, datagram(Client, 5000, 9000, two));
    log.at(MS);
    let call = log.call(Server, 3, "recvfrom", &["2048"]);
    log.at(2 * MS)
        .verdict(two, Client, Verdict::Delivered, None);
    log.verdict(one, Client, Verdict::Delivered, None);
    log.returns(call, Server, "recvfrom", "5 \"three\", 10.0.0.1:5000");
    let rows = rows(log);
    let at = |wanted: &dyn Fn(&Row) -> bool| rows.iter().rposition(wanted).expect("a row");
    let lands = |id: u64| at(&|row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == id));
    let begins = at(&|row| row.calls.server.as_ref().is_some_and(|cell| cell.begins));
    assert!(begins < lands(two) && lands(two) < lands(one));
    let returns = |row: &Row| {
        let cell = row.calls.server.as_ref();
        cell.is_some_and(|cell| cell.answer.is_some())
    };
    let row = &rows[at(&returns)];
    assert!(row.arrow.as_ref().is_none_or(|arrow| arrow.id == two));
}
