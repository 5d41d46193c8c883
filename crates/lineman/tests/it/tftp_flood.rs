//! A flood of forged requests, in two network namespaces of the test's own that a cable joins:
//! nothing of it leaves the machine.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use socket2::Domain;
use socket2::Protocol;
use socket2::Socket;
use socket2::Type;
use tempfile::TempDir;

use crate::support::peer_path;
use crate::udp_rig::LIMIT;
use crate::udp_rig::Program;
use crate::udp_rig::noise;

/// Where the forged requests go, and where those of real clients go.
pub(crate) const FORGED: &str = "172.16.0.1";
pub(crate) const REAL: &str = "172.17.0.1";
pub(crate) const PORT: u16 = 6969;
const FLOOD: u32 = 100_000;
const HOLD: &str = "ip link set lo up && echo ready && exec cat";

/// The server's side, and the side of its clients and the forger.
pub(crate) struct Net {
    pub(crate) server: Program,
    pub(crate) clients: Program,
}

impl Net {
    pub(crate) fn new() -> Self {
        let mut outer = Command::new(peer_path("unshare"));
        let server = Program::start(outer.args(["--map-root-user", "--net", "sh", "-c", HOLD]));
        server.shows("ready");
        let mut inner = enter(&server, "unshare");
        let clients = Program::start(inner.args(["--net", "sh", "-c", HOLD]));
        clients.shows("ready");
        // Two cables, so that what the forged requests cost can be told from the rest.
        let cables = format!(
            "ip link add d0 type veth peer name e0 netns {0}
            ip link add d1 type veth peer name e1 netns {0}
            ip addr add {FORGED}/24 dev d0
            ip addr add {REAL}/24 dev d1
            ip link set d0 up
            ip link set d1 up
            ip route add 10.0.0.0/8 via 172.16.0.2",
            clients.id()
        );
        run(&server, &cables);
        let ends = "ip addr add 172.16.0.2/24 dev e0
            ip addr add 172.17.0.2/24 dev e1
            ip link set e0 up
            ip link set e1 up";
        run(&clients, ends);
        Self { server, clients }
    }

    /// What the server has received from the forger and sent to its victims so far, in bytes.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let table = format!("/proc/{}/net/dev", self.server.id());
        let table = std::fs::read_to_string(table).expect("a table");
        let line = table
            .lines()
            .find_map(|line| line.trim().strip_prefix("d0:"));
        let counts: Vec<u64> = line
            .expect("the cable")
            .split_whitespace()
            .map(|count| count.parse().expect("a count"))
            .collect();
        (counts[0], counts[8])
    }

    /// Datagrams that the server's socket had no room for.
    fn dropped(&self) -> u64 {
        let table = format!("/proc/{}/net/udp", self.server.id());
        let table = std::fs::read_to_string(table).expect("a table");
        let port = format!(":{PORT:04X} ");
        let line = table.lines().find(|line| line.contains(&port));
        let drops = line.expect("the server").split_whitespace().last();
        drops.expect("a count").parse().expect("a count")
    }

    fn get(&self, name: &str, args: &[&str], expected: &[u8]) -> Duration {
        let dir = TempDir::new().expect("a directory");
        let output = dir.path().join("copy");
        let started = Instant::now();
        let mut command = enter(&self.clients, env!("CARGO_BIN_EXE_lineman"));
        command.args(["tftp", "get", &format!("tftp://{REAL}:{PORT}/{name}"), "-o"]);
        let got = command.arg(&output).args(args).output().expect("it runs");
        let elapsed = started.elapsed();
        assert!(
            got.status.success(),
            "{}",
            String::from_utf8_lossy(&got.stderr)
        );
        assert!(std::fs::read(&output).expect("a file") == expected);
        elapsed
    }
}

pub(crate) fn enter(holder: &Program, program: &str) -> Command {
    let mut command = Command::new(peer_path("nsenter"));
    let target = holder.id().to_string();
    command.args(["--preserve-credentials", "--user", "--net", "--target"]);
    command.args([&target, program]);
    command
        .env("LC_ALL", "C.UTF-8")
        .env("XDG_CONFIG_HOME", "/nonexistent");
    command
}

pub(crate) fn run(holder: &Program, script: &str) {
    let status = enter(holder, "sh").args(["-e", "-c", script]).status();
    assert!(status.expect("sh").success(), "{script}");
}

