//! How connections end: when a FIN has left, when it counts, and what a program has heard of it.

use lineman_proto::wire::Flags;
use lineman_trace::log::*;
use lineman_trace::story::*;

use crate::causes::Talk;
use crate::causes::ids;
use crate::causes::rows;
use crate::causes::talk;
use crate::composer::*;
use crate::order::calls;
use crate::order::listens;
use crate::order::open;
use crate::order::place;
use crate::order::shows;

const MS: u64 = 1000;

fn fin() -> Flags {
    and_ack(Flags::FIN)
}

fn push() -> Flags {
    and_ack(Flags::PSH)
}

fn exits(log: &mut Script, host: Host) {
    let pairs = [("host", host.name()), ("how", "0"), ("program", "python3")];
    let args = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
    log.put(Kind::Note(Note {
        id: "program.exited".to_owned(),
        args: args.into(),
    }));
}

/// A program ends while the window of its peer is full, before its peer or, if `last`, after it; the FIN. It has so much to
/// send, or what has left.
fn ends_with_much_to_send(mut log: Script, last: bool, much: &str) -> (Script, u64) {
    listens(&mut log);
    let fd = 4 + i32::from(!last) + if much == "4" { 2 } else { 0 };
    let mut tcp = open(&mut log, 0, fd);
    log.later(100 * MS);
    if last {
        log.cross(Server, tcp.next(Server, fin(), b""));
        log.state(Client, tcp.socket(Client), TcpState::CloseWait);
        log.later(100 * MS);
    }
    log.quick(Client, fd, "send", &["\"much\""], much);
    log.cross(Client, tcp.next(Client, push(), b"much"));
    log.later(200 * MS);
    exits(&mut log, Client);
    log.later(200 * MS);
    let state = match last {
        true => TcpState::LastAck,
        false => TcpState::FinWait1,
    };
    log.state(Client, tcp.socket(Client), state);
    log.later(1500 * MS);
    log.cross(Server, tcp.next(Server, ACK, b""));
    let fin = log.cross(Client, tcp.next(Client, fin(), b""));
    if last {
        log.cross(Server, tcp.next(Server, ACK, b""));
        log.state(Client, tcp.socket(Client), TcpState::Closed);
    }
    log.later(100 * MS);
    (log, fin)
}

/// "FIN-WAIT-1, because it has sent its FIN", with 1553 bytes to be sent before that, 1.3 s before it left: no call had closed the
/// socket, its program was killed.
#[test]
fn a_fin_that_waited_behind_data_was_told_as_sent_when_its_program_had_been_killed() {
    for (last, much, id) in [
        (false, "1557", "state.fin.queued.ended"),
        (true, "1557", "state.fin.last.queued.ended"),
        (false, "4", "state.fin.later.ended"),
        (true, "4", "state.fin.last.later.ended"),
    ] {
        let (log, fin) = ends_with_much_to_send(Script::new(""), last, much);
        let rows = rows(log);
        let changes = |row: &Row| {
            let told = ids(&row.sayings);
            told.contains(&id)
        };
        let at = place(&rows, changes);
        assert!(at < place(&rows, |row| shows(row, fin)), "{rows:#?}");
    }
}

/// What is missing before a FIN of the server comes when the client is in `before`; the packet that fills the gap.
fn fills_gap(log: Script, before: TcpState, after: TcpState) -> (Script, u64) {
    let Talk { mut log, mut tcp } = talk(log, true);
    let lost = tcp.next(Server, push(), b"gone");
    log.lose(Server, lost, "loss");
    let own = |log: &mut Script, tcp: &mut Connection, acked: bool| {
        let bytes = tcp.next(Client, fin(), b"");
        let own = log.send(Client, bytes);
        log.state(Client, tcp.socket(Client), TcpState::FinWait1);
        if acked {
            log.later(MS).verdict(own, Client, Verdict::Delivered, None);
            log.state(Server, tcp.socket(Server), TcpState::CloseWait);
        }
        own
    };
    // What the server sends again, as it knows by then of a FIN of the client, or not.
    let early = tcp.next(Server, fin(), b"");
    let again = tcp.back(Server, push(), b"gone", 5);
    let mut under_way = None;
    let mut again_with_ack = None;
    match before {
        TcpState::Established => {}
        TcpState::FinWait2 => {
            own(&mut log, &mut tcp, true);
            log.cross(Server, tcp.back(Server, ACK, b"", 5));
            log.state(Client, tcp.socket(Client), TcpState::FinWait2);
        }
        _ => {
            let acked = after == TcpState::TimeWait;
            under_way = Some(own(&mut log, &mut tcp, acked)).filter(|_| !acked);
            again_with_ack = acked.then(|| tcp.back(Server, push(), b"gone", 5));
        }
    }
    log.cross(Server, early);
    log.later(5 * MS);
    let filled = log.cross(Server, again_with_ack.unwrap_or(again));
    log.state(Client, tcp.socket(Client), after);
    if let Some(id) = under_way {
        log.verdict(id, Client, Verdict::Delivered, None);
    }
    log.later(100 * MS);
    (log, filled)
}

