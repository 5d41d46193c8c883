//! Calls that wait stand where they did: from when they began to what had them return.

use lineman_proto::wire::Flags;
use lineman_proto::wire::compose::Envelope;
use lineman_trace::log::*;
use lineman_trace::story::*;

use crate::causes::MS;
use crate::causes::connection;
use crate::causes::rows;
use crate::causes::talk;
use crate::composer::*;
use crate::datagrams::pieces;
use crate::order::listens;
use crate::order::open;
use crate::order::read_late;

/// The row of a packet in which the server's call began, if it did there, and whether it returned there too.
fn beside(rows: &[Row], id: u64) -> Option<(bool, bool)> {
    let arrow = |row: &&Row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == id);
    let cell = rows.iter().find(arrow)?.calls[Server].as_ref()?;
    Some((cell.begins, cell.answer.is_some()))
}

/// "0.021 recv(4, 100) = 0" stood below a FIN that arrived at 0.023: as if it had been there when the program asked.
#[test]
fn a_call_waits_for_the_segment_that_was_under_way_when_it_began() {
    for (flags, bytes, answer) in [(Flags::PSH, &b"hi"[..], "2 \"hi\""), (Flags::FIN, b"", "0")] {
        let mut talk = talk(Script::new(""), false);
        let id = talk
            .log
            .at(200 * MS)
            .send(Client, talk.tcp.next(Client, and_ack(flags), bytes));
        let recv = talk
            .log
            .at(200 * MS + 500)
            .call(Server, 4, "recv", &["100"]);
        talk.log.at(220 * MS);
        talk.log.verdict(id, Client, Verdict::Delivered, None);
        talk.log.returns(recv, Server, "recv", answer);
        assert_eq!(beside(&rows(talk.log), id), Some((true, true)), "{flags}");
    }
}

/// A segment that brings nothing has no call return that receives, and what has arrived is not waited for.
#[test]
fn a_call_that_waits_for_nothing_that_is_under_way_stands_alone() {
    let mut log = Script::new("");
    let mut tcp = connection(&log, 9000);
    let ack = log.send(Client, tcp.next(Client, ACK, b""));
    let recv = log.later(100).call(Server, 4, "recv", &["100"]);
    log.later(1000)
        .verdict(ack, Client, Verdict::Delivered, None);
    log.returns(recv, Server, "recv", "EAGAIN");
    let there = log
        .at(100 * MS)
        .cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"hi"));
    log.quick(Server, 4, "recv", &["100"], "2 \"hi\"");
    let rows = rows(log);
    assert_eq!(beside(&rows, ack), None);
    assert_eq!(beside(&rows, there).map(|(begins, _)| begins), None);
}

/// `recv(4, 100) = 2 "hi"` that waited for 0.7 ms stood as a finished call below its segment, which was drawn whole above it: as if it
/// had been there when the program asked. So did accept() below the handshake's last segment.
#[test]
fn what_a_call_waited_for_arrives_below_it() {
    for (flags, bytes, answer) in [(Flags::PSH, &b"hi"[..], "2 \"hi\""), (Flags::FIN, b"", "0")] {
        let mut talk = talk(Script::new(""), false);
        let id = talk
            .log
            .at(200 * MS)
            .send(Client, talk.tcp.next(Client, and_ack(flags), bytes));
        // Something else happens at the server before it asks.
        talk.log
            .quick(Server, 4, "setsockopt", &["TCP_NODELAY", "1"], "0");
        let recv = talk
            .log
            .at(200 * MS + 300)
            .call(Server, 4, "recv", &["100"]);
        talk.log.at(201 * MS);
        talk.log.verdict(id, Client, Verdict::Delivered, None);
        talk.log.returns(recv, Server, "recv", answer);
        let rows = rows(talk.log);
        let of = |name: &str, begins: bool| {
            rows.iter().position(|row| {
                let call = row.calls[Server].as_ref();
                call.is_some_and(|call| {
                    call.name == name && call.begins == begins && call.id == recv
                })
            })
        };
        let shows = |stretch: Stretch| {
            rows.iter().position(|row| {
                let arrow = row.arrow.as_ref();
                arrow.is_some_and(|arrow| arrow.id == id && arrow.stretch == stretch)
            })
        };
        let (departs, lands) = (shows(Stretch::Departure), shows(Stretch::Landing));
        assert!(
            departs.is_some() && departs < of("recv", true),
            "{flags}: {rows:#?}"
        );
        assert!(of("recv", true) < lands, "{flags}: {rows:#?}");
        assert_eq!(of("recv", false), lands, "{flags}: {rows:#?}");
    }
}

