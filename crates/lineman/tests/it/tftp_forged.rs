//! What a forger of addresses can do to a TFTP server and to others by it, in two network namespaces
//! of the test's own. The forger is a process of its own, because it needs the other namespace; what
//! it sends is a script.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::net::SocketAddrV4;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use socket2::Domain;
use socket2::Protocol;
use socket2::Socket;
use socket2::Type;
use tempfile::TempDir;

use crate::support::wait_for;
use crate::tftp_flood::FORGED;
use crate::tftp_flood::Net;
use crate::tftp_flood::PORT;
use crate::tftp_flood::datagram;
use crate::tftp_flood::enter;
use crate::tftp_flood::run;
use crate::udp_rig::Ended;
use crate::udp_rig::LIMIT;
use crate::udp_rig::Program;
use crate::udp_rig::noise;

const PLAIN: &[u8] = b"\0\x01file\0octet\0";
const SCRIPT: &str = "LINEMAN_TEST_FORGERY";
/// An address of the real host among those that are forged, and the server's address for it: the
/// packets of both go through the cable whose bytes are counted.
const HOST: &str = "10.1.1.77";
const FOR_HOST: &str = "172.18.0.1";
/// An Ethernet header, which the counts of a cable have and the server's account has not.
const ETHERNET: u64 = 14;

/// What a forger is to do.
#[derive(Default)]
struct Script(String);

impl Script {
    fn send(&mut self, from: impl Into<Ipv4Addr>, port: u16, payload: &[u8]) -> &mut Self {
        write!(self.0, "{} ", SocketAddrV4::new(from.into(), port)).expect("a string");
        for byte in payload {
            write!(self.0, "{byte:02x}").expect("a string");
        }
        self.0.push('\n');
        self
    }

    fn pause(&mut self, pause: Duration) -> &mut Self {
        writeln!(self.0, "pause {}", pause.as_micros()).expect("a string");
        self
    }
}

struct Attack {
    net: Net,
    server: Program,
    root: TempDir,
}

impl Attack {
    fn on_server(args: &[&str]) -> Self {
        let net = Net::new();
        let script = format!(
            "ip addr add {FOR_HOST}/32 dev d0
            for f in all d0; do echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter; done"
        );
        run(&net.server, &script);
        let script = format!(
            "ip addr add {HOST}/32 dev e0
            ip route add {FOR_HOST}/32 dev e0 src {HOST}"
        );
        run(&net.clients, &script);
        let root = TempDir::new().expect("a directory");
        std::fs::write(root.path().join("file"), noise(1 << 20)).expect("a file");
        let mut command = enter(&net.server, env!("CARGO_BIN_EXE_lineman"));
        let listen = format!("0.0.0.0:{PORT}");
        command.args(["--json", "tftp", "serve", "--listen", &listen]);
        let server = Program::start(command.arg(root.path()).args(args));
        server.shows("serving");
        Self { net, server, root }
    }

    /// Starts the forger.
    fn forge(&self, script: &Script) -> Program {
        let path = self.root.path().with_extension("script");
        std::fs::File::create(&path)
            .and_then(|mut file| file.write_all(script.0.as_bytes()))
            .expect("a script");
        let program = std::env::current_exe().expect("a path");
        let mut command = enter(&self.net.clients, program.to_str().expect("UTF-8"));
        let name = "tftp_forged::the_forger";
        command.args(["--exact", name, "--ignored", "--nocapture"]);
        let forger = Program::start(command.env(SCRIPT, path));
        forger.shows("forging");
        forger
    }

    /// Has the forger do all of it.
    fn forge_all(&self, script: &Script) {
        assert_eq!(self.forge(script).ended().code(), 0);
    }

