//! What a reader found untrue who had the packets beside the story: each of these was told otherwise.

use lineman_proto::wire::Flags;
use lineman_trace::log::*;
use lineman_trace::story::*;

use crate::composer::*;
use crate::scripts;

const MS: u64 = 1000;
const CLIENT_PORT: u16 = 44935;
const TID: u16 = 59557;

fn new() -> Script {
    Script::new("reader")
}

fn block(number: u8, len: usize) -> Vec<u8> {
    [&[0, 3, 0, number][..], &vec![b'x'; len]].concat()
}

fn to_client(payload: &[u8]) -> Vec<u8> {
    datagram(Server, TID, CLIENT_PORT, payload)
}

fn to_server(payload: &[u8]) -> Vec<u8> {
    datagram(Client, CLIENT_PORT, TID, payload)
}

fn rows_of(log: &[u8]) -> Vec<Row> {
    let mut story = Story::new();
    let mut rows = Vec::new();
    for event in Reader::new(log) {
        rows.extend(story.push(&event.expect("an event")));
    }
    rows.extend(story.finish());
    rows
}

fn row_of(rows: &[Row], id: u64) -> &Row {
    let about = |row: &&Row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == id);
    rows.iter().find(about).expect("a row of this packet")
}

fn ids(row: &Row) -> Vec<&'static str> {
    row.sayings.iter().map(Saying::id).collect()
}

/// What a host calls, in the order of the rows: the first argument of each call where it begins.
fn called(rows: &[Row], host: Host) -> Vec<&str> {
    let cells = rows.iter().filter_map(|row| row.calls[host].as_ref());
    let begun = cells.filter(|cell| cell.begins);
    begun
        .filter_map(|cell| cell.args.first().map(String::as_str))
        .collect()
}

fn talk(log: &mut Script, sack: bool) -> Connection {
    let mut tcp = Connection::new(9000);
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
    tcp
}

fn push() -> Flags {
    and_ack(Flags::PSH)
}

/// A block is sent again by a call of its own. That stood alone, and the next packet stood at it: every later packet of the
/// transfer stood at the call before its own.
#[test]
fn a_datagram_that_is_sent_again_stands_at_its_own_call() {
    let mut log = new();
    let request = datagram(Client, CLIENT_PORT, 69, b"\0\x01f\0octet\0");
    log.cross(Client, request);
    let mut sent = Vec::new();
    let mut send = |log: &mut Script, text: &'static str, payload: &[u8], lost: bool| {
        let len = payload.len().to_string();
        log.quick(Server, 4, "sendto", &[text, "10.0.0.1:44935"], &len);
        let bytes = to_client(payload);
        let id = match lost {
            true => log.lose(Server, bytes, "loss"),
            false => log.cross(Server, bytes),
        };
        sent.push((id, text));
    };
    log.at(10 * MS);
    send(&mut log, "first", &block(1, 512), true);
    log.at(1010 * MS);
    send(&mut log, "again", &block(1, 512), false);
    log.cross(Client, to_server(&[0, 4, 0, 1]));
    send(&mut log, "second", &block(2, 512), false);
    log.cross(Client, to_server(&[0, 4, 0, 2]));
    send(&mut log, "third", &block(3, 5), false);
    let rows = rows_of(&log.done());
    for (id, text) in sent {
        let call = row_of(&rows, id).calls.server.as_ref();
        assert_eq!(call.expect("its call").args[0], text);
    }
}

/// Bytes that wait for an ACK leave together, long after the calls. The segment stood at the first of them, and that moved
/// below the others: a program seemed to have called in another order.
#[test]
fn bytes_of_many_calls_move_none_of_them() {
    let mut log = new();
    let mut tcp = talk(&mut log, true);
    log.quick(Client, 3, "send", &["one"], "3");
    let first = log.send(Client, tcp.next(Client, push(), b"one"));
    for (text, at) in [("two", 101), ("three", 102), ("four", 103)] {
        log.at(at * MS);
        log.quick(Client, 3, "send", &[text], &text.len().to_string());
    }
    log.at(104 * MS);
    log.verdict(first, Client, Verdict::Delivered, None);
    log.cross(Server, tcp.next(Server, ACK, b""));
    let rest = log.cross(Client, tcp.next(Client, push(), b"twothreefour"));
    let rows = rows_of(&log.done());
    assert_eq!(called(&rows, Client), ["one", "two", "three", "four"]);
    let call = row_of(&rows, rest).calls.client.as_ref();
    assert_eq!(call.map(|cell| cell.name.clone()), None);
}

