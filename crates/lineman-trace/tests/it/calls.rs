//! What is said of the answers of calls.

use lineman_proto::wire::Flags;
use lineman_proto::wire::compose::Envelope;
use lineman_trace::log::*;
use lineman_trace::story::Saying;
use lineman_trace::story::Story;

use crate::composer::*;
use crate::order::listens;
use crate::order::open;

/// What is said of calls, without what they do that succeed.
fn said(log: &[u8]) -> Vec<Saying> {
    let mut story = Story::new();
    let mut rows = Vec::new();
    for event in Reader::new(log) {
        rows.extend(story.push(&event.expect("a whole log")));
    }
    rows.extend(story.finish());
    let all = rows.into_iter().flat_map(|row| row.sayings);
    all.filter(|saying| saying.id().starts_with("call."))
        .collect()
}

/// The last thing that is said.
fn last(log: &mut Script) -> &'static str {
    said(&log.done()).last().map_or("", Saying::id)
}

/// A connected socket of the client, 3.
fn connected(log: &mut Script) {
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
    log.quick(Client, 3, "connect", &["10.0.0.2:9000"], "0");
}

/// Calls of a program, which lineman sees from outside.
fn traced(log: &mut Script, id: u64, fd: i32, name: &str, args: &[&str], answer: &str) {
    let call = |answer| {
        Kind::Call(Call {
            id,
            host: Server,
            program: Some("python3".into()),
            fd: (fd > 0).then_some(fd),
            socket: None,
            name: name.into(),
            args: args.iter().map(ToString::to_string).collect(),
            answer,
        })
    };
    let error = answer.starts_with('E');
    let answer = match error {
        true => Answer::Error(answer.into()),
        false => Answer::Value(answer.into()),
    };
    log.put(call(None)).put(call(Some(answer)));
}

/// What no recorded log says.
pub fn rest() -> Vec<u8> {
    let mut log = Script::new("");
    connected(&mut log);
    log.quick(Client, 3, "connect", &["10.0.0.2:9000"], "EALREADY");
    log.quick(Client, 3, "recv", &["10"], "ETIMEDOUT");
    log.quick(Client, 3, "recv", &["10"], "0");
    log.quick(Client, 3, "getpeername", &[], "ENOTCONN");
    log.quick(Client, 3, "shutdown", &["7"], "EINVAL");
    log.quick(Client, 9, "recv", &["10"], "TimeoutError");
    log.quick(Client, 3, "poll", &[], "ERESTART_RESTARTBLOCK");
    log.quick(Client, 3, "getsockopt", &["SO_ERROR"], "111");
    log.quick(Client, 9, "connect_ex", &["10.0.0.2:9000"], "115");
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "6");
    log.quick(Client, 6, "getpeername", &[], "ENOTCONN");
    log.quick(Client, 6, "shutdown", &["SHUT_RD"], "ENOTCONN");
    log.quick(Client, 6, "recv", &["10"], "0");
    // Nobody waits for this handshake, which is refused.
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "5");
    log.quick(Client, 5, "connect", &["10.0.0.2:9001"], "EINPROGRESS");
    log.quick(Client, 5, "getpeername", &[], "ENOTCONN");
    let mut tcp = Connection::new(9001);
    log.cross(Server, tcp.next(Server, and_ack(RST), b""));
    log.quick(Client, 5, "getpeername", &[], "ENOTCONN");
    unbound(&mut log);
    // Both have finished, and the program shuts down what is over.
    let mut tcp = Connection::new(9002);
    finished(&mut log, &mut tcp);
    log.quick(Client, 7, "shutdown", &["SHUT_RD"], "ENOTCONN");
    traced(&mut log, 900, 0, "socket", &["AF_INET", "SOCK_STREAM"], "8");
    traced(&mut log, 901, 8, "getpeername", &[], "ENOTCONN");
    traced(
        &mut log,
        902,
        8,
        "connect",
        &["10.0.0.1:9000"],
        "EINPROGRESS",
    );
    elsewhere(&mut log, "127.0.0.1:7000");
    limited(&mut log);
    from_a_used_port(&mut log);
    // A port whose first socket nobody has seen.
    let (local, remote) = ("10.0.0.1:80".parse(), "10.0.0.2:5".parse());
    let (local, remote) = (local.expect("an address"), remote.ok());
    log.state(Client, Endpoints { local, remote }, TcpState::TimeWait);
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "4");
    log.quick(Client, 4, "bind", &["10.0.0.1:80"], "EADDRINUSE");
    for (name, args, error, _) in BY_THEMSELVES {
        log.quick(Client, 4, name, args, error);
    }
    deserted(&mut log);
    log.done()
}