/// A recv() that had begun 41 ms before stood in the row of the delayed ACK that its TCP sent, which has that packet's time: the server seemed to ask for
/// more only with the ACK.
#[test]
fn a_call_that_had_waited_stood_in_the_row_of_a_delayed_ack() {
    for (waits, apart) in [(41, true), (1, true), (0, false)] {
        let mut log = Script::new("");
        listens(&mut log);
        let mut tcp = open(&mut log, 0, 4);
        log.at(200 * MS);
        log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"GET "));
        log.quick(Server, 4, "recv", &["4096"], "4 \"GET \"");
        log.call(Server, 4, "recv", &["4096"]);
        log.later(waits * MS);
        let ack = log.cross(Server, tcp.next(Server, ACK, b""));
        let rows = rows(log);
        let of_ack = |row: &&Row| row.arrow.as_ref().is_some_and(|it| it.id == ack);
        let row = rows.iter().find(of_ack).expect("a row");
        assert_eq!(row.calls[Server].is_none(), apart, "{waits} ms");
    }
}

/// "recvfrom(3, 65535) = 65507" at 12 ms, where the last fragment arrived at 15 ms.
#[test]
fn a_call_that_waited_for_its_packet_seemed_to_have_its_answer_at_once() {
    for (comes_first, waited) in [(true, false), (false, true)] {
        let mut log = Script::new("");
        listens(&mut log);
        let mut tcp = open(&mut log, 0, 4);
        log.at(200 * MS);
        let data = log.send(Client, tcp.next(Client, and_ack(Flags::PSH), b"GET "));
        let receives = |log: &mut Script| log.call(Server, 4, "recv", &["4096"]);
        let early = (!comes_first).then(|| receives(&mut log));
        log.later(2 * MS);
        log.verdict(data, Client, Verdict::Delivered, None);
        let call = early.unwrap_or_else(|| receives(&mut log));
        log.returns(call, Server, "recv", "4 \"GET \"");
        let rows = rows(log);
        let cells = rows.iter().filter_map(|row| row.calls[Server].as_ref());
        let cells: Vec<_> = cells.filter(|cell| cell.id == call).collect();
        assert_eq!(cells.iter().any(|cell| cell.waited), waited, "{cells:?}");
    }
}

/// The client's cells of a call on a descriptor that began 4 ms before it returned; a segment arrived in between.
fn with_an_arrival(name: &str, args: &[&str], before: &[(&str, &str)]) -> Vec<CallCell> {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    for (name, arg) in before {
        log.quick(Client, 4, name, &[arg], "0");
    }
    let ack = log.send(Server, tcp.next(Server, ACK, b""));
    let call = log.later(MS).call(Client, 4, name, args);
    if name == "send" {
        log.later(20);
        log.send(Client, tcp.next(Client, and_ack(Flags::PSH), b"hi"));
    }
    log.later(2 * MS);
    log.verdict(ack, Server, Verdict::Delivered, None);
    log.later(2 * MS);
    log.returns(call, Client, name, "2");
    let rows = rows(log);
    let cells = rows.iter().filter_map(|row| row.calls[Client].clone());
    cells.filter(|cell| cell.id == call).collect()
}

