//! Completions and manual pages.

use std::process::Output;

use crate::support::lineman;

fn run(args: &[&str]) -> Output {
    let output = lineman().args(args).output().expect("run");
    assert!(output.status.success(), "{args:?}");
    output
}

fn stdout(args: &[&str]) -> String {
    String::from_utf8(run(args).stdout).expect("UTF-8")
}

#[test]
fn the_manual_page_in_both_languages() {
    let version = concat!("lineman ", env!("CARGO_PKG_VERSION"));
    for lang in ["en", "zh"] {
        let page = stdout(&["man", "--lang", lang]).replace(version, "lineman VERSION");
        let page = page.replace(concat!("v", env!("CARGO_PKG_VERSION")), "VERSION");
        insta::assert_snapshot!(format!("man_{lang}"), page);
    }
}

#[test]
fn a_page_for_every_command() {
    let dir = tempfile::tempdir().expect("temporary directory");
    run(&["man", "--dir", dir.path().to_str().expect("UTF-8")]);
    let page = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect(name);
    for name in [
        "lineman.1",
        "lineman-chat-call.1",
        "lineman-tftp-serve.1",
        "lineman-man.1",
    ] {
        assert!(page(name).contains(".SH NAME"), "{name}");
    }
    assert!(page("lineman-tftp-serve.1").contains("max\\-upload"));
}

#[test]
fn a_directory_that_is_not_there_is_made() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let new = dir.path().join("new/mans");
    run(&["man", "--dir", new.to_str().expect("UTF-8")]);
    assert!(new.join("lineman-chat-call.1").is_file());
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let file = dir.path().join("file");
    std::fs::write(&file, "a file").expect("write");
    let output = lineman()
        .args(["man", "--dir"])
        .arg(file.join("mans"))
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(5));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("/file/mans: "), "{text}");
}

#[test]
fn completions_for_every_shell_know_the_options() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = stdout(&["completions", shell]);
        assert!(script.contains("max-upload"), "{shell}");
    }
}

#[test]
fn bash_accepts_its_completions() {
    let script = stdout(&["completions", "bash"]);
    let status = std::process::Command::new("bash")
        .args(["-n", "-c", &script])
        .status()
        .expect("bash");
    assert!(status.success());
}

/// `lineman man | head -1` is no failure.
#[test]
fn a_closed_pipe_is_success() {
    let program = env!("CARGO_BIN_EXE_lineman");
    let script = format!("set -o pipefail; '{program}' completions bash | head -c 1 > /dev/null");
    let status = std::process::Command::new("bash")
        .args(["-c", &script])
        .status()
        .expect("bash");
    assert!(status.success());
}
