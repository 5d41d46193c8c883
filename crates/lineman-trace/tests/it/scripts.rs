//! The logs in `tests/logs`, as they are made. They are files so that other crates' tests and
//! people can replay them; a test keeps them equal to what is written here.

use TcpState::*;
use lineman_proto::wire::Flags;
use lineman_proto::wire::compose::Envelope;
use lineman_trace::log::*;

use crate::causes::causes;
use crate::composer::*;

type Make = fn() -> Vec<u8>;

pub const ALL: [(&str, Make); 33] = [
    ("calls", crate::calls::rest),
    ("capture", capture),
    ("capture-gaps", capture_gaps),
    ("capture-misses", capture_misses),
    ("captured-refusals", crate::ignored::refusals),
    ("captured-seldom", crate::captured::seldom),
    ("causes", causes),
    ("chat", chat),
    ("crossed", crossed),
    ("descriptors", crate::order::descriptors),
    ("early-fin", early_fin),
    ("ends", crate::ends::ends),
    ("full-buffer", crate::datagrams::dropped),
    ("half-crossed", half_crossed),
    ("held", held),
    ("ignored", crate::ignored::ignored),
    ("order", crate::order::order),
    ("refused", refused),
    ("reset-lost", reset_lost),
    ("stale", stale),
    ("tftp-get", tftp_get),
    ("tftp-mistakes", crate::tftp_mistakes::all),
    ("tftp-put", tftp_put),
    ("tftp-window", tftp_window),
    ("told", crate::told::told),
    ("told-simulated", crate::told::told_simulated),
    ("two-captures", crate::two_captures::two_captures),
    ("udp", udp),
    ("unreachable", crate::unreachable::all),
    ("window", window),
    ("probe", probe),
    ("old-ack", old_ack),
    ("overrun", overrun),
];

/// The server waits, the client calls, three segments.
fn open(log: &mut Script, tcp: &mut Connection) {
    log.at(0).quick(Server, 3, "bind", &["0.0.0.0:9000"], "0");
    log.quick(Server, 3, "listen", &["8"], "0");
    log.state(Server, tcp.listener(), Listen);
    log.at(100_000);
    let accept = log.call(Server, 3, "accept", &[]);
    let connect = log.call(Client, 3, "connect", &["10.0.0.2:9000"]);
    log.state(Client, tcp.socket(Client), SynSent);
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.state(Server, tcp.socket(Server), SynReceived);
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    log.state(Client, tcp.socket(Client), Established);
    log.returns(connect, Client, "connect", "0");
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Server, tcp.socket(Server), Established);
    log.returns(accept, Server, "accept", "4, 10.0.0.1:45110");
}

fn push() -> Flags {
    and_ack(Flags::PSH)
}

fn fin() -> Flags {
    and_ack(Flags::FIN)
}

/// A handshake, a line each way, and a close whose first FIN is lost.
pub fn chat() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::new("chat"), Connection::new(9000));
    open(&mut log, &mut tcp);
    log.at(200_000);
    let recv = log.call(Server, 4, "recv", &["4096"]);
    let send = log.call(Client, 3, "send", &["\"hi\""]);
    let hi = tcp.next(Client, push(), b"hi");
    log.cross(Client, hi);
    log.returns(send, Client, "send", "2");
    log.returns(recv, Server, "recv", "2 \"hi\"");
    log.at(242_000).cross(Server, tcp.next(Server, ACK, b""));
    log.at(300_000);
    let recv = log.call(Client, 3, "recv", &["4096"]);
    let send = log.call(Server, 4, "send", &["\"你好 back\""]);
    log.cross(Server, tcp.next(Server, push(), "你好 back".as_bytes()));
    log.returns(send, Server, "send", "11");
    log.returns(recv, Client, "recv", "11 \"你好 back\"");
    log.cross(Client, tcp.next(Client, ACK, b""));
    close(&mut log, &mut tcp);
    log.done()
}