/// A send() on a non-blocking socket had begun, and returned 4 ms later, below an ACK: as if it had waited for that. The machine
/// had been busy.
#[test]
fn a_call_that_waits_for_nothing_is_told_at_once() {
    let nonblocking = [("setblocking", "false")];
    let cells = with_an_arrival("send", &["\"hi\""], &nonblocking);
    assert_eq!(cells.len(), 1, "{cells:#?}");
    assert!(!cells[0].waited && cells[0].answer.is_some(), "{cells:#?}");
    let cells = with_an_arrival("send", &["\"hi\"", "MSG_DONTWAIT"], &[]);
    assert_eq!(cells.len(), 1, "{cells:#?}");
    let cells = with_an_arrival("send", &["\"hi\""], &[]);
    assert!(cells.len() == 2 || cells[0].waited, "{cells:#?}");
}

/// `send() = 1460` on a non-blocking socket stood above the ACK that had made the room for its bytes: it had begun before that came, by the
/// log of a busy machine, and returned behind it.
#[test]
fn a_send_that_waits_for_nothing_stood_above_the_ack_that_made_its_room() {
    for (answer, leaves_early) in [("4", false), ("4", true), ("EAGAIN", false)] {
        let mut log = Script::new("");
        listens(&mut log);
        let mut tcp = open(&mut log, 0, 4);
        let push = and_ack(Flags::PSH);
        log.at(200 * MS)
            .quick(Client, 4, "setblocking", &["false"], "0");
        log.quick(Client, 4, "send", &["\"much\""], "4");
        log.cross(Client, tcp.next(Client, push, b"much"));
        let ack = log.at(202 * MS).send(Server, tcp.next(Server, ACK, b""));
        log.at(204 * MS)
            .quick(Client, 4, "getsockopt", &["SO_SNDBUF"], "4");
        let call = log.at(206 * MS).call(Client, 4, "send", &["\"more\""]);
        log.at(208 * MS)
            .verdict(ack, Server, Verdict::Delivered, None);
        let early =
            leaves_early.then(|| log.later(20).send(Client, tcp.next(Client, push, b"more")));
        log.at(212 * MS).returns(call, Client, "send", answer);
        let rows = rows(log);
        let [way, began, returned] = way_and_call(&rows, ack, (Client, call));
        assert_eq!((way.len(), began.len()), (2, 1), "{rows:#?}");
        assert_eq!(began, returned, "{rows:#?}");
        assert_eq!(way[1] < began[0], answer != "EAGAIN", "{rows:#?}");
        let cell = rows[began[0]].calls[Client].as_ref().expect("the call");
        assert!(!cell.waited, "{cell:?}");
        assert!(rows.is_sorted_by_key(|row| row.t_ns), "{rows:#?}");
        let left = early.map(|packet| way_and_call(&rows, packet, (Client, call))[0][0]);
        assert!(left.is_none_or(|left| began[0] <= left), "{rows:#?}");
    }
}

/// `close(3) = 0` that took 35 ms was shown as returned at once, while two segments came.
#[test]
fn a_close_that_takes_its_time_seemed_to_return_at_once() {
    let cells = with_an_arrival("close", &[], &[]);
    assert!(cells.len() == 2 || cells[0].waited, "{cells:#?}");
    let mut talk = talk(Script::new(""), false);
    talk.log.at(200 * MS).quick(Client, 3, "close", &[], "0");
    let rows = rows(talk.log);
    let mut cells = rows.iter().filter_map(|row| row.calls[Client].as_ref());
    let close = cells.find(|cell| cell.name == "close");
    assert!(close.is_some_and(|cell| !cell.waited), "{close:#?}");
}

