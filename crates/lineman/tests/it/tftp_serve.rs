//! `lineman tftp serve` as its operator sees it: ports, addresses, the log, the end.

use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use crate::support::lineman;
use crate::support::peer;
use crate::tftp_kit::Served;
use crate::tftp_kit::assert_exit;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_kit::run;
use crate::tftp_kit::stderr;
use crate::tftp_kit::tftp;
use crate::tftp_raw::Raw;
use crate::tftp_raw::ack;
use crate::tftp_raw::rrq;

/// A transfer in which the client has one more block to come.
fn begun(server: &Served) -> (Raw, (Vec<u8>, std::net::SocketAddr)) {
    server.write("file", &content(1000));
    let client = Raw::new();
    let first = client.ask(server.address(), &rrq(b"file", &[]));
    (client, first)
}

#[test]
fn sigterm_lets_a_running_transfer_finish() {
    let server = Served::new(&[]);
    let (client, first) = begun(&server);
    server.signal("TERM");
    server.wait_line("stopping; 1 transfer may finish for 5 seconds");
    assert_same(&client.rest(first, 512), &content(1000), "file");
    let (code, lines) = server.wait();
    assert_eq!(code, Some(0));
    let summary = lines.last().expect("summary");
    assert!(
        summary.starts_with("served 1 transfer, 0 failed"),
        "{lines:#?}"
    );
}

#[test]
fn a_transfer_that_does_not_finish_in_time_is_told() {
    let server = Served::new(&[]);
    let (client, (_, from)) = begun(&server);
    client.ask(from, &ack(1));
    let asked = Instant::now();
    server.signal("INT");
    let (code, lines) = server.wait();
    assert_eq!(code, Some(130), "^C");
    assert!(asked.elapsed() >= Duration::from_secs(4), "{lines:#?}");
}

#[test]
fn a_second_signal_leaves_at_once() {
    let server = Served::new(&[]);
    let _transfer = begun(&server);
    let asked = Instant::now();
    server.signal("TERM");
    server.wait_line("stopping");
    server.signal("TERM");
    let (code, _) = server.wait();
    assert_eq!(code, Some(0));
    assert!(
        asked.elapsed() < Duration::from_secs(4),
        "{:?}",
        asked.elapsed()
    );
}

#[test]
fn without_transfers_it_leaves_at_once() {
    for (signal, code) in [("INT", 130), ("TERM", 0), ("HUP", 0)] {
        let server = Served::new(&[]);
        server.signal(signal);
        let (found, lines) = server.wait();
        assert_eq!(found, Some(code), "{signal}");
        assert!(
            lines
                .last()
                .is_some_and(|line| line.starts_with("served 0 transfers")),
            "{lines:#?}"
        );
        assert!(
            !lines.iter().any(|line| line.contains("stopping")),
            "{lines:#?}"
        );
    }
}

#[test]
fn a_directory_that_is_not_there_is_named_with_what_to_do() {
    let output = run(lineman().args(["tftp", "serve", "/nonexistent"]));
    assert_exit(&output, 2);
    let said = stderr(&output);
    assert!(
        said.contains("/nonexistent") && said.contains("or: mkdir /nonexistent"),
        "{said}"
    );
}

#[test]
fn an_address_in_use_is_named() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let address = taken.local_addr().expect("address").to_string();
    let output = run(lineman().args(["tftp", "serve", ".", "--listen", &address]));
    assert_exit(&output, 3);
    assert!(stderr(&output).contains(&address), "{}", stderr(&output));
}

/// In a network of its own, so that both ports are free.
fn serve_without_listen(prefix: &str) -> Served {
    let mut command = peer("unshare");
    let script = format!("ip link set lo up && {prefix} exec \"$@\" /");
    command.args(["-n", "bash", "-c", &script, "bash"]);
    command.arg(lineman().get_program()).args(["tftp", "serve"]);
    command
        .env("LC_ALL", "C.UTF-8")
        .env("XDG_CONFIG_HOME", "/nonexistent");
    Served::under(command)
}

#[test]
fn port_69_where_it_is_permitted() {
    let server = serve_without_listen("");
    assert_eq!(server.address().to_string(), "[::]:69");
}