fn close(log: &mut Script, tcp: &mut Connection) {
    log.at(402_000);
    let close = log.call(Client, 3, "close", &[]);
    log.state(Client, tcp.socket(Client), FinWait1);
    let end = tcp.next(Client, fin(), b"");
    log.lose(Client, end.clone(), "c>s:fin#1 drop");
    log.returns(close, Client, "close", "0");
    log.at(450_000);
    let recv = log.call(Server, 4, "recv", &["4096"]);
    log.at(610_000).cross(Client, end);
    log.state(Server, tcp.socket(Server), CloseWait);
    log.returns(recv, Server, "recv", "0");
    log.at(651_000).cross(Server, tcp.next(Server, ACK, b""));
    log.state(Client, tcp.socket(Client), FinWait2);
    log.at(860_000);
    let close = log.call(Server, 4, "close", &[]);
    log.state(Server, tcp.socket(Server), LastAck);
    log.cross(Server, tcp.next(Server, fin(), b""));
    log.returns(close, Server, "close", "0");
    log.state(Client, tcp.socket(Client), TimeWait);
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Server, tcp.socket(Server), Closed);
    log.put(Kind::Timer(Timer {
        host: Client,
        clock: TimerKind::TimeWait,
        wait_ns: 60_000_000_000,
        expired: false,
        origin: Origin::Kernel,
    }));
    log.at(60_870_000).state(Client, tcp.socket(Client), Closed);
}

/// Both call each other at once, and both close at once.
pub fn crossed() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::new("crossed"), Connection::new(45110));
    log.state(Client, tcp.socket(Client), SynSent);
    log.state(Server, tcp.socket(Server), SynSent);
    let sockets = [Client, Server].map(|host| tcp.socket(host));
    let both = |log: &mut Script, from_client: Vec<u8>, from_server: Vec<u8>, to: TcpState| {
        let first = log.send(Client, from_client);
        let second = log.send(Server, from_server);
        log.verdict(first, Client, Verdict::Delivered, None);
        log.state(Server, sockets[1], to);
        log.verdict(second, Server, Verdict::Delivered, None);
        log.state(Client, sockets[0], to);
    };
    let (a, b) = (tcp.next(Client, SYN, b""), tcp.next(Server, SYN, b""));
    both(&mut log, a, b, SynReceived);
    let (a, b) = (
        tcp.back(Client, and_ack(SYN), b"", 1),
        tcp.back(Server, and_ack(SYN), b"", 1),
    );
    both(log.at(100_000), a, b, Established);
    log.at(200_000);
    let ends = (
        tcp.back(Client, fin(), b"", 0),
        tcp.back(Server, fin(), b"", 0),
    );
    for host in [Client, Server] {
        log.state(host, tcp.socket(host), FinWait1);
    }
    both(&mut log, ends.0, ends.1, Closing);
    for host in [Client, Server] {
        tcp.next(host, fin(), b"");
    }
    let (a, b) = (tcp.next(Client, ACK, b""), tcp.next(Server, ACK, b""));
    both(log.at(300_000), a, b, TimeWait);
    log.done()
}

/// Both call each other at once, and one SYN is lost: the answer to the other is no second segment of three, and its ACK no third.
pub fn half_crossed() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::new("half-crossed"), Connection::new(45110));
    let connects = [
        log.call(Client, 3, "connect", &["10.0.0.2:45110"]),
        log.call(Server, 3, "connect", &["10.0.0.1:45110"]),
    ];
    log.state(Client, tcp.socket(Client), SynSent);
    log.lose(Client, tcp.next(Client, SYN, b""), "c>s:syn #1 drop");
    log.state(Server, tcp.socket(Server), SynSent);
    log.cross(Server, tcp.next(Server, SYN, b""));
    log.state(Client, tcp.socket(Client), SynReceived);
    log.cross(Client, tcp.back(Client, and_ack(SYN), b"", 1));
    log.state(Server, tcp.socket(Server), Established);
    log.returns(connects[1], Server, "connect", "0");
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.state(Client, tcp.socket(Client), Established);
    log.returns(connects[0], Client, "connect", "0");
    log.done()
}

