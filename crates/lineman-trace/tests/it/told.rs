//! What calls and clocks tell of a packet counts, where packets alone say otherwise.

use lineman_proto::wire::Flags;
use lineman_proto::wire::compose::Envelope;
use lineman_trace::log::*;
use lineman_trace::story::*;

use crate::causes::*;
use crate::composer::*;

/// Those that no other log tells, in one.
pub fn told() -> Vec<u8> {
    let mut log = passed(Script::new("told")).0;
    log = stale(log.then()).0;
    log = overtaken(log.then()).0;
    log.done()
}

/// The same of a simulated lab.
pub fn told_simulated() -> Vec<u8> {
    let mut log = filled(Script::simulated("told-simulated")).0;
    syn_twice(&mut log);
    log.done()
}

/// A SYN that the wire doubles; the copy.
fn syn_twice(log: &mut Script) -> u64 {
    let mut tcp = connection(log, 9100);
    log.state(Server, tcp.listener(), TcpState::Listen);
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    let syn = log.send(Client, tcp.next(Client, SYN, b""));
    let copy = syn + 100;
    log.verdict(syn, Client, Verdict::Duplicated { copy }, None);
    log.verdict(syn, Client, Verdict::Delivered, None);
    log.state(Server, tcp.socket(Server), TcpState::SynReceived);
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    log.state(Client, tcp.socket(Client), TcpState::Established);
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Server, tcp.socket(Server), TcpState::Established);
    log.later(50 * MS)
        .verdict(copy, Client, Verdict::Delivered, None);
    copy
}

/// "It answers once more; Linux does so at most every half second", of a simulated host that said nothing.
#[test]
fn a_simulated_host_is_not_told_to_answer_as_linux_does() {
    let mut log = Script::simulated("");
    let copy = syn_twice(&mut log);
    let said = of(&rows(log), copy);
    let ids: Vec<&str> = said.iter().map(Saying::id).collect();
    assert!(ids.contains(&"arrival.known.syn.simulated"), "{ids:?}");
}

fn timer(host: Host, clock: TimerKind, wait_us: u64, origin: Origin) -> Kind {
    Kind::Timer(Timer {
        host,
        clock,
        wait_ns: wait_us * 1000,
        expired: true,
        origin,
    })
}

fn clock(rows: &[Row], id: u64) -> Option<u64> {
    let about = |row: &&Row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == id);
    let timer = rows.iter().find(about)?.timer?;
    Some(timer.wait_ns / 1_000_000)
}

/// A write whose ACK 0 is lost: both programs wait for three seconds, and the request comes again to the port of a socket that nobody asks.
fn write_again(has_calls: bool) -> Vec<Saying> {
    let mut log = Script::new("told");
    let request = || datagram(Client, 5000, 69, b"\0\x02f\0octet\0");
    let ready = || datagram(Server, 6000, 5000, &[0, 4, 0, 0]);
    let sends = |log: &mut Script| {
        if has_calls {
            log.quick(Server, 4, "sendto", &["\"^@^D^@^@\"", "10.0.0.1:5000"], "4");
        }
    };
    log.cross(Client, request());
    sends(&mut log);
    log.lose(Server, ready(), "s>c:tftp.ack #1 drop");
    let waits = has_calls.then(|| log.call(Server, 4, "recvfrom", &["2048"]));
    log.at(3005 * MS).cross(Client, request());
    if let Some(waits) = waits {
        log.returns(waits, Server, "recvfrom", "TimeoutError");
    }
    sends(&mut log);
    let again = log.cross(Server, ready());
    of(&rows(log), again)
}

/// "The server has received the same packet once more and answers it once more; this is not a timeout", below its TimeoutError.
#[test]
fn a_program_whose_wait_has_timed_out_does_not_answer_a_request() {
    assert_eq!(ids(&write_again(true))[0], "tftp.again");
    // Packets alone do not tell which.
    assert_eq!(ids(&write_again(false))[0], "again.somehow");
}