#[test]
fn port_6969_where_69_is_not_permitted_and_saying_so() {
    // Who may not is decided by number, so that nobody's account matters.
    let drop = "exec setpriv --reuid 65534 --clear-groups --inh-caps=-all";
    let mut command = peer("unshare");
    let script = format!("ip link set lo up && {drop} \"$@\" /");
    command.args(["-n", "bash", "-c", &script, "bash"]);
    let place = tempfile::tempdir().expect("directory");
    let program = place.path().join("lineman");
    std::fs::copy(env!("CARGO_BIN_EXE_lineman"), &program).expect("copy");
    let status = Command::new("chmod")
        .args(["-R", "a+rx"])
        .arg(place.path())
        .status();
    assert!(status.expect("chmod").success());
    command.arg(program).args(["tftp", "serve"]);
    command
        .env("LC_ALL", "C.UTF-8")
        .env("XDG_CONFIG_HOME", "/nonexistent");
    command.env_remove("LINEMAN_LANG");
    let server = Served::under(command);
    assert_eq!(server.address().to_string(), "[::]:6969");
    server.wait_line("port 69 is not permitted here, so this is port 6969");
}

#[test]
fn the_answer_comes_from_the_address_that_was_asked() {
    let server = Served::listening("[::]:0", &[]);
    server.write("file", b"here");
    for (client, ask) in [
        ("127.0.0.1:0", "127.0.0.1"),
        ("127.0.0.1:0", "127.0.0.2"),
        ("127.0.0.3:0", "127.99.0.1"),
        ("[::1]:0", "::1"),
    ] {
        let ask: std::net::IpAddr = ask.parse().expect("address");
        let client = Raw::at(client);
        let to = (ask, server.port()).into();
        let (_, from) = client.ask(to, &rrq(b"file", &[]));
        assert_eq!(from.ip(), ask, "a transfer");
        client.send(from, &ack(1));
        assert_eq!(client.ask(to, &rrq(b"none", &[])).1, to, "a refusal");
    }
}

#[test]
fn both_families_by_name_and_number() {
    let server = Served::listening("[::]:0", &[]);
    server.write("file", b"here");
    let dir = server.outside();
    for host in ["[::1]", "127.0.0.1", "localhost"] {
        let url = format!("tftp://{host}:{}/file", server.port());
        let output = tftp(dir, &["get", &url, "-o", "-"]);
        assert_exit(&output, 0);
        assert_eq!(output.stdout, b"here", "{host}");
    }
}

/// RFC 1123 §4.2.3.5.
#[test]
fn a_broadcast_request_is_ignored() {
    let server = Served::listening("[::]:0", &[]);
    server.write("file", b"here");
    let client = Raw::at("0.0.0.0:0");
    client.0.set_broadcast(true).expect("broadcast");
    let port = server.port();
    client.send(([127, 255, 255, 255], port).into(), &rrq(b"file", &[]));
    assert_eq!(client.within(Duration::from_millis(300)), None);
    let answer = client
        .ask(([127, 0, 0, 1], port).into(), &rrq(b"file", &[]))
        .0;
    assert_eq!(answer, b"\0\x03\0\x01here");
}

#[test]
fn the_log_as_json() {
    let mut command = lineman();
    command.args(["tftp", "serve", "--listen", "127.0.0.1:0", "--json"]);
    let dir = tempfile::tempdir().expect("directory");
    std::fs::write(dir.path().join("file"), content(600)).expect("write");
    let log = dir.path().join("log");
    let out = std::fs::File::create(&log).expect("log");
    let mut child = command.arg(dir.path()).stdout(out);
    child = child.stdin(std::process::Stdio::null());
    let server = crate::support::Running(child.spawn().expect("start"));
    let events = || -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(&log).expect("log");
        let lines = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    };
    let until = |count| {
        crate::support::wait_for("events", crate::tftp_kit::LIMIT, || {
            let events = events();
            (events.len() >= count).then_some(events)
        })
    };
    let serving = until(1).remove(0);
    assert_eq!(serving["event"], "serving");
    let address = serving["addresses"][0].as_str().expect("address");
    let address = address.parse().expect("address");
    assert_eq!(Raw::new().read(address, b"file"), Ok(content(600)));
    until(2); // two threads tell: the one of the transfer first
    Raw::new().read(address, b"none").expect_err("missing");
    let events = until(3);
    assert_eq!(
        (&events[1]["complete"], &events[1]["bytes"]),
        (&true.into(), &600.into())
    );
    assert_eq!(
        (&events[2]["complete"], &events[2]["file"]),
        (&false.into(), &"none".into())
    );
    crate::tftp_kit::signal(server.0.id(), "TERM");
    assert_eq!(until(4)[3]["event"], "ended");
}
