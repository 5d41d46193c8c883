//! `lineman udp listen`.

use std::io::BufRead as _;
use std::io::BufReader;
use std::net::UdpSocket;
use std::process::Command;
use std::process::Stdio;

use crate::support::Running;
use crate::support::lineman;
use crate::support::wait_for;
use crate::udp_rig::LIMIT;
use crate::udp_rig::Program;
use crate::udp_rig::hear;
use crate::udp_rig::plain_peer;
use crate::udp_rig::send;

fn say(peer: &UdpSocket, port: u16, text: &str) {
    peer.send_to(text.as_bytes(), ("127.0.0.1", port))
        .expect("sent");
}

#[test]
fn each_sender_is_heard_and_each_can_be_answered() {
    let (mut listener, port) = Program::listen(&[":0"]);
    let (one, one_port) = plain_peer();
    let (two, two_port) = plain_peer();
    say(&one, port, "first\n");
    listener.shows(&format!("[@1 127.0.0.1:{one_port}] first\n"));
    say(&two, port, "second\n");
    listener.shows(&format!("[@2 127.0.0.1:{two_port}] second\n"));

    listener.say("to the last\n@1 to the first\n@2 你好\n@@2 at\n@9 nobody\n");
    assert_eq!(hear(&one), b"to the first\n");
    let heard = [hear(&two), hear(&two), hear(&two)];
    assert_eq!(
        heard,
        [&b"to the last\n"[..], "你好\n".as_bytes(), b"@2 at\n"]
    );
    listener.notes("not sent: there is no peer @9");

    say(&one, port, "me again\n");
    listener.shows("] me again\n");
    listener.say("last is one\n");
    assert_eq!(hear(&one), b"last is one\n");
}

#[test]
fn the_end_of_input_does_not_end_the_listening() {
    let (mut listener, port) = Program::listen(&["127.0.0.1:0", "--count", "2"]);
    listener.end_input();
    listener.notes("listening goes on");
    send(port, &["--wait", "0"], "one\n");
    listener.shows("] one\n");
    assert!(listener.runs());
    send(port, &["--wait", "0"], "two\n");
    let heard = listener.ended();
    assert_eq!(heard.code(), 0);
    assert!(heard.text().ends_with("] two\n"));
}

#[test]
fn piped_input_waits_for_the_first_peer() {
    let (mut listener, port) = Program::listen(&["127.0.0.1:0"]);
    listener.say("welcome\nsecond\n");
    listener.notes("no datagram has arrived yet: input waits");
    let (peer, _) = plain_peer();
    say(&peer, port, "hello\n");
    assert_eq!([hear(&peer), hear(&peer)], [&b"welcome\n"[..], b"second\n"]);
}

