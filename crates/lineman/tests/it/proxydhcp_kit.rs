//! What the tests of proxy DHCP share: what passes on the wire, as Wireshark sees it.

use std::io::BufRead as _;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use crate::firmware_kit::SWITCH;
use crate::firmware_kit::Segment;
use crate::support::Running;
use crate::support::peer;
use crate::support::peer_path;
use crate::support::wait_for;
use crate::tftp_kit::LIMIT;
use crate::tftp_kit::run;
use crate::tftp_kit::stderr;

/// Ours, by the address of [`crate::firmware_kit::SERVER`].
const OURS: &str = "ip.src == 10.79.0.1 && dhcp";

/// What passes on the switch, as Wireshark's dumpcap writes it.
pub struct Capture {
    file: PathBuf,
    _running: Running,
}

impl Capture {
    pub fn start(segment: &Segment, dir: &Path) -> Self {
        let file = dir.join("dhcp.pcap");
        let mut child = segment
            .command(peer_path("dumpcap")) // which changes to no other user, as tcpdump would have to
            .args([
                "-q",
                "-P",
                "-i",
                SWITCH,
                "-f",
                "udp port 67 or udp port 4011",
                "-w",
            ])
            .arg(&file)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("dumpcap");
        let mut said = BufReader::new(child.stderr.take().expect("stderr"));
        let running = Running(child);
        let mut line = String::new();
        while !line.contains("File:") {
            line.clear();
            assert!(said.read_line(&mut line).expect("stderr") > 0, "dumpcap");
        }
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Self {
            file,
            _running: running,
        }
    }

    /// How many of our answers tshark finds for which `filter` is true, and its lines for them.
    pub fn ours(&self, filter: &str) -> (usize, String) {
        let mut tshark: Command = peer("tshark");
        tshark
            .arg("-r")
            .arg(&self.file)
            .args(["-Y", &format!("{OURS} && ({filter})")]);
        let output = run(&mut tshark);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (text.lines().count(), text)
    }

    /// tshark finds our answers, and nothing wrong with them; none of them gives an address.
    pub fn check(&self) {
        wait_for("answers in the capture", LIMIT, || {
            (self.ours("udp").0 > 0).then_some(())
        });
        for wrong in [
            "_ws.malformed",
            "_ws.expert.severity >= 0x600000",
            "dhcp.ip.your != 0.0.0.0",
            "dhcp.type != 2",
            "!(dhcp.option.vendor_class_id == \"PXEClient\")",
            "dhcp.option.dhcp != 2 && dhcp.option.dhcp != 5",
            "!dhcp.option.dhcp_server_id",
        ] {
            let (found, text) = self.ours(wrong);
            assert_eq!(found, 0, "{wrong}: {text}");
        }
    }
}
