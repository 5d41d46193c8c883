//! `lineman tftp get` and `put` against other people's servers, each in a network of its own: they
//! may have port 69 there, and no other program has one of the ports.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use tempfile::TempDir;

use crate::support::Running;
use crate::support::lineman;
use crate::support::peer;
use crate::support::peer_path;
use crate::support::wait_for;
use crate::tftp_kit::LIMIT;
use crate::tftp_kit::assert_exit;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_kit::names;
use crate::tftp_kit::run;
use crate::tftp_kit::stderr;

const SIZES: [usize; 6] = [0, 1, 511, 512, 513, 1 << 20];
const BIG: usize = 40 << 20;
/// in.tftpd reads no address, not even its own, where there is none but that of loopback.
const NETWORK: &str = "ip link set lo up && ip addr add 192.0.2.1/32 dev lo && exec \"$@\"";

/// A server on port 69 of 127.0.0.1 in a network namespace.
pub struct Daemon {
    running: Running,
    dir: TempDir,
}

impl Daemon {
    /// `ROOT` among the words stands for the directory.
    fn start(program: &str, words: &[&str]) -> Self {
        let dir = TempDir::new().expect("temporary directory");
        let root = dir.path().join("root");
        std::fs::create_dir(&root).expect("directory");
        let root = root.to_str().expect("UTF-8");
        let mut command = peer("unshare");
        command.args(["-n", "sh", "-c", NETWORK, "sh"]);
        command.arg(peer_path(program));
        command.args(words.iter().map(|word| word.replace("ROOT", root)));
        let log = std::fs::File::create(dir.path().join("log")).expect("log");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let running = Running(command.stderr(log).spawn().expect("start"));
        let mut daemon = Self { running, dir };
        wait_for(program, LIMIT, || {
            let ended = daemon.running.0.try_wait().expect("wait");
            assert_eq!(ended, None, "{program} does not stay");
            daemon.is_listening().then_some(())
        });
        daemon
    }

    pub fn tftpd_hpa(words: &[&str]) -> Self {
        let mut all = vec!["-L", "-c", "-u", "root", "-a", "127.0.0.1:69"];
        all.extend(words);
        all.extend(["-s", "ROOT"]);
        Self::start("in.tftpd", &all)
    }

    fn atftpd(words: &[&str]) -> Self {
        let mut all = vec!["--daemon", "--no-fork", "--bind-address", "127.0.0.1"];
        all.extend(["--port", "69", "--user", "root", "--group", "root"]);
        all.extend(words);
        all.push("ROOT");
        Self::start("atftpd", &all)
    }

    fn dnsmasq(words: &[&str]) -> Self {
        let mut all = vec!["--no-daemon", "--port=0", "--enable-tftp"];
        all.extend(["--tftp-root=ROOT", "--conf-file=/dev/null", "--user=root"]);
        all.push("--interface=lo");
        all.extend(words);
        Self::start("dnsmasq", &all)
    }

    fn is_listening(&self) -> bool {
        let table = format!("/proc/{}/net/udp", self.running.0.id());
        std::fs::read_to_string(table).is_ok_and(|table| table.contains(":0045 "))
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.root().join(name), bytes).expect("write");
    }

    /// `lineman tftp` in the daemon's network, and in a directory for what it fetches.
    pub fn lineman(&self, words: &[&str]) -> Output {
        let here = self.dir.path().join("here");
        std::fs::create_dir_all(&here).expect("directory");
        let pid = self.running.0.id().to_string();
        let mut command = peer("nsenter");
        command.args(["-n", "-t", &pid]);
        let program = lineman();
        command.arg(program.get_program()).arg("tftp").args(words);
        inherit(&mut command, &program);
        run(command.current_dir(here))
    }

    fn here(&self) -> PathBuf {
        self.dir.path().join("here")
    }

    fn get(&self, words: &[&str], sizes: &[usize]) -> Vec<String> {
        let get = |&size: &usize| {
            let bytes = content(size);
            let name = format!("down{size}");
            self.write(&name, &bytes);
            let url = format!("tftp://127.0.0.1/{name}");
            let output = self.lineman(&[&["get", &url], words].concat());
            assert_exit(&output, 0);
            assert_same(&read(&self.here(), &name), &bytes, &name);
            std::fs::remove_file(self.here().join(&name)).expect("remove");
            stderr(&output)
        };
        let said = sizes.iter().map(get).collect();
        assert_eq!(names(&self.here()), Vec::<String>::new());
        said
    }

    fn put(&self, words: &[&str], sizes: &[usize]) -> Vec<String> {
        let put = |&size: &usize| {
            let bytes = content(size);
            let (file, name) = (self.dir.path().join("source"), format!("up{size}"));
            std::fs::write(&file, &bytes).expect("write");
            let url = format!("tftp://127.0.0.1/{name}");
            let file = file.to_str().expect("UTF-8");
            let output = self.lineman(&[&["put", file, &url], words].concat());
            assert_exit(&output, 0);
            // Not every server has the file in place when it acknowledges its last block.
            wait_for(&name, LIMIT, || {
                let found = std::fs::metadata(self.root().join(&name)).ok()?;
                (found.len() == bytes.len() as u64).then_some(())
            });
            assert_same(&read(&self.root(), &name), &bytes, &name);
            stderr(&output)
        };
        sizes.iter().map(put).collect()
    }
}

