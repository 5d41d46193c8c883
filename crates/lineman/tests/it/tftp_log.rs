//! The server's log: the time in it, and what becomes of the server where nobody reads it.

use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::ChildStderr;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::support::Running;
use crate::support::free_port;
use crate::support::lineman;
use crate::support::wait_for;
use crate::tftp_kit::LIMIT;
use crate::tftp_kit::is_time;
use crate::tftp_kit::signal;
use crate::tftp_raw::Raw;
use crate::tftp_raw::ack;
use crate::tftp_raw::rrq;

/// A server with a file of one block, whose log goes where `logging` says.
fn serve(root: &Path, logging: impl FnOnce(&mut Command)) -> (Running, SocketAddr) {
    std::fs::write(root.join("file"), "content").expect("write");
    let address: SocketAddr = ([127, 0, 0, 1], free_port()).into();
    let mut command = lineman();
    let listen = address.to_string();
    command
        .args(["tftp", "serve", "--listen", &listen])
        .arg(root);
    logging(&mut command);
    let running = Running(command.spawn().expect("start"));
    wait_for("the server", LIMIT, || is_served(address).then_some(()));
    (running, address)
}

fn is_served(server: SocketAddr) -> bool {
    let client = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let limit = Duration::from_millis(200);
    client.set_read_timeout(Some(limit)).expect("limit");
    client.send_to(&rrq(b"file", &[]), server).expect("send");
    let mut buffer = [0; 600];
    let Ok((length, from)) = client.recv_from(&mut buffer) else {
        return false;
    };
    assert_eq!(&buffer[..length], b"\0\x03\0\x01content");
    client.send_to(&ack(1), from).expect("send");
    true
}

/// Requests that the log has a line for, more than a pipe takes.
fn fill_the_log(server: SocketAddr) {
    let client = UdpSocket::bind("127.0.0.1:0").expect("bind");
    client.set_read_timeout(Some(LIMIT)).expect("limit");
    let name = "x".repeat(200);
    for nth in 0..2000 {
        let name = format!("{name}{nth}");
        client
            .send_to(&rrq(name.as_bytes(), &[]), server)
            .expect("send");
        client.recv_from(&mut [0; 600]).expect("an error");
    }
}

fn exit_code(mut running: Running) -> Option<i32> {
    let status = wait_for("the end", LIMIT, || running.0.try_wait().expect("wait"));
    status.code()
}

/// SIGTERM was not noticed for 8 seconds and longer.
#[test]
fn a_log_whose_reader_stands_still_delays_neither_transfers_nor_the_end() {
    for json in [&[][..], &["--json"]] {
        let root = tempfile::tempdir().expect("directory");
        let mut kept = None;
        let (mut running, address) = serve(root.path(), |command| {
            command
                .args(json)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
        });
        kept.replace((running.0.stdout.take(), running.0.stderr.take()));
        fill_the_log(address);
        assert!(is_served(address));
        let asked = Instant::now();
        signal(running.0.id(), "TERM");
        assert_eq!(exit_code(running), Some(0));
        assert!(
            asked.elapsed() < Duration::from_secs(4),
            "{:?}",
            asked.elapsed()
        );
    }
}

