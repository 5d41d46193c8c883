//! What the tests with real firmware share: an Ethernet segment in a namespace of its own, and
//! machines (QEMU without acceleration) that are driven over their serial console.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use crate::support::Running;
use crate::support::peer_path;
use crate::tftp_kit::Served;
use crate::tftp_reports::serve_json;
use crate::tftp_reports::serve_json_with;

/// The server's address on the segment, and a machine's where DHCP does not give it one.
pub const SERVER: &str = "10.79.0.1";
pub const MACHINE: &str = "10.79.0.2";
const DHCP_SERVER: &str = "10.79.0.3";
/// The interface of a switch.
pub const SWITCH: &str = "lan";

/// More than a machine takes for a step while every processor is busy.
const PATIENCE: Duration = Duration::from_secs(90);

/// A network namespace with one interface, which is the host's end of a machine's cable.
pub struct Segment(Running);

impl Segment {
    pub fn new() -> Self {
        Self::made_by(&format!("ip addr add {SERVER}/24 dev cable"))
    }

    /// The same with a switch ([`SWITCH`]), which other hosts than the machine and the server can be put on.
    pub fn with_switch() -> Self {
        Self::made_by(&format!(
            "ip link add {SWITCH} type bridge && ip link set cable master {SWITCH} && \
             ip link set {SWITCH} up && ip addr add {SERVER}/24 dev {SWITCH}"
        ))
    }

    fn made_by(commands: &str) -> Self {
        let script = format!(
            "ip link set lo up && ip tuntap add cable mode tap && ip link set cable up && \
             {commands} && echo ready && exec sleep 600"
        );
        let mut child = Command::new("unshare")
            .args(["--user", "--map-root-user", "--net", "sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare of util-linux");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
        stdout.read_line(&mut line).expect("stdout");
        let segment = Self(Running(child));
        assert_eq!(line, "ready\n", "no namespace with a tap interface");
        segment
    }

    /// A program, run at the host's end.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--user", "--net", "--preserve-credentials", "--target"])
            .arg(self.0.0.id().to_string())
            .arg(program)
            .env("LC_ALL", "C.UTF-8")
            .env("XDG_CONFIG_HOME", "/nonexistent");
        command
    }

    /// The server under test, on port 69.
    pub fn serve(&self) -> Served {
        serve_json(self.command("sh"), &format!("{SERVER}:69"))
    }

    /// The same with more options.
    pub fn serve_with(&self, args: &[&str]) -> Served {
        serve_json_with(self.command("sh"), &format!("{SERVER}:69"), args)
    }

    /// A DHCP server of its own on the switch, which gives addresses and nothing else.
    pub fn addresses_only(&self) -> Running {
        let script = format!(
            "exec {} --no-daemon --conf-file=/dev/null --pid-file= --port=0 --interface=host \
             --bind-dynamic --dhcp-range=10.79.0.10,10.79.0.50,1h --leasefile-ro --no-ping 2>&1",
            peer_path("dnsmasq").display()
        );
        let (running, mut said) = self.host(DHCP_SERVER, &script);
        let mut line = String::new();
        while !line.contains("sockets bound exclusively") {
            line.clear();
            assert!(said.read_line(&mut line).expect("stdout") > 0, "dnsmasq");
        }
        // Read on, or it would block.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        running
    }