/// A block whose ACK is lost comes again, and so does the ACK, 200 ms later; a poll in between has returned this, if any. Or the block
/// behind it comes again, as soon as the ACK that the client's timer has sent: the ACK was lost once, and the server has received it.
fn lockstep_again(poll: Option<&str>, is_block: bool) -> Vec<Saying> {
    let mut log = Script::new("told");
    let block = |number: u8| {
        let bytes = [&[0, 3, 0, number][..], &[b'x'; 512]].concat();
        datagram(Server, 6000, 5000, &bytes)
    };
    let ack = || datagram(Client, 5000, 6000, &[0, 4, 0, 1]);
    log.cross(Client, datagram(Client, 5000, 69, b"\0\x01f\0octet\0"));
    log.cross(Server, block(1));
    let sends = |log: &mut Script, host, to| {
        let bytes = "\"^@^D^@^A\"";
        log.quick(host, 4, "sendto", &[bytes, to], "4");
    };
    let [to_client, to_server] = ["10.0.0.1:5000", "10.0.0.2:6000"];
    if is_block {
        log.cross(Client, ack());
        sends(&mut log, Server, to_client);
        log.lose(Server, block(2), "s>c:tftp.data #2 drop");
        log.at(1000 * MS).cross(Client, ack());
        log.quick(
            Server,
            4,
            "recvfrom",
            &["2048"],
            "4 \"^@^D^@^A\", 10.0.0.1:5000",
        );
        if let Some(poll) = poll {
            log.quick(Server, 0, "poll", &["[{fd=4, events=POLLIN}]", "1"], poll);
        }
        sends(&mut log, Server, to_client);
        let again = log.cross(Server, block(2));
        return of(&rows(log), again);
    }
    log.lose(Client, ack(), "c>s:tftp.ack #1 drop");
    log.at(500 * MS).cross(Server, block(1));
    log.quick(
        Client,
        4,
        "recvfrom",
        &["2048"],
        "516 \"^@^C^@^A\", 10.0.0.2:6000",
    );
    log.at(700 * MS);
    if let Some(poll) = poll {
        log.quick(Client, 0, "poll", &["[{fd=4, events=POLLIN}]", "199"], poll);
    }
    sends(&mut log, Client, to_server);
    let again = log.cross(Client, ack());
    of(&rows(log), again)
}

/// "Has received the same packet once more and answers it once more; this is not a timeout", of an ACK 200 ms after that, below
/// "poll(…) = 0 (Timeout)": strace adds that word.
#[test]
fn an_ack_below_a_poll_that_has_timed_out_was_told_as_the_answer() {
    assert_eq!(
        ids(&lockstep_again(Some("0 (Timeout)"), false))[0],
        "tftp.again"
    );
    assert_eq!(ids(&lockstep_again(Some("0"), false))[0], "tftp.again");
    // Without it nothing tells why so late.
    assert_eq!(ids(&lockstep_again(None, false))[0], "again.somehow");
}

/// Where packets do not tell whether a block is an answer to an ACK or of a timer, the calls do.
#[test]
fn a_block_below_the_ack_that_its_program_has_received_is_of_no_timer() {
    assert_eq!(ids(&lockstep_again(None, true))[0], "tftp.again.apprentice");
    assert_eq!(
        ids(&lockstep_again(Some("0 (Timeout)"), true))[0],
        "tftp.again"
    );
}

/// Bytes, a tail loss probe with new ones, and the retransmission of the first; each acknowledgment is lost.
fn probed_with_new() -> (Script, u64) {
    let mut talk = talk(Script::new("told"), true);
    let first = talk.tcp.next(Client, and_ack(Flags::PSH), b"12345678");
    talk.log.cross(Client, first);
    let ack = talk.tcp.next(Server, ACK, b"");
    talk.log.lose(Server, ack, "s>c:ack drop");
    let kernel = Origin::Kernel;
    talk.log.at(311 * MS);
    let probe = timer(Client, TimerKind::LossProbe, 211_000, kernel);
    talk.log.put(probe);
    let new = talk.tcp.next(Client, and_ack(Flags::PSH), b"9012");
    talk.log.cross(Client, new);
    let ack = talk.tcp.next(Server, ACK, b"");
    talk.log.lose(Server, ack, "s>c:ack drop");
    talk.log.at(523 * MS);
    let timeout = timer(Client, TimerKind::Retransmission, 212_000, kernel);
    talk.log.put(timeout);
    let again = talk
        .tcp
        .back(Client, and_ack(Flags::PSH), b"123456789012", 12);
    let again = talk.log.cross(Client, again);
    (talk.log, again)
}

