//! Which connection a row is about, where a log has several.

use lineman_proto::wire::Flags;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;
use lineman_proto::wire::flow::Label;
use lineman_trace::log::*;
use lineman_trace::story::*;

use crate::causes::MS;
use crate::causes::rows;
use crate::composer::*;
use crate::order::listens;
use crate::order::open;

fn name(of: Option<ConnectionName>) -> Option<String> {
    of.map(|it| it.to_string())
}

fn shows(row: &Row, id: u64) -> bool {
    row.arrow.as_ref().is_some_and(|arrow| arrow.id == id)
}

fn of_packet(rows: &[Row], id: u64) -> Option<String> {
    let row = rows.iter().find(|row| shows(row, id)).expect("its row");
    name(row.arrow.as_ref()?.connection)
}

/// How calls of this name are told, in order: the connection, or that of the packet in their row.
fn of_calls(rows: &[Row], host: Host, called: &str) -> Vec<Option<String>> {
    let cells = rows.iter().filter_map(|row| {
        let cell = row.calls[host]
            .as_ref()
            .filter(|cell| cell.name == called)?;
        let packet = row.arrow.as_ref().and_then(|arrow| arrow.connection);
        Some(name(cell.connection.or(packet)))
    });
    cells.collect()
}

/// Two clients talk with a server, and nothing told which row was about which of them.
#[test]
fn rows_of_several_connections_tell_which_one_they_are_about() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut first = open(&mut log, 0, 4);
    let alone = log.cross(Client, first.next(Client, and_ack(Flags::PSH), b"one"));
    log.at(300 * MS)
        .quick(Server, 4, "recv", &["10"], "3 \"one\"");
    log.at(400 * MS);
    let mut second = open(&mut log, 1, 5);
    let two = log
        .at(500 * MS)
        .cross(Client, second.next(Client, and_ack(Flags::PSH), b"two"));
    let one = log.cross(Client, first.next(Client, and_ack(Flags::PSH), b"more"));
    log.at(600 * MS);
    log.quick(Server, 5, "recv", &["10"], "3 \"two\"");
    log.quick(Server, 4, "recv", &["10"], "4 \"more\"");
    // A state without a packet.
    log.at(700 * MS)
        .state(Client, first.socket(Client), TcpState::Closed);
    let rows = rows(log);
    let [a, b] = [&first, &second].map(|it| Some(format!(":{}", it.client.port())));
    assert_eq!(of_packet(&rows, alone), None, "there was no other");
    assert_eq!(of_packet(&rows, two), b);
    assert_eq!(of_packet(&rows, one), a);
    assert_eq!(of_calls(&rows, Server, "recv"), [None, b, a.clone()]);
    let last = rows
        .last()
        .and_then(|row| row.states.client)
        .expect("CLOSED");
    assert_eq!(name(last.connection), a);
    let told = |row: &&Row| {
        let mut ids = row.sayings.iter().map(Saying::id);
        ids.any(|id| id == "connections")
    };
    assert_eq!(rows.iter().filter(told).count(), 1, "once");
    let first_told = rows.iter().find(told).and_then(|row| row.arrow.as_ref());
    assert!(first_told.is_some_and(|arrow| arrow.connection.is_some()));
}

#[test]
fn a_connection_that_is_the_only_one_has_no_name() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"one"));
    log.quick(Server, 4, "recv", &["10"], "3 \"one\"");
    for row in rows(log) {
        assert_eq!(row.arrow.and_then(|arrow| arrow.connection), None);
        let calls = [row.calls.client, row.calls.server];
        assert!(
            calls
                .into_iter()
                .flatten()
                .all(|cell| cell.connection.is_none())
        );
    }
}

/// After a fork two processes have the same number for different sockets: the tracer knows whose.
#[test]
fn calls_of_two_processes_tell_their_connections() {
    let mut log = Script::new("");
    listens(&mut log);
    let (first, second) = (open(&mut log, 0, 4), open(&mut log, 1, 5));
    log.at(500 * MS);
    for (id, tcp) in [(90, &first), (91, &second)] {
        let call = |answer: Option<&str>| {
            Kind::Call(Call {
                program: Some("python3".into()),
                socket: Some(Box::new(tcp.socket(Server))),
                ..call(
                    id,
                    Server,
                    4,
                    "recv",
                    &["10"],
                    answer.map(|it| Answer::Error(it.into())),
                )
            })
        };
        log.put(call(None)).put(call(Some("EAGAIN")));
        log.later(100 * MS);
    }
    let names = of_calls(&rows(log), Server, "recv");
    let wanted = [&first, &second].map(|it| Some(format!(":{}", it.client.port())));
    assert_eq!(names, wanted);
}

