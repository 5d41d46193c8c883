//! `lineman udp send`.

use std::net::UdpSocket;
use std::time::Duration;
use std::time::Instant;

use crate::support::lineman;
use crate::udp_rig::Ended;
use crate::udp_rig::LIMIT;
use crate::udp_rig::Program;
use crate::udp_rig::hear;
use crate::udp_rig::plain_peer;
use crate::udp_rig::send;

fn run(args: &[&str], input: &str) -> Ended {
    let mut program = Program::start(lineman().args(["udp", "send"]).args(args));
    if !input.is_empty() {
        program.say(input);
    }
    program.ended()
}

/// A port of `ip` where nobody listens.
fn deserted(ip: &str) -> String {
    let socket = UdpSocket::bind((ip, 0)).expect("a socket");
    socket.local_addr().expect("its address").to_string()
}

#[test]
fn a_refusal_is_said_and_ends_with_3() {
    for ip in ["127.0.0.1", "::1"] {
        let to = deserted(ip);
        let began = Instant::now();
        let ended = run(&[&to, "--wait", "20"], "hello\n");
        assert_eq!(ended.code(), 3, "{}", ended.stderr);
        let said = format!("{to} refused a datagram: nothing is listening on that port");
        assert!(ended.stderr.contains(&said), "{}", ended.stderr);
        assert!(
            began.elapsed() < Duration::from_secs(15),
            "no use to wait for answers"
        );
    }
}

#[test]
fn refusals_lose_no_later_line_and_are_counted() {
    let ended = run(&[&deserted("127.0.0.1"), "--json"], &"line\n".repeat(50));
    assert_eq!(ended.code(), 3);
    let end = &ended.events("ended")[0];
    assert_eq!((&end["sent"], &end["not_sent"]), (&50.into(), &0.into()));
    assert!(end["refused"].as_u64() > Some(0));
    assert_eq!(ended.events("refused")[0]["reason"], "refused");
}

#[test]
fn answers_are_waited_for_after_the_end_of_input() {
    let (peer, port) = plain_peer();
    let mut sender = Program::send(port, &["--wait", "20"]);
    sender.say("ask\n");
    sender.end_input();
    let mut buffer = [0; 10];
    let (_, from) = peer.recv_from(&mut buffer).expect("asked");
    peer.send_to("答复\n".as_bytes(), from).expect("sent");
    sender.shows(&format!("[127.0.0.1:{port}] 答复\n"));
    sender.signal("TERM");
    assert_eq!(sender.ended().code(), 0);
}

#[test]
fn the_source_port_stays_the_same_and_strangers_are_not_heard() {
    let (peer, port) = plain_peer();
    let mut sender = Program::send(port, &[]);
    let mut buffer = [0; 10];
    let mut from = |sender: &mut Program| {
        sender.say("hello\n");
        peer.recv_from(&mut buffer).expect("heard").1
    };
    let first = from(&mut sender);
    assert_eq!(from(&mut sender), first);
    let (stranger, _) = plain_peer();
    // The kernel answers a stranger's datagram with a refusal, as if nobody were there.
    let _ = stranger.send_to(b"psst\n", first);
    peer.send_to(b"known\n", first).expect("sent");
    sender.shows("] known\n");
    assert!(!sender.ended().text().contains("psst"));
}

#[test]
fn a_broadcast_address_needs_the_flag() {
    // Loopback's own: there is always a route to it.
    let ended = run(&["127.255.255.255"], "hello\n");
    assert_eq!(ended.code(), 7);
    assert!(
        ended.stderr.contains("allow it with --broadcast"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_broadcast_is_heard_and_answered_by_any_address() {
    let (mut listener, port) = Program::listen(&["0.0.0.0:0"]);
    let to = format!("127.255.255.255:{port}");
    let mut sender =
        Program::start(lineman().args(["udp", "send", "--broadcast", "--interface", "lo", &to]));
    sender.say("to all\n");
    listener.shows("] to all\n");
    listener.say("from one\n");
    sender.shows(&format!("[127.0.0.1:{port}] from one\n"));
    assert_eq!(sender.ended().code(), 0);
}

#[test]
fn what_makes_no_sense_is_told_before_anything_is_sent() {
    for (args, said) in [
        (&["239.1.2.3"][..], "--multicast 239.1.2.3 --interface IF"),
        (
            &["--multicast", "192.0.2.1", "--interface", "lo"],
            "is not a multicast group",
        ),
        (
            &["--multicast", "239.1.2.3", "--interface", "nonsense0"],
            "there are: ",
        ),
        (&["127.0.0.1:0"], "port 0"),
        (&["127.0.0.1:http"], "is not a port number"),
        (&["127.0.0.1:70000"], "65535 is the largest"),
        (&[":9"], "to whom?"),
        (&[], "HOST[:PORT]"),
    ] {
        let ended = run(args, "");
        assert_eq!(ended.code(), 2, "{args:?}");
        assert!(ended.stderr.contains(said), "{args:?}: {}", ended.stderr);
    }
}

#[test]
fn a_name_that_does_not_exist_is_unreachable() {
    let ended = run(&["no-such-host.invalid"], "");
    assert_eq!(ended.code(), 3);
    assert!(
        ended.stderr.contains("no such host name"),
        "{}",
        ended.stderr
    );
}

#[test]
fn chinese_words_for_chinese_users() {
    let ended = run(&["--lang", "zh", &deserted("127.0.0.1")], "你好\n");
    assert!(
        ended.stderr.contains("拒绝了一个数据报"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("已发送 1 个（7 字节）"),
        "{}",
        ended.stderr
    );
}

#[test]
fn json_tells_what_was_sent_and_what_was_not() {
    let (peer, port) = plain_peer();
    let long = "x".repeat(70_000);
    let ended = send(port, &["--json", "--wait", "0"], format!("hi\n{long}\n"));
    assert_eq!(hear(&peer), b"hi\n");
    assert_eq!(ended.code(), 5);
    let sent = &ended.events("sent")[0];
    assert_eq!(
        (&sent["bytes"], &sent["to"]),
        (&3.into(), &format!("127.0.0.1:{port}").into())
    );
    let not = &ended.events("not-sent")[0];
    assert_eq!(
        (&not["bytes"], &not["limit"]),
        (&70_001.into(), &65_507.into())
    );
    assert_eq!(not["reason"], "too-long");
}

#[test]
fn a_flood_of_lines_leaves_as_it_came() {
    let (listener, port) = Program::listen(&["127.0.0.1:0", "--raw"]);
    let mut sender = Program::send(port, &[]);
    let began = Instant::now();
    for number in 0..500 {
        let line = format!("line {number}\n");
        sender.say(&line);
        listener.shows(&line); // paced by the listener: datagrams may be dropped otherwise
        assert!(began.elapsed() < LIMIT * 4);
    }
    let text = listener.shows("line 499\n");
    assert_eq!(text.lines().count(), 500);
}
