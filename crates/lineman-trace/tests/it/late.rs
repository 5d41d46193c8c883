//! Rows stand in the order of their times, of packets that a busy lab reads late: their kernel says when they left.

use lineman_proto::wire::Flags;
use lineman_trace::log::*;
use lineman_trace::story::*;

use crate::causes::ids;
use crate::causes::rows;
use crate::composer::*;
use crate::order::calls;
use crate::order::listens;
use crate::order::open;
use crate::order::place;
use crate::order::read_late;
use crate::order::shows;

const MS: u64 = 1000;

/// The times at which a ladder shows what is in a row, from above: calls, packet and states, and what the packet made return.
fn times(row: &Row) -> Vec<u64> {
    let (mut above, mut below) = (Vec::new(), Vec::new());
    for host in [Client, Server] {
        let Some(cell) = &row.calls[host] else {
            continue;
        };
        let comes = row.arrow.as_ref().is_some_and(|it| it.from != host);
        match cell.begins && (row.arrow.is_none() || cell.t_ns <= row.t_ns) {
            true => above.push(cell.t_ns),
            false => below.push(cell.t_ns),
        }
        below.extend(cell.returned_ns.filter(|_| comes && cell.begins));
    }
    above.sort_unstable();
    below.sort_unstable();
    let states = [row.states.client, row.states.server];
    let shows = row.arrow.is_some() || states.iter().any(Option::is_some);
    above.extend(shows.then_some(row.t_ns));
    above.extend(below);
    above
}

/// Each time that is earlier than one above it, and each packet that is shown at another time than it left.
fn untrue_times(rows: &[Row]) -> Vec<String> {
    let mut last = 0;
    let mut untrue = Vec::new();
    for row in rows {
        for at in times(row) {
            if at < last {
                untrue.push(format!("{at} below {last}"));
            }
            last = last.max(at);
        }
        let departs = row.arrow.as_ref();
        let departs = departs.filter(|it| it.stretch != Stretch::Landing);
        if let Some(arrow) = departs.filter(|it| it.sent_ns != row.t_ns) {
            untrue.push(format!("packet {} at {}", arrow.id, row.t_ns));
        }
    }
    untrue
}

fn told(rows: &[Row], place: usize) -> Vec<&'static str> {
    ids(&rows[place].sayings)
}

/// "FIN" stood sixteen rows above data that had left before it, which stood "in LAST-ACK": sendall() of much, shutdown() at once,
/// and the lab read all of it only then.
#[test]
fn a_fin_was_shown_above_data_that_had_left_before_it() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    log.quick(Client, 4, "sendall", &["\"much\""], "None");
    let first = log.send(Server, tcp.next(Server, ACK, b"")) + 1;
    log.at(200_100)
        .quick(Client, 4, "shutdown", &["SHUT_WR"], "0");
    log.at(200_130).call(Client, 4, "recv", &["10"]);
    log.at(200_400)
        .state(Client, tcp.socket(Client), TcpState::FinWait1);
    for n in 0..4 {
        let bytes = tcp.next(Client, and_ack(Flags::PSH), &[b'x'; 1000]);
        log.put(read_late(first + n, 200_030 + n, bytes));
    }
    let fin = first + 4;
    let bytes = tcp.next(Client, and_ack(Flags::FIN), b"");
    log.put(read_late(fin, 200_105, bytes));
    log.at(202 * MS);
    for id in first..=fin {
        log.verdict(id, Client, Verdict::Delivered, None);
    }
    let rows = rows(log);
    let places: Vec<usize> = (first..=fin)
        .map(|id| place(&rows, |row| shows(row, id)))
        .collect();
    assert!(places.is_sorted(), "{places:?}: {rows:#?}");
    let state = |at: usize| rows[at].states.client.map(|cell| cell.after);
    assert_eq!(state(places[3]), Some(TcpState::Established));
    assert_eq!(state(places[4]), Some(TcpState::FinWait1));
    assert!(calls(&rows[places[4]], Client, "shutdown"), "{rows:#?}");
    let untrue = untrue_times(&rows);
    assert!(untrue.is_empty(), "{untrue:?}: {rows:#?}");
}