    /// A host of its own on the switch: this shell script runs there, with the interface `host`.
    pub fn host(&self, address: &str, script: &str) -> (Running, BufReader<ChildStdout>) {
        let script = format!(
            "echo $$ && read -r _ && ip link set lo up && ip addr add {address}/24 dev host && \
             ip link set host up && {script}"
        );
        let mut child = self
            .command("unshare")
            .args(["--net", "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare");
        let mut said = BufReader::new(child.stdout.take().expect("stdout"));
        let mut stdin = child.stdin.take().expect("stdin");
        let running = Running(child);
        let mut pid = String::new();
        said.read_line(&mut pid).expect("stdout");
        let pid = pid.trim();
        let cable = format!(
            "ip link add port{pid} type veth peer name host netns {pid} && \
             ip link set port{pid} master {SWITCH} && ip link set port{pid} up"
        );
        let status = self.command("sh").args(["-c", &cable]).status();
        assert!(status.expect("sh").success(), "no cable to the switch");
        stdin.write_all(b"\n").expect("stdin");
        (running, said)
    }

    /// DHCP that tells a machine to boot this file.
    pub fn offer(&self, file: &str) -> Running {
        let mut command = self.command(peer_path("dnsmasq"));
        command
            .args(["--no-daemon", "--conf-file=/dev/null", "--pid-file="])
            .args(["--port=0", "--interface=cable", "--bind-dynamic"])
            .args(["--dhcp-range=10.79.0.10,10.79.0.50,1h", "--leasefile-ro"])
            // It would first look for three seconds whether an address is in use.
            .arg("--no-ping")
            .arg(format!("--dhcp-boot={file},,{SERVER}"))
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("dnsmasq");
        let mut log = BufReader::new(child.stderr.take().expect("stderr"));
        let running = Running(child);
        let mut line = String::new();
        while !line.contains("sockets bound exclusively") {
            line.clear();
            assert!(log.read_line(&mut line).expect("stderr") > 0, "dnsmasq");
        }
        // Read on, or it would block.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        running
    }

    /// A machine on the segment; `network` is its network card.
    pub fn machine(&self, kind: &str, network: &str, args: &[&str]) -> Machine {
        let mut command = self.command(peer_path(kind));
        command
            .args(["-nodefaults", "-nographic", "-serial", "stdio"])
            .args(["-monitor", "none", "-accel", "tcg", "-netdev"])
            .arg("tap,id=cable,ifname=cable,script=no,downscript=no")
            .args(["-device", &format!("{network},netdev=cable")])
            .args(args);
        Machine::start(command)
    }
}

/// A firmware image of a package. One that is absent fails the test.
pub fn firmware(path: &str) -> &str {
    assert!(Path::new(path).is_file(), "no {path}; ./test installs it");
    path
}

/// A machine that runs, and what it has said on its serial line.
pub struct Machine {
    input: ChildStdin,
    said: Arc<Mutex<Vec<u8>>>,
    /// So much of it has been looked at.
    seen: usize,
    _running: Running,
}

impl Machine {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("QEMU");
        let mut output = child.stdout.take().expect("stdout");
        let said = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&said);
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut part) {
                log.lock().expect("log").extend_from_slice(&part[..length]);
            }
        });
        Self {
            input: child.stdin.take().expect("stdin"),
            said,
            seen: 0,
            _running: Running(child),
        }
    }

    pub fn type_line(&mut self, line: &str) {
        self.input.write_all(line.as_bytes()).expect("serial line");
        self.input.write_all(b"\r").expect("serial line");
        self.input.flush().expect("serial line");
    }

    /// Waits until it says this; gives all that it has said until then.
    pub fn expect(&mut self, part: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let said = self.said.lock().expect("log");
            let new = &said[self.seen..];
            if let Some(at) = find(new, part.as_bytes()) {
                let length = at + part.len();
                self.seen += length;
                return String::from_utf8_lossy(&new[..length]).into_owned();
            }
            assert!(Instant::now() < end, "no `{part}`:\n{}", tail(&said));
            drop(said);
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The last of what was said, for the message of a failed test.
fn tail(said: &[u8]) -> String {
    String::from_utf8_lossy(&said[said.len().saturating_sub(2000)..]).into_owned()
}

pub fn find(all: &[u8], part: &[u8]) -> Option<usize> {
    all.windows(part.len()).position(|window| window == part)
}

/// As U-Boot and GRUB compute it (IEEE 802.3, reflected).
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut table = [0_u32; 256];
    for (byte, entry) in (0_u32..).zip(&mut table) {
        *entry = (0..8).fold(byte, |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        });
    }
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (crc >> 8) ^ table[usize::from(crc.to_le_bytes()[0] ^ byte)]
    })
}

/// A file of the machine's memory that the test can read.
pub fn memory_file(server: &Served) -> PathBuf {
    server.outside().join("memory")
}
