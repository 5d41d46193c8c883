//! `lineman lab SCENARIO`: labs by the real binary, drawn, exported, interrupted, refused.

use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::path::Path;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;

use lineman_lab::scenarios::Scenario;
use rustix::process::Pid;
use rustix::process::Signal;

use crate::support::lineman;
use crate::support::wait_for;

fn lab(args: &[&str]) -> Output {
    lineman().arg("lab").args(args).output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn a_scenario_is_drawn_as_it_happens() {
    let output = lab(&["handshake"]);
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for part in [
        "Three segments. Look at",
        "──SYN seq=0 ──",
        "SYN+ACK seq=0 ack=1──",
        "ESTABLISHED",
        "States are the kernel's own",
    ] {
        assert!(shown.contains(part), "{part} is missing in:\n{shown}");
    }
    assert!(output.stderr.is_empty());
}

#[test]
fn it_is_told_in_chinese() {
    let shown = text(&lab(&["--lang", "zh", "udp-lost"]).stdout);
    assert!(shown.contains("线路丢弃三个数据报中的第二个"), "{shown}");
}

#[test]
fn without_a_name_there_is_a_list() {
    for args in [&[][..], &["list"]] {
        let output = lab(args);
        let list = text(&output.stdout);
        assert!(output.status.success());
        assert!(list.contains("  tftp-wrong-tid       TFTP: "), "{list}");
    }
    let lines = text(&lab(&["list", "--json"]).stdout);
    assert_eq!(lines.lines().count(), Scenario::all().count());
    assert!(
        lines.starts_with(r#"{"event":"scenario","name":"handshake""#),
        "{lines}"
    );
}

/// The same seed loses the same datagrams; the rule is told in the log.
#[test]
fn rules_may_be_added() {
    let args = [
        "udp-lost",
        "--json",
        "--fault",
        "c>s:udp loss 50%",
        "--seed",
        "5",
    ];
    let lost = || {
        let log = text(&lab(&args).stdout);
        let is = |line: &&str| line.contains(r#""event":"fault""#);
        log.lines()
            .filter(is)
            .map(|line| line.split(r#""event""#).nth(1).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let first = lost();
    assert!(!first.is_empty());
    assert_eq!(first, lost());
}

#[test]
fn what_makes_no_sense_is_named_with_the_choices() {
    let cases = [
        (&["handshak"][..], "did you mean handshake?"),
        (&["nonsense"], "there is no scenario nonsense"),
        (
            &["handshake", "--fault", "#1 dorp"],
            "“dorp” means nothing here; possible: drop, loss",
        ),
        (
            &["handshake", "--fault", "#1 delay"],
            "something is missing behind “delay”; possible: 250us",
        ),
        (
            &["handshake", "--fault", "loss 200%"],
            "“200%” is not a value for this; write it like 20%",
        ),
        (
            &["handshake", "--fault", "seed 1; seed 2"],
            "“seed” is said twice",
        ),
        (
            &["--lang", "zh", "handshake", "--fault", "#1 dorp"],
            "“dorp”在这里没有意义；可以是：drop",
        ),
    ];
    for (args, part) in cases {
        let output = lab(args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(part), "{part} is missing in {said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_log_is_recorded_and_can_be_replayed() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("a.jsonl").display().to_string();
    let live = text(&lab(&["close-four", "--record", &log]).stdout);
    let again = text(&lab(&["replay", &log]).stdout);
    assert_eq!(live, again);
    let picture = dir.path().join("a.svg").display().to_string();
    let output = lab(&["refused", "--export", "svg", "-o", &picture]);
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(
        fs::read_to_string(&picture)
            .expect("a file")
            .starts_with("<svg")
    );
}

/// ^C in the middle: what was seen stays, the exit code says so, and nothing is left.
#[test]
fn an_interrupted_lab_leaves_nothing() {
    let mut child = lineman()
        .args(["lab", "syn-lost", "--delay", "5000"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let first = lines
        .by_ref()
        .find(|line| line.as_ref().is_ok_and(|line| line.contains("listen(")));
    assert!(first.is_some());
    let labs = labs_of(child.id());
    assert_eq!(labs.len(), 1);
    let own = fs::read_link("/proc/self/ns/net").expect("a namespace");
    let inside = fs::read_link(format!("/proc/{}/ns/net", labs[0])).expect("a namespace");
    assert_ne!(own, inside);
    let id = Pid::from_raw(child.id() as i32).expect("a process");
    rustix::process::kill_process(id, Signal::INT).expect("kill");
    let status = child.wait().expect("wait");
    assert_eq!(status.code(), Some(130));
    let rest: Vec<_> = lines.map_while(Result::ok).collect();
    assert!(
        rest.iter().any(|line| line.contains("States are")),
        "{rest:?}"
    );
    // The kernel removes a namespace with its last process.
    wait_for("the lab's end", Duration::from_secs(10), || {
        (!Path::new(&format!("/proc/{}", labs[0])).exists()).then_some(())
    });
}

/// The processes that a process has started.
fn labs_of(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("threads");
    let children = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        text.split_whitespace()
            .filter_map(|id| id.parse().ok())
            .collect::<Vec<u32>>()
    };
    threads.flatten().flat_map(children).collect()
}

/// A program that reads a few lines and closes the pipe has got what it wanted.
#[test]
fn a_closed_pipe_is_success() {
    let mut child = lineman()
        .args(["lab", "handshake"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("wait").code(), Some(0));
}