    /// A client's fetch from the host among those that are forged: how long it took.
    fn get(&self, args: &[&str]) -> Duration {
        let started = Instant::now();
        let output = self
            .client(&[
                "tftp",
                "get",
                &format!("tftp://{FOR_HOST}:{PORT}/file"),
                "-o",
                "-",
            ])
            .args(args)
            .output()
            .expect("it runs");
        let elapsed = started.elapsed();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let file = std::fs::read(self.root.path().join("file")).expect("a file");
        assert!(output.stdout == file, "another file: {said}");
        elapsed
    }

    fn client(&self, args: &[&str]) -> Command {
        let mut command = enter(&self.net.clients, env!("CARGO_BIN_EXE_lineman"));
        command.args(args);
        command
    }

    fn end(self) -> Ended {
        self.server.signal("TERM");
        self.server.ended()
    }
}

/// Not a test: the forger's own process.
#[test]
#[ignore = "other tests start it"]
fn the_forger() {
    let Some(script) = std::env::var_os(SCRIPT) else {
        return;
    };
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP)).expect("a raw socket");
    socket.set_header_included_v4(true).expect("an option");
    let server: Ipv4Addr = FORGED.parse().expect("an address");
    let to = SocketAddrV4::new(server, PORT).into();
    println!("forging");
    let mut due = Instant::now();
    for line in std::fs::read_to_string(script).expect("a script").lines() {
        let (from, what) = line.split_once(' ').expect("two words");
        if from == "pause" {
            // By the clock, so that what sleeping takes longer does not add up.
            due += Duration::from_micros(what.parse().expect("a number"));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            continue;
        }
        let from: SocketAddrV4 = from.parse().expect("an address");
        let bytes = |at: usize| u8::from_str_radix(&what[at..at + 2], 16).expect("hexadecimal");
        let payload: Vec<u8> = (0..what.len()).step_by(2).map(bytes).collect();
        let packet = datagram((*from.ip(), from.port()), server, &payload);
        socket.send_to(&packet, &to).expect("sent");
    }
}

fn ack(block: u16) -> [u8; 4] {
    let [high, low] = block.to_be_bytes();
    [0, 4, high, low]
}

/// Addresses of 10.0.0.0/8, each in another /24.
fn anywhere(n: u32) -> Ipv4Addr {
    let [_, a, b, c] = n.wrapping_mul(0x9E37_79B1).to_be_bytes();
    Ipv4Addr::new(10, 2 + a % 200, b, c)
}

#[test]
fn one_port_for_all_is_no_amplifier_for_forged_acks() {
    let attack = Attack::on_server(&["--single-port"]);
    let victim = Ipv4Addr::new(10, 9, 9, 9);
    // All at once: the first of them is for a block that has not left.
    let before = attack.net.bytes();
    let mut script = Script::default();
    script.send(
        victim,
        7000,
        b"\0\x01file\0octet\0blksize\x001428\0windowsize\x0064\0",
    );
    script.pause(Duration::from_millis(50));
    for block in 0..300 {
        script.send(victim, 7000, &ack(block));
    }
    attack.forge_all(&script);
    std::thread::sleep(Duration::from_millis(1200));
    let after = attack.net.bytes();
    let (bytes_in, bytes_out) = (after.0 - before.0, after.1 - before.1);
    println!("at once: {bytes_in} in, {bytes_out} out");
    assert!(bytes_out <= bytes_in / 10, "{bytes_out} for {bytes_in}");

    // One after the other, as a forger would that waits for the longest delay.
    let (before, began) = (attack.net.bytes(), Instant::now());
    let mut script = Script::default();
    for port in 0..40 {
        script.send(victim, 7001 + port, b"\0\x01file\0octet\0blksize\x001428\0");
    }
    for block in 0..16 {
        script.pause(Duration::from_millis(230));
        for port in 0..40 {
            script.send(victim, 7001 + port, &ack(block));
        }
    }
    attack.forge_all(&script);
    let elapsed = began.elapsed().as_secs() + 1;
    let after = attack.net.bytes();
    let (bytes_in, bytes_out) = (after.0 - before.0, after.1 - before.1);
    println!("in step: {bytes_in} in, {bytes_out} out");
    let account = (64 << 10) + elapsed * (16 << 10);
    assert!(
        bytes_out <= 3 * bytes_in + account,
        "{bytes_out} for {bytes_in}"
    );
    let ended = attack.end();
    let transfers = ended.events("transfer");
    assert!(
        transfers.iter().any(|event| event["reason"] == "forged"),
        "{transfers:?}"
    );
    assert_eq!(ended.events("slowed").len(), 1, "said once");
}

