//! The server's threads: none may be made any more, or one of them ends.

use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use crate::support::lineman;
use crate::support::peer;
use crate::tftp_kit::Served;
use crate::tftp_kit::assert_exit;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_kit::stderr;
use crate::tftp_kit::tftp;
use crate::tftp_raw::Raw;
use crate::tftp_raw::rrq;

/// The first upload, and the first file that was not in memory, needed another thread: without one a
/// thread of the engine panicked, and the server ended with exit code 0.
#[test]
fn a_system_that_allows_no_more_threads_stops_no_transfer() {
    let mut command = lineman();
    command.args(["tftp", "serve", "--listen", "127.0.0.1:0"]);
    // The limit is for users, and does not hold for root.
    let server = Served::start(command, &["--write", "create", "--user", "nobody"]);
    let all = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(server.root(), all).expect("chmod");
    let pid = server.pid().to_string();
    // Who sets it has to be the same user, or to have a privilege that root in a container lacks.
    let mut limit = Command::new("setpriv");
    limit.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    let limited = limit
        .args(["prlimit", "--pid", &pid, "--nproc=0:0"])
        .status();
    assert!(limited.expect("setpriv").success());
    let bytes = content(600_000);
    let sent = server.outside().join("sent");
    std::fs::write(&sent, &bytes).expect("write");
    for nth in 0..4 {
        let url = server.url(&format!("{nth}"));
        let put = tftp(server.outside(), &["put", "sent", &url]);
        assert_exit(&put, 0);
        let got = tftp(server.outside(), &["get", &url, "-o", "got"]);
        assert_exit(&got, 0);
        let got = std::fs::read(server.outside().join("got")).expect("read");
        assert_same(&got, &bytes, "file");
    }
    server.end();
}

#[test]
fn so_many_threads_are_refused_before_one_is_started() {
    let output = tftp(
        std::path::Path::new("/"),
        &["serve", "/", "--threads", "65536"],
    );
    assert_exit(&output, 2);
    let said = stderr(&output);
    assert!(
        said.contains("not a number of threads from 1 to 256"),
        "{said}"
    );
}

/// Waits of an event loop fail with `error`, from the one that `when` names.
fn with_failing_waits(error: &str, when: &str) -> Served {
    let inject = format!("inject=ppoll,epoll_pwait2:error={error}:when={when}");
    let mut command = peer("strace");
    // -D: the server is the process that the test has started, and ends with the test.
    command.args([
        "-D",
        "-f",
        "-o",
        "/dev/null",
        "-e",
        "signal=none",
        "-e",
        &inject,
    ]);
    command.arg(lineman().get_program());
    command.args([
        "tftp",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--busy-poll",
        "0",
    ]);
    command.env("LC_ALL", "C.UTF-8");
    Served::start(command, &["--threads", "1"])
}

/// ENOMEM of one ppoll ended a thread, and the server ended with exit code 0 or was deaf.
#[test]
fn memory_that_is_short_for_a_moment_ends_nothing() {
    let server = with_failing_waits("ENOMEM", "3..30");
    server.write("file", b"content");
    let client = Raw::new();
    let (block, _) = client.ask(server.address(), &rrq(b"file", &[]));
    assert_eq!(block, b"\0\x03\0\x01content");
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn a_thread_that_cannot_wait_any_more_ends_the_server_with_its_reason() {
    let server = with_failing_waits("EBADF", "3+");
    server.write("file", b"content");
    let client = UdpSocket::bind("127.0.0.1:0").expect("bind");
    // Each request makes it wait once more.
    let code = loop {
        client
            .send_to(&rrq(b"file", &[]), server.address())
            .expect("send");
        std::thread::sleep(Duration::from_millis(50));
        if server.lines().iter().any(|line| line.contains("error: ")) {
            break server.wait();
        }
    };
    let (code, lines) = code;
    assert_eq!(code, Some(5), "{lines:#?}");
    let error = lines.iter().find(|line| line.starts_with("error: "));
    assert!(
        error.is_some_and(|line| line.contains("wait for packets")),
        "{lines:#?}"
    );
}
