//! Transfers of `lineman tftp serve` with clients that misbehave on the way.

use std::time::Duration;
use std::time::Instant;

use crate::support::Running;
use crate::support::lineman;
use crate::support::peer;
use crate::tftp_kit::Served;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_kit::finish;
use crate::tftp_kit::stderr;
use crate::tftp_raw::Raw;
use crate::tftp_raw::ack;
use crate::tftp_raw::assert_error;
use crate::tftp_raw::data;
use crate::tftp_raw::error;
use crate::tftp_raw::oack;
use crate::tftp_raw::rrq;

#[test]
fn a_stranger_gets_error_5_and_the_transfer_goes_on() {
    let server = Served::new(&[]);
    let bytes = content(2000);
    server.write("file", &bytes);
    let client = Raw::new();
    let first = client.ask(server.address(), &rrq(b"file", &[]));
    let stranger = Raw::new();
    assert_error(&stranger.ask(first.1, &ack(1)).0, 5);
    stranger.send(first.1, &error(0, "a stranger's error ends nothing"));
    assert_same(&client.rest(first, 512), &bytes, "file");
    assert_eq!(stranger.within(Duration::from_millis(200)), None);
    server.wait_line("got \"file\"");
}

#[test]
fn a_doubled_request_starts_one_transfer() {
    let server = Served::new(&[]);
    let bytes = content(2000);
    server.write("file", &bytes);
    let client = Raw::new();
    client.send(server.address(), &rrq(b"file", &[]));
    client.send(server.address(), &rrq(b"file", &[]));
    let first = client.receive();
    let tid = first.1;
    let again = client.within(Duration::from_millis(200));
    assert_eq!(again, None, "an echo is not answered so soon");
    assert_same(&client.rest(first, 512), &bytes, "file");
    server.wait_line("got \"file\"");
    // What comes late is still the transfer's own.
    client.send(server.address(), &rrq(b"file", &[]));
    assert_ne!(client.receive().1, tid, "a new one");
}

/// A client that asks again, with the same words from the same port, after it went silent in the
/// middle: it has forgotten the old transfer.
#[test]
fn a_request_repeated_after_silence_starts_anew() {
    let server = Served::new(&[]);
    let bytes = content(2000);
    server.write("file", &bytes);
    let client = Raw::new();
    let (packet, old) = client.ask(server.address(), &rrq(b"file", &[]));
    assert_eq!(packet, data(1, &bytes[..512]));
    client.send(old, &ack(1));
    let started = Instant::now();
    let (first, new) = loop {
        // Old blocks are repeated meanwhile. A new transfer has a new TID.
        assert!(started.elapsed() < Duration::from_secs(30), "never anew");
        let (packet, from) = client.ask(server.address(), &rrq(b"file", &[]));
        if from != old {
            break (packet, from);
        }
    };
    client.send(new, &ack(1)); // only now is it certain that nobody else asked in its name
    server.wait_line("\"file\": the client sent a new request");
    assert_eq!(first, data(1, &bytes[..512]));
}

#[test]
fn another_request_from_the_same_port_takes_the_place_of_the_first() {
    let server = Served::new(&[]);
    server.write("one", &content(2000));
    server.write("two", b"2");
    let client = Raw::new();
    client.ask(server.address(), &rrq(b"one", &[]));
    let (answer, from) = client.ask(server.address(), &rrq(b"two", &[]));
    assert_eq!(answer, data(1, b"2"));
    client.send(from, &ack(1));
    server.wait_line("\"one\": the client sent a new request");
}

#[test]
fn a_size_probe_is_told_apart_from_a_failure() {
    let server = Served::new(&[]);
    server.write("file", &content(2000));
    for code in [0, 8] {
        let client = Raw::new();
        let asked = rrq(b"file", &[("tsize", "0"), ("blksize", "1468")]);
        let (answer, from) = client.ask(server.address(), &asked);
        assert_eq!(answer, oack(&[("tsize", "2000"), ("blksize", "1468")]));
        client.send(from, &error(code, "User aborted the transfer"));
    }
    server.wait_lines("\"file\": size probe", 2);
    let client = Raw::new();
    let (_, from) = client.ask(server.address(), &rrq(b"file", &[]));
    client.send(from, &ack(1));
    client.receive();
    client.send(from, &error(3, "disk \x1b[31mfull"));
    server.wait_line("the client aborted after block 1: disk ^[[31mfull");
    let summary = server.end().pop().expect("summary");
    assert!(
        summary.starts_with("served 0 transfers, 1 failed"),
        "{summary}"
    );
}

