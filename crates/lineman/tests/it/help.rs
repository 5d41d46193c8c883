//! Help, and what the parser complains of, in both languages: the snapshots are what people see.
//!
//! After a change: `INSTA_UPDATE=always cargo test -p lineman --test it`, then read the diff.

use std::process::Output;

use crate::support::lineman;

const LANGUAGES: [&str; 2] = ["en", "zh"];

fn run(lang: &str, args: &[&str]) -> Output {
    lineman()
        .env("LINEMAN_LANG", lang)
        .env("COLUMNS", "100")
        .args(args)
        .output()
        .expect("run")
}

fn help(lang: &str, path: &[&str]) -> String {
    let output = run(lang, &[path, &["--help"]].concat());
    assert!(output.status.success(), "{path:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Calls `visit` with the help of `path` and of every command beneath it, as the helps list them.
fn walk(lang: &str, path: &[&str], visit: &mut dyn FnMut(&[&str], &str)) {
    let text = help(lang, path);
    visit(path, &text);
    for name in listed_commands(&text) {
        walk(lang, &[path, &[name]].concat(), visit);
    }
}

fn listed_commands(help: &str) -> Vec<&str> {
    help.lines()
        .skip_while(|line| !["Commands:", "命令:"].contains(line))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}

#[test]
fn every_help_in_both_languages() {
    for lang in LANGUAGES {
        let mut count = 0;
        walk(lang, &[], &mut |path, text| {
            count += 1;
            insta::assert_snapshot!(
                format!("{}_{lang}", [&["help"], path].concat().join("_")),
                text
            );
        });
        assert!(count >= 12, "the walk has found only {count} commands");
    }
}

#[test]
fn short_and_long_help_and_the_help_command_say_the_same() {
    let short = run("en", &["tftp", "get", "-h"]).stdout;
    assert_eq!(short, run("en", &["tftp", "get", "--help"]).stdout);
    assert_eq!(short, run("en", &["help", "tftp", "get"]).stdout);
}

#[test]
fn every_command_that_does_something_has_examples() {
    walk("en", &[], &mut |path, text| {
        let has_examples = text.contains("\nExamples:\n");
        let is_group = text.contains("\nCommands:\n");
        assert!(has_examples || is_group, "{path:?} has no examples");
    });
}

#[test]
fn without_a_command_the_help_is_shown_and_the_exit_code_is_2() {
    for path in [&[][..], &["tftp"]] {
        let output = run("en", path);
        assert_eq!(output.status.code(), Some(2), "{path:?}");
        assert_eq!(output.stdout, b"", "{path:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), help("en", path));
    }
}

#[test]
fn the_version_is_on_stdout() {
    let output = run("en", &["--version"]);
    assert!(output.status.success());
    let version = concat!("lineman ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout), version);
}

#[test]
fn complaints_in_both_languages() {
    let wrong: [&[&str]; 12] = [
        &["--json"],
        &["tfpt"],
        &["help", "nope"],
        &["tftp", "get"],
        &["tftp", "get", "--blcksize", "512", "URL"],
        &["tftp", "get", "URL", "--blksize", "4"],
        &["tftp", "get", "URL", "--blksize", "many"],
        &["tftp", "get", "URL", "--output"],
        &["tftp", "get", "URL", "--json", "--json"],
        &["tftp", "serve", "--write", "all"],
        &["chat", "call", "HOST", "--timeout", "soon"],
        &["udp", "send", "HOST", "--raw", "--json"],
    ];
    for lang in LANGUAGES {
        let mut all = String::new();
        for args in wrong {
            let output = run(lang, args);
            assert_eq!(output.status.code(), Some(2), "{args:?}");
            assert_eq!(output.stdout, b"", "{args:?}");
            let said = String::from_utf8_lossy(&output.stderr);
            all.push_str(&format!("$ lineman {}\n{said}\n", args.join(" ")));
        }
        insta::assert_snapshot!(format!("complaints_{lang}"), all);
    }
}

/// The parser's tip, to take the option for a value, helps none of them.
#[test]
fn who_types_the_options_of_nc_and_tftpd_is_told_what_does_the_same_here() {
    let habits: [(&[&str], &str); 10] = [
        (&["-u"], "lineman udp listen 9000"),
        (&["chat", "-l"], "lineman chat listen 9000"),
        (
            &["chat", "listen", "-p", "9000"],
            "lineman chat listen 9000",
        ),
        (&["chat", "listen", "-k"], "--keep"),
        (
            &["chat", "call", "-u", "h", "9"],
            "lineman udp send HOST 9000",
        ),
        (&["udp", "send", "-b", "h"], "--broadcast"),
        (&["tftp", "serve", "-l", "-s", "d"], "DIR|foreground|前台"),
        (&["tftp", "serve", "--secure", "d"], "DIR"),
        (&["tftp", "serve", "-c", "d"], "--write create"),
        (&["tftp", "serve", "-a", ":69", "d"], "--listen ADDR:PORT"),
    ];
    for lang in LANGUAGES {
        for (args, wanted) in habits {
            let output = run(lang, args);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
            assert!(
                wanted.split('|').any(|words| said.contains(words)),
                "{said}"
            );
            assert!(!said.contains("as a value"), "{said}");
        }
    }
}

/// A name that is no UTF-8 is a legal file name; reading the language from the words must not
/// stumble over it.
#[test]
fn words_that_are_no_text_do_not_crash() {
    use std::os::unix::ffi::OsStrExt as _;
    let word = std::ffi::OsStr::from_bytes(b"\xff");
    let output = lineman().arg("tour").arg(word).output().expect("run");
    assert_eq!(output.status.code(), Some(2));
}
