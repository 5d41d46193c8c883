//! `lineman tftp bench` against our own server and another one.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::support::Running;
use crate::support::free_port;
use crate::support::lineman;
use crate::support::peer;
use crate::support::wait_for;

const LENGTH: usize = 100_000;

struct Server {
    root: tempfile::TempDir,
    port: u16,
    _running: Running,
}

/// A directory with `file` in it, that every user may read.
fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a directory");
    let content: Vec<u8> = (0..LENGTH).map(|n| (n / 7) as u8).collect();
    std::fs::write(root.path().join("file"), content).expect("write");
    for path in [root.path(), &root.path().join("file")] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("permissions");
    }
    root
}

/// Ready when a request is answered.
fn wait_until_it_answers(port: u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let wait = Duration::from_millis(100);
    socket.set_read_timeout(Some(wait)).expect("a time-out");
    wait_for("the server", Duration::from_secs(20), || {
        let request = b"\0\x01no-such-file\0octet\0";
        socket.send_to(request, ("127.0.0.1", port)).expect("send");
        socket.recv(&mut [0; 100]).ok()
    });
}

fn ours(more: &[&str]) -> Server {
    let (root, port) = (root(), free_port());
    let child = lineman()
        .args(["-q", "tftp", "serve", "--listen"])
        .arg(format!("127.0.0.1:{port}"))
        .args(more)
        .arg(root.path())
        .spawn()
        .expect("run");
    wait_until_it_answers(port);
    Server {
        root,
        port,
        _running: Running(child),
    }
}

fn tftpd_hpa() -> Server {
    let (root, port) = (root(), free_port());
    let child = peer("in.tftpd")
        .args(["-L", "-u", "root", "-a", &format!("127.0.0.1:{port}"), "-s"])
        .arg(root.path())
        .spawn()
        .expect("run");
    wait_until_it_answers(port);
    Server {
        root,
        port,
        _running: Running(child),
    }
}

fn url(port: u16, name: &str) -> String {
    format!("tftp://127.0.0.1:{port}/{name}")
}

fn bench(url: &str, args: &[&str]) -> Output {
    lineman()
        .args(["--json", "tftp", "bench", url])
        .args(args)
        .output()
        .expect("run")
}

fn report(output: &Output) -> Value {
    let report: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(report["event"], "load");
    report
}

fn assert_all_complete(output: &Output, count: u64) {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = report(output);
    assert_eq!(report["done"], count);
    assert_eq!(report["failed"], 0);
    assert_eq!(report["bytes"], count * LENGTH as u64);
    assert!(report["completion_p50"].as_f64().expect("a time") > 0.0);
    assert!(report["completion_max"].as_f64() >= report["completion_p99"].as_f64());
}

#[test]
fn twenty_clients_fetch_from_our_server_and_every_byte_is_right() {
    let server = ours(&[]);
    for more in [
        &["--windowsize", "8"][..],
        &["--no-options"],
        &["--windowsize", "3", "--threads", "2", "--ramp", "0.1"],
    ] {
        let args = [&["--clients", "20", "--count", "100", "--verify"], more].concat();
        assert_all_complete(&bench(&url(server.port, "file"), &args), 100);
    }
}

#[test]
fn tftpd_hpa_too() {
    let server = tftpd_hpa();
    let args = ["--clients", "5", "--count", "20", "--verify"];
    assert_all_complete(&bench(&url(server.port, "file"), &args), 20);
}

#[test]
fn with_loss_everything_arrives_and_it_is_said_what_was_lost() {
    let server = ours(&[]);
    let args = "--clients 4 --count 8 --windowsize 8 --loss 2% --seed 3 --verify";
    let args: Vec<&str> = args.split(' ').collect();
    let output = bench(&url(server.port, "file"), &args);
    assert_all_complete(&output, 8);
    assert!(report(&output)["lost_received"].as_u64() > Some(0));
}

