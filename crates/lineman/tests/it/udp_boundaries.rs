//! What leaves is what arrives: boundaries, sizes, bytes.

use lineman_proto::datagram::MAX_PAYLOAD;

use crate::udp_rig::Program;
use crate::udp_rig::hear;
use crate::udp_rig::noise;
use crate::udp_rig::plain_peer;
use crate::udp_rig::send;

#[test]
fn three_lines_written_at_once_are_three_datagrams() {
    let (peer, port) = plain_peer();
    assert_eq!(send(port, &["--wait", "0"], "a\nb\nc\n").code(), 0);
    assert_eq!(
        [hear(&peer), hear(&peer), hear(&peer)],
        [b"a\n", b"b\n", b"c\n"]
    );
}

#[test]
fn a_last_line_without_newline_and_an_empty_line_are_sent_as_they_are() {
    let (peer, port) = plain_peer();
    send(port, &["--wait", "0"], "\n你好");
    assert_eq!(hear(&peer), b"\n");
    assert_eq!(hear(&peer), "你好".as_bytes());
}

#[test]
fn no_input_sends_nothing_and_an_empty_whole_one_empty_datagram() {
    let (peer, port) = plain_peer();
    let none = send(port, &["--wait", "0"], "");
    assert!(none.stderr.contains("datagrams sent: 0"), "{}", none.stderr);
    send(port, &["--wait", "0", "--whole"], "");
    assert_eq!(hear(&peer), b"");
}

#[test]
fn whole_keeps_lines_together() {
    let (peer, port) = plain_peer();
    send(port, &["--wait", "0", "--whole"], "a\nb\n");
    assert_eq!(hear(&peer), b"a\nb\n");
}

#[test]
fn the_largest_datagram_arrives_whole() {
    let bytes = noise(MAX_PAYLOAD);
    let (listener, port) = Program::listen(&["127.0.0.1:0", "--raw", "--count", "1"]);
    let sent = send(port, &["--whole", "--wait", "0"], &bytes);
    assert_eq!(sent.code(), 0, "{}", sent.stderr);
    let heard = listener.ended();
    assert_eq!(heard.code(), 0);
    assert!(heard.stdout == bytes, "{} bytes", heard.stdout.len());
}

#[test]
fn the_largest_answer_arrives_whole() {
    let line = [vec![b'x'; MAX_PAYLOAD - 1], vec![b'\n']].concat();
    let (mut listener, port) = Program::listen(&["127.0.0.1:0"]);
    let mut sender = Program::send(port, &["--raw"]);
    sender.say("ask\n");
    listener.shows("] ask");
    listener.say(&line);
    sender.shows("xxx\n");
    assert!(sender.ended().stdout == line);
}

#[test]
fn a_line_over_the_limit_is_reported_and_the_others_are_sent() {
    let (peer, port) = plain_peer();
    let mut lines = b"before\n".to_vec();
    lines.extend(vec![b'x'; MAX_PAYLOAD]);
    lines.extend(b"\nafter\n");
    let sent = send(port, &["--wait", "0"], &lines);
    assert_eq!(sent.code(), 5);
    let said = "not sent: 65508 bytes are more than a datagram carries (65507)";
    assert!(sent.stderr.contains(said), "{}", sent.stderr);
    assert_eq!([hear(&peer), hear(&peer)], [&b"before\n"[..], b"after\n"]);
}

#[test]
fn a_whole_over_the_limit_is_not_sent_at_all() {
    let (peer, port) = plain_peer();
    let sent = send(port, &["--whole", "--wait", "0"], vec![0; MAX_PAYLOAD + 1]);
    assert_eq!(sent.code(), 5);
    assert!(sent.stderr.contains("65508"), "{}", sent.stderr);
    assert!(sent.stderr.contains("sent: 0 (0 bytes)"), "{}", sent.stderr);
    send(port, &["--wait", "0"], "next\n");
    assert_eq!(hear(&peer), b"next\n");
}

#[test]
fn an_empty_datagram_is_shown_and_does_no_harm() {
    let (listener, port) = Program::listen(&["127.0.0.1:0", "--count", "2"]);
    let (peer, _) = plain_peer();
    let to = ("127.0.0.1", port);
    peer.send_to(b"", to).expect("sent");
    peer.send_to(b"still there?\n", to).expect("sent");
    let heard = listener.ended();
    assert_eq!(heard.code(), 0);
    let lines: Vec<_> = heard.text().lines().map(str::to_owned).collect();
    assert!(lines[0].ends_with("] (an empty datagram)"), "{lines:?}");
    assert!(lines[1].ends_with("] still there?"), "{lines:?}");
}

#[test]
fn an_empty_answer_does_not_end_the_sender() {
    let (peer, port) = plain_peer();
    let mut sender = Program::send(port, &[]);
    sender.say("ask\n");
    let mut buffer = [0; 10];
    let (_, from) = peer.recv_from(&mut buffer).expect("asked");
    peer.send_to(b"", from).expect("sent");
    sender.shows("(an empty datagram)");
    sender.say("again\n");
    assert_eq!(hear(&peer), b"again\n");
    assert_eq!(sender.ended().code(), 0);
}

#[test]
fn raw_output_has_the_bytes_and_nothing_else() {
    let (listener, port) = Program::listen(&["127.0.0.1:0", "--raw", "--count", "3"]);
    let (peer, _) = plain_peer();
    for payload in [&b"no newline"[..], b"\x00\xff\x1b[2J", b"\r\n"] {
        peer.send_to(payload, ("127.0.0.1", port)).expect("sent");
    }
    assert_eq!(listener.ended().stdout, b"no newline\x00\xff\x1b[2J\r\n");
}
