//! The tour: everything once, in a private network.

use std::io::Read as _;
use std::process::Child;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;

use crate::chat_terminal::Terminal;
use crate::support::lineman;
use crate::support::wait_for;

fn fast(args: &[&str]) -> String {
    let output = lineman()
        .args(args)
        .args(["tour", "--fast"])
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.is_empty(), "{said}");
    String::from_utf8(output.stdout).expect("text")
}

/// In this order.
fn has_all(shown: &str, parts: &[&str]) {
    let mut rest = shown;
    for part in parts {
        let at = rest.find(part);
        let at = at.unwrap_or_else(|| panic!("{part} is missing in:\n{shown}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn shows_three_chapters_and_a_summary() {
    let shown = fast(&[]);
    has_all(
        &shown,
        &[
            "1  A call over TCP",
            "──SYN seq=0 ──",
            "send(3, \"你好",
            "FIN-WAIT-2",
            "TIME-WAIT",
            "2  Datagrams over UDP, one of them lost",
            "✗ lost",
            "TimeoutError",
            "3  A file over TFTP, one block lost",
            "lost ✗",
            "DATA 2 len=512 (retransmission)",
            "the transfer is over",
            "States are the kernel's own",
            "Summary",
            "the wire lost 2 packets",
            "lineman lab list",
        ],
    );
    assert!(!shown.contains('\x1b'), "colour in a pipe");
}

#[test]
fn speaks_chinese() {
    let shown = fast(&["--lang", "zh"]);
    has_all(
        &shown,
        &[
            "1  一次 TCP 通话",
            "2  UDP 数据报",
            "3  TFTP 传文件",
            "小结",
        ],
    );
}

/// The log of the lab, and between its lines those of the tour.
#[test]
fn tells_programs_everything() {
    let shown = fast(&["--json"]);
    let events: Vec<Value> = shown
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let chapters: Vec<&str> = events
        .iter()
        .filter(|event| event["event"] == "chapter")
        .filter_map(|event| event["name"].as_str())
        .collect();
    assert_eq!(chapters, ["tour-chat", "tour-datagrams", "tour-file"]);
    let log: Vec<&Value> = events.iter().filter(|event| event["v"].is_null()).collect();
    let numbers = log.iter().filter_map(|event| event["n"].as_u64());
    assert!(numbers.eq(0..log.len() as u64));
    let sent = log
        .iter()
        .filter(|event| event["verdict"] == "sent")
        .count();
    let summary = events.last().expect("events");
    assert_eq!(summary["event"], "summary");
    assert_eq!(summary["packets"], sent);
    assert_eq!(summary["lost"], 2);
    assert_eq!(summary["states"].as_array().map(Vec::len), Some(10));
}

/// The log, taken out of it, can be replayed.
#[test]
fn what_is_told_is_a_log() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("a.jsonl");
    let shown = fast(&["--json"]);
    let is_log = |line: &&str| line.starts_with("{\"n\":");
    let log: Vec<&str> = shown.lines().filter(is_log).collect();
    std::fs::write(&path, log.join("\n") + "\n").expect("a file");
    let output = lineman().args(["lab", "replay"]).arg(&path).output();
    let output = output.expect("runs");
    assert!(output.status.success() && output.stderr.is_empty());
    has_all(
        &String::from_utf8_lossy(&output.stdout),
        &["Two programs connect", "TFTP makes UDP reliable"],
    );
}

#[test]
fn fits_narrow_terminals() {
    use unicode_width::UnicodeWidthStr as _;
    for width in ["40", "79"] {
        let output = lineman()
            .args(["tour", "--fast", "--width", width])
            .output()
            .expect("runs");
        assert!(output.status.success());
        let limit: usize = width.parse().expect("a number");
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            assert!(line.width() <= limit, "{width}: {line}");
        }
    }
}

fn paced() -> Child {
    let mut command = lineman();
    let command = command.arg("tour").stdout(Stdio::piped());
    command.stderr(Stdio::piped()).spawn().expect("runs")
}

#[test]
fn takes_its_time_unless_told() {
    let begun = Instant::now();
    let status = paced().wait_with_output().expect("runs").status;
    assert!(status.success());
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(6), "{took:?}");
}