#[test]
fn uploads_have_a_name_for_each_client() {
    let server = ours(&["--write", "overwrite"]);
    let file = server.root.path().join("file");
    let put = ["--put", file.to_str().expect("UTF-8")];
    let args = [
        &put[..],
        &["--clients", "3", "--count", "9", "--windowsize", "4"],
    ]
    .concat();
    assert_all_complete(&bench(&url(server.port, "up"), &args), 9);
    let sent = std::fs::read(&file).expect("read");
    for n in 1..=3 {
        let stored = server.root.path().join(format!("up.{n}"));
        assert!(std::fs::read(stored).expect("read") == sent, "up.{n}");
    }
}

#[test]
fn a_failed_transfer_is_exit_code_5() {
    let server = ours(&[]);
    let args = "--clients 2 --count 2 --loss 100 --patience 0.3";
    let args: Vec<&str> = args.split(' ').collect();
    let output = bench(&url(server.port, "file"), &args);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    let report = report(&output);
    assert_eq!(report["failed_by"]["unanswered"], 2);
    assert_eq!(report["done"], 0);
}

#[test]
fn a_file_that_changes_its_length_is_a_failure() {
    let server = ours(&[]);
    let mut child = lineman()
        .args(["tftp", "bench", &url(server.port, "file")])
        .args(["--clients", "1", "--duration", "60"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map(Running)
        .expect("run");
    wait_for_the_beginning(&mut child);
    replace(server.root.path(), LENGTH / 2);
    // A moment for the next transfers; the load is ended by us.
    std::thread::sleep(Duration::from_millis(500));
    interrupt(&child);
    let mut said = String::new();
    let stdout = child.0.stdout.as_mut().expect("piped");
    stdout.read_to_string(&mut said).expect("UTF-8");
    assert!(said.contains("not the length of the first time"), "{said}");
}

fn replace(root: &Path, length: usize) {
    std::fs::write(root.join("new"), vec![1; length]).expect("write");
    std::fs::rename(root.join("new"), root.join("file")).expect("rename");
}

#[test]
fn who_cannot_be_reached_or_has_no_such_file_is_exit_code_3() {
    let output = bench(&url(free_port(), "file"), &[]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let server = ours(&[]);
    let output = bench(&url(server.port, "no-such-file"), &[]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("File not found"));
}

#[test]
fn an_interrupt_prints_what_was_found_so_far_and_is_exit_code_130() {
    let server = ours(&[]);
    let mut child = lineman()
        .args(["--lang", "zh", "tftp", "bench", &url(server.port, "file")])
        .args(["--clients", "3", "--duration", "60"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map(Running)
        .expect("run");
    wait_for_the_beginning(&mut child);
    interrupt(&child);
    let mut said = String::new();
    let stdout = child.0.stdout.as_mut().expect("piped");
    stdout.read_to_string(&mut said).expect("UTF-8");
    assert!(
        said.contains("有效吞吐") && said.contains("完成时间"),
        "{said}"
    );
    assert_eq!(child.0.wait().expect("wait").code(), Some(130));
}

#[test]
fn the_generator_measures_itself() {
    let output = lineman()
        .args(["--json", "tftp", "bench", "--self-test", "--verify"])
        .args(["--windowsize", "8", "--count", "20"])
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = report(&output);
    assert_eq!(report["done"], 20);
    assert_eq!(report["bytes"], 20 << 20);
    assert!(report["cpu_seconds"].as_f64() > Some(0.0));
}

/// The first line on stderr is written when the reference is there and the load begins.
fn wait_for_the_beginning(child: &mut Running) {
    let stderr = child.0.stderr.take().expect("piped");
    let mut line = String::new();
    BufReader::new(stderr).read_line(&mut line).expect("a line");
    assert!(line.contains("127.0.0.1"), "{line}");
}

fn interrupt(child: &Running) {
    let id = rustix::process::Pid::from_child(&child.0);
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("a signal");
}
