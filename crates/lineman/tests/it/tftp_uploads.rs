//! Uploads to `lineman tftp serve`: whole or not at all.

use std::path::Path;

use crate::support::lineman;
use crate::support::peer;
use crate::support::wait_for;
use crate::tftp_kit::LIMIT;
use crate::tftp_kit::Served;
use crate::tftp_kit::assert_exit;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_kit::run;
use crate::tftp_kit::stderr;
use crate::tftp_raw::Raw;
use crate::tftp_raw::ack;
use crate::tftp_raw::assert_error;
use crate::tftp_raw::data;
use crate::tftp_raw::error;
use crate::tftp_raw::oack;
use crate::tftp_raw::request;
use crate::tftp_raw::wrq;

/// Uploads without options; gives the last answer.
fn put(server: &Served, name: &str, bytes: &[u8]) -> Vec<u8> {
    let client = Raw::new();
    let (mut answer, from) = client.ask(server.address(), &wrq(name.as_bytes(), &[]));
    let mut blocks: Vec<&[u8]> = bytes.chunks(512).collect();
    if bytes.len().is_multiple_of(512) {
        blocks.push(b"");
    }
    for (block, number) in blocks.into_iter().zip(1..) {
        if answer[..2] != [0, 4] {
            return answer;
        }
        answer = client.ask(from, &data(number, block)).0;
    }
    answer
}

fn temporaries(server: &Served) -> usize {
    let names = server.names();
    names.iter().filter(|name| name.starts_with('.')).count()
}

/// An upload that has got its first block through.
fn begun(server: &Served, name: &str) -> (Raw, std::net::SocketAddr) {
    let client = Raw::new();
    let (answer, from) = client.ask(server.address(), &wrq(name.as_bytes(), &[]));
    assert_eq!(answer, ack(0));
    assert_eq!(client.ask(from, &data(1, &[7; 512])).0, ack(1));
    assert!(!server.names().iter().any(|found| found == name));
    (client, from)
}

#[test]
fn off_unless_asked_for() {
    let server = Served::new(&[]);
    assert_error(&put(&server, "new", b"x"), 2);
    server.wait_line("\"new\": refused: uploads are off (--write create turns them on)");
    assert_eq!(server.names(), Vec::<String>::new());
}

#[test]
fn new_names_only() {
    let server = Served::new(&["--write", "create"]);
    server.write("old", b"old");
    assert_eq!(put(&server, "new", b"x"), ack(1));
    assert_error(&put(&server, "old", b"x"), 6);
    assert_error(&put(&server, "new", b"y"), 6);
    server.wait_line("\"old\": refused: the file exists");
    assert_eq!(
        (server.read("old"), server.read("new")),
        (b"old".to_vec(), b"x".to_vec())
    );
}

/// It was "the file exists (--write overwrite would replace it)", which it would not.
#[test]
fn an_upload_in_the_name_of_a_directory_is_not_told_that_it_could_replace_it() {
    for policy in ["create", "overwrite"] {
        let server = Served::new(&["--write", policy]);
        std::fs::create_dir(server.root().join("sub")).expect("directory");
        assert_error(&put(&server, "sub", b"x"), 2);
        server.wait_line("\"sub\": refused: not a regular file");
    }
}

#[test]
fn existing_files_are_replaced_where_it_was_said() {
    let server = Served::new(&["--write", "overwrite"]);
    server.write("old", &content(2000));
    assert_eq!(put(&server, "old", b"x"), ack(1));
    assert_eq!(put(&server, "new", b"y"), ack(1));
    assert_eq!(
        (server.read("old"), server.read("new")),
        (b"x".to_vec(), b"y".to_vec())
    );
}

/// Two clients want the same new name; the client that finishes first gets it.
#[test]
fn a_name_taken_meanwhile_is_not_overwritten() {
    let server = Served::new(&["--write", "create"]);
    let (slow, from) = begun(&server, "name");
    assert_eq!(put(&server, "name", b"first"), ack(1));
    assert_error(&slow.ask(from, &data(2, b"second")).0, 6);
    server.wait_line("\"name\": refused: the file exists");
    assert_eq!(
        (server.read("name"), temporaries(&server)),
        (b"first".to_vec(), 0)
    );
}

#[test]
fn nothing_is_written_outside_the_root_or_over_what_is_no_file() {
    let server = Served::new(&["--write", "overwrite"]);
    std::fs::create_dir(server.root().join("dir")).expect("directory");
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, server.root().join(name)).expect("link");
    };
    link("..", "up");
    link("../victim", "link");
    std::fs::write(server.outside().join("victim"), b"whole").expect("write");
    for name in [
        "../evil", "/../evil", "up/evil", "dir/..", "..", r"..\evil", "dir", "dir/",
    ] {
        assert_error(&put(&server, name, b"x"), 2);
    }
    assert_error(&put(&server, "none/evil", b"x"), 1);
    assert_error(&put(&server, ".lineman-part-1-1", b"x"), 2);
    // A link is replaced; what it leads to is not touched.
    assert_eq!(put(&server, "link", b"x"), ack(1));
    assert_eq!(
        std::fs::read(server.outside().join("victim")).expect("read"),
        b"whole"
    );
    assert_eq!(crate::tftp_kit::names(server.outside()), ["root", "victim"]);
}

#[test]
fn an_upload_that_is_aborted_leaves_nothing() {
    let server = Served::new(&["--write", "create"]);
    let (client, from) = begun(&server, "name");
    client.send(from, &error(0, "changed my mind"));
    server.wait_line("\"name\": the client aborted after block 1: changed my mind");
    wait_for("an empty root", LIMIT, || {
        server.names().is_empty().then_some(())
    });
}

