//! Names and words of users and peers in our sentences: none of them reaches a terminal as an escape
//! sequence.

use std::process::Output;

use crate::support::free_port;
use crate::support::lineman;
use crate::tftp_kit::Served;
use crate::tftp_kit::run;
use crate::tftp_kit::tftp;

fn assert_visible(output: &Output, wanted: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains('\x1b'), "{said:?}");
    assert!(
        !String::from_utf8_lossy(&output.stdout).contains('\x1b'),
        "{output:?}"
    );
    assert!(said.contains(wanted), "{said:?} does not show {wanted}");
}

#[test]
fn an_escape_sequence_in_a_fetched_name_is_shown_and_not_obeyed() {
    let server = Served::new(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    server.write("red\x1b[31m", b"red");
    for lang in ["en", "zh"] {
        for name in ["red%1b%5b31m", "none%1b%5b31m"] {
            let output = tftp(dir.path(), &["get", &server.url(name), "--lang", lang]);
            assert_visible(&output, "31m");
        }
    }
}

#[test]
fn an_escape_sequence_that_was_typed_is_shown_and_not_obeyed() {
    let dir = tempfile::tempdir().expect("a directory");
    let url = format!("tftp://127.0.0.1:{}/x", free_port());
    for lang in ["en", "zh"] {
        for words in [
            &["chat", "call", "host\x1b[31m"][..],
            &["chat", "call", "127.0.0.1:\x1b[31m"],
            &["chat", "listen", "--\x1b[31m"],
            &["udp", "send", "[\x1b[31m]:1"],
            &["udp", "listen", "--multicast", "\x1b[31m"],
            &["tftp", "put", "file\x1b[31m", &url],
            &["tftp", "get", "\x1b[31m"],
            &["tftp", "serve", "dir\x1b[31m"],
            &["lab", "replay", "log\x1b[31m"],
            &["\x1b[31m"],
        ] {
            let mut command = lineman();
            command.current_dir(dir.path()).args(words);
            let output = run(command.args(["--lang", lang]));
            assert_visible(&output, ""); // clap leaves the sequences out
        }
    }
}
