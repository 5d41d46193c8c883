//! Other people's clients against `lineman tftp serve`.

use std::path::Path;
use std::process::Command;

use crate::support::peer;
use crate::tftp_kit::Served;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_kit::run;
use crate::tftp_kit::stderr;

const SIZES: [usize; 6] = [0, 1, 511, 512, 513, 1 << 20];
/// At 512 bytes a block, the numbers wrap.
const BIG: usize = 40 << 20;

/// How a client is told to move a file: server, name there, file here.
pub type Call = fn(&Served, &str, &Path) -> Command;

pub fn curl_get(server: &Served, name: &str, file: &Path) -> Command {
    let mut command = peer("curl");
    command.args(["-sS", "-o"]).arg(file).arg(server.url(name));
    command
}

fn curl_put(server: &Served, name: &str, file: &Path) -> Command {
    let mut command = peer("curl");
    command.args(["-sS", "-T"]).arg(file).arg(server.url(name));
    command
}

fn curl_plain(server: &Served, name: &str, file: &Path) -> Command {
    let mut command = curl_get(server, name, file);
    command.arg("--tftp-no-options");
    command
}

fn curl_large(server: &Served, name: &str, file: &Path) -> Command {
    let mut command = curl_get(server, name, file);
    command.args(["--tftp-blksize", "65464"]);
    command
}

fn atftp(way: &str, options: &[&str], server: &Served, name: &str, file: &Path) -> Command {
    let mut command = peer("atftp");
    for option in options {
        command.args(["--option", option]);
    }
    command.args([way, "-r", name, "-l"]).arg(file);
    command.args(["127.0.0.1", &server.port().to_string()]);
    command
}

pub fn atftp_get(server: &Served, name: &str, file: &Path) -> Command {
    atftp("-g", &[], server, name, file)
}

fn atftp_put(server: &Served, name: &str, file: &Path) -> Command {
    atftp("-p", &[], server, name, file)
}

const ATFTP_OPTIONS: [&str; 4] = ["blksize 1428", "windowsize 8", "tsize 0", "timeout 5"];

pub fn atftp_get_windows(server: &Served, name: &str, file: &Path) -> Command {
    atftp("-g", &ATFTP_OPTIONS, server, name, file)
}

fn atftp_put_windows(server: &Served, name: &str, file: &Path) -> Command {
    atftp("-p", &ATFTP_OPTIONS[..2], server, name, file)
}

fn hpa(mode: &str, server: &Served, words: &[&str]) -> Command {
    let mut command = peer("tftp");
    command.args(["-m", mode, "127.0.0.1", &server.port().to_string(), "-c"]);
    command.args(words);
    command
}

pub fn hpa_get(server: &Served, name: &str, file: &Path) -> Command {
    hpa(
        "octet",
        server,
        &["get", name, file.to_str().expect("UTF-8")],
    )
}

fn hpa_put(server: &Served, name: &str, file: &Path) -> Command {
    hpa(
        "octet",
        server,
        &["put", file.to_str().expect("UTF-8"), name],
    )
}

fn busybox(words: &[&str], server: &Served, name: &str, file: &Path) -> Command {
    let mut command = peer("busybox");
    command.arg("tftp").args(words).args(["-r", name, "-l"]);
    command.arg(file);
    command.args(["127.0.0.1", &server.port().to_string()]);
    command
}

pub fn busybox_get(server: &Served, name: &str, file: &Path) -> Command {
    busybox(&["-g"], server, name, file)
}

fn busybox_put(server: &Served, name: &str, file: &Path) -> Command {
    busybox(&["-p"], server, name, file)
}

pub fn busybox_get_blocks(server: &Served, name: &str, file: &Path) -> Command {
    busybox(&["-g", "-b", "1428"], server, name, file)
}

fn busybox_put_blocks(server: &Served, name: &str, file: &Path) -> Command {
    busybox(&["-p", "-b", "1428"], server, name, file)
}

fn exchange(sizes: &[usize], get: Call, put: Option<Call>) -> Vec<String> {
    let server = Served::new(&["--write", "create"]);
    exchange_with(server, sizes, get, put)
}

fn exchange_with(server: Served, sizes: &[usize], get: Call, put: Option<Call>) -> Vec<String> {
    for &size in sizes {
        let bytes = content(size);
        let (name, file) = (format!("down{size}"), server.outside().join("got"));
        server.write(&name, &bytes);
        let output = run(&mut get(&server, &name, &file));
        assert!(output.status.success(), "get {size}: {}", stderr(&output));
        assert_same(&std::fs::read(&file).expect("got"), &bytes, &name);
        std::fs::remove_file(&file).expect("remove");
        let Some(put) = put else { continue };
        let (source, name) = (server.root().join(name), format!("up{size}"));
        let output = run(&mut put(&server, &name, &source));
        assert!(output.status.success(), "put {size}: {}", stderr(&output));
        assert_same(&server.read(&name), &bytes, &name);
    }
    // All of them, and nothing else, behind what the server says of itself.
    let expected = sizes.len() * if put.is_some() { 2 } else { 1 };
    let lines = server.wait_lines(" in ", expected);
    let mut all = server.lines();
    all.retain(|line| {
        !["serving ", "confined: ", "not confined", "uploads: "]
            .iter()
            .any(|own| line.starts_with(own))
    });
    assert_eq!(lines, all, "something failed");
    lines
}

