//! What strangers throw at `lineman tftp serve`: datagrams that are no request, requests that make
//! no sense, absurd options.

use std::time::Duration;

use crate::tftp_kit::Served;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_raw::Raw;
use crate::tftp_raw::ack;
use crate::tftp_raw::assert_error;
use crate::tftp_raw::data;
use crate::tftp_raw::error;
use crate::tftp_raw::oack;
use crate::tftp_raw::request;
use crate::tftp_raw::rrq;
use crate::tftp_raw::wrq;

/// Long enough for an answer that must not come.
const MOMENT: Duration = Duration::from_millis(200);

#[test]
fn datagrams_that_are_no_request_are_ignored_and_counted() {
    let server = Served::new(&[]);
    server.write("file", b"alive");
    let stranger = Raw::new();
    let junk: [&[u8]; 9] = [
        b"",
        b"\0",
        b"\0\x01",
        b"GET / HTTP/1.1\r\n\r\n",
        &data(1, b"data"),
        &ack(0),
        &error(0, "an error must not be answered"),
        &oack(&[("blksize", "512")]),
        &[0xff; 9000],
    ];
    for packet in junk {
        stranger.send(server.address(), packet);
    }
    assert_eq!(stranger.within(MOMENT), None);
    assert_eq!(
        stranger.read(server.address(), b"file"),
        Ok(b"alive".to_vec())
    );
    let lines = server.end();
    let summary = "served 1 transfer, 0 failed, 9 datagrams were not requests";
    assert_eq!(lines.last().expect("summary"), summary);
}

#[test]
fn a_malformed_request_gets_error_4_and_only_once() {
    let malformed: [&[u8]; 6] = [
        b"\0\x01no NUL at all",
        b"\0\x01\0octet\0",
        b"\0\x01name\0",
        &request(1, b"name", "mail", &[]),
        &request(2, b"name", "image", &[]),
        &[&[0, 2], &[b'x'; 500][..]].concat(),
    ];
    let server = Served::new(&[]);
    for packet in malformed {
        let client = Raw::new();
        assert_error(&client.ask(server.address(), packet).0, 4);
        client.send(server.address(), packet);
        client.send(server.address(), packet);
        assert_eq!(client.within(MOMENT), None, "{packet:?}");
    }
    let summary = server.end().pop().expect("summary");
    assert!(
        summary.ends_with("18 datagrams were not requests"),
        "{summary}"
    );
}

#[test]
fn absurd_option_values_are_left_out_of_the_oack() {
    let server = Served::new(&[]);
    let bytes = content(700);
    server.write("file", &bytes);
    for (name, value) in [
        ("blksize", "0"),
        ("blksize", "7"),
        ("blksize", "65465"),
        ("blksize", "-512"),
        ("blksize", "+512"),
        ("blksize", " 512"),
        ("blksize", "99999999999999999999999"),
        ("blksize", "\x1b[2J"),
        ("windowsize", "0"),
        ("windowsize", "65536"),
        ("timeout", "0"),
        ("timeout", "256"),
        ("tsize", "what"),
        ("multicast", ""),
        ("unheard-of", "1"),
    ] {
        let client = Raw::new();
        let first = client.ask(server.address(), &rrq(b"file", &[(name, value)]));
        assert_same(&client.rest(first, 512), &bytes, name);
        // Beside a sensible one it is left out just so.
        let client = Raw::new();
        let both = rrq(b"file", &[(name, value), ("tsize", "0")]);
        let (answer, from) = client.ask(server.address(), &both);
        if name != "tsize" {
            assert_eq!(answer, oack(&[("tsize", "700")]), "{name}={value}");
        }
        client.send(from, &error(0, "enough"));
    }
}

#[test]
fn options_are_answered_in_the_clients_spelling_and_order() {
    let server = Served::new(&[]);
    server.write("file", &content(100_000));
    let client = Raw::new();
    let asked = [
        ("WindowSize", "9"),
        ("none", "1"),
        ("TSIZE", "0"),
        ("bLkSiZe", "65464"),
        ("timeout", "7"),
        ("blksize", "8"),
    ];
    let (answer, from) = client.ask(server.address(), &rrq(b"file", &asked));
    let agreed = [
        ("WindowSize", "9"),
        ("TSIZE", "100000"),
        ("bLkSiZe", "65464"),
        ("timeout", "7"),
    ];
    assert_eq!(answer, oack(&agreed));
    client.send(from, &error(8, "enough"));
    server.wait_line("\"file\": size probe");
}

#[test]
fn options_are_clamped_to_what_the_operator_said() {
    let server = Served::new(&["--max-blksize", "1024", "--max-windowsize", "4"]);
    server.write("file", b"x");
    let client = Raw::new();
    let asked = [("blksize", "1468"), ("windowsize", "64"), ("tsize", "0")];
    let (answer, from) = client.ask(server.address(), &rrq(b"file", &asked));
    let agreed = [("blksize", "1024"), ("windowsize", "4"), ("tsize", "1")];
    assert_eq!(answer, oack(&agreed));
    client.send(from, &error(0, "enough"));
}