/// Bytes are lost, and the FIN behind them comes too early for smoltcp.
pub fn early_fin() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::simulated("early-fin"), Connection::new(9000));
    open_at(&mut log, &mut tcp);
    let bytes = tcp.next(Client, push(), b"late");
    log.at(100_000).lose(Client, bytes.clone(), "loss");
    log.state(Client, tcp.socket(Client), FinWait1);
    let end = tcp.next(Client, fin(), b"");
    log.cross(Client, end.clone());
    log.at(1_100_000).cross(Client, bytes);
    log.at(1_101_500).cross(Client, end);
    log.state(Server, tcp.socket(Server), CloseWait);
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.state(Client, tcp.socket(Client), FinWait2);
    log.done()
}

/// Bytes are lost; those behind them are under way for so long that the lost ones, sent again, overtake them. Their timestamp is
/// older then, and the server throws them away.
pub fn stale() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::new("stale"), Connection::new(9000));
    tcp.clock = Some(1000);
    open(&mut log, &mut tcp);
    tcp.clock = Some(1010);
    let one = tcp.next(Client, push(), b"one ");
    log.at(110_000).lose(Client, one, "loss");
    let two = log.send(Client, tcp.next(Client, push(), b"two "));
    log.verdict(two, Client, Verdict::Held, None);
    tcp.clock = Some(1220);
    log.at(320_000)
        .cross(Client, tcp.back(Client, push(), b"one ", 8));
    log.cross(Server, tcp.ack(Server, 4, 0));
    log.verdict(two, Client, Verdict::Delivered, None);
    log.cross(Server, tcp.ack(Server, 4, 0));
    tcp.clock = Some(1640);
    log.at(740_000)
        .cross(Client, tcp.back(Client, push(), b"two ", 4));
    log.cross(Server, tcp.ack(Server, 0, 0));
    log.done()
}

/// A segment of a connection between the same ports is under way for so long that it comes in the next one: its number is, by chance, the one that
/// is due, but it acknowledges what the server has never sent in this one.
pub fn old_ack() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::new("old-ack"), Connection::new(9000));
    open(&mut log, &mut tcp);
    let mut before = tcp.clone();
    before.shift(Server, 700_000);
    let old = log
        .at(110_000)
        .send(Client, before.next(Client, push(), b"old!"));
    log.verdict(old, Client, Verdict::Delivered, None);
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.at(120_000)
        .cross(Client, tcp.next(Client, push(), b"new!"));
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.done()
}

/// A SYN that the user holds while its sender retransmits it, and a wire that copies, changes and forges.
pub fn held() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::new("held"), Connection::new(9000));
    log.state(Server, tcp.listener(), Listen);
    let connect = log
        .at(100_000)
        .call(Client, 3, "connect", &["10.0.0.2:9000"]);
    log.state(Client, tcp.socket(Client), SynSent);
    let syn = log.send(Client, tcp.next(Client, SYN, b""));
    log.verdict(syn, Client, Verdict::Held, None);
    for (at, times) in [(1_100_000, 1), (3_100_000, 2)] {
        log.at(at)
            .verdict(syn, Client, Verdict::Repeated { times }, None);
    }
    log.at(4_000_000)
        .verdict(syn, Client, Verdict::Delivered, None);
    log.state(Server, tcp.socket(Server), SynReceived);
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    log.state(Client, tcp.socket(Client), Established);
    log.returns(connect, Client, "connect", "0");
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Server, tcp.socket(Server), Established);
    log.at(5_000_000);
    let one = tcp.next(Client, push(), b"one ");
    let two = tcp.next(Client, push(), b"two ");
    let first = log.send(Client, one);
    log.verdict(first, Client, Verdict::Held, None);
    log.cross(Client, two);
    let copy = log.send(Client, tcp.next(Client, push(), b"three"));
    log.verdict(copy, Client, Verdict::Duplicated { copy: 99 }, None);
    log.verdict(copy, Client, Verdict::Delivered, None);
    log.verdict(99, Client, Verdict::Sent, None);
    log.verdict(99, Client, Verdict::Delivered, None);
    log.at(5_200_000)
        .verdict(first, Client, Verdict::Delivered, None);
    let mut last = tcp.next(Client, push(), b"four");
    let id = log.at(5_300_000).send(Client, last.clone());
    *last.last_mut().expect("bytes") ^= 1;
    log.verdict(id, Client, Verdict::Delivered, Some(last));
    log.at(5_400_000)
        .send(Client, tcp.next(Client, push(), b"five"));
    log.done()
}

