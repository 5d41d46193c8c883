//! Where calls stand beside packets, of programs with several connections, and of calls whose packets leave later.

use lineman_proto::wire::Flags;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;
use lineman_trace::log::*;
use lineman_trace::story::*;

use crate::causes::ids;
use crate::causes::of;
use crate::causes::rows;
use crate::causes::talk;
use crate::composer::*;

const MS: u64 = 1000;
/// A number that a SYN begins with.
const ISN: u32 = 3_000_000;

/// A connection of a client whose port is `offset` behind the first, which the server has accepted as `fd`.
pub fn open(log: &mut Script, offset: u16, fd: i32) -> Connection {
    let mut tcp = crate::causes::connection(log, 9000);
    tcp.client.set_port(tcp.client.port() + offset);
    log.quick(
        Client,
        0,
        "socket",
        &["AF_INET", "SOCK_STREAM"],
        &fd.to_string(),
    );
    let accept = log.call(Server, 3, "accept", &[]);
    let connect = log.call(Client, fd, "connect", &["10.0.0.2:9000"]);
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.state(Server, tcp.socket(Server), TcpState::SynReceived);
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    log.state(Client, tcp.socket(Client), TcpState::Established);
    log.returns(connect, Client, "connect", "0");
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Server, tcp.socket(Server), TcpState::Established);
    let accepted = format!("{fd}, {}", tcp.client);
    log.returns(accept, Server, "accept", &accepted);
    tcp
}

pub fn listens(log: &mut Script) {
    log.at(0)
        .quick(Server, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
    log.quick(Server, 3, "bind", &["0.0.0.0:9000"], "0");
    log.quick(Server, 3, "listen", &["8"], "0");
    let listener = Endpoints {
        local: ([0, 0, 0, 0], 9000).into(),
        remote: None,
    };
    log.state(Server, listener, TcpState::Listen);
    log.at(100 * MS);
}

/// Two sends, of which Nagle's algorithm keeps the second back until the first is acknowledged; the packet of the second.
fn kept_back(mut log: Script) -> (Script, u64) {
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    log.quick(Client, 4, "send", &["\"hello\""], "5");
    let first = log.send(Client, tcp.next(Client, and_ack(Flags::PSH), b"hello"));
    log.quick(Client, 4, "send", &["\"world\""], "5");
    log.at(202 * MS);
    log.verdict(first, Client, Verdict::Delivered, None);
    log.cross(Server, tcp.next(Server, ACK, b""));
    let second = log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"world"));
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.at(300 * MS);
    (log, second)
}

/// A packet of the client that had left then, in microseconds of the log.
pub fn read_late(id: u64, us: u64, bytes: Vec<u8>) -> Kind {
    let utc_ns = match Reader::new(&*Script::new("").done()).next() {
        Some(Ok(Event {
            kind: Kind::Start(start),
            ..
        })) => start.utc_ns,
        other => panic!("{other:?}"),
    };
    let packet = Packet::new(id, Client, Verdict::Sent, Some(bytes));
    let stamp_ns = Some(utc_ns + us * 1000);
    Kind::Packet(Packet { stamp_ns, ..packet })
}

pub fn place(rows: &[Row], is: impl Fn(&Row) -> bool) -> usize {
    let found = rows.iter().position(is);
    found.unwrap_or_else(|| panic!("no such row: {rows:#?}"))
}

pub fn calls(row: &Row, host: Host, name: &str) -> bool {
    let call = row.calls[host].as_ref();
    call.is_some_and(|call| call.name == name)
}

pub fn shows(row: &Row, id: u64) -> bool {
    row.arrow.as_ref().is_some_and(|arrow| arrow.id == id)
}

/// `send(3, "world")` of 0.020 stood below the ACK of 0.024, in the row of the segment that had waited for that.
#[test]
fn a_call_does_not_wait_for_the_segment_that_its_bytes_leave_in() {
    let (log, second) = kept_back(Script::new(""));
    let rows = rows(log);
    let segment = place(&rows, |row| shows(row, second));
    assert!(rows[segment].calls.client.is_none(), "{:#?}", rows[segment]);
    let sends = |row: &Row| {
        let call = row.calls.client.as_ref();
        call.is_some_and(|call| call.args == ["\"world\""])
    };
    let call = place(&rows, sends);
    let ack = place(&rows, |row| {
        let arrow = row.arrow.as_ref();
        arrow.is_some_and(|arrow| arrow.from == Server && arrow.sent_ns > 201 * 1_000_000)
    });
    assert!(call < ack && ack < segment, "{call} {ack} {segment}");
}

/// `recv(3)` of 0.818 stood above `send(3)` of 0.817, in the row of an ACK that had left before both and was read after.
#[test]
fn a_packet_that_is_read_late_takes_no_call_with_it_that_began_since() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    let data = log.cross(Server, tcp.next(Server, and_ack(Flags::PSH), b"hello"));
    log.at(202 * MS);
    log.quick(Client, 4, "send", &["\"hi\""], "2");
    let recv = log.call(Client, 4, "recv", &["100"]);
    let (ack, hi) = (data + 1, data + 2);
    log.put(read_late(ack, 201_500, tcp.next(Client, ACK, b"")));
    log.put(read_late(
        hi,
        202_004,
        tcp.next(Client, and_ack(Flags::PSH), b"hi"),
    ));
    log.at(204 * MS);
    log.verdict(ack, Client, Verdict::Delivered, None);
    log.verdict(hi, Client, Verdict::Delivered, None);
    log.returns(recv, Client, "recv", "5 \"hello\"");
    let rows = rows(log);
    let ack = place(&rows, |row| shows(row, ack));
    let send = place(&rows, |row| calls(row, Client, "send"));
    let recv = place(&rows, |row| calls(row, Client, "recv"));
    assert!(ack < send && send < recv, "{ack} {send} {recv}: {rows:#?}");
    assert!(shows(&rows[send], hi));
}