/// "No acknowledgment came within 423 ms: its retransmission timeout (RTO) has expired": the probe had begun it anew 212 ms before.
#[test]
fn a_time_out_behind_a_probe_with_new_bytes_is_counted_from_that() {
    let (log, again) = probed_with_new();
    let rows = rows(log);
    let (who, times, millis) = (Client, 1, 212);
    let told = of(&rows, again);
    let needless = Saying::ResentNeedless { who, times, millis };
    let resent = Saying::Resent { who, times, millis };
    assert!(
        told.contains(&resent) || told.contains(&needless),
        "{told:?}"
    );
    assert_eq!(clock(&rows, again), Some(212));
}

/// "Deduced; packets do not tell whether RTO or TLP": the lab did not get to run for 18 ms between the timer and the packet that it had sent.
#[test]
fn what_a_kernel_has_told_in_one_go_stays_together_on_a_busy_machine() {
    let mut talk = talk(Script::new("told"), true);
    let bytes = talk.tcp.next(Client, and_ack(Flags::PSH), b"12345678");
    talk.log.lose(Client, bytes, "loss");
    talk.log.at(500 * MS);
    let timeout = timer(Client, TimerKind::Retransmission, 400_000, Origin::Kernel);
    talk.log.put(timeout);
    talk.log.at(518 * MS).put(Kind::Congestion(Congestion {
        host: Client,
        algorithm: "bbr".into(),
        window: 1,
        threshold: None,
        origin: Origin::Kernel,
    }));
    let again = talk.tcp.back(Client, and_ack(Flags::PSH), b"12345678", 8);
    let again = talk.log.cross(Client, again);
    let told = of(&rows(talk.log), again);
    assert_eq!(ids(&told)[0], "again.timeout", "{told:?}");
}

/// A segment of an older timestamp reaches an end in TIME-WAIT.
fn stale(log: Script) -> (Script, u64) {
    let mut log = log;
    let mut tcp = connection(&log, 9000);
    tcp.clock = Some(5000);
    log.state(Client, tcp.socket(Client), TcpState::SynSent);
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    log.state(Client, tcp.socket(Client), TcpState::Established);
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.state(Client, tcp.socket(Client), TcpState::FinWait1);
    log.cross(Client, tcp.next(Client, and_ack(Flags::FIN), b""));
    log.cross(Server, tcp.next(Server, and_ack(Flags::FIN), b""));
    log.state(Client, tcp.socket(Client), TcpState::TimeWait);
    log.cross(Client, tcp.next(Client, ACK, b""));
    tcp.clock = Some(4000);
    let old = tcp.next(Server, ACK, b"");
    let old = log.cross(Server, old);
    (log, old)
}

/// "Since 6.14 none whose number is old, too": that is so in connected states. In TIME-WAIT Linux answers, as the next row showed.
#[test]
fn what_linux_leaves_unanswered_in_connected_states_is_not_said_of_time_wait() {
    let (log, old) = stale(Script::new("told"));
    let told = of(&rows(log), old);
    assert!(ids(&told).contains(&"arrival.stale.time_wait"), "{told:?}");
}

/// An ACK is overtaken by data, in a connection that goes on.
fn overtaken(log: Script) -> (Script, u64) {
    let mut talk = talk(log, true);
    let old = talk.tcp.next(Server, ACK, b"");
    let old = talk.log.send(Server, old);
    let bytes = talk.tcp.next(Server, and_ack(Flags::PSH), b"1234");
    talk.log.cross(Server, bytes);
    let ack = talk.tcp.next(Client, ACK, b"");
    talk.log.cross(Client, ack);
    talk.log.verdict(old, Server, Verdict::Delivered, None);
    (talk.log, old)
}

/// There Linux has one exception more than in TIME-WAIT.
#[test]
fn an_ack_that_was_overtaken_is_told_by_the_rules_of_its_state() {
    let (log, old) = overtaken(Script::new("told"));
    let told = of(&rows(log), old);
    assert!(ids(&told).contains(&"arrival.passed"), "{told:?}");
}

