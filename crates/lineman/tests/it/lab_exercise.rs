//! `lineman lab exercise`: made of a log, solved, and not solved, by the real binary.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Output;
use std::process::Stdio;

use serde_json::Value;

use crate::support::lineman;

fn log(name: &str) -> PathBuf {
    let logs = concat!(env!("CARGO_MANIFEST_DIR"), "/../lineman-trace/tests/logs");
    PathBuf::from(logs).join(name).with_extension("jsonl")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// `lineman ARGS lab exercise FILE`, told these answers.
fn work(args: &[&str], file: &Path, answers: &str) -> Output {
    let mut command = lineman();
    command.args(args).args(["lab", "exercise"]).arg(file);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("runs");
    let mut stdin = child.stdin.take().expect("stdin");
    let _ = stdin.write_all(answers.as_bytes()); // it may have ended before all was read
    drop(stdin);
    child.wait_with_output().expect("ends")
}

fn make(log: &Path, options: &[&str], to: &Path) -> Output {
    let mut command = lineman();
    command
        .args(["lab", "exercise", "--make"])
        .arg(log)
        .args(options);
    command.arg("-o").arg(to).output().expect("runs")
}

/// The events of a program that was asked for JSON.
fn told(output: &Output, event: &str) -> Vec<Value> {
    let text = text(&output.stdout);
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["event"] == event).collect()
}

#[test]
fn a_wrong_answer_is_not_accepted_its_reason_is_given_and_a_right_one_solves() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("a.exercise");
    let made = make(
        &log("recorded-close"),
        &["--ask", "state", "--blanks", "2"],
        &file,
    );
    assert!(made.status.success(), "{}", text(&made.stderr));

    // What the two places hold is shown by asking for it.
    let shown = work(&[], &file, "?\n?\n");
    assert_eq!(shown.status.code(), Some(5), "shown is not solved");
    let shown = text(&shown.stdout);
    let truths: Vec<&str> = shown
        .lines()
        .filter_map(|line| line.strip_prefix("It is ")?.strip_suffix('.'))
        .collect();
    assert_eq!(truths.len(), 2, "{shown}");

    let wrong = if truths[0] == "LISTEN" {
        "CLOSED"
    } else {
        "LISTEN"
    };
    let tried = work(&[], &file, &format!("{wrong}\n\n{}\n", truths[1]));
    assert_eq!(tried.status.code(), Some(5), "one place is open");
    let said = text(&tried.stdout);
    assert!(said.contains(&format!("Not {wrong}.")), "{said}");
    assert!(said.contains("because"), "a reason of the story: {said}");
    assert!(
        said.contains("1 of 2 right, 1 of them at the first try"),
        "{said}"
    );

    let solved = work(
        &[],
        &file,
        &format!("{wrong}\n{}\n{}\n", truths[0], truths[1]),
    );
    assert!(solved.status.success(), "{}", text(&solved.stderr));
    assert!(text(&solved.stdout).contains("2 of 2 right, 1 of them at the first try"));
}

#[test]
fn packets_are_put_in_order() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("a.exercise");
    assert!(
        make(&log("chat"), &["--ask", "order"], &file)
            .status
            .success()
    );
    let shown = text(&work(&[], &file, "?\n").stdout);
    let order = shown
        .lines()
        .find_map(|line| line.strip_prefix("It was ")?.strip_suffix('.'));
    let order = order.expect("an order").to_owned();
    let backwards: String = order.chars().rev().collect();
    let tried = work(
        &[],
        &file,
        &format!("{backwards}\nAAA\n{}\n", order.to_lowercase()),
    );
    let said = text(&tried.stdout);
    assert!(tried.status.success(), "{said}");
    assert!(
        said.contains("Not so: ") && said.contains("cannot stand before"),
        "{said}"
    );
    assert!(said.contains("letters once"), "{said}");
    assert!(
        said.contains("1 of 1 right, 0 of them at the first try"),
        "{said}"
    );
}

#[test]
fn it_speaks_chinese_and_json() {
    let chinese = work(&["--lang", "zh"], &log("recorded-close"), "q\n");
    let said = text(&chinese.stdout);
    assert!(said.contains("按发送的先后排好"), "{said}");
    assert_eq!(chinese.status.code(), Some(5));

    let json = work(&["--json"], &log("recorded-close"), "ABC\n");
    let exercise = told(&json, "exercise").remove(0);
    let blanks = exercise["blanks"].as_array().expect("blanks").len();
    assert_eq!(blanks, 8);
    assert!(
        exercise["lines"]
            .as_array()
            .is_some_and(|lines| !lines.is_empty())
    );
    let score = told(&json, "score").remove(0);
    assert_eq!(score["asked"], 9);
    assert_eq!(score["right"], 0);
}

#[test]
fn an_exercise_is_one_file_and_says_itself_what_is_asked() {
    let dir = tempfile::tempdir().expect("a directory");
    let (own, file) = (dir.path().join("own.jsonl"), dir.path().join("a.exercise"));
    fs::copy(log("chat"), &own).expect("copies");
    assert!(
        make(&own, &["--ask", "flags", "--seed", "7"], &file)
            .status
            .success()
    );
    fs::remove_file(&own).expect("removes");
    let mut command = lineman();
    command
        .args(["lab", "exercise"])
        .arg(&file)
        .args(["--ask", "order"]);
    let output = command.stdin(Stdio::null()).output().expect("runs");
    assert!(
        text(&output.stdout).contains("flags> "),
        "{}",
        text(&output.stdout)
    );
    assert!(text(&output.stderr).contains("says itself what is asked"));
}

/// Output is written beside and renamed: nothing of the log is lost, whatever name is given.
#[test]
fn a_log_is_not_made_an_exercise_onto_itself() {
    let dir = tempfile::tempdir().expect("a directory");
    let own = dir.path().join("own.jsonl");
    fs::copy(log("chat"), &own).expect("copies");
    let made = make(&own, &[], &own);
    assert_eq!(made.status.code(), Some(2), "{}", text(&made.stderr));
    assert_eq!(
        fs::read(&own).expect("the log"),
        fs::read(log("chat")).expect("a log")
    );
}

#[test]
fn what_can_be_no_exercise_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let bad = dir.path().join("bad");
    fs::write(&bad, "hello\n").expect("writes");
    let output = work(&[], &bad, "");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("line 1: no event"),
        "{}",
        text(&output.stderr)
    );
    let nothing = make(&log("udp"), &["--ask", "seq"], &dir.path().join("b"));
    assert_eq!(nothing.status.code(), Some(2));
    assert!(text(&nothing.stderr).contains("nothing in it that can be asked"));
    assert!(!dir.path().join("b").exists(), "half an exercise");
    let stdin = work(&[], Path::new("-"), "hello\n");
    assert_eq!(stdin.status.code(), Some(2));
    assert!(text(&stdin.stderr).contains("answers come from stdin"));
}