const GAPS: [(TcpState, TcpState, &str); 4] = [
    (
        TcpState::Established,
        TcpState::CloseWait,
        "state.fin.received.gap",
    ),
    (
        TcpState::FinWait2,
        TcpState::TimeWait,
        "state.fin.second.gap",
    ),
    (
        TcpState::FinWait1,
        TcpState::Closing,
        "state.fin.crossed.gap",
    ),
    (
        TcpState::FinWait1,
        TcpState::TimeWait,
        "state.fin.combined.gap",
    ),
];

/// "CLOSE-WAIT, because the FIN has arrived" at data that were sent again: the FIN had come before them, behind a gap.
#[test]
fn a_gap_that_was_filled_before_a_fin_was_told_as_the_fin() {
    for (before, after, id) in GAPS {
        let (log, filled) = fills_gap(Script::new(""), before, after);
        let rows = rows(log);
        let told: Vec<&str> = rows
            .iter()
            .filter(|row| shows(row, filled))
            .flat_map(|row| ids(&row.sayings))
            .collect();
        assert!(told.contains(&id), "{id} is missing in {told:?}");
    }
}

/// A connection that the server has in TIME-WAIT is asked for anew; the SYN.
fn asks_anew(log: Script) -> (Script, u64) {
    let Talk { mut log, mut tcp } = talk(log, true);
    log.cross(Server, tcp.next(Server, fin(), b""));
    log.state(Server, tcp.socket(Server), TcpState::FinWait1);
    log.state(Client, tcp.socket(Client), TcpState::CloseWait);
    log.cross(Client, tcp.next(Client, fin(), b""));
    log.state(Client, tcp.socket(Client), TcpState::LastAck);
    log.state(Server, tcp.socket(Server), TcpState::TimeWait);
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.state(Client, tcp.socket(Client), TcpState::Closed);
    log.later(200 * MS);
    tcp.shift(Client, 0_u32.wrapping_sub(100_000));
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    let syn = log.cross(Client, tcp.next(Client, SYN, b""));
    log.state(Server, tcp.socket(Server), TcpState::SynReceived);
    log.later(100 * MS);
    (log, syn)
}

/// "TIME-WAIT → SYN-RECEIVED." without a reason, 0.2 s after "stays 60 s in TIME-WAIT".
#[test]
fn time_wait_that_a_new_syn_ended_had_no_reason() {
    let (log, syn) = asks_anew(Script::new(""));
    let rows = rows(log);
    let row = &rows[place(&rows, |row| shows(row, syn))];
    let told = ids(&row.sayings);
    assert!(told.contains(&"state.time_wait.reopened"), "{told:?}");
}

/// `recv() = 0` stood above the FIN that it tells of: a tracer had looked at its clock six microseconds before the lab did.
#[test]
fn the_end_of_the_data_was_returned_above_the_fin() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    let data = log.send(Server, tcp.next(Server, push(), b"q"));
    let ack = tcp.next(Client, ACK, b"");
    let fin = log.send(Server, tcp.next(Server, fin(), b""));
    log.at(202 * MS)
        .verdict(data, Server, Verdict::Delivered, None);
    log.quick(Client, 4, "recv", &["1"], "1 \"q\"");
    log.send(Client, ack);
    log.quick(Client, 4, "recv", &["1"], "0");
    log.verdict(fin, Server, Verdict::Delivered, None);
    log.state(Client, tcp.socket(Client), TcpState::CloseWait);
    log.later(100 * MS);
    let rows = rows(log);
    let came = |row: &Row| {
        let arrow = row.arrow.as_ref().filter(|it| it.id == fin);
        arrow.is_some_and(|it| it.fate == Fate::Delivered)
    };
    let ended = |row: &Row| {
        let call = row.calls.client.as_ref();
        call.is_some_and(|it| it.answer == Some(Answer::Value("0".into())) && it.name == "recv")
    };
    assert!(place(&rows, came) <= place(&rows, ended), "{rows:#?}");
    let row = &rows[place(&rows, ended)];
    let cell = row.calls.client.as_ref().expect("a call");
    assert!(cell.t_ns >= row.t_ns, "{row:#?}");
}