#[test]
fn an_interrupt_is_130_and_an_order_to_leave_is_0() {
    for (signal, code) in [("INT", 130), ("TERM", 0)] {
        let (listener, port) = Program::listen(&["127.0.0.1:0"]);
        send(port, &["--wait", "0"], "hello\n");
        listener.shows("] hello\n");
        listener.signal(signal);
        let ended = listener.ended();
        assert_eq!(ended.code(), code, "{signal}");
        assert!(
            ended.stderr.contains("received: 1 (6 bytes)"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn both_families_are_heard_and_ipv4_is_shown_as_ipv4() {
    let (listener, port) = Program::listen(&[":0"]);
    listener.notes("IPv4 and IPv6");
    for (from, shown) in [("127.0.0.1:0", "[@1 127.0.0.1:"), ("[::1]:0", "[@2 [::1]:")] {
        let peer = UdpSocket::bind(from).expect("a socket");
        let to = peer.local_addr().expect("address").ip();
        peer.send_to(b"hello\n", (to, port)).expect("sent");
        let peer = format!(
            "{shown}{}] hello\n",
            peer.local_addr().expect("address").port()
        );
        listener.shows(&peer);
    }
}

#[test]
fn what_a_stranger_sends_cannot_touch_the_terminal_or_look_like_somebody_else() {
    let (listener, port) = Program::listen(&["127.0.0.1:0", "--count", "1"]);
    let (peer, from) = plain_peer();
    peer.send_to(
        b"\x1b]0;title\x07\x1b[2J\n[10.0.0.1:1] forged\n\xff\xc2\x9b1m",
        ("127.0.0.1", port),
    )
    .expect("sent");
    let prefix = format!("[@1 127.0.0.1:{from}] ");
    let indent = " ".repeat(prefix.len());
    assert_eq!(
        listener.ended().text(),
        format!(
            "{prefix}^[]0;title^G^[[2J\n{indent}[10.0.0.1:1] forged\n{indent}\\xff<U+009B>1m\n"
        )
    );
}

#[test]
fn a_refused_answer_is_shown_and_the_listener_goes_on() {
    let (mut listener, port) = Program::listen(&[":0"]);
    let gone = {
        let (peer, gone) = plain_peer();
        say(&peer, port, "bye\n");
        gone
    };
    listener.shows("] bye\n");
    listener.say("are you there?\n");
    listener.notes(&format!("127.0.0.1:{gone} refused a datagram"));
    let (peer, _) = plain_peer();
    say(&peer, port, "I am\n");
    listener.shows("] I am\n");
}

#[test]
fn every_json_line_parses_and_says_what_happened() {
    let listener =
        Program::start(lineman().args(["udp", "listen", ":0", "--json", "--count", "3"]));
    let line = listener.shows("listening");
    let listening: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    let address = listening["address"].as_str().expect("text");
    let port: u16 = address
        .rsplit(':')
        .next()
        .expect("a part")
        .parse()
        .expect("a port");
    let (peer, from) = plain_peer();
    let (other, _) = plain_peer();
    say(&peer, port, "你好\n");
    other
        .send_to(b"\xff\x00", ("127.0.0.1", port))
        .expect("sent");
    say(&peer, port, "");
    let ended = listener.ended();
    let heard = ended.events("datagram");
    assert_eq!(heard[0]["from"], format!("127.0.0.1:{from}"));
    assert_eq!(
        (&heard[0]["text"], &heard[0]["bytes"]),
        (&"你好\n".into(), &7.into())
    );
    assert_eq!(
        (&heard[1]["hex"], &heard[1]["n"]),
        (&"ff00".into(), &2.into())
    );
    assert_eq!((&heard[2]["text"], &heard[2]["n"]), (&"".into(), &1.into()));
    let end = &ended.events("ended")[0];
    assert_eq!(
        (&end["received"], &end["received_bytes"]),
        (&3.into(), &9.into())
    );
    assert_eq!(end["v"], 1);
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_reader_that_leaves_is_success() {
    let mut command = lineman();
    let script = format!(
        "{} udp listen 127.0.0.1:0 | head -n 1; echo ${{PIPESTATUS[0]}}",
        command.get_program().to_string_lossy()
    );
    command = Command::new("bash");
    command.env("LC_ALL", "C.UTF-8");
    let (pipe, port) = Program::listening(command.args(["-c", &script]).stdin(Stdio::piped()));
    let (peer, _) = plain_peer();
    say(&peer, port, "one\n");
    pipe.shows("] one\n");
    // `head` has its line; the listener learns that it left when it writes again.
    let text = loop {
        say(&peer, port, "two\n");
        if let Some(text) = pipe.shown_within_a_moment("\n0\n") {
            break text;
        }
    };
    assert!(text.ends_with("] one\n0\n"), "{text}");
}

#[test]
fn an_interrupt_is_heard_while_nobody_reads_stdout() {
    let mut command = lineman();
    command.args(["udp", "listen", "127.0.0.1:0", "--raw"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = Running(command.stderr(Stdio::piped()).spawn().expect("started"));
    let mut stderr = BufReader::new(child.0.stderr.take().expect("piped"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("a line");
    let port: u16 = line
        .trim()
        .rsplit(':')
        .next()
        .expect("a part")
        .parse()
        .expect("a port");
    let (peer, _) = plain_peer();
    for _ in 0..4 {
        peer.send_to(&[0; 60_000], ("127.0.0.1", port))
            .expect("sent");
    }
    // A pipe holds 64 KiB: once the second datagram has begun to be written, that never ends.
    let stdout = child.0.stdout.as_ref().expect("piped");
    wait_for("a full pipe", LIMIT, || {
        let waiting = rustix::io::ioctl_fionread(stdout).expect("a pipe");
        (waiting > 60_000).then_some(())
    });
    let pid = child.0.id().to_string();
    let sent = Command::new("kill").args(["-s", "INT", &pid]).status();
    assert!(sent.expect("kill").success());
    let status = wait_for("the end", LIMIT, || child.0.try_wait().expect("wait"));
    assert_eq!(status.code(), Some(130));
}

#[test]
fn a_port_that_is_taken_is_refused_with_the_reason() {
    let (_peer, port) = plain_peer();
    let taken = Program::start(lineman().args(["udp", "listen", &format!("127.0.0.1:{port}")]));
    let ended = taken.ended();
    assert_eq!(ended.code(), 3);
    assert!(ended.stderr.contains("in use already"), "{}", ended.stderr);
}

#[test]
fn an_answer_leaves_from_the_address_that_was_asked() {
    let (mut listener, port) = Program::listen(&[":0"]);
    let (peer, _) = plain_peer();
    // A connected socket, like those of nc and socat, hears that address only; the route would
    // prefer 127.0.0.1.
    peer.connect(("127.0.0.2", port)).expect("connected");
    peer.send(b"ask\n").expect("sent");
    listener.shows("] ask\n");
    listener.say("answer\n");
    assert_eq!(hear(&peer), b"answer\n");
}