/// An accept() that waits while the descriptor of its listener is closed.
fn deserted(log: &mut Script) {
    log.quick(Server, 20, "listen", &["1"], "0");
    let accept = log.call(Server, 20, "accept", &[]);
    log.quick(Server, 20, "close", &[], "0");
    log.returns(accept, Server, "accept", "21, 10.0.0.1:5");
}

/// "The listener listens on", where another thread had closed it while accept() waited.
#[test]
fn a_listener_that_was_closed_during_accept_is_not_said_to_listen_on() {
    let mut log = Script::new("");
    deserted(&mut log);
    let all = said(&log.done());
    let ids: Vec<&str> = all.iter().map(Saying::id).collect();
    assert_eq!(ids, ["call.listen", "call.accept.alone"]);
    let mut log = Script::new("");
    let accept = log.call(Server, 20, "accept", &[]);
    log.quick(Server, 19, "close", &[], "0"); // another socket
    log.returns(accept, Server, "accept", "21, 10.0.0.1:5");
    assert_eq!(last(&mut log), "call.accept");
}

/// Errors whose reason is no other call or packet, and what is said of them.
const BY_THEMSELVES: [(&str, &[&str], &str, &str); 19] = [
    ("bind", &["0.0.0.0:80"], "EACCES", "call.access.port"),
    ("bind", &["0.0.0.0:8080"], "EACCES", "call.failed"),
    ("connect", &["10.0.0.2:80"], "EPERM", "call.perm"),
    // "Or a firewall rule forbids it", of an option.
    (
        "setsockopt",
        &["SO_RCVBUFFORCE", "4194304"],
        "EPERM",
        "call.perm.right",
    ),
    ("recv", &["10"], "EINTR", "call.intr"),
    ("send", &[], "EFAULT", "call.fault"),
    ("accept", &[], "EMFILE", "call.mfile"),
    ("accept", &[], "ENFILE", "call.nfile"),
    ("send", &["\"x\""], "ENOBUFS", "call.nomem"),
    ("accept", &[], "ENOMEM", "call.nomem"),
    ("recv", &["10"], "ENOTSOCK", "call.notsock"),
    ("connect", &["10.0.0.9:80"], "EHOSTUNREACH", "call.nohost"),
    ("send", &["\"x\""], "ENETDOWN", "call.netdown"),
    (
        "connect",
        &["10.0.0.2:80"],
        "ECONNABORTED",
        "call.aborted.connect",
    ),
    ("accept", &[], "ECONNABORTED", "call.aborted"),
    (
        "send",
        &["\"x\"", "MSG_OOB"],
        "EOPNOTSUPP",
        "call.opnotsupp",
    ),
    (
        "connect",
        &["10.0.0.2:80"],
        "EADDRNOTAVAIL",
        "call.notavail.source",
    ),
    ("accept", &[], "EPROTO", "call.failed"),
    ("connect", &["10.0.0.2:80"], "EPROTOTYPE", "call.failed"),
];

/// `connect() = -1 ECONNABORTED`, and most errors that the manual pages list, stood without a reason.
#[test]
fn an_error_of_the_manual_pages_has_its_reason() {
    for (name, args, error, wanted) in BY_THEMSELVES {
        let mut log = Script::new("");
        log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "4");
        log.quick(Client, 4, name, args, error);
        assert_eq!(last(&mut log), wanted, "{name} {error}");
    }
}

/// A datagram for a port of the server, of which its program has another address; what came of it.
fn elsewhere(log: &mut Script, bound: &str) -> u64 {
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "20");
    log.quick(Server, 20, "bind", &[bound], "0");
    let ends = ["10.0.0.1:50000", "10.0.0.2:7000"].map(|end| end.parse().expect("an address"));
    let asked = Envelope::new(ends[0], ends[1]).udp(b"hello");
    log.cross(Client, asked.clone());
    let refused = Envelope::new(ends[1], ends[0]).icmp(3, 3, [0; 4], &asked[14..]);
    let refused = log.cross(Server, refused);
    log.quick(Server, 20, "close", &[], "0");
    refused
}

