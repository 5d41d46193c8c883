//! `lineman lab SCENARIO` where namespaces are refused: simulated, and said to be.

use std::process::Command;
use std::process::Output;

use crate::support::lineman;
use crate::support::without_namespaces;
use lineman_lab::scenarios::Scenario;

fn lab(args: &[&str]) -> Output {
    lineman().arg("lab").args(args).output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn output(mut command: Command) -> Output {
    command.output().expect("unshare of util-linux")
}

#[test]
fn it_is_said_that_it_is_simulated_and_what_differs() {
    let output = lab(&["close-four", "--simulated"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    let first = shown.lines().next().unwrap_or_default();
    assert!(first.starts_with("SIMULATED: both hosts are "), "{first}");
    for part in [
        "TIME-WAIT lasts 10 s; on Linux it is 60 s.",
        "a FIN is usually acknowledged in a segment of its own",
        "FIN-WAIT-2",
        "no kernel's TCP took part",
    ] {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
    assert!(output.stderr.is_empty());
}

#[test]
fn it_is_said_in_chinese_too() {
    let shown = text(&lab(&["--lang", "zh", "data-lost", "--simulated"]).stdout);
    assert!(shown.starts_with("模拟：两台主机都是"), "{shown}");
    assert!(shown.contains("模拟：没有拥塞控制"), "{shown}");
}

/// Datagrams and files are no matter of TCP: nothing differs, so nothing is said of it.
#[test]
fn datagrams_and_files_are_played_without_a_word_more() {
    for (name, part) in [
        ("udp-closed", "ECONNREFUSED"),
        ("udp-lost", "✗ lost"),
        ("tftp-data-lost", "DATA 2 len=512 (retransmission)"),
    ] {
        let shown = text(&lab(&[name, "--simulated"]).stdout);
        assert!(shown.contains(part), "{part} is missing in {shown}");
        assert!(!shown.contains("Simulated:"), "{shown}");
    }
}

/// "The SYNs cross", with --delay 0: a lesson announced what the options of its play had made impossible.
#[test]
fn a_lesson_whose_lab_is_not_its_own_announced_all_the_same() {
    let shown = |args: &[&str]| {
        let shown = text(&lab(&[&["udp-reordered", "--simulated"], args].concat()).stdout);
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let said = "not set up as the lesson has it";
    for (args, what) in [
        (&["--delay", "0"][..], "(the delay)"),
        (&["--textbook"], "(the settings of TCP)"),
        (
            &["--fault", "c>s:#1 drop", "--delay", "5"],
            "(the rules of the wire, the delay)",
        ),
    ] {
        let shown = shown(args);
        assert!(shown.contains(&format!("{said} {what}")), "{shown}");
    }
    assert!(!shown(&[]).contains(said));
    assert!(!shown(&["--delay", "2", "--seed", "7"]).contains(said));
    let shown = shown(&["--delay", "0", "--lang", "zh"]);
    assert!(shown.contains("这里所说的不一定会发生"), "{shown}");
}

/// The log says so as well: who replays it is told the same.
#[test]
fn a_recorded_log_stays_simulated() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("a.jsonl").display().to_string();
    let live = text(&lab(&["last-ack-lost", "--simulated", "--record", &log]).stdout);
    let again = text(&lab(&["replay", &log]).stdout);
    assert_eq!(live, again);
}

#[test]
fn what_only_linux_does_is_not_simulated() {
    let only_linux = || Scenario::all().filter(|it| !it.can_be_simulated());
    for name in only_linux().map(|it| it.name) {
        let output = lab(&[name, "--simulated"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(7), "{said}");
        assert!(
            said.contains(&format!("{name} cannot be simulated")),
            "{said}"
        );
        assert!(output.stdout.is_empty());
    }
    let list = text(&lab(&["list"]).stdout);
    assert!(
        list.contains("* close-three ") && list.contains("  close-four "),
        "{list}"
    );
    assert!(list.contains("* only with this machine's kernel"), "{list}");
    let lines = text(&lab(&["list", "--json"]).stdout);
    let marked = lines.matches(r#""simulated":false"#).count();
    assert_eq!(marked, only_linux().count(), "{lines}");
}

#[test]
fn where_namespaces_are_refused_it_is_simulated() {
    let output = output(without_namespaces(&["lab", "handshake"]));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    for part in [
        "simulated: the system refuses a network namespace of its own",
        "lineman doctor",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert!(text(&output.stdout).starts_with("SIMULATED: "));
}

#[test]
fn who_insists_on_the_kernel_is_not_permitted() {
    let output = output(without_namespaces(&["lab", "handshake", "--kernel"]));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(
        said.contains("refuses a network namespace of its own"),
        "{said}"
    );
    assert!(output.stdout.is_empty());
}

/// Both are said: why it would have to be simulated, and that it cannot be.
#[test]
fn what_can_neither_be_shown_nor_simulated_is_not_permitted() {
    let output = output(without_namespaces(&["lab", "udp-fragments"]));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(
        said.contains("refuses a network namespace of its own"),
        "{said}"
    );
    assert!(said.contains("udp-fragments cannot be simulated"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
