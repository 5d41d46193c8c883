//! What the tests of the program share: running it, finding peers, waiting for a condition.
#![allow(dead_code, reason = "each test module uses its part")]

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::TcpListener;
use std::net::UdpSocket;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

/// The program under test, with the machine's settings and language kept out.
pub fn lineman() -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_lineman")))
}

fn clean(mut command: Command) -> Command {
    command
        .env("LC_ALL", "C.UTF-8")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env_remove("LINEMAN_LANG");
    command
}

/// The program of a peer. A peer that is absent fails the test: a suite that skips what it cannot
/// find proves nothing.
pub fn peer(name: &str) -> Command {
    Command::new(peer_path(name))
}

/// Where a peer's program is: on the PATH, in a system directory, or unpacked by `./test`.
pub fn peer_path(name: &str) -> PathBuf {
    let unpacked = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/usr");
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([
            "/usr/sbin".into(),
            "/sbin".into(),
            unpacked.join("sbin"),
            unpacked.join("bin"),
        ])
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("the peer `{name}` is not installed; ./test installs it"))
}

/// What `./test` has from another registry: `python`, `node`.
pub fn registry(language: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers");
    let dir = dir.join(language);
    assert!(dir.is_dir(), "no {}; ./test installs it", dir.display());
    dir
}

/// A port that was free a moment ago on both families, and that no other call in this process has had.
///
/// It is none that the kernel gives to a client by itself (`ip_local_port_range`): a connection of any other
/// process could have it before the server that it is meant for.
pub fn free_port() -> u16 {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    let next = NEXT.get_or_init(|| AtomicU16::new(RandomState::new().hash_one(()) as u16));
    let ports = FIRST_PORT..first_ephemeral_port();
    assert!(!ports.is_empty(), "all ports are ephemeral ones");
    loop {
        let nth = usize::from(next.fetch_add(1, Ordering::Relaxed)) % ports.len();
        let port = FIRST_PORT + nth as u16;
        if UdpSocket::bind(("::", port)).is_ok() && TcpListener::bind(("::", port)).is_ok() {
            return port;
        }
    }
}

/// Above the ports of services that a machine may run.
const FIRST_PORT: u16 = 10_240;

fn first_ephemeral_port() -> u16 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").expect("Linux");
    let first = range.split_whitespace().next().expect("two numbers");
    first.parse().expect("a port")
}

/// Waits until `condition` gives something, or fails after `limit`.
pub fn wait_for<T>(what: &str, limit: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < end, "timed out waiting for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A process that is ended with the test, whatever the test's end.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Threads that leave no processor idle, until they are dropped.
pub struct BusyLoops {
    end: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl BusyLoops {
    /// One for each processor.
    pub fn start() -> Self {
        let count = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let end = Arc::new(AtomicBool::new(false));
        let spin = |_| {
            let end = Arc::clone(&end);
            std::thread::spawn(move || {
                while !end.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        let threads = (0..count).map(spin).collect();
        Self { end, threads }
    }
}

impl Drop for BusyLoops {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// The binary on a machine that allows no network namespace.
pub fn without_namespaces(args: &[&str]) -> Command {
    let script = "echo 0 > /proc/sys/user/max_net_namespaces && exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "sh", "-c", script])
        .arg(env!("CARGO_BIN_EXE_lineman"))
        .args(args)
        .env("LC_ALL", "C.UTF-8");
    command
}
