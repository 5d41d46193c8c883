//! `lineman tftp serve --single-port`: all transfers on the socket that requests come to.

use std::net::SocketAddr;
use std::net::UdpSocket;
use std::time::Duration;

use crate::support::lineman;
use crate::tftp_kit::LIMIT;
use crate::tftp_kit::Served;
use crate::tftp_kit::assert_exit;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_kit::run;

fn processor_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("stat");
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let field = |nth: usize| -> f64 {
        let text = fields.split_whitespace().nth(nth).expect("field");
        text.parse().expect("a number")
    };
    (field(11) + field(12)) / 100.0 // user and system, in ticks of 10 ms
}

fn descriptors(pid: u32) -> usize {
    let dir = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("descriptors");
    dir.count()
}

/// A client whose socket hears nobody but the address that it asked, as NAT would have it.
fn read_connected(server: SocketAddr, name: &str) -> Vec<u8> {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("bind");
    socket.connect(server).expect("connect");
    socket.set_read_timeout(Some(LIMIT)).expect("limit");
    let request = [b"\0\x01", name.as_bytes(), b"\0octet\0"].concat();
    socket.send(&request).expect("send");
    let (mut file, mut buffer) = (Vec::new(), [0; 1024]);
    for block in 1_u16.. {
        let len = loop {
            let len = socket
                .recv(&mut buffer)
                .expect("an answer from the port that was asked");
            assert_eq!(buffer[..2], [0, 3]);
            if buffer[2..4] == block.to_be_bytes() {
                break len;
            }
        };
        file.extend_from_slice(&buffer[4..len]);
        socket.send(&[0, 4, buffer[2], buffer[3]]).expect("send");
        if len < 516 {
            break;
        }
    }
    file
}

#[test]
fn answers_come_from_the_address_and_the_port_that_are_asked() {
    let bytes = content(5000);
    let server = Served::listening("[::]:0", &["--single-port", "--allow", "any"]);
    server.write("file", &bytes);
    for address in ["127.0.0.1", "127.0.0.2"] {
        let at = SocketAddr::new(address.parse().expect("address"), server.port());
        assert_same(&read_connected(at, "file"), &bytes, address);
    }
}

#[test]
fn hundreds_at_once_and_nothing_stays_behind() {
    let server = Served::new(&["--single-port"]);
    server.write("file", &content(200_000));
    let before = descriptors(server.pid());
    let mut command = lineman();
    command.args(["--json", "tftp", "bench", &server.url("file")]);
    command.args(["--clients", "400", "--count", "800", "--verify"]);
    let output = run(&mut command);
    assert_exit(&output, 0);
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text
        .lines()
        .find(|line| line.contains("\"load\""))
        .expect("a report");
    let report: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(
        (&report["done"], &report["failed"]),
        (&800.into(), &0.into()),
        "{report}"
    );
    crate::support::wait_for("descriptors to be closed", LIMIT, || {
        (descriptors(server.pid()) <= before).then_some(())
    });
    let used = processor_seconds(server.pid());
    std::thread::sleep(Duration::from_millis(500));
    let idle = processor_seconds(server.pid()) - used;
    assert!(idle < 0.2, "{idle} s of processor while nobody asks");
}