/// Both have asked and one SYN was lost: one `connect()` returns with a SYN+ACK, the other with an ACK. Both were told of a SYN+ACK,
/// and the ACK as the third segment of a handshake that the other one had begun.
#[test]
fn a_connect_that_an_ack_lets_return_is_not_told_of_a_syn_ack() {
    let rows = rows_of(&scripts::half_crossed());
    let all: Vec<&str> = rows.iter().flat_map(ids).collect();
    assert!(
        all.contains(&"ack.syn") && !all.contains(&"ack.third"),
        "{all:?}"
    );
    let wrong = Saying::CallConnected { who: Client };
    assert!(!rows.iter().any(|row| row.sayings.contains(&wrong)));
}

/// The answer to a write is ACK 0, also when it comes again after block 1 has left: it was told as if there were a block 0.
#[test]
fn an_ack_0_that_comes_again_asks_for_block_1() {
    let mut log = new();
    let request = datagram(Client, CLIENT_PORT, 69, b"\0\x02f\0octet\0");
    log.cross(Client, request);
    log.cross(Server, to_client(&[0, 4, 0, 0]));
    log.lose(Client, to_server(&block(1, 512)), "loss");
    log.at(1000 * MS);
    let again = log.cross(Server, to_client(&[0, 4, 0, 0]));
    let rows = rows_of(&log.done());
    assert_eq!(ids(row_of(&rows, again)), ["tftp.again", "tftp.ack.ready"]);
}

/// On a busy machine a packet left 200 ms after its call, and that of the next timeout 5 ms later: "after a timeout of 5 ms".
#[test]
fn no_timeout_of_tftp_is_shorter_than_any_program_has() {
    let mut log = new();
    let request = datagram(Client, CLIENT_PORT, 69, b"\0\x01f\0octet\0");
    log.cross(Client, request);
    log.at(10 * MS);
    log.lose(Server, to_client(&block(1, 512)), "loss");
    log.at(460 * MS);
    let timed = log.lose(Server, to_client(&block(1, 512)), "loss");
    log.at(465 * MS);
    let at_once = log.cross(Server, to_client(&block(1, 512)));
    let rows = rows_of(&log.done());
    let row = row_of(&rows, timed);
    assert!(row.timer.is_some() && ids(row).contains(&"tftp.again"));
    let row = row_of(&rows, at_once);
    assert_eq!(row.timer, None);
    assert_eq!(ids(row), ["again.somehow", "tftp.data"]);
}

/// An ACK is read after a call was told that returned 12 ms later: it stood below that, and at its time.
#[test]
fn a_packet_that_is_read_late_stands_before_later_calls() {
    let mut log = new();
    let mut tcp = talk(&mut log, true);
    let call = log.call(Server, 4, "recv", &["4096"]);
    log.cross(Client, tcp.next(Client, push(), b"data"));
    log.at(115 * MS).returns(call, Server, "recv", "4 \"data\"");
    log.at(116 * MS);
    let mut packet = Packet::new(77, Server, Verdict::Sent, Some(tcp.next(Server, ACK, b"")));
    packet.stamp_ns = Some(1_795_000_000_000_000_000 + 103 * MS * 1000);
    log.put(Kind::Packet(packet));
    log.verdict(77, Server, Verdict::Delivered, None);
    let rows = rows_of(&log.done());
    assert_eq!(row_of(&rows, 77).t_ns, 103_000_000);
    let times: Vec<u64> = rows.iter().map(|row| row.t_ns).collect();
    assert!(times.is_sorted(), "{times:?}");
}

/// Of a program's call the log has the time at which the tracer's line was read: its own packet had left by then, and stood before it.
#[test]
fn a_packet_does_not_pass_the_call_of_a_program_that_sent_it() {
    let mut log = new();
    let mut tcp = talk(&mut log, true);
    log.at(110 * MS);
    let mut begun = call(900, Server, 4, "send", &["\"data\""], None);
    begun.program = Some("python3".into());
    log.put(Kind::Call(begun));
    let data = tcp.next(Server, push(), b"data");
    let mut packet = Packet::new(77, Server, Verdict::Sent, Some(data));
    packet.stamp_ns = Some(1_795_000_000_000_000_000 + 103 * MS * 1000);
    log.put(Kind::Packet(packet));
    log.verdict(77, Server, Verdict::Delivered, None);
    let rows = rows_of(&log.done());
    let sends = |row: &Row| {
        row.calls[Server]
            .as_ref()
            .is_some_and(|it| it.name == "send")
    };
    let calls = rows.iter().position(sends).expect("a call");
    let leaves = rows
        .iter()
        .position(|row| row.arrow.as_ref().is_some_and(|it| it.id == 77));
    assert!(Some(calls) <= leaves, "{calls} {leaves:?}");
}

/// strace tells the arguments of a call that waits only when it returns: `recv(4) = 11` stood there.
#[test]
fn arguments_that_are_told_late_are_shown() {
    let mut log = new();
    log.at(10 * MS);
    let id = log.call(Server, 4, "recv", &[]);
    let answer = Some(Answer::Value("2 \"hi\"".into()));
    let returned = call(id, Server, 4, "recv", &["4096"], answer);
    log.put(Kind::Call(returned));
    let rows = rows_of(&log.done());
    assert_eq!(called(&rows, Server), ["4096"]);
}

