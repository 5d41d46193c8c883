//! `lineman tftp get` and `put` as a user sees them: files, stdout, exit codes, words.

use std::process::Command;
use std::process::Stdio;

use tempfile::TempDir;

use crate::support::Running;
use crate::support::free_port;
use crate::support::lineman;
use crate::tftp_kit::Served;
use crate::tftp_kit::assert_exit;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_kit::finish;
use crate::tftp_kit::names;
use crate::tftp_kit::run;
use crate::tftp_kit::signal;
use crate::tftp_kit::stderr;
use crate::tftp_kit::tftp;
use crate::tftp_raw::Raw;
use crate::tftp_raw::ack;
use crate::tftp_raw::data;

fn here() -> TempDir {
    TempDir::new().expect("temporary directory")
}

#[test]
fn a_get_that_fails_leaves_no_file_and_no_other_changed() {
    let (server, dir) = (Served::new(&[]), here());
    std::fs::write(dir.path().join("old"), b"old").expect("write");
    for args in [
        &["get", &server.url("none")][..],
        &["get", &server.url("none"), "-o", "old"],
    ] {
        let output = tftp(dir.path(), args);
        assert_exit(&output, 3);
        let said = stderr(&output);
        assert!(
            said.contains("the server answered: File not found (error 1)"),
            "{said}"
        );
        assert_eq!(names(dir.path()), ["old"]);
    }
    assert_eq!(std::fs::read(dir.path().join("old")).expect("read"), b"old");
}

#[test]
fn a_file_that_is_fetched_again_is_replaced() {
    let (server, dir) = (Served::new(&[]), here());
    server.write("file", b"new");
    std::fs::write(dir.path().join("file"), content(5000)).expect("write");
    assert_exit(&tftp(dir.path(), &["get", &server.url("file")]), 0);
    assert_eq!(
        std::fs::read(dir.path().join("file")).expect("read"),
        b"new"
    );
}