fn inherit(command: &mut Command, from: &Command) {
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

fn read(dir: &Path, name: &str) -> Vec<u8> {
    std::fs::read(dir.join(name)).expect("read")
}

#[track_caller]
fn assert_all(said: &[String], part: &str) {
    assert!(said.iter().all(|line| line.contains(part)), "{said:#?}");
}

#[test]
fn tftpd_hpa() {
    let daemon = Daemon::tftpd_hpa(&[]);
    assert_all(&daemon.get(&[], &SIZES), "blksize ");
    assert_all(&daemon.put(&[], &SIZES), "blksize ");
}

#[test]
fn tftpd_hpa_in_lockstep_of_512() {
    let daemon = Daemon::tftpd_hpa(&[]);
    let plain = ["--no-options"];
    assert_all(&daemon.get(&plain, &SIZES), "no options");
    assert_all(&daemon.put(&plain, &SIZES), "no options");
}

#[test]
fn tftpd_hpa_that_refuses_every_option() {
    let words = ["blksize", "blksize2", "tsize", "timeout", "utimeout"];
    let words: Vec<&str> = words.into_iter().flat_map(|name| ["-r", name]).collect();
    let daemon = Daemon::tftpd_hpa(&words);
    assert_all(&daemon.get(&[], &SIZES), "no options");
    assert_all(&daemon.put(&[], &SIZES), "no options");
}

#[test]
fn tftpd_hpa_beyond_65535_blocks() {
    let daemon = Daemon::tftpd_hpa(&[]);
    daemon.get(&["--blksize", "512"], &[BIG]);
    daemon.put(&["--blksize", "512"], &[BIG]);
}

#[test]
fn atftpd() {
    let daemon = Daemon::atftpd(&[]);
    assert_all(&daemon.get(&[], &SIZES), "windowsize 16");
    assert_all(&daemon.put(&[], &SIZES), "windowsize 16");
}

#[test]
fn atftpd_that_knows_no_options() {
    let words = [
        "--no-timeout",
        "--no-tsize",
        "--no-blksize",
        "--no-windowsize",
    ];
    let daemon = Daemon::atftpd(&words);
    assert_all(&daemon.get(&[], &SIZES), "no options");
    assert_all(&daemon.put(&[], &SIZES), "no options");
}

#[test]
fn atftpd_beyond_65535_blocks_in_windows() {
    let daemon = Daemon::atftpd(&[]);
    daemon.get(&["--blksize", "512"], &[BIG]);
    daemon.put(&["--blksize", "512", "--windowsize", "8"], &[BIG]);
}

#[test]
fn dnsmasq() {
    let daemon = Daemon::dnsmasq(&[]);
    daemon.get(&[], &SIZES);
    daemon.get(
        &["--blksize", "1024", "--windowsize", "4", "--timeout", "3"],
        &SIZES,
    );
}

#[test]
fn dnsmasq_on_a_single_port_and_without_block_sizes() {
    let daemon = Daemon::dnsmasq(&["--tftp-single-port", "--tftp-no-blocksize"]);
    daemon.get(&[], &SIZES);
}

#[test]
fn dnsmasq_beyond_65535_blocks() {
    Daemon::dnsmasq(&[]).get(&["--blksize", "512"], &[BIG]);
}

#[test]
fn tftpd_hpa_as_text_both_ways() {
    let daemon = Daemon::tftpd_hpa(&[]);
    let text = "line\nbare\rreturn\n\n".repeat(200).into_bytes();
    daemon.write("down", &text);
    let output = daemon.lineman(&["get", "tftp://127.0.0.1/down", "--netascii"]);
    assert_exit(&output, 0);
    assert_same(&read(&daemon.here(), "down"), &text, "get");
    let output = daemon.lineman(&["put", "down", "tftp://127.0.0.1/up;mode=netascii"]);
    assert_exit(&output, 0);
    wait_for("the file", LIMIT, || {
        (read(&daemon.root(), "up").len() == text.len()).then_some(())
    });
    assert_same(&read(&daemon.root(), "up"), &text, "put");
}

#[test]
fn several_files_in_one_call() {
    let daemon = Daemon::tftpd_hpa(&[]);
    for size in SIZES {
        daemon.write(&size.to_string(), &content(size));
    }
    let urls = SIZES.map(|size| format!("tftp://127.0.0.1/{size}"));
    let words: Vec<&str> = ["get"]
        .into_iter()
        .chain(urls.iter().map(String::as_str))
        .collect();
    assert_exit(&daemon.lineman(&words), 0);
    for size in SIZES {
        assert_same(
            &read(&daemon.here(), &size.to_string()),
            &content(size),
            "get",
        );
        std::fs::remove_file(daemon.root().join(size.to_string())).expect("remove");
    }
    let output = daemon.lineman(&["put", "0", "513", "512", "tftp://127.0.0.1/"]);
    assert_exit(&output, 0);
    assert_eq!(names(&daemon.root()), ["0", "512", "513"]);
}

#[test]
fn a_missing_file_of_every_server() {
    for daemon in [
        Daemon::tftpd_hpa(&[]),
        Daemon::atftpd(&[]),
        Daemon::dnsmasq(&[]),
    ] {
        let output = daemon.lineman(&["get", "tftp://127.0.0.1/none"]);
        assert_exit(&output, 3);
        assert!(stderr(&output).contains("(error 1)"), "{}", stderr(&output));
        assert_eq!(names(&daemon.here()), Vec::<String>::new());
    }
}