/// No program listens; then one does, and closes without reading.
pub fn refused() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::new("refused"), Connection::new(9000));
    let connect = log.at(0).call(Client, 3, "connect", &["10.0.0.2:9000"]);
    log.state(Client, tcp.socket(Client), SynSent);
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.cross(Server, tcp.next(Server, and_ack(RST), b""));
    log.state(Client, tcp.socket(Client), Closed);
    log.returns(connect, Client, "connect", "ECONNREFUSED");
    let mut tcp = Connection::new(9001);
    log.at(100_000)
        .quick(Server, 3, "bind", &["0.0.0.0:9001"], "EADDRINUSE");
    log.at(200_000);
    open_at(&mut log, &mut tcp);
    log.at(500_000)
        .cross(Client, tcp.next(Client, push(), b"never read"));
    let close = log.at(600_000).call(Server, 4, "close", &[]);
    log.cross(Server, tcp.next(Server, and_ack(RST), b""));
    log.state(Server, tcp.socket(Server), Closed);
    log.state(Client, tcp.socket(Client), Closed);
    log.returns(close, Server, "close", "0");
    log.at(700_000)
        .quick(Client, 3, "recv", &["4096"], "ECONNRESET");
    log.quick(Client, 3, "send", &["\"more\""], "EPIPE");
    log.at(710_000)
        .quick(Client, 4, "connect", &["10.0.0.9:1"], "ETIMEDOUT");
    log.quick(Client, 5, "bind", &["0.0.0.0:1"], "EACCES");
    log.at(800_000).cross(Server, tcp.next(Server, RST, b""));
    log.put(Kind::Note(Note {
        id: "lesson.refused".into(),
        args: [("port".to_owned(), "9000".to_owned())].into(),
    }));
    log.at(900_000).put(Kind::Left {
        host: Server,
        why: "killed".into(),
    });
    log.done()
}

fn open_at(log: &mut Script, tcp: &mut Connection) {
    log.state(Server, tcp.listener(), Listen);
    let connect = log.call(Client, 3, "connect", &[&tcp.server.to_string()]);
    log.state(Client, tcp.socket(Client), SynSent);
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.state(Server, tcp.socket(Server), SynReceived);
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    log.state(Client, tcp.socket(Client), Established);
    log.returns(connect, Client, "connect", "0");
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Server, tcp.socket(Server), Established);
}

/// A read of three blocks; the second is lost once.
pub fn tftp_get() -> Vec<u8> {
    let mut log = Script::new("tftp-get");
    let (client, tid) = (44935, 59557);
    let block =
        |number: u16, len: usize| [&[0, 3], &number.to_be_bytes()[..], &vec![b'x'; len]].concat();
    let ack = |number: u16| [&[0, 4], &number.to_be_bytes()[..]].concat();
    let to_tid = |payload: &[u8]| datagram(Client, client, tid, payload);
    let to_client = |payload: &[u8]| datagram(Server, tid, client, payload);
    log.at(0);
    let heard = log.call(Server, 3, "recvfrom", &["65535"]);
    log.quick(Client, 3, "sendto", &["RRQ \"file1\"", "10.0.0.2:69"], "14");
    log.cross(
        Client,
        datagram(Client, client, 69, b"\0\x01file1\0octet\0"),
    );
    log.returns(heard, Server, "recvfrom", "14, 10.0.0.1:44935");
    log.quick(Server, 4, "bind", &["0.0.0.0:0"], "0");
    log.quick(Server, 4, "sendto", &["DATA 1", "10.0.0.1:44935"], "516");
    log.cross(Server, to_client(&block(1, 512)));
    log.cross(Client, to_tid(&ack(1)));
    log.lose(Server, to_client(&block(2, 512)), "loss 20%");
    log.at(1_003_000).cross(Server, to_client(&block(2, 512)));
    log.cross(Client, to_tid(&ack(2)));
    log.cross(Server, to_client(&block(3, 105)));
    log.cross(Client, to_tid(&ack(3)));
    // A sender that answers each ACK, as the first ones did.
    let (client, tid) = (44936, 59558);
    let from = |payload: &[u8]| datagram(Client, client, tid, payload);
    let to = |payload: &[u8]| datagram(Server, tid, client, payload);
    log.at(2_000_000).cross(
        Client,
        datagram(Client, client, 69, b"\0\x01file1\0octet\0"),
    );
    log.cross(Server, to(&block(1, 512)));
    let asks = log.send(Client, from(&ack(1)));
    let copy = asks + 100;
    log.verdict(asks, Client, Verdict::Duplicated { copy }, None);
    for id in [asks, copy] {
        log.verdict(id, Client, Verdict::Delivered, None);
    }
    for _ in 0..2 {
        log.cross(Server, to(&block(2, 512)));
    }
    log.done()
}