/// Of two datagrams each is held back until one has overtaken it; the second is held when it lets the first go.
fn passed(log: Script) -> (Script, u64) {
    let mut log = log;
    let mut held = |payload: &[u8], rule: &str| {
        let id = log.send(Client, datagram(Client, 5000, 9000, payload));
        let rule = rule.to_owned();
        log.put(Kind::Fault(Fault { packet: id, rule }));
        log.verdict(id, Client, Verdict::Held, None);
        id
    };
    let two = held(b"two", "c>s:udp #2 reorder 1");
    let three = held(b"three", "c>s:udp #3 reorder 1");
    log.later(2000)
        .verdict(two, Client, Verdict::Delivered, None);
    log.later(100 * MS)
        .verdict(three, Client, Verdict::Delivered, None);
    (log, two)
}

/// "Until other packets have overtaken it", and "it is released after 3 ms": none had overtaken it.
#[test]
fn what_none_has_overtaken_is_not_told_as_overtaken() {
    let (log, two) = passed(Script::new("told"));
    let told = of(&rows(log), two);
    assert!(ids(&told).contains(&"wire.released.passed"), "{told:?}");
}

/// "The recv() that waits fails with ECONNREFUSED", of an ICMP error that the wire had changed: its checksum is wrong, and the program waited on.
#[test]
fn an_icmp_error_that_was_changed_has_no_call_fail() {
    let mut log = Script::new("told");
    log.quick(Client, 3, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    log.quick(Client, 3, "connect", &["10.0.0.2:9000"], "0");
    log.quick(Client, 3, "send", &["\"x\""], "1");
    let lost = datagram(Client, 5000, 9000, b"x");
    let quoted = lost[14..].to_vec();
    log.cross(Client, lost);
    log.call(Client, 3, "recv", &["2048"]);
    let back = Envelope::new(([10, 0, 0, 2], 0).into(), ([10, 0, 0, 1], 0).into());
    let error = back.icmp(3, 3, [0; 4], &quoted);
    let mut came = error.clone();
    *came.last_mut().expect("bytes") ^= 1;
    let id = log.send(Server, error);
    log.later(1000)
        .verdict(id, Server, Verdict::Delivered, Some(came));
    let told = of(&rows(log), id);
    assert_eq!(ids(&told), ["icmp.port", "wire.altered", "arrival.damaged"]);
}

/// A server with a connection in TIME-WAIT closes its listener, and listens anew: "the server stays 60 s in TIME-WAIT" was told once more when its time
/// began anew.
#[test]
fn a_listener_beside_it_does_not_end_time_wait() {
    let mut talk = talk(Script::new("told"), false);
    let wait = Kind::Timer(Timer {
        host: Server,
        clock: TimerKind::TimeWait,
        wait_ns: 60_000_000_000,
        expired: false,
        origin: Origin::Kernel,
    });
    talk.state(Server, TcpState::FinWait1);
    let fin = talk.tcp.next(Server, and_ack(Flags::FIN), b"");
    talk.log.cross(Server, fin);
    let fin = talk.tcp.next(Client, and_ack(Flags::FIN), b"");
    talk.log.cross(Client, fin);
    talk.state(Server, TcpState::TimeWait);
    talk.log.put(wait.clone());
    let last = talk.tcp.next(Server, ACK, b"");
    talk.log.cross(Server, last);
    let listener = talk.tcp.listener();
    talk.log
        .at(300 * MS)
        .state(Server, listener, TcpState::Closed);
    talk.log
        .at(900 * MS)
        .state(Server, listener, TcpState::Listen);
    let again = talk.tcp.back(Client, SYN, b"", 2);
    let again = talk.log.at(1600 * MS).cross(Client, again);
    talk.log.put(wait);
    let told = of(&rows(talk.log), again);
    assert!(ids(&told).contains(&"time_wait.anew"), "{told:?}");
}

/// A simulated TCP has lost four bytes, and sends them again with what it has since.
fn filled(log: Script) -> (Script, u64) {
    let mut talk = talk(log, false);
    let few = talk.tcp.next(Client, and_ack(Flags::PSH), b"1234");
    talk.log.lose(Client, few, "loss");
    let more = talk.tcp.next(Client, and_ack(Flags::PSH), b"5678901");
    talk.log.lose(Client, more, "loss");
    let timeout = timer(
        Client,
        TimerKind::Retransmission,
        1_000_000,
        Origin::Simulated,
    );
    talk.log.at(1100 * MS).put(timeout);
    let all = talk
        .tcp
        .back(Client, and_ack(Flags::PSH), b"12345678901", 11);
    let all = talk.log.cross(Client, all);
    (talk.log, all)
}

/// "When Linux retransmits, it merges small segments", of a TCP that is simulated.
#[test]
fn what_a_simulated_tcp_does_is_not_said_of_linux() {
    let (log, all) = filled(Script::simulated("told"));
    let told = of(&rows(log), all);
    assert!(ids(&told).contains(&"again.more.simulated"), "{told:?}");
}

/// The window closes, an ACK comes that was overtaken, and the client probes.
fn probes(mut log: Script, origin: Origin) -> (Script, u64) {
    let mut tcp = connection(&log, 9000);
    log.cross(Client, tcp.next(Client, SYN, b""));
    log.cross(Server, tcp.next(Server, and_ack(SYN), b""));
    log.cross(Client, tcp.next(Client, ACK, b""));
    log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"1234"));
    let late = log.send(Server, tcp.next(Server, ACK, b""));
    log.cross(Client, tcp.next(Client, and_ack(Flags::PSH), b"5678"));
    tcp.window = 0;
    log.at(100 * MS).cross(Server, tcp.next(Server, ACK, b""));
    log.at(350 * MS)
        .verdict(late, Server, Verdict::Delivered, None);
    log.at(501 * MS);
    log.put(timer(Client, TimerKind::Persist, 151_000, origin));
    let probe = log.cross(Client, tcp.back(Client, ACK, b"", 1));
    (log, probe)
}

