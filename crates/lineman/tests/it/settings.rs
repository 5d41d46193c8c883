//! Flag > environment > file > default, seen from outside: `lang` decides the language of a help,
//! and a value that is refused shows whose it was.

use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::support::lineman;

/// A directory with a `lineman/lineman.toml` in it, as `XDG_CONFIG_HOME` wants it.
fn usual_place(text: &str) -> TempDir {
    let dir = TempDir::new().expect("temporary directory");
    std::fs::create_dir(dir.path().join("lineman")).expect("directory");
    std::fs::write(dir.path().join("lineman/lineman.toml"), text).expect("write");
    dir
}

fn run(config: &Path, args: &[&str], variables: &[(&str, &str)]) -> Output {
    lineman()
        .args(args)
        .env("XDG_CONFIG_HOME", config)
        .envs(variables.iter().copied())
        .output()
        .expect("run")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The value of `--timeout` that won, all of them being wrong: the refusal names it.
fn refused_timeout(file: bool, variable: bool, flag: bool) -> String {
    let text = "[chat.call]\ntimeout = 'of the file'\n";
    let dir = usual_place(if file { text } else { "" });
    let variables = [("LINEMAN_CHAT_CALL_TIMEOUT", "of the variable")];
    let mut args = vec!["chat", "call", "[bad:address"];
    if flag {
        args.push("--timeout=of the flag");
    }
    let output = run(dir.path(), &args, &variables[..usize::from(variable)]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    stderr(&output)
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file() {
    let text = refused_timeout(true, true, true);
    assert!(text.contains("'of the flag'"), "{text}");
    let text = refused_timeout(true, true, false);
    assert!(
        text.contains("LINEMAN_CHAT_CALL_TIMEOUT: invalid value 'of the variable'"),
        "{text}"
    );
    let text = refused_timeout(true, false, false);
    assert!(
        text.contains("lineman.toml: chat.call.timeout: invalid value 'of the file'"),
        "{text}"
    );
}

#[test]
fn the_language_follows_the_same_order() {
    let dir = usual_place("lang = \"zh\"\n");
    let none = usual_place("");
    let is_chinese = |dir: &TempDir, args: &[&str], variables: &[(&str, &str)]| {
        let output = run(dir.path(), args, variables);
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stdout).contains("用法")
    };
    let en = ("LINEMAN_LANG", "en");
    let zh = ("LINEMAN_LANG", "zh");
    assert!(is_chinese(&none, &["--lang", "zh", "--help"], &[en]));
    assert!(is_chinese(&none, &["--help"], &[zh]));
    assert!(!is_chinese(&dir, &["--help"], &[en]));
    assert!(is_chinese(&dir, &["--help"], &[]));
    assert!(!is_chinese(&none, &["--help"], &[]));
    assert!(is_chinese(&none, &["--help"], &[("LC_ALL", "zh_CN.UTF-8")]));
}

#[test]
fn a_flag_in_the_environment_is_on_or_off() {
    let none = usual_place("");
    for (value, code) in [("1", 0), ("off", 0), ("", 0), ("perhaps", 2)] {
        let args = ["man"];
        let output = run(none.path(), &args, &[("LINEMAN_QUIET", value)]);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{value}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let none = usual_place("");
    let output = run(
        none.path(),
        &["man", "--config", "/nonexistent/x.toml"],
        &[],
    );
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "error: cannot open /nonexistent/x.toml: not found\n"
    );
    let output = run(
        none.path(),
        &["man"],
        &[("LINEMAN_CONFIG", "/nonexistent/x.toml")],
    );
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_unknown_key_is_an_error_that_names_file_and_key() {
    let dir = usual_place("[tftp.serve]\ncolour = true\n");
    let output = run(dir.path(), &["man"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(
        text.ends_with("lineman/lineman.toml: line 2: unknown key `tftp.serve.colour`\n"),
        "{text}"
    );
    // Help must work all the same: it may be what the user needs to repair the file.
    assert!(run(dir.path(), &["--help"], &[]).status.success());
}

#[test]
fn a_wrong_setting_is_said_in_chinese_too() {
    let dir = usual_place("lang = \"zh\"\n[tftp.get]\nblksize = 4\n");
    let output = run(dir.path(), &["tftp", "get", "tftp://x/y"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains("tftp.get.blksize：设置有误："), "{text}");
    assert!(text.contains("不在 8..=65464 的范围内"), "{text}");
}

#[test]
fn a_misspelt_variable_is_an_error_with_the_name_that_was_meant() {
    let none = usual_place("");
    let wrong = [("LINEMAN_TFTP_GET_WINDOWSIZ", "16")];
    let output = run(none.path(), &["man"], &wrong);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(
        text.contains("did you mean LINEMAN_TFTP_GET_WINDOWSIZE?"),
        "{text}"
    );
    assert!(run(none.path(), &["--help"], &wrong).status.success());
    let output = run(none.path(), &["man", "--lang", "zh"], &wrong);
    assert!(stderr(&output).contains("您是指 LINEMAN_TFTP_GET_WINDOWSIZE 吗？"));
}