#[test]
fn a_client_of_one_port_for_all_proves_itself_and_is_as_fast_as_any() {
    let attack = Attack::on_server(&["--single-port"]);
    let first = attack.get(&[]);
    let second = attack.get(&[]);
    let plain = attack.get(&["--no-options"]);
    println!("{first:?} to prove itself, {second:?} later, {plain:?} without options");
    let ended = attack.end();
    let transfers = ended.events("transfer");
    let windows: Vec<_> = transfers
        .iter()
        .map(|event| event["windowsize"].clone())
        .collect();
    assert_eq!(windows, [1, 16, 1], "no window on faith");
    assert!(ended.events("slowed").is_empty());
}

#[test]
fn one_port_for_all_is_no_amplifier_for_what_is_forged_in_a_proved_clients_name() {
    let attack = Attack::on_server(&["--single-port"]);
    attack.get(&[]);
    // The host hears nothing of it, so that it does not say so.
    run(
        &attack.net.clients,
        &format!("ip addr del {HOST}/32 dev e0"),
    );
    let host: Ipv4Addr = HOST.parse().expect("an address");
    let (before, began) = (attack.net.bytes(), Instant::now());
    let mut script = Script::default();
    for port in 0..20 {
        let asked = b"\0\x01file\0octet\0blksize\x001428\0windowsize\x0016\0";
        script.send(host, 7001 + port, asked);
    }
    for window in 0..40 {
        script.pause(Duration::from_millis(50));
        for port in 0..20 {
            script.send(host, 7001 + port, &ack(16 * window));
        }
    }
    attack.forge_all(&script);
    let elapsed = began.elapsed().as_secs() + 1;
    let after = attack.net.bytes();
    let (bytes_in, bytes_out) = (after.0 - before.0, after.1 - before.1);
    println!("{bytes_in} in, {bytes_out} out");
    let account = ((512 + 64) << 10) + elapsed * (32 << 10);
    assert!(
        bytes_out <= 3 * bytes_in + account + account / 50,
        "{bytes_out} for {bytes_in}"
    );
}

#[test]
fn whom_the_operator_trusts_has_windows_at_once() {
    let attack = Attack::on_server(&["--single-port", "--trust", "10.1.0.0/16"]);
    attack.get(&[]);
    let ended = attack.end();
    assert_eq!(ended.events("transfer")[0]["windowsize"], 16);
}

#[test]
fn one_port_for_all_heeds_a_machine_that_says_it_did_not_ask() {
    let attack = Attack::on_server(&["--single-port"]);
    let mut script = Script::default();
    script.send(HOST.parse::<Ipv4Addr>().expect("an address"), 7, b"");
    script.send(HOST.parse::<Ipv4Addr>().expect("an address"), 7000, PLAIN);
    attack.forge_all(&script);
    let said = attack.server.shows("unreachable");
    assert!(said.contains("nothing is listening on this port"), "{said}");
}

#[test]
fn a_client_whose_own_port_is_69_is_answered() {
    let attack = Attack::on_server(&[]);
    let before = attack.net.bytes();
    let mut script = Script::default();
    script.send([10, 3, 3, 3], 69, PLAIN);
    attack.forge_all(&script);
    wait_for("an answer", LIMIT, || {
        (attack.net.bytes().1 - before.1 > 512).then_some(())
    });
    let ended = attack.end();
    assert_eq!(ended.events("ended")[0]["refused"]["loops"], 0);
}

