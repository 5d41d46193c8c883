//! Whom the TFTP server answers, and that nothing it is sent exhausts it.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::free_port;
use crate::support::lineman;
use crate::support::peer_path;
use crate::udp_rig::LIMIT;
use crate::udp_rig::Program;

const READ: &[u8] = b"\0\x01file\0octet\0";
const ENOUGH: &[u8] = b"\0\x05\0\0enough\0";

fn root() -> TempDir {
    let root = TempDir::new().expect("a directory");
    std::fs::write(root.path().join("file"), vec![7; 2000]).expect("a file");
    root
}

fn serve(command: &mut Command, root: &TempDir, args: &[&str]) -> (Program, SocketAddr) {
    let port = free_port();
    command.args(["tftp", "serve"]).arg(root.path()).args(args);
    let server = Program::start(command.args(["--listen", &format!("127.0.0.1:{port}")]));
    (server, ([127, 0, 0, 1], port).into())
}

fn client() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(LIMIT)).expect("a limit");
    socket
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2048];
    let (bytes, from) = socket.recv_from(&mut buffer).expect("an answer");
    (buffer[..bytes].to_vec(), from)
}

fn assert_silent(socket: &UdpSocket) {
    socket.set_nonblocking(true).expect("an option");
    let error = socket.recv_from(&mut [0; 2048]).expect_err("silence");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

#[test]
fn an_address_that_is_not_allowed_is_ignored_named_once_and_counted() {
    let root = root();
    for (lang, named, counted) in [
        (
            "en",
            "ignoring 127.0.0.0/24: outside --allow (said once)\n",
            "not answered: 3 datagrams from addresses outside --allow\n",
        ),
        (
            "zh",
            "忽略 127.0.0.0/24：不在 --allow 之内（只提示一次）\n",
            "未应答：3 个数据报来自 --allow 之外的地址\n",
        ),
    ] {
        let args = [
            "--allow",
            "10.0.0.0/8",
            "--allow",
            "fd00::/8",
            "--lang",
            lang,
        ];
        let (server, address) = serve(&mut lineman(), &root, &args);
        server.notes(&address.port().to_string());
        let client = client();
        client.send_to(READ, address).expect("sent");
        server.notes(named);
        client.send_to(READ, address).expect("sent");
        client.send_to(b"\0\x04\0\x01", address).expect("sent");
        crate::support::wait_for("an empty queue", LIMIT, || {
            is_drained(address).then_some(())
        });
        server.signal("TERM");
        let ended = server.ended();
        assert!(ended.stderr.contains(counted), "{}", ended.stderr);
        assert_eq!(ended.stderr.matches(named).count(), 1, "{}", ended.stderr);
        assert_silent(&client);
    }
}

/// Whether the server has read all that it was sent.
fn is_drained(address: SocketAddr) -> bool {
    let table = std::fs::read_to_string("/proc/net/udp").expect("a table");
    let wanted = format!("0100007F:{:04X} ", address.port());
    let line = table.lines().find(|line| line.contains(&wanted));
    line.expect("a socket").contains(":00000000 00:")
}

#[test]
fn only_requests_are_answered_at_the_port_of_requests() {
    let root = root();
    let (server, address) = serve(&mut lineman(), &root, &["--json"]);
    server.shows("serving");
    let stray = client();
    for packet in [
        &b"\0\x03\0\x01data"[..],
        b"\0\x04\0\x01",
        b"\0\x05\0\0an error\0",
        b"\0\x06blksize\x001024\0",
        b"\0\x09what\0",
        b"",
    ] {
        stray.send_to(packet, address).expect("sent");
    }
    // Requests are answered in turn: after this one the others have had theirs.
    let client = client();
    client.send_to(READ, address).expect("sent");
    let (block, tid) = receive(&client);
    assert_eq!(block[..4], [0, 3, 0, 1]);
    client.send_to(ENOUGH, tid).expect("sent");
    assert_silent(&stray);
    let senseless = self::client();
    for _ in 0..2 {
        senseless
            .send_to(b"\0\x01file\0poetry\0", address)
            .expect("sent");
    }
    assert_eq!(receive(&senseless).0[..4], [0, 5, 0, 4]);
    server.signal("TERM");
    let ended = server.ended();
    assert_eq!(ended.events("ended")[0]["ignored"], 8);
    assert_silent(&senseless);
}

#[test]
fn a_client_that_starts_again_is_answered_at_once_at_the_same_port() {
    let root = TempDir::new().expect("a directory");
    std::fs::write(root.path().join("file"), vec![7; 200_000]).expect("a file");
    let (server, address) = serve(&mut lineman(), &root, &["--json"]);
    server.shows("serving");
    let client = client();
    client.send_to(READ, address).expect("sent");
    let (_, tid) = receive(&client);
    for block in 1..=20 {
        client.send_to(&[0, 4, 0, block], tid).expect("sent");
        receive_next(&client, block);
    }
    // It falls silent, and the server repeats block 21 all the while.
    std::thread::sleep(Duration::from_millis(600));
    client.send_to(READ, address).expect("sent");
    let asked = std::time::Instant::now();
    let new = loop {
        let (block, from) = receive(&client);
        if from != tid {
            assert_eq!(block[..4], [0, 3, 0, 1]);
            break from;
        }
    };
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    client.send_to(&[0, 4, 0, 1], new).expect("sent");
    let said = server.shows("superseded");
    assert!(said.contains("\"transfer\""), "{said}");
}

#[test]
fn a_client_that_keeps_to_the_port_it_asked_is_told_apart_from_one_that_never_answers() {
    let root = root();
    for (lang, said) in [
        ("en", "--single-port would serve this client"),
        ("zh", "--single-port 可以为该客户端服务"),
    ] {
        let (server, address) = serve(&mut lineman(), &root, &["--lang", lang]);
        server.notes(&address.port().to_string());
        let client = client();
        client.send_to(READ, address).expect("sent");
        assert_eq!(receive(&client).0[..4], [0, 3, 0, 1]);
        client.send_to(&[0, 4, 0, 1], address).expect("sent");
        server.notes(said);
    }
}

/// The head of the next block. A client that is slow to answer may hear block `heard` again first.
fn receive_next(client: &UdpSocket, heard: u8) -> Vec<u8> {
    loop {
        let (data, _) = receive(client);
        if data[..4] != [0, 3, 0, heard] {
            return data[..4].to_vec();
        }
    }
}

#[test]
fn without_descriptors_new_requests_hear_busy_and_a_running_transfer_goes_on() {
    let root = root();
    let mut command = Command::new(peer_path("prlimit"));
    command.args(["--nofile=40:40", env!("CARGO_BIN_EXE_lineman"), "--json"]);
    let (server, address) = serve(&mut command, &root, &[]);
    server.shows("serving");
    let running = client();
    running.send_to(READ, address).expect("sent");
    let (block, tid) = receive(&running);
    assert_eq!(block[..4], [0, 3, 0, 1]);
    running.send_to(&[0, 4, 0, 1], tid).expect("sent");
    assert_eq!(receive(&running).0[..4], [0, 3, 0, 2]);
    let crowd: Vec<UdpSocket> = (0..60).map(|_| client()).collect();
    for client in &crowd {
        client.send_to(READ, address).expect("sent");
    }
    let answers: Vec<_> = crowd.iter().map(receive).collect();
    let busy = b"\0\x05\0\0Busy, try again\0";
    let refused = answers
        .iter()
        .filter(|(answer, _)| answer[..] == busy[..])
        .count();
    assert!(refused > 0, "nobody was refused");
    assert!(refused < 60, "nobody was served");
    for block in 2..=4 {
        running.send_to(&[0, 4, 0, block], tid).expect("sent");
        if block < 4 {
            assert_eq!(receive_next(&running, block), [0, 3, 0, block + 1]);
        }
    }
    // Each client that was refused left its place free.
    let late = client();
    late.send_to(READ, address).expect("sent");
    let (answer, from) = crate::support::wait_for("a place", Duration::from_secs(10), || {
        let (answer, from) = receive(&late);
        if answer[..] == busy[..] {
            late.send_to(READ, address).expect("sent");
            return None;
        }
        Some((answer, from))
    });
    assert_eq!(answer[..4], [0, 3, 0, 1]);
    late.send_to(ENOUGH, from).expect("sent");
    for (client, (_, tid)) in crowd.iter().zip(&answers) {
        client.send_to(ENOUGH, tid).expect("sent");
    }
    server.signal("TERM");
    let ended = server.ended();
    let transfers = ended.events("transfer");
    let is_busy = |event: &&serde_json::Value| event["reason"] == "busy";
    assert!(transfers.iter().filter(is_busy).count() >= refused);
    assert!(transfers.iter().any(|event| event["reason"] == "complete"));
}
