//! The tour: everything once, on this machine.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::lineman;

fn fast(args: &[&str]) -> String {
    let output = lineman()
        .args(args)
        .args(["tour", "--fast"])
        .output()
        .expect("runs");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn shows_the_three_systems_and_ends_with_matching_checksums() {
    let shown = fast(&[]);
    for part in [
        "server  listen(",
        "client  connect(",
        "server  accept(",
        "= -1 ECONNREFUSED",
        "RRQ \"tour.bin\" octet",
        "they match: every byte is there, in order",
        "Summary",
    ] {
        assert!(shown.contains(part), "{part} is missing in:\n{shown}");
    }
    assert!(!shown.contains('\x1b'), "colour in a pipe");
}

#[test]
fn speaks_chinese() {
    let shown = fast(&["--lang", "zh"]);
    assert!(
        shown.contains("三次握手") && shown.contains("小结"),
        "{shown}"
    );
}

#[test]
fn tells_programs_every_call() {
    let shown = fast(&["--json"]);
    let events: Vec<Value> = shown
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let calls: BTreeSet<&str> = events
        .iter()
        .filter(|event| event["event"] == "call")
        .filter_map(|event| event["name"].as_str())
        .collect();
    let expected = BTreeSet::from([
        "accept",
        "bind",
        "close",
        "connect",
        "getsockname",
        "listen",
        "recv",
        "recvfrom",
        "send",
        "sendto",
        "settimeout",
        "shutdown",
        "socket",
    ]);
    assert_eq!(calls, expected);
}

#[test]
fn leaves_no_file_behind() {
    let dir = tempfile::tempdir().expect("a directory");
    let status = lineman()
        .args(["tour", "--fast"])
        .env("TMPDIR", dir.path())
        .output()
        .expect("runs")
        .status;
    assert!(status.success());
    assert_eq!(dir.path().read_dir().expect("readable").count(), 0);
}