/// CPython looks at the family of an address before it makes the call: its exception is not that of the error number.
#[test]
fn an_address_of_another_family_is_no_os_error_in_python() {
    for (name, args) in [
        ("connect", &["[fd00::2]:9000"][..]),
        ("sendto", &["x", "[fd00::2]:9000"]),
    ] {
        let mut log = new();
        log.quick(Client, 3, name, args, "EAFNOSUPPORT");
        let rows = rows_of(&log.done());
        let mut told = rows.iter().flat_map(|row| &row.sayings);
        let family = |it: &&Saying| matches!(it, Saying::CallFamily { python, .. } if python == "gaierror [Errno -9]");
        assert!(told.any(|it| family(&it)), "{name}");
    }
}

/// Behind an ACK of what was not seen, a FIN may have passed unseen: nobody knows the states. The last deduced ones were still shown.
#[test]
fn a_state_that_is_not_known_any_more_is_not_shown() {
    let (mut log, mut tcp) = (Script::captured("gap"), Connection::new(9000));
    log.raw(Client, tcp.next(Client, SYN, b""));
    log.raw(Server, tcp.next(Server, and_ack(SYN), b""));
    log.raw(Client, tcp.next(Client, ACK, b""));
    tcp.next(Server, push(), b"unseen");
    log.raw(Client, tcp.next(Client, ACK, b""));
    log.raw(Server, tcp.next(Server, push(), b"seen"));
    let rows = rows_of(&log.done());
    let states = |id| {
        let states = row_of(&rows, id).states;
        [Client, Server].map(|host| states[host].map(|cell| (cell.before, cell.after)))
    };
    let open = Some((TcpState::Established, TcpState::Established));
    let becomes = Some((TcpState::SynReceived, TcpState::Established));
    assert_eq!(states(3), [open, becomes]);
    assert_eq!(states(4), [None, None]);
    assert_eq!(states(5)[1], open);
}

/// A datagram that the wire has damaged is not received, and nothing said so; it counted as one that had arrived.
#[test]
fn a_damaged_datagram_is_said_to_be_thrown_away() {
    let mut log = new();
    log.cross(
        Client,
        datagram(Client, CLIENT_PORT, 69, b"\0\x01f\0octet\0"),
    );
    let bytes = to_client(&block(1, 512));
    let mut damaged = bytes.clone();
    *damaged.last_mut().expect("bytes") ^= 1;
    let id = log.send(Server, bytes);
    log.at(2 * MS);
    log.verdict(id, Server, Verdict::Delivered, Some(damaged));
    let rows = rows_of(&log.done());
    assert!(ids(row_of(&rows, id)).contains(&"arrival.damaged"));
}

/// A busy machine reads packets late: with a load of 14 on two processors 240 ms after they were sent. A FIN stood below its state.
#[test]
fn a_fin_that_is_read_late_stands_at_its_state() {
    let mut log = new();
    let mut tcp = talk(&mut log, true);
    log.quick(Client, 3, "close", &[], "0");
    log.state(Client, tcp.socket(Client), TcpState::FinWait1);
    let at_us = 100_100;
    let fin = tcp.next(Client, and_ack(Flags::FIN), b"");
    log.at(340 * MS);
    let mut packet = Packet::new(77, Client, Verdict::Sent, Some(fin));
    packet.stamp_ns = Some(1_795_000_000_000_000_000 + at_us * 1000);
    log.put(Kind::Packet(packet));
    log.verdict(77, Client, Verdict::Delivered, None);
    log.state(Server, tcp.socket(Server), TcpState::CloseWait);
    let rows = rows_of(&log.done());
    let row = row_of(&rows, 77);
    let states = row.states.client.map(|cell| (cell.before, cell.after));
    let closes = (TcpState::Established, TcpState::FinWait1);
    assert_eq!(states, Some(closes));
    let call = row.calls.client.as_ref();
    assert_eq!(call.map(|cell| cell.name.as_str()), Some("close"));
}

/// A FIN that has to wait for room in the window leaves long after its state: these are two moments.
#[test]
fn a_fin_that_leaves_late_does_not_move_its_state() {
    let mut log = new();
    let mut tcp = talk(&mut log, true);
    log.state(Client, tcp.socket(Client), TcpState::FinWait1);
    let fin = tcp.next(Client, and_ack(Flags::FIN), b"");
    log.at(340 * MS);
    log.cross(Client, fin);
    let rows = rows_of(&log.done());
    let state = |row: &&Row| {
        let cell = row.states.client;
        cell.is_some_and(|cell| cell.before != cell.after && cell.after == TcpState::FinWait1)
    };
    let row = rows.iter().find(state).expect("a change");
    assert!(row.arrow.is_none() && row.t_ns < 200_000_000, "{row:?}");
}

