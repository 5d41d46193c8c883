//! What a TFTP server gives up before it reads a stranger's packet, seen from outside.

use std::fs;
use std::io::Read as _;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::support::Running;
use crate::support::lineman;
use crate::support::wait_for;

const LIMIT: Duration = Duration::from_secs(20);

/// A directory that everybody may enter, with a file in it.
fn root() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).expect("chmod");
    fs::write(dir.path().join("hello.txt"), "hello\n").expect("write");
    dir
}

fn serve(root: &Path, more: &[&str]) -> Command {
    let mut command = lineman();
    command
        .args(["--json", "tftp", "serve"])
        .arg(root)
        .args(["--listen", "127.0.0.1:0"])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts a server; gives its first event as well.
fn start(mut command: Command) -> (Running, Value) {
    let mut child = command.spawn().expect("starts");
    let mut stdout = child.stdout.take().expect("a pipe");
    let running = Running(child);
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        stdout.read_exact(&mut byte).expect("a first event");
        line.extend(byte);
    }
    std::mem::forget(stdout); // a closed pipe would end the server
    (running, serde_json::from_slice(&line).expect("JSON"))
}

fn get(address: &str, name: &str, dir: &Path) -> Output {
    lineman()
        .args(["tftp", "get", &format!("tftp://{address}/{name}"), "-o"])
        .arg(dir)
        .output()
        .expect("runs")
}

fn fetches(address: &str) {
    let dir = tempfile::tempdir().expect("a directory");
    let output = get(address, "hello.txt", dir.path());
    assert!(output.status.success(), "{output:?}");
    let fetched = fs::read_to_string(dir.path().join("hello.txt"));
    assert_eq!(fetched.expect("reads"), "hello\n");
}

fn address(event: &Value) -> String {
    event["addresses"][0].as_str().expect("address").to_owned()
}

fn status(server: &Running, key: &str) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{}/status", server.0.id())).expect("runs");
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let fields = line.expect(key).trim_start_matches(':').split_whitespace();
    fields.map(str::to_owned).collect()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

#[test]
fn a_server_that_became_somebody_else_has_nothing_left_and_serves() {
    let root = root();
    let mut command = serve(root.path(), &["--user", "nobody", "--write", "create"]);
    if !is_root() {
        let output = command.output().expect("runs");
        assert_eq!(output.status.code(), Some(7), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("cannot become nobody: not permitted (only root may"));
        return;
    }
    let (server, event) = start(command);
    assert_eq!(event["user"], "nobody");
    let nobody = peer_uid();
    assert_eq!(status(&server, "Uid"), vec![nobody; 4]);
    assert!(!status(&server, "Groups").contains(&"0".to_owned()));
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status(&server, set), ["0000000000000000"], "{set}");
    }
    assert_eq!(status(&server, "NoNewPrivs"), ["1"]);
    fetches(&address(&event));
    uploads(&address(&event), root.path());
}

fn peer_uid() -> String {
    let output = Command::new("id").args(["-u", "nobody"]).output();
    let text = String::from_utf8(output.expect("id runs").stdout).expect("a number");
    text.trim().to_owned()
}

fn uploads(address: &str, root: &Path) {
    let file = root.join("hello.txt");
    let output = lineman()
        .args(["tftp", "put"])
        .arg(file)
        .arg(format!("tftp://{address}/upload"))
        .output()
        .expect("runs");
    assert!(output.status.success(), "{output:?}");
    let stored = fs::read_to_string(root.join("upload")).expect("stored");
    assert_eq!(stored, "hello\n");
}

#[test]
fn a_user_who_is_unknown_or_root_is_refused_before_anything_is_served() {
    let root = root();
    for (user, said) in [
        ("nobody-here", "cannot become nobody-here: no such user"),
        ("nobody:no-group", "cannot take the group no-group: no such"),
        ("4242", "--user 4242:GROUP"),
        ("root", "it is root"),
    ] {
        let output = serve(root.path(), &["--user", user]).output();
        let output = output.expect("runs");
        assert_eq!(output.status.code(), Some(2), "{user}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(said), "{user}: {text}");
    }
}

#[test]
fn a_root_that_is_closed_to_the_user_is_said_at_once() {
    if !is_root() {
        eprintln!("not checked: only root may become another user");
        return;
    }
    let root = root();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o700)).expect("chmod");
    let output = serve(root.path(), &["--user", "nobody"]).output();
    let output = output.expect("runs");
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("(nobody): not permitted"), "{said}");
}