/// `recv() = 1460` stood beside the second of two segments: its bytes were those of the first, which had woken it.
#[test]
fn a_recv_returned_in_the_row_of_a_segment_that_came_after_its_own() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    let push = and_ack(Flags::PSH);
    let waits = log.call(Server, 4, "recv", &["4096"]);
    log.later(10 * MS);
    let both = [b"one ", b"two "].map(|text| log.send(Client, tcp.next(Client, push, text)));
    for packet in both {
        log.later(2 * MS)
            .verdict(packet, Client, Verdict::Delivered, None);
    }
    log.returns(waits, Server, "recv", "4 \"one \"");
    let rows = rows(log);
    let returned = rows.iter().find(|row| {
        let cell = row.calls[Server].as_ref();
        cell.is_some_and(|cell| cell.id == waits && cell.answer.is_some())
    });
    let arrow = returned.and_then(|row| row.arrow.as_ref());
    assert!(arrow.is_none_or(|arrow| arrow.id == both[0]), "{arrow:?}");
}

/// A `recvfrom()` of the server returned at the tail of an ICMP error that the server had sent meanwhile.
#[test]
fn a_recvfrom_returned_in_the_row_of_another_packet_of_its_port() {
    let mut log = Script::new("");
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "4");
    log.quick(Server, 4, "bind", &["0.0.0.0:7000"], "0");
    let waits = log.call(Server, 4, "recvfrom", &["2048"]);
    log.later(20 * MS);
    let asked = datagram(Client, 5000, 7000, b"ask");
    log.cross(Client, asked);
    let stranger = datagram(Client, 5001, 7001, b"who");
    let ends = ["10.0.0.2:7001", "10.0.0.1:5001"].map(|end| end.parse().expect("an address"));
    let error = Envelope::new(ends[0], ends[1]).icmp(3, 3, [0; 4], &stranger[14..]);
    let error = log.cross(Server, error);
    log.returns(waits, Server, "recvfrom", "3 \"ask\", 10.0.0.1:5000");
    let rows = rows(log);
    let beside = |packet: u64| {
        let mine = rows
            .iter()
            .filter(|row| row.arrow.as_ref().is_some_and(|it| it.id == packet));
        let mut calls = mine.filter_map(|row| row.calls[Server].as_ref());
        calls.any(|cell| cell.answer.is_some())
    };
    assert!(!beside(error), "{rows:#?}");
}

/// A call that had sent, or received, and whose return was noted late, returned in the row of an ICMP error, or of a datagram of another
/// socket: neither can have had it return.
#[test]
fn a_call_returned_late_in_the_row_of_a_packet_that_cannot_have_woken_it() {
    let calls = [
        ("sendall", "\"much\"", "None"),
        ("recv", "4, MSG_WAITALL", "4 \"soon\""),
    ];
    for (name, args, answer) in calls {
        for from in [Client, Server] {
            for error in [false, true] {
                let mut log = Script::new("");
                listens(&mut log);
                let mut tcp = open(&mut log, 0, 4);
                let push = and_ack(Flags::PSH);
                let call = log.at(200 * MS).call(Client, 4, name, &[args]);
                match name {
                    "recv" => log.cross(Server, tcp.next(Server, push, b"soon")),
                    _ => log.cross(Client, tcp.next(Client, push, b"much")),
                };
                log.later(2 * MS);
                let stray = match error {
                    true => {
                        let lost = datagram(from.other(), 5001, 7001, b"who");
                        let ends = ["10.0.0.1:0", "10.0.0.2:0"]
                            .map(|end| end.parse().expect("an address"));
                        let [own, peer] = match from {
                            Client => ends,
                            Server => [ends[1], ends[0]],
                        };
                        Envelope::new(own, peer).icmp(3, 3, [0; 4], &lost[14..])
                    }
                    false => datagram(from, 5001, 7001, b"who"),
                };
                let stray = log.cross(from, stray);
                log.later(3 * MS).returns(call, Client, name, answer);
                let rows = rows(log);
                let [way, began, returned] = way_and_call(&rows, stray, (Client, call));
                assert_eq!((began.len(), returned.len()), (1, 1), "{rows:#?}");
                assert!(
                    !way.contains(&returned[0]),
                    "{name} {from:?} {error} {rows:#?}"
                );
            }
        }
    }
}