/// A write with options, and a request that is refused.
pub fn tftp_put() -> Vec<u8> {
    let mut log = Script::new("tftp-put");
    let wish = b"\0\x02up.bin\0octet\0blksize\x001024\0windowsize\x004\0";
    log.cross(Client, datagram(Client, 5000, 69, wish));
    log.cross(
        Server,
        datagram(
            Server,
            6000,
            5000,
            b"\0\x06blksize\x001024\0windowsize\x004\0",
        ),
    );
    log.cross(
        Client,
        datagram(Client, 5000, 6000, &[&[0, 3, 0, 1][..], &[7; 300]].concat()),
    );
    log.cross(Server, datagram(Server, 6000, 5000, &[0, 4, 0, 1]));
    log.at(100_000)
        .cross(Client, datagram(Client, 5001, 69, b"\0\x02b\0netascii\0"));
    log.cross(Server, datagram(Server, 6001, 5001, &[0, 4, 0, 0]));
    log.at(200_000).cross(
        Client,
        datagram(Client, 5002, 69, b"\0\x01c\0octet\0tsize\x000\0"),
    );
    log.cross(Server, datagram(Server, 6002, 5002, b"\0\x06tsize\x0010\0"));
    log.cross(Client, datagram(Client, 5002, 6002, &[0, 4, 0, 0]));
    log.at(300_000).cross(
        Client,
        datagram(Client, 5003, 69, b"\0\x01no\x1b[2J\0octet\0"),
    );
    log.cross(
        Server,
        datagram(Server, 6003, 5003, b"\0\x05\0\x01no such file\0"),
    );
    log.done()
}

/// A read from a server on another port than 69, with a window of three blocks; a write that tells the
/// size; and what begins like a read and is none.
pub fn tftp_window() -> Vec<u8> {
    let mut log = Script::new("tftp-window");
    let (client, tid) = (44935, 59557);
    let wish = b"\0\x01file1\0octet\0windowsize\x003\0tsize\x000\0";
    let block =
        |number: u16, len: usize| [&[0, 3], &number.to_be_bytes()[..], &vec![b'x'; len]].concat();
    let ack = |number: u16| [&[0, 4], &number.to_be_bytes()[..]].concat();
    let to_tid = |payload: &[u8]| datagram(Client, client, tid, payload);
    let to_client = |payload: &[u8]| datagram(Server, tid, client, payload);
    log.cross(Client, datagram(Client, client, 6969, wish));
    log.cross(Server, to_client(b"\0\x06windowsize\x003\0tsize\x002100\0"));
    log.cross(Client, to_tid(&ack(0)));
    for number in 1..=3 {
        log.cross(Server, to_client(&block(number, 512)));
    }
    log.cross(Client, to_tid(&ack(3)));
    log.lose(
        Server,
        to_client(&block(4, 512)),
        "s>c:tftp.data block 4 #1 drop",
    );
    log.cross(Server, to_client(&block(5, 52)));
    log.cross(Client, to_tid(&ack(3)));
    // The ACK says where to go on; then it is lost, and the timer has it sent.
    log.lose(
        Server,
        to_client(&block(4, 512)),
        "s>c:tftp.data block 4 #2 drop",
    );
    log.cross(Server, to_client(&block(5, 52)));
    log.lose(Client, to_tid(&ack(3)), "c>s:tftp.ack block 3 #3 drop");
    log.at(500_000).cross(Server, to_client(&block(4, 512)));
    log.cross(Server, to_client(&block(5, 52)));
    log.cross(Client, to_tid(&ack(5)));
    let wish = b"\0\x02up\0octet\0tsize\x0010\0";
    log.at(600_000)
        .cross(Client, datagram(Client, 5001, 6969, wish));
    log.cross(Server, datagram(Server, 6001, 5001, b"\0\x06tsize\x0010\0"));
    // A server without opcodes, as a textbook has it.
    log.at(700_000)
        .cross(Client, datagram(Client, 5002, 69, b"\0\x01f\0octet\0"));
    for number in 1..=3 {
        let block = [&[0, number][..], b"hello"].concat();
        log.cross(Server, datagram(Server, 69, 5002, &block));
        log.cross(Client, datagram(Client, 5002, 69, &[0, number]));
    }
    log.done()
}

