//! What clients do that the RFCs leave open.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::tftp_kit::Served;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_raw::Raw;
use crate::tftp_raw::ack;
use crate::tftp_raw::oack;
use crate::tftp_raw::rrq;

/// Acknowledges each block a moment after it has come, and looks whether another came meanwhile.
#[test]
fn blocks_are_sent_ahead_where_that_was_asked_for() {
    for (args, wanted) in [(&["--pipeline", "auto"][..], true), (&[], false)] {
        let server = Served::new(args);
        let file = content(60 * 512);
        server.write("file", &file);
        let client = Raw::new();
        let (first, tid) = client.ask(server.address(), &rrq(b"file", &[]));
        let mut blocks = Blocks::default();
        blocks.take(&first);
        let mut ahead = false;
        for number in 1..=60 {
            blocks.until(&client, number);
            if let Some(packet) = client.within(Duration::from_millis(1)) {
                blocks.take(&packet);
            }
            ahead |= blocks.0.contains_key(&(number + 1));
            client.send(tid, &ack(number));
        }
        assert_eq!(ahead, wanted, "{args:?}");
        let bytes: Vec<u8> = blocks.0.into_values().flatten().collect();
        assert_same(&bytes[..file.len()], &file, "the file");
    }
}

/// The blocks that have come, whatever came twice.
#[derive(Default)]
struct Blocks(BTreeMap<u16, Vec<u8>>);

impl Blocks {
    fn take(&mut self, packet: &[u8]) {
        assert_eq!(packet[..2], [0, 3], "{packet:?}");
        let number = u16::from_be_bytes([packet[2], packet[3]]);
        self.0.insert(number, packet[4..].to_vec());
    }

    fn until(&mut self, client: &Raw, number: u16) {
        while !self.0.contains_key(&number) {
            self.take(&client.receive().0);
        }
    }
}

/// The Windows boot manager: the byte behind an ACK is the size of the next window.
#[test]
fn a_window_changes_with_each_ack_where_msftwindow_was_asked_for() {
    let server = Served::new(&["--max-windowsize", "5"]);
    server.write("boot.wim", &content(100 * 1456));
    let client = Raw::new();
    let asked = [
        ("blksize", "1456"),
        ("windowsize", "4"),
        ("msftwindow", "31416"),
    ];
    let (answer, tid) = client.ask(server.address(), &rrq(b"boot.wim", &asked));
    let agreed = [
        ("blksize", "1456"),
        ("windowsize", "4"),
        ("msftwindow", "27182"),
    ];
    assert_eq!(answer, oack(&agreed));
    let mut blocks = Blocks::default();
    let mut last = 0;
    for (window, more) in [(2, 2), (1, 1), (0, 1), (200, 5), (3, 3)] {
        client.send(tid, &[&ack(last)[..], &[window]].concat());
        last += more;
        blocks.until(&client, last);
        while let Some(packet) = client.within(Duration::from_millis(2)) {
            blocks.take(&packet); // a repetition: nobody acknowledges for a long time
        }
        assert_eq!(blocks.0.keys().next_back(), Some(&last));
    }
}

/// Firmware that cannot stand an OACK, and one that overruns its receive ring.
#[test]
fn some_clients_are_served_otherwise() {
    let server = Served::new(&[
        "--client",
        "from=127.0.0.0/8,asks=blksize+tsize,no-options",
        "--client",
        "asks=blksize+windowsize,blksize=1024,windowsize=4",
    ]);
    server.write("file", &content(3000));
    let first = |options: &[(&str, &str)]| {
        let client = Raw::new();
        client.ask(server.address(), &rrq(b"file", options)).0
    };
    let plain = first(&[("blksize", "1432"), ("tsize", "0")]);
    assert_same(&plain[4..], &content(3000)[..512], "block 1");
    assert_eq!(
        first(&[("tsize", "0"), ("blksize", "1432")]),
        oack(&[("tsize", "3000"), ("blksize", "1432")])
    );
    assert_eq!(
        first(&[("BlkSize", "1432"), ("windowsize", "32")]),
        oack(&[("BlkSize", "1024"), ("windowsize", "4")])
    );
}

