//! File names from strangers: nothing outside the served directory, nothing that is no file,
//! nothing about the server's file system in an answer.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::tftp_kit::Served;
use crate::tftp_raw::Raw;
use crate::tftp_raw::assert_error;

const SECRET: &[u8] = b"not for strangers";

/// A root with a file beside it and links of all kinds in it.
fn served(args: &[&str]) -> Served {
    let server = Served::new(args);
    std::fs::write(server.outside().join("secret"), SECRET).expect("write");
    std::fs::create_dir_all(server.root().join("dir/deep")).expect("directory");
    server.write("file", b"top");
    server.write("dir/file", b"inner");
    let link = |to: &str, name: &str| symlink(to, server.root().join(name)).expect("link");
    link("dir/file", "inside");
    link("dir/deep", "deep");
    link("../secret", "outside");
    link("/etc/passwd", "absolute");
    link("..", "up");
    link("loop", "loop");
    link("none", "dangling");
    server
}

fn read(server: &Served, name: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    Raw::new().read(server.address(), name)
}

#[test]
fn no_name_leads_out_of_the_root() {
    let server = served(&["--ignore-case"]);
    let outside = server.outside().join("secret");
    let absolute = outside.to_str().expect("UTF-8");
    for name in [
        "../secret",
        "/../secret",
        "//..//secret",
        "dir/../../secret",
        r"..\secret",
        r"dir\..\..\secret",
        r"C:\..\secret",
        "dir/./../../secret",
        "outside",
        "up/secret",
        "deep/../../../secret",
        "../root/../secret",
        absolute,
        "/etc/passwd",
        "absolute",
        "/proc/self/root/etc/passwd",
        "../../../../../../../../etc/passwd",
        "..",
        "../",
        "....//secret",
        "%2e%2e/secret",
        "loop",
        "dangling",
    ] {
        let answer = read(&server, name.as_bytes()).expect_err(name);
        assert!(matches!(answer[..4], [0, 5, 0, 1 | 2]), "{name}");
        let shown = String::from_utf8_lossy(&answer);
        assert!(!shown.contains('/') && !shown.contains("secret"), "{shown}");
    }
}

#[test]
fn names_as_boot_programs_write_them() {
    let server = served(&[]);
    for name in [
        &b"file"[..],
        b"/file",
        b"//file",
        b"./file",
        br"\file",
        br"C:\file",
        b"c:/file",
        b"file\xff",
        b"dir/../file",
        b"deep/../../file",
    ] {
        let shown = String::from_utf8_lossy(name);
        assert_eq!(read(&server, name), Ok(b"top".to_vec()), "{shown}");
    }
    for name in [
        &b"dir/file"[..],
        br"\dir\file",
        b"/dir//file\xff",
        b"inside",
    ] {
        let shown = String::from_utf8_lossy(name);
        assert_eq!(read(&server, name), Ok(b"inner".to_vec()), "{shown}");
    }
}

#[test]
fn a_name_that_is_no_text_can_be_fetched() {
    let server = served(&[]);
    for name in [&b"caf\xe9"[..], b"\x1b[31m", b"\xff", "文件".as_bytes()] {
        std::fs::write(server.root().join(OsStr::from_bytes(name)), name).expect("write");
        assert_eq!(read(&server, name), Ok(name.to_vec()));
    }
    let line = server.wait_line("31m");
    assert!(line.contains("got \"^[[31m\""), "{line:?}");
    server.wait_line(r#"got "caf\xe9""#);
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting() {
    let server = served(&[]);
    let fifo = server.root().join("fifo");
    let device = server.root().join("null");
    let status = Command::new("mkfifo").arg(&fifo).status();
    assert!(status.expect("mkfifo").success());
    let status = Command::new("mknod")
        .arg(&device)
        .args(["c", "1", "3"])
        .status();
    assert!(status.expect("mknod").success(), "root may make devices");
    let socket = std::os::unix::net::UnixListener::bind(server.root().join("socket"));
    for name in [
        "fifo", "null", "socket", "dir", "dir/", "/", ".", r"\", "deep",
    ] {
        assert_error(&read(&server, name.as_bytes()).expect_err(name), 2);
        server.wait_line(&format!("\"{name}\": refused: not a regular file"));
    }
    drop(socket);
}

#[test]
fn the_log_names_the_nearest_file_and_the_answer_does_not() {
    let server = served(&[]);
    server.write("pxelinux.0", b"x");
    let answer = read(&server, b"pxelinx.0").expect_err("missing");
    assert_eq!(answer, b"\0\x05\0\x01File not found\0");
    server.wait_line("\"pxelinx.0\": no such file; nearest name is pxelinux.0");
    read(&server, b"nothing-like-it").expect_err("missing");
    let line = server.wait_line("nothing-like-it");
    assert!(line.ends_with("no such file"), "{line}");
}

#[test]
fn upper_and_lower_case_only_where_it_was_said() {
    let exact = served(&[]);
    assert_error(&read(&exact, b"FILE").expect_err("exact"), 1);
    let server = served(&["--ignore-case"]);
    assert_eq!(read(&server, b"FILE"), Ok(b"top".to_vec()));
    assert_eq!(read(&server, br"\Dir\FILE"), Ok(b"inner".to_vec()));
    server.write("FILE", b"exact");
    assert_eq!(read(&server, b"FILE"), Ok(b"exact".to_vec()));
    assert_error(&read(&server, b"OUTSIDE").expect_err("jail"), 2);
    assert_error(&read(&server, br"..\SECRET").expect_err("jail"), 2);
}