/// A port of the client that two connections have tells nothing; and a host that talks with itself has one connection, not two.
#[test]
fn connections_that_share_a_port_are_told_by_both() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut first = open(&mut log, 0, 4);
    let mut second = first.clone();
    second.server.set_port(9001);
    log.at(300 * MS);
    let there = log.cross(Client, second.next(Client, and_ack(Flags::PSH), b"x"));
    let here = log.cross(Client, first.next(Client, and_ack(Flags::PSH), b"y"));
    let rows = rows(log);
    let port = first.client.port();
    assert_eq!(of_packet(&rows, there), Some(format!(":{port}-9001")));
    assert_eq!(of_packet(&rows, here), Some(format!(":{port}-9000")));
}

/// Both ends of a connection of a host with itself are told by the same name.
#[test]
fn a_host_that_talks_with_itself_has_one_connection() {
    let ends = |a: u16, b: u16| Endpoints {
        local: ([127, 0, 0, 1], a).into(),
        remote: Some(([127, 0, 0, 1], b).into()),
    };
    let mut log = Script::new("");
    listens(&mut log);
    open(&mut log, 0, 4);
    log.at(300 * MS)
        .state(Server, ends(8000, 50_000), TcpState::SynReceived);
    log.at(500 * MS)
        .state(Server, ends(50_000, 8000), TcpState::Established);
    let rows = rows(log);
    let named = rows
        .iter()
        .filter_map(|row| name(row.states.server?.connection));
    assert_eq!(named.collect::<Vec<_>>(), [":50000", ":50000"]);
}

/// A client that was refused, and asks again, has one connection.
#[test]
fn what_was_refused_is_no_connection_to_be_told_apart() {
    let mut log = Script::new("");
    let mut refused = crate::causes::connection(&log, 9000);
    refused.client.set_port(40_000);
    log.cross(Client, refused.next(Client, SYN, b""));
    log.cross(Server, refused.next(Server, and_ack(RST), b""));
    log.at(100 * MS);
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    let alone = log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"one"));
    // What comes of the old one makes it two again.
    let late = log.cross(Client, refused.next(Client, ACK, b""));
    let rows = rows(log);
    assert_eq!(of_packet(&rows, alone), None);
    assert_eq!(of_packet(&rows, late), Some(":40000".to_owned()));
}

/// A client whose SYNs are lost while two connect() calls wait: the connections open in the order in which `opens` names them.
fn two_that_wait(opens: [usize; 2]) -> (Script, [Connection; 2]) {
    let mut log = Script::new("");
    let mut both = [0, 1].map(|offset| {
        let mut tcp = crate::causes::connection(&log, 9000);
        tcp.client.set_port(tcp.client.port() + offset);
        tcp
    });
    for fd in ["3", "4"] {
        log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], fd);
    }
    let mut asked = Vec::new();
    for (fd, tcp) in [3, 4].into_iter().zip(&mut both) {
        log.later(100 * MS);
        asked.push(log.call(Client, fd, "connect", &["10.0.0.2:9000"]));
        log.state(Client, tcp.socket(Client), TcpState::SynSent);
        log.lose(Client, tcp.next(Client, SYN, b""), "loss");
    }
    for which in opens {
        let tcp = &mut both[which];
        log.later(1000 * MS);
        log.cross(Client, tcp.back(Client, SYN, b"", 1));
        log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
        log.state(Client, tcp.socket(Client), TcpState::Established);
        log.cross(Client, tcp.next(Client, ACK, b""));
        log.returns(asked[which], Client, "connect", "0");
    }
    (log, both)
}