/// `recvfrom() … = 65507` stood in a row of 66 ms, above the fragments: the last of them came 26 ms later, and only then did it return.
#[test]
fn a_call_whose_datagram_came_in_many_pieces_returned_above_them() {
    let mut log = Script::new("");
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "4");
    log.quick(Server, 4, "bind", &["0.0.0.0:7000"], "0");
    let waits = log.call(Server, 4, "recvfrom", &["2048"]);
    log.later(20 * MS);
    log.cross(Client, datagram(Client, 5000, 7001, b"other"));
    log.later(6 * MS);
    log.returns(waits, Server, "recvfrom", "3 \"ask\", 10.0.0.1:5000");
    let rows = rows(log);
    let cells = rows.iter().filter_map(|row| row.calls[Server].as_ref());
    let cells: Vec<_> = cells.filter(|cell| cell.id == waits).collect();
    let shown: Vec<_> = cells
        .iter()
        .map(|it| (it.begins, it.answer.is_some()))
        .collect();
    assert_eq!(shown, [(true, false), (false, true)], "{cells:?}");
}

/// An ICMP error was drawn as arrived above the recv() that was called while it was on its way, and that waited for it.
#[test]
fn an_icmp_error_had_arrived_above_the_call_that_waited_for_it() {
    let mut log = Script::new("");
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    log.quick(Client, 3, "connect", &["10.0.0.2:7000"], "0");
    log.quick(Client, 3, "send", &["\"who\""], "3");
    let asked = datagram(Client, 5000, 7000, b"who");
    log.cross(Client, asked.clone());
    let ends = ["10.0.0.2:7000", "10.0.0.1:5000"].map(|end| end.parse().expect("an address"));
    let error = Envelope::new(ends[0], ends[1]).icmp(3, 3, [0; 4], &asked[14..]);
    let error = log.later(10 * MS).send(Server, error);
    let waits = log.later(MS).call(Client, 3, "recv", &["2048"]);
    log.later(2 * MS);
    log.verdict(error, Server, Verdict::Delivered, None);
    log.later(MS).returns(waits, Client, "recv", "ECONNREFUSED");
    let rows = rows(log);
    let begins = rows.iter().position(|row| {
        let cell = row.calls[Client].as_ref();
        cell.is_some_and(|cell| cell.id == waits && cell.begins)
    });
    let lands = rows
        .iter()
        .rposition(|row| row.arrow.as_ref().is_some_and(|it| it.id == error));
    assert!(begins.is_some() && begins <= lands, "{rows:#?}");
}

/// `recv(4, 100) …` stood in the row of a segment that had left 3 ms before it began, and so at that time; one that asked for what was there
/// already, beside a segment that had not come.
#[test]
fn a_call_began_in_the_row_of_a_segment_that_had_left_before() {
    for (later, apart) in [(0, false), (1, true), (3, true)] {
        let mut talk = talk(Script::new(""), false);
        let id = talk
            .log
            .at(200 * MS)
            .send(Client, talk.tcp.next(Client, and_ack(Flags::PSH), b"hi"));
        let recv = talk
            .log
            .at((200 + later) * MS)
            .call(Server, 4, "recv", &["100"]);
        talk.log.at(210 * MS);
        talk.log.verdict(id, Client, Verdict::Delivered, None);
        talk.log.returns(recv, Server, "recv", "2 \"hi\"");
        let rows = rows(talk.log);
        let shown: Vec<_> = rows
            .iter()
            .filter_map(|row| {
                let arrow = row.arrow.as_ref().filter(|it| it.id == id);
                let cell = row.calls[Server].as_ref().filter(|it| it.id == recv);
                let call = cell.map(|it| (it.begins, it.answer.is_some()));
                (arrow.is_some() || call.is_some()).then_some((arrow.map(|it| it.stretch), call))
            })
            .collect();
        let expected = match apart {
            true => vec![
                (Some(Stretch::Departure), None),
                (None, Some((true, false))),
                (Some(Stretch::Landing), Some((false, true))),
            ],
            false => vec![(Some(Stretch::Whole), Some((true, true)))],
        };
        assert_eq!(shown, expected, "{later} ms");
    }
}