/// Datagrams: one arrives, one is lost, one is empty, one finds nobody.
pub fn udp() -> Vec<u8> {
    let mut log = Script::new("udp");
    let recv = log.at(0).call(Server, 3, "recvfrom", &["65535"]);
    log.quick(Client, 3, "sendto", &["\"one\"", "10.0.0.2:7777"], "3");
    log.cross(Client, datagram(Client, 40000, 7777, b"one"));
    log.returns(recv, Server, "recvfrom", "3 \"one\", 10.0.0.1:40000");
    log.at(100_000)
        .quick(Client, 3, "sendto", &["\"two\"", "10.0.0.2:7777"], "3");
    log.lose(Client, datagram(Client, 40000, 7777, b"two"), "");
    log.at(200_000)
        .cross(Client, datagram(Client, 40000, 7777, b""));
    let nobody = datagram(Client, 40000, 9, b"x");
    let quoted = nobody[14..].to_vec();
    log.at(300_000).cross(Client, nobody);
    let back = Envelope::new(([10, 0, 0, 2], 0).into(), ([10, 0, 0, 1], 0).into());
    log.cross(Server, back.icmp(3, 3, [0; 4], &quoted));
    log.cross(Server, back.icmp(3, 1, [0; 4], &quoted));
    log.at(400_000).cross(Client, vec![0; 60]);
    // Its bytes were not written down.
    log.cross(Client, Vec::new());
    let recv = log.at(500_000).call(Server, 3, "recvfrom", &["4"]);
    log.quick(Client, 3, "sendto", &["\"long one\"", "10.0.0.2:7777"], "8");
    log.cross(Client, datagram(Client, 40000, 7777, b"long one"));
    log.returns(recv, Server, "recvfrom", "4 \"long\", 10.0.0.1:40000");
    for (name, args, answer) in CUT {
        log.quick(Client, 3, "sendto", &["\"long one\"", "10.0.0.2:7777"], "8");
        log.cross(Client, datagram(Client, 40000, 7777, b"long one"));
        log.quick(Server, 3, name, args, answer);
    }
    log.done()
}

/// Calls that get four of eight bytes, or look at them.
const CUT: [(&str, &[&str], &str); 3] = [
    (
        "recvmsg",
        &[
            "{msg_iov=[{iov_base=\"long\", iov_len=4}], msg_flags=MSG_TRUNC}",
            "0",
        ],
        "4",
    ),
    (
        "recvfrom",
        &["4", "MSG_TRUNC"],
        "8 \"long\", 10.0.0.1:40000",
    ),
    (
        "recvfrom",
        &["4", "MSG_PEEK|MSG_TRUNC"],
        "8 \"long\", 10.0.0.1:40000",
    ),
];