#[test]
fn too_large_by_announcement_or_by_deed() {
    let server = Served::new(&["--write", "create", "--max-upload", "1K"]);
    let announced = wrq(b"name", &[("tsize", "1025")]);
    assert_error(&Raw::new().ask(server.address(), &announced).0, 3);
    assert_error(&put(&server, "name", &[0; 1025]), 3);
    server.wait_lines("\"name\": refused: larger than 1.0 KiB", 2);
    assert_eq!(server.names(), Vec::<String>::new());
    assert_eq!(put(&server, "name", &[0; 1024]), ack(3));
    assert_eq!(server.read("name").len(), 1024);
}

/// Nothing is sized by what a peer announces.
#[test]
fn a_length_that_is_a_lie_does_no_harm() {
    let server = Served::new(&["--write", "create"]);
    for (name, lie) in [("small", "1"), ("large", "999999")] {
        let client = Raw::new();
        let asked = [("tsize", lie)];
        let (answer, from) = client.ask(server.address(), &wrq(name.as_bytes(), &asked));
        assert_eq!(answer, oack(&asked));
        assert_eq!(client.ask(from, &data(1, &[1; 512])).0, ack(1));
        assert_eq!(client.ask(from, &data(2, b"end")).0, ack(2));
        assert_eq!(server.read(name).len(), 515);
    }
    let more_than_any_disk = wrq(b"huge", &[("tsize", "18446744073709551615")]);
    assert_error(&Raw::new().ask(server.address(), &more_than_any_disk).0, 3);
}

#[test]
fn the_file_is_there_before_its_last_block_is_acknowledged() {
    let server = Served::new(&["--write", "create"]);
    for size in [0, 511, 512, 5000] {
        let (name, bytes) = (size.to_string(), content(size));
        put(&server, &name, &bytes);
        assert_same(&server.read(&name), &bytes, &name);
        assert_eq!(temporaries(&server), 0);
    }
}

#[test]
fn text_is_translated_wherever_the_blocks_cut_it() {
    let server = Served::new(&["--write", "create"]);
    let client = Raw::new();
    let asked = request(2, b"text", "netascii", &[("blksize", "8")]);
    let from = client.ask(server.address(), &asked).1;
    client.ask(from, &data(1, b"1234567\r"));
    client.ask(from, &data(2, b"\nab\r\0cd\r"));
    assert_eq!(client.ask(from, &data(3, b"\0\r")).0, ack(3));
    assert_eq!(server.read("text"), b"1234567\nab\rcd\r\r");
}

/// 65,536 blocks: the last is numbered 0, as ACK 0 and the OACK are.
#[test]
fn a_last_block_numbered_zero() {
    let server = Served::new(&["--write", "create"]);
    let client = Raw::new();
    let asked = [("blksize", "8"), ("windowsize", "64")];
    let (answer, from) = client.ask(server.address(), &wrq(b"name", &asked));
    assert_eq!(answer, oack(&asked));
    for window in 0..1024_u32 {
        for number in window * 64 + 1..=window * 64 + 64 {
            let length = if number == 65_536 { 3 } else { 8 };
            client.send(from, &data(number as u16, &[1; 8][..length]));
        }
        let last = (window * 64 + 64) as u16;
        assert_eq!(client.receive().0, ack(last), "window {window}");
    }
    assert_eq!(server.read("name").len(), 65_535 * 8 + 3);
    // Who takes it for one of many sends an empty one behind it, and must be let go.
    assert_eq!(client.ask(from, &data(1, b"")).0, ack(1));
    assert_eq!(server.read("name").len(), 65_535 * 8 + 3);
}

/// A disk of 64 KiB, mounted where nobody else sees it.
#[test]
fn a_full_disk_is_error_3_and_leaves_nothing() {
    let mut command = peer("unshare");
    let script = "mount -t tmpfs -o size=64k none /mnt && exec \"$@\" /mnt --listen 127.0.0.1:0";
    command.args(["-m", "sh", "-c", script, "sh"]);
    let program = lineman();
    command.arg(program.get_program());
    command.args(["tftp", "serve", "--write", "create"]);
    let server = Served::under(command);
    let disk = format!("/proc/{}/root/mnt", server.pid());
    let empty = || {
        crate::tftp_kit::names(Path::new(&disk))
            .is_empty()
            .then_some(())
    };
    let announced = wrq(b"announced", &[("tsize", "70000")]);
    assert_error(&Raw::new().ask(server.address(), &announced).0, 3);
    let answer = put(&server, "name", &content(100_000));
    assert_error(&answer, 3);
    server.wait_lines("no space is left on the disk", 2);
    wait_for("an empty disk", LIMIT, empty);
    let file = server.outside().join("source");
    std::fs::write(&file, content(100_000)).expect("write");
    let output = run(lineman()
        .args(["tftp", "put"])
        .arg(file)
        .arg(server.url("name")));
    assert_exit(&output, 3);
    assert!(stderr(&output).contains("Disk full"), "{}", stderr(&output));
    wait_for("an empty disk", LIMIT, empty);
    assert_eq!(put(&server, "fits", &content(10_000)), ack(20));
}

/// A server that is killed outright leaves a temporary; it is neither served nor in the way.
#[test]
fn what_a_crash_leaves_is_not_served() {
    let server = Served::new(&["--write", "overwrite"]);
    let part = ".lineman-part-1-0";
    server.write(part, b"half a file");
    let answer = Raw::new().read(server.address(), part.as_bytes());
    assert_error(&answer.expect_err("temporary"), 1);
    assert_eq!(put(&server, "name", b"x"), ack(1));
}