/// The time-out after a tail loss probe runs from that probe; it was told as long as from the first sending.
#[test]
fn a_time_out_is_told_as_long_as_its_timer_ran() {
    let mut log = new();
    let mut tcp = talk(&mut log, true);
    let timer = |clock, millis: u64| {
        Kind::Timer(Timer {
            host: Client,
            clock,
            wait_ns: millis * 1_000_000,
            expired: true,
            origin: Origin::Kernel,
        })
    };
    log.lose(Client, tcp.next(Client, push(), b"data"), "loss");
    log.lose(Client, tcp.next(Client, push(), b"tail"), "loss");
    log.at(121 * MS).put(timer(TimerKind::LossProbe, 21));
    log.lose(Client, tcp.back(Client, push(), b"tail", 4), "loss");
    log.at(333 * MS).put(timer(TimerKind::Retransmission, 212));
    let again = log.cross(Client, tcp.back(Client, push(), b"datatail", 8));
    let rows = rows_of(&log.done());
    let row = row_of(&rows, again);
    let ran = row.timer.expect("a clock").wait_ns / 1_000_000;
    assert_eq!(ran, 212);
    let told = |saying: &Saying| matches!(saying, Saying::Resent { millis: 212, .. });
    assert!(row.sayings.iter().any(told), "{:?}", row.sayings);
}

/// Rows behind a packet that takes long were still open, and took calls of much later: they stood at the earlier time.
#[test]
fn a_call_does_not_join_a_row_of_long_before() {
    let mut log = new();
    let mut tcp = talk(&mut log, true);
    let slow = log.send(Client, tcp.next(Client, push(), b"slow"));
    log.call(Server, 4, "recv", &["4096"]);
    log.at(300 * MS);
    log.quick(Client, 3, "getsockname", &[], "10.0.0.1:45110");
    log.at(400 * MS);
    log.verdict(slow, Client, Verdict::Delivered, None);
    let rows = rows_of(&log.done());
    let calls = |row: &&Row| {
        let call = row.calls.client.as_ref();
        call.is_some_and(|cell| cell.name == "getsockname")
    };
    let row = rows.iter().find(calls).expect("a row");
    assert!(row.t_ns >= 300_000_000 && row.calls.server.is_none());
}

/// smoltcp throws a FIN away that comes too early. It was said to keep it, and the FIN that came again to be known already.
#[test]
fn a_simulated_host_is_not_said_to_keep_a_fin_that_it_throws_away() {
    let rows = rows_of(&scripts::early_fin());
    let all: Vec<&str> = rows.iter().flat_map(ids).collect();
    assert!(all.contains(&"arrival.fin.early"), "{all:?}");
    for untrue in ["arrival.early", "arrival.known", "again.needless"] {
        assert!(!all.contains(&untrue), "{untrue}: {all:?}");
    }
}

/// A segment with an old timestamp was said to have arrived, and the one that brought its bytes for good to be known.
#[test]
fn what_is_thrown_away_for_its_timestamp_is_not_said_to_have_come() {
    let rows = rows_of(&scripts::stale());
    let all: Vec<&str> = rows.iter().flat_map(ids).collect();
    assert!(all.contains(&"arrival.stale"), "{all:?}");
    for untrue in ["arrival.early", "arrival.known", "again.needless"] {
        assert!(!all.contains(&untrue), "{untrue}: {all:?}");
    }
}

/// A segment of the connection before was said to have arrived, and the bytes that came for good at its place to be known.
#[test]
fn what_acknowledges_the_connection_before_is_not_said_to_have_come() {
    let rows = rows_of(&scripts::old_ack());
    let all: Vec<&str> = rows.iter().flat_map(ids).collect();
    assert!(all.contains(&"arrival.ack.old"), "{all:?}");
    assert!(!all.contains(&"arrival.known"), "{all:?}");
}

/// A damaged segment did not arrive for its receiver, and what is sent again because of that is not needless.
#[test]
fn what_was_damaged_has_not_arrived() {
    let mut log = new();
    let mut tcp = talk(&mut log, true);
    let bytes = tcp.next(Client, push(), b"data");
    let mut damaged = bytes.clone();
    *damaged.last_mut().expect("bytes") ^= 1;
    let id = log.send(Client, bytes);
    log.verdict(id, Client, Verdict::Delivered, Some(damaged));
    log.at(400 * MS);
    let again = log.cross(Client, tcp.back(Client, push(), b"data", 4));
    let rows = rows_of(&log.done());
    let told = ids(row_of(&rows, again));
    assert!(!told.contains(&"again.needless"), "{told:?}");
}