/// Reads to the end; `slowly` is a pipe's content ten times a second, as a terminal or a busy machine may.
fn read_on(mut stderr: ChildStderr, slowly: bool) -> String {
    let (mut text, mut piece) = (Vec::new(), [0; 1 << 16]);
    loop {
        match stderr.read(&mut piece).expect("text") {
            0 => return String::from_utf8(text).expect("text"),
            length => text.extend_from_slice(&piece[..length]),
        }
        if slowly {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn what_a_reader_who_stood_still_has_missed_is_counted() {
    counts_what_was_missed(false);
}

/// The end came half a second after the signal, though the log's reader was still reading: lines were lost without a word.
#[test]
fn a_slow_reader_gets_all_that_was_kept_for_it() {
    counts_what_was_missed(true);
}

fn counts_what_was_missed(slowly: bool) {
    let root = tempfile::tempdir().expect("directory");
    let (mut running, address) = serve(root.path(), |command| {
        command.stderr(Stdio::piped());
    });
    let stderr = running.0.stderr.take().expect("stderr");
    for _ in 0..4 {
        fill_the_log(address);
    }
    let reader = std::thread::spawn(move || read_on(stderr, slowly));
    // The count is written as soon as there is a next line.
    wait_for("an answer", LIMIT, || is_served(address).then_some(()));
    signal(running.0.id(), "TERM");
    assert_eq!(exit_code(running), Some(0));
    let text = reader.join().expect("reader");
    let count = |part: &str| text.lines().filter(|line| line.contains(part)).count();
    // The count is told, and begins anew, whenever writing works again.
    let numbers_before = |part: &str| -> usize {
        let before = text.lines().filter_map(|line| line.split_once(part));
        let number = |(before, _): (&str, &str)| before.rsplit(' ').next()?.parse::<usize>().ok();
        before.filter_map(number).sum()
    };
    let lost = numbers_before(" lines of this log could not be written");
    let untold = numbers_before(" events of a flood were not told");
    assert!(lost > 0);
    let told = count("no such file");
    assert!(told + lost + untold >= 8000, "{told} {lost} {untold}");
}

/// A stranger's requests ended the server.
#[test]
fn a_log_on_a_full_disk_or_without_a_reader_does_not_end_the_server() {
    let full = || File::options().write(true).open("/dev/full").expect("open");
    let mut closed = Command::new("true")
        .stdin(Stdio::piped())
        .spawn()
        .expect("true");
    closed.wait().expect("its end");
    for json in [&[][..], &["--json"]] {
        let root = tempfile::tempdir().expect("directory");
        let (running, address) = serve(root.path(), |command| {
            command.args(json).stdout(full()).stderr(full());
        });
        ends_well(running, address);
        let (mut running, address) = serve(root.path(), |command| {
            command
                .args(json)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
        });
        drop((running.0.stdout.take(), running.0.stderr.take()));
        ends_well(running, address);
    }
}

fn ends_well(running: Running, address: SocketAddr) {
    for _ in 0..3 {
        assert!(is_served(address));
    }
    signal(running.0.id(), "TERM");
    assert_eq!(exit_code(running), Some(0));
}

#[test]
fn the_log_has_the_time_but_in_the_journal_which_has_it_already() {
    for in_journal in [false, true] {
        let root = tempfile::tempdir().expect("directory");
        let log = root.path().join("log");
        let file = File::create(&log).expect("log");
        let metadata = file.metadata().expect("metadata");
        let (running, _) = serve(root.path(), |command| {
            command.stderr(file);
            if in_journal {
                let name = format!("{}:{}", metadata.dev(), metadata.ino());
                command.env("JOURNAL_STREAM", name);
            }
        });
        signal(running.0.id(), "TERM");
        assert_eq!(exit_code(running), Some(0));
        let text = std::fs::read_to_string(&log).expect("log");
        assert!(text.lines().count() >= 3, "{text}");
        for line in text.lines() {
            let time = line.split_once("Z ").map(|(time, _)| time);
            assert_eq!(time.is_some_and(is_time), !in_journal, "{line}");
            // The journal takes the level from there (sd-daemon(3)).
            assert_eq!(line.starts_with("<6>"), in_journal, "{line}");
        }
    }
}

/// What a server has logged that has served a file twice, another never, and ended.
fn logged(args: &[&str]) -> String {
    let root = tempfile::tempdir().expect("directory");
    let log = root.path().join("log");
    let file = File::create(&log).expect("log");
    let (running, address) = serve(root.path(), |command| {
        command.args(args).stderr(file);
    });
    std::fs::write(root.path().join("blocks"), [0; 700]).expect("write");
    let blocks = Raw::new().read(address, b"blocks");
    assert_eq!(blocks.expect("a file").len(), 700);
    let client = UdpSocket::bind("127.0.0.1:0").expect("bind");
    client.set_read_timeout(Some(LIMIT)).expect("limit");
    for name in [&b"no\x1b[2Jthing"[..], b"../file"] {
        client.send_to(&rrq(name, &[]), address).expect("send");
        client.recv_from(&mut [0; 600]).expect("an error");
    }
    signal(running.0.id(), "TERM");
    assert_eq!(exit_code(running), Some(0));
    std::fs::read_to_string(&log).expect("log")
}

#[test]
fn the_log_as_json_is_an_object_a_line_with_time_level_event_and_the_sentence() {
    let text = logged(&["--log-format", "json", "--log-level", "debug"]);
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    for line in &lines {
        assert_eq!(line["v"], 1, "{line}");
        let time = line["time"].as_str().and_then(|it| it.strip_suffix('Z'));
        assert!(time.is_some_and(is_time), "{line}");
        assert!(line["message"].is_string(), "{line}");
    }
    let of = |event: &str, level: &str| {
        let is_it = |line: &&serde_json::Value| line["event"] == event && line["level"] == level;
        lines.iter().filter(is_it).collect::<Vec<_>>()
    };
    assert_eq!(of("serving", "info").len(), 1, "{text}");
    let begun = of("begun", "debug");
    assert_eq!(begun.len(), 1, "{text}");
    assert_eq!(begun[0]["file"], "blocks");
    let info = of("transfer", "info");
    let complete = |line: &&&serde_json::Value| line["reason"] == "complete";
    assert!(info.iter().filter(complete).count() >= 2, "{text}");
    // A name that is not there is a habit of boot programs; one that leads out is none.
    assert!(info.iter().any(|line| line["reason"] == "not-found"));
    let warnings = of("transfer", "warning");
    assert_eq!(warnings[0]["reason"], "outside-root", "{text}");
    assert_eq!(of("ended", "info").len(), 1, "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_server_that_cannot_begin_says_so_as_json_too() {
    let mut command = lineman();
    command.args(["tftp", "serve", "/nonexistent", "--listen", "127.0.0.1:0"]);
    let output = command
        .args(["--log-format", "json"])
        .output()
        .expect("start");
    assert!(!output.status.success());
    let line: serde_json::Value = serde_json::from_slice(&output.stderr).expect("one object");
    assert_eq!(line["level"], "error");
    assert_eq!(line["event"], "failed");
    let message = line["message"].as_str().expect("a sentence");
    assert!(message.contains("/nonexistent"), "{message}");
}

#[test]
fn what_counts_less_than_was_asked_for_is_not_logged() {
    let all = logged(&[]);
    assert!(
        all.contains("serving") && all.contains("no such file"),
        "{all}"
    );
    assert!(!all.contains("begins"), "{all}");
    let warnings = logged(&["--log-level", "warning"]);
    assert_eq!(warnings.lines().count(), 1, "{warnings}");
    assert!(warnings.contains("../file"), "{warnings}");
    assert_eq!(logged(&["--log-level", "error"]), "");
    let every = logged(&["--log-level", "debug"]);
    assert!(every.contains("get \"blocks\": begins"), "{every}");
}

#[test]
fn events_of_the_server_have_the_time() {
    let root = tempfile::tempdir().expect("directory");
    let (mut running, _) = serve(root.path(), |command| {
        command.arg("--json").stdout(Stdio::piped());
    });
    signal(running.0.id(), "TERM");
    let mut text = String::new();
    let mut stdout = running.0.stdout.take().expect("stdout");
    stdout.read_to_string(&mut text).expect("text");
    for line in text.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let time = event["time"]
            .as_str()
            .and_then(|time| time.strip_suffix('Z'));
        assert!(time.is_some_and(is_time), "{line}");
    }
    assert!(text.lines().count() >= 3);
}
