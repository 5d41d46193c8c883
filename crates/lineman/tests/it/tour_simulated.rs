//! The tour where namespaces are refused: simulated, and said to be.

use std::process::Output;

use serde_json::Value;

use crate::support::without_namespaces;

fn fast(args: &[&str]) -> Output {
    let args = [args, &["tour", "--fast"]].concat();
    let output = without_namespaces(&args).output();
    let output = output.expect("unshare of util-linux");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn says_why_it_is_simulated_and_plays_every_chapter() {
    let output = fast(&[]);
    let (shown, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.starts_with("simulated: the system refuses a network namespace of its own"),
        "{said}"
    );
    // ENOSPC: of a limit, not of a disk.
    assert!(said.contains("(their number is limited)"), "{said}");
    let mut rest = &*shown;
    for part in [
        "lineman tour: two simulated hosts",
        "SIMULATED: both hosts are TCP/IP stacks inside this program",
        "Simulated: TIME-WAIT lasts 10 s",
        "1  A call over TCP",
        "FIN-WAIT-2",
        "2  Datagrams over UDP, one of them lost",
        "✗ lost",
        "3  A file over TFTP, one block lost",
        "DATA 2 len=512 (retransmission)",
        "no kernel's TCP took part",
        "the wire lost 2 packets",
        "states of TCP in the simulated hosts (smoltcp",
    ] {
        let at = rest.find(part);
        let at = at.unwrap_or_else(|| panic!("{part} is missing or misplaced in:\n{shown}"));
        rest = &rest[at + part.len()..];
    }
    assert!(!shown.contains("as the kernel told them"), "{shown}");
    assert!(!shown.contains("private network"), "{shown}");
}

#[test]
fn speaks_chinese() {
    let output = fast(&["--lang", "zh"]);
    let (shown, said) = (text(&output.stdout), text(&output.stderr));
    assert!(said.starts_with("模拟：系统拒绝了"), "{said}");
    for part in ["两台模拟的主机", "1  一次 TCP 通话", "小结"] {
        assert!(shown.contains(part), "{part} is missing in:\n{shown}");
    }
}

#[test]
fn tells_programs_the_log_of_the_simulated_lab() {
    let shown = text(&fast(&["--json"]).stdout);
    let events: Vec<Value> = shown
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(events[0]["origin"], "simulated");
    let chapters = events.iter().filter(|event| event["event"] == "chapter");
    assert_eq!(chapters.count(), 3);
    let summary = events.last().expect("events");
    assert_eq!(summary["event"], "summary");
    assert_eq!(summary["lost"], 2);
}