/// The numbers of the rows that show each stretch of a packet's way, and of those in which a call of a host begins and returns.
fn way_and_call(rows: &[Row], id: u64, (host, call): (Host, u64)) -> [Vec<usize>; 3] {
    let numbers = |such: &dyn Fn(&Row) -> bool| {
        let rows = rows.iter().enumerate().filter(|(_, row)| such(row));
        rows.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let cell = |row: &Row| row.calls[host].clone().filter(|cell| cell.id == call);
    [
        numbers(&|row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == id)),
        numbers(&|row| cell(row).is_some_and(|cell| cell.begins)),
        numbers(&|row| cell(row).is_some_and(|cell| cell.answer.is_some())),
    ]
}

/// `sendall() = 0` of 77 ms stood in the row of an ACK that had left at 69 ms and came at 84 ms.
#[test]
fn a_sendall_returned_in_the_row_of_an_ack_that_had_not_come() {
    for crossed in [false, true] {
        let mut log = Script::new("");
        listens(&mut log);
        let mut tcp = open(&mut log, 0, 4);
        log.at(200 * MS);
        let sendall = log.call(Client, 4, "sendall", &["\"much\""]);
        log.later(30);
        log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"much"));
        let ack = log.later(2 * MS).send(Server, tcp.next(Server, ACK, b""));
        log.at(210 * MS).returns(sendall, Client, "sendall", "None");
        if crossed {
            log.later(5 * MS)
                .cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"more"));
        }
        log.at(220 * MS)
            .verdict(ack, Server, Verdict::Delivered, None);
        let rows = rows(log);
        let [way, began, returned] = way_and_call(&rows, ack, (Client, sendall));
        assert_eq!((way.len(), began.len(), returned.len()), (2, 1, 1));
        assert!(way[0] < returned[0] && returned[0] < way[1], "{rows:#?}");
    }
}

/// `recv(4, 4096) = 4 "GET "` stood in the row of the segment behind, which was on its way still; or below its row, in which it was
/// drawn as arrived: as if `recv()` had left what was there.
#[test]
fn a_recv_of_what_was_there_stood_in_the_row_of_a_segment_that_had_not_come() {
    for later in [300, 2 * MS] {
        let mut log = Script::new("");
        listens(&mut log);
        let mut tcp = open(&mut log, 0, 4);
        let push = and_ack(Flags::PSH);
        log.at(200 * MS)
            .cross(Client, tcp.next(Client, push, b"GET "));
        let next = log.at(205 * MS).send(Client, tcp.next(Client, push, b"/"));
        let recv = log.later(later).call(Server, 4, "recv", &["4096"]);
        log.later(50).returns(recv, Server, "recv", "4 \"GET \"");
        log.at(210 * MS)
            .verdict(next, Client, Verdict::Delivered, None);
        let rows = rows(log);
        let [way, began, returned] = way_and_call(&rows, next, (Server, recv));
        assert_eq!((way.len(), began.len()), (2, 1), "{rows:#?}");
        assert_eq!(began, returned, "{rows:#?}");
        assert!(way[0] < began[0] && began[0] < way[1], "{rows:#?}");
    }
}

/// An ACK was drawn as arrived above what its receiver did in the 40 ms in which it was on its way: above a `recv()` that began, and
/// above a `send()` whose bytes Nagle's algorithm kept back until that ACK came.
#[test]
fn an_ack_had_arrived_above_what_its_receiver_did_meanwhile() {
    for (name, args, answer) in [("recv", "100", None), ("send", "\"late\"", Some("4"))] {
        let mut log = Script::new("");
        listens(&mut log);
        let mut tcp = open(&mut log, 0, 4);
        log.at(200 * MS)
            .cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"soon"));
        let ack = log.at(201 * MS).send(Server, tcp.next(Server, ACK, b""));
        let call = log.at(210 * MS).call(Client, 4, name, &[args]);
        if let Some(answer) = answer {
            log.later(50).returns(call, Client, name, answer);
        }
        log.at(241 * MS)
            .verdict(ack, Server, Verdict::Delivered, None);
        let rows = rows(log);
        let [way, began, _] = way_and_call(&rows, ack, (Client, call));
        assert_eq!((way.len(), began.len()), (2, 1), "{name}: {rows:#?}");
        assert!(way[0] < began[0] && began[0] < way[1], "{name}: {rows:#?}");
    }
}