/// A window is what one peer makes the server have in flight.
#[test]
fn a_window_is_bounded_in_bytes() {
    let server = Served::new(&["--max-windowsize", "65535"]);
    server.write("file", b"x");
    let client = Raw::new();
    let asked = [("blksize", "65464"), ("windowsize", "65535")];
    let (answer, from) = client.ask(server.address(), &rrq(b"file", &asked));
    assert_eq!(answer, oack(&[("blksize", "65464"), ("windowsize", "16")]));
    client.send(from, &error(0, "enough"));
}

#[test]
fn netascii_and_empty_files_have_no_length_to_announce() {
    let server = Served::new(&[]);
    server.write("text", b"a\n");
    server.write("empty", b"");
    let client = Raw::new();
    let asked = request(1, b"text", "NetASCII", &[("tsize", "0")]);
    assert_eq!(client.ask(server.address(), &asked).0, data(1, b"a\r\n"));
    let client = Raw::new();
    let first = client.ask(server.address(), &rrq(b"empty", &[("tsize", "0")]));
    assert_eq!(first.0, data(1, b""));
    assert_eq!(client.rest(first, 512), b"");
}

/// Where the length is not known before the end, the last block was counted as a whole one: 512 B.
#[test]
fn a_text_is_not_counted_up_to_the_end_of_its_last_block() {
    let server = Served::new(&["--write", "create"]);
    for (name, text, counted) in [
        ("short", "a\n", 3),
        ("long", "0123456789\n", 12),
        ("none", "", 0),
    ] {
        server.write(name, text.as_bytes());
        let client = Raw::new();
        let asked = request(1, name.as_bytes(), "netascii", &[("blksize", "8")]);
        let (_, from) = client.ask(server.address(), &asked);
        let first = client.ask(from, &ack(0));
        assert_eq!(client.rest(first, 8).len(), counted);
        server.wait_line(&format!("got \"{name}\": {counted} B"));
    }
    // What comes from a pipe has no length either.
    let script = "printf hello | \"$0\" tftp put - \"$1\"";
    let mut sh = std::process::Command::new("sh");
    let sh = sh.args([
        "-c",
        script,
        env!("CARGO_BIN_EXE_lineman"),
        &server.url("piped"),
    ]);
    let output = sh.env("LC_ALL", "C.UTF-8").output().expect("sh");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(": 5 B in "), "{said}");
    server.wait_line("put \"piped\": 5 B");
}

/// The OACK is longer than a block of 8.
#[test]
fn blocks_of_8_bytes() {
    let server = Served::new(&[]);
    let bytes = content(1000);
    server.write("file", &bytes);
    let client = Raw::new();
    let (answer, from) = client.ask(server.address(), &rrq(b"file", &[("blksize", "8")]));
    assert_eq!(answer, oack(&[("blksize", "8")]));
    let first = client.ask(from, &ack(0));
    assert_same(&client.rest(first, 8), &bytes, "file");
}

#[test]
fn requests_padded_with_zeros_or_cut_short_are_understood() {
    let server = Served::new(&[]);
    server.write("file", b"here");
    for tail in [&[0; 400][..], b"tsize", b"tsize\0", b"junk\0\0\0"] {
        let client = Raw::new();
        let packet = [&rrq(b"file", &[]), tail].concat();
        assert_eq!(client.ask(server.address(), &packet).0, data(1, b"here"));
    }
    let client = Raw::new();
    let cut = b"\0\x01file\0octet";
    assert_eq!(client.ask(server.address(), cut).0, data(1, b"here"));
}

#[test]
fn a_request_of_60_kb_is_refused_and_forgotten() {
    let server = Served::new(&["--write", "create"]);
    let name = vec![b'x'; 60_000];
    for name in [name.clone(), [b'y', b'/'].repeat(30_000)] {
        let client = Raw::new();
        let answer = client.ask(server.address(), &rrq(&name, &[])).0;
        assert_error(&answer, 1);
        let answer = Raw::new().ask(server.address(), &wrq(&name, &[])).0;
        assert_error(&answer, 1);
    }
    assert_eq!(server.names(), Vec::<String>::new());
}

#[test]
fn many_options_are_no_trouble() {
    let server = Served::new(&[]);
    server.write("file", b"x");
    let client = Raw::new();
    let many: Vec<(&str, &str)> = (0..10_000).map(|_| ("o", "1")).collect();
    assert_eq!(
        client.ask(server.address(), &rrq(b"file", &many)).0,
        data(1, b"x")
    );
}