/// `accept() = 4, 10.0.0.1:51450` stood in the row of an ACK from port 51466, and what it said of "this connection" with it.
#[test]
fn a_call_does_not_return_in_the_row_of_another_connection() {
    let mut log = Script::new("");
    listens(&mut log);
    let (mut first, mut second) = (open(&mut log, 0, 4), open(&mut log, 1, 5));
    log.at(300 * MS);
    let recv = log.call(Server, 4, "recv", &["100"]);
    let hello = log.cross(Client, first.next(Client, and_ack(Flags::PSH), b"hello"));
    let other = log.cross(Client, second.next(Client, and_ack(Flags::PSH), b"other"));
    log.returns(recv, Server, "recv", "5 \"hello\"");
    // And one that begins while what is on its way is for another.
    let fin = log.send(Client, second.next(Client, and_ack(Flags::FIN), b""));
    let begins = log.call(Server, 4, "recv", &["100"]);
    log.at(310 * MS);
    log.verdict(fin, Client, Verdict::Delivered, None);
    log.returns(begins, Server, "recv", "5 \"again\"");
    let rows = rows(log);
    let at = |id: u64| &rows[place(&rows, |row| shows(row, id))];
    let returns = |row: &Row| {
        let call = row.calls.server.as_ref();
        call.is_some_and(|call| call.answer.is_some())
    };
    assert!(shows(at(hello), hello) && !returns(at(other)), "{rows:#?}");
    assert!(at(fin).calls.server.is_none(), "{:#?}", at(fin));
}

/// `select() = 1 (in [4])` stood in the row of a segment of the connection of 5, as if that had made it return.
#[test]
fn a_select_does_not_return_in_the_row_of_another_connection() {
    for (name, args, ready) in [
        ("select", ["[4]", "[]"], "1 (in [4])"),
        (
            "poll",
            ["[{fd=4, events=POLLIN}]", "-1"],
            "1 ([{fd=4, revents=POLLIN}])",
        ),
        ("select", ["[4]", "[]"], "[4], [], []"),
        ("poll", ["[4: POLLIN]", "None"], "[4: POLLIN]"),
        ("select", ["[4]", "[]"], "0 (Timeout)"),
        ("epoll_wait", ["8", "-1"], "1 [{EPOLLIN, u32=4}]"),
    ] {
        let mut log = Script::new("");
        listens(&mut log);
        let (mut first, mut second) = (open(&mut log, 0, 4), open(&mut log, 1, 5));
        log.at(300 * MS);
        let waits = log.call(Server, 0, name, &args);
        log.at(400 * MS);
        let hello = log.cross(Client, first.next(Client, and_ack(Flags::PSH), b"hello"));
        let other = log.cross(Client, second.next(Client, and_ack(Flags::PSH), b"other"));
        log.returns(waits, Server, name, ready);
        // One that its own connection has return.
        log.at(500 * MS);
        let own = log.call(Server, 0, name, &args);
        log.at(600 * MS);
        let again = log.cross(Client, first.next(Client, and_ack(Flags::PSH), b"again"));
        log.returns(own, Server, name, ready);
        let rows = rows(log);
        let at = |id: u64| {
            rows[place(&rows, |row| shows(row, id))]
                .calls
                .server
                .as_ref()
        };
        assert!(
            at(hello).is_none() && at(other).is_none(),
            "{ready}: {rows:#?}"
        );
        let names_it = ready.contains("[4") || ready.contains("fd=4");
        assert_eq!(at(again).is_some(), names_it, "{ready}: {rows:#?}");
    }
}

/// A segment to a port is for one connection: the listener is ready when a handshake is complete.
#[test]
fn a_select_for_a_listener_does_not_return_in_the_row_of_data() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut first = open(&mut log, 0, 4);
    log.at(300 * MS);
    let waits = log.call(Server, 0, "select", &["[3]", "[]"]);
    log.at(400 * MS);
    let data = log.cross(Client, first.next(Client, and_ack(Flags::PSH), b"hello"));
    log.returns(waits, Server, "select", "1 (in [3])");
    let rows = rows(log);
    let at = place(&rows, |row| shows(row, data));
    assert!(rows[at].calls.server.is_none(), "{rows:#?}");
}

/// "Before a SYN of the server has reached it: a simultaneous open": it had reached it, and been refused; and the answer was said to be
/// that of an end which has no such connection, where nothing listens.
#[test]
fn a_syn_after_a_refusal_crosses_none() {
    let mut log = Script::new("");
    let tcp = Connection::new(9000);
    let (client, server) = (tcp.client, tcp.server);
    let asks = |from, to| {
        let (seq, flags) = (ISN, SYN);
        let syn = Segment {
            seq,
            flags,
            ..Segment::default()
        };
        Envelope::new(from, to).tcp(&syn)
    };
    let refuses = |from, to| {
        let (ack, flags) = (ISN + 1, and_ack(RST));
        let reset = Segment {
            ack,
            flags,
            ..Segment::default()
        };
        Envelope::new(from, to).tcp(&reset)
    };
    log.cross(Server, asks(server, client));
    log.cross(Client, refuses(client, server));
    log.at(200 * MS);
    let syn = log.cross(Client, asks(client, server));
    let answer = log.cross(Server, refuses(server, client));
    let rows = rows(log);
    assert_eq!(ids(&of(&rows, syn))[0], "syn.first");
    assert_eq!(ids(&of(&rows, answer))[0], "rst.refused");
}

/// The program of a host was ended by a signal.
fn killed_by(host: Host, how: &str) -> Kind {
    let args = [("host", host.name()), ("program", "python3"), ("how", how)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    Kind::Note(Note {
        id: "program.killed".to_owned(),
        args: args.into(),
    })
}

/// A program that shuts down both directions and keeps its socket, until it is killed, perhaps; the data that comes then, and the
/// answer.
fn shut(mut log: Script, is_killed: bool) -> (Script, [u64; 2]) {
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    log.quick(Server, 4, "shutdown", &["SHUT_RD"], "0");
    let call = log.call(Server, 4, "shutdown", &["SHUT_WR"]);
    log.state(Server, tcp.socket(Server), TcpState::FinWait1);
    log.cross(Server, tcp.next(Server, and_ack(Flags::FIN), b""));
    log.state(Client, tcp.socket(Client), TcpState::CloseWait);
    log.returns(call, Server, "shutdown", "0");
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Server, tcp.socket(Server), TcpState::FinWait2);
    if is_killed {
        log.at(300 * MS).put(killed_by(Server, "13"));
    }
    log.at(400 * MS);
    log.quick(Client, 4, "send", &["\"more\""], "4");
    let data = log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"more"));
    log.state(Server, tcp.socket(Server), TcpState::Closed);
    let reset = log.cross(Server, tcp.answer_reset(Server));
    log.state(Client, tcp.socket(Client), TcpState::Closed);
    log.at(500 * MS);
    log.quick(Client, 4, "recv", &["100"], "0");
    if !is_killed {
        log.quick(Server, 4, "send", &["\"no\""], "EPIPE");
        log.quick(Server, 4, "close", &[], "0");
    }
    (log, [data, reset])
}