#[test]
fn a_closed_pipe_is_success() {
    let mut child = paced();
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("wait");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
fn an_interruption_ends_it_at_once() {
    let mut child = paced();
    let mut out = child.stdout.take().expect("a pipe");
    let mut some = [0; 400];
    out.read_exact(&mut some).expect("the beginning");
    let id = Pid::from_raw(child.id() as i32).expect("a process");
    rustix::process::kill_process(id, Signal::INT).expect("kill");
    let status = wait_for("the end", Duration::from_secs(3), || {
        child.try_wait().expect("wait")
    });
    assert_eq!(status.code(), Some(130));
}

/// The tour ran through two hundred and fifty lines in ten seconds, faster than a person reads.
#[test]
fn at_a_terminal_each_step_waits_for_a_key() {
    let terminal = Terminal::run("tour");
    let shows_keys = || {
        terminal.shows("Space: go on");
        terminal.screen()
    };
    let first = shows_keys();
    assert!(first.contains("1  A call over TCP"), "{first}");
    assert!(!first.contains("SYN+ACK"), "{first}");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(terminal.screen(), first, "it waits");
    let mut pages = vec![first];
    while !pages.last().is_some_and(|page| page.contains("the-end")) {
        assert!(pages.len() < 60, "{pages:?}");
        terminal.key("Space");
        let before = pages.last().cloned().unwrap_or_default();
        wait_for("another page", Duration::from_secs(20), || {
            let now = terminal.screen();
            let settled = now.contains("Space: go on") || now.contains("the-end");
            (settled && now != before).then(|| pages.push(now))
        });
    }
    assert!(pages.len() > 8, "{}", pages.len());
    // Nothing was pushed away before a key: each row is on some page.
    for part in [
        "2  Datagrams over UDP",
        "3  A file over TFTP",
        "TimeoutError",
        "lost ✗",
        "Summary",
    ] {
        assert!(pages.iter().any(|page| page.contains(part)), "{part}");
    }
    assert_eq!(terminal.code(), "0");
}

/// What was drawn for the window as it had been came in pieces.
#[test]
fn after_the_window_has_another_width_what_follows_fits() {
    let terminal = Terminal::run("tour");
    terminal.shows("Space: go on");
    for columns in [110_usize, 70] {
        terminal.tmux(&["resize-window", "-x", &columns.to_string()]);
        // Lines that the terminal has broken are joined; those of before go up and away.
        wait_for("a page that fits", Duration::from_secs(40), || {
            let screen = terminal.screen();
            let widest = screen.lines().map(|line| line.chars().count()).max();
            let fits = (columns - 25..=columns).contains(&widest.unwrap_or_default());
            let waits = screen.contains("Space: go on");
            if waits && !fits {
                terminal.key("Space");
            }
            (waits && fits).then_some(())
        });
    }
    terminal.tmux(&["resize-window", "-x", "60"]); // as it was
    terminal.key("q");
    assert_eq!(terminal.code(), "0");
}

#[test]
fn at_a_terminal_it_can_be_left_or_run_on_and_gives_the_terminal_back() {
    for (key, code) in [("q", "0"), ("Escape", "0"), ("C-c", "130")] {
        // The shell of the script hears ^C as well, and is to go on.
        let terminal = Terminal::with_variable("trap : INT;", "tour --lang zh");
        terminal.shows("空格：继续");
        terminal.key(key);
        assert_eq!(terminal.code(), code, "{key}");
        assert!(!terminal.screen().contains("空格：继续"), "{key}");
    }
    let terminal = Terminal::run("tour");
    terminal.shows("Space: go on");
    terminal.key("r");
    assert_eq!(terminal.code(), "0");
}