/// The socket that was asked for first had the port of the second, for as long as it lived: with the second's state its own was
/// thought to be found.
#[test]
fn of_two_connects_that_wait_each_has_the_connection_of_its_own_syn() {
    for opens in [[0, 1], [1, 0]] {
        let (mut log, both) = two_that_wait(opens);
        log.later(500 * MS)
            .quick(Client, 3, "send", &["\"x\""], "1");
        log.later(500 * MS)
            .quick(Client, 4, "send", &["\"y\""], "1");
        let rows = rows(log);
        let names = [0, 1].map(|at| Some(format!(":{}", both[at].client.port())));
        assert_eq!(of_calls(&rows, Client, "send"), names, "{opens:?}");
        let returned = opens.map(|at| names[at].clone());
        let connects = of_calls(&rows, Client, "connect");
        let (began, returns) = connects.split_at(2);
        assert_eq!(returns, returned, "{opens:?}");
        assert_eq!(began[1], names[1]);
    }
}

/// A SYN of the client to a port of the server, at which nobody answers.
fn asks(log: &mut Script, offset: u16) -> (Connection, u64) {
    let mut tcp = crate::causes::connection(log, 9000);
    tcp.client.set_port(tcp.client.port() + offset);
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    let syn = log.cross(Client, tcp.next(Client, SYN, b""));
    (tcp, syn)
}

/// "There is more than one connection now", when the one before had been given up.
#[test]
fn a_connection_that_nobody_has_answered_is_over_when_its_socket_is_gone() {
    for given_up in [false, true] {
        let mut log = Script::new("");
        let (first, _) = asks(&mut log, 0);
        log.later(500 * MS);
        if given_up {
            log.state(Client, first.socket(Client), TcpState::Closed);
        }
        let (second, syn) = asks(log.later(500 * MS), 1);
        let name = (!given_up).then(|| format!(":{}", second.client.port()));
        assert_eq!(of_packet(&rows(log), syn), name);
    }
}

/// Two connections were open and no row was labelled: the first had been refused once, and was taken for over when it was open.
#[test]
fn a_connection_that_was_refused_first_and_opened_then_is_one_of_two() {
    let mut log = Script::new("");
    let (mut refused, _) = asks(&mut log, 0);
    log.cross(Server, refused.next(Server, and_ack(RST), b""));
    log.state(Client, refused.socket(Client), TcpState::Closed);
    log.later(200 * MS);
    listens(&mut log);
    log.at(1000 * MS);
    open(&mut log, 0, 4);
    log.later(200 * MS);
    let mut second = open(&mut log, 1, 5);
    log.later(200 * MS);
    let data = log.cross(Client, second.next(Client, and_ack(Flags::PSH), b"two"));
    let name = Some(format!(":{}", second.client.port()));
    assert_eq!(of_packet(&rows(log), data), name);
}

/// "RST+ACK ack=1459846417", two rows below "is 1459846416, shown as 0": both ends had asked and refused each other, and a refusal has the
/// number 0, which its sender's SYN did not begin with.
#[test]
fn a_refusal_of_one_that_had_asked_itself_acknowledged_the_number_of_the_header() {
    for isn in [0x1000_0000, 0xf000_0000] {
        let mut log = Script::new("");
        let tcp = crate::causes::connection(&log, 9000);
        let ends = [
            (Client, tcp.client, tcp.server),
            (Server, tcp.server, tcp.client),
        ];
        let mut refusals = Vec::new();
        for (asks, from, to) in ends {
            let syn = Envelope::new(from, to).tcp(&Segment {
                seq: isn,
                flags: SYN,
                ..Segment::default()
            });
            log.cross(asks, syn);
            let refusal = Envelope::new(to, from).tcp(&Segment {
                ack: isn + 1,
                flags: and_ack(RST),
                ..Segment::default()
            });
            refusals.push(log.cross(asks.other(), refusal));
        }
        let rows = rows(log);
        for id in refusals {
            let row = rows.iter().find(|row| shows(row, id)).expect("its row");
            let arrow = row.arrow.as_ref().expect("a packet");
            assert_eq!(arrow.label, Some(Label::RstRefused));
            assert_eq!(arrow.counted().and_then(|place| place.ack), Some(1));
            // That of the server is the first that it sends.
            assert_eq!(arrow.stands_nowhere(), arrow.from == Client);
        }
    }
}
