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

/// A user who wanted to play a scenario had to ask for the list first.
#[test]
fn scenarios_are_completed() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = stdout(&["completions", shell]);
        let has = ["simultaneous-close", "udp-fragments"].map(|name| script.contains(name));
        assert_eq!(has, [true; 2], "{shell}");
    }
    // There each is a command of lab, behind which the options of lab are completed.
    for (shell, begins, ends, named) in [
        (
            "elvish",
            "&'lineman;lab'= {",
            "\n        }",
            "cand udp-fragments ",
        ),
        (
            "powershell",
            "'lineman;lab' {",
            "break",
            "::new('udp-fragments', ",
        ),
    ] {
        let script = stdout(&["completions", shell]);
        let block = |begins: &str| {
            let (_, rest) = script.split_once(begins).expect(begins);
            rest.split_once(ends).expect(ends).0.to_owned()
        };
        assert!(block(begins).contains(named), "{shell}");
        let options = block(&begins.replace("lab'", "lab;udp-fragments'"));
        assert!(options.contains("--fault"), "{shell}");
    }
    let script = stdout(&["completions", "bash"]);
    let asks = "COMP_WORDS=(lineman lab simul); COMP_CWORD=2; _lineman lineman simul lab; echo ${COMPREPLY[*]}";
    let output = std::process::Command::new("bash")
        .args(["-c", &format!("{script}\n{asks}")])
        .output()
        .expect("bash");
    let completed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        completed.trim(),
        "simultaneous-open simultaneous-close",
        "{output:?}"
    );
}

/// Its rules were known to those who had read the source.
#[test]
fn the_language_of_faults_is_in_help_and_manual() {
    for words in [&["lab"][..], &["lab", "bench"], &["lab", "run"]] {
        let text = stdout(&[&["help"], words].concat());
        for part in [
            "Rules of the wire",
            "c>s: s>c: both:",
            "every 3",
            "corrupt 1 bit",
            "seed 42",
        ] {
            assert!(text.contains(part), "{words:?}: {part}");
        }
        let text = stdout(&[&["--lang", "zh", "help"], words].concat());
        assert!(
            text.contains("线路规则（--fault）") && text.contains("翻转其中"),
            "{words:?}"
        );
    }
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().display().to_string();
    stdout(&["man", "--dir", &path]);
    let page = std::fs::read_to_string(dir.path().join("lineman-lab.1")).expect("the page");
    assert!(page.contains("corrupt 1 bit"), "{page}");
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
