//! Chat with the tools that people have: both ways, as listener and as caller.

use std::process::Command;

use crate::chat_support::Talker;
use crate::chat_support::free_tcp_port;
use crate::chat_support::wait_listening;
use crate::support::peer;

/// Lines both ways, Chinese among them; what telnet sends ends with CR LF.
fn converse(ours: &mut Talker, theirs: &mut Talker, theirs_ends: &str) {
    ours.say("hello from lineman\n你好，世界\n");
    theirs.out_has("hello from lineman\n你好，世界\n");
    theirs.say("hello back\n再见 👋\n");
    ours.out_has(format!("hello back{theirs_ends}再见 👋{theirs_ends}"));
}

fn calls_us(command: &mut Command, ends: &str) {
    let (mut ours, port) = Talker::listen(&["--exit-on", "peer"]);
    let mut theirs = Talker::start(command.arg("127.0.0.1").arg(port.to_string()));
    converse(&mut ours, &mut theirs, ends);
    drop(theirs);
    assert_eq!(ours.code(), 0, "{}", ours.err());
}

fn is_called(command: &mut Command, port: u16) {
    let mut theirs = Talker::start(command);
    wait_listening(port);
    let mut ours = Talker::call(port, &["--exit-on", "peer"]);
    converse(&mut ours, &mut theirs, "\n");
    drop(theirs);
    assert_eq!(ours.code(), 0, "{}", ours.err());
}

#[test]
fn nc_openbsd_calls_us() {
    calls_us(&mut peer("nc.openbsd"), "\n");
}

#[test]
fn nc_traditional_calls_us() {
    calls_us(&mut peer("nc.traditional"), "\n");
}

#[test]
fn ncat_calls_us() {
    calls_us(&mut peer("ncat"), "\n");
}

#[test]
fn telnet_calls_us() {
    calls_us(&mut peer("inetutils-telnet"), "\r\n");
}

#[test]
fn socat_calls_us() {
    let (mut ours, port) = Talker::listen(&["--exit-on", "peer"]);
    let mut theirs = Talker::start(peer("socat").args(["-", &format!("TCP:127.0.0.1:{port}")]));
    converse(&mut ours, &mut theirs, "\n");
    theirs.finish();
    assert_eq!(ours.code(), 0, "{}", ours.err());
}

#[test]
fn we_call_nc_openbsd() {
    let port = free_tcp_port();
    let port_text = port.to_string();
    is_called(
        peer("nc.openbsd").args(["-l", "127.0.0.1", &port_text]),
        port,
    );
}

#[test]
fn we_call_nc_traditional() {
    let port = free_tcp_port();
    is_called(
        peer("nc.traditional").args(["-l", "-p", &port.to_string()]),
        port,
    );
}

#[test]
fn we_call_ncat() {
    let port = free_tcp_port();
    is_called(
        peer("ncat").args(["-l", "127.0.0.1", &port.to_string()]),
        port,
    );
}

#[test]
fn we_call_socat() {
    let port = free_tcp_port();
    let listen = format!("TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr");
    is_called(peer("socat").args(["-", &listen]), port);
}

/// nc.openbsd -N sends its end of input at once and prints what follows: half-close both ways.
#[test]
fn either_side_may_finish_first() {
    let (mut ours, port) = Talker::listen(&[]);
    let mut theirs = Talker::start(peer("nc.openbsd").args(["-N", "127.0.0.1", &port.to_string()]));
    theirs.say("last words\n");
    theirs.finish();
    ours.out_has("last words\n");
    ours.say("still here\n");
    theirs.out_has("still here\n");
    ours.finish();
    assert_eq!((ours.code(), theirs.code()), (0, 0), "{}", ours.err());

    let (mut ours, port) = Talker::listen(&[]);
    let mut theirs = Talker::start(peer("nc.openbsd").args(["-N", "127.0.0.1", &port.to_string()]));
    ours.say("request\n");
    ours.finish();
    theirs.out_has("request\n");
    theirs.say("reply\n");
    ours.out_has("reply\n");
    theirs.finish();
    assert_eq!((ours.code(), theirs.code()), (0, 0), "{}", ours.err());
}

#[test]
fn both_families_reach_the_default_listener() {
    for host in ["127.0.0.1", "::1"] {
        let (mut ours, port) = Talker::listen_on(":0", &["--exit-on", "peer"]);
        let mut theirs = Talker::start(peer("nc.openbsd").args([host, &port.to_string()]));
        converse(&mut ours, &mut theirs, "\n");
        assert!(ours.err().contains(&format!("connected to {host}")) || host == "::1");
        drop(theirs);
        assert_eq!(ours.code(), 0);
    }
}