/// "SYN-SENT → CLOSED." without a reason: a connect() that had waited no longer had the kernel ask on, until close().
#[test]
fn a_close_of_what_a_time_out_had_left_asking_had_no_part_in_its_end() {
    let mut log = Script::new("");
    let mut tcp = crate::causes::connection(&log, 9000);
    log.at(100 * MS)
        .quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
    log.quick(Client, 3, "settimeout", &["0.5"], "0");
    let connect = log.call(Client, 3, "connect", &["10.0.0.2:9000"]);
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    log.lose(Client, tcp.next(Client, SYN, b""), "loss");
    log.at(600 * MS)
        .returns(connect, Client, "connect", "TimeoutError");
    log.at(700 * MS).quick(Client, 3, "close", &[], "0");
    let cause = Some(log.last());
    log.at(704 * MS).put(Kind::State(State {
        host: Client,
        socket: tcp.socket(Client),
        from: Some(TcpState::SynSent),
        to: TcpState::Closed,
        origin: Origin::Kernel,
        cause,
        queues: None,
    }));
    let rows = rows(log);
    let row = &rows[place(&rows, |row| calls(row, Client, "close"))];
    assert_eq!(ids(&row.sayings), ["state.syn.closed"], "{rows:#?}");
}

/// A socket of the client whose SYN is refused asks again at once; where its states are told, and the RST of the first.
fn asks_twice(log: &mut Script) -> u64 {
    let mut resets = Vec::new();
    let mut tcp = crate::causes::connection(log, 9000);
    for _ in 0..2 {
        log.state(Client, tcp.socket(Client), TcpState::SynSent);
        log.cross(Client, tcp.next(Client, SYN, b""));
        resets.push(log.cross(Server, tcp.next(Server, and_ack(RST), b"")));
        log.state(Client, tcp.socket(Client), TcpState::Closed);
        log.later(20 * MS);
        tcp.shift(Client, 77_777);
    }
    resets[0]
}

/// "SYN-SENT → SYN-SENT. The client was in SYN-SENT in between": the state that was told next was looked for in later rows, and was
/// in the same.
#[test]
fn a_socket_that_asks_again_at_once_was_told_in_syn_sent_twice() {
    let mut log = Script::new("");
    let reset = asks_twice(&mut log);
    let rows = rows(log);
    let row = &rows[place(&rows, |row| shows(row, reset))];
    let cell = row.states.client.expect("CLOSED");
    assert_eq!(
        (cell.before, cell.through, cell.after),
        (TcpState::SynSent, None, TcpState::Closed)
    );
    assert!(!ids(&row.sayings).contains(&"state.passed"), "{row:#?}");
}

/// A socket of the client takes the port of one in TIME-WAIT; its SYN.
fn takes_the_place(log: &mut Script) -> u64 {
    listens(log);
    let mut tcp = open(log, 0, 4);
    log.later(100 * MS);
    log.cross(Client, tcp.next(Client, fin(), b""));
    log.state(Client, tcp.socket(Client), TcpState::FinWait1);
    log.state(Server, tcp.socket(Server), TcpState::CloseWait);
    log.cross(Server, tcp.next(Server, fin(), b""));
    log.state(Server, tcp.socket(Server), TcpState::LastAck);
    log.state(Client, tcp.socket(Client), TcpState::TimeWait);
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Server, tcp.socket(Server), TcpState::Closed);
    log.later(500 * MS);
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "5");
    log.call(Client, 5, "connect", &["10.0.0.2:9000"]);
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    log.cross(Client, tcp.next(Client, SYN, b""))
}

/// "TIME-WAIT → SYN-SENT", without a reason: no socket goes there. It was another, between the same ports.
#[test]
fn a_new_socket_at_the_ports_of_time_wait_was_told_as_the_old_one() {
    let mut log = Script::new("");
    let syn = takes_the_place(&mut log);
    let rows = rows(log);
    let row = &rows[place(&rows, |row| shows(row, syn))];
    let cell = row.states.client.expect("SYN-SENT");
    assert_eq!(
        (cell.before, cell.after),
        (TcpState::Closed, TcpState::SynSent)
    );
    let told = ids(&row.sayings);
    assert!(told.contains(&"time_wait.replaced"), "{told:?}");
    assert!(told.contains(&"state.syn.sent"), "{told:?}");
}

/// How the client's socket is closed that has sent its FIN.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Closes {
    /// Later, when its FIN has left by shutdown().
    Later,
    /// While a recv() waits, which returns before the FIN leaves.
    Under,
    /// The same, and the recv() waits still.
    UnderStill,
    /// A file has it still.
    NotTheFile,
    /// Not at all.
    Never,
    /// Another process has it.
    InAnother,
    /// When the data is on its way.
    TooLate,
}