/// "After the program had closed the socket": it has called shutdown() only, and closes 200 ms later.
#[test]
fn a_program_that_has_shut_down_both_directions_has_not_closed() {
    let (log, [data, reset]) = shut(Script::new(""), false);
    let rows = rows(log);
    let of_data = ids(&of(&rows, data));
    assert!(of_data.contains(&"data.unheard.shut"), "{of_data:?}");
    assert!(of_data.contains(&"state.data.unheard.shut"), "{of_data:?}");
    assert_eq!(ids(&of(&rows, reset))[0], "rst.unheard.shut");
}

/// "It still has the socket": the program had been killed 87 ms before, and its kernel had closed the socket.
#[test]
fn a_killed_program_was_told_to_have_its_socket_still() {
    let (log, [data, reset]) = shut(Script::new(""), true);
    let rows = rows(log);
    let of_data = ids(&of(&rows, data));
    assert!(of_data.contains(&"state.data.unheard"), "{of_data:?}");
    assert_eq!(ids(&of(&rows, reset))[0], "rst.unheard");
}

/// "The error was reported once already": it had not been; the FIN came before the RST.
#[test]
fn a_fin_before_a_reset_is_why_nothing_is_received() {
    let rows = rows(shut(Script::new(""), false).0);
    let recv = place(&rows, |row| calls(row, Client, "recv"));
    assert_eq!(ids(&rows[recv].sayings), ["call.recv.reset.fin"]);
}

/// Both ends close while the window of the other is full: their FINs follow when there is room.
fn queued(mut log: Script) -> Script {
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    for (host, at, state) in [
        (Client, 200, TcpState::FinWait1),
        (Server, 2200, TcpState::LastAck),
    ] {
        log.at(at * MS);
        log.quick(host, 4, "send", &["\"hello\""], "10");
        log.cross(host, tcp.next(host, ACK, b"hello"));
        log.cross(host.other(), tcp.next(host.other(), ACK, b""));
        log.at((at + 100) * MS);
        log.quick(host, 4, "close", &[], "0");
        log.state(host, tcp.socket(host), state);
        log.at((at + 1000) * MS);
        log.cross(host, tcp.next(host, and_ack(Flags::FIN), b"world"));
        if host == Client {
            log.state(Server, tcp.socket(Server), TcpState::CloseWait);
        }
        log.cross(host.other(), tcp.next(host.other(), ACK, b""));
        if host == Client {
            log.state(Client, tcp.socket(Client), TcpState::FinWait2);
        }
    }
    log
}

/// "Because it has sent its FIN", a second before that left behind data.
#[test]
fn a_fin_that_waits_behind_data_has_not_been_sent() {
    let rows = rows(queued(Script::new("")));
    let closes = rows.iter().filter(|row| {
        let calls = [&row.calls.client, &row.calls.server];
        calls.into_iter().flatten().any(|call| call.name == "close")
    });
    let said: Vec<_> = closes.flat_map(|row| ids(&row.sayings)).collect();
    assert_eq!(said, ["state.fin.queued", "state.fin.last.queued"]);
}

/// `close() = 0` of 0.529 stood below segments of 0.531, which "ESTABLISHED" was said of: they left before its FIN, by
/// `sendfile()`.
#[test]
fn a_close_stands_above_the_data_that_leaves_before_its_fin() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    log.quick(Client, 4, "send", &["\"hello\""], "10");
    log.quick(Client, 4, "close", &[], "0");
    log.state(Client, tcp.socket(Client), TcpState::FinWait1);
    log.at(202 * MS);
    let data = log.send(Client, tcp.next(Client, ACK, b"hello"));
    let fin = log.send(Client, tcp.next(Client, and_ack(Flags::FIN), b"world"));
    log.at(204 * MS);
    log.verdict(data, Client, Verdict::Delivered, None);
    log.verdict(fin, Client, Verdict::Delivered, None);
    let rows = rows(log);
    let close = place(&rows, |row| calls(row, Client, "close"));
    let data = place(&rows, |row| shows(row, data));
    let fin = place(&rows, |row| shows(row, fin));
    assert!(close < data && data < fin, "{close} {data} {fin}");
    assert_eq!(ids(&rows[close].sayings), ["state.fin.queued"]);
    let state = |at: usize| rows[at].states.client.map(|cell| cell.after);
    assert_eq!(state(data), Some(TcpState::FinWait1));
}

/// A program closes a connection and makes another socket, and a segment arrives, before the lab reads the FIN.
fn closes_and_goes_on() -> (Vec<Row>, u64) {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    let data = log.send(Server, tcp.next(Server, and_ack(Flags::PSH), b"hello"));
    log.at(201 * MS);
    let crosses = log.send(Client, tcp.next(Client, and_ack(Flags::PSH), b"hi"));
    log.at(202 * MS);
    let close = log.call(Client, 4, "close", &[]);
    log.verdict(data, Server, Verdict::Delivered, None);
    log.at(202_100).returns(close, Client, "close", "0");
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "4");
    log.state(Client, tcp.socket(Client), TcpState::FinWait1);
    let fin = data + 2;
    log.put(read_late(
        fin,
        202_090,
        tcp.next(Client, and_ack(Flags::FIN), b""),
    ));
    log.at(203 * MS)
        .verdict(crosses, Client, Verdict::Delivered, None);
    log.at(204 * MS)
        .verdict(fin, Client, Verdict::Delivered, None);
    (rows(log), fin)
}

/// `socket() = 3` stood above the `close(3)` that had given the number back.
#[test]
fn a_close_stands_above_what_its_program_calls_next_however_late_its_fin_is_read() {
    let (rows, fin) = closes_and_goes_on();
    let close = place(&rows, |row| calls(row, Client, "close"));
    let mut sockets = rows.iter().enumerate();
    let socket = sockets.rfind(|(_, row)| calls(row, Client, "socket"));
    assert!(close < socket.expect("a call").0, "{rows:#?}");
    assert!(shows(&rows[close], fin), "{:#?}", rows[close]);
}