/// A socket of the client, 7, whose connect() has not waited, and whose TCP is asked for its state only after that;
/// both ends have sent FINs.
fn finished(log: &mut Script, tcp: &mut Connection) {
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "7");
    let to = tcp.server.to_string();
    log.quick(Client, 7, "connect", &[&to], "EINPROGRESS");
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    log.state(Client, tcp.socket(Client), TcpState::Established);
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.quick(Client, 7, "write", &["\"hi\""], "2");
    log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"hi"));
    log.quick(Client, 7, "shutdown", &["SHUT_WR"], "0");
    log.cross(Client, tcp.next(Client, and_ack(Flags::FIN), b""));
    log.cross(Server, tcp.next(Server, and_ack(Flags::FIN), b""));
}

/// listen() without bind(): the port that the kernel chose was not told; and why bind() failed after that was not, either.
#[test]
fn the_port_of_a_listener_that_was_not_bound_is_told() {
    let mut log = Script::new("");
    unbound(&mut log);
    log.quick(Server, 3, "bind", &["0.0.0.0:8888"], "EINVAL");
    let all = said(&log.done());
    let port = Saying::CallPortChosen {
        who: Server,
        port: 57115,
    };
    assert!(all.contains(&port), "{all:?}");
    let last = all.last().map(Saying::id);
    assert_eq!(last, Some("call.inval.bound"));
}

fn unbound(log: &mut Script) {
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
    let listen = log.call(Server, 3, "listen", &["5"]);
    let local = "0.0.0.0:57115".parse().expect("an address");
    let remote = None;
    log.state(Server, Endpoints { local, remote }, TcpState::Listen);
    log.returns(listen, Server, "listen", "0");
}

/// "No program receives there", beside a program that receives at that port of another address.
#[test]
fn a_program_that_receives_at_another_address_is_told_of() {
    for (bound, said) in [
        ("127.0.0.1:7000", "icmp.port.elsewhere"),
        ("127.0.0.1:7001", "icmp.port"),
        ("0.0.0.0:7001", "icmp.port"),
    ] {
        let mut log = Script::new("");
        let refused = elsewhere(&mut log, bound);
        let said_of = crate::causes::of(&crate::causes::rows(log), refused);
        assert_eq!(said_of.first().map(Saying::id), Some(said), "{bound}");
    }
}

/// "This socket has an address already", of one that had none: Linux refuses the address.
#[test]
fn an_address_that_no_socket_can_be_bound_to_says_nothing_of_the_socket() {
    for (address, refused) in [
        ("[fe80::1]:80", "call.inval"),
        ("[ff02::1]:80", "call.inval"),
        ("[fe80::1%2]:80", "call.inval.bound"),
        ("[fd00::2]:80", "call.inval.bound"),
    ] {
        let mut log = Script::new("");
        log.quick(Server, 0, "socket", &["AF_INET6", "SOCK_STREAM"], "3");
        log.quick(Server, 3, "bind", &[address], "EINVAL");
        assert_eq!(last(&mut log), refused, "{address}");
    }
}

/// "A datagram to a broadcast address needs SO_BROADCAST first", of a server of TFTP that is not root.
#[test]
fn a_port_that_a_program_may_not_have_is_no_broadcast() {
    let mut log = Script::new("");
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    log.quick(Server, 3, "bind", &["0.0.0.0:69"], "EACCES");
    assert_eq!(last(&mut log), "call.access.port");
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "4");
    log.quick(Server, 4, "sendto", &["\"x\"", "10.0.0.255:69"], "EACCES");
    assert_eq!(last(&mut log), "call.broadcast");
}