/// A line of `/proc/PID/status` in KiB.
fn memory(server: &Program, name: &str) -> u64 {
    let status = format!("/proc/{}/status", server.id());
    let status = std::fs::read_to_string(status).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.expect("a line").trim_start_matches(':').trim();
    number.trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn a_flood_of_forged_requests_is_not_amplified_takes_no_memory_and_delays_nobody() {
    let net = Net::new();
    let root = TempDir::new().expect("a directory");
    let file = noise(1 << 20);
    std::fs::write(root.path().join("file"), &file).expect("a file");
    let mut command = enter(&net.server, env!("CARGO_BIN_EXE_lineman"));
    let listen = format!("0.0.0.0:{PORT}");
    command
        .args(["--json", "tftp", "serve", "--listen", &listen])
        .arg(root.path());
    let server = Program::start(&mut command);
    server.shows("serving");
    let calm = net.get("file", &[], &file);

    let before = net.bytes();
    let mut forger = enter(
        &net.clients,
        std::env::current_exe()
            .expect("a path")
            .to_str()
            .expect("UTF-8"),
    );
    forger.args([
        "--exact",
        "tftp_flood::the_forger",
        "--ignored",
        "--nocapture",
    ]);
    let mut forger = Program::start(forger.env(FORGER, "1"));
    forger.shows("half");
    let half = memory(&server, "VmRSS");
    let mut clients = Vec::new();
    while forger.runs() {
        let args = [&[][..], &["--no-options"]][clients.len() % 2];
        clients.push(net.get("file", args, &file));
    }
    assert_eq!(forger.ended().code(), 0);
    let full = memory(&server, "VmRSS");
    // Resends to the unconfirmed that are left come after a second.
    std::thread::sleep(Duration::from_secs(2));
    let after = net.bytes();

    let (dropped, peak) = (net.dropped(), memory(&server, "VmHWM"));
    server.signal("TERM");
    let ended = server.ended();
    let summary = ended.events("ended")[0]["refused"].clone();
    let (bytes_in, bytes_out) = (after.0 - before.0, after.1 - before.1);
    // What the socket had no room for was not heard: it does not count in our favour.
    let heard = bytes_in * (u64::from(FLOOD) - dropped) / u64::from(FLOOD);
    clients.sort_unstable();
    let (fastest, median) = (clients[0], clients[clients.len() / 2]);
    let slowest = clients[clients.len() - 1];
    println!(
        "{FLOOD} requests, {dropped} not heard; {heard} bytes heard, {bytes_out} sent; resident {half} KiB, \
        then {full} KiB, at most {peak} KiB; a client alone {calm:?}, {} during the flood {median:?}, at most \
        {slowest:?}; {summary}",
        clients.len()
    );
    assert!(bytes_out <= 3 * heard, "{bytes_out} for {heard}");
    assert!(
        full <= half + 8192 && peak < 64 << 10,
        "{half} {full} {peak}"
    );
    // A request that the socket has no room for costs its client a second or more.
    assert!(fastest < calm + Duration::from_secs(2), "{fastest:?}");
    assert!(slowest < LIMIT, "{slowest:?}");
    for reason in ["amplifies", "evicted", "not_allowed"] {
        assert!(summary[reason].as_u64() > Some(0), "{reason}: {summary}");
    }
    let named = ended.events("ignored");
    assert!((1..40).contains(&named.len()), "{}", named.len());
}

const FORGER: &str = "LINEMAN_TEST_FORGER";

/// Not a test: the forger's own process, because it needs the other namespace.
#[test]
#[ignore = "the flood starts it"]
fn the_forger() {
    if std::env::var_os(FORGER).is_none() {
        return;
    }
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP)).expect("a raw socket");
    socket.set_header_included_v4(true).expect("an option");
    let to: SocketAddr = format!("{FORGED}:{PORT}").parse().expect("an address");
    let mut state = 0x1234_5678_9abc_def1_u64;
    for n in 0..FLOOD {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        socket.send_to(&forged(n, state), &to.into()).expect("sent");
        if n % 30 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
        if n == FLOOD / 2 {
            println!("half");
        }
    }
}

/// A datagram from a random address in 10.0.0.0/8, with its headers.
fn forged(n: u32, random: u64) -> Vec<u8> {
    let payload: &[u8] = match n % 10 {
        0..=3 => b"\0\x01file\0octet\0",
        4..=6 => b"\0\x01file\0octet\0blksize\x0065464\0windowsize\x0064\0tsize\x000\0",
        7 => b"\0\x01missing\0octet\0",
        8 => b"\0\x02upload\0octet\0",
        _ => b"\0\x01file\0poetry\0",
    };
    let [_, a, b, c] = (random as u32).to_be_bytes();
    let from = if n % 50 == 49 {
        Ipv4Addr::new(203, 0, b, c)
    } else {
        Ipv4Addr::new(10, a, b, c)
    };
    let to: Ipv4Addr = FORGED.parse().expect("an address");
    let port = 1024 + (random >> 32) as u16 % 60_000;
    datagram((from, port), to, payload)
}

/// A datagram with the headers of IPv4 and UDP.
pub(crate) fn datagram((from, port): (Ipv4Addr, u16), to: Ipv4Addr, payload: &[u8]) -> Vec<u8> {
    let udp = 8 + payload.len() as u16;
    let mut packet = vec![0x45, 0];
    packet.extend((20 + udp).to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 17, 0, 0]); // the kernel fills in the checksum
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend(port.to_be_bytes());
    packet.extend(PORT.to_be_bytes());
    packet.extend(udp.to_be_bytes());
    packet.extend([0, 0]); // none
    packet.extend(payload);
    packet
}