/// The third segment of a handshake stood below the data that followed it: its program had asked for another connection before it
/// was read.
#[test]
fn a_packet_that_is_read_late_stands_above_a_call_that_waits_for_its_own() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    let mut other = crate::causes::connection(&log, 9001);
    other.client.set_port(other.client.port() + 7);
    log.at(200 * MS);
    let data = log.send(Server, tcp.next(Server, and_ack(Flags::PSH), b"hello"));
    log.at(202 * MS)
        .verdict(data, Server, Verdict::Delivered, None);
    log.at(202_100).quick(Client, 4, "send", &["\"hi\""], "2");
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "5");
    log.at(202_400);
    log.quick(Client, 5, "connect", &["10.0.0.2:9001"], "EINPROGRESS");
    log.state(Client, other.socket(Client), TcpState::SynSent);
    let [ack, hi, syn] = [data + 1, data + 2, data + 3];
    log.put(read_late(ack, 202_010, tcp.next(Client, ACK, b"")));
    let bytes = tcp.next(Client, and_ack(Flags::PSH), b"hi");
    log.put(read_late(hi, 202_380, bytes));
    log.put(read_late(syn, 202_405, other.next(Client, SYN, b"")));
    log.at(204 * MS);
    for id in [ack, hi, syn] {
        log.verdict(id, Client, Verdict::Delivered, None);
    }
    let rows = rows(log);
    let [ack, hi, syn] = [ack, hi, syn].map(|id| place(&rows, |row| shows(row, id)));
    assert!(ack < hi && hi < syn, "{ack} {hi} {syn}: {rows:#?}");
}

/// FIN-WAIT-1 stood at another connection's SYN, a hundred milliseconds before the FIN: the kernel that was asked when the program had
/// been killed named that call.
#[test]
fn a_fin_is_not_told_at_another_connections_syn() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    let mut other = crate::causes::connection(&log, 9001);
    other.client.set_port(other.client.port() + 7);
    log.at(200 * MS);
    let connect = log.call(Client, 5, "connect", &["10.0.0.2:9001"]);
    let cause = Some(log.last());
    log.state(Client, other.socket(Client), TcpState::SynSent);
    let syn = log.send(Client, other.next(Client, SYN, b""));
    log.returns(connect, Client, "connect", "EINPROGRESS");
    let data = log.send(Client, tcp.next(Client, and_ack(Flags::PSH), b"hi"));
    log.at(202 * MS);
    log.lose(Client, tcp.back(Client, ACK, b"", 0), "");
    log.verdict(data, Client, Verdict::Delivered, None);
    log.at(220 * MS);
    log.put(Kind::State(State {
        host: Client,
        socket: tcp.socket(Client),
        from: Some(TcpState::Established),
        to: TcpState::FinWait1,
        origin: Origin::Kernel,
        cause,
        queues: None,
    }));
    let fin = log.send(Client, tcp.next(Client, and_ack(Flags::FIN), b""));
    log.verdict(syn, Client, Verdict::Delivered, None);
    log.at(222 * MS)
        .verdict(fin, Client, Verdict::Delivered, None);
    let rows = rows(log);
    let is_over = |row: &&Row| {
        let cell = row.states.client.as_ref();
        cell.is_some_and(|cell| cell.after == TcpState::FinWait1)
    };
    let first = rows.iter().find(is_over).expect("a FIN");
    assert!(shows(first, fin), "{first:#?}");
}

/// A server forks, its parent closes the connection, and the child goes on: FIN-WAIT-1 stood at the parent's close(), and with all that
/// the child sent. It may have waited in read() before.
#[test]
fn a_close_behind_which_another_process_goes_on_ends_nothing() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    let ends = tcp.socket(Server);
    let tell = |log: &mut Script, id: u64, name: &str, answer: Option<&str>| {
        let answer = answer.map(|it| Answer::Value(it.to_owned()));
        let mut told = call(id, Server, 4, name, &[], answer);
        told.socket = Some(Box::new(ends));
        log.put(Kind::Call(told));
    };
    log.at(200 * MS);
    tell(&mut log, 903, "read", None);
    tell(&mut log, 901, "close", None);
    tell(&mut log, 901, "close", Some("0"));
    tell(&mut log, 903, "read", Some("2"));
    let data = log.cross(Server, tcp.next(Server, and_ack(Flags::PSH), b"hi"));
    log.at(210 * MS);
    use TcpState::{Established, FinWait1};
    log.state(Server, ends, FinWait1);
    let fin = log.cross(Server, tcp.next(Server, and_ack(Flags::FIN), b""));
    let rows = rows(log);
    let row = |id: u64| &rows[place(&rows, |row| shows(row, id))];
    let state = |id: u64| row(id).states.server.map(|cell| (cell.before, cell.after));
    assert_eq!(state(data), Some((Established, Established)));
    assert_eq!(state(fin), Some((Established, FinWait1)));
    assert!(row(fin).calls.server.is_none(), "{:#?}", row(fin));
}

/// The FIN was told to leave by the first close(), of a descriptor whose copy by dup() was open still.
#[test]
fn a_fin_leaves_by_the_last_close_of_its_socket() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    let ends = tcp.socket(Client);
    let close = |log: &mut Script, id: u64, fd: i32, answer: Option<&str>| {
        let answer = answer.map(|it| Answer::Value(it.to_owned()));
        let mut told = call(id, Client, fd, "close", &[], answer);
        told.socket = Some(Box::new(ends));
        log.put(Kind::Call(told));
    };
    log.at(200 * MS);
    close(&mut log, 901, 4, None);
    close(&mut log, 901, 4, Some("0"));
    log.at(201 * MS);
    close(&mut log, 902, 5, None);
    let fin = log.send(Client, tcp.next(Client, and_ack(Flags::FIN), b""));
    close(&mut log, 902, 5, Some("0"));
    log.at(203 * MS)
        .verdict(fin, Client, Verdict::Delivered, None);
    let rows = rows(log);
    let row = &rows[place(&rows, |row| shows(row, fin))];
    let call = row.calls.client.as_ref();
    assert_eq!(call.map(|call| call.id), Some(902), "{row:#?}");
}