/// "The handshake is not complete", of a connection that was over.
#[test]
fn a_connection_that_is_over_has_no_unfinished_handshake() {
    for other in [false, true] {
        let (mut log, mut tcp) = (Script::new(""), Connection::new(9000));
        if other {
            // An earlier connection to the same port, whose end was seen, too.
            log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "4");
            log.quick(Client, 4, "connect", &["10.0.0.2:9000"], "0");
            let mut earlier = tcp.clone();
            earlier.client.set_port(45_000);
            log.cross(Server, earlier.next(Server, and_ack(RST), b""));
            log.quick(Client, 4, "close", &[], "0");
        }
        finished(&mut log, &mut tcp);
        log.quick(Client, 7, "shutdown", &["SHUT_RD"], "ENOTCONN");
        assert_eq!(last(&mut log), "call.notconn.over", "{other}");
    }
}

/// "Means that nothing more will come", and the FIN stood in the row above: a tracer's time was that of the packet, less
/// some microseconds.
#[test]
fn a_fin_that_is_told_after_the_call_that_it_ended_explains_it() {
    let (mut log, mut tcp) = (Script::new(""), Connection::new(9000));
    traced(&mut log, 1, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
    traced(&mut log, 2, 3, "accept", &[], "4, 10.0.0.1:45110");
    let fin = log.send(Client, tcp.next(Client, and_ack(Flags::FIN), b""));
    traced(&mut log, 3, 4, "recv", &["10"], "0");
    log.verdict(fin, Client, Verdict::Delivered, None);
    assert_eq!(last(&mut log), "call.recv.end");
}

/// "Means that nothing more will come": an IPv6 listener knows its peer by a mapped address, which no packet has.
#[test]
fn a_peer_of_a_mapped_address_is_known_by_its_packets() {
    let (mut log, mut tcp) = (Script::new(""), Connection::new(9000));
    log.quick(Server, 0, "socket", &["AF_INET6", "SOCK_STREAM"], "3");
    let accepted = "4, [::ffff:10.0.0.1]:45110";
    log.quick(Server, 3, "accept", &[], accepted);
    log.cross(Client, tcp.next(Client, and_ack(Flags::FIN), b""));
    log.quick(Server, 4, "recv", &["10"], "0");
    assert_eq!(last(&mut log), "call.recv.end");
}

/// A student who has not called it asks why there is a getpeername().
#[test]
fn python_asks_for_a_peer_by_itself() {
    let mut log = Script::new("");
    traced(&mut log, 1, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
    traced(&mut log, 2, 3, "getpeername", &[], "ENOTCONN");
    assert_eq!(last(&mut log), "call.notconn.python");
}

/// "The other end has sent FIN", of an empty datagram.
#[test]
fn nothing_received_is_an_end_only_where_there_is_one() {
    let mut log = Script::new("");
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    log.quick(Client, 3, "recv", &["10"], "0");
    assert_eq!(last(&mut log), "call.recv.empty");
    // "The datagram is empty", where none had come.
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    log.quick(Client, 3, "shutdown", &["SHUT_RD"], "ENOTCONN");
    log.quick(Client, 3, "recv", &["10"], "0");
    assert_eq!(last(&mut log), "call.recv.shut.udp");
    connected(&mut log);
    log.quick(Client, 3, "recv", &["0"], "0");
    assert_eq!(last(&mut log), "call.recv.nothing");
    connected(&mut log);
    log.quick(Client, 3, "shutdown", &["SHUT_RD"], "0");
    log.quick(Client, 3, "recv", &["10"], "0");
    assert_eq!(last(&mut log), "call.recv.shut");
    connected(&mut log);
    log.quick(Client, 3, "recv", &["10"], "0");
    assert_eq!(last(&mut log), "call.recv.over", "no FIN was seen");
}

/// "This direction is closed", of a socket that never had a connection.
#[test]
fn a_broken_pipe_has_several_reasons() {
    let mut log = Script::new("");
    let socket = |log: &mut Script| {
        log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
    };
    let pipe = |log: &mut Script| {
        log.quick(Client, 3, "send", &["\"x\"", "MSG_NOSIGNAL"], "EPIPE");
        last(log)
    };
    socket(&mut log);
    assert_eq!(pipe(&mut log), "call.pipe.unconnected");
    socket(&mut log);
    log.quick(Client, 3, "listen", &["5"], "0");
    assert_eq!(pipe(&mut log), "call.pipe.listener");
    connected(&mut log);
    log.quick(Client, 3, "shutdown", &["SHUT_WR"], "0");
    assert_eq!(pipe(&mut log), "call.pipe.shut");
    // "Receiving is still possible": it is not.
    connected(&mut log);
    log.quick(Client, 3, "shutdown", &["SHUT_WR"], "0");
    log.quick(Client, 3, "shutdown", &["SHUT_RD"], "0");
    assert_eq!(pipe(&mut log), "call.pipe.shut.both");
    connected(&mut log);
    assert_eq!(
        pipe(&mut log),
        "call.pipe",
        "nothing was seen that explains it"
    );
    // Without the flag a signal comes with it, which is said once.
    connected(&mut log);
    log.quick(Client, 3, "send", &["\"x\""], "EPIPE");
    log.quick(Client, 3, "send", &["\"x\""], "EPIPE");
    let all: Vec<_> = said(&log.done()).iter().map(Saying::id).collect();
    let pipes = ["call.pipe", "call.pipe.signal", "call.pipe"];
    assert_eq!(all, pipes);
}

/// "Receiving is still possible", of a connection that a RST had ended behind the shutdown().
#[test]
fn a_pipe_that_a_reset_has_broken_receives_no_more() {
    let mut log = Script::new("");
    listens(&mut log);
    let mut tcp = open(&mut log, 0, 4);
    log.quick(Client, 4, "shutdown", &["SHUT_WR"], "0");
    log.cross(Client, tcp.next(Client, and_ack(Flags::FIN), b""));
    log.cross(Server, tcp.next(Server, and_ack(RST), b""));
    log.state(Client, tcp.socket(Client), TcpState::Closed);
    log.later(300_000);
    log.quick(Client, 4, "send", &["\"x\"", "MSG_NOSIGNAL"], "EPIPE");
    assert_eq!(last(&mut log), "call.pipe.reset");
}

/// The kernel sends no SIGPIPE for a datagram.
#[test]
fn a_datagram_that_cannot_be_sent_brings_no_signal() {
    let mut log = Script::new("");
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    log.quick(Client, 3, "shutdown", &["SHUT_WR"], "0");
    log.quick(Client, 3, "send", &["\"x\""], "EPIPE");
    assert_eq!(last(&mut log), "call.pipe.shut");
    // "Was never connected; use the socket that accept() returns": there is no such thing with UDP.
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    log.quick(Client, 3, "shutdown", &["SHUT_RDWR"], "ENOTCONN");
    log.quick(Client, 3, "sendto", &["\"x\"", "10.0.0.2:9"], "EPIPE");
    assert_eq!(last(&mut log), "call.pipe.shut.both");
}

/// "Was never connected. Call connect() first", of a socket whose connect() had been refused.
#[test]
fn a_socket_that_was_refused_is_told_as_that() {
    let mut log = Script::new("");
    let mut refused = |to: &str, name: &str, error: &str| {
        log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
        log.quick(Client, 3, "connect", &[to], "ECONNREFUSED");
        let args: &[&str] = if name == "getpeername" {
            &[]
        } else {
            &["\"x\"", "MSG_NOSIGNAL"]
        };
        log.quick(Client, 3, name, args, error);
        last(&mut log)
    };
    for (name, error) in [("send", "EPIPE"), ("getpeername", "ENOTCONN")] {
        assert_eq!(
            refused("10.0.0.2:9001", name, error),
            "call.notconn.refused"
        );
    }
    // Its own host has refused that.
    let own = refused("127.0.0.1:9001", "getpeername", "ENOTCONN");
    assert_eq!(own, "call.notconn.never");
}

/// "Gives up: no answer in time", of a call that did not wait.
#[test]
fn a_call_that_does_not_wait_does_not_give_up() {
    let mut log = Script::new("");
    connected(&mut log);
    log.quick(Client, 3, "recv", &["10", "MSG_DONTWAIT"], "EAGAIN");
    assert_eq!(last(&mut log), "call.again.flag");
    connected(&mut log);
    log.quick(Client, 3, "setblocking", &["false"], "0");
    log.quick(Client, 3, "recv", &["10"], "EAGAIN");
    assert_eq!(last(&mut log), "call.again.nonblocking");
    connected(&mut log);
    log.quick(Client, 3, "settimeout", &["1.5"], "0");
    log.quick(Client, 3, "recv", &["10"], "TimeoutError");
    let (who, name) = (Client, "recv".into());
    let seconds = "1.5".into();
    let timeout = Saying::CallTimeout { who, name, seconds };
    assert_eq!(said(&log.done()).last(), Some(&timeout));
    // Of other programs it is not seen whether they wait; a socket that was not seen may have a limit, too.
    traced(&mut log, 1, 7, "recv", &["10"], "EAGAIN");
    assert_eq!(last(&mut log), "call.again");
}

/// "Fails instead of waiting, or waiting any longer" was said of sockets that only O_NONBLOCK can have made fail so.
#[test]
fn a_program_whose_call_would_wait_without_a_limit_has_made_its_socket_non_blocking() {
    let mut log = Script::new("");
    let kind = "SOCK_STREAM|SOCK_NONBLOCK";
    traced(&mut log, 1, 0, "socket", &["AF_INET", kind], "3");
    traced(&mut log, 2, 3, "recv", &["10"], "EAGAIN");
    assert_eq!(last(&mut log), "call.again.nonblocking");
    let args = ["SO_RCVTIMEO_OLD", "{tv_sec=1, tv_usec=0}"];
    traced(&mut log, 3, 3, "setsockopt", &args, "0");
    traced(&mut log, 4, 3, "recv", &["10"], "EAGAIN");
    assert_eq!(last(&mut log), "call.again");
}

/// A parent has closed what its child still uses, and its next connection has the same number.
#[test]
fn nothing_is_claimed_of_numbers_that_several_processes_have() {
    let mut log = Script::new("");
    traced(&mut log, 1, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
    traced(&mut log, 2, 3, "listen", &["5"], "0");
    traced(&mut log, 3, 3, "accept", &[], "4, 10.0.0.1:5000");
    traced(&mut log, 4, 4, "close", &[], "0");
    traced(&mut log, 5, 4, "shutdown", &["SHUT_WR"], "0"); // the child's
    traced(&mut log, 6, 3, "accept", &[], "4, 10.0.0.1:5001");
    traced(&mut log, 7, 4, "send", &["\"x\""], "EPIPE");
    let all = said(&log.done());
    assert!(
        all.iter().any(|saying| saying.id() == "call.pipe"),
        "{all:?}"
    );
}

/// "connect() would have failed with it", of 115: EINPROGRESS is no failure, as was said where connect() itself returned it.
#[test]
fn a_handshake_that_goes_on_is_no_failure_of_connect_ex() {
    for (answer, id) in [
        ("115", "call.connect_ex.inprogress"),
        ("EINPROGRESS", "call.inprogress"),
        ("111", "call.connect_ex"),
    ] {
        let mut log = Script::new("");
        log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
        let name = if answer.starts_with('E') {
            "connect"
        } else {
            "connect_ex"
        };
        log.quick(Client, 3, name, &["10.0.0.2:9000"], answer);
        assert_eq!(last(&mut log), id, "{answer}");
    }
}

/// "Python: BlockingIOError", of create_connection(timeout=3): CPython waits for the handshake by poll(), and its program sees no error.
#[test]
fn a_connect_with_a_timeout_was_said_to_raise_what_never_reaches_the_program() {
    let mut log = Script::new("");
    traced(&mut log, 900, 0, "socket", &["AF_INET", "SOCK_STREAM"], "8");
    traced(
        &mut log,
        901,
        8,
        "connect",
        &["10.0.0.1:9000"],
        "EINPROGRESS",
    );
    assert_eq!(last(&mut log), "call.inprogress.python");
}

/// A connect() on a blocking socket whose kernel was told how long it may wait.
fn limited(log: &mut Script) {
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "9");
    log.quick(Client, 9, "setsockopt", &["SO_SNDTIMEO_OLD", "0.15"], "0");
    log.quick(Client, 9, "connect", &["10.0.0.2:9009"], "EINPROGRESS");
}

/// A connect() from a port that has such a connection already.
fn from_a_used_port(log: &mut Script) {
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "10");
    log.quick(Client, 10, "bind", &["10.0.0.1:4000"], "0");
    log.quick(Client, 10, "connect", &["10.0.0.2:9009"], "EADDRNOTAVAIL");
}

/// "connect() does not wait for the handshake", of one that had waited as long as SO_SNDTIMEO allows.
#[test]
fn a_connect_whose_time_runs_out_was_told_as_one_that_does_not_wait() {
    let mut log = Script::new("");
    limited(&mut log);
    assert_eq!(last(&mut log), "call.inprogress.limit");
    // That of another direction has nothing to do with it: the socket was made non-blocking by a call that no log has.
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "9");
    log.quick(Client, 9, "setsockopt", &["SO_RCVTIMEO_OLD", "0.15"], "0");
    log.quick(Client, 9, "connect", &["10.0.0.2:9009"], "EINPROGRESS");
    assert_eq!(last(&mut log), "call.inprogress");
}