/// A window closes, is probed with a byte twice, and opens (RFC 9293 §3.8.6.1).
pub fn probe() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::new("probe"), Connection::new(9000));
    open_at(&mut log, &mut tcp);
    log.at(100_000)
        .cross(Client, tcp.next(Client, push(), b"all that fits"));
    tcp.window = 0;
    log.cross(Server, tcp.next(Server, ACK, b""));
    for at in [300_000, 700_000] {
        log.at(at).cross(Client, tcp.back(Client, ACK, b"m", 0));
        log.cross(Server, tcp.next(Server, ACK, b""));
    }
    tcp.window = 64240;
    log.at(900_000).cross(Server, tcp.next(Server, ACK, b""));
    log.cross(Client, tcp.next(Client, push(), b"more of it"));
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.done()
}

/// A sender does not heed a window of 0, and sends the same again when there is room.
pub fn overrun() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::new("overrun"), Connection::new(9000));
    tcp.window = 13;
    open_at(&mut log, &mut tcp);
    log.at(100_000)
        .cross(Client, tcp.next(Client, push(), b"all that fits"));
    tcp.window = 0;
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.at(300_000)
        .cross(Client, tcp.next(Client, push(), b"more"));
    log.cross(Server, tcp.ack(Server, 4, 0));
    tcp.window = 64240;
    log.at(900_000).cross(Server, tcp.ack(Server, 4, 0));
    log.cross(Client, tcp.back(Client, push(), b"more", 4));
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.done()
}

/// A receiver without room, a lost segment that is repaired fast, half a connection, a silence.
pub fn window() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::new("window"), Connection::new(9000));
    open_at(&mut log, &mut tcp);
    log.at(100_000)
        .lose(Client, tcp.next(Client, push(), b"lost"), "c>s:#3 drop");
    for text in [b"aaaa", b"bbbb", b"cccc"] {
        log.cross(Client, tcp.next(Client, push(), text));
        let late = tcp.back(Server, ACK, b"", 0);
        log.cross(Server, acking_less(late, &tcp, text.len()));
    }
    log.cross(Client, tcp.back(Client, push(), b"lost", 16));
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.at(400_000);
    log.put(Kind::Timer(Timer {
        host: Client,
        clock: TimerKind::Retransmission,
        wait_ns: 294_000_000,
        expired: true,
        origin: Origin::Kernel,
    }));
    let again = log.send(Client, tcp.back(Client, push(), b"cccc", 4));
    log.verdict(again, Client, Verdict::Delivered, None);
    tcp.window = 0;
    log.at(500_000).cross(Server, tcp.next(Server, ACK, b""));
    tcp.window = 64240;
    log.at(800_000).cross(Client, tcp.back(Client, ACK, b"", 1));
    log.at(900_000).cross(Server, tcp.next(Server, ACK, b""));
    log.at(1_000_000)
        .cross(Client, tcp.back(Client, ACK, b"", 1));
    log.at(1_100_000)
        .cross(Client, tcp.next(Client, fin(), b""));
    log.cross(Server, tcp.next(Server, ACK, b""));
    log.at(1_200_000)
        .cross(Server, tcp.next(Server, push(), b"half"));
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Server, tcp.socket(Server), LastAck);
    log.cross(Server, tcp.next(Server, fin(), b""));
    log.state(Client, tcp.socket(Client), TimeWait);
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Server, tcp.socket(Server), Closed);
    log.at(1_300_000).cross(Server, tcp.next(Server, RST, b""));
    second(&mut log);
    log.done()
}

/// A connection whose close takes three segments, and one that is broken off.
fn second(log: &mut Script) {
    let mut tcp = Connection::new(9002);
    log.at(1_400_000);
    open_at(log, &mut tcp);
    log.state(Client, tcp.socket(Client), FinWait1);
    log.cross(Client, tcp.next(Client, fin(), b""));
    log.state(Server, tcp.socket(Server), LastAck);
    log.cross(Server, tcp.next(Server, fin(), b""));
    log.state(Client, tcp.socket(Client), TimeWait);
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Server, tcp.socket(Server), Closed);
    let mut tcp = Connection::new(9003);
    log.at(1_500_000);
    open_at(log, &mut tcp);
    log.cross(Client, tcp.next(Client, and_ack(RST), b""));
    for host in [Client, Server] {
        log.state(host, tcp.socket(host), Closed);
    }
}

