//! Other people's clients read from `lineman --json tftp serve` while every processor is busy: a client
//! that is kept from running is slow, but nothing is lost, and so no block may be sent twice. Some
//! take a repeated block for an error (ptftp) or for the next one (npm's tftp).

use std::path::Path;
use std::process::Command;

use crate::support::BusyLoops;
use crate::support::peer;
use crate::support::registry;
use crate::tftp_kit::Served;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_kit::run;
use crate::tftp_kit::stderr;
use crate::tftp_reports::reports;
use crate::tftp_reports::serve_json;
use crate::tftp_server_peers::Call;
use crate::tftp_server_peers::atftp_get;
use crate::tftp_server_peers::atftp_get_windows;
use crate::tftp_server_peers::busybox_get;
use crate::tftp_server_peers::busybox_get_blocks;
use crate::tftp_server_peers::curl_get;
use crate::tftp_server_peers::hpa_get;

/// Some thousand blocks of 512 bytes, and a last one that is not full.
const LENGTH: usize = (4 << 20) + 100;

/// Reads a file with each of these; `what` is each one's blksize and windowsize.
fn read_beside_busy_loops(calls: &[(Call, u64, u64)]) {
    let server = serve_json(Command::new("sh"), "127.0.0.1:0");
    let bytes = content(LENGTH);
    let _loops = BusyLoops::start();
    for (nth, (call, blksize, windowsize)) in calls.iter().enumerate() {
        let what = format!("blksize {blksize}, windowsize {windowsize}");
        let name = format!("down{nth}");
        server.write(&name, &bytes);
        let file = server.outside().join(&name);
        let output = run(&mut call(&server, &name, &file));
        let found = std::fs::read(&file);
        let Ok(found) = found.as_deref().map_err(|_| stderr(&output)) else {
            let said = String::from_utf8_lossy(&output.stdout);
            panic!("{what}: no file: {said} {}", stderr(&output));
        };
        assert_same(found, &bytes, &what);
        assert!(output.status.success(), "{what}: {}", stderr(&output));
        let report = reports(&server, &name, 1).remove(0);
        assert!(report.complete, "{what}: {report:?}");
        let agreed = (report.blksize, report.windowsize);
        assert_eq!(agreed, (*blksize, *windowsize), "{report:?}");
        assert_eq!(report.resent, 0, "{what}: {report:?}");
    }
}

fn curl_get_blocks(server: &Served, name: &str, file: &Path) -> Command {
    let mut command = curl_get(server, name, file);
    command.args(["--tftp-blksize", "1428"]);
    command
}

/// ptftp, of `ptftpd`: it is typed at, and leaves the file where it runs.
fn ptftp(options: &str, server: &Served, name: &str, file: &Path) -> Command {
    let port = server.port();
    let script = format!(
        "printf 'get -f {name}\\nquit\\n' | python3 -m ptftplib.tftpclient -h 127.0.0.1 -p {port} {options}"
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", &script])
        .env("PYTHONPATH", registry("python"))
        .current_dir(file.parent().expect("a directory"));
    command
}

fn ptftp_as_rfc1350(server: &Served, name: &str, file: &Path) -> Command {
    ptftp("--rfc1350", server, name, file)
}

fn ptftp_in_blocks(server: &Served, name: &str, file: &Path) -> Command {
    ptftp("-b 1400", server, name, file)
}

fn ptftp_in_windows(server: &Served, name: &str, file: &Path) -> Command {
    ptftp("-b 1400 -w 8", server, name, file)
}

fn tftpy(options: &str, server: &Served, name: &str, file: &Path) -> Command {
    let script = "import sys, tftpy; _, port, name, file = sys.argv; \
                  tftpy.TftpClient('127.0.0.1', int(port), OPTIONS).download(name, file)";
    let mut command = peer("python3");
    command
        .args(["-c", &script.replace("OPTIONS", options)])
        .args([&server.port().to_string(), name])
        .arg(file)
        .env("PYTHONPATH", registry("python"));
    command
}

fn tftpy_plain(server: &Served, name: &str, file: &Path) -> Command {
    tftpy("{}", server, name, file)
}

fn tftpy_in_blocks(server: &Served, name: &str, file: &Path) -> Command {
    tftpy("{'blksize': 1428}", server, name, file)
}

/// npm's tftp asks for a window in any case.
fn node(options: &str, server: &Served, name: &str, file: &Path) -> Command {
    let script = "const [port, name, file] = process.argv.slice(1); \
        const client = require('tftp').createClient({host: '127.0.0.1', port, OPTIONS}); \
        client.get(name, file, (error) => { if (error) { console.error(error); process.exit(1); } });";
    let mut command = peer("node");
    command
        .args(["-e", &script.replace("OPTIONS", options), "--"])
        .args([&server.port().to_string(), name])
        .arg(file)
        .env("NODE_PATH", registry("node/node_modules"));
    command
}

fn node_in_lockstep(server: &Served, name: &str, file: &Path) -> Command {
    node("blockSize: 512, windowSize: 1", server, name, file)
}

fn node_in_windows(server: &Served, name: &str, file: &Path) -> Command {
    node("blockSize: 1428, windowSize: 8", server, name, file)
}

fn perl(options: &str, server: &Served, name: &str, file: &Path) -> Command {
    let script = "my ($port, $name, $file) = @ARGV; my $client = Net::TFTP->new( \
                  '127.0.0.1', Port => $port, Mode => 'octet' OPTIONS); \
                  $client->get($name, $file) or die $client->error";
    let mut command = peer("perl");
    command
        .args(["-MNet::TFTP", "-e", &script.replace("OPTIONS", options)])
        .args([&server.port().to_string(), name])
        .arg(file);
    command
}

fn perl_plain(server: &Served, name: &str, file: &Path) -> Command {
    perl("", server, name, file)
}

fn perl_in_blocks(server: &Served, name: &str, file: &Path) -> Command {
    perl(", BlockSize => 1428", server, name, file)
}

#[test]
fn curl_beside_busy_loops() {
    read_beside_busy_loops(&[(curl_get, 512, 1), (curl_get_blocks, 1428, 1)]);
}

#[test]
fn atftp_beside_busy_loops() {
    read_beside_busy_loops(&[(atftp_get, 512, 1), (atftp_get_windows, 1428, 8)]);
}

#[test]
fn tftp_hpa_beside_busy_loops() {
    read_beside_busy_loops(&[(hpa_get, 512, 1)]);
}

#[test]
fn busybox_beside_busy_loops() {
    read_beside_busy_loops(&[(busybox_get, 512, 1), (busybox_get_blocks, 1428, 1)]);
}

#[test]
fn ptftp_beside_busy_loops() {
    read_beside_busy_loops(&[
        (ptftp_as_rfc1350, 512, 1),
        (ptftp_in_blocks, 1400, 1),
        (ptftp_in_windows, 1400, 8),
    ]);
}

#[test]
fn tftpy_beside_busy_loops() {
    read_beside_busy_loops(&[(tftpy_plain, 512, 1), (tftpy_in_blocks, 1428, 1)]);
}

#[test]
fn tftp_of_npm_beside_busy_loops() {
    read_beside_busy_loops(&[(node_in_lockstep, 512, 1), (node_in_windows, 1428, 8)]);
}

#[test]
fn net_tftp_of_perl_beside_busy_loops() {
    read_beside_busy_loops(&[(perl_plain, 512, 1), (perl_in_blocks, 1428, 1)]);
}
