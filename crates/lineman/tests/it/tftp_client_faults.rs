//! `lineman tftp get` against servers that misbehave.

use std::path::Path;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::Running;
use crate::support::lineman;
use crate::tftp_kit::assert_exit;
use crate::tftp_kit::finish;
use crate::tftp_kit::names;
use crate::tftp_kit::stderr;
use crate::tftp_kit::tftp;
use crate::tftp_raw::Raw;
use crate::tftp_raw::ack;
use crate::tftp_raw::data;
use crate::tftp_raw::error;
use crate::tftp_raw::oack;

fn here() -> TempDir {
    TempDir::new().expect("temporary directory")
}

/// A server on one socket: for each packet of the client in turn, what to answer.
fn fake(dir: &Path, args: &[&str], answers: &[&[u8]]) -> (Output, Vec<Vec<u8>>) {
    let server = Raw::new();
    let url = format!("tftp://{}/name", server.address());
    let mut command = lineman();
    command
        .current_dir(dir)
        .args(["tftp", "get", &url])
        .args(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let client = Running(command.spawn().expect("start"));
    let mut heard = Vec::new();
    for answer in answers {
        let (packet, from) = server.receive();
        heard.push(packet);
        server.send(from, answer);
    }
    let output = finish(client, "the client");
    heard.extend(server.within(Duration::from_millis(100)));
    (output, heard)
}

#[test]
fn a_silent_server_is_a_time_out() {
    let (server, dir) = (Raw::new(), here());
    let url = format!("tftp://{}/x", server.address());
    let output = tftp(dir.path(), &["get", &url, "--patience", "0.3"]);
    assert_exit(&output, 4);
    assert!(stderr(&output).contains("no answer; is a TFTP server there"));
    let (output, _) = fake(dir.path(), &["--patience", "0.3"], &[&data(1, &[1; 512])]);
    assert_exit(&output, 4);
    assert!(
        stderr(&output).contains("the server went silent at block 2"),
        "{}",
        stderr(&output)
    );
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

#[test]
fn a_server_that_answers_what_was_not_asked_gets_error_8() {
    let dir = here();
    for wrong in [
        &[("blksize", "2048")][..],
        &[("blksize", "many")],
        &[("windowsize", "17")],
        &[("multicast", "")],
        &[("timeout", "3")],
    ] {
        let (output, heard) = fake(dir.path(), &["--blksize", "1024"], &[&oack(wrong)]);
        assert_exit(&output, 6);
        assert!(stderr(&output).contains("the peer broke the protocol"));
        assert_eq!(
            heard.last().expect("an error")[..4],
            [0, 5, 0, 8],
            "{wrong:?}"
        );
        assert_eq!(names(dir.path()), Vec::<String>::new());
    }
}

#[test]
fn a_block_larger_than_agreed_ends_it() {
    let dir = here();
    let (output, heard) = fake(dir.path(), &[], &[&data(1, &[1; 513])]);
    assert_exit(&output, 6);
    assert_eq!(heard.last().expect("an error")[..4], [0, 5, 0, 4]);
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

#[test]
fn a_server_that_aborts_leaves_no_file_and_no_escape_sequence() {
    let dir = here();
    let last = error(3, "gone \x1b[31mred");
    let (output, _) = fake(dir.path(), &[], &[&data(1, &[1; 512]), &last]);
    assert_exit(&output, 5);
    let said = stderr(&output);
    assert!(
        said.contains("aborted after block 1: gone ^[[31mred (error 3)"),
        "{said:?}"
    );
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

#[test]
fn a_server_that_refuses_options_is_asked_again_without() {
    for code in [4, 8] {
        let dir = here();
        let answers: [&[u8]; 2] = [&error(code, "options"), &data(1, b"plain")];
        let (output, heard) = fake(dir.path(), &[], &answers);
        assert_exit(&output, 0);
        assert_eq!(heard[1], b"\0\x01name\0octet\0");
        assert_eq!(heard[2], ack(1));
        assert_eq!(
            std::fs::read(dir.path().join("name")).expect("read"),
            b"plain"
        );
    }
}

#[test]
fn a_length_that_is_a_lie_does_not_matter() {
    for lie in ["1", "18446744073709551615"] {
        let dir = here();
        let answers: [&[u8]; 2] = [&oack(&[("tsize", lie)]), &data(1, b"truth")];
        let (output, _) = fake(dir.path(), &[], &answers);
        assert_exit(&output, 0);
        assert_eq!(
            std::fs::read(dir.path().join("name")).expect("read"),
            b"truth"
        );
    }
}

#[test]
fn what_is_asked_is_what_was_typed() {
    let dir = here();
    let asked = |args: &[&str]| {
        let (_, heard) = fake(dir.path(), args, &[&error(1, "no")]);
        String::from_utf8_lossy(&heard[0][2..]).replace('\0', " ")
    };
    assert_eq!(asked(&["--no-options"]), "name octet ");
    let words = ["--blksize", "1000", "--windowsize", "5", "--timeout", "9"];
    let wanted = "name octet tsize 0 blksize 1000 windowsize 5 timeout 9 ";
    assert_eq!(asked(&words), wanted);
    let words = ["--netascii", "--blksize", "1000", "--windowsize", "1"];
    assert_eq!(asked(&words), "name netascii blksize 1000 ");
    assert!(asked(&[]).ends_with("windowsize 16 "));
}