/// The server sends data when the client has finished sending, and `closes`.
fn sends_to_the_finished(closes: Closes) -> Vec<&'static str> {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.later(100 * MS);
    let under = matches!(closes, Closes::Under | Closes::UnderStill);
    match closes {
        Closes::NotTheFile => {
            log.quick(Client, 4, "makefile", &["'r'"], "file");
        }
        _ if under => {
            let recv = log.call(Client, 4, "recv", &["10"]);
            log.later(100 * MS).quick(Client, 4, "close", &[], "0");
            log.later(100 * MS);
            if closes == Closes::Under {
                log.cross(Server, tcp.next(Server, push(), b"x"));
                log.returns(recv, Client, "recv", "1 \"x\"");
            }
        }
        _ => {}
    }
    if !under {
        log.quick(Client, 4, "shutdown", &["SHUT_WR"], "0");
    }
    log.cross(Client, tcp.next(Client, fin(), b""));
    log.state(Client, tcp.socket(Client), TcpState::FinWait1);
    log.state(Server, tcp.socket(Server), TcpState::CloseWait);
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.state(Client, tcp.socket(Client), TcpState::FinWait2);
    log.later(100 * MS);
    if matches!(
        closes,
        Closes::Later | Closes::NotTheFile | Closes::InAnother
    ) {
        log.quick(Client, 4, "close", &[], "0").later(100 * MS);
    }
    if closes == Closes::InAnother {
        log.quick(Client, 4, "getsockname", &[], "10.0.0.1:45110");
        log.later(100 * MS);
    }
    let data = log.send(Server, tcp.next(Server, push(), b"late"));
    if closes == Closes::TooLate {
        log.quick(Client, 4, "close", &[], "0");
    }
    log.later(MS)
        .verdict(data, Server, Verdict::Delivered, None);
    log.later(100 * MS);
    let rows = rows(log);
    ids(&rows[place(&rows, |row| shows(row, data))].sayings)
}

/// "This direction is still open", to a socket that its program had closed behind shutdown(), or while a recv() waited.
#[test]
fn data_for_a_socket_that_was_closed_behind_its_fin_was_told_as_read() {
    for (closes, wanted) in [
        (Closes::Later, "data.unheard"),
        (Closes::Under, "data.unheard"),
        (Closes::UnderStill, "data.half"),
        (Closes::NotTheFile, "data.half"),
        (Closes::Never, "data.half"),
        (Closes::InAnother, "data.half"),
        (Closes::TooLate, "data.half"),
    ] {
        let told = sends_to_the_finished(closes);
        assert!(told.contains(&wanted), "{closes:?}: {told:?}");
    }
}

/// All of it that no other log tells.
pub fn ends() -> Vec<u8> {
    let mut log = Script::new("ends");
    for (last, much) in [(true, "1557"), (false, "1557"), (true, "4"), (false, "4")] {
        log = ends_with_much_to_send(log, last, much).0.then();
    }
    for (before, after, _) in GAPS {
        log = fills_gap(log, before, after).0.then();
    }
    log = asks_anew(log).0.then();
    takes_the_place(&mut log);
    log.done()
}

/// "The client resets the connection", which its TCP had given up half a second before: it answers a FIN of no connection that it has.
#[test]
fn an_end_that_had_given_up_was_told_to_reset_what_it_had_not() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 5);
    log.quick(Client, 5, "recv", &["10"], "ETIMEDOUT");
    log.state(Client, tcp.socket(Client), TcpState::Closed);
    log.later(500 * MS);
    log.cross(Server, tcp.next(Server, fin(), b""));
    log.cross(Client, tcp.answer_reset(Client));
    let told = rows(log);
    let is_reset = |row: &&Row| ids(&row.sayings).contains(&"rst.late");
    assert_eq!(told.iter().filter(is_reset).count(), 1);
    let gave_up = |row: &Row| ids(&row.sayings).contains(&"state.gave_up");
    assert!(told.iter().any(gave_up));
}

/// LISTEN stood beside a SYN of IPv4 that was refused: the listener at that port takes IPv6 only.
#[test]
fn a_listener_of_ipv6_alone_was_shown_where_a_syn_of_ipv4_arrived() {
    for (only, shown) in [("1", false), ("0", true)] {
        let mut log = Script::new("");
        let local = "[::]:9000".parse().expect("an address");
        log.quick(Server, 0, "socket", &["AF_INET6", "SOCK_STREAM"], "3");
        log.quick(Server, 3, "setsockopt", &["IPV6_V6ONLY", only], "0");
        log.quick(Server, 3, "bind", &["[::]:9000"], "0");
        log.quick(Server, 3, "listen", &["5"], "0");
        let remote = None;
        log.state(Server, Endpoints { local, remote }, TcpState::Listen);
        log.later(300 * MS);
        let mut tcp = Connection::new(9000);
        let syn = log.cross(Client, tcp.next(Client, SYN, b""));
        log.cross(Server, tcp.next(Server, and_ack(RST), b""));
        let rows = rows(log);
        let is_syn = |row: &&Row| row.arrow.as_ref().is_some_and(|it| it.id == syn);
        let row = rows.iter().find(is_syn).expect("a row");
        assert_eq!(row.states[Server].is_some(), shown, "{only}");
    }
}