/// The FIN of the first connection stood with "ESTABLISHED", and a RST too: the kernel was asked when both were closed, and both states
/// were put to the last call.
#[test]
fn states_that_are_told_together_belong_to_the_packets_of_their_sockets() {
    for flags in [Flags::FIN, RST] {
        let mut log = Script::new("");
        listens(&mut log);
        let (mut first, mut second) = (open(&mut log, 0, 4), open(&mut log, 1, 5));
        log.at(300 * MS);
        log.quick(Client, 4, "close", &[], "0");
        log.quick(Client, 5, "close", &[], "0");
        let to = match flags {
            RST => TcpState::Closed,
            _ => TcpState::FinWait1,
        };
        log.state(Client, first.socket(Client), to);
        log.state(Client, second.socket(Client), to);
        // They are read after that, and had left with the calls.
        let ends = [(7, 300_005, &mut first), (8, 300_025, &mut second)];
        let ends = ends.map(|(id, us, tcp)| {
            let end = tcp.next(Client, and_ack(flags), b"");
            log.put(read_late(id, us, end));
            id
        });
        log.at(302 * MS);
        for end in ends {
            log.verdict(end, Client, Verdict::Delivered, None);
        }
        let rows = rows(log);
        for end in ends {
            let row = &rows[place(&rows, |row| shows(row, end))];
            let state = row.states.client.map(|cell| (cell.before, cell.after));
            assert_eq!(state, Some((TcpState::Established, to)), "{row:#?}");
            assert!(calls(row, Client, "close"), "{row:#?}");
        }
    }
}

/// A `sendall()` that waits for room stood below what made room: its first segment left when that had come.
#[test]
fn a_call_that_waits_for_room_stands_above_what_makes_room() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    let call = log.call(Client, 4, "sendall", &["\"hello\"…"]);
    log.at(201 * MS);
    let room = log.cross(Server, tcp.next(Server, ACK, b""));
    let data = log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"hello"));
    log.returns(call, Client, "sendall", "0");
    let rows = rows(log);
    let at = |id: u64| place(&rows, |row| shows(row, id));
    let call = place(&rows, |row| calls(row, Client, "sendall"));
    assert!(call <= at(room) && at(room) < at(data), "{rows:#?}");
}

/// What arrives for another connection has not made room: a call that begins before it has its packet beside it.
#[test]
fn a_segment_of_another_connection_makes_no_room() {
    let mut log = Script::new("");
    listens(&mut log);
    let (mut own, mut other) = (open(&mut log, 0, 4), open(&mut log, 1, 5));
    log.at(300 * MS);
    let call = log.call(Client, 4, "send", &["\"hello\""]);
    log.cross(Server, other.next(Server, ACK, b""));
    let data = log.cross(Client, own.next(Client, and_ack(Flags::PSH), b"hello"));
    log.returns(call, Client, "send", "5");
    let rows = rows(log);
    let row = &rows[place(&rows, |row| shows(row, data))];
    assert!(calls(row, Client, "send"), "{rows:#?}");
}

/// All of it, in one log.
pub fn order() -> Vec<u8> {
    let (mut log, _) = kept_back(Script::new("order"));
    for (host, fd) in [(Server, 4), (Server, 3), (Client, 4)] {
        log.quick(host, fd, "close", &[], "0");
    }
    let mut log = shut(log.then(), false).0;
    for (host, fd) in [(Server, 3), (Client, 4)] {
        log.quick(host, fd, "close", &[], "0");
    }
    queued(log.then()).done()
}

/// A program is killed long after its last call, and the kernel is asked only then: the cause that the log names is that call. Its socket
/// stood in CLOSED beside all that it had sent since.
#[test]
fn a_socket_is_not_closed_before_it_has_sent_its_last() {
    let mut log = Script::new("killed");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.quick(Client, 4, "setsockopt", &["TCP_NODELAY", "1"], "0");
    let call = log.last();
    let data = log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"hello"));
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.at(300 * MS).put(Kind::State(State {
        host: Client,
        socket: tcp.socket(Client),
        from: Some(TcpState::Established),
        to: TcpState::Closed,
        origin: Origin::Kernel,
        cause: Some(call),
        queues: None,
    }));
    let reset = log.cross(Client, tcp.next(Client, and_ack(Flags::RST), b""));
    log.state(Server, tcp.socket(Server), TcpState::Closed);
    let rows = rows(log);
    let client = |id: u64| {
        let shows = |row: &&Row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == id);
        rows.iter().find(shows).and_then(|row| row.states.client)
    };
    assert_eq!(
        client(data).map(|cell| cell.after),
        Some(TcpState::Established)
    );
    let ends = client(reset).map(|cell| (cell.before, cell.after));
    assert_eq!(ends, Some((TcpState::Established, TcpState::Closed)));
}

/// The server waits in recv(), and the client makes a call 30 ms later: it stood in the row of recv(), at the time of that.
#[test]
fn a_call_stands_at_its_own_time() {
    for (later_us, wanted_us) in [(100, 0), (30 * MS, 30 * MS)] {
        let mut log = Script::new("");
        listens(&mut log);
        log.call(Server, 4, "recv", &["100"]);
        let begun = 100 * MS;
        log.at(begun + later_us);
        log.quick(Client, 3, "setsockopt", &["TCP_CORK", "0"], "0");
        let rows = rows(log);
        let shows = |row: &&Row| row.calls.client.is_some();
        let row = rows.iter().find(shows).expect("a row");
        assert_eq!(row.t_ns / 1000, begun + wanted_us);
    }
}

/// Of a socket that is known to be one of UDP, and not connected, sendto() stood in a row above the datagram that it had sent.
#[test]
fn a_datagram_stands_in_the_row_of_the_call_that_has_sent_it() {
    let mut log = Script::new("sendto");
    let made = ["AF_INET", "SOCK_DGRAM"];
    log.at(0).quick(Client, 0, "socket", &made, "3");
    let args = ["\"one\"", "10.0.0.2:7777"];
    let send = log.at(100 * MS).call(Client, 3, "sendto", &args);
    let id = log.cross(Client, datagram(Client, 40000, 7777, b"one"));
    log.returns(send, Client, "sendto", "3");
    let rows = rows(log);
    let row = place(&rows, |row| shows(row, id));
    assert!(calls(&rows[row], Client, "sendto"), "{:#?}", rows[row]);
}