/// A device that listens only for a moment after it was switched on, and until then refuses.
#[test]
fn a_device_that_is_switched_on_later_is_asked_until_it_answers() {
    let port = {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("bind");
        socket.local_addr().expect("address").port()
    };
    let dir = tempfile::tempdir().expect("directory");
    let url = format!("tftp://127.0.0.1:{port}/file");
    let mut command = crate::support::lineman();
    command.args(["tftp", "get", "--until-answered", &url]);
    let child = command.current_dir(dir.path()).spawn().expect("start");
    std::thread::sleep(Duration::from_millis(500));
    let root = tempfile::tempdir().expect("directory");
    std::fs::write(root.path().join("file"), content(3000)).expect("write");
    let mut serve = crate::support::lineman();
    serve.args(["tftp", "serve", "--listen", &format!("127.0.0.1:{port}")]);
    serve.arg(root.path());
    let _server = Served::under(serve);
    let output = crate::tftp_kit::finish(crate::support::Running(child), "get");
    crate::tftp_kit::assert_exit(&output, 0);
    let got = std::fs::read(dir.path().join("file")).expect("got");
    assert_eq!(got, content(3000));
}

/// A boot program that cannot count beyond 65535 is told of when it opens such a file once more, and not
/// before.
#[test]
fn who_cannot_take_the_file_is_told_of_when_it_opens_it() {
    let server = Served::new(&[]);
    server.write("large", &content(65_535 * 8));
    server.write("small", &content(65_535 * 8 - 1));
    let asked = [("blksize", "8"), ("windowsize", "64")];
    let first = Raw::new();
    let (_, tid) = first.ask(server.address(), &rrq(b"large", &asked));
    for last in (0..65_535).step_by(64).chain([65_535]) {
        first.send(tid, &ack(last));
        let expected = last
            .saturating_add(1)
            .wrapping_add(u16::from(last == 65_535));
        let [high, low] = expected.to_be_bytes();
        while first.receive().0[..4] != [0, 3, high, low] {}
    }
    first.send(tid, b"\0\x05\0\x04block number overflow\0");
    server.wait_line("block number overflow");
    let small = Raw::new();
    small.ask(server.address(), &rrq(b"small", &asked));
    let large = Raw::new();
    large.ask(server.address(), &rrq(b"large", &asked));
    let line = server.wait_line("65535 blocks");
    assert!(line.contains("large") && line.contains(" 9 "), "{line}");
    let told = server.lines();
    let told = told.iter().filter(|line| line.contains("65535 blocks"));
    assert_eq!(told.count(), 1);
}

/// npm `tftp` asks for one of the two, whatever the server's own is.
#[test]
fn what_follows_block_65535_is_what_the_client_asks_for() {
    let server = Served::new(&["--rollover", "1"]);
    server.write("file", &content(65_535 * 8));
    for rollover in ["0", "1"] {
        let asked = [
            ("blksize", "8"),
            ("windowsize", "64"),
            ("rollover", rollover),
        ];
        let client = Raw::new();
        let (answer, tid) = client.ask(server.address(), &rrq(b"file", &asked));
        assert_eq!(answer, oack(&asked));
        for last in (0..65_535).step_by(64) {
            client.send(tid, &ack(last));
            let [high, low] = (last + 1).to_be_bytes();
            while client.receive().0[..4] != [0, 3, high, low] {}
        }
        let wanted = [0, 3, 0, rollover.parse().expect("a number")];
        // The last block is empty, and the window's others come before it.
        while client.receive().0 != wanted {}
        client.send(tid, &wanted.map(|byte| if byte == 3 { 4 } else { byte }));
        assert!(client.within(Duration::from_millis(300)).is_none());
    }
}