#[test]
fn a_send_that_the_system_refuses_is_said_at_once() {
    let attack = Attack::on_server(&[]);
    run(&attack.net.server, "ip route add prohibit 10.66.0.0/16");
    let mut script = Script::default();
    script.send([10, 66, 0, 1], 2070, PLAIN);
    script.send([10, 66, 0, 2], 2070, b"\0\x01missing\0octet\0");
    let started = Instant::now();
    attack.forge_all(&script);
    for host in ["10.66.0.1:2070", "10.66.0.2:2070"] {
        attack.server.shows(host);
    }
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "long before patience ends"
    );
    let ended = attack.end();
    for event in ended.events("transfer") {
        assert_eq!(event["reason"], "unreachable", "{event}");
        let text = event["text"].as_str().expect("a text");
        assert!(text.contains("this machine cannot send"), "{text}");
    }
}

#[test]
fn requests_without_options_get_three_times_their_bytes_and_a_small_allowance() {
    let attack = Attack::on_server(&[]);
    attack.get(&[]); // one host of its /24 has proved itself
    let (before, began) = (attack.net.bytes(), Instant::now());
    let mut script = Script::default();
    for n in 0..2000_u32 {
        let from = match n % 2 {
            0 => anywhere(n),
            _ => Ipv4Addr::new(10, 1, 1, n as u8),
        };
        script.send(from, 1024 + (n % 50_000) as u16, PLAIN);
        script.pause(Duration::from_millis(2));
    }
    attack.forge_all(&script);
    std::thread::sleep(Duration::from_millis(1200));
    let elapsed = began.elapsed().as_secs() + 1;
    let after = attack.net.bytes();
    let (packets, bytes_in) = (2000, after.0 - before.0);
    let bytes_out = after.1 - before.1;
    println!("{bytes_in} in, {bytes_out} out in {elapsed} s");
    // As docs/deploy.md says: 80 KiB, and 4 KiB a second, for all; for the host itself 6 KiB.
    let allowance = ((80 + 6) << 10) + elapsed * ((4 << 10) + 128);
    let ethernet = ETHERNET * packets;
    assert!(
        bytes_out <= 3 * bytes_in + ethernet + allowance,
        "{bytes_out} for {bytes_in}"
    );
    assert!(bytes_out > 20_000, "nobody was answered");
}

#[test]
fn a_host_is_served_while_all_of_its_24_is_forged() {
    let attack = Attack::on_server(&[]);
    let mut script = Script::default();
    for n in 0..80_000_u32 {
        // More than the fetches take: what is left is not sent.
        script.send([10, 1, 1, n as u8], 1024 + (n % 60_000) as u16, PLAIN);
        if n % 8 == 7 {
            script.pause(Duration::from_millis(2));
        }
    }
    let mut forger = attack.forge(&script);
    std::thread::sleep(Duration::from_millis(1500)); // until its neighbourhood has spent all
    let fetch = |n: usize| attack.get([&[][..], &["--no-options"]][n % 2]);
    let fetches: Vec<_> = (0..4).map(fetch).collect();
    println!("{fetches:?}");
    assert!(forger.runs(), "the flood was over");
    drop(forger);
    let ended = attack.end();
    let refused = &ended.events("ended")[0]["refused"];
    assert!(refused["too_fast"].as_u64() > Some(1000), "{refused}");
}

#[test]
fn a_client_without_options_is_served_while_anybody_s_requests_spend_the_account() {
    let attack = Attack::on_server(&[]);
    let mut script = Script::default();
    for n in 0..50_000_u32 {
        script.send(anywhere(n), 1024 + (n % 60_000) as u16, PLAIN);
        if n % 5 == 4 {
            script.pause(Duration::from_millis(2));
        }
    }
    let mut forger = attack.forge(&script);
    std::thread::sleep(Duration::from_millis(1000));
    let first = attack.get(&["--no-options"]);
    let later = (0..3).map(|_| attack.get(&["--no-options"])).min();
    println!("{first:?}, then {later:?}");
    assert!(forger.runs(), "the flood was over");
    assert!(later < Some(LIMIT / 2), "{later:?}");
    drop(forger);
    let ended = attack.end();
    let refused = &ended.events("ended")[0]["refused"];
    assert!(refused["amplifies"].as_u64() > Some(1000), "{refused}");
}