/// CLOSED stood beside the client's data, at which the server had still received: its program was killed only then, and its kernel,
/// which is asked behind an old call, tells of the state before the RST has left.
#[test]
fn a_killed_programs_connection_is_not_closed_before_the_kill() {
    for is_noted_first in [true, false] {
        let mut talk = talk(Script::new(""), false);
        let listen = talk.log.last();
        let bytes = talk.tcp.next(Client, and_ack(Flags::PSH), b"1234567890");
        let data = talk.log.cross(Client, bytes);
        let killed = || {
            let args = [("host", "server"), ("program", "./m"), ("how", "9")];
            let args = args.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let (id, args) = ("program.killed".to_owned(), args.into());
            Kind::Note(Note { id, args })
        };
        talk.log.later(1_000);
        if is_noted_first {
            talk.log.put(killed());
        }
        talk.log.put(Kind::State(State {
            host: Server,
            socket: talk.tcp.socket(Server),
            from: Some(TcpState::Established),
            to: TcpState::Closed,
            origin: Origin::Kernel,
            cause: Some(listen),
            queues: None,
        }));
        // That had left before, and is read only now.
        let ack = talk.tcp.next(Server, ACK, b"");
        let ack = talk.log.cross(Server, ack);
        let reset = talk.tcp.next(Server, and_ack(RST), b"");
        let reset = talk.log.cross(Server, reset);
        if !is_noted_first {
            talk.log.put(killed());
        }
        let rows = rows(talk.log);
        let after = |id: u64| {
            let row = &rows[place(&rows, |row| shows(row, id))];
            row.states.server.map(|cell| cell.after)
        };
        for id in [data, ack] {
            assert_eq!(after(id), Some(TcpState::Established));
        }
        assert_eq!(after(reset), Some(TcpState::Closed));
    }
}

/// A tracer tells the flags of some calls only when these return: the row where one did had none.
#[test]
fn a_peek_returns_as_one() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    let peek = log.call(Server, 4, "recv", &[]);
    log.at(300 * MS);
    let packet = log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"hello"));
    let answer = Some(Answer::Value("5 \"hello\"".to_owned()));
    let returned = call(peek, Server, 4, "recv", &["100", "MSG_PEEK"], answer);
    log.put(Kind::Call(returned));
    let rows = rows(log);
    let cell = rows[place(&rows, |row| shows(row, packet))]
        .calls
        .server
        .as_ref();
    let cell = cell.expect("it returns there");
    assert!(!cell.begins);
    assert_eq!(cell.args, ["100", "MSG_PEEK"]);
}

/// A program with two connections is killed, and the lab reads what its kernel has sent a moment later.
fn killed() -> (Vec<Row>, [u64; 3]) {
    let mut log = Script::new("");
    listens(&mut log);
    let (mut first, mut second) = (open(&mut log, 0, 4), open(&mut log, 1, 5));
    log.at(200 * MS);
    let data = log.send(Client, first.next(Client, and_ack(Flags::PSH), b"hello"));
    log.at(210 * MS).put(killed_by(Client, "9"));
    let cause = Some(log.last());
    for tcp in [&first, &second] {
        log.put(Kind::State(State {
            host: Client,
            socket: tcp.socket(Client),
            from: Some(TcpState::Established),
            to: TcpState::FinWait1,
            origin: Origin::Kernel,
            cause,
            queues: None,
        }));
    }
    for (id, tcp) in [(data + 1, &mut first), (data + 2, &mut second)] {
        let fin = tcp.next(Client, and_ack(Flags::FIN), b"");
        log.put(read_late(id, 209_000 + id, fin));
    }
    log.at(212 * MS);
    for id in [data, data + 1, data + 2] {
        log.verdict(id, Client, Verdict::Delivered, None);
    }
    (rows(log), [data, data + 1, data + 2])
}

/// "python3 was ended by signal 9" stood in the row of what it had sent 10 ms before, above the FINs that its kernel had sent by then.
#[test]
fn the_end_of_a_program_stands_at_its_own_time() {
    let (rows, packets) = killed();
    let killed =
        |saying: &Saying| matches!(saying, Saying::Note { note, .. } if note == "program.killed");
    let tells = |row: &Row| row.sayings.iter().any(killed);
    let end = place(&rows, tells);
    for id in packets {
        let packet = place(&rows, |row| shows(row, id));
        assert!(packet < end, "{packet} {end}: {rows:#?}");
    }
    assert_eq!(rows[end].t_ns, 210_000_000);
    assert!(rows[end].arrow.is_none());
    let times: Vec<u64> = rows.iter().map(|row| row.t_ns).collect();
    assert!(times.is_sorted(), "{times:?}");
    let state = |id: u64| {
        let row = &rows[place(&rows, |row| shows(row, id))];
        row.states.client.map(|cell| cell.after)
    };
    assert_eq!(state(packets[1]), Some(TcpState::FinWait1));
    assert_eq!(state(packets[2]), Some(TcpState::FinWait1));
}

/// A server forks: the parent closes, and its child ends some time later without a call; a close() of a moment before the FIN.
fn forked(log: Script, later_us: u64) -> (Script, u64) {
    forked_and_asked(log, later_us, false)
}

/// The same; `asked` if the kernel was asked right behind the parent's close().
fn forked_and_asked(mut log: Script, later_us: u64, asked: bool) -> (Script, u64) {
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS).quick(Server, 4, "close", &[], "0");
    let cause = Some(log.last());
    let state = |to| {
        Kind::State(State {
            host: Server,
            socket: tcp.socket(Server),
            from: Some(TcpState::Established),
            to,
            origin: Origin::Kernel,
            cause,
            queues: None,
        })
    };
    if asked {
        log.later(300).put(state(TcpState::Established));
    }
    log.later(later_us).put(state(TcpState::FinWait1));
    let fin = log.cross(Server, tcp.next(Server, and_ack(Flags::FIN), b""));
    (log, fin)
}

/// A child that ended 30 ms after its parent's close() had its FIN told as sent by that close().
#[test]
fn a_fin_leaves_with_the_last_descriptor_of_its_socket() {
    let of = |later_us: u64| {
        let (log, fin) = forked(Script::new(""), later_us);
        (rows(log), fin)
    };
    let (rows, fin) = of(30 * MS);
    let row = &rows[place(&rows, |row| shows(row, fin))];
    assert!(row.calls.server.is_none(), "{row:#?}");
    let state = row.states.server.map(|cell| (cell.before, cell.after));
    assert_eq!(state, Some((TcpState::Established, TcpState::FinWait1)));
    let close = &rows[place(&rows, |row| calls(row, Server, "close"))];
    assert!(close.states.server.is_none(), "{close:#?}");
    let (rows, fin) = of(500);
    let row = &rows[place(&rows, |row| shows(row, fin))];
    assert!(calls(row, Server, "close"), "{row:#?}");
    assert!(!ids(&row.sayings).contains(&"end.descriptor"), "{row:#?}");
}