#[test]
fn stdout_gets_the_exact_bytes_and_nothing_else() {
    let (server, dir) = (Served::new(&[]), here());
    for size in [0, 1, 100_000] {
        server.write("file", &content(size));
        let output = tftp(dir.path(), &["get", &server.url("file"), "-o", "-"]);
        assert_exit(&output, 0);
        assert_same(&output.stdout, &content(size), "stdout");
    }
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

#[test]
fn a_closed_pipe_is_success() {
    let (server, program) = (Served::new(&[]), env!("CARGO_BIN_EXE_lineman"));
    server.write("file", &content(4 << 20));
    let url = server.url("file");
    let script = format!("set -o pipefail; '{program}' tftp get {url} -o - | head -c 10");
    let output = run(Command::new("bash").args(["-c", &script]));
    assert_exit(&output, 0);
    assert_eq!(output.stdout, content(10));
}

#[test]
fn several_files_into_a_directory_one_of_which_fails() {
    let (server, dir) = (Served::new(&[]), here());
    server.write("a", b"1");
    server.write("b", b"2");
    std::fs::create_dir(dir.path().join("into")).expect("directory");
    let urls = ["a", "none", "b"].map(|name| server.url(name));
    let output = tftp(
        dir.path(),
        &["get", &urls[0], &urls[1], &urls[2], "-o", "into"],
    );
    assert_exit(&output, 3);
    assert_eq!(names(&dir.path().join("into")), ["a", "b"]);
    let output = tftp(dir.path(), &["get", &urls[0], &urls[2], "-o", "one"]);
    assert_exit(&output, 2);
    assert!(
        stderr(&output).contains("cannot all become one"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn put_from_stdin_and_several_files() {
    let (server, dir) = (Served::new(&["--write", "create"]), here());
    let bytes = content(100_000);
    for name in ["a", "b"] {
        std::fs::write(dir.path().join(name), &bytes).expect("write");
    }
    let mut put = lineman();
    put.args(["tftp", "put", "-", &server.url("piped")]);
    let file = std::fs::File::open(dir.path().join("a")).expect("open");
    let mut cat = Command::new("cat");
    let mut cat = Running(cat.stdin(file).stdout(Stdio::piped()).spawn().expect("cat"));
    put.stdin(cat.0.stdout.take().expect("pipe"))
        .stderr(Stdio::piped());
    assert_exit(&finish(Running(put.spawn().expect("put")), "put"), 0);
    assert_same(&server.read("piped"), &bytes, "piped");
    std::fs::create_dir(server.root().join("dir")).expect("directory");
    let output = tftp(dir.path(), &["put", "a", "none", "b", &server.url("dir/")]);
    assert_exit(&output, 2);
    assert_eq!(names(&server.root().join("dir")), ["a", "b"]);
    let output = tftp(dir.path(), &["put", "a", "b", &server.url("dir")]);
    assert_exit(&output, 2);
}

#[test]
fn addresses_that_are_none_are_said_in_both_languages() {
    let dir = here();
    for (url, english, chinese) in [
        (
            "http://h/x",
            "does not begin with tftp://",
            "不是以 tftp:// 开头",
        ),
        ("tftp:///x", "there is no host", "没有主机名"),
        ("tftp://h:99999/x", "the port is not a number", "端口不是"),
        ("tftp://h/%zz", "two hexadecimal digits", "十六进制"),
        (
            "tftp://h/x;mode=mail",
            "neither octet nor netascii",
            "既不是 octet",
        ),
        ("tftp://h/", "names no file", "没有文件名"),
    ] {
        for (lang, words) in [("en", english), ("zh", chinese)] {
            let output = tftp(dir.path(), &["get", url, "--lang", lang]);
            assert_exit(&output, 2);
            assert!(stderr(&output).contains(words), "{}", stderr(&output));
        }
    }
}

#[test]
fn json_is_one_object_a_line() {
    let (server, dir) = (Served::new(&[]), here());
    server.write("a", &content(600));
    let urls = [server.url("a"), server.url("none")];
    let words = ["get", &urls[0], &urls[1], "--json", "--blksize", "512"];
    let output = tftp(dir.path(), &words);
    assert_exit(&output, 3);
    assert_eq!(stderr(&output), "");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let parse = |line| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    let events: Vec<_> = text.lines().map(parse).collect();
    assert_eq!(events.len(), 2);
    assert_eq!(
        (&events[0]["v"], &events[0]["event"]),
        (&1.into(), &"transfer".into())
    );
    assert_eq!(
        (&events[0]["bytes"], &events[0]["blksize"]),
        (&600.into(), &512.into())
    );
    assert_eq!(events[0]["complete"], true);
    assert_eq!(events[1]["complete"], false);
    let output = tftp(dir.path(), &["get", &urls[0], "--json", "-o", "-"]);
    assert_exit(&output, 2);
}

#[test]
fn a_port_where_nobody_listens_is_refused_at_once() {
    let dir = here();
    let url = format!("tftp://127.0.0.1:{}/x", free_port());
    let output = tftp(dir.path(), &["get", &url, "--patience", "50"]);
    assert_exit(&output, 3);
    assert!(
        stderr(&output).contains("cannot reach the server"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn interrupted_it_tells_the_server_and_leaves_no_file() {
    let (server, dir) = (Raw::new(), here());
    let url = format!("tftp://{}/name", server.address());
    let mut command = lineman();
    command.current_dir(dir.path()).args(["tftp", "get", &url]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let client = Running(command.spawn().expect("start"));
    let (_, from) = server.receive();
    assert_eq!(server.ask(from, &data(1, &[1; 512])).0, ack(1));
    // The block is acknowledged, so the file is begun; where it can be, without a name.
    signal(client.0.id(), "INT");
    assert_eq!(server.receive().0[..4], [0, 5, 0, 0]);
    let output = finish(client, "the client");
    assert_exit(&output, 130);
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

/// Where 65535 is followed by 1, on both sides.
#[test]
fn block_numbers_that_roll_over_to_one() {
    let bytes = content(8 * 70_000);
    let server = Served::new(&["--write", "create", "--rollover", "1"]);
    let dir = here();
    server.write("file", &bytes);
    let words = ["--rollover", "1", "--blksize", "8", "--windowsize", "64"];
    let url = server.url("file");
    assert_exit(&tftp(dir.path(), &[&["get", &url], &words[..]].concat()), 0);
    assert_same(
        &std::fs::read(dir.path().join("file")).expect("read"),
        &bytes,
        "get",
    );
    let url = server.url("up");
    assert_exit(
        &tftp(dir.path(), &[&["put", "file", &url], &words[..]].concat()),
        0,
    );
    assert_same(&server.read("up"), &bytes, "put");
}

/// The exit code was 130, as if the user had pressed ^C; that of the other commands was 0.
#[test]
fn a_transfer_that_is_told_to_leave_is_incomplete() {
    for (name, code) in [("TERM", 5), ("HUP", 5), ("INT", 130)] {
        let server = Raw::new();
        let url = format!("tftp://{}/file", server.address());
        let dir = here();
        let mut command = lineman();
        command.current_dir(dir.path()).args(["tftp", "get", &url]);
        let child = command.stderr(Stdio::piped()).spawn().expect("lineman");
        let running = Running(child);
        server.receive();
        signal(running.0.id(), name);
        assert_exit(&finish(running, "the client"), code);
        assert_eq!(names(dir.path()), [""; 0]);
    }
}

/// Where what is received goes waits now and then, in the middle of a burst: what the burst still holds has
/// arrived, and none of it is asked for again.
#[test]
fn a_slow_reader_of_what_is_fetched_loses_no_block() {
    use std::io::Read as _;

    let server = Served::new(&[]);
    let file = content(8 << 20);
    server.write("file", &file);
    let mut get = lineman();
    get.args(["tftp", "get", &server.url("file"), "-o", "-"]);
    get.args(["--blksize", "1428", "--windowsize", "64"]);
    let mut child = get.stdout(Stdio::piped()).spawn().expect("start");
    let mut pipe = child.stdout.take().expect("stdout");
    let _running = Running(child);
    let (mut got, mut piece) = (Vec::new(), vec![0; 65_536]);
    while let length @ 1.. = pipe.read(&mut piece).expect("bytes") {
        got.extend_from_slice(&piece[..length]);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert_same(&got, &file, "the file");
    let line = server.wait_line("got \"file\"");
    let resent = line
        .split(", ")
        .find_map(|part| part.strip_suffix(" resent")?.parse().ok())
        .unwrap_or(0);
    // A machine that is busy elsewhere may be asked for one block; a gap costs most of a window.
    assert!(resent < 10_u32, "{line}");
}
