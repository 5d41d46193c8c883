//! The tools that people have: both ways, IPv4 and IPv6.

use std::process::Command;

use lineman_proto::datagram::MAX_PAYLOAD;

use crate::support::free_port;
use crate::support::lineman;
use crate::support::peer;
use crate::udp_rig::Program;
use crate::udp_rig::noise;
use crate::udp_rig::send;
use crate::udp_rig::wait_until_bound;

/// A command line of which `PORT` is replaced.
fn at(command: &str, port: u16) -> Command {
    let words = command.replace("PORT", &port.to_string());
    let mut words = words.split(' ');
    let mut command = peer(words.next().expect("a program"));
    command.args(words);
    command
}

/// The peer speaks first; we show it and answer.
fn calls_us(command: &str) {
    let (mut listener, port) = Program::listen(&[":0"]);
    let mut peer = Program::start(&mut at(command, port));
    peer.say("from the peer 你好\n");
    listener.shows("] from the peer 你好\n");
    listener.say("the answer 答\n");
    peer.shows("the answer 答\n");
    listener.say("and more\n");
    peer.shows("and more\n");
    peer.say("once more\n");
    listener.shows("] once more\n");
}

/// We speak first; the peer shows it and answers.
fn is_called(command: &str, host: &str) {
    let port = free_port();
    let mut peer = Program::start(&mut at(command, port));
    wait_until_bound(port);
    let to = format!("{host}:{port}");
    let mut sender = Program::start(lineman().args(["udp", "send", &to]));
    sender.say("one 你好\ntwo\n");
    peer.shows("one 你好\ntwo\n");
    peer.say("back 答\n");
    sender.shows(&format!("[{to}] back 答\n"));
    sender.say("three\n"); // the peer may be bound to our first port
    peer.shows("three\n");
    assert_eq!(sender.ended().code(), 0);
}

#[test]
fn nc_openbsd_calls() {
    calls_us("nc.openbsd -u 127.0.0.1 PORT");
    calls_us("nc.openbsd -u -6 ::1 PORT");
}

#[test]
fn nc_openbsd_is_called() {
    is_called("nc.openbsd -u -l 127.0.0.1 PORT", "127.0.0.1");
    is_called("nc.openbsd -u -l -6 ::1 PORT", "[::1]");
}

#[test]
fn nc_traditional_calls() {
    calls_us("nc.traditional -u 127.0.0.1 PORT");
}

#[test]
fn nc_traditional_is_called() {
    is_called("nc.traditional -u -l -p PORT", "127.0.0.1");
}

#[test]
fn ncat_calls() {
    calls_us("ncat -u 127.0.0.1 PORT");
    calls_us("ncat -u -6 ::1 PORT");
}

#[test]
fn ncat_is_called() {
    is_called("ncat -u -l 127.0.0.1 PORT", "127.0.0.1");
    is_called("ncat -u -l ::1 PORT", "[::1]");
}

#[test]
fn socat_calls() {
    calls_us("socat - UDP4:127.0.0.1:PORT");
    calls_us("socat - UDP6:[::1]:PORT");
    calls_us("socat - UDP4-SENDTO:127.0.0.1:PORT");
}

#[test]
fn socat_is_called() {
    is_called("socat - UDP4-LISTEN:PORT", "127.0.0.1");
    is_called("socat - UDP6-LISTEN:PORT", "[::1]");
}

#[test]
fn socat_recvfrom_answers_each_datagram() {
    let port = free_port();
    let _peer = Program::start(&mut at("socat UDP4-RECVFROM:PORT,fork EXEC:cat", port));
    wait_until_bound(port);
    let mut sender = Program::send(port, &[]);
    for line in ["a\n", "b 你好\n", "c\n"] {
        sender.say(line);
        sender.shows(&format!("[127.0.0.1:{port}] {line}"));
    }
}

#[test]
fn the_largest_datagram_of_socat_arrives_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("noise");
    let bytes = noise(MAX_PAYLOAD);
    std::fs::write(&file, &bytes).expect("written");
    let (listener, port) = Program::listen(&["127.0.0.1:0", "--raw", "--count", "1"]);
    let command = format!(
        "socat -b 65507 -u FILE:{} UDP4:127.0.0.1:PORT",
        file.display()
    );
    Program::start(&mut at(&command, port)).ended();
    assert!(listener.ended().stdout == bytes);
}

#[test]
fn the_largest_datagram_arrives_whole_at_socat_and_ncat() {
    let bytes = noise(MAX_PAYLOAD);
    for command in [
        "socat -b 70000 -u UDP4-RECVFROM:PORT STDOUT",
        "ncat -u -l --recv-only 127.0.0.1 PORT -i 2",
    ] {
        let port = free_port();
        let peer = Program::start(&mut at(command, port));
        wait_until_bound(port);
        let sent = send(port, &["--whole", "--wait", "0"], &bytes);
        assert_eq!(sent.code(), 0, "{}", sent.stderr);
        let heard = peer.ended();
        assert!(heard.stdout == bytes, "{command}: {}", heard.stdout.len());
    }
}

#[test]
fn a_second_nc_is_heard_while_the_first_is_there() {
    let (mut listener, port) = Program::listen(&["127.0.0.1:0"]);
    let mut one = Program::start(&mut at("nc.openbsd -u 127.0.0.1 PORT", port));
    let mut two = Program::start(&mut at("nc.traditional -u 127.0.0.1 PORT", port));
    one.say("one\n");
    listener.shows("] one\n");
    two.say("two\n");
    listener.shows("] two\n");
    listener.say("@1 for one\n@2 for two\n");
    assert_eq!(one.shows("for one\n"), "for one\n");
    assert_eq!(two.shows("for two\n"), "for two\n");
}
