//! Three servers behind one address: a router spreads clients over them by addresses and ports (ECMP), as a hall's
//! routers do with an anycast address. One is killed in the middle of a transfer.

use std::io::BufRead as _;
use std::io::BufReader;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use crate::support::Running;
use crate::support::peer;
use crate::support::wait_for;
use crate::tftp_kit::LIMIT;
use crate::tftp_kit::Served;
use crate::tftp_kit::content;
use crate::tftp_kit::run;
use crate::tftp_kit::signal;
use crate::tftp_kit::stderr;

/// The address that clients know.
const SHARED: &str = "10.99.0.1";
const CLIENT: &str = "10.80.9.2";

/// A network namespace that lives as long as this.
struct Host {
    running: Running,
    /// Of whose user namespace it is.
    owner: u32,
}

impl Host {
    fn router() -> Self {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net"]);
        let running = sleeping(
            command,
            "echo 1 > /proc/sys/net/ipv4/ip_forward && \
             echo 1 > /proc/sys/net/ipv4/fib_multipath_hash_policy && ",
        );
        let owner = running.0.id();
        Self { running, owner }
    }

    /// A host on a cable of its own to `router`: `address` is 10.80.n.2, the router's end 10.80.n.1.
    fn beside(router: &Self, address: &str) -> Self {
        let mut command = router.command("unshare");
        command.arg("--net");
        let running = sleeping(command, "");
        let host = Self {
            running,
            owner: router.owner,
        };
        let subnet = address
            .strip_suffix(".2")
            .expect("an address that ends in 2");
        let number = subnet.rsplit('.').next().expect("its number");
        router.sh(&format!(
            "ip link add r{number} type veth peer name host netns {} && \
             ip addr add {subnet}.1/24 dev r{number} && ip link set r{number} up",
            host.running.0.id()
        ));
        host.sh(&format!(
            "ip link set lo up && ip addr add {address}/24 dev host && ip link set host up && \
             ip route add default via {subnet}.1"
        ));
        host
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args([
                "--preserve-credentials",
                &format!("--user=/proc/{}/ns/user", self.owner),
            ])
            .arg(format!("--net=/proc/{}/ns/net", self.running.0.id()))
            .arg(program)
            .env("LC_ALL", "C.UTF-8")
            .env("XDG_CONFIG_HOME", "/nonexistent");
        command
    }

    fn sh(&self, script: &str) {
        let output = run(self.command("sh").args(["-c", script]));
        assert!(output.status.success(), "{script}: {}", stderr(&output));
    }

    /// How many bytes have left by its cable.
    fn sent(&self) -> u64 {
        let file = format!("/proc/{}/net/dev", self.running.0.id());
        let table = std::fs::read_to_string(file).expect("its interfaces");
        let line = table
            .lines()
            .find_map(|line| line.trim().strip_prefix("host:"));
        let sent = line.and_then(|line| line.split_whitespace().nth(8));
        sent.and_then(|sent| sent.parse().ok()).expect("a counter")
    }
}

fn sleeping(mut command: Command, script: &str) -> Running {
    let script = format!("ip link set lo up && {script}echo ready && exec sleep 600");
    let mut child: Child = command
        .args(["sh", "-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("unshare of util-linux");
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
    stdout.read_line(&mut line).expect("stdout");
    let running = Running(child);
    assert_eq!(line, "ready\n", "no namespace");
    running
}

/// The router's way to these servers, each as likely as the others.
fn spread(router: &Host, servers: &[&str]) {
    let hops: String = servers
        .iter()
        .map(|server| format!(" nexthop via {server}"))
        .collect();
    router.sh(&format!("ip route replace {SHARED}/32{hops}"));
}

#[test]
fn a_boot_goes_on_when_one_of_three_servers_is_killed() {
    let router = Host::router();
    let addresses = ["10.80.1.2", "10.80.2.2", "10.80.3.2"];
    let hosts = addresses.map(|address| Host::beside(&router, address));
    let client = Host::beside(&router, CLIENT);
    let bytes = content(24 << 20);
    let servers: Vec<Served> = hosts
        .iter()
        .map(|host| {
            host.sh(&format!("ip addr add {SHARED}/32 dev lo"));
            let mut command = host.command(env!("CARGO_BIN_EXE_lineman"));
            command.args(["tftp", "serve", "--single-port", "--listen"]);
            let served = Served::start(command, &[&format!("{SHARED}:69")]);
            served.write("image", &bytes);
            served
        })
        .collect();
    spread(&router, &addresses);
    // Each asks from another port: they are spread, and every server has the same.
    let dir = tempfile::tempdir().expect("a directory");
    let small = &bytes[..3000];
    servers
        .iter()
        .for_each(|server| drop(server.write("small", small)));
    for nth in 0..24 {
        let copy = dir.path().join(format!("small-{nth}"));
        let output = run(curl(&client, "small").arg("-o").arg(&copy));
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(std::fs::read(copy).expect("a copy"), small);
    }
    let has_sent = |server: &&Served| server.lines().iter().any(|line| line.contains("\"small\""));
    let used = wait_for("lines of the log", LIMIT, || {
        let told = servers.iter().map(|server| {
            server
                .lines()
                .iter()
                .filter(|line| line.contains("\"small\""))
                .count()
        });
        (told.sum::<usize>() >= 24).then(|| servers.iter().filter(has_sent).count())
    });
    assert!(used >= 2, "24 clients were all sent to one server");

    let before = hosts.each_ref().map(Host::sent);
    let copy = dir.path().join("image");
    let mut booting = curl(&client, "image");
    // A client that gives up after three seconds of silence and asks again, as firmware does.
    booting.args(["--speed-limit", "1", "--speed-time", "3"]);
    booting.args(["--retry", "9", "--retry-all-errors", "--retry-delay", "1"]);
    let booting = booting.arg("-o").arg(&copy).stderr(Stdio::piped()).spawn();
    let booting = Running(booting.expect("curl"));
    let serving = wait_for("a transfer that runs", LIMIT, || {
        let sent = |nth: &usize| hosts[*nth].sent() - before[*nth] > 1 << 20;
        (0..3).find(sent)
    });
    signal(servers[serving].pid(), "KILL");
    let left: Vec<&str> = addresses
        .iter()
        .enumerate()
        .filter(|(nth, _)| *nth != serving)
        .map(|(_, it)| *it)
        .collect();
    spread(&router, &left); // what a health check, or the end of its BGP session, does
    let output = crate::tftp_kit::finish(booting, "the client that asks again");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(std::fs::read(copy).expect("a copy") == bytes, "other bytes");
    let others = (0..3).filter(|nth| *nth != serving);
    let whole = others
        .filter(|nth| hosts[*nth].sent() - before[*nth] > bytes.len() as u64)
        .count();
    assert_eq!(whole, 1, "one of the others has sent all of it");
}

fn curl(host: &Host, file: &str) -> Command {
    let curl = peer("curl");
    let mut command = host.command(curl.get_program());
    command.args([
        "--silent",
        "--show-error",
        "--max-time",
        "60",
        "--connect-timeout",
        "20",
    ]);
    command.arg(format!("tftp://{SHARED}/{file}"));
    command
}