/// close() stood where its FIN left, five milliseconds later and below what had happened meanwhile; until then the rows said
/// CLOSE-WAIT, which the kernel had left at the close().
#[test]
fn a_close_was_moved_down_to_its_fin_that_had_waited_for_an_acknowledgment() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    let fin = tcp.next(Server, and_ack(Flags::FIN), b"");
    log.cross(Server, fin);
    log.state(Client, tcp.socket(Client), TcpState::CloseWait);
    log.at(202 * MS).quick(Client, 4, "send", &["\"20\""], "2");
    log.later(50).quick(Client, 4, "close", &[], "0");
    log.later(50)
        .quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "4");
    log.at(202_400)
        .state(Client, tcp.socket(Client), TcpState::LastAck);
    let [data, fin] = [50, 51];
    let bytes = tcp.next(Client, and_ack(Flags::PSH), b"20");
    log.put(read_late(data, 202_008, bytes));
    log.at(204 * MS)
        .verdict(data, Client, Verdict::Delivered, None);
    let ack = log.send(Server, tcp.next(Server, ACK, b""));
    log.call(Server, 4, "recv", &["10"]);
    log.at(206 * MS)
        .verdict(ack, Server, Verdict::Delivered, None);
    let bytes = tcp.next(Client, and_ack(Flags::FIN), b"");
    log.at(206_300).put(read_late(fin, 206_020, bytes));
    log.at(208 * MS)
        .verdict(fin, Client, Verdict::Delivered, None);
    let rows = rows(log);
    let close = place(&rows, |row| calls(row, Client, "close"));
    assert_eq!(told(&rows, close), ["state.fin.last.later"]);
    let fin = place(&rows, |row| shows(row, fin));
    assert!(close < fin && rows[fin].calls.client.is_none(), "{rows:#?}");
    let untrue = untrue_times(&rows);
    assert!(untrue.is_empty(), "{untrue:?}: {rows:#?}");
}

/// "0.862 getpeername(), 0.860 close(), 0.862 FIN": a FIN that was read late stood below what the other program had done since.
#[test]
fn a_close_was_shown_below_what_the_other_program_did_before_its_fin_was_read() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    let named = log.call(Server, 4, "getsockname", &[]);
    log.later(20).quick(Client, 4, "close", &[], "0");
    log.at(202 * MS)
        .returns(named, Server, "getsockname", "10.0.0.2:9000");
    log.later(50).call(Server, 4, "recv", &["10"]);
    log.at(202_300)
        .state(Client, tcp.socket(Client), TcpState::FinWait1);
    let bytes = tcp.next(Client, and_ack(Flags::FIN), b"");
    log.put(read_late(4, 200_045, bytes));
    log.at(204 * MS)
        .verdict(4, Client, Verdict::Delivered, None);
    let rows = rows(log);
    let fin = place(&rows, |row| shows(row, 4));
    assert!(calls(&rows[fin], Client, "close"), "{rows:#?}");
    let untrue = untrue_times(&rows);
    assert!(untrue.is_empty(), "{untrue:?}: {rows:#?}");
}

/// "0.495 accept(), 0.494 close()": what returned long after the row of the packet on its way had begun stood above a close() of before.
#[test]
fn what_returned_later_was_shown_above_a_close_without_a_packet() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS);
    let accept = log.call(Server, 3, "accept", &[]);
    log.at(200_100)
        .quick(Client, 4, "send", &["\"2000\""], "2000");
    let data = log.send(Client, tcp.next(Client, and_ack(Flags::PSH), &[b'x'; 500]));
    log.later(50).quick(Client, 4, "close", &[], "0");
    log.state(Client, tcp.socket(Client), TcpState::FinWait1);
    log.at(202 * MS)
        .returns(accept, Server, "accept", "5, 10.0.0.1:40009");
    log.at(202_100)
        .verdict(data, Client, Verdict::Delivered, None);
    log.at(300 * MS);
    let rows = rows(log);
    let accepts = |row: &Row| {
        let call = row.calls.server.as_ref().filter(|it| it.name == "accept");
        call.is_some_and(|call| call.answer.is_some() && call.t_ns > 200_000_000)
    };
    let close = place(&rows, |row| calls(row, Client, "close"));
    assert!(close < place(&rows, accepts), "{rows:#?}");
    let untrue = untrue_times(&rows);
    assert!(untrue.is_empty(), "{untrue:?}: {rows:#?}");
}