/// "No address, or no free port, of its own", of a socket that had just been bound to both.
#[test]
fn a_pair_that_is_in_use_was_told_as_a_missing_address() {
    let mut log = Script::new("");
    from_a_used_port(&mut log);
    assert_eq!(last(&mut log), "call.notavail.pair");
}

/// "recvfrom(-1)" stood in the row, and recv() in its sentence: the C library's name is known when the arguments are.
#[test]
fn a_call_has_one_name_in_its_row_and_its_sentence() {
    let mut log = Script::new("");
    log.put(Kind::Call(call(1, Client, -1, "recvfrom", &[], None)));
    let answer = Some(Answer::Error("EBADF".to_owned()));
    log.put(Kind::Call(call(1, Client, -1, "recv", &["10"], answer)));
    let rows = crate::causes::rows(log);
    let cell = rows.last().and_then(|row| row.calls[Client].as_ref());
    assert_eq!(cell.expect("a call").name, "recv");
}

/// "Another socket listens at port 9000", right behind the close() of that socket: its kernel had not been asked yet.
#[test]
fn a_listener_that_was_let_go_was_told_to_hold_its_port() {
    let mut log = Script::new("");
    let listener: std::net::SocketAddr = "0.0.0.0:9000".parse().expect("an address");
    let ends = Endpoints {
        local: listener,
        remote: None,
    };
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
    log.quick(Server, 3, "bind", &["0.0.0.0:9000"], "0");
    log.quick(Server, 3, "listen", &["5"], "0");
    log.state(Server, ends, TcpState::Listen);
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_STREAM"], "4");
    log.quick(Server, 4, "bind", &["0.0.0.0:9000"], "EADDRINUSE");
    log.quick(Server, 3, "close", &[], "0");
    log.quick(Server, 4, "bind", &["0.0.0.0:9000"], "EADDRINUSE");
    let told = said(&log.done());
    let failed = told.iter().map(Saying::id);
    let failed: Vec<_> = failed.filter(|id| id.starts_with("call.inuse")).collect();
    assert_eq!(failed, ["call.inuse.listener", "call.inuse"]);
}