/// "The persist timer has expired after 145 ms": counted from an ACK that had been overtaken. And 1996 ms where the simulation says 2000.
#[test]
fn the_persist_timer_is_counted_from_the_window_that_closed() {
    let (log, probe) = probes(Script::new("told"), Origin::Kernel);
    let all = rows(log);
    assert_eq!(clock(&all, probe), Some(400));
    let (log, probe) = probes(Script::simulated("told"), Origin::Simulated);
    assert_eq!(clock(&rows(log), probe), Some(151));
}

/// "This copy of packet 6, counted from the first": the wire gives numbers to copies that are not shown yet.
#[test]
fn a_copy_is_told_by_when_its_original_left() {
    let (mut log, mut tcp) = (Script::new("told"), Connection::new(9000));
    let syn = log.at(7 * MS).send(Client, tcp.next(Client, SYN, b""));
    let copy = syn + 1;
    log.verdict(syn, Client, Verdict::Duplicated { copy }, None);
    log.later(1000)
        .verdict(syn, Client, Verdict::Delivered, None);
    log.at(300 * MS)
        .verdict(copy, Client, Verdict::Delivered, None);
    let (who, at) = (Client, "0.007".to_owned());
    assert_eq!(of(&rows(log), copy)[0], Saying::Copied { who, at });
}

/// "Nothing that was seen tells why", of an OACK that was sent again right after the request had come once more, to another socket of the
/// server than the one that answers.
#[test]
fn the_answer_to_a_request_that_came_again_to_another_socket_had_no_reason() {
    let told = |receives: bool| {
        let mut log = Script::new("");
        log.quick(Server, 0, "socket", &["AF_INET6", "SOCK_DGRAM"], "3");
        log.quick(Server, 3, "bind", &["[::]:69"], "0");
        log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "19");
        let asked = |log: &mut Script, receives: bool| {
            log.cross(
                Client,
                datagram(Client, 5000, 69, b"\0\x01f\0octet\0tsize\x000\0"),
            );
            if receives {
                log.quick(Server, 3, "recvmmsg", &["64"], "1");
            }
            log.quick(Server, 19, "sendto", &["\"^@^F\"", "10.0.0.1:5000"], "10");
            datagram(Server, 6000, 5000, b"\0\x06tsize\x0099\0")
        };
        let answer = asked(&mut log, true);
        log.lose(Server, answer, "s>c:tftp.oack #1 drop");
        log.later(1000 * MS);
        let answer = asked(&mut log, receives);
        let again = log.cross(Server, answer);
        of(&rows(log), again)[0].id()
    };
    assert_eq!(told(true), "tftp.again.asked");
    // It may have been the server's clock.
    assert_eq!(told(false), "again.somehow");
}
