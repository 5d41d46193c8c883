//! `lineman tftp serve --proxydhcp` and packets that are made by hand: what firmware in QEMU does not send.

use std::io::Read as _;

use crate::firmware_kit::Segment;
use crate::proxydhcp_kit::Capture;
use crate::support::lineman;
use crate::tftp_kit::run;
use crate::tftp_kit::stderr;

/// Sends what each line of it says from a host beside the server, and prints what comes back until `end` has.
const CLIENT: &str = r#"
import socket, sys
def discover(kind=1, cls=b"PXEClient:Arch:00000:UNDI:002001", arch=0, card=1, more=b""):
    p = bytes([1, 1, 6, 0, 1, 2, 3, card]) + bytes(20) + bytes([0x52, 0x54, 0, 0, 0, card]) + bytes(202)
    p += bytes([99, 130, 83, 99, 53, 1, kind, 60, len(cls)]) + cls + bytes([93, 2, 0, arch]) + more + b"\xff"
    return p.ljust(348, b"\0")
def at(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"host")
    s.bind(("", port))
    return s
client = at(68)
everybody, server, boot = ("255.255.255.255", 67), ("10.79.0.1", 67), ("10.79.0.1", 4011)
# Nobody is to answer these.
client.sendto(b"", everybody)
client.sendto(bytes(300), everybody)
client.sendto(bytes(4000), boot)
client.sendto(discover(cls=b"MSFT 5.0", card=2), everybody)
client.sendto(discover(kind=3, card=3), everybody)
client.sendto(discover(card=4)[:280], everybody)
client.sendto(discover(card=5), server)
client.sendto(discover(arch=11, card=6), everybody)
at(53).sendto(discover(kind=3, card=7), boot)
for length in range(0, 348, 7):
    client.sendto(discover(card=8)[:length] if length < 240 else bytes(length), boot)
# These are answered. The server listens at each port with a socket of its own: only an answer makes the order certain.
client.settimeout(30)
for asked in [lambda: client.sendto(discover(card=9), everybody), lambda: client.sendto(discover(kind=3, card=10), boot)]:
    asked()
    packet, sender = client.recvfrom(2000)
    print("card", packet[33], "from", *sender, "file", packet[108:].split(b"\0")[0].decode(), flush=True)
client.settimeout(0.5)
try:
    print("and card", client.recvfrom(2000)[0][33])
except socket.timeout:
    print("and no more")
"#;

#[test]
fn only_sound_questions_of_firmware_are_answered() {
    let segment = Segment::with_switch();
    let server = segment.serve_with(&["--proxydhcp"]);
    server.write("pxelinux.0", b"a loader");
    let script = server.outside().join("client.py");
    std::fs::write(&script, CLIENT).expect("write");
    let capture = Capture::start(&segment, server.outside());
    let script = format!("exec python3 {}", script.display());
    let (_host, mut said) = segment.host("10.79.0.7", &script);
    let mut all = String::new();
    said.read_to_string(&mut all).expect("stdout");
    let expected = "\
card 9 from 10.79.0.1 67 file pxelinux.0
card 10 from 10.79.0.1 4011 file pxelinux.0
and no more
";
    assert_eq!(all, expected);
    capture.check();
    // A BIOS is told to ask nobody else; Wireshark knows PXE's options.
    let (direct, text) = capture.ours("dhcp.option.vendor.pxeclient.discovery_control == 8");
    assert_eq!(direct, 2, "{text}");
    for (card, reason) in [(4, "amplifies"), (5, "unsound-relay"), (6, "no-loader")] {
        let line = server.wait_line(&format!("52:54:00:00:00:0{card}"));
        assert!(line.contains(reason), "{line}");
    }
    let lines = server.end();
    let ended = lines.iter().find(|line| line.contains("proxydhcp-ended"));
    let ended = ended.expect("a summary");
    assert!(ended.contains("\"answered\":2"), "{ended}");
}

/// Of what a DHCP server of the same machine is sent, each of the two would get only some.
#[test]
fn beside_a_dhcp_server_of_the_same_machine_it_does_not_start() {
    let segment = Segment::new();
    let _dhcp = segment.offer("anything");
    let dir = tempfile::tempdir().expect("a directory");
    let mut command = segment.command(env!("CARGO_BIN_EXE_lineman"));
    command.args(["tftp", "serve", "--proxydhcp", "--listen", "10.79.0.1:69"]);
    let output = run(command.arg(dir.path()));
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("0.0.0.0:67") && said.contains("a DHCP server runs on this machine"),
        "{said}"
    );
}

#[test]
fn a_loader_without_the_proxy_or_without_sense_is_an_error_of_use() {
    for (args, said) in [
        (&["--proxydhcp-loader", "7=a"][..], "--proxydhcp"),
        (
            &["--proxydhcp", "--proxydhcp-loader", "vax=a"],
            "names no architecture",
        ),
        (
            &["--proxydhcp", "--proxydhcp-loader", "16=a"],
            "names no URL",
        ),
    ] {
        let output = run(lineman().args(["tftp", "serve"]).args(args));
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
}