#[test]
fn a_last_block_that_is_never_acknowledged_is_no_failure() {
    let server = Served::new(&[]);
    server.write("file", &content(600));
    let client = Raw::new();
    let (_, from) = client.ask(server.address(), &rrq(b"file", &[]));
    assert_eq!(client.ask(from, &ack(1)).0, data(2, &content(600)[512..]));
    let line = server.wait_line("got \"file\"");
    assert!(line.contains("last block never acknowledged"), "{line}");
}

/// Windows' boot manager appends its next window to each ACK.
#[test]
fn an_ack_may_be_longer_than_four_bytes() {
    let server = Served::new(&[]);
    server.write("file", &content(600));
    let client = Raw::new();
    let (_, from) = client.ask(server.address(), &rrq(b"file", &[]));
    let long = [&ack(1)[..], &[4]].concat();
    assert_eq!(client.ask(from, &long).0, data(2, &content(600)[512..]));
    client.send(from, &[&ack(2)[..], &[4]].concat());
    let line = server.wait_line("got \"file\"");
    assert!(!line.contains("never acknowledged"), "{line}");
}

/// A duplicated ACK must not double what follows, up to the end of the file (RFC 1123 §4.2.3.1).
#[test]
fn duplicated_acks_double_nothing() {
    let server = Served::new(&[]);
    server.write("file", &content(512 * 40));
    let client = Raw::new();
    let (_, from) = client.ask(server.address(), &rrq(b"file", &[]));
    let mut blocks = 1;
    for block in 1..=40 {
        client.send(from, &ack(block));
        client.send(from, &ack(block));
        blocks += 1;
        assert_eq!(client.receive().0[2..4], (block + 1).to_be_bytes());
    }
    client.send(from, &ack(41));
    while client.within(Duration::from_millis(100)).is_some() {
        blocks += 1;
    }
    assert!(blocks <= 43, "{blocks} blocks for 41");
}

/// An address that may be forged gets the first answer twice at the most, and no stream of it.
#[test]
fn a_silent_client_gets_little() {
    let server = Served::new(&[]);
    server.write("file", &content(1 << 20));
    let client = Raw::new();
    let asked = rrq(b"file", &[("blksize", "1468"), ("windowsize", "64")]);
    client.send(server.address(), &asked);
    let mut bytes = 0;
    while let Some(packet) = client.within(Duration::from_secs(3)) {
        bytes += packet.len();
    }
    assert!(
        bytes <= 2 * asked.len(),
        "{bytes} bytes for {}",
        asked.len()
    );
}

#[test]
fn one_transfer_more_than_allowed_is_busy() {
    let server = Served::new(&["--max-transfers", "1"]);
    server.write("file", &content(600));
    let client = Raw::new();
    let first = client.ask(server.address(), &rrq(b"file", &[]));
    let answer = Raw::new().ask(server.address(), &rrq(b"file", &[])).0;
    assert_eq!(answer, b"\0\x05\0\0Busy, try again\0");
    server.wait_line("\"file\": refused: 1 transfer runs already");
    client.rest(first, 512);
    server.wait_line("got \"file\"");
    assert_eq!(Raw::new().read(server.address(), b"file"), Ok(content(600)));
}

#[test]
fn fifty_clients_at_a_time() {
    let server = Served::new(&[]);
    let sizes: Vec<usize> = (0..50).map(|n| n * 4321 + n % 3).collect();
    let start = |&size: &usize| {
        let name = size.to_string();
        server.write(&name, &content(size));
        let file = server.outside().join(&name);
        let mut command = match size % 2 {
            0 => peer("curl"),
            _ => lineman(),
        };
        command.args(if size % 2 == 0 {
            &["-sS"][..]
        } else {
            &["tftp", "get"]
        });
        command.arg(server.url(&name)).arg("-o").arg(file);
        command.stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::piped());
        (size, Running(command.spawn().expect("start")))
    };
    let clients: Vec<_> = sizes.iter().map(start).collect();
    for (size, client) in clients {
        let output = finish(client, "a client");
        assert!(output.status.success(), "{}", stderr(&output));
        let name = size.to_string();
        let found = std::fs::read(server.outside().join(&name)).expect("read");
        assert_same(&found, &content(size), &name);
    }
    server.wait_lines("got \"", 50);
}