/// "After fork() or dup() there are several" was said of a FIN that a busy machine had leave late, behind the close() of another
/// descriptor: no call and no kernel had told of a second one.
#[test]
fn a_fin_that_left_late_was_said_to_come_of_fork_or_dup() {
    let of = |shared: bool| {
        let mut log = Script::new("");
        listens(&mut log);
        let mut tcp = open(&mut log, 0, 4);
        log.at(200 * MS).quick(Server, 4, "close", &[], "0");
        log.later(300).quick(Server, 3, "close", &[], "0");
        if shared {
            log.later(300)
                .quick(Server, 4, "getpeername", &[], "10.0.0.1:5");
        }
        log.later(30 * MS)
            .state(Server, tcp.socket(Server), TcpState::FinWait1);
        let fin = log.cross(Server, tcp.next(Server, and_ack(Flags::FIN), b""));
        let rows = rows(log);
        let row = &rows[place(&rows, |row| shows(row, fin))];
        ids(&row.sayings).contains(&"end.descriptor")
    };
    assert!(of(true));
    assert!(!of(false));
}

/// A child that ended within 10 ms of its parent's close() had its FIN told as sent by that close(), whose kernel knew better.
#[test]
fn a_close_that_its_kernel_says_has_ended_nothing_sends_no_fin() {
    let (log, fin) = forked_and_asked(Script::new(""), 2 * MS, true);
    let rows = rows(log);
    let row = &rows[place(&rows, |row| shows(row, fin))];
    assert!(row.calls.server.is_none(), "{row:#?}");
    let state = row.states.server.map(|cell| (cell.before, cell.after));
    assert_eq!(state, Some((TcpState::Established, TcpState::FinWait1)));
    assert!(ids(&row.sayings).contains(&"end.descriptor"), "{row:#?}");
    let close = &rows[place(&rows, |row| calls(row, Server, "close"))];
    assert!(close.states.server.is_none(), "{close:#?}");
}

/// A listener that was closed at exec(), or with the last process of a server that forks, had no reason to be CLOSED.
#[test]
fn a_listener_that_no_call_closes_has_a_reason() {
    let mut log = Script::new("");
    listens(&mut log);
    ends_listening(&mut log);
    let rows = rows(log);
    let last = rows.last().expect("a row");
    assert_eq!(ids(&last.sayings), ["state.listen.gone"]);
}

fn ends_listening(log: &mut Script) {
    let listener = Endpoints {
        local: ([0, 0, 0, 0], 9000).into(),
        remote: None,
    };
    log.at(500 * MS).state(Server, listener, TcpState::Closed);
}

/// With TCP_DEFER_ACCEPT a server stayed in SYN-RECEIVED behind the last segment of the handshake, and nothing was said of that.
fn deferred(mut log: Script, option: &str) -> Script {
    listens(&mut log);
    log.quick(Server, 3, "setsockopt", &[option, "5"], "0");
    let mut tcp = crate::causes::connection(&log, 9000);
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.state(Server, tcp.socket(Server), TcpState::SynReceived);
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    log.state(Client, tcp.socket(Client), TcpState::Established);
    log.cross(Client, tcp.next(Client, ACK, b""));
    log
}

#[test]
fn an_ack_that_a_listener_discards_is_told_as_such() {
    let told = |option: &str| {
        let rows = rows(deferred(Script::new(""), option));
        let mut sayings = rows.iter().flat_map(|row| &row.sayings);
        sayings.any(|saying| saying.id() == "ack.deferred")
    };
    assert!(told("TCP_DEFER_ACCEPT"));
    assert!(!told("TCP_NODELAY"));
}

/// The SYN of `sendto(…, MSG_FASTOPEN)`, and the bytes of splice(), stood in rows of their own: as if no call had sent them.
#[test]
fn a_fast_open_and_a_splice_send_what_leaves_by_them() {
    let mut log = Script::new("");
    let mut tcp = crate::causes::connection(&log, 9000);
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "4");
    let args = ["\"hi\"", "MSG_FASTOPEN", "10.0.0.2:9000"];
    let opens = log.call(Client, 4, "sendto", &args);
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    let syn = log.cross(Client, tcp.next(Client, SYN, b"hi"));
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    log.state(Client, tcp.socket(Client), TcpState::Established);
    log.returns(opens, Client, "sendto", "2");
    log.at(300 * MS);
    let args = ["5", "NULL", "4", "NULL", "5", "0"];
    let mut splice = call(99, Client, 0, "splice", &args, None);
    splice.socket = Some(Box::new(tcp.socket(Client)));
    log.put(Kind::Call(splice.clone()));
    let data = log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"piped"));
    splice.answer = Some(Answer::Value("5".to_owned()));
    log.put(Kind::Call(splice));
    let rows = rows(log);
    let at = |id: u64| &rows[place(&rows, |row| shows(row, id))];
    assert!(calls(at(syn), Client, "sendto"), "{:#?}", at(syn));
    assert!(calls(at(data), Client, "splice"), "{:#?}", at(data));
}

/// What only the last descriptor of a socket ends, and what a listener defers.
pub fn descriptors() -> Vec<u8> {
    let (mut log, _) = forked_and_asked(Script::new("descriptors"), 30 * MS, true);
    ends_listening(&mut log);
    deferred(log.then(), "TCP_DEFER_ACCEPT").done()
}