#[test]
fn curl() {
    exchange(&SIZES, curl_get, Some(curl_put));
}

#[test]
fn curl_without_options_and_with_large_blocks() {
    let lines = exchange(&SIZES, curl_plain, None);
    assert!(lines.iter().any(|line| line.contains("no options")));
    let lines = exchange(&SIZES, curl_large, None);
    assert!(lines.iter().any(|line| line.contains("blksize 65464")));
}

#[test]
fn atftp_in_lockstep() {
    exchange(&SIZES, atftp_get, Some(atftp_put));
}

#[test]
fn atftp_with_blocks_and_windows() {
    let lines = exchange(&SIZES, atftp_get_windows, Some(atftp_put_windows));
    let wanted = "blksize 1428, windowsize 8";
    let agreed = lines.iter().filter(|line| line.contains(wanted)).count();
    assert_eq!(agreed, 2 * SIZES.len(), "{lines:#?}");
}

#[test]
fn tftp_hpa() {
    exchange(&SIZES, hpa_get, Some(hpa_put));
}

#[test]
fn busybox_in_blocks_of_512() {
    exchange(&SIZES, busybox_get, Some(busybox_put));
}

#[test]
fn busybox_in_larger_blocks() {
    let lines = exchange(&SIZES, busybox_get_blocks, Some(busybox_put_blocks));
    assert!(lines.iter().any(|line| line.contains("blksize 1428")));
}

/// As behind NAT: answers come from the port that is asked.
#[test]
fn every_client_with_all_transfers_on_one_port() {
    let one_port = || Served::new(&["--write", "create", "--single-port"]);
    exchange_with(one_port(), &SIZES, curl_get, Some(curl_put));
    exchange_with(one_port(), &SIZES, curl_large, None);
    exchange_with(
        one_port(),
        &SIZES,
        atftp_get_windows,
        Some(atftp_put_windows),
    );
    exchange_with(one_port(), &SIZES, hpa_get, Some(hpa_put));
    exchange_with(one_port(), &SIZES, busybox_get, Some(busybox_put));
}

#[test]
fn curl_beyond_65535_blocks() {
    exchange(&[BIG], curl_get, Some(curl_put));
}

#[test]
fn atftp_beyond_65535_blocks() {
    exchange(&[BIG], atftp_get, Some(atftp_put));
}

#[test]
fn tftp_hpa_beyond_65535_blocks() {
    exchange(&[BIG], hpa_get, Some(hpa_put));
}

/// Line ends at the edges of blocks, and returns that stand alone.
fn text() -> Vec<u8> {
    let mut text = Vec::new();
    for line in 0..400 {
        text.extend_from_slice(format!("{line}{}\n", "x".repeat(line % 60)).as_bytes());
        if line % 7 == 0 {
            text.extend_from_slice(b"bare\rreturn\n\n");
        }
    }
    text
}

#[test]
fn tftp_hpa_as_text_both_ways() {
    let server = Served::new(&["--write", "create"]);
    server.write("text", &text());
    let file = server.outside().join("got");
    let path = file.to_str().expect("UTF-8");
    run(&mut hpa("ascii", &server, &["get", "text", path]));
    assert_same(&std::fs::read(&file).expect("got"), &text(), "get");
    run(&mut hpa("ascii", &server, &["put", path, "up"]));
    assert_same(&server.read("up"), &text(), "put");
}

#[test]
fn curl_as_text_gets_the_line_ends_of_the_wire() {
    let server = Served::new(&[]);
    server.write("text", b"a\nb\rc\n");
    let output = run(peer("curl").args(["-sS", &server.url("text;mode=netascii")]));
    assert_eq!(output.stdout, b"a\r\nb\r\0c\r\n", "{}", stderr(&output));
}

#[test]
fn a_missing_file_is_told_apart_by_every_client() {
    let server = Served::new(&[]);
    let file = server.outside().join("got");
    let code = run(&mut curl_get(&server, "none", &file)).status.code();
    assert_eq!(code, Some(68), "curl: TFTP file not found");
    assert!(!run(&mut atftp_get(&server, "none", &file)).status.success());
    let said = run(&mut hpa_get(&server, "none", &file));
    let said = [said.stdout, said.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("File not found"), "{said}");
    assert!(
        !run(&mut busybox_get(&server, "none", &file))
            .status
            .success()
    );
    server.wait_lines("\"none\": no such file", 4);
}

/// 65,535 full blocks and an empty one: its number is 0, and curl does not see that it was the
/// last one it had to send.
#[test]
fn curl_puts_a_file_whose_last_block_is_numbered_zero() {
    let server = Served::new(&["--write", "create"]);
    let file = server.outside().join("source");
    let bytes = content(65_535 * 8);
    std::fs::write(&file, &bytes).expect("write");
    let mut put = curl_put(&server, "up", &file);
    let output = run(put.args(["--tftp-blksize", "8"]));
    assert_same(&server.read("up"), &bytes, "up");
    assert!(output.status.success(), "{}", stderr(&output));
}