/// ":52942 connect(4)" beside the SYN of another port: the descriptor had been another socket's, which was closed while it waited for an
/// answer.
#[test]
fn a_connect_was_told_of_the_connection_that_its_descriptor_had_before() {
    let mut log = Script::new("");
    let mut ports = Vec::new();
    for port in [45_001, 45_002] {
        let mut tcp = Connection::new(9000);
        tcp.client.set_port(port);
        log.quick(Client, 0, "socket", &["AF_INET", "SOCK_STREAM"], "4");
        log.quick(Client, 4, "connect", &["10.0.0.2:9000"], "EINPROGRESS");
        log.state(Client, tcp.socket(Client), TcpState::SynSent);
        log.lose(Client, tcp.next(Client, SYN, b""), "#1 drop");
        log.quick(Client, 4, "close", &[], "0");
        log.later(50_000);
        ports.push(tcp.socket(Client));
    }
    let rows = crate::causes::rows(log);
    let cells = rows.iter().filter_map(|row| row.calls[Client].as_ref());
    let asked: Vec<_> = cells.filter(|cell| cell.name == "connect").collect();
    assert_eq!(asked.len(), 2);
    assert_ne!(asked[1].socket, Some(ports[0]));
}

/// Whatever is called in whatever order, there are sentences for it.
#[test]
fn every_error_has_a_saying() {
    let names = [
        "socket",
        "bind",
        "listen",
        "accept",
        "connect",
        "send",
        "recv",
        "close",
        "shutdown",
        "getpeername",
        "select",
        "",
    ];
    let errors = [
        "EADDRINUSE",
        "EADDRNOTAVAIL",
        "EPIPE",
        "EAGAIN",
        "EINVAL",
        "ENOTCONN",
        "EISCONN",
        "ECONNREFUSED",
        "ETIMEDOUT",
        "EBADF",
        "EWHATEVER",
        "TimeoutError",
    ];
    for name in names {
        for error in errors {
            let mut log = Script::new("");
            log.quick(Server, 3, name, &["nonsense"], error);
            let all = said(&log.done());
            assert!(!all.is_empty(), "{name} {error}");
        }
    }
}