/// "The server finishes too: a simultaneous close" stood above "the client has nothing more to send": the log tells of the client's FIN first, which
/// left later.
#[test]
fn of_fins_that_cross_the_one_that_left_first_is_the_first() {
    let mut talk = talk(Script::new("order"), false);
    let begun_ns = 1_795_000_000_000_000_000;
    let mut sent = [0; 2];
    talk.log.at(300 * MS);
    let calls = [(Client, 3), (Server, 4)].map(|(host, fd)| {
        let id = talk.log.call(host, fd, "close", &[]);
        (host, id)
    });
    for (host, id) in calls {
        talk.log.returns(id, host, "close", "0");
        talk.state(host, TcpState::FinWait1);
    }
    for (at, (host, stamp_us)) in [(Client, 300_018), (Server, 300_015)]
        .into_iter()
        .enumerate()
    {
        let bytes = talk.tcp.back(host, and_ack(Flags::FIN), b"", 0);
        sent[at] = at as u64 + 4;
        let mut packet = Packet::new(sent[at], host, Verdict::Sent, Some(bytes));
        packet.stamp_ns = Some(begun_ns + stamp_us * 1000);
        talk.log.at(301 * MS + at as u64).put(Kind::Packet(packet));
    }
    for (at, host) in [Client, Server].into_iter().enumerate() {
        let now = talk.log.at((401 + at as u64) * MS);
        now.verdict(sent[at], host, Verdict::Delivered, None);
    }
    let rows = rows(talk.log);
    let fins = rows.iter().flat_map(|row| &row.sayings);
    let fins = fins.filter_map(|saying| match saying {
        Saying::FinFirst { who, .. } => Some((true, *who)),
        Saying::FinCrossed { who, .. } => Some((false, *who)),
        _ => None,
    });
    assert_eq!(fins.collect::<Vec<_>>(), [(true, Server), (false, Client)]);
}

/// The SYN of a connect() stood above it: the SYN of the other host, which connects at the same time, had taken the row of both calls.
#[test]
fn of_two_connects_at_once_each_stands_above_its_own_syn() {
    let mut log = Script::new("");
    let mut tcp = crate::causes::connection(&log, 9000);
    log.at(100 * MS);
    log.call(Client, 3, "connect", &["10.0.0.2:9000"]);
    log.call(Server, 3, "connect", &[&tcp.client.to_string()]);
    log.at(100_300)
        .state(Server, tcp.socket(Server), TcpState::SynSent);
    let second = log.send(Server, tcp.next(Server, SYN, b""));
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    let first = second + 1;
    log.put(read_late(first, 100_200, tcp.next(Client, SYN, b"")));
    log.at(200 * MS);
    for (host, syn) in [(Client, first), (Server, second)] {
        log.verdict(syn, host, Verdict::Delivered, None);
        let other = host.other();
        log.state(other, tcp.socket(other), TcpState::SynReceived);
    }
    let rows = rows(log);
    for (host, syn) in [(Client, first), (Server, second)] {
        let call = place(&rows, |row| calls(row, host, "connect"));
        let departs = |row: &Row| row.arrow.as_ref().is_some_and(|it| it.id == syn);
        let departs = place(&rows, departs);
        assert!(call <= departs, "{host:?}: {call} {departs}");
    }
}

/// The recvfrom() of "one" stood beside the copy of "two", though "one" had arrived before and was what it had waited for; so did that of the
/// first "two".
#[test]
fn a_recvfrom_stood_beside_the_copy_of_another_datagram_than_it_returned() {
    let mut log = Script::new("");
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    log.quick(Server, 3, "bind", &["10.0.0.2:7777"], "0");
    let recv = log.at(200 * MS).call(Server, 3, "recvfrom", &["2048"]);
    let one = log.send(Client, datagram(Client, 40000, 7777, b"one"));
    let two = log
        .later(100)
        .send(Client, datagram(Client, 40000, 7777, b"two"));
    let copy = 99;
    log.verdict(two, Client, Verdict::Duplicated { copy }, None);
    for id in [one, two, copy] {
        log.verdict(id, Client, Verdict::Delivered, None);
    }
    log.returns(recv, Server, "recvfrom", "3 \"one\", 10.0.0.1:40000");
    for _ in 0..2 {
        log.quick(
            Server,
            3,
            "recvfrom",
            &["2048"],
            "3 \"two\", 10.0.0.1:40000",
        );
    }
    let rows = rows(log);
    let beside = |id| {
        let row = &rows[rows.iter().rposition(|row| shows(row, id)).expect("a row")];
        let cell = row.calls.server.as_ref()?;
        cell.datagram
    };
    assert_eq!(beside(copy).filter(|id| *id != copy), None, "{rows:#?}");
    let received = rows
        .iter()
        .filter_map(|row| row.calls.server.as_ref()?.datagram);
    assert!(received.eq([one, two, copy]), "{rows:#?}");
}

/// Two small send() calls in a row: how long the bytes of the second were kept back, when the segment left so long after the ACK that let it go.
fn nagle(option: Option<(&str, &str)>, second: usize, acknowledged: bool) -> Option<Saying> {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    if let Some((option, value)) = option {
        log.quick(Client, 4, "setsockopt", &[option, value], "0");
    }
    log.quick(Client, 4, "send", &["\"hello\""], "5");
    let first = log.send(Client, tcp.next(Client, and_ack(Flags::PSH), b"hello"));
    let bytes = vec![b'x'; second];
    log.quick(Client, 4, "send", &["\"x\"…"], &second.to_string());
    log.at(202 * MS);
    log.verdict(first, Client, Verdict::Delivered, None);
    if acknowledged {
        log.cross(Server, tcp.next(Server, ACK, b""));
    }
    log.at(245 * MS);
    if acknowledged {
        log.cross(Server, tcp.next(Server, and_ack(Flags::PSH), b"!"));
    }
    let next = log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), &bytes));
    let rows = rows(log);
    let row = &rows[place(&rows, |row| shows(row, next))];
    let kept = |it: &&Saying| it.id() == "data.kept";
    row.sayings.iter().find(kept).cloned()
}

/// The bytes of a second small send() left when the ACK of the first came, and nothing was said of why they had waited.
#[test]
fn small_bytes_that_waited_for_an_acknowledgment_were_not_told_as_kept_back_by_nagle() {
    let (log, second) = kept_back(Script::new(""));
    let rows = rows(log);
    let row = &rows[place(&rows, |row| shows(row, second))];
    // It was a little less than 3 ms: "3 ms or longer" is untrue.
    let kept = Saying::KeptBack {
        who: Client,
        millis: 2,
    };
    assert!(row.sayings.contains(&kept), "{row:#?}");
}

/// It is said only if nothing else can have kept them back, or had them leave.
#[test]
fn bytes_that_nagle_has_not_kept_back_are_not_said_to_be() {
    assert_eq!(nagle(None, 5, true), None, "long after the ACK");
    assert_eq!(nagle(None, 5, false), None, "nothing was acknowledged");
    assert_eq!(nagle(None, 1460, true), None, "a full segment");
    for option in ["TCP_NODELAY", "TCP_CORK"] {
        assert_eq!(nagle(Some((option, "1")), 5, true), None, "{option}");
    }
}