/// What a capture has of a connection: packets without a word of either TCP, on another link than
/// Ethernet, some cut, and times of its own. The last ACK seems to have arrived, yet the FIN comes again.
pub fn capture() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::captured("capture"), Connection::new(9000));
    let data = [7; 900];
    log.raw(Client, tcp.next(Client, SYN, b""));
    log.raw(Server, tcp.next(Server, and_ack(SYN), b""));
    log.raw(Client, tcp.next(Client, ACK, b""));
    log.raw(Client, tcp.next(Client, push(), &data));
    log.raw(Server, tcp.next(Server, ACK, b""));
    log.raw(Client, tcp.next(Client, fin(), b""));
    log.raw(Server, tcp.next(Server, ACK, b""));
    let last = tcp.next(Server, fin(), b"");
    log.raw(Server, last.clone());
    log.raw(Client, tcp.next(Client, ACK, b""));
    log.at(500_000).raw(Server, last);
    log.done()
}

/// What a capture has of a connection of which it has missed something, and seen something late; and a
/// segment that was changed on the way.
pub fn capture_gaps() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::captured("capture-gaps"), Connection::new(9000));
    log.raw(Client, tcp.next(Client, SYN, b""));
    log.raw(Server, tcp.next(Server, and_ack(SYN), b""));
    log.raw(Client, tcp.next(Client, ACK, b""));
    let overtaken = tcp.next(Client, push(), &[1; 50]);
    log.raw(Client, tcp.next(Client, push(), &[2; 50]));
    log.raw(Client, overtaken);
    log.raw(Server, tcp.next(Server, ACK, b""));
    let mut damaged = tcp.next(Client, push(), &[3; 20]);
    if let Some(last) = damaged.last_mut() {
        *last ^= 1;
    }
    log.raw(Client, damaged);
    log.done()
}

/// A capture has missed the SYN, and twice what the client has sent, last in front of its FIN.
pub fn capture_misses() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::captured("capture-misses"), Connection::new(9000));
    tcp.next(Client, SYN, b"");
    log.raw(Server, tcp.next(Server, and_ack(SYN), b""));
    log.raw(Client, tcp.next(Client, ACK, b""));
    tcp.next(Client, push(), &[1; 50]);
    log.raw(Server, tcp.next(Server, ACK, b""));
    log.raw(Server, tcp.next(Server, fin(), b""));
    tcp.next(Client, push(), &[2; 50]);
    log.raw(Client, tcp.next(Client, fin(), b""));
    crate::causes::captured_twice(&mut log);
    log.done()
}

/// A capture at a server that has reset the connection. Its RST was lost: the client sends again, and hears the next one.
pub fn reset_lost() -> Vec<u8> {
    let (mut log, mut tcp) = (Script::captured("reset-lost"), Connection::new(9000));
    log.raw(Client, tcp.next(Client, SYN, b""));
    log.raw(Server, tcp.next(Server, and_ack(SYN), b""));
    log.raw(Client, tcp.next(Client, ACK, b""));
    let data = tcp.next(Client, push(), b"hello");
    log.raw(Client, data.clone());
    let reset = tcp.next(Server, and_ack(Flags::RST), b"");
    log.raw(Server, reset.clone());
    log.at(300_000).raw(Client, data);
    log.raw(Server, reset);
    log.done()
}

/// The segment again, acknowledging only what came before the lost one.
fn acking_less(bytes: Vec<u8>, tcp: &Connection, step: usize) -> Vec<u8> {
    let frame = lineman_proto::wire::Frame::parse(&bytes);
    let segment = frame.tcp().expect("TCP");
    let missing = (3_247_533_108_u32, step);
    Envelope::new(tcp.server, tcp.client).tcp(&lineman_proto::wire::compose::Segment {
        seq: segment.seq(),
        ack: missing.0,
        flags: ACK,
        window: 64240,
        ..Default::default()
    })
}