/// A listener that was shut down has its port still, but listens no more: "another socket listens" was said of it.
#[test]
fn a_listener_that_was_shut_down_does_not_listen() {
    let mut story = Story::new();
    let mut rows = Vec::new();
    for event in Reader::new(&*shut_down()) {
        rows.extend(story.push(&event.expect("a whole log")));
    }
    rows.extend(story.finish());
    let all = rows.iter().flat_map(|row| &row.sayings);
    let ids: Vec<_> = all.map(Saying::id).collect();
    let wanted = [
        "state.listens",
        "call.listen",
        "call.inuse.listener",
        "state.listen.shut",
        "call.inval.accept.shut",
        "call.inuse.bound",
    ];
    assert_eq!(ids, wanted);
}

/// A listener that is shut down, and what follows.
pub fn shut_down() -> Vec<u8> {
    let mut log = Script::new("");
    for fd in ["3", "4"] {
        log.quick(Server, 0, "socket", &["AF_INET", "SOCK_STREAM"], fd);
    }
    log.quick(Server, 3, "bind", &["10.0.0.2:9000"], "0");
    log.quick(Server, 3, "listen", &["1"], "0");
    let listener = Endpoints {
        local: ([10, 0, 0, 2], 9000).into(),
        remote: None,
    };
    log.state(Server, listener, TcpState::Listen);
    log.quick(Server, 3, "shutdown", &["SHUT_WR"], "0");
    log.quick(Server, 4, "bind", &["10.0.0.2:9000"], "EADDRINUSE");
    log.later(100_000);
    log.quick(Server, 3, "shutdown", &["SHUT_RDWR"], "0");
    log.state(Server, listener, TcpState::Closed);
    log.quick(Server, 3, "accept", &[], "EINVAL");
    log.quick(Server, 4, "bind", &["10.0.0.2:9000"], "EADDRINUSE");
    log.done()
}

