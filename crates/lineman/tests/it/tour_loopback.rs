//! The tour where namespaces are refused: calls alone, on loopback.

use std::collections::BTreeSet;
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
fn says_why_and_shows_the_calls() {
    let output = fast(&[]);
    let (shown, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.starts_with("on loopback: the system refuses a network namespace of its own"),
        "{said}"
    );
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
    let output = fast(&["--lang", "zh"]);
    let (shown, said) = (text(&output.stdout), text(&output.stderr));
    assert!(said.starts_with("在环回接口上进行"), "{said}");
    assert!(
        shown.contains("三次握手") && shown.contains("小结"),
        "{shown}"
    );
}

#[test]
fn tells_programs_every_call() {
    let shown = text(&fast(&["--json"]).stdout);
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
    let output = without_namespaces(&["tour", "--fast"])
        .env("TMPDIR", dir.path())
        .output()
        .expect("runs");
    assert!(output.status.success());
    assert_eq!(dir.path().read_dir().expect("readable").count(), 0);
}