#[test]
fn confined_and_free_servers_serve_and_say_which_they_are() {
    let root = root();
    let (confined, event) = start(serve(root.path(), &["--write", "overwrite"]));
    let level = event["confinement"].as_str().expect("a level").to_owned();
    assert!(["full", "partial", "none"].contains(&&*level), "{level}");
    let marked = started_marked();
    assert_eq!(held_threads(&confined), level != "none" || marked);
    fetches(&address(&event));
    uploads(&address(&event), root.path());
    uploads(&address(&event), root.path());

    let (free, event) = start(serve(root.path(), &["--no-confine"]));
    assert_eq!(event["confinement"], "off");
    assert_eq!(held_threads(&free), marked);
    fetches(&address(&event));
}

/// Whether all threads were started after the confinement: it leaves its mark on each of them.
fn held_threads(server: &Running) -> bool {
    let tasks = fs::read_dir(format!("/proc/{}/task", server.0.id())).expect("runs");
    let marks: Vec<bool> = tasks
        .map(|task| fs::read_to_string(task.expect("a task").path().join("status")))
        .filter_map(Result::ok) // a thread may have ended since: one that clears the directory does
        .map(|status| status.contains("NoNewPrivs:\t1"))
        .collect();
    assert!(marks.len() > 1, "the server has only one thread");
    let held = marks.iter().filter(|mark| **mark).count();
    assert!([0, marks.len()].contains(&held), "some are held, some not");
    held > 0
}

/// Some containers put the mark on everything in them.
fn started_marked() -> bool {
    let own = fs::read_to_string("/proc/self/status").expect("reads");
    own.contains("NoNewPrivs:\t1")
}

/// Names are resolved before the server is confined, and ^C still ends it after.
#[test]
fn a_confined_server_listens_at_a_name_and_ends_at_a_signal() {
    let root = root();
    let mut command = lineman();
    command.args(["--json", "tftp", "serve"]).arg(root.path());
    command.args(["--listen", "localhost:0"]);
    let (mut server, event) = start({
        command.stdout(Stdio::piped());
        command
    });
    fetches(&address(&event));
    let signalled = Command::new("kill")
        .args(["-INT", &server.0.id().to_string()])
        .status();
    assert!(signalled.expect("kill runs").success());
    let status = wait_for("its end", LIMIT, || server.0.try_wait().expect("waits"));
    assert_eq!(status.code(), Some(130));
}

/// A shell puts two sockets where a supervisor would, and says so to the process that it becomes.
fn handed_over(root: &Path, first: UdpSocket, second: UdpSocket) -> Command {
    let program = lineman();
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(
            "exec 3<&0 4<&1 >&2 </dev/null; \
             LISTEN_PID=$$ LISTEN_FDS=2 exec \"$0\" tftp serve \"$1\" --listen 127.0.0.1:1",
        )
        .arg(program.get_program())
        .arg(root)
        .env("LC_ALL", "C.UTF-8")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .stdin(OwnedFd::from(first))
        .stdout(OwnedFd::from(second))
        .stderr(Stdio::piped());
    shell
}

#[test]
fn sockets_of_a_supervisor_are_served_and_it_hears_of_it() {
    let root = root();
    let supervisor_at = root.path().join("notify");
    let supervisor = UnixDatagram::bind(&supervisor_at).expect("bind");
    supervisor.set_read_timeout(Some(LIMIT)).expect("time-out");
    let heard = || {
        let mut buffer = [0; 4096];
        let len = supervisor.recv(&mut buffer).expect("word of the server");
        String::from_utf8(buffer[..len].to_vec()).expect("text")
    };
    let sockets = ["127.0.0.1:0", "[::1]:0"].map(|at| UdpSocket::bind(at).expect("bind"));
    let addresses = [0, 1].map(|at| sockets[at].local_addr().expect("address").to_string());
    let [first, second] = sockets;
    let mut command = handed_over(root.path(), first, second);
    command.env("NOTIFY_SOCKET", &supervisor_at);
    let server = Running(command.spawn().expect("starts"));

    let ready = heard();
    assert!(ready.starts_with("READY=1\nSTATUS=serving "), "{ready}");
    for address in &addresses {
        assert!(ready.contains(address), "{ready}");
        fetches(address);
    }
    let signalled = Command::new("kill").arg(server.0.id().to_string()).status();
    assert!(signalled.expect("kill runs").success());
    let stopping = heard();
    assert!(stopping.starts_with("STOPPING=1\n"), "{stopping}");
}

#[test]
fn a_promise_of_sockets_that_are_not_there_is_an_error() {
    let root = root();
    let program = lineman();
    let output = Command::new("sh")
        .args([
            "-c",
            "LISTEN_PID=$$ LISTEN_FDS=3 exec \"$0\" tftp serve \"$1\"",
        ])
        .arg(program.get_program())
        .arg(root.path())
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("LISTEN_FDS"), "{said}");
}