/// A listener that its program leaves behind is closed by the kernel: no reason was given.
#[test]
fn a_listener_closes_with_its_program() {
    let listener = Endpoints {
        local: ([10, 0, 0, 2], 9000).into(),
        remote: None,
    };
    for (id, ends) in [
        ("program.killed", true),
        ("program.exited", true),
        ("program.refused", false),
    ] {
        let mut log = Script::new("");
        log.quick(Server, 0, "socket", &["AF_INET", "SOCK_STREAM"], "3");
        log.quick(Server, 3, "listen", &["1"], "0");
        log.state(Server, listener, TcpState::Listen).later(100_000);
        log.quick(Server, 4, "close", &[], "0"); // another socket
        let args = [("host", "server"), ("program", "./m"), ("how", "9")];
        let args = args.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (id, args) = (id.to_owned(), args.into());
        log.put(Kind::Note(Note { id, args }));
        let note = log.last();
        log.put(Kind::State(State {
            host: Server,
            socket: listener,
            from: Some(TcpState::Listen),
            to: TcpState::Closed,
            origin: Origin::Kernel,
            cause: Some(note),
            queues: None,
        }));
        let mut story = Story::new();
        let mut rows = Vec::new();
        for event in Reader::new(&*log.done()) {
            rows.extend(story.push(&event.expect("a whole log")));
        }
        rows.extend(story.finish());
        let mut all = rows.iter().flat_map(|row| &row.sayings);
        let told = all.any(|saying| saying.id() == "state.listen.ended");
        assert_eq!(told, ends, "{rows:?}");
    }
}