/// All fragments of a datagram were drawn as arrived above the `recvfrom()` that was called while they were on their way; so were those that
/// a busy lab read only then.
#[test]
fn a_datagram_in_pieces_had_arrived_above_the_call_that_waited_for_it() {
    for is_read_late in [false, true] {
        let mut log = Script::new("");
        log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "4");
        log.quick(Server, 4, "bind", &["0.0.0.0:7000"], "0");
        let pieces = pieces(&datagram(Client, 5000, 7000, &[b'x'; 4000]));
        let begins = |log: &mut Script| log.at(25 * MS).call(Server, 4, "recvfrom", &["4096"]);
        let early = is_read_late.then(|| begins(&mut log));
        log.at(if is_read_late { 26 } else { 21 } * MS);
        let left = pieces.into_iter().zip(51..);
        let ids: Vec<u64> = left
            .map(|(bytes, id)| {
                log.put(read_late(id, 20 * MS + id, bytes));
                id
            })
            .collect();
        let waits = early.unwrap_or_else(|| begins(&mut log));
        log.at(30 * MS);
        for id in &ids {
            log.verdict(*id, Client, Verdict::Delivered, None);
        }
        let answer = "4000 \"xxxxxxxxxxxxxxxx\"..., 10.0.0.1:5000";
        log.later(20).returns(waits, Server, "recvfrom", answer);
        let rows = rows(log);
        let shown = ids
            .iter()
            .map(|id| way_and_call(&rows, *id, (Server, waits)));
        let shown: Vec<_> = shown.collect();
        let [began, returned] = [1, 2].map(|it| shown[0][it].clone());
        let ways: Vec<_> = shown.iter().map(|it| &it[0]).collect();
        for way in &ways {
            assert_eq!(way.len(), 2, "{rows:#?}");
            assert!(way[0] < began[0] && began[0] < way[1], "{rows:#?}");
        }
        assert_eq!(returned, ways[2][1..], "{rows:#?}");
    }
}

/// "recvfrom() = ACK 1" stood below the copy of that ACK, which had come 0.03 ms behind it: as if it had returned the copy.
#[test]
fn a_recvfrom_stood_below_the_copy_of_what_it_returned() {
    for (between, behind, above) in [(false, 80, true), (true, 80, true), (true, 1500, false)] {
        let mut log = Script::new("");
        log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "4");
        log.quick(Server, 4, "bind", &["0.0.0.0:7000"], "0");
        let waits = log.at(20 * MS).call(Server, 4, "recvfrom", &["2048"]);
        let asked = log
            .at(25 * MS)
            .send(Client, datagram(Client, 5000, 7000, b"ask"));
        let copy = 99;
        log.verdict(asked, Client, Verdict::Duplicated { copy }, None);
        if between {
            log.later(400).call(Client, 3, "recvfrom", &["2048"]);
        }
        log.at(35 * MS)
            .verdict(asked, Client, Verdict::Delivered, None);
        log.later(30)
            .verdict(copy, Client, Verdict::Delivered, None);
        let answer = "3 \"ask\", 10.0.0.1:5000";
        log.later(behind).returns(waits, Server, "recvfrom", answer);
        let rows = rows(log);
        let [asked, _, returned] = way_and_call(&rows, asked, (Server, waits));
        let [lands, ..] = way_and_call(&rows, copy, (Server, waits));
        assert_eq!((asked.len(), lands.len(), returned.len()), (1, 1, 1));
        assert_eq!(returned[0] < lands[0], above, "{rows:#?}");
        assert!(between || returned == asked, "{rows:#?}");
    }
}
