//! Files that lineman writes: whole or not at all, and never over what it reads.

use std::fs;
use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use tempfile::TempDir;

use crate::support::lineman;

fn log() -> PathBuf {
    let logs = concat!(env!("CARGO_MANIFEST_DIR"), "/../lineman-trace/tests/logs");
    Path::new(logs).join("chat.jsonl")
}

/// A directory with a log in it, and what the log says.
fn with_log() -> (TempDir, String) {
    let dir = tempfile::tempdir().expect("directory");
    let path = dir.path().join("a.jsonl");
    fs::copy(log(), &path).expect("copy");
    (dir, fs::read_to_string(path).expect("read"))
}

fn run(command: &mut Command) -> (Output, String) {
    let output = command.stdin(Stdio::null()).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

#[test]
fn a_log_was_emptied_by_its_own_export() {
    let (dir, text) = with_log();
    let name = |name: &str| dir.path().join(name);
    fs::hard_link(name("a.jsonl"), name("hard.jsonl")).expect("link");
    symlink("a.jsonl", name("soft.jsonl")).expect("link");
    for output in ["a.jsonl", "./a.jsonl", "hard.jsonl", "soft.jsonl"] {
        for export in [&["--export", "jsonl"][..], &["--export", "svg"], &[]] {
            let mut command = lineman();
            command.current_dir(&dir).args(["lab", "replay", "a.jsonl"]);
            let (ended, said) = run(command.args(export).args(["-o", output]));
            assert_eq!(ended.status.code(), Some(2), "{output}: {said}");
            assert!(
                said.contains(&format!("{output} is read or written")),
                "{said}"
            );
            let now = fs::read_to_string(name("a.jsonl")).expect("read");
            assert_eq!(now, text, "{output}");
        }
    }
}

#[test]
fn a_log_on_stdin_and_one_that_is_appended_to_itself() {
    let (dir, text) = with_log();
    let path = dir.path().join("a.jsonl");
    let mut command = lineman();
    command.args(["lab", "replay", "-", "-o"]).arg(&path);
    command.stdin(File::open(&path).expect("open"));
    assert_eq!(command.output().expect("runs").status.code(), Some(2));
    let mut command = lineman();
    command.args(["lab", "replay"]).arg(&path);
    command.stdout(File::options().append(true).open(&path).expect("open"));
    assert_eq!(run(&mut command).0.status.code(), Some(2));
    assert_eq!(fs::read_to_string(&path).expect("read"), text);
}

#[test]
fn a_command_that_fails_leaves_what_was_there() {
    let dir = tempfile::tempdir().expect("directory");
    let name = |name: &str| dir.path().join(name);
    fs::write(name("log"), "no log\n").expect("write");
    fs::write(name("old"), "old").expect("write");
    for export in ["svg", "jsonl"] {
        let mut command = lineman();
        command.current_dir(&dir).args(["lab", "replay", "log"]);
        let (ended, said) = run(command.args(["--export", export, "-o", "old"]));
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert_eq!(fs::read(name("old")).expect("read"), b"old");
    }
    assert_eq!(fs::read_dir(&dir).expect("directory").count(), 2);
}

#[test]
fn two_outputs_of_one_command_are_two_files() {
    let dir = tempfile::tempdir().expect("directory");
    let both = ["--record", "new", "--export", "jsonl", "-o", "new"];
    let mut command = lineman();
    command.current_dir(&dir).args(["lab", "handshake"]);
    let (ended, said) = run(command.arg("--simulated").args(both));
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert_eq!(fs::read_dir(&dir).expect("directory").count(), 0);
    let mut command = lineman();
    let both = ["tftp://[::1]:9/a/x", "tftp://[::1]:9/b/x"];
    let (ended, said) = run(command.current_dir(&dir).args(["tftp", "get"]).args(both));
    assert_eq!(ended.status.code(), Some(2), "{said}");
}

#[test]
fn a_record_and_an_export_are_both_there() {
    let dir = tempfile::tempdir().expect("directory");
    let both = ["--record", "a.jsonl", "--export", "svg", "-o", "a.svg"];
    let mut command = lineman();
    command.current_dir(&dir).args(["lab", "handshake"]);
    let (ended, said) = run(command.arg("--simulated").args(both));
    assert_eq!(ended.status.code(), Some(0), "{said}");
    let (ended, said) = run(lineman()
        .current_dir(&dir)
        .args(["lab", "replay", "a.jsonl", "-o", "a.txt"]));
    assert_eq!(ended.status.code(), Some(0), "{said}");
    let svg = fs::read_to_string(dir.path().join("a.svg")).expect("read");
    assert!(svg.trim_end().ends_with("</svg>"), "{svg}");
    assert_eq!(fs::read_dir(&dir).expect("directory").count(), 3);
}

/// `> file` gives the file to the process; it is not to be replaced, nor written from its beginning.
#[test]
fn dev_stdout_is_the_stdout_that_was_given() {
    let (dir, _) = with_log();
    let given = dir.path().join("given");
    fs::write(&given, "before\n").expect("write");
    let mut command = lineman();
    command.current_dir(&dir).args(["lab", "replay", "a.jsonl"]);
    command.args(["-o", "/dev/stdout"]);
    command.stdout(File::options().append(true).open(&given).expect("open"));
    assert!(run(&mut command).0.status.success());
    let text = fs::read_to_string(given).expect("read");
    assert!(
        text.starts_with("before\n") && text.contains("SYN"),
        "{text}"
    );
}