/// Of a sendfile() in several calls, rows of what the first had sent stood below the next, in the order opposite to the true one.
#[test]
fn data_that_one_call_had_sent_was_shown_below_the_next_in_opposite_order() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS)
        .quick(Client, 4, "sendfile", &["5"], "3000");
    log.at(200_100);
    for answer in [None, Some(Answer::Value("0".into()))] {
        let again = call(99, Client, 4, "sendfile", &["5"], answer);
        let program = Some("python3".to_owned());
        log.put(Kind::Call(Call { program, ..again }));
    }
    for n in 0..3 {
        let bytes = tcp.next(Client, and_ack(Flags::PSH), &[b'x'; 1000]);
        log.put(read_late(4 + n, 200_015 + n, bytes));
    }
    log.at(202 * MS);
    for id in 4..7 {
        log.verdict(id, Client, Verdict::Delivered, None);
    }
    let rows = rows(log);
    let places: Vec<usize> = (4..7)
        .map(|id| place(&rows, |row| shows(row, id)))
        .collect();
    assert!(places.is_sorted(), "{places:?}: {rows:#?}");
    let untrue = untrue_times(&rows);
    assert!(untrue.is_empty(), "{untrue:?}: {rows:#?}");
}

/// "In flight", while those around them were "delayed": the lab told that the wire holds a packet only when its row had been put above
/// what happened since.
#[test]
fn a_packet_that_the_wire_delays_was_shown_as_in_flight_only() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.at(200 * MS)
        .quick(Client, 4, "send", &["\"2000\""], "2000");
    log.at(200_100).quick(Client, 4, "close", &[], "0");
    log.state(Client, tcp.socket(Client), TcpState::FinWait1);
    for n in 0..2 {
        let bytes = tcp.next(Client, and_ack(Flags::PSH), &[b'x'; 1000]);
        log.put(read_late(4 + n, 200_015 + n, bytes));
        log.put(Kind::Fault(Fault {
            packet: 4 + n,
            rule: "c>s:rate 2mbit".into(),
        }));
        log.verdict(4 + n, Client, Verdict::Held, None);
    }
    log.at(260 * MS);
    for id in 4..6 {
        log.verdict(id, Client, Verdict::Delivered, None);
    }
    let rows = rows(log);
    for id in 4..6 {
        let told = told(&rows, place(&rows, |row| shows(row, id)));
        assert!(told.contains(&"wire.delayed"), "{told:?}: {rows:#?}");
    }
}

/// The lab asks a kernel about a packet that it has delivered: a busy machine lets it wait before that, for longer than a view that
/// follows waits for more. The page asked what the SYN+ACK changes, and took "client: ESTABLISHED" for wrong: "no state changes".
#[test]
fn a_row_was_shown_before_the_kernel_had_told_what_its_packet_changed() {
    let mut log = Script::new("");
    listens(&mut log);
    let tcp = open(&mut log, 0, 4);
    let (client, server) = (tcp.socket(Client), tcp.socket(Server));
    let events: Vec<Event> = Reader::new(&*log.done())
        .map(|event| event.expect("a whole log"))
        .collect();
    let (mut story, mut at_once) = (Story::new(), Story::new());
    let (mut shown, mut read) = (Vec::new(), Vec::new());
    let mut late = 0;
    for event in &events {
        read.extend(at_once.push(event));
        if let Kind::State(state) = &event.kind
            && (state.socket == client || state.socket == server)
            && state.to != TcpState::SynSent
        {
            shown.extend(story.idle(event.t_ns + 400 * MS * 1000));
            late += 1;
        }
        shown.extend(story.push(event));
    }
    shown.extend(story.finish());
    read.extend(at_once.finish());
    assert_eq!(late, 3);
    assert_eq!(shown, read);
}

/// What is deduced and never told holds a row up no longer than that.
#[test]
fn a_row_whose_state_is_never_told_is_shown_all_the_same() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = crate::causes::connection(&log, 9000);
    let syn = log.cross(Client, tcp.next(Client, SYN, b""));
    let mut story = Story::new();
    let mut shown = Vec::new();
    let mut delivered_ns = 0;
    for event in Reader::new(&*log.done()) {
        let event = event.expect("a whole log");
        if let Kind::Packet(_) = event.kind {
            delivered_ns = event.t_ns;
        }
        shown.extend(story.push(&event));
    }
    let is_syn = |row: &Row| row.arrow.as_ref().is_some_and(|it| it.id == syn);
    let due_ns = story.due_ns().expect("the SYN's row waits");
    assert_eq!(due_ns, delivered_ns + 500 * MS * 1000);
    assert_eq!(story.idle(due_ns - 1), []);
    assert!(story.idle(due_ns).iter().any(is_syn));
}