#[test]
fn a_running_transfer_is_not_ended_by_requests_in_its_client_s_name() {
    let attack = Attack::on_server(&[]);
    run(
        &attack.net.clients,
        "echo 2000 2009 > /proc/sys/net/ipv4/ip_local_port_range",
    );
    // Should the forger's request be first, the client takes the answer for its own.
    let root = attack.root.path();
    std::fs::write(root.join("file"), noise(8 << 20)).expect("a file");
    std::fs::hard_link(root.join("file"), root.join("other")).expect("a name");
    let host: Ipv4Addr = HOST.parse().expect("an address");
    let mut script = Script::default();
    for _ in 0..16 {
        for port in 1024..4096 {
            script.send(host, port, b"\0\x01other\0octet\0");
            if port % 32 == 0 {
                script.pause(Duration::from_millis(3));
            }
        }
    }
    let mut forger = attack.forge(&script);
    let mut fetches = Vec::new();
    while forger.runs() {
        fetches.push(attack.get(&[]));
    }
    println!("{fetches:?}");
    assert!(!fetches.is_empty(), "the forger was through");
    let ended = attack.end();
    let transfers = ended.events("transfer");
    let superseded = transfers
        .iter()
        .filter(|event| event["reason"] == "superseded");
    assert_eq!(superseded.count(), 0);
}

#[test]
fn forged_uploads_leave_nothing_and_a_bystander_is_served() {
    let attack = Attack::on_server(&["--write", "create"]);
    attack.get(&[]);
    let mut script = Script::default();
    for n in 0..30_000_u32 {
        let asked = format!("\0\x02up{n}\0octet\0");
        script.send(anywhere(n), 1024 + (n % 60_000) as u16, asked.as_bytes());
        if n % 32 == 31 {
            script.pause(Duration::from_millis(2));
        }
    }
    let mut forger = attack.forge(&script);
    let mut fetches = Vec::new();
    while forger.runs() {
        fetches.push(attack.get(&[]));
    }
    println!("{fetches:?}");
    let root = attack.root.path().to_owned();
    let names = std::fs::read_dir(&root).expect("the directory").count();
    assert_eq!(names, 1, "only what was there");
    assert!(!fetches.is_empty());
    let ended = attack.end();
    let refused = &ended.events("ended")[0]["refused"];
    // Of those that began all but 1,024 have left.
    assert!(refused["evicted"].as_u64() < Some(4000), "{refused}");
}

#[test]
fn a_thousand_clients_of_one_address_are_answered_at_once() {
    let attack = Attack::on_server(&["--max-transfers-per-client", "2000"]);
    std::fs::write(attack.root.path().join("small"), noise(3000)).expect("a file");
    let url = format!("tftp://{FOR_HOST}:{PORT}/small");
    let bench = [
        "--json",
        "tftp",
        "bench",
        &url,
        "--clients",
        "1000",
        "--count",
        "1000",
        "--verify",
    ];
    let output = attack.client(&bench).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text
        .lines()
        .find(|line| line.contains("\"load\""))
        .expect("a report");
    let report: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(
        (&report["done"], &report["failed"]),
        (&1000.into(), &0.into()),
        "{report}"
    );
    let ended = attack.end();
    let refused = &ended.events("ended")[0]["refused"];
    for reason in ["too_fast", "amplifies", "flood", "evicted"] {
        assert_eq!(refused[reason], 0, "{reason}: {refused}");
    }
}
